package link

import (
	"context"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Settings are what the command line and the configuration declare for the deployments of a file.
type Settings struct {
	// Cluster is the target of Kubernetes workloads whose documents do not identify their cluster:
	// AKS or Kubernetes.
	Cluster facts.Fact[facts.Target]
	// Statements returns the configuration's statements about a subject, most trusted first.
	Statements func(facts.Subject) []*read.Statement
	// ModelSize returns the size of a model in bytes from the configuration's inventory. version
	// may be empty.
	ModelSize func(name, version string) facts.Fact[int64]
	// Lists are the configuration's additions to the lists that are kept as data.
	Lists read.Lists
}

// Options are how documents are completed.
type Options struct {
	// Settings returns those of a file. If it is nil, nothing is declared.
	Settings func(file string) *Settings
	// Alone ignores other documents and files.
	Alone bool
	// Project returns the project of a file. If it is nil, each folder is a project.
	Project func(file string) *Project
	// Unrecognized has the names of the run's files that are not among those to read: they have no document of a known
	// format, or all their units are settled.
	Unrecognized map[string]bool
	// Settled reports whether a unit of a file is left out, because its facts are of no use any more. If it is nil, all
	// are read.
	Settled func(file string, unit int) bool

	// Parse reads a file that is not among those to read. If it is nil, source.Parse reads it.
	Parse func(name string, data []byte) *source.File
	// Off reports whether the configuration turns the language of a file off. It may be nil.
	Off func(name string) bool
	// IsCalled reports whether another file includes a file, so that the documents of the callers describe what is in it. It
	// may be nil.
	IsCalled func(file *source.File) bool
	// Completes returns what a file of a language adds to that has no documents, empty for nothing. It is nil if nobody
	// asks for the files without documents.
	Completes func(file *source.File) string

	// Untrusted are the keys of statements that a document alone is not trusted to set. A deployment
	// with such statements has a variant without them.
	Untrusted []string
	// Object is true if the documents are objects of an API server of Cluster.
	Object bool
	// Namespace is that of Kubernetes objects that do not declare one.
	Namespace string
	// Inline keeps all work in the goroutine of the caller.
	Inline bool
}

// Project is a set of files whose documents may refer to each other. Projects are compared by
// pointer.
type Project struct {
	// Root is the folder of the files; files outside are not looked up. If it is empty, paths may
	// lead to any folder.
	Root string
	// Files returns the names of the files in the form of source.File.Name. ok is false if there
	// are too many to search.
	Files func(context.Context) (names []string, ok bool)
	// Ignored reports whether patterns exclude a file, or a folder if the name ends in a slash, without those for the folders around
	// it. It may be nil.
	Ignored func(name string) bool
	// Direct converts a path with .. to the form of source.File.Name. It is nil if paths have that
	// form already.
	Direct func(name string) string
}

const (
	// maxReferences limits the references of a deployment, including indirect ones.
	maxReferences = 100
	// maxFound limits how many of several definitions are listed in messages.
	maxFound = 5
)

// Of returns the settings of a file.
func (o Options) Of(file string) *Settings {
	if o.Settings != nil {
		if settings := o.Settings(file); settings != nil {
			return settings
		}
	}
	return &Settings{}
}

func (s *Settings) statements(subject facts.Subject) []*read.Statement {
	if s.Statements == nil {
		return nil
	}
	return s.Statements(subject)
}
