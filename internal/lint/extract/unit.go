package extract

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/link"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Object is a document or an item of a list.
type Object struct {
	File *source.File
	Unit int // the index among the documents and items of the file
	root *source.Node
}

// Objects returns the objects in a file if one of them can stand alone (Unit). Otherwise, they may concern each other in a
// way that no object alone shows: a text that cannot be read may have anything, equal keys are judged by what else their
// document has, a controller takes the place of what it owns, and a text without a known document may be a broken parameters
// file for the templates of its folder.
func Objects(file *source.File) (all []Object, ok bool) {
	known := slices.ContainsFunc(file.Documents, func(d *source.Document) bool { return Known(d.Root) })
	if len(file.Problems) > 0 || !known && arm.ParametersFile.Marked(file.Text) {
		return nil, false
	}
	for _, document := range file.Documents {
		roots, problems := objectsIn(document.Root)
		if len(problems) > 0 || read.HasDuplicates(document.Root) || hasKey(document.Root, kube.OwnersKey) {
			return nil, false
		}
		for _, root := range roots {
			all = append(all, Object{file, len(all), root})
		}
	}
	return all, true
}

// Unit is what an object describes that stands alone: nothing in other files or elsewhere in its own completes it, nothing
// refers to it, and it has no problem. Most units describe nothing.
type Unit struct {
	Object
	Deployments []*facts.Deployment
	Computes    []*facts.Compute
}

// Units reads objects on all cores and returns the units of those that stand alone, complete and in order. If
// the context ends, it returns none.
func Units(ctx context.Context, objects []Object, options Options) []Unit {
	options.Alone = true // what stands alone is the same without other files
	units := make([]Unit, len(objects))
	alone := make([]bool, len(objects))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(objects)) {
		workers.Go(func() {
			linker := link.New(nil, link.Formats{}, nil, options)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(objects) || ctx.Err() != nil {
					return
				}
				units[i], alone[i] = readAlone(ctx, objects[i], linker, options)
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil
	}
	last := 0
	for i := range units {
		if alone[i] {
			units[last] = units[i]
			last++
		}
	}
	return units[:last]
}

// readAlone reads and completes what an object describes. It reports whether the object stands alone.
func readAlone(ctx context.Context, object Object, linker *link.Linker, options Options) (Unit, bool) {
	readers := readUnit(object.root, object.Unit, options.Of(object.File.Name).Lists)
	if slices.ContainsFunc(readers, linksOthers) {
		return Unit{}, false
	}
	described := &Extraction{}
	for _, r := range readers {
		described.add(ctx, r, linker, options)
	}
	alone := len(described.Problems)+len(described.Variants) == 0
	return Unit{object, described.Deployments, described.Computes}, alone
}

// linksOthers reports whether a document may refer to others, or others to it. Only formats with Links define
// what others refer to, and have models whose files are measured.
func linksOthers(r *read.Reader) bool {
	return r.Links || slices.ContainsFunc(r.Deployments, func(d *read.Draft) bool { return len(d.References) > 0 || OfFolder(&d.Deployment) })
}

// hasKey reports whether a mapping in a document has a key.
func hasKey(n *source.Node, key string) bool {
	for _, item := range n.Items() {
		if item.Parent() == n && hasKey(item, key) {
			return true
		}
	}
	for _, member := range n.Members() {
		if member.Key.Text() == key || member.Value.Parent() == n && hasKey(member.Value, key) {
			return true
		}
	}
	return false
}
