package facts

import (
	"context"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Options is what the command line and the configuration say of deployments.
type Options struct {
	// Cluster is the target of Kubernetes workloads whose documents do not tell
	// what cluster they are for: AKS or Kubernetes.
	Cluster Fact[Target]
	// Stated returns the configuration's statements about a subject, most trusted first.
	Stated func(Subject) []*Statement
	// ModelSize returns the size in bytes that the configuration's inventory
	// has for a model; version may be empty.
	ModelSize func(name, version string) Fact[int64]
	// Lists are the configuration's additions to what is known as data.
	Lists Lists

	// Alone leaves out what other documents and files say: each document stands by itself.
	Alone bool
	// Project returns the project of a file; nil where each folder is one.
	Project func(file string) *Project
	// Unrecognized names the files of the run that hold no document of a known format.
	Unrecognized map[string]bool

	// Doubted are the words of Statements that are not taken on trust from a document that
	// stands alone; see Doubt.
	Doubted []string
	// Object says that the documents are objects of an API server of Cluster; see Doubt.
	Object bool
	// Namespace is that of Kubernetes objects which do not state their own.
	Namespace string
	// Inline keeps all work in the goroutine of the caller.
	Inline bool
}

// Lists are additions to the lists that are kept as data. Each function may be nil.
type Lists struct {
	// Device returns what an extended resource of Kubernetes, or a device class as
	// deviceclass.resource.kubernetes.io/CLASS, is; the place says why.
	Device func(resource string) Fact[Device]
	// ModelServers are further images of model servers.
	ModelServers []ModelServer
	// NoModelServers makes images say nothing of what a deployment does.
	NoModelServers bool
	// Targets are the ids of rows of loaded editions that are not among the values of Target.
	Targets []Target
}

// Extraction is what files say.
type Extraction struct {
	Facts
	// Documents are the documents of a known format, in the order of the files.
	Documents []Document
	// Problems are findings about the input itself.
	Problems []Problem
	// Dependents is what other files of the project describe and rests on the documents of these.
	Dependents Facts
	// Doubts are deployments without statements of their documents that are doubted.
	Doubts []Doubt
}

// Document is a document of a known format.
type Document struct {
	Format string
	Root   *source.Node
	// Completes says what a document that is no deployment adds to others; empty otherwise.
	Completes string
	// Unknown says what of the document is not known and why; empty for nothing.
	Unknown string
}

// Extract reads the facts of files. Facts that other files hold are looked up in
// fsys, whose paths are those of the files' names; a nil fsys looks up nothing.
// Only the context's end is an error.
func Extract(ctx context.Context, fsys fs.FS, files []*source.File, options Options) (*Extraction, error) {
	readings := readFiles(ctx, files, options)
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	linker := newLinker(fsys, formatTable{recognize: recognized, links: links, read: readFile}, readings, options)
	// Not nil: JSON has no null where the schema has an array.
	extraction := &Extraction{Facts: Facts{Deployments: []*Deployment{}, Computes: []*Compute{}}}
	for _, reading := range readings {
		linker.confirmFunctions(ctx, reading)
		linker.parametrize(ctx, reading)
	}
	var objects []described
	for _, reading := range readings {
		for _, reader := range reading.readers {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if why := linker.unlinked[reader.root]; why != "" {
				reader.completes = "no template: " + why
			}
			before := len(extraction.Deployments)
			extraction.add(ctx, reader, linker, options)
			objects = append(objects, described{reader.root, extraction.Deployments[before:]})
		}
		extraction.Problems = append(extraction.Problems, reading.problems...)
	}
	if !options.Inline && len(options.Doubted) == 0 {
		extraction.Deployments, extraction.Problems = dropOwned(extraction.Deployments, extraction.Problems, objects)
	}
	dependents, problems := linker.dependents(ctx)
	extraction.Dependents, extraction.Problems = dependents, append(extraction.Problems, problems...)
	extraction.Problems = append(extraction.Problems, linker.ours(linker.problems)...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return extraction, nil
}

func readFiles(ctx context.Context, files []*source.File, options Options) []*reading {
	readings := make([]*reading, len(files))
	if options.Inline {
		for i, file := range files {
			readings[i] = readFile(ctx, file, options.Lists)
		}
		return readings
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) || ctx.Err() != nil {
					return
				}
				readings[i] = readFile(ctx, files[i], options.Lists)
			}
		})
	}
	workers.Wait()
	return readings
}

// add settles what one document says and appends it.
func (e *Extraction) add(ctx context.Context, r *reader, linker *linker, options Options) {
	for _, d := range r.deployments {
		d.Subject.within(options.Namespace)
	}
	doubts := r.doubts(options)
	e.Documents = append(e.Documents, Document{Format: r.format, Root: r.root, Completes: r.completes, Unknown: r.unknown})
	if len(r.variants) > 0 {
		linker.merge(ctx, r)
		for _, d := range r.deployments {
			e.Deployments = append(e.Deployments, &d.Deployment)
		}
		e.Computes = append(e.Computes, r.computes...)
		e.Problems = append(e.Problems, r.problems...)
		return
	}
	e.Problems = append(e.Problems, r.problems...)
	for _, d := range r.deployments {
		variants := d.without(doubts, d.ways(options))
		e.Problems = append(e.Problems, linker.finish(ctx, d, func(own *Compute) { r.computes = append(r.computes, own) })...)
		for _, variant := range variants {
			variant.leaveOpen()
			variant.settle(options) // what contradicts it contradicts d
			variant.Compute = d.Compute
			variant.inventory(options)
			e.Doubts = append(e.Doubts, Doubt{Deployment: &variant.Deployment, Of: len(e.Deployments)})
		}
		e.Deployments = append(e.Deployments, &d.Deployment)
	}
	for _, c := range r.computes {
		c.Subject.within(options.Namespace)
		problems := linker.settle(c)
		// What contradicts a deployment's own compute was said with the deployment.
		if !slices.ContainsFunc(r.deployments, func(d *Draft) bool { return d.Compute == c }) {
			e.Problems = append(e.Problems, problems...)
		}
		e.Computes = append(e.Computes, c)
	}
}

