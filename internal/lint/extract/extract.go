// Package extract reads the facts of documents of any known format. Call Extract.
//
// Each family of formats has a package, with one file for each format; formats.go lists them. A
// format may use package read and the family on which its own family builds.
package extract

import (
	"context"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/link"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Options are how documents are completed.
type Options = link.Options

// Settings are what the command line and the configuration declare for the deployments of a file.
type Settings = link.Settings

// Project is a set of files whose documents may refer to each other.
type Project = link.Project

// Lists are the configuration's additions to the lists that are kept as data.
type Lists = read.Lists

// NewFiles returns the files of fsys, in which package language looks up what a file includes.
func NewFiles(fsys fs.FS, options Options) *link.Files { return link.NewFiles(fsys, options) }

// Extraction is the result of Extract.
type Extraction struct {
	facts.Facts
	// Documents are the documents of a known format, in the order of the files.
	Documents []Document
	// Problems are findings about the input itself.
	Problems []facts.Problem
	// Dependents are what other files of the project describe and what depends on the documents of
	// these files.
	Dependents facts.Facts
	// Variants are deployments without the untrusted statements of their documents.
	Variants []facts.Variant
	// Skipped are the files of a language besides YAML and JSON that could not be read, with the reason.
	Skipped []Skipped
	// Disputed has, by each deployment and compute that a configuration of Terraform and its plan describe differently, the resource.
	Disputed map[any]terraform.Disputed
	// units are the objects that describe deployments and computes; nil unless Options.Settled is set.
	units map[any]Object
}

// ObjectOf returns the object that describes a deployment or a compute, if Options.Settled is set.
func (e *Extraction) ObjectOf(described any) Object { return e.units[described] }

// Document is a document of a known format.
type Document struct {
	Format string
	Root   *source.Node
	// Completes describes what a document without a deployment adds to others, else empty.
	Completes string
	// Unknown describes which parts of the document are not known and why, else empty.
	Unknown string
}

// Skipped is a file that was not read.
type Skipped struct {
	File   *source.File
	Reason string
}

// Extract reads the facts of files. It looks up other files in fsys, where paths have the form of
// the files' names; fsys may be nil. The only error is the end of the context.
func Extract(ctx context.Context, fsys fs.FS, files []*source.File, options Options) (*Extraction, error) {
	readings := readFiles(ctx, files, options)
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	// JSON needs an array where a nil slice would be null.
	extraction := &Extraction{
		Facts:    facts.Facts{Deployments: []*facts.Deployment{}, Computes: []*facts.Compute{}},
		Disputed: map[any]terraform.Disputed{},
	}
	extraction.dropPlanned(readings)
	linker := link.New(fsys, link.Formats{Recognize: recognized, Links: links, Read: readWhole}, readings, options)
	if options.Settled != nil {
		extraction.units = map[any]Object{}
	}
	linker.Prepare(ctx)
	var objects []kube.Object
	for _, reading := range readings {
		for _, reader := range reading.Readers {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if why := linker.Unlinked(reader.Root); why != "" {
				reader.Completes = "no template: " + why
			}
			before := len(extraction.Deployments)
			extraction.add(ctx, reader, linker, options)
			objects = append(objects, kube.Object{Root: reader.Root, Deployments: extraction.Deployments[before:]})
		}
		extraction.Problems = append(extraction.Problems, reading.Problems...)
	}
	if !options.Inline && len(options.Untrusted) == 0 {
		extraction.Deployments, extraction.Problems = kube.DropOwned(extraction.Deployments, extraction.Problems, objects)
	}
	dependents, problems := linker.Dependents(ctx)
	extraction.Dependents, extraction.Problems = dependents, append(extraction.Problems, problems...)
	extraction.dropCalled(linker, readings) // after Dependents, which reads what may call the files
	extraction.dropCompiled(readings)
	if options.Completes != nil {
		extraction.explain(readings, options.Completes)
	}
	extraction.dropRepeated()
	extraction.Problems = append(extraction.Problems, linker.Problems()...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return extraction, nil
}

// dropPlanned removes what configurations of Terraform describe and plans, too, with all that is known of it.
func (e *Extraction) dropPlanned(readings []*link.Reading) {
	var readers []*read.Reader
	for _, reading := range readings {
		readers = append(readers, reading.Readers...)
	}
	covered := terraform.CoveredIn(readers)
	planned := map[string]bool{} // what is wrong with values in plans
	for _, r := range readers {
		if r.Format == terraform.Plan.Name {
			for _, problem := range r.Problems {
				planned[problem.Rule+problem.Message] = true
			}
		}
	}
	for _, reading := range readings {
		for _, r := range reading.Readers {
			for _, each := range append(r.Variants[:len(r.Variants):len(r.Variants)], r) {
				e.note(covered, each)
				if each.Format == terraform.Source.Name {
					dropCovered(covered, each, planned)
				}
			}
		}
		if terraform.IsSource(reading.File) {
			reading.Gather()
		}
	}
}

// note records what a configuration and a plan describe differently.
func (e *Extraction) note(covered *terraform.Covered, r *read.Reader) {
	for _, d := range r.Deployments {
		if disputed, ok := covered.Dispute(d); ok {
			e.Disputed[&d.Deployment] = disputed
		}
	}
	for _, c := range r.Computes {
		if disputed, ok := covered.Dispute(c); ok {
			e.Disputed[c] = disputed
		}
	}
}

// dropCovered removes what a plan describes, too, and the problems with it that the plan has.
func dropCovered(covered *terraform.Covered, r *read.Reader, planned map[string]bool) {
	r.Deployments = slices.DeleteFunc(r.Deployments, func(d *read.Draft) bool { return covered.Has(d) })
	r.Computes = slices.DeleteFunc(r.Computes, func(c *facts.Compute) bool { return covered.Has(c) })
	r.Parts = slices.DeleteFunc(r.Parts, covered.HasPart)
	var kept []facts.Problem
	for i, problem := range r.Problems {
		if !planned[problem.Rule+problem.Message] || !slices.ContainsFunc(r.ByResource, func(resource *read.Resource) bool {
			return resource.FirstProblem <= i && i < resource.EndProblem && covered.Has(resource)
		}) {
			kept = append(kept, problem)
		}
	}
	r.Problems = kept
}

// dropCalled removes what files describe that others include, if the others describe it, too: with their own values, which
// take the place of defaults. Values of parameters files stay, as does what the others include on a condition that is false. A
// module of Terraform that is called is never applied on its own.
func (e *Extraction) dropCalled(linker *link.Linker, readings []*link.Reading) {
	files := map[any]*source.File{} // by what may be dropped
	for _, reading := range readings {
		if reading.File.Skipped != "" {
			e.Skipped = append(e.Skipped, Skipped{reading.File, reading.File.Skipped})
		}
		if !linker.IsCalled(reading.File) {
			continue
		}
		for _, r := range reading.Readers {
			if !terraform.IsSource(reading.File) && (r.Parameters != nil || len(r.Variants) > 0) {
				continue
			}
			for _, d := range r.Deployments {
				files[&d.Deployment] = reading.File
			}
			for _, c := range r.Computes {
				files[c] = reading.File
			}
		}
	}
	if len(files) == 0 {
		return
	}
	included := map[place]bool{} // by the place of the description
	for _, d := range slices.Concat(e.Deployments, e.Dependents.Deployments) {
		included[placeOf(d.Location)] = included[placeOf(d.Location)] || files[d] == nil
	}
	for _, c := range slices.Concat(e.Computes, e.Dependents.Computes) {
		included[placeOf(c.Location)] = included[placeOf(c.Location)] || files[c] == nil
	}
	isIncluded := func(described any, location facts.Location) bool {
		file := files[described]
		return file != nil && (included[placeOf(location)] || terraform.IsSource(file))
	}
	e.Deployments = slices.DeleteFunc(e.Deployments, func(d *facts.Deployment) bool { return isIncluded(d, d.Location) })
	e.Computes = slices.DeleteFunc(e.Computes, func(c *facts.Compute) bool { return isIncluded(c, c.Location) })
	for _, reading := range readings {
		if linker.IsCalled(reading.File) && !e.describes(reading.File) {
			e.skip(reading.File, "another file includes it and describes the same")
		}
	}
}

// place is where a description is. A template in JSON may have been read twice.
type place struct {
	file       string
	start, end int
}

func placeOf(location facts.Location) place {
	span := location.Node.Span()
	return place{location.Node.File().Name, span.Start.Offset, span.End.Offset}
}

// explain adds the reason for each file of a language without a document of a known format.
func (e *Extraction) explain(readings []*link.Reading, completes func(*source.File) string) {
	for _, reading := range readings {
		file := reading.File
		if !file.IsForeign() || file.Skipped != "" || len(reading.Readers) > 0 {
			continue
		}
		reason := "describes nothing that is read"
		if what := completes(file); what != "" {
			reason = "contains no deployment; it completes " + what
		}
		e.Skipped = append(e.Skipped, Skipped{file, reason})
	}
}

// describes reports whether a document of a file describes a deployment or a compute.
func (e *Extraction) describes(file *source.File) bool {
	return slices.ContainsFunc(e.Deployments, func(d *facts.Deployment) bool { return d.Subject.File == file.Name }) ||
		slices.ContainsFunc(e.Computes, func(c *facts.Compute) bool { return c.Subject.File == file.Name })
}

// skip removes the documents of a file for a reason.
func (e *Extraction) skip(file *source.File, reason string) {
	before := len(e.Documents)
	e.Documents = slices.DeleteFunc(e.Documents, func(document Document) bool { return document.Root.File() == file })
	if len(e.Documents) < before {
		e.Skipped = append(e.Skipped, Skipped{file, reason})
	}
}

// drop removes deployments and computes.
func (e *Extraction) drop(described map[any]bool) {
	if len(described) > 0 {
		e.Deployments = slices.DeleteFunc(e.Deployments, func(d *facts.Deployment) bool { return described[d] })
		e.Computes = slices.DeleteFunc(e.Computes, func(c *facts.Compute) bool { return described[c] })
	}
}

func readFiles(ctx context.Context, files []*source.File, options Options) []*link.Reading {
	readings := make([]*link.Reading, len(files))
	if options.Inline {
		for i, file := range files {
			readings[i] = readFile(ctx, file, options)
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
				readings[i] = readFile(ctx, files[i], options)
			}
		})
	}
	workers.Wait()
	return readings
}

