// Package link completes what one document says by what the documents say that it refers to, and by the sizes of models.
package link

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/modelsize"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Formats is what the linker needs to know of the formats.
type Formats struct {
	// Recognize reports whether bytes may hold a document of a format, links whether of one that refers to others or that
	// others refer to.
	Recognize, Links func(data []byte) bool
	// Read reads the documents of a file, up to the context's end.
	Read func(ctx context.Context, file *source.File, lists read.Lists) *Reading
}

// Linker looks up the parts that other documents hold.
type Linker struct {
	fsys     fs.FS
	formats  Formats
	options  Options
	run      []*Reading
	read     map[string]*Reading // by file name
	inRun    map[*source.File]bool
	folders  map[string][]string         // names of a folder's files
	walked   map[string]bool             // folders whose files in the file system are among them
	projects map[string]*Project         // by folder, where options know none
	folded   map[partIn][]*read.Part     // what is in a folder
	values   map[string]*parametersFiles // by the folder of templates
	linked   map[*source.Node]bool       // parameters files that belong to a template
	Unlinked map[*source.Node]string     // why others do not
	Problems []facts.Problem             // with files that documents of several files refer to
	reported map[string]bool             // what makes these the same
	indexes  map[*Project]*index         // what was looked into
	settled  map[*facts.Compute]struct{} // computes that are complete
	sizes    *modelsize.Sizes
}

// report adds a problem with a file that several documents may refer to, once.
func (l *Linker) report(problem facts.Problem) {
	if key := problemKey(problem); !l.reported[key] {
		l.reported[key] = true
		l.Problems = append(l.Problems, problem)
	}
}

// New returns a linker of the files of a run. It looks up other files in fsys; a nil fsys has none.
func New(fsys fs.FS, formats Formats, run []*Reading, options Options) *Linker {
	l := &Linker{
		fsys: fsys, formats: formats, options: options, run: run,
		read:    make(map[string]*Reading, len(run)),
		inRun:   make(map[*source.File]bool, len(run)),
		folders: map[string][]string{}, walked: map[string]bool{read.StandardInput: true},
		projects: map[string]*Project{}, indexes: map[*Project]*index{}, settled: map[*facts.Compute]struct{}{},
		folded: map[partIn][]*read.Part{}, values: map[string]*parametersFiles{},
		linked: map[*source.Node]bool{}, Unlinked: map[*source.Node]string{}, reported: map[string]bool{},
	}
	l.sizes = modelsize.New(fsys, l.sizeOfMLModel, func(file string) string { return l.project(file).Root })
	for _, reading := range run {
		l.read[reading.File.Name] = reading
		l.inRun[reading.File] = true
		folder := read.FolderOf(reading.File.Name)
		l.folders[folder] = append(l.folders[folder], reading.File.Name)
	}
	return l
}

// Complete completes a deployment by all that is known of it. own is called with a
// compute of its own that only a statement describes.
func (l *Linker) Complete(ctx context.Context, d *read.Draft, own func(*facts.Compute)) []facts.Problem {
	l.follow(ctx, d)
	LeaveOpen(d)
	before := d.Compute
	problems := l.Reportable(Settle(d, l.options))
	if d.Compute != before {
		own(d.Compute)
	}
	problems = append(problems, l.Reportable(l.measure(ctx, d))...)
	Inventory(d, l.options)
	return problems
}

// Reportable moves problems that stand in a file which was only looked up to a place of the
// run that they are related to, and leaves out those that have none.
func (l *Linker) Reportable(problems []facts.Problem) []facts.Problem {
	var ours []facts.Problem
	for _, problem := range problems {
		at := problem.Place
		if at.Node != nil && l.read[at.Node.File().Name] != nil && !l.inRun[at.Node.File()] {
			i := slices.IndexFunc(at.Related, func(p facts.Place) bool { return p.Node != nil && l.inRun[p.Node.File()] })
			if i < 0 {
				continue
			}
			problem.Place = facts.Place{Node: at.Related[i].Node, Related: []facts.Place{{Node: at.Node, Why: "the problem is here"}}}
		}
		ours = append(ours, problem)
	}
	return ours
}

