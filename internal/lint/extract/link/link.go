// Package link completes documents with the documents to which they refer and with the sizes of
// models.
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
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Formats are the functions of the formats that the linker needs.
type Formats struct {
	// Recognize reports whether a file may have a document of a known format. Links reports whether
	// it may have a document that refers to others or to which others refer.
	Recognize, Links func(name string, data []byte) bool
	// Read reads the documents of a file. It stops when the context ends.
	Read func(ctx context.Context, file *source.File, lists read.Lists) *Reading
}

// Linker looks up the parts that other documents define.
type Linker struct {
	fsys     fs.FS
	formats  Formats
	options  Options
	run      []*Reading
	read     map[string]*Reading // by file name
	inRun    map[*source.File]bool
	folders  map[string][]string         // names of a folder's files
	walked   map[string]bool             // folders whose files in the file system are in folders
	projects map[string]*Project         // by folder, without options.Project
	folded   map[partIn][]*read.Part     // parts by folder
	values   map[string]*parametersFiles // by the folder of templates
	linked   map[*source.Node]bool       // parameters files that belong to a template
	unlinked map[*source.Node]string     // the reasons why other parameters files do not
	problems []facts.Problem             // with files to which documents of several files refer
	reported map[string]bool             // by problemKey
	indexes  map[*Project]*index         // built on first use
	merged   map[*facts.Compute]struct{} // computes that are complete
	sizes    *modelsize.Sizes
}

// report adds a problem with a file to which several documents may refer, once.
func (l *Linker) report(problem facts.Problem) {
	if key := problemKey(problem); !l.reported[key] {
		l.reported[key] = true
		l.problems = append(l.problems, problem)
	}
}