// add completes what one document describes and appends it.
func (e *Extraction) add(ctx context.Context, r *read.Reader, linker *link.Linker, options Options) {
	if e.units != nil {
		object := Object{r.Root.File(), r.Unit, r.Root}
		deployments, computes := len(e.Deployments), len(e.Computes)
		defer func() {
			for _, d := range e.Deployments[deployments:] {
				e.units[d] = object
			}
			for _, c := range e.Computes[computes:] {
				e.units[c] = object
			}
		}()
	}
	for _, d := range r.Deployments {
		d.Subject.SetDefaultNamespace(options.Namespace)
	}
	untrusted := untrustedSets(r, options)
	e.Documents = append(e.Documents, Document{Format: r.Format, Root: r.Root, Completes: r.Completes, Unknown: r.Unknown})
	if len(r.Variants) > 0 {
		linker.MergeVariants(ctx, r)
		for _, d := range r.Deployments {
			e.Deployments = append(e.Deployments, &d.Deployment)
		}
		e.Computes = append(e.Computes, r.Computes...)
		e.Problems = append(e.Problems, r.Problems...)
		return
	}
	e.Problems = append(e.Problems, r.Problems...)
	for _, d := range r.Deployments {
		variants := variants(d, untrusted, link.CountInterpretations(d, options))
		e.Problems = append(e.Problems, linker.Complete(ctx, d, func(own *facts.Compute) { r.Computes = append(r.Computes, own) })...)
		for _, variant := range variants {
			link.LowerBoundDevices(variant)
			link.MergeStatements(variant, options) // its problems are those of d
			variant.Compute = d.Compute
			link.Inventory(variant, options)
			e.Variants = append(e.Variants, facts.Variant{Deployment: &variant.Deployment, Of: len(e.Deployments)})
		}
		d.Finish()
		e.Deployments = append(e.Deployments, &d.Deployment)
	}
	for _, c := range r.Computes {
		c.Subject.SetDefaultNamespace(options.Namespace)
		problems := linker.MergeCompute(c)
		// Problems of a deployment's own compute are reported with the deployment.
		if !slices.ContainsFunc(r.Deployments, func(d *read.Draft) bool { return d.Compute == c }) {
			e.Problems = append(e.Problems, problems...)
		}
		e.Computes = append(e.Computes, c)
	}
}

