package facts

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Project is a set of files whose documents may refer to each other. Projects are
// told apart by their pointers.
type Project struct {
	// Root is the folder that holds the files; nothing is looked up outside of it.
	// It is empty where nothing marks one: then a path may lead anywhere.
	Root string
	// Files lists the names of the files in the form of source.File.Name. It is
	// false when they are too many to look into.
	Files func(context.Context) (names []string, ok bool)
	// Ignored tells whether a file is left out of what Files lists; nil for none.
	Ignored func(name string) bool
	// Direct gives a path that leads up and down the form of source.File.Name; nil
	// where it has that form.
	Direct func(name string) string
}

// Link is a mention of what another document defines.
type Link struct {
	What  string  // in words: compute gpu-cluster
	Place Place   // where the deployment mentions it
	Found []Place // the documents that define it, or the first of many
	Why   string  // why it was not followed; empty when it was
}

// part is what a document adds to deployments of others.
type part struct {
	kind            partKind
	name, namespace string // by which others refer to it; empty where a folder or a path brings them together
	version         string // empty where the document leaves it to Azure ML
	facts           *Deployment
	compute         *Compute // instead of facts
}

// place is where the part is described.
func (p *part) place() Place {
	if p.compute != nil {
		return p.compute.Place
	}
	return p.facts.Place
}

type partKind uint8

const (
	// inferenceConfig adds to the v1 deployment configurations of its folder.
	inferenceConfig partKind = iota
	// mlModel adds the size to the models whose path leads to its folder.
	mlModel
	// armParameters adds values to the ARM templates of its folder.
	armParameters
	// instanceType adds what a pod asks for and where it runs to the Azure ML
	// deployments on Kubernetes that name it.
	instanceType
	// servingRuntime adds what its containers ask for to the InferenceServices of its
	// namespace that name it; without a namespace to those of all.
	servingRuntime
	// computeDefinition adds where it runs and the machines of that.
	computeDefinition
	// endpointDefinition adds to the deployments behind the endpoint.
	endpointDefinition
	// modelAsset adds to the models that name it.
	modelAsset
	// environmentAsset adds to the deployments that name it.
	environmentAsset
	// condaFile adds to the environments whose path leads to it.
	condaFile
)

func (k partKind) String() string {
	switch k {
	case inferenceConfig:
		return "inference configuration"
	case mlModel:
		return "MLmodel"
	case armParameters:
		return "parameters file"
	case instanceType:
		return "instance type"
	case servingRuntime:
		return "serving runtime"
	case computeDefinition:
		return "compute"
	case endpointDefinition:
		return "endpoint"
	case modelAsset:
		return "model"
	case environmentAsset:
		return "environment"
	case condaFile:
		return "conda file"
	}
	return fmt.Sprintf("part %d", k)
}

// reference is a deployment's mention of a part.
type reference struct {
	kind            partKind
	name, namespace string
	version         string         // empty for any
	path            string         // of the file that is the part, instead of a name
	node            *source.Node   // where it is mentioned
	model           *Model         // that the part is of, for a modelAsset
	through         []*source.Node // the mentions that led to this one, the last first
}

// refer notes that a deployment mentions a part.
func (d *Deployment) refer(mention reference) { d.mentions = append(d.mentions, &mention) }

const (
	// maxLinkedFile is in bytes: what completes a deployment is written by hand.
	maxLinkedFile = 1 << 20
	// maxMentions bounds what a deployment refers to, by way of others too.
	maxMentions = 100
	// maxFound is how many of several definitions are named: who has more than that
	// copies folders.
	maxFound = 5
)

// standardInput is the name of the source.File that no folder holds.
const standardInput = "<stdin>"

// folderOf returns the folder of a file. Standard input is alone in one of its own.
func folderOf(file string) string {
	if file == standardInput {
		return standardInput
	}
	return path.Dir(file)
}