// follow adds to a deployment what the documents that it mentions say.
func (l *Linker) follow(ctx context.Context, d *read.Draft) {
	if l.options.Alone {
		return
	}
	if d.Format == azure.MLv1DeploymentConfig.Name {
		// What the configuration is for is what people look at first.
		node := d.Place.Node
		if d.Target.Place.Node != nil {
			node = d.Target.Place.Node
		}
		d.Refer(read.Reference{Kind: read.InferenceConfig, Node: node})
	}
	if d.Format == azure.FunctionsProject.Name {
		l.completeFunctions(ctx, d)
	}
	followed := map[*read.Part]bool{}
	for i := 0; i < len(d.References) && i < maxMentions && ctx.Err() == nil; i++ {
		mention := d.References[i]
		found, why := l.find(ctx, mention)
		if len(found) == 0 && (mention.Implied || mention.Name == "" && mention.Path == "") {
			continue
		}
		link := facts.Link{What: strings.TrimSpace(mention.Kind.String() + " " + mention.Name + mention.Path), Place: facts.Place{Node: mention.Node}, Why: why}
		for _, part := range found[:min(len(found), maxFound)] {
			link.Found = append(link.Found, part.Place())
		}
		if link.Why == "" {
			mention.Followed = true
			// A pod gets a claim for each mention of a template, and devices for each of a class.
			if !followed[found[0]] || mention.Kind == read.ResourceClaimTemplate || mention.OfClass() {
				followed[found[0]] = true
				l.add(d, mention, found[0])
			}
		}
		d.Links = append(d.Links, link)
	}
}

// find returns the part that is mentioned, or what else was found and why it is not taken.
func (l *Linker) find(ctx context.Context, mention *read.Reference) (found []*read.Part, why string) {
	file := mention.Node.File().Name
	switch {
	case mention.Path != "":
		name, ok := l.within(file, mention.Path)
		if !ok {
			return nil, "it is outside the project"
		}
		found = l.file(ctx, name).Parts[mention.Kind]
	case mention.Name == "":
		found = l.beside(ctx, mention.Kind, read.FolderOf(file))
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
	case mention.Path != "":
		return nil, "not found, or without facts"
	}
	return nil, "no document of the project defines it"
}

// add completes a deployment by a part that it mentions.
func (l *Linker) add(d *read.Draft, mention *read.Reference, p *read.Part) {
	m := &read.Merger{Silent: true, Via: mention.Places()}
	switch {
	case p.Compute != nil:
		l.addCompute(m, d, p.Compute)
		if d.DefaultType && p.Compute.OnKubernetes {
			d.Refer(read.Reference{Kind: read.InstanceType, Name: azure.DefaultInstanceType, Node: mention.Node, Implied: true})
		}
	case mention.Model != nil:
		asset(m, d, mention.Model, p.Facts)
	case mention.OfClaim():
		kube.Claimed(m, d, p.Facts)
	case mention.OfClass():
		kube.Claimed(m, d, kube.ClaimedOf(mention, p))
	default:
		m.Deployment(d, p.Facts)
	}
	if p.Facts != nil {
		d.Declared = append(d.Declared, p.Facts.Declared...)
		for _, further := range p.Facts.References {
			further := *further
			further.Under = mention.Under
			further.Through = append([]*source.Node{mention.Node}, mention.Through...)
			d.Refer(further)
		}
	}
}

