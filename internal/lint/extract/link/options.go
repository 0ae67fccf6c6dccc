package link

import (
	"context"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Options is what the command line and the configuration say of deployments.
type Options struct {
	// Cluster is the target of Kubernetes workloads whose documents do not tell
	// what cluster they are for: AKS or Kubernetes.
	Cluster facts.Fact[facts.Target]
	// Stated returns the configuration's statements about a subject, most trusted first.
	Stated func(facts.Subject) []*read.Statement
	// ModelSize returns the size in bytes that the configuration's inventory
	// has for a model; version may be empty.
	ModelSize func(name, version string) facts.Fact[int64]
	// Lists are the configuration's additions to what is known as data.
	Lists read.Lists

	// Alone leaves out what other documents and files say: each document stands by itself.
	Alone bool
	// Project returns the project of a file; nil where each folder is one.
	Project func(file string) *Project
	// Unrecognized names the files of the run that hold no document of a known format.
	Unrecognized map[string]bool

	// Untrusted are the words of Statements that are not taken on trust from a document that
	// stands alone; see Doubt.
	Untrusted []string
	// Object says that the documents are objects of an API server of Cluster; see Doubt.
	Object bool
	// Namespace is that of Kubernetes objects which do not state their own.
	Namespace string
	// Inline keeps all work in the goroutine of the caller.
	Inline bool
}

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

const (
	// maxMentions bounds what a deployment refers to, by way of others too.
	maxMentions = 100
	// maxFound is how many of several definitions are named: who has more than that
	// copies folders.
	maxFound = 5
)

func (o Options) stated(subject facts.Subject) []*read.Statement {
	if o.Stated == nil {
		return nil
	}
	return o.Stated(subject)
}
