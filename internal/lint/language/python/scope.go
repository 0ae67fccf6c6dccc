package python

import (
	"slices"
	"sort"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
)

// eachCall visits the calls by a name, which may have dots.
func (n *names) eachCall(visit func(from, open int)) {
	for _, s := range n.Statements {
		for i := s.From; i < s.To; i++ {
			if n.Tokens[i].Kind != syntax.Name || n.IsKeyword(i) || i > s.From && (n.Is(i-1, ".") || n.Is(i-1, "def") || n.Is(i-1, "class")) {
				continue
			}
			if _, end := n.dotted(i, s.To); end < s.To && n.Is(end, "(") {
				visit(i, end)
			}
		}
	}
}

// functionAround returns the name of the function that a block is in, empty for none.
func (n *names) functionAround(block int) string {
	scope := n.scopeOf(block)
	if n.Blocks[scope].Kind != syntax.Function {
		return ""
	}
	at := n.Blocks[scope].From
	for ; at < n.Blocks[scope].To; at++ {
		if n.Is(at, "def") {
			return n.Word(at + 1)
		}
	}
	return ""
}

// statementOf returns the first token of the statement of a token.
func (n *names) statementOf(i int) int {
	return n.Statements[max(sort.Search(len(n.Statements), func(k int) bool { return n.Statements[k].From > i })-1, 0)].From
}

// blockOf returns the index of the block of a token.
func (n *names) blockOf(i int) int {
	at := sort.Search(len(n.Statements), func(k int) bool { return n.Statements[k].From > i }) - 1
	if at < 0 {
		return 0
	}
	return n.Statements[at].Block
}

// scopeOf returns the function, class or module of a block.
func (n *names) scopeOf(block int) int {
	for block > 0 && n.Blocks[block].Kind != syntax.Function && n.Blocks[block].Kind != syntax.Class {
		block = n.Blocks[block].Parent
	}
	return block
}

// contains reports whether a block is another one or is in it.
func (n *names) contains(outer, inner int) bool {
	for inner > outer {
		inner = n.Blocks[inner].Parent
	}
	return inner == outer
}

// visible returns the bindings of a name in the innermost scope around a token that has any, and whether it is the scope
// of the token itself.
func (n *names) visible(name string, use int) (found []*binding, own bool) {
	if n.counts[name] == 0 || n.foreign[name] {
		return nil, false
	}
	scope := n.scopeOf(n.blockOf(use))
	for own = true; ; own = false {
		if own || n.Blocks[scope].Kind != syntax.Class {
			if found = n.bindings[inScope{name, scope}]; len(found) > maxBindings {
				return nil, false
			} else if len(found) > 0 {
				return found, own
			}
		}
		if scope == 0 {
			return nil, false
		}
		scope = n.scopeOf(n.Blocks[scope].Parent)
	}
}

// reaching returns the bindings of a name that a token may use: the last one before it where that is certain, else all.
func (n *names) reaching(name string, use int) []*binding {
	found, own := n.visible(name, use)
	outside := func(b *binding) bool { return b.until > 0 && (use < b.after || use >= b.until) }
	if slices.ContainsFunc(found, outside) {
		found = slices.DeleteFunc(slices.Clone(found), outside)
	}
	if !own {
		return found
	}
	var last *binding
	for _, b := range found {
		if b.after <= use {
			last = b
		}
	}
	block := n.blockOf(use)
	if last == nil || !n.dominates(last.block, block) {
		return found
	}
	for _, b := range found {
		if b.after > use && n.repeats(b.block, block, last.block) {
			return found
		}
	}
	return []*binding{last}
}

// dominates reports whether what is in a block has run when something later in another block runs.
func (n *names) dominates(earlier, later int) bool {
	for n.Blocks[earlier].Kind == syntax.Plain {
		earlier = n.Blocks[earlier].Parent
	}
	return n.contains(earlier, later)
}

