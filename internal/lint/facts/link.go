package facts

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

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
	// Ignored reports whether a file is left out of what Files lists; nil for none.
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
	facts           *Draft
	compute         *Compute     // instead of facts
	under           *source.Node // the parameters with which a template says so; nil where they do not matter
	device          deviceKind   // of a device class
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
	// resourceClaimDefinition and resourceClaimTemplate add devices to the pods of their
	// namespace that name them.
	resourceClaimDefinition
	resourceClaimTemplate
	// deviceClassDefinition says what the devices are that a claim requests.
	deviceClassDefinition
	// extendedResource says so of the extended resource that a device class names.
	extendedResource
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
	case resourceClaimDefinition:
		return "resource claim"
	case resourceClaimTemplate:
		return "resource claim template"
	case deviceClassDefinition:
		return "device class"
	case extendedResource:
		return "device class of the extended resource"
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
	implied         bool           // nobody says that there is such a part
	followed        bool           // the part is found and added
	through         []*source.Node // the mentions that led to this one, the last first
	under           *source.Node   // the parameters with which a template mentions it, nil for none
	devices         Fact[float64]  // how many of a device class are requested
}

// refer notes that a deployment mentions a part.
func (d *Draft) refer(mention reference) { d.mentions = append(d.mentions, &mention) }

// maxLinkedFile is in bytes: what completes a deployment is written by hand.
const maxLinkedFile = 1 << 20

const (
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

// formatTable is what the linker needs to know of the formats.
type formatTable struct {
	// recognize reports whether bytes may hold a document of a format, links whether of one that refers to others or that
	// others refer to.
	recognize, links func(data []byte) bool
	// read reads the documents of a file, up to the context's end.
	read func(ctx context.Context, file *source.File, lists Lists) *reading
}

// linker looks up the parts that other documents hold.
type linker struct {
	fsys     fs.FS
	formats  formatTable
	options  Options
	run      []*reading
	read     map[string]*reading // by file name
	inRun    map[*source.File]bool
	folders  map[string][]string         // names of a folder's files
	walked   map[string]bool             // folders whose files in the file system are among them
	projects map[string]*Project         // by folder, where options know none
	folded   map[partIn][]*part          // what is in a folder
	values   map[string]*parametersFiles // by the folder of templates
	linked   map[*source.Node]bool       // parameters files that belong to a template
	unlinked map[*source.Node]string     // why others do not
	problems []Problem                   // with files that documents of several files refer to
	reported map[string]bool             // what makes these the same
	indexes  map[*Project]*index         // what was looked into
	settled  map[*Compute]struct{}       // computes that are complete
	sizes    *sizes
}

// report adds a problem with a file that several documents may refer to, once.
func (l *linker) report(problem Problem) {
	if key := problem.told(); !l.reported[key] {
		l.reported[key] = true
		l.problems = append(l.problems, problem)
	}
}

func newLinker(fsys fs.FS, formats formatTable, run []*reading, options Options) *linker {
	l := &linker{
		fsys: fsys, formats: formats, options: options, run: run,
		read:    make(map[string]*reading, len(run)),
		inRun:   make(map[*source.File]bool, len(run)),
		folders: map[string][]string{}, walked: map[string]bool{standardInput: true},
		projects: map[string]*Project{}, indexes: map[*Project]*index{}, settled: map[*Compute]struct{}{},
		folded: map[partIn][]*part{}, values: map[string]*parametersFiles{},
		linked: map[*source.Node]bool{}, unlinked: map[*source.Node]string{}, reported: map[string]bool{},
	}
	l.sizes = newSizes(fsys, l.sizeOfMLModel, func(file string) string { return l.project(file).Root })
	for _, reading := range run {
		l.read[reading.file.Name] = reading
		l.inRun[reading.file] = true
		folder := folderOf(reading.file.Name)
		l.folders[folder] = append(l.folders[folder], reading.file.Name)
	}
	return l
}

// sizeOfMLModel returns the size that the MLmodel of this name states; it is unknown where there is none.
func (l *linker) sizeOfMLModel(ctx context.Context, name string) Fact[int64] {
	parts := l.file(ctx, l.direct(name)).parts[mlModel]
	if len(parts) != 1 {
		return Fact[int64]{}
	}
	return parts[0].facts.Models[0].SizeBytes
}

// finish completes a deployment by all that is known of it. own is called with a
// compute of its own that only a statement describes.
func (l *linker) finish(ctx context.Context, d *Draft, own func(*Compute)) []Problem {
	l.complete(ctx, d)
	d.leaveOpen()
	before := d.Compute
	problems := l.ours(d.settle(l.options))
	if d.Compute != before {
		own(d.Compute)
	}
	problems = append(problems, l.ours(l.measure(ctx, d))...)
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
			problem.Place = Place{Node: at.Related[i].Node, Related: []Place{{Node: at.Node, Why: "the problem is here"}}}
		}
		ours = append(ours, problem)
	}
	return ours
}

