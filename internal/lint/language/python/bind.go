package python

import (
	"slices"
	"sort"
	"strings"
)

// binding is a place that gives a name a value.
type binding struct {
	name  string
	after int    // index of the first token for which it counts
	block int    // index of the block
	value part   // the expression, empty if the value is not one expression
	path  string // of what is imported, with dots; empty for anything else
}

// namedCall is a call by a name, and the names among its arguments.
type namedCall struct {
	function  string
	arguments []string
}

// inScope identifies the bindings of a name in a function, a class or the module.
type inScope struct {
	name  string
	scope int
}

// maxBindings is how many bindings of a name in a scope are looked at.
const maxBindings = 64

// maxHead is how many tokens are looked at for the end of the head of a comprehension or a lambda.
const maxHead = 1000

func (b *binding) hasValue() bool { return b.value.to > b.value.from }

// names are the names of a file and what happens to them.
type names struct {
	*code
	bindings map[inScope][]*binding // in the order of the text
	counts   map[string]int         // how many bindings a name has in the file
	foreign  map[string]bool        // declared global or nonlocal
	imported map[string]bool        // bound by an import of the SDK
	stars    []*binding             // imports of all names of a module, in the order of the text
	heads    map[int]int            // the block of a statement by the index of its first token

	changed map[string]map[string]bool // attributes that are assigned later, by the name of the object; "" for all
	mutated map[string]bool            // names of collections that are changed
	aliases map[string]string          // another name of the same object, in the direction of the one that stands for all

	defined   map[string]bool     // the names of the functions of the file
	functions map[string][]string // the parameters of the functions of the file
	assigned  map[int]string      // the first name that a statement binds or returns to, by the statement's first token
	calls     []namedCall
	results   [][2]string // names of results of calls by a name, and that name
}

// bind collects what the statements do with names.
func bind(c *code) *names {
	n := &names{
		code: c, bindings: map[inScope][]*binding{}, counts: map[string]int{}, imported: map[string]bool{}, functions: map[string][]string{}, assigned: map[int]string{}, defined: map[string]bool{}, foreign: map[string]bool{}, heads: map[int]int{},
		changed: map[string]map[string]bool{}, mutated: map[string]bool{}, aliases: map[string]string{},
	}
	for i, b := range c.blocks[1:] {
		n.heads[b.from] = i + 1
	}
	for _, s := range c.statements {
		if s.from < s.to {
			n.statement(s)
			n.expressions(s)
		}
	}
	for _, all := range n.bindings {
		slices.SortStableFunc(all, func(a, b *binding) int { return a.after - b.after })
	}
	n.settle()
	return n
}

func (n *names) bind(name string, b binding) {
	b.name = name
	in := inScope{name, n.scopeOf(b.block)}
	n.bindings[in] = append(n.bindings[in], &b)
	n.counts[name]++
	if b.path != "" && (isSDK(b.path) || strings.HasPrefix(v2Module, b.path+".")) {
		n.imported[name] = true
	}
}

func (n *names) statement(s statement) {
	first := s.from
	if n.is(first, "async") && first+1 < s.to {
		first++
	}
	switch word := n.word(first); {
	case n.tokens[first].kind != nameToken:
		n.assignment(s)
	case word == "import":
		n.imports(s)
	case word == "from" && n.find(s.from, s.to, "import") < s.to:
		n.importsFrom(s)
	case word == "global", word == "nonlocal":
		for i := first + 1; i < s.to; i++ {
			n.foreign[n.word(i)] = true
		}
	case word == "del":
		n.target(first+1, s.to, s, part{})
	case word == "def":
		n.function(first, s)
	case word == "class":
		n.bindToken(first+1, s.to, s)
	case word == "for":
		in := n.find(first, s.to, "in")
		n.target(first+1, in, s, part{})
		n.aliasAll(part{first + 1, in}, part{in + 1, s.to})
	case word == "with", word == "except":
		n.targetsOfAs(first, s)
	case word == "return":
		n.assigned[s.from] = n.functionAround(s.block)
	case word == "case":
		n.captures(first+1, s)
	case word == "type" && first+1 < s.to && n.tokens[first+1].kind == nameToken:
		n.bindToken(first+1, s.to, s)
	case n.isKeyword(first):
	default:
		n.assignment(s)
	}
}