// inventory looks up the sizes of models that nothing else tells.
func (d *Draft) inventory(options Options) {
	if options.ModelSize == nil {
		return
	}
	for _, model := range d.Models {
		if model.SizeBytes.Known || !model.Name.Known {
			continue
		}
		switch size := options.ModelSize(model.Name.Value, model.Version.Value); {
		case size.Known:
			model.SizeBytes = size
			model.SizeSource = Know("configuration", size.Place)
		case model.SizeBytes.Place.Why == "":
			model.SizeBytes = size
		}
	}
}

// reading is what the documents of one file say.
type reading struct {
	file     *source.File
	lists    Lists
	readers  []*reader
	parts    map[partKind][]*part
	problems []Problem // with keys that are written twice
}

// readFile reads the documents of a file, up to the context's end.
func readFile(ctx context.Context, file *source.File, lists Lists) *reading {
	reading := &reading{file: file, lists: lists}
	for _, document := range file.Documents {
		before := len(reading.readers)
		reading.add(ctx, document.Root)
		var carried []*source.Node
		for _, r := range reading.readers[before:] {
			if !r.auxiliary {
				carried = append(carried, r.carried...)
			}
			r.carried = nil
		}
		reading.problems = append(reading.problems, duplicates(document.Root, carried, func() string {
			return tell(ctx, document.Root, lists)
		})...)
	}
	reading.gather()
	return reading
}

// gather sorts the parts of the documents by their kinds.
func (reading *reading) gather() {
	reading.parts = map[partKind][]*part{}
	for _, r := range reading.readers {
		for _, part := range r.defined() {
			reading.parts[part.kind] = append(reading.parts[part.kind], part)
		}
	}
}

// completes reports whether the file holds anything that other documents can refer to.
func (reading *reading) completes() bool { return len(reading.parts) > 0 }

// defined returns the parts of a document. The computes that Azure ML knows by a name
// are among them; one that is described within a deployment is that deployment's own.
func (r *reader) defined() []*part {
	if len(r.variants) > 0 {
		return definedByAll(r.variants)
	}
	own := make(map[*Compute]bool, len(r.deployments))
	for _, d := range r.deployments {
		own[d.Compute] = true
	}
	parts := slices.Clip(r.parts)
	for _, c := range r.computes {
		if !own[c] && c.Name.Place.Why == "" && (c.ManagedBy.Value == ByAzureML || c.InWorkspace) {
			parts = append(parts, &part{kind: computeDefinition, name: path.Base(c.Name.Value), compute: c})
		}
	}
	return parts
}

// tell returns what a document says, comparable.
func tell(ctx context.Context, root *source.Node, lists Lists) string {
	again := reading{lists: lists}
	again.add(ctx, root)
	var told []any
	for _, r := range again.readers {
		told = append(told, r.told()...)
	}
	return text(told)
}

var listShape = mappingOf(map[string]*shape{"items": listOf(mappingShape)})

// add reads an object; of a Kubernetes list each of its items.
func (reading *reading) add(ctx context.Context, object *source.Node) {
	if ctx.Err() != nil {
		return
	}
	if items, list := listed(object); list {
		r := &reader{root: object}
		r.shaped(object, listShape)
		reading.problems = append(reading.problems, r.problems...)
		for _, item := range items {
			reading.add(ctx, item)
		}
		return
	}
	if r := readDocument(object, reading.lists); r != nil {
		reading.readers = append(append(reading.readers, r), r.inner...)
	}
}

// readDocument reads a document by the first format that matches, nil when none does. A
// Kubernetes object of a version that its format does not know, in which the format finds
// nothing, is read by its structure.
func readDocument(root *source.Node, lists Lists) *reader {
	for _, format := range formats() {
		if !format.matches(root) {
			continue
		}
		r := format.readerOf(root, lists)
		if r.foundNothing() && ofUnknownVersion(root) {
			if other := otherKind(ofOtherFormat).readerOf(root, lists); len(other.deployments)+len(other.inner) > 0 {
				return other
			}
		}
		return r
	}
	return nil
}

// readerOf reads a document that matches the format.
func (f *format) readerOf(root *source.Node, lists Lists) *reader {
	r := &reader{format: f.name, auxiliary: f.auxiliary, root: root, lists: lists, document: readDocument}
	_, kind := groupKind(root)
	want := f.shapes[kind]
	if want == nil {
		want = f.shapes[""]
	}
	r.shaped(root, want)
	r.anyway = slices.Clone(r.problems)
	f.read(r)
	if r.auxiliary {
		r.problems = r.anyway
	}
	return r
}

// foundNothing reports whether the document has no compute, no part of others, and no deployment
// of which more is known than what the metadata and the kind of the object declare.
func (r *reader) foundNothing() bool {
	return len(r.computes)+len(r.parts)+len(r.inner)+len(r.variants) == 0 &&
		!slices.ContainsFunc(r.deployments, func(d *Draft) bool {
			return d.Target.Known || d.GPUs.Known || d.FPGAs.Known || d.CPUCores.Known || d.MemoryGiB.Known || d.MemoryLimitGiB.Known ||
				len(d.Images)+len(d.Models) > 0 ||
				slices.ContainsFunc(d.mentions, func(mention *reference) bool { return !mention.implied })
		})
}