// linker looks up the parts that other documents hold.
type linker struct {
	fsys     fs.FS
	options  Options
	run      []*reading
	read     map[string]*reading // by file name
	inRun    map[*source.File]bool
	folders  map[string][]string           // names of a folder's files
	walked   map[string]bool               // folders whose files in the file system are among them
	projects map[string]*Project           // by folder, where options know none
	folded   map[partIn][]*part            // what is in a folder
	values   map[string]map[string][]*part // parameters files, by folder and template
	indexes  map[*Project]*index           // what was looked into
	settled  map[*Compute]struct{}         // computes that are complete
	sizes    *sizes
}

// index holds the documents of a project.
type index struct {
	tooLarge bool // only the files of the run are in it
	readings []*reading
	parts    map[definition][]*part
}

// definition is what a part can be looked up by.
type definition struct {
	kind            partKind
	name, namespace string
	version         string
	file            *source.File // nil for all files of the project
}

// anyVersion stands for each version and for none; no version has the name.
const anyVersion = "\x00"

// add makes a part known.
func (x *index) add(p *part) {
	for _, version := range []string{p.version, anyVersion} {
		for _, file := range []*source.File{p.place().Node.File(), nil} {
			key := definition{p.kind, p.name, p.namespace, version, file}
			x.parts[key] = append(x.parts[key], p)
		}
	}
}