// readWhole reads all documents of a file.
func readWhole(ctx context.Context, file *source.File, lists read.Lists) *link.Reading {
	return readFile(ctx, file, Options{Settings: func(string) *Settings { return &Settings{Lists: lists} }})
}

// readFile reads the documents of a file except the settled ones. It stops when the context ends.
func readFile(ctx context.Context, file *source.File, options Options) *link.Reading {
	reading := &link.Reading{File: file, Lists: options.Of(file.Name).Lists}
	unit := 0
	for _, document := range file.Documents {
		before := len(reading.Readers)
		objects, problems := objectsIn(document.Root)
		reading.Problems = append(reading.Problems, problems...)
		for _, object := range objects {
			if ctx.Err() != nil {
				break
			}
			if options.Settled == nil || !options.Settled(file.Name, unit) {
				reading.Readers = append(reading.Readers, readUnit(object, unit, reading.Lists)...)
			}
			unit++
		}
		var used []*source.Node
		for _, r := range reading.Readers[before:] {
			if !r.Auxiliary {
				used = append(used, r.Used...)
			}
			r.Used = nil
		}
		reading.Problems = append(reading.Problems, read.Duplicates(document.Root, used, func(root *source.Node) string {
			return recorded(ctx, root, reading.Lists)
		})...)
	}
	reading.Gather()
	return reading
}

