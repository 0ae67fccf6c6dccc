package lint

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Input is a file or an object.
type Input struct {
	// Name is the path as the user wrote it, with slashes; findings name it.
	Name string
	// Read returns the content and is called at most once. It may use the memory of buffer, which may be nil, for it.
	Read func(buffer []byte) ([]byte, error)
}

// inputFiles are the inputs of a run.
type inputFiles struct {
	parser *fileParser    // of the inputs; nil for an object
	files  []*source.File // those that may contain a document of a known format, in the order of the inputs
	count  int            // inputs that could be read
	errors []error        // of the others, in the order of the inputs

	// unrecognized has the names of inputs that could be read and are not among files: no format can be in them, or all
	// in them is settled.
	unrecognized map[string]bool
	names        []string // of the inputs that could be read
	faults       []fault  // of the nested configurations that apply to inputs
	settled      settled
}

// fault is a mistake in a nested configuration, and the configuration that applies all the same.
type fault struct {
	*config.Error
	config *config.Config
}

// problems are the mistakes in nested configurations.
func (i inputFiles) problems() []facts.Problem {
	var problems []facts.Problem
	for _, fault := range i.faults {
		problem := facts.Problem{Rule: facts.SyntaxRule, Severity: Error, Message: fault.Message, Remedy: fault.Remedy}
		if fault.Line > 0 {
			problem.Location.Node = fault.Source.Mark(fault.Span)
		} else { // about all of the file, which may not have been read
			problem.Message = fault.Error.Error()
		}
		problems = append(problems, problem)
	}
	return problems
}

// faulty are the inputs that could not be read or are below a broken configuration, and the text in the others that
// could not be parsed.
func (i inputFiles) faulty() []error {
	errs := i.errors
	for _, file := range i.files {
		for _, problem := range file.Problems {
			at := problem.Span.Start
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s", file.Name, at.Line, at.Column, problem.Message))
		}
	}
	return errs
}

// fileResult is the result of reading one input. It has neither a file nor an error if the input cannot contain a
// document of a known format.
type fileResult struct {
	name string
	file *source.File
	err  error
}

// parser reads files in some languages.
type parser interface {
	// recognize returns what a file may contain.
	recognize(name string, data []byte) extract.Recognition
	// parse reads a file.
	parse(name string, data []byte) *source.File
}

// fileParser reads the files of a run and of its project in the languages of their names.
type fileParser struct {
	without Without
	readers *language.Readers
	off     func(file string) bool
}

func (p *fileParser) recognize(name string, data []byte) extract.Recognition {
	recognition := extract.RecognizeFile(name, data)
	if recognition != extract.Unrecognized && p.off(name) {
		return extract.Unrecognized
	}
	return recognition
}

func (p *fileParser) parse(name string, data []byte) *source.File {
	if file, ok := p.readers.Read(name, data); ok {
		return file
	}
	return p.without.parse(name, data)
}

// textParser reads YAML and JSON, whatever their names.
type textParser func(name string, data []byte) *source.File

func (textParser) recognize(_ string, data []byte) extract.Recognition {
	return extract.Recognize(data)
}

func (p textParser) parse(name string, data []byte) *source.File { return p(name, data) }

// readAll reads and parses the inputs on all cores. It stops early if the context ends. As soon as the texts of the files
// have size bytes, and each time when as much is read again, settle may take some of the files since the last time out.
func readAll(ctx context.Context, inputs iter.Seq[Input], parser *fileParser, size int64, settle func(all *inputFiles, from int)) inputFiles {
	type job struct {
		input  Input
		result *fileResult
	}
	jobs := make(chan job, 64)
	var workers, pending sync.WaitGroup
	var texts atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			worker := worker{parser, make([]byte, bufferSize)}
			for job := range jobs {
				job.result.file, job.result.err = worker.parse(job.input)
				if job.result.file != nil {
					texts.Add(int64(len(job.result.file.Text)))
				}
				pending.Done()
			}
		})
	}
	all := inputFiles{parser: parser, unrecognized: map[string]bool{}}
	var results []*fileResult
	add := func() {
		pending.Wait()
		from := len(all.files)
		all.add(results...)
		results = nil
		if texts.Load() >= size {
			settle(&all, from)
			texts.Store(0)
		}
	}
	for input := range inputs {
		if ctx.Err() != nil {
			break
		}
		result := &fileResult{name: input.Name}
		results = append(results, result)
		pending.Add(1)
		jobs <- job{input, result}
		if texts.Load() >= size {
			add()
		}
	}
	close(jobs)
	workers.Wait()
	add()
	return all
}