// look returns what is defined in the file that mentions it, else in the project, else
// for all namespaces.
func (x *index) look(mention *reference) []*part {
	namespaces := []string{mention.namespace}
	if mention.namespace != "" {
		namespaces = append(namespaces, "")
	}
	versions := []string{anyVersion}
	if mention.version != "" {
		versions = []string{mention.version, ""}
	}
	for _, namespace := range namespaces {
		for _, file := range []*source.File{mention.node.File(), nil} {
			var found []*part
			for _, version := range versions {
				more := x.parts[definition{mention.kind, mention.name, namespace, version, file}]
				if len(found) == 0 {
					found = more
				} else if len(more) > 0 {
					found = slices.Concat(found, more[:min(len(more), maxFound)])
				}
			}
			if len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// partIn is a kind of parts in a folder.
type partIn struct {
	kind   partKind
	folder string
}

func newLinker(fsys fs.FS, run []*reading, options Options) *linker {
	l := &linker{
		fsys: fsys, options: options, run: run,
		read:    make(map[string]*reading, len(run)),
		inRun:   make(map[*source.File]bool, len(run)),
		folders: map[string][]string{}, walked: map[string]bool{standardInput: true},
		projects: map[string]*Project{}, indexes: map[*Project]*index{}, settled: map[*Compute]struct{}{},
		folded: map[partIn][]*part{}, values: map[string]map[string][]*part{},
	}
	lookUp := func(ctx context.Context, name string) *reading { return l.file(ctx, l.direct(name)) }
	l.sizes = newSizes(fsys, lookUp, func(file string) string { return l.project(file).Root })
	for _, reading := range run {
		l.read[reading.file.Name] = reading
		l.inRun[reading.file] = true
		folder := folderOf(reading.file.Name)
		l.folders[folder] = append(l.folders[folder], reading.file.Name)
	}
	return l
}

// finish completes a deployment by all that is known of it. own is called with a
// compute of its own that only a statement describes.
func (l *linker) finish(ctx context.Context, d *Deployment, own func(*Compute)) []Problem {
	l.complete(ctx, d)
	before := d.Compute
	problems := l.ours(d.settle(l.options))
	if d.Compute != before {
		own(d.Compute)
	}
	l.measure(ctx, d)
	d.inventory(l.options)
	return problems
}

// ours moves problems that stand in a file which was only looked up to a place of the
// run that they are related to, and leaves out those that have none.
func (l *linker) ours(problems []Problem) []Problem {
	var ours []Problem
	for _, problem := range problems {
		at := problem.Place
		if at.Node != nil && l.read[at.Node.File().Name] != nil && !l.inRun[at.Node.File()] {
			i := slices.IndexFunc(at.Related, func(p Place) bool { return p.Node != nil && l.inRun[p.Node.File()] })
			if i < 0 {
				continue
			}
			problem.Place = Place{Node: at.Related[i].Node, Related: []Place{{Node: at.Node, Why: "what it is about stands here"}}}
		}
		ours = append(ours, problem)
	}
	return ours
}

// complete adds to a deployment what the documents that it mentions say.
func (l *linker) complete(ctx context.Context, d *Deployment) {
	if l.options.Alone {
		return
	}
	if d.Format == azureMLv1DeploymentConfig.name {
		// What the configuration is for is what people look at first.
		node := d.Place.Node
		if d.Target.Place.Node != nil {
			node = d.Target.Place.Node
		}
		d.refer(reference{kind: inferenceConfig, node: node})
	}
	if d.Format == azureFunctionsProject.name {
		l.completeFunctions(ctx, d)
	}
	followed := map[*part]bool{}
	for i := 0; i < len(d.mentions) && i < maxMentions && ctx.Err() == nil; i++ {
		mention := d.mentions[i]
		found, why := l.find(ctx, mention)
		if len(found) == 0 && mention.name == "" && mention.path == "" {
			continue // nobody said that there is one
		}
		link := Link{What: strings.TrimSpace(mention.kind.String() + " " + mention.name + mention.path), Place: Place{Node: mention.node}, Why: why}
		for _, part := range found[:min(len(found), maxFound)] {
			link.Found = append(link.Found, part.place())
		}
		if link.Why == "" && !followed[found[0]] {
			followed[found[0]] = true
			l.add(d, mention, found[0])
		}
		d.Links = append(d.Links, link)
	}
}

// find returns the part that is mentioned, or what else was found and why it is not taken.
func (l *linker) find(ctx context.Context, mention *reference) (found []*part, why string) {
	file := mention.node.File().Name
	switch {
	case mention.path != "":
		name, ok := l.within(file, mention.path)
		if !ok {
			return nil, "it is outside of the project"
		}
		found = l.file(ctx, name).parts[mention.kind]
	case mention.name == "":
		found = l.beside(ctx, mention.kind, folderOf(file))
	default:
		index := l.index(ctx, l.project(file))
		if found = index.look(mention); len(found) == 0 && index.tooLarge {
			return nil, "the project has too many files to look for it, and no file of the run defines it"
		}
	}
	switch {
	case len(found) == 1:
		return found, ""
	case len(found) > 1:
		return found, fmt.Sprintf("it is defined %d times, and none is taken", len(found))
	case mention.path != "":
		return nil, "nothing there adds to what is known"
	}
	return nil, "no document of the project defines it"
}

// add completes a deployment by a part that it mentions.
func (l *linker) add(d *Deployment, mention *reference, p *part) {
	m := &merger{silent: true, via: mention.places()}
	switch {
	case p.compute != nil:
		l.addCompute(m, d, p.compute)
	case mention.model != nil:
		m.asset(d, mention.model, p.facts)
	default:
		m.deployment(d, p.facts)
	}
	if p.facts != nil {
		d.said = append(d.said, p.facts.said...)
		for _, further := range p.facts.mentions {
			further := *further
			further.through = append([]*source.Node{mention.node}, mention.through...)
			d.refer(further)
		}
	}
}

// places says how what is mentioned was found.
func (r *reference) places() []Place {
	why := "refers to it here"
	if r.name == "" && r.path == "" {
		why = "is deployed with it"
	}
	places := []Place{{Node: r.node, Why: why}}
	for _, node := range r.through {
		places = append(places, Place{Node: node, Why: "refers to that here"})
	}
	return places
}

// addCompute adds what a deployment runs on. Azure ML's own clusters give whole
// machines, with all the devices that they have.
func (l *linker) addCompute(m *merger, d *Deployment, c *Compute) {
	l.settle(c)
	if d.Compute == nil {
		d.Compute = c
	}
	target := c.Target
	target.Place = because(target.Place, "the compute "+c.Name.Value+" that it runs on is there")
	fill(m, "target", &d.Target, target)
	if c.Target.Value == AMLCompute {
		fill(m, "gpus", &d.GPUs, c.GPUs)
		fill(m, "fpgas", &d.FPGAs, c.FPGAs)
	}
}

// asset adds to a deployment's model what its asset says.
func (m *merger) asset(d *Deployment, model *Model, said *Deployment) {
	fill(m, "designer", &d.Designer, said.Designer)
	for _, asset := range said.Models {
		fill(m, "model version", &model.Version, asset.Version)
		fill(m, "model path", &model.Path, asset.Path)
		if !model.SizeBytes.Known {
			model.SizeSource = asset.SizeSource
		}
		fill(m, "model size", &model.SizeBytes, asset.SizeBytes)
	}
}

// settle completes a compute by what the configuration states of it, once.
func (l *linker) settle(c *Compute) []Problem {
	if _, done := l.settled[c]; done {
		return nil
	}
	l.settled[c] = struct{}{}
	return c.settle(l.options)
}

// dependents returns what other files of the run's projects describe and rests on a
// document of the run.
func (l *linker) dependents(ctx context.Context) (dependents Facts, problems []Problem) {
	if l.options.Alone || l.fsys == nil {
		return Facts{}, nil
	}
	seen := map[*Project]bool{}
	for _, reading := range l.run {
		if !reading.completes() {
			continue
		}
		project := l.project(reading.file.Name)
		if seen[project] {
			continue
		}
		seen[project] = true
		for _, other := range l.index(ctx, project).readings {
			if !l.inRun[other.file] {
				problems = append(problems, l.addDependents(ctx, &dependents, other)...)
			}
		}
	}
	return dependents, problems
}

// addDependents adds the deployments and computes of a file that rest on a document of
// the run, and returns the problems with them that stand there.
func (l *linker) addDependents(ctx context.Context, dependents *Facts, of *reading) (problems []Problem) {
	for _, r := range of.readers {
		if ctx.Err() != nil {
			return problems
		}
		if r.parameters != nil && l.inRun[r.parameters.File()] {
			for _, c := range r.computes {
				l.settle(c)
				dependents.Computes = append(dependents.Computes, c)
			}
		}
		for _, d := range r.deployments {
			problems = append(problems, l.finish(ctx, d, func(*Compute) {})...)
			if r.parameters != nil && l.inRun[r.parameters.File()] || l.rests(d) {
				dependents.Deployments = append(dependents.Deployments, d)
			}
		}
	}
	return problems
}

// rests tells whether a deployment was completed by a document of the run.
func (l *linker) rests(d *Deployment) bool {
	for _, link := range d.Links {
		if link.Why == "" && l.inRun[link.Found[0].Node.File()] {
			return true
		}
	}
	return slices.ContainsFunc(d.Models, func(model *Model) bool {
		node := model.SizeBytes.Place.Node
		return node != nil && l.inRun[node.File()]
	})
}

// parametrize reads the templates of a file again with the values of the parameters
// file that belongs to it. Where several do, what any of them sets is not known.
func (l *linker) parametrize(ctx context.Context, of *reading) {
	if l.options.Alone || !slices.ContainsFunc(of.readers, isTemplate) {
		return
	}
	for i, r := range of.readers {
		if !isTemplate(r) || r.parameters != nil {
			continue
		}
		files := l.parametersOf(ctx, of.file.Name, r.root)
		if len(files) == 0 {
			continue
		}
		link := Link{What: armParameters.String(), Place: Place{Node: r.root}}
		for _, file := range files[:min(len(files), maxFound)] {
			link.Found = append(link.Found, file.place())
		}
		parameters := parametersIn(files[0])
		if len(files) > 1 {
			link.Why = fmt.Sprintf("there are %d, and what they set is not known", len(files))
			parameters = unsettled(r.root, files)
		}
		r = &reader{format: r.format, root: r.root, parameters: parameters}
		armTemplate.read(r)
		of.readers[i] = r
		for _, d := range r.deployments {
			d.Links = append(d.Links, link)
		}
	}
	of.gather()
}

func parametersIn(file *part) *source.Node { return file.place().Node.GetFold("parameters") }

// unsettled gives no value to each parameter that one of several files sets.
func unsettled(template *source.Node, files []*part) *source.Node {
	var members []source.Member
	seen := map[string]bool{}
	for _, file := range files {
		for name := range entries(parametersIn(file)) {
			if key := strings.ToLower(name.Text); !seen[key] {
				seen[key] = true
				members = append(members, source.Member{Key: name, Value: template.With(source.Node{Kind: source.Mapping})})
			}
		}
	}
	return template.With(source.Node{Kind: source.Mapping, Members: members})
}

func isTemplate(r *reader) bool { return r.format == armTemplate.name }

// parametersOf returns the parameters files that a template may be deployed with: of
// those beside it the ones that bear its name, as main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json do that of main.json, or that
// bear none and stand beside no other template. A file that sets what the template does
// not declare is another's.
func (l *linker) parametersOf(ctx context.Context, file string, template *source.Node) []*part {
	folder := folderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	declared := map[string]bool{}
	for name := range entries(template.GetFold("parameters")) {
		declared[strings.ToLower(name.Text)] = true
	}
	return slices.DeleteFunc(slices.Clone(l.values[folder][stem(file)]), func(values *part) bool {
		for name := range entries(parametersIn(values)) {
			if !declared[strings.ToLower(name.Text)] {
				return true
			}
		}
		return false
	})
}

// parametersByTemplate sorts the parameters files of a folder by the stems of the templates.
func (l *linker) parametersByTemplate(ctx context.Context, folder string) map[string][]*part {
	readings := l.inFolder(ctx, folder)
	templates := map[string]bool{}
	only := ""
	for _, reading := range readings {
		if slices.ContainsFunc(reading.readers, isTemplate) {
			only = stem(reading.file.Name)
			templates[only] = true
		}
	}
	values := map[string][]*part{}
	var nameless []*part
	for _, reading := range readings {
		parts := reading.parts[armParameters]
		if len(parts) == 0 {
			continue
		}
		name, _, _ := strings.Cut(stem(reading.file.Name), "param")
		name = strings.TrimRight(name, ".-_")
		for name != "" && !templates[name] && strings.Contains(name, ".") {
			name = name[:strings.LastIndexByte(name, '.')]
		}
		if name == "" {
			nameless = append(nameless, parts...)
		} else {
			values[name] = append(values[name], parts...)
		}
	}
	if len(templates) == 1 && len(values[only]) == 0 {
		values[only] = nameless
	}
	return values
}

// stem is the base name of a file without its last extension, in lower case.
func stem(file string) string {
	base := path.Base(file)
	return strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
}

// project returns the project of a file, which is the folder where nothing else says so.
func (l *linker) project(file string) *Project {
	folder := folderOf(file)
	if l.options.Project != nil && folder != standardInput {
		return l.options.Project(file)
	}
	project := l.projects[folder]
	if project == nil {
		project = &Project{Files: func(context.Context) ([]string, bool) { return l.siblings(folder), true }}
		l.projects[folder] = project
	}
	return project
}

// direct gives a name the form that files of the run have.
func (l *linker) direct(name string) string {
	if project := l.project(name); project.Direct != nil {
		return project.Direct(name)
	}
	return name
}

// within joins a path to the folder of a file. It is false for one that leads out of
// the file's project.
func (l *linker) within(file, name string) (string, bool) {
	folder := folderOf(file)
	if folder == standardInput || path.IsAbs(name) {
		return "", false
	}
	joined := l.direct(path.Join(folder, name))
	root := l.project(file).Root
	return joined, root == "" || below(root, joined)
}

// index reads the documents of a project.
func (l *linker) index(ctx context.Context, project *Project) *index {
	if known := l.indexes[project]; known != nil {
		return known
	}
	found := &index{parts: map[definition][]*part{}}
	l.indexes[project] = found
	for _, reading := range l.run {
		if l.project(reading.file.Name) == project {
			found.readings = append(found.readings, reading)
		}
	}
	if l.fsys != nil {
		names, ok := project.Files(ctx)
		found.tooLarge = !ok
		found.readings = append(found.readings, l.others(ctx, names)...)
	}
	for _, reading := range found.readings {
		if !l.inRun[reading.file] {
			l.parametrize(ctx, reading)
		}
		for _, parts := range reading.parts {
			for _, part := range parts {
				if part.name != "" {
					found.add(part)
				}
			}
		}
	}
	return found
}

// others reads, on all cores, the files that are not among those of the run.
func (l *linker) others(ctx context.Context, names []string) []*reading {
	var missing []string
	for _, name := range names {
		if !l.options.Unrecognized[name] && l.read[name] == nil {
			missing = append(missing, name)
		}
	}
	read := make([]*reading, len(missing))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(missing) || ctx.Err() != nil {
					return
				}
				read[i] = l.load(ctx, missing[i], links)
			}
		})
	}
	workers.Wait()
	for i, name := range missing {
		if read[i] != nil {
			l.read[name] = read[i]
		}
	}
	var others []*reading
	for _, name := range names {
		if reading := l.read[name]; reading != nil && reading.file != nil && !l.inRun[reading.file] {
			others = append(others, reading)
		}
	}
	return others
}

