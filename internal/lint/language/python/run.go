package python

import (
	"maps"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/notebook"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// maxPrograms limits the programs that are read because a notebook runs them.
const maxPrograms = 32

// otherCode notes to which names of a notebook the programs assign that it runs.
// https://ipython.readthedocs.io/en/stable/interactive/magics.html#magic-run
func (r *Reader) otherCode(notebook string, n *names) {
	known := map[string]bool{}
	for _, other := range n.Others {
		words := strings.Fields(other.Command)
		if len(words) < 2 || words[0] != "%run" || r.files == nil {
			n.rewrites = max(n.rewrites, other.Token)
			continue
		}
		name, ok := r.files.Resolve(notebook, words[1])
		if ok && known[name] {
			continue
		}
		assigned, ok := r.assignedBy(name)
		if !ok || len(known) == maxPrograms {
			n.rewrites = max(n.rewrites, other.Token)
			continue
		}
		known[name] = true
		maps.Copy(n.others, assigned)
	}
}

// assignedBy returns the names of the module to which a program or a notebook assigns; ok is false if these may be any.
func (r *Reader) assignedBy(name string) (assigned map[string]bool, ok bool) {
	data, ok := r.files.Read(name)
	if !ok {
		return nil, false
	}
	f := source.Decode(name, data)
	code, parts := syntax.New(string(f.Text)), []placed{{at: syntax.Span{End: len(f.Text)}}}
	switch {
	case isNotebook(name):
		code, parts = join(notebook.Read(f))
	case !strings.HasSuffix(name, ".py"):
		return nil, false
	}
	for _, part := range parts {
		if code.Read(part.at, isNotebook(name)) != nil {
			return nil, false
		}
	}
	n := bind(code)
	if len(f.Problems)+len(n.stars)+len(n.Others) > 0 || n.rewrites >= 0 {
		return nil, false
	}
	assigned = maps.Clone(n.foreign)
	for in := range n.bindings {
		if in.scope == 0 {
			assigned[in.name] = true
		}
	}
	return assigned, true
}