// readObject reads an object of a Kubernetes API server in the goroutine of the caller.
func readObject(object Input) inputFiles {
	worker := worker{parser: textParser(source.Options{Ignore: extract.IgnoredInObjects()}.Parse)}
	file, err := worker.parse(object)
	if file != nil {
		file.Live = true
	}
	all := inputFiles{unrecognized: map[string]bool{}}
	all.add(&fileResult{object.Name, file, err})
	return all
}

// add adds the results of reading inputs.
func (all *inputFiles) add(results ...*fileResult) {
	for _, result := range results {
		switch {
		case result.err != nil:
			all.errors = append(all.errors, result.err)
			continue
		case result.file == nil:
			all.unrecognized[result.name] = true
		default:
			all.files = append(all.files, result.file)
		}
		all.names = append(all.names, result.name)
		all.count++
	}
}

// positions returns the indexes of the names of the files from an index on.
func (all *inputFiles) positions(from int) map[*source.File]int {
	files := all.files[from:]
	positions := make(map[*source.File]int, len(files))
	position := len(all.names)
	for _, file := range slices.Backward(files) { // of many names, those of the files are the last ones
		for position--; all.names[position] != file.Name; {
			position--
		}
		positions[file] = position
	}
	return positions
}

// relevant returns the problems with text that may belong to a deployment.
func relevant(file *source.File, recognition extract.Recognition) []source.Problem {
	if recognition == extract.Auxiliary {
		return nil
	}
	known := slices.ContainsFunc(file.Documents, func(document *source.Document) bool { return extract.Known(document.Root) })
	return slices.DeleteFunc(file.Problems, func(problem source.Problem) bool {
		unread := problem.Kind == source.Malformed || problem.Kind == source.Unrendered
		return unread && !known && !extract.Plausible(documentAround(file.Text, problem.Span.Start.Offset))
	})
}

// documentAround returns the text of the YAML document at an offset.
func documentAround(text []byte, offset int) string {
	const separator = "\n---"
	offset = min(offset, len(text))
	start := max(0, bytes.LastIndex(text[:offset], []byte(separator)))
	end := len(text)
	if next := bytes.Index(text[offset:], []byte(separator)); next >= 0 {
		end = offset + next
	}
	return string(text[start:end])
}

// worker reads and parses one input after the other.
type worker struct {
	parser parser
	buffer []byte // for the content of inputs that are not parsed; nil for inputs that are parsed anyway
}

// Most files with deployments, and most programs, are smaller than a buffer at first. It grows up to its largest size.
const (
	bufferSize    = 64 << 10
	maxBufferSize = 1 << 20
)

// parse returns nil for an input that cannot contain a document of a known format.
func (w *worker) parse(input Input) (*source.File, error) {
	data, err := input.Read(w.buffer)
	if err != nil {
		return nil, err
	}
	recognition := w.parser.recognize(input.Name, data)
	isBuffered := cap(data) > 0 && cap(w.buffer) > 0 && &data[:1][0] == &w.buffer[:1][0]
	switch {
	case recognition == extract.Unrecognized:
		if n := len(data); w.buffer != nil && n >= len(w.buffer) && n < maxBufferSize {
			w.buffer = make([]byte, min(2*n, maxBufferSize))
		}
		return nil, nil
	case isBuffered:
		data = bytes.Clone(data)
	}
	file := w.parser.parse(input.Name, data)
	if file.IsForeign() {
		return file, nil
	}
	if len(file.Problems) > 0 {
		file.Problems = relevant(file, recognition)
	}
	if file.Confidential = terraform.Confidential(file.Text); file.Confidential {
		hideText(file.Problems)
	}
	return file, nil
}

// hideText removes quotes of a confidential text from messages.
func hideText(problems []source.Problem) {
	for i := range problems {
		if problems[i].Kind == source.Malformed {
			problems[i].Message = "invalid JSON or YAML; the text is not shown because such files contain secrets"
		}
	}
}

// parseAlone reads a file in the language of its name, without the files that it includes.
func parseAlone(name string, data []byte) *source.File {
	if file, ok := language.NewReaders(nil).Read(name, data); ok {
		return file
	}
	return source.Parse(name, data)
}