// beside returns the parts of a kind in the files of a folder.
func (l *linker) beside(ctx context.Context, kind partKind, folder string) []*part {
	in := partIn{kind, folder}
	if known, ok := l.folded[in]; ok {
		return known
	}
	var all []*part
	for _, reading := range l.inFolder(ctx, folder) {
		all = append(all, reading.parts[kind]...)
	}
	l.folded[in] = all
	return all
}

// inFolder returns what the files of a folder say, those of the run and all others.
func (l *linker) inFolder(ctx context.Context, folder string) []*reading {
	names := l.siblings(folder)
	l.others(ctx, names)
	var all []*reading
	for _, name := range names {
		if reading := l.read[name]; reading != nil && reading.file != nil {
			all = append(all, reading)
		}
	}
	return all
}

// file returns what a file says; one that cannot be read says nothing.
func (l *linker) file(ctx context.Context, name string) *reading {
	known := l.read[name]
	if known == nil {
		known = l.load(ctx, name, func(data []byte) bool { return Recognize(data) != Unrecognized })
		l.read[name] = known
	}
	return known
}

// load reads a file that was not named for linking, if a quick look says that it is of
// use. Its reading has no file when there is nothing to read.
func (l *linker) load(ctx context.Context, name string, useful func([]byte) bool) *reading {
	data := l.bytes(name)
	if data == nil || !useful(data) {
		return &reading{}
	}
	return readFile(ctx, source.Parse(name, data))
}

// bytes reads a file that completes a deployment, nothing where that cannot be done.
func (l *linker) bytes(name string) []byte {
	if l.fsys == nil {
		return nil
	}
	if info, err := fs.Stat(l.fsys, name); err != nil || !info.Mode().IsRegular() || info.Size() > maxLinkedFile {
		return nil
	}
	data, err := fs.ReadFile(l.fsys, name)
	if err != nil {
		return nil
	}
	return data
}

// siblings lists the files of a folder, those of the run and those in the file
// system, each once.
func (l *linker) siblings(folder string) []string {
	names := l.folders[folder]
	if l.fsys == nil || l.walked[folder] {
		return names
	}
	l.walked[folder] = true
	entries, err := fs.ReadDir(l.fsys, folder)
	if err != nil {
		return names
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	var ignored func(string) bool
	if l.options.Project != nil {
		ignored = l.options.Project(path.Join(folder, "any")).Ignored
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		switch path.Ext(name) {
		case ".json", ".yml", ".yaml":
			if !known[name] && !entry.IsDir() && (ignored == nil || !ignored(name)) {
				names = append(names, name)
			}
		}
	}
	l.folders[folder] = names
	return names
}