// bindToken binds the name of a token.
func (n *names) bindToken(i, to int, s statement) {
	if i < to && n.tokens[i].kind == nameToken {
		n.bind(n.word(i), binding{after: i, block: s.block})
	}
}

// dotted returns the name with dots at the start of some tokens, and the index behind it.
func (n *names) dotted(from, to int) (path string, end int) {
	end = from
	for end < to && (n.is(end, ".") || n.is(end, "...")) { // of a relative import
		end++
	}
	for end < to && n.tokens[end].kind == nameToken && !n.isKeyword(end) {
		if end++; end+1 >= to || !n.is(end, ".") || n.tokens[end+1].kind != nameToken || n.isKeyword(end+1) {
			break
		}
		end++
	}
	return n.joined(from, end), end
}

// joined returns the text of some tokens without what stands between them.
func (n *names) joined(from, to int) string {
	if from == to {
		return ""
	}
	length := 0
	for _, t := range n.tokens[from:to] {
		length += t.end - t.start
	}
	if all := n.text[n.tokens[from].start:n.tokens[to-1].end]; len(all) == length {
		return all
	}
	var text strings.Builder
	for i := from; i < to; i++ {
		text.WriteString(n.word(i))
	}
	return text.String()
}

// imports reads "import a.b, c as d".
func (n *names) imports(s statement) {
	for _, each := range n.split(s.from+1, s.to) {
		path, end := n.dotted(each.from, each.to)
		name, _, _ := strings.Cut(path, ".")
		bound := name
		if end+1 < each.to && n.is(end, "as") {
			name, bound = n.word(end+1), path
		}
		n.bind(name, binding{after: s.to, block: s.block, path: bound})
	}
}

// importsFrom reads "from a.b import c, d as e".
func (n *names) importsFrom(s statement) {
	module, _ := n.dotted(s.from+1, s.to)
	from, to := n.find(s.from, s.to, "import")+1, s.to
	if from < to && n.opens(from) {
		from, to = from+1, n.tokens[from].match
	}
	for _, each := range n.split(from, to) {
		if each.from == each.to {
			continue
		}
		name := n.word(each.from)
		if name == "*" {
			n.stars = append(n.stars, &binding{after: s.to, block: s.block, path: module})
			continue
		}
		path := module + "." + name
		if each.from+2 < each.to && n.is(each.from+1, "as") {
			name = n.word(each.from + 2)
		}
		n.bind(name, binding{after: s.to, block: s.block, path: path})
	}
}

// function binds the name and the parameters of "def name(…)".
func (n *names) function(def int, s statement) {
	n.bindToken(def+1, s.to, s)
	open := def + 2
	if open < s.to && n.is(open, "[") {
		open = n.next(open)
	}
	if open >= s.to || !n.opens(open) {
		return
	}
	n.defined[n.word(def+1)] = true
	inside, ok := n.heads[s.from]
	if !ok {
		inside = s.block
	}
	for _, parameter := range n.split(open+1, n.tokens[open].match) {
		for parameter.from < parameter.to && (n.is(parameter.from, "*") || n.is(parameter.from, "**")) {
			parameter.from++
		}
		n.bindToken(parameter.from, parameter.to, statement{block: inside})
		if parameter.from < parameter.to && n.tokens[parameter.from].kind == nameToken {
			name := n.word(def + 1)
			n.functions[name] = append(n.functions[name], n.word(parameter.from))
		}
	}
}

// targetsOfAs binds the names behind as in the head of with and except.
func (n *names) targetsOfAs(first int, s statement) {
	for i := first; i < s.to; i++ {
		if !n.is(i, "as") || i+1 == s.to {
			continue
		}
		end := i + 1
		for end < s.to && !n.is(end, ",") && !n.is(end, ")") {
			end = n.next(end)
		}
		n.target(i+1, min(end, s.to), s, part{})
	}
}

// captures binds the names in the pattern of a case.
func (n *names) captures(from int, s statement) {
	for i := from; i < s.to; i++ {
		if n.tokens[i].kind == nameToken && !n.isKeyword(i) && !n.is(i-1, ".") && (i+1 == s.to || !n.is(i+1, ".") && !n.is(i+1, "(")) {
			n.bind(n.word(i), binding{after: i, block: s.block})
		}
	}
}