// complete adds to a deployment what the documents that it mentions say.
func (l *linker) complete(ctx context.Context, d *Draft) {
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
		if len(found) == 0 && (mention.implied || mention.name == "" && mention.path == "") {
			continue
		}
		link := Link{What: strings.TrimSpace(mention.kind.String() + " " + mention.name + mention.path), Place: Place{Node: mention.node}, Why: why}
		for _, part := range found[:min(len(found), maxFound)] {
			link.Found = append(link.Found, part.place())
		}
		if link.Why == "" {
			mention.followed = true
			// A pod gets a claim for each mention of a template, and devices for each of a class.
			if !followed[found[0]] || mention.kind == resourceClaimTemplate || mention.ofClass() {
				followed[found[0]] = true
				l.add(d, mention, found[0])
			}
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
			return nil, "it is outside the project"
		}
		found = l.file(ctx, name).parts[mention.kind]
	case mention.name == "":
		found = l.beside(ctx, mention.kind, folderOf(file))
	default:
		index := l.index(ctx, l.project(file))
		if found = index.look(mention); len(found) == 0 && index.tooLarge {
			return nil, "the project has too many files to search, and no file of the run defines it"
		}
	}
	switch {
	case len(found) == 1:
		return found, ""
	case len(found) > 1:
		return found, fmt.Sprintf("it is defined %d times, so no definition is used", len(found))
	case mention.path != "":
		return nil, "not found, or without facts"
	}
	return nil, "no document of the project defines it"
}

// add completes a deployment by a part that it mentions.
func (l *linker) add(d *Draft, mention *reference, p *part) {
	m := &merger{silent: true, via: mention.places()}
	switch {
	case p.compute != nil:
		l.addCompute(m, d, p.compute)
		if d.defaultType && p.compute.OnKubernetes {
			d.refer(reference{kind: instanceType, name: defaultInstanceType, node: mention.node, implied: true})
		}
	case mention.model != nil:
		m.asset(d, mention.model, p.facts)
	case mention.ofClaim():
		m.claimed(d, p.facts)
	case mention.ofClass():
		m.claimed(d, mention.claimedOf(p))
	default:
		m.deployment(d, p.facts)
	}
	if p.facts != nil {
		d.said = append(d.said, p.facts.said...)
		for _, further := range p.facts.mentions {
			further := *further
			further.under = mention.under
			further.through = append([]*source.Node{mention.node}, mention.through...)
			d.refer(further)
		}
	}
}

// places says how what is mentioned was found.
func (r *reference) places() []Place {
	why := "referenced here"
	switch {
	case r.kind == extendedResource:
		why = "requested here"
	case r.implied:
		why = "default " + r.kind.String() + " of its cluster"
	case r.name == "" && r.path == "":
		why = "deployed with it"
	}
	places := []Place{{Node: r.node, Why: why}}
	for _, node := range r.through {
		places = append(places, Place{Node: node, Why: "through this reference"})
	}
	return places
}

// addCompute adds what a deployment runs on. Azure ML's own clusters and instances give
// whole machines, with all the devices that they have.
func (l *linker) addCompute(m *merger, d *Draft, c *Compute) {
	l.settle(c)
	if d.Compute == nil {
		d.Compute = c
	}
	target := c.Target
	target.Place = because(target.Place, "it runs on the compute "+c.Name.Value)
	fill(m, "target", &d.Target, target)
	if c.Target.Value == AMLCompute || c.Target.Value == ComputeInstance {
		fill(m, "gpus", &d.GPUs, c.GPUs)
		fill(m, "fpgas", &d.FPGAs, c.FPGAs)
	}
}

// asset adds to a deployment's model what its asset says.
func (m *merger) asset(d *Draft, model *Model, said *Draft) {
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
		if !reading.completes() && brokenParameters(reading) == nil {
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
		if len(r.variants) > 0 {
			l.merge(ctx, r)
			given := slices.ContainsFunc(r.variants, func(variant *reader) bool { return l.inRun[variant.parameters.File()] })
			for _, d := range r.deployments {
				if given || l.rests(d) {
					dependents.Deployments = append(dependents.Deployments, &d.Deployment)
				}
			}
			if given {
				dependents.Computes = append(dependents.Computes, r.computes...)
			}
			problems = append(problems, l.ours(r.problems)...)
			continue
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
				dependents.Deployments = append(dependents.Deployments, &d.Deployment)
			}
		}
	}
	return problems
}

// rests reports whether a deployment was completed by a document of the run.
func (l *linker) rests(d *Draft) bool {
	for _, link := range d.Links {
		if link.Why == "" && slices.ContainsFunc(link.Found, func(found Place) bool { return l.inRun[found.Node.File()] }) {
			return true
		}
	}
	return slices.ContainsFunc(d.Models, func(model *Model) bool {
		node := model.SizeBytes.Place.Node
		return node != nil && l.inRun[node.File()]
	})
}