// addCompute adds what a deployment runs on. Azure ML's own clusters and instances give
// whole machines, with all the devices that they have.
func (l *Linker) addCompute(m *read.Merger, d *read.Draft, c *facts.Compute) {
	l.Settle(c)
	if d.Compute == nil {
		d.Compute = c
	}
	target := c.Target
	target.Place = facts.Because(target.Place, "it runs on the compute "+c.Name.Value)
	read.Fill(m, "target", &d.Target, &target)
	if c.Target.Value == facts.AMLCompute || c.Target.Value == facts.ComputeInstance {
		read.Fill(m, "gpus", &d.GPUs, &c.GPUs)
		read.Fill(m, "fpgas", &d.FPGAs, &c.FPGAs)
	}
}

// asset adds to a deployment's model what its asset says.
func asset(m *read.Merger, d *read.Draft, model *facts.Model, said *read.Draft) {
	read.Fill(m, "designer", &d.Designer, &said.Designer)
	for _, asset := range said.Models {
		read.Fill(m, "model version", &model.Version, &asset.Version)
		read.Fill(m, "model path", &model.Path, &asset.Path)
		if !model.SizeBytes.Known {
			model.SizeSource = asset.SizeSource
		}
		read.Fill(m, "model size", &model.SizeBytes, &asset.SizeBytes)
	}
}

// Settle completes a compute by what the configuration states of it, once.
func (l *Linker) Settle(c *facts.Compute) []facts.Problem {
	if _, done := l.settled[c]; done {
		return nil
	}
	l.settled[c] = struct{}{}
	return settleCompute(c, l.options)
}

// Dependents returns what other files of the run's projects describe and rests on a
// document of the run.
func (l *Linker) Dependents(ctx context.Context) (dependents facts.Facts, problems []facts.Problem) {
	if l.options.Alone || l.fsys == nil {
		return facts.Facts{}, nil
	}
	seen := map[*Project]bool{}
	for _, reading := range l.run {
		if !reading.completes() && brokenParameters(reading) == nil {
			continue
		}
		project := l.project(reading.File.Name)
		if seen[project] {
			continue
		}
		seen[project] = true
		for _, other := range l.index(ctx, project).readings {
			if !l.inRun[other.File] {
				problems = append(problems, l.addDependents(ctx, &dependents, other)...)
			}
		}
	}
	return dependents, problems
}

// addDependents adds the deployments and computes of a file that rest on a document of
// the run, and returns the problems with them that stand there.
func (l *Linker) addDependents(ctx context.Context, dependents *facts.Facts, of *Reading) (problems []facts.Problem) {
	for _, r := range of.Readers {
		if ctx.Err() != nil {
			return problems
		}
		if len(r.Variants) > 0 {
			l.MergeVariants(ctx, r)
			given := slices.ContainsFunc(r.Variants, func(variant *read.Reader) bool { return l.inRun[variant.Parameters.File()] })
			for _, d := range r.Deployments {
				if given || l.rests(d) {
					dependents.Deployments = append(dependents.Deployments, &d.Deployment)
				}
			}
			if given {
				dependents.Computes = append(dependents.Computes, r.Computes...)
			}
			problems = append(problems, l.Reportable(r.Problems)...)
			continue
		}
		if r.Parameters != nil && l.inRun[r.Parameters.File()] {
			for _, c := range r.Computes {
				l.Settle(c)
				dependents.Computes = append(dependents.Computes, c)
			}
		}
		for _, d := range r.Deployments {
			problems = append(problems, l.Complete(ctx, d, func(*facts.Compute) {})...)
			if r.Parameters != nil && l.inRun[r.Parameters.File()] || l.rests(d) {
				dependents.Deployments = append(dependents.Deployments, &d.Deployment)
			}
		}
	}
	return problems
}

// rests reports whether a deployment was completed by a document of the run.
func (l *Linker) rests(d *read.Draft) bool {
	for _, link := range d.Links {
		if link.Why == "" && slices.ContainsFunc(link.Found, func(found facts.Place) bool { return l.inRun[found.Node.File()] }) {
			return true
		}
	}
	return slices.ContainsFunc(d.Models, func(model *facts.Model) bool {
		node := model.SizeBytes.Place.Node
		return node != nil && l.inRun[node.File()]
	})
}