// assignment reads "a = b = value", "a: type = value" and "a += value".
func (n *names) assignment(s statement) {
	var equals []int
	augmented := false
	for at := s.from; at < s.to; at++ {
		if at = n.find(at, s.to, "=", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**="); at < s.to {
			equals = append(equals, at)
			augmented = augmented || !n.is(at, "=")
		}
	}
	if len(equals) == 0 {
		return
	}
	value := part{equals[len(equals)-1] + 1, s.to}
	if augmented {
		value = part{}
	}
	from := s.from
	for i, at := range equals {
		n.target(from, at, s, value)
		if i > 0 && n.tokens[from].kind == nameToken && n.tokens[s.from].kind == nameToken {
			n.alias(n.word(from), n.word(s.from))
		}
		from = at + 1
	}
}

// target binds the names of a target: a name, some of them, an attribute or an item.
func (n *names) target(from, to int, s statement, value part) {
	if colon := n.find(from, to, ":"); colon < to {
		to = colon // behind it is an annotation
	}
	for from < to && n.is(from, "*") {
		from++
	}
	switch {
	case from >= to:
	case n.opens(from) && n.tokens[from].match == to-1:
		for _, each := range n.split(from+1, to-1) {
			n.target(each.from, each.to, s, part{})
		}
	case n.find(from, to, ",") < to:
		for _, each := range n.split(from, to) {
			n.target(each.from, each.to, s, part{})
		}
	case to == from+1 && n.tokens[from].kind == nameToken:
		n.bind(n.word(from), binding{after: s.to, block: s.block, value: value})
		if n.assigned[s.from] == "" {
			n.assigned[s.from] = n.word(from)
		}
		if value.from+1 < value.to && n.tokens[value.from].kind == nameToken && n.is(value.from+1, "(") && n.tokens[value.from+1].match == value.to-1 {
			n.results = append(n.results, [2]string{n.word(from), n.word(value.from)})
		}
		if value.to == value.from+1 && n.tokens[value.from].kind == nameToken && !n.isKeyword(value.from) {
			n.alias(n.word(from), n.word(value.from))
		}
	case n.tokens[from].kind == nameToken && n.is(from+1, ".") && from+2 < to:
		n.change(n.word(from), n.word(from+2))
		if to > from+3 && n.is(to-2, ".") {
			n.change("", n.word(to-1)) // of what an attribute refers to
		}
	case n.tokens[from].kind == nameToken && n.is(from+1, "["):
		n.mutated[n.word(from)] = true
		for i := n.next(from + 1); i+1 < to; i = n.next(i) { // items[0].attribute
			if n.is(i, ".") {
				n.change(n.word(from), n.word(i+1))
			}
		}
	}
}

// change notes that an attribute of an object is assigned later.
func (n *names) change(name, attribute string) {
	if n.changed[name] == nil {
		n.changed[name] = map[string]bool{}
	}
	n.changed[name][attribute] = true
}

// original returns the name that stands for all names of an object.
func (n *names) original(name string) string {
	for {
		further, ok := n.aliases[name]
		if !ok {
			return name
		}
		if last, ok := n.aliases[further]; ok {
			n.aliases[name] = last
		}
		name = further
	}
}

func (n *names) alias(name, other string) {
	if name, other = n.original(name), n.original(other); name != other {
		n.aliases[name] = other
	}
}

// aliasAll takes the names in the head of a loop for other names of all objects that it may loop over.
func (n *names) aliasAll(targets, over part) {
	first := ""
	for _, each := range []part{targets, over} {
		for i := each.from; i < each.to; i++ {
			switch {
			case n.tokens[i].kind != nameToken, n.isKeyword(i), n.is(i-1, "."):
			case first == "":
				first = n.word(i)
			default:
				n.alias(n.word(i), first)
			}
		}
	}
}