// recorded returns the facts of a document in a comparable form.
func recorded(ctx context.Context, root *source.Node, lists read.Lists) string {
	var facts []any
	objects, _ := objectsIn(root)
	for _, object := range objects {
		if ctx.Err() != nil {
			break
		}
		for _, r := range readUnit(object, 0, lists) {
			facts = append(facts, r.Recorded()...)
		}
	}
	return read.Comparable(facts)
}

var listShape = read.MappingOf(map[string]*read.Shape{"items": read.ListOf(read.MappingShape)})

// objectsIn returns the objects that are read on their own: the document, or each item of a Kubernetes list. The problems
// are those of lists.
func objectsIn(document *source.Node) (objects []*source.Node, problems []facts.Problem) {
	items, list := kube.Listed(document)
	if !list {
		return []*source.Node{document}, nil
	}
	r := &read.Reader{Root: document}
	r.CheckShape(document, listShape)
	problems = r.Problems
	for _, item := range items {
		inside, further := objectsIn(item)
		objects, problems = append(objects, inside...), append(problems, further...)
	}
	return objects, problems
}

// readUnit reads an object and those inside it; none if no format matches.
func readUnit(object *source.Node, unit int, lists read.Lists) []*read.Reader {
	r := readDocument(object, lists)
	if r == nil {
		return nil
	}
	readers := withInner(r)
	for _, each := range readers {
		each.Unit = unit
	}
	return readers
}

// withInner returns a reader and those of the objects in its object, at any depth.
func withInner(r *read.Reader) []*read.Reader {
	readers := []*read.Reader{r}
	for _, inner := range r.Inner {
		readers = append(readers, withInner(inner)...)
	}
	return readers
}

// readDocument reads a document with the first matching format, nil if there is none. If a
// Kubernetes object has an unknown version and its format finds nothing, it is read by its
// structure.
func readDocument(root *source.Node, lists read.Lists) *read.Reader {
	for _, format := range formats() {
		if !format.Matches(root) {
			continue
		}
		r := readerOf(format, root, lists)
		if foundNothing(r) && kube.OfUnknownVersion(root) {
			if other := readerOf(kube.OtherKind(ofOtherFormat), root, lists); len(other.Deployments)+len(other.Inner) > 0 {
				return other
			}
		}
		return r
	}
	return nil
}

// readerOf reads a document with a format that matches it.
func readerOf(f *read.Format, root *source.Node, lists read.Lists) *read.Reader {
	r := &read.Reader{Format: f.Name, Auxiliary: f.Auxiliary, Links: f.Links, Root: root, Lists: lists, Document: readDocument}
	_, kind := kube.GroupKind(root)
	want := f.Shapes[kind]
	if want == nil {
		want = f.Shapes[""]
	}
	r.CheckShape(root, want)
	r.AlwaysReported = slices.Clone(r.Problems)
	f.Read(r)
	if isPython(root.File()) {
		r.MarkUses()
	}
	if r.Auxiliary {
		r.Problems = r.AlwaysReported
	}
	return r
}

// isPython reports whether a file is in Python, where names stand for values.
func isPython(file *source.File) bool {
	of := language.Of(file.Name)
	return file.IsForeign() && of != nil && of.Name == "python"
}

// foundNothing reports whether a document has no compute, no part of others and no useful
// deployment. A deployment is not useful if only the object's metadata and kind have facts.
func foundNothing(r *read.Reader) bool {
	return len(r.Computes)+len(r.Parts)+len(r.Inner)+len(r.Variants) == 0 &&
		!slices.ContainsFunc(r.Deployments, func(d *read.Draft) bool {
			return d.Target.Known || d.GPUs.Known || d.FPGAs.Known || d.CPUCores.Known || d.MemoryGiB.Known || d.MemoryLimitGiB.Known ||
				len(d.Images)+len(d.Models) > 0 ||
				slices.ContainsFunc(d.References, func(reference *read.Reference) bool { return !reference.Implied })
		})
}