// New returns a linker of the files of a run. It looks up other files in fsys; a nil fsys has none.
func New(fsys fs.FS, formats Formats, run []*Reading, options Options) *Linker {
	l := &Linker{
		fsys: fsys, formats: formats, options: options, run: run,
		read:    make(map[string]*Reading, len(run)),
		inRun:   make(map[*source.File]bool, len(run)),
		folders: map[string][]string{}, walked: map[string]bool{read.StandardInput: true},
		projects: map[string]*Project{}, indexes: map[*Project]*index{}, merged: map[*facts.Compute]struct{}{},
		folded: map[partIn][]*read.Part{}, values: map[string]*parametersFiles{},
		linked: map[*source.Node]bool{}, unlinked: map[*source.Node]string{}, reported: map[string]bool{},
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

// Prepare confirms the documents of the run that other files must confirm, and reads its templates
// again with their parameters files. It comes before everything else.
func (l *Linker) Prepare(ctx context.Context) {
	for _, reading := range l.run {
		l.confirmFunctions(ctx, reading)
		l.applyParameters(ctx, reading)
	}
}

// Unlinked returns why a parameters file belongs to no template that was read, empty for any other document.
func (l *Linker) Unlinked(document *source.Node) string { return l.unlinked[document] }

// Problems returns the problems with files to which several documents refer, as far as they can be
// reported in the run. It comes after everything else.
func (l *Linker) Problems() []facts.Problem { return l.reportable(l.problems) }

// Complete completes a deployment with everything that is known. own is called with a compute that
// only a statement for the deployment describes.
func (l *Linker) Complete(ctx context.Context, d *read.Draft, own func(*facts.Compute)) []facts.Problem {
	l.follow(ctx, d)
	LowerBoundDevices(d)
	before := d.Compute
	problems := l.reportable(MergeStatements(d, l.options))
	if d.Compute != before {
		own(d.Compute)
	}
	problems = append(problems, l.reportable(l.measure(ctx, d))...)
	Inventory(d, l.options)
	return problems
}

// reportable moves problems in files outside the run to a related location in the run. It drops those
// without such a location.
func (l *Linker) reportable(problems []facts.Problem) []facts.Problem {
	var reportable []facts.Problem
	for _, problem := range problems {
		at := problem.Location
		if at.Node != nil && l.read[at.Node.File().Name] != nil && !l.inRun[at.Node.File()] {
			i := slices.IndexFunc(at.Related, func(p facts.Location) bool { return p.Node != nil && l.inRun[p.Node.File()] })
			if i < 0 {
				continue
			}
			problem.Location = facts.Location{Node: at.Related[i].Node, Related: []facts.Location{{Node: at.Node, Why: "the problem is here"}}}
		}
		reportable = append(reportable, problem)
	}
	return reportable
}

// follow completes a deployment with the documents to which it refers.
func (l *Linker) follow(ctx context.Context, d *read.Draft) {
	if l.options.Alone {
		return
	}
	if d.Format == azure.MLv1DeploymentConfig.Name {
		// The target is the main fact of a deployment configuration.
		node := d.Location.Node
		if d.Target.Location.Node != nil {
			node = d.Target.Location.Node
		}
		d.Refer(read.Reference{Kind: read.InferenceConfig, Node: node})
	}
	if d.Format == azure.FunctionsProject.Name {
		l.completeFunctions(ctx, d)
	}
	followed := map[*read.Part]bool{}
	for i := 0; i < len(d.References) && i < maxReferences && ctx.Err() == nil; i++ {
		reference := d.References[i]
		found, why := l.find(ctx, reference)
		if len(found) == 0 && (reference.Implied || reference.Name == "" && reference.Path == "" || source.IsSymbol(reference.Name)) {
			continue
		}
		link := facts.Link{What: strings.TrimSpace(reference.Kind.String() + " " + reference.Described()), Location: facts.Location{Node: reference.Node}, Why: why}
		for _, part := range found[:min(len(found), maxFound)] {
			link.Found = append(link.Found, part.Location())
		}
		if link.Why == "" {
			reference.Followed = true
			// A pod gets one claim for each reference to a template, and devices for each request
			// of a class.
			if !followed[found[0]] || reference.Kind == read.ResourceClaimTemplate || reference.OfClass() {
				followed[found[0]] = true
				l.add(d, reference, found[0])
			}
		}
		d.Links = append(d.Links, link)
	}
}

// find returns the part to which a reference refers. why is the reason if there is none, or if
// found is not used.
func (l *Linker) find(ctx context.Context, reference *read.Reference) (found []*read.Part, why string) {
	file := reference.Node.File().Name
	switch {
	case reference.Path != "":
		name, ok := l.within(file, reference.Path)
		if !ok {
			return nil, "it is outside the project"
		}
		found = l.file(ctx, name).Parts[reference.Kind]
	case reference.Name == "":
		found = l.beside(ctx, reference.Kind, read.FolderOf(file))
	default:
		index := l.index(ctx, l.project(file))
		if found = index.look(reference); len(found) == 0 && index.tooLarge {
			return nil, "the project has too many files to search, and no file of the run defines it"
		}
	}
	switch {
	case len(found) == 1:
		return found, ""
	case len(found) > 1:
		return found, fmt.Sprintf("it is defined %d times, so no definition is used", len(found))
	case reference.Path != "":
		return nil, "not found, or without facts"
	}
	return nil, "no document of the project defines it"
}

// add completes a deployment with a part to which it refers.
func (l *Linker) add(d *read.Draft, reference *read.Reference, p *read.Part) {
	m := &read.Merger{IgnoreContradictions: true, Via: reference.Locations()}
	switch {
	case p.Compute != nil:
		l.addCompute(m, d, p.Compute)
		if d.DefaultType && p.Compute.OnKubernetes {
			d.Refer(read.Reference{Kind: read.InstanceType, Name: azure.DefaultInstanceType, Node: reference.Node, Implied: true})
		}
	case reference.Model != nil:
		asset(m, d, reference.Model, p.Facts)
	case reference.OfClaim():
		kube.Claimed(m, d, p.Facts)
	case reference.OfClass():
		kube.Claimed(m, d, kube.ClaimedOf(reference, p))
	case reference.Kind == read.KubeAIProfile:
		if p.Facts.GPUs.Known { // they replace those of the profile that the chart defines
			d.GPUs = facts.Fact[int64]{}
		}
		m.Deployment(d, multiplied(p.Facts, reference.Multiple))
	case reference.Kind == read.TrainingRuntime && len(d.Images) > 0:
		runtime := *p.Facts
		runtime.Images = nil // the job's image replaces it
		m.Deployment(d, &runtime)
	default:
		m.Deployment(d, p.Facts)
	}
	if p.Facts != nil {
		d.Declared = append(d.Declared, p.Facts.Declared...)
		for _, further := range p.Facts.References {
			further := *further
			further.Under = reference.Under
			further.Through = append([]*source.Node{reference.Node}, reference.Through...)
			d.Refer(further)
		}
	}
}

// multiplied returns a multiple of resources.
func multiplied(of *read.Draft, by int64) *read.Draft {
	multiple := *of
	multiple.GPUs.Value *= by
	multiple.FPGAs.Value *= by
	for _, amount := range []*facts.Fact[float64]{&multiple.CPUCores, &multiple.MemoryGiB, &multiple.MemoryLimitGiB} {
		amount.Value *= float64(by)
	}
	return &multiple
}

// addCompute adds the compute on which a deployment runs. Clusters and instances of Azure ML
// provide whole machines with all their devices.
func (l *Linker) addCompute(m *read.Merger, d *read.Draft, c *facts.Compute) {
	l.MergeCompute(c)
	if d.Compute == nil {
		d.Compute = c
	}
	target := c.Target
	target.Location = facts.Because(target.Location, "it runs on the compute "+c.Name.Value)
	read.Fill(m, "target", &d.Target, &target)
	if c.Target.Value == facts.AMLCompute || c.Target.Value == facts.ComputeInstance {
		read.Fill(m, "gpus", &d.GPUs, &c.GPUs)
		read.Fill(m, "fpgas", &d.FPGAs, &c.FPGAs)
	}
}

// asset adds the facts of an asset to a deployment's model.
func asset(m *read.Merger, d *read.Draft, model *facts.Model, declared *read.Draft) {
	read.Fill(m, "designer", &d.Designer, &declared.Designer)
	for _, asset := range declared.Models {
		read.Fill(m, "model version", &model.Version, &asset.Version)
		read.Fill(m, "model path", &model.Path, &asset.Path)
		if !model.SizeBytes.Known {
			model.SizeSource = asset.SizeSource
		}
		read.Fill(m, "model size", &model.SizeBytes, &asset.SizeBytes)
	}
}

// MergeCompute merges the configuration's declarations into a compute, once.
func (l *Linker) MergeCompute(c *facts.Compute) []facts.Problem {
	if _, done := l.merged[c]; done {
		return nil
	}
	l.merged[c] = struct{}{}
	return mergeCompute(c, l.options)
}

// Dependents returns what other files of the run's projects describe and what depends on a document
// of the run.
func (l *Linker) Dependents(ctx context.Context) (dependents facts.Facts, problems []facts.Problem) {
	if l.options.Alone || l.fsys == nil {
		return facts.Facts{}, nil
	}
	seen := map[*Project]bool{}
	for _, reading := range l.run {
		if !reading.completes() && brokenParameters(reading) == nil && !mayBeIncluded(reading.File) {
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

// addDependents adds the deployments and computes of a file that depend on a document of the run.
// It returns their problems that can be reported in the run.
func (l *Linker) addDependents(ctx context.Context, dependents *facts.Facts, of *Reading) (problems []facts.Problem) {
	for _, r := range of.Readers {
		if ctx.Err() != nil {
			return problems
		}
		if l.IsCalled(of.File) && r.Parameters == nil && len(r.Variants) == 0 {
			continue // its callers describe the same
		}
		if len(r.Variants) > 0 {
			l.MergeVariants(ctx, r)
			problems = append(problems, l.reportable(r.Problems)...)
		} else {
			for _, d := range r.Deployments {
				problems = append(problems, l.Complete(ctx, d, func(*facts.Compute) {})...)
			}
		}
		given := l.givenByRun(r)
		for _, d := range r.Deployments {
			if given || l.dependsOnRun(d) {
				dependents.Deployments = append(dependents.Deployments, &d.Deployment)
			}
		}
		for _, c := range r.Computes {
			if given || r.Root.File().IsForeign() && slices.ContainsFunc(c.Locations(), l.isInRun) {
				l.MergeCompute(c)
				dependents.Computes = append(dependents.Computes, c)
			}
		}
	}
	return problems
}

// givenByRun reports whether a parameters file of the run belongs to a template.
func (l *Linker) givenByRun(r *read.Reader) bool {
	return r.Parameters != nil && l.inRun[r.Parameters.File()] || slices.ContainsFunc(r.Variants, l.givenByRun)
}

// IsCalled reports whether another file includes a file, so that the documents of the callers describe what is in it.
func (l *Linker) IsCalled(file *source.File) bool {
	return l.options.IsCalled != nil && l.options.IsCalled(file)
}

// mayBeIncluded reports whether files in the language of a file may include it.
func mayBeIncluded(file *source.File) bool {
	of := language.Of(file.Name)
	return file.IsForeign() && of != nil && of.Modules
}

// isInRun reports whether a value, or one on which it depends, is in a file of the run.
func (l *Linker) isInRun(location facts.Location) bool {
	return location.Node != nil && l.inRun[location.Node.File()] || slices.ContainsFunc(location.Related, l.isInRun)
}

// dependsOnRun reports whether a document of the run completed a deployment, or is included by its file.
func (l *Linker) dependsOnRun(d *read.Draft) bool {
	if l.isInRun(d.Location) || mayBeIncluded(d.Location.Node.File()) && slices.ContainsFunc(d.Locations(), l.isInRun) {
		return true
	}
	for _, link := range d.Links {
		if link.Why == "" && slices.ContainsFunc(link.Found, func(found facts.Location) bool { return l.inRun[found.Node.File()] }) {
			return true
		}
	}
	return slices.ContainsFunc(d.Models, func(model *facts.Model) bool {
		node := model.SizeBytes.Location.Node
		return node != nil && l.inRun[node.File()]
	})
}