// settle takes what is passed to a function of the file for its parameters, and moves changes to the names that stand for
// all.
func (n *names) settle() {
	for _, parameters := range n.functions {
		for _, parameter := range parameters[1:] {
			n.alias(parameter, parameters[0])
		}
	}
	for _, call := range n.calls {
		if parameters := n.functions[call.function]; len(parameters) > 0 {
			for _, argument := range call.arguments {
				n.alias(argument, parameters[0])
			}
		}
	}
	for _, result := range n.results {
		if _, ok := n.defined[result[1]]; ok {
			n.alias(result[0], result[1])
		}
	}
	for _, name := range sortedKeys(n.changed) {
		if original := n.original(name); original != name {
			for attribute := range n.changed[name] {
				n.change(original, attribute)
			}
		}
	}
	for _, name := range sortedKeys(n.mutated) {
		n.mutated[n.original(name)] = true
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// isChanged reports whether an attribute of an object may be assigned later.
func (n *names) isChanged(name, attribute string) bool {
	changed := n.changed[n.original(name)]
	return changed[attribute] || changed[""]
}

// unowned returns the attributes that are assigned by names other than those of some objects, so that it may be any object
// whose attribute changes. The names self and cls are for objects of the file's own classes.
func (n *names) unowned(owners map[string]bool) map[string]bool {
	attributes := map[string]bool{}
	for name, changed := range n.changed {
		if owners[n.original(name)] || name == "self" || name == "cls" {
			continue
		}
		for attribute := range changed {
			attributes[attribute] = true
		}
	}
	return attributes
}

// expressions looks through all of a statement for what binds or changes names inside expressions.
func (n *names) expressions(s statement) {
	for i := s.from; i < s.to; i++ {
		if n.tokens[i].kind != nameToken {
			continue
		}
		switch word := n.word(i); {
		case word == "lambda":
			n.parameters(i+1, s)
		case word == "for" && i > s.from && (i > s.from+1 || !n.is(s.from, "async")):
			if in := n.find(i, min(s.to, i+maxHead), "in"); in < s.to && n.is(in, "in") {
				n.target(i+1, in, s, part{})
				n.aliasAll(part{i + 1, in}, part{in + 1, n.operandEnd(in+1, s.to)})
			}
		case i+1 < s.to && n.is(i+1, ":="):
			n.bind(word, binding{after: i, block: s.block})
		case word == "setattr" || word == "delattr" || word == "vars":
			n.set(i, s)
		case i > s.from && (n.is(i-1, ".") || n.is(i-1, "def") || n.is(i-1, "class")):
		case i+1 < s.to && n.is(i+1, "("):
			n.call(i)
		case i+3 < s.to && n.is(i+1, "."):
			n.mutations(i, s)
		}
	}
}

// call notes the names among the arguments of a call.
func (n *names) call(i int) {
	call := namedCall{function: n.word(i)}
	for _, argument := range n.split(i+2, n.tokens[i+1].match) {
		if last := argument.to - 1; last >= argument.from && n.tokens[last].kind == nameToken && (last == argument.from || last == argument.from+2 && n.is(last-1, "=")) {
			call.arguments = append(call.arguments, n.word(last))
		}
	}
	if len(call.arguments) > 0 {
		n.calls = append(n.calls, call)
	}
}

// operandEnd returns the end of the name with dots and brackets at the start of some tokens.
func (n *names) operandEnd(from, to int) int {
	for from < to && (n.opens(from) || n.tokens[from].kind == nameToken && !n.isKeyword(from) || n.is(from, ".")) {
		from = n.next(from)
	}
	return min(from, to)
}

// parameters binds those of a lambda.
func (n *names) parameters(from int, s statement) {
	for i := from; i < min(s.to, from+maxHead) && !n.is(i, ":"); i = n.next(i) {
		if n.tokens[i].kind == nameToken && (i == from || n.is(i-1, ",") || n.is(i-1, "*") || n.is(i-1, "**")) {
			n.bind(n.word(i), binding{after: i, block: s.block})
		}
	}
}

// set reads setattr(object, "attribute", value).
func (n *names) set(i int, s statement) {
	if i+1 >= s.to || !n.opens(i+1) {
		return
	}
	arguments := n.split(i+2, n.tokens[i+1].match)
	if len(arguments) == 0 || arguments[0].to != arguments[0].from+1 || n.tokens[arguments[0].from].kind != nameToken {
		return
	}
	attribute := ""
	if len(arguments) > 1 && arguments[1].to == arguments[1].from+1 && n.tokens[arguments[1].from].kind == textToken {
		attribute, _ = unquote(n.word(arguments[1].from))
	}
	n.change(n.word(arguments[0].from), attribute)
}

// mutations reads name.append(…) and name.attribute.append(…).
func (n *names) mutations(i int, s statement) {
	last := i
	for last+2 < s.to && n.is(last+1, ".") && n.tokens[last+2].kind == nameToken {
		last += 2
	}
	if n.is(i+2, "__dict__") {
		n.change(n.word(i), "")
	}
	if last == i || last+1 >= s.to || !n.is(last+1, "(") {
		return
	}
	switch n.word(last) {
	case "append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse", "update", "setdefault", "add", "discard",
		"__setitem__", "__setattr__", "__delitem__":
		if last == i+2 {
			n.mutated[n.word(i)] = true
			return
		}
		n.change(n.word(i), n.word(i+2))
	}
}

// eachCall visits the calls by a name, which may have dots.
func (n *names) eachCall(visit func(from, open int)) {
	for _, s := range n.statements {
		for i := s.from; i < s.to; i++ {
			if n.tokens[i].kind != nameToken || n.isKeyword(i) || i > s.from && (n.is(i-1, ".") || n.is(i-1, "def") || n.is(i-1, "class")) {
				continue
			}
			if _, end := n.dotted(i, s.to); end < s.to && n.is(end, "(") {
				visit(i, end)
			}
		}
	}
}

// functionAround returns the name of the function that a block is in, empty for none.
func (n *names) functionAround(block int) string {
	scope := n.scopeOf(block)
	if n.blocks[scope].kind != functionBlock {
		return ""
	}
	at := n.blocks[scope].from
	for ; at < n.blocks[scope].to; at++ {
		if n.is(at, "def") {
			return n.word(at + 1)
		}
	}
	return ""
}

// statementOf returns the first token of the statement of a token.
func (n *names) statementOf(i int) int {
	return n.statements[max(sort.Search(len(n.statements), func(k int) bool { return n.statements[k].from > i })-1, 0)].from
}

// blockOf returns the index of the block of a token.
func (n *names) blockOf(i int) int {
	at := sort.Search(len(n.statements), func(k int) bool { return n.statements[k].from > i }) - 1
	if at < 0 {
		return 0
	}
	return n.statements[at].block
}

// scopeOf returns the function, class or module of a block.
func (n *names) scopeOf(block int) int {
	for block > 0 && n.blocks[block].kind != functionBlock && n.blocks[block].kind != classBlock {
		block = n.blocks[block].parent
	}
	return block
}

// contains reports whether a block is another one or is in it.
func (n *names) contains(outer, inner int) bool {
	for inner > outer {
		inner = n.blocks[inner].parent
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
		if own || n.blocks[scope].kind != classBlock {
			if found = n.bindings[inScope{name, scope}]; len(found) > maxBindings {
				return nil, false
			} else if len(found) > 0 {
				return found, own
			}
		}
		if scope == 0 {
			return nil, false
		}
		scope = n.scopeOf(n.blocks[scope].parent)
	}
}

// reaching returns the bindings of a name that a token may use: the last one before it where that is certain, else all.
func (n *names) reaching(name string, use int) []*binding {
	found, own := n.visible(name, use)
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
	for n.blocks[earlier].kind == plainBlock {
		earlier = n.blocks[earlier].parent
	}
	return n.contains(earlier, later)
}

// repeats reports whether a loop around two blocks is not around a third: what is later in the text may then have run.
func (n *names) repeats(later, block, outside int) bool {
	for at := block; at > 0; at = n.blocks[at].parent {
		if n.blocks[at].kind == loopBlock && n.contains(at, later) && !n.contains(at, outside) {
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
	case n.starAfter(-1) && !n.dominates(found[0].block, n.blockOf(use)):
		return nil, whyImported // if it is not assigned
	case !found[0].hasValue():
		return nil, whyParameter
	case own && found[0].after > use:
		return nil, whyUnassigned
	}
	return found[0], ""
}

// starAfter reports whether all names of a module, which may be any, are imported after a token.
func (n *names) starAfter(i int) bool {
	return slices.ContainsFunc(n.stars, func(star *binding) bool { return star.after > i && !isSDK(star.path) })
}

// path resolves a name with dots by the imports; empty if it is not certain what it names.
func (n *names) path(dotted string, use int) string {
	name, rest, _ := strings.Cut(dotted, ".")
	if rest != "" {
		rest = "." + rest
	}
	if n.counts[name] == 0 && len(n.stars) > 0 {
		star := n.stars[len(n.stars)-1]
		if star.block == 0 && isSDK(star.path) {
			return star.path + "." + name + rest
		}
		return ""
	}
	found := n.reaching(name, use)
	if len(found) == 0 {
		return ""
	}
	path := found[0].path
	for _, b := range found {
		if b.path != path || n.starAfter(b.after) {
			return ""
		}
	}
	if path == "" {
		return ""
	}
	return path + rest
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