// repeats reports whether a loop around two blocks is not around a third: what is later in the text may then have run.
func (n *names) repeats(later, block, outside int) bool {
	for at := block; at > 0; at = n.Blocks[at].Parent {
		if n.Blocks[at].Kind == syntax.Loop && n.contains(at, later) && !n.contains(at, outside) {
			return true
		}
	}
	return false
}

// constant returns the only binding of a name in the file, if a token can use it.
func (n *names) constant(name string, use int) (b *binding, why string) {
	found, own := n.visible(name, use)
	switch {
	case n.foreign[name], n.counts[name] > 1:
		return nil, whyTwice
	case len(found) == 0:
		return nil, whyUnassigned
	case found[0].path != "", n.starAfter(found[0].after):
		return nil, whyImported
	case n.isRewritten(found[0]):
		return nil, whyRewritten
	case n.starAfter(-1) && !n.dominates(found[0].block, n.blockOf(use)):
		return nil, whyImported // if it is not assigned
	case !found[0].hasValue():
		return nil, whyParameter
	case own && found[0].after > use:
		return nil, whyUnassigned
	}
	return found[0], ""
}

// isRewritten reports whether other code may assign to the name of a binding later.
func (n *names) isRewritten(b *binding) bool { return n.rewrites >= b.after || n.others[b.name] }

// starAfter reports whether all names of a module, which may be any, are imported after a token.
func (n *names) starAfter(i int) bool {
	return slices.ContainsFunc(n.stars, func(star *binding) bool { return star.after > i && !isSDK(star.path) })
}

// paths returns the paths that a name with dots may have by the imports, nil if it may name anything else. A name may stand for
// another one. None beside imports is what a program has if an import fails.
func (n *names) paths(dotted string, use, depth int) []string {
	name, rest, _ := strings.Cut(dotted, ".")
	if n.replaced(name, rest) {
		return nil
	}
	if rest != "" {
		rest = "." + rest
	}
	if n.counts[name] == 0 && len(n.stars) > 0 {
		star := n.stars[len(n.stars)-1]
		if star.block == 0 && isSDK(star.path) {
			return []string{star.path + "." + name + rest}
		}
		return nil
	}
	var paths []string
	for _, b := range n.reaching(name, use) {
		var some []string
		switch {
		case n.starAfter(b.after):
			return nil
		case b.path != "":
			some = []string{b.path}
		case b.value.To == b.value.From+1 && n.Is(b.value.From, "None"):
			continue
		case b.after <= use || n.scopeOf(b.block) != n.scopeOf(n.blockOf(use)):
			some = n.pathsOf(b, depth)
		}
		if len(some) == 0 {
			return nil
		}
		for _, path := range some {
			if path += rest; !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// pathsOf returns the paths that the value of a binding may have, nil if it may be anything else.
func (n *names) pathsOf(b *binding, depth int) []string {
	path, end := n.dotted(b.value.From, b.value.To)
	if !b.hasValue() || end != b.value.To || depth > maxNesting || n.isRewritten(b) {
		return nil
	}
	paths, known := n.renamed[b.value.From]
	if !known {
		n.renamed[b.value.From] = nil // as long as it stands for itself
		paths = n.paths(path, b.value.From, depth+1)
		n.renamed[b.value.From] = paths
	}
	return paths
}

// replaced reports whether a module or a class is changed: what stands behind a name, or how objects are made.
func (n *names) replaced(name, rest string) bool {
	if n.isChanged(name, "__init__") || n.isChanged(name, "__new__") {
		return true
	}
	first, _, _ := strings.Cut(rest, ".")
	last := rest[strings.LastIndexByte(rest, '.')+1:]
	return rest != "" && (n.isChanged(name, first) || n.changed[""][last])
}

// isSDK reports whether a module is one of Azure ML's.
func isSDK(module string) bool {
	for _, root := range []string{v1Module, v2Module} {
		if module == root || strings.HasPrefix(module, root+".") {
			return true
		}
	}
	return false
}
