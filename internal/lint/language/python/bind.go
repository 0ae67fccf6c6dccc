package python

import (
	"slices"
	"sort"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
)

// binding is a place that gives a name a value.
type binding struct {
	name  string
	after int         // index of the first token for which it counts
	block int         // index of the block
	value syntax.Part // the expression, empty if the value is not one expression
	path  string      // of what is imported, with dots; empty for anything else
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

func (b *binding) hasValue() bool { return b.value.To > b.value.From }

// names are the names of a file and what happens to them.
type names struct {
	*syntax.Code
	bindings map[inScope][]*binding // in the order of the text
	counts   map[string]int         // how many bindings a name has in the file
	foreign  map[string]bool        // declared global or nonlocal
	imported map[string]bool        // bound by an import of the SDK, or to such a name
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
func bind(c *syntax.Code) *names {
	n := &names{
		Code: c, bindings: map[inScope][]*binding{}, counts: map[string]int{}, imported: map[string]bool{}, functions: map[string][]string{}, assigned: map[int]string{}, defined: map[string]bool{}, foreign: map[string]bool{}, heads: map[int]int{},
		changed: map[string]map[string]bool{}, mutated: map[string]bool{}, aliases: map[string]string{},
	}
	for i, b := range c.Blocks[1:] {
		n.heads[b.From] = i + 1
	}
	for _, s := range c.Statements {
		if s.From < s.To {
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

func (n *names) statement(s syntax.Statement) {
	first := s.From
	if n.Is(first, "async") && first+1 < s.To {
		first++
	}
	switch word := n.Word(first); {
	case n.Tokens[first].Kind != syntax.Name:
		n.assignment(s)
	case word == "import":
		n.imports(s)
	case word == "from" && n.Find(s.From, s.To, "import") < s.To:
		n.importsFrom(s)
	case word == "global", word == "nonlocal":
		for i := first + 1; i < s.To; i++ {
			n.foreign[n.Word(i)] = true
		}
	case word == "del":
		n.target(first+1, s.To, s, syntax.Part{})
	case word == "def":
		n.function(first, s)
	case word == "class":
		n.bindToken(first+1, s.To, s)
	case word == "for":
		in := n.Find(first, s.To, "in")
		n.target(first+1, in, s, syntax.Part{})
		n.aliasAll(syntax.Part{From: first + 1, To: in}, syntax.Part{From: in + 1, To: s.To})
	case word == "with", word == "except":
		n.targetsOfAs(first, s)
	case word == "return":
		n.assigned[s.From] = n.functionAround(s.Block)
	case word == "case":
		n.captures(first+1, s)
	case word == "type" && first+1 < s.To && n.Tokens[first+1].Kind == syntax.Name:
		n.bindToken(first+1, s.To, s)
	case n.IsKeyword(first):
	default:
		n.assignment(s)
	}
}

// bindToken binds the name of a token.
func (n *names) bindToken(i, to int, s syntax.Statement) {
	if i < to && n.Tokens[i].Kind == syntax.Name {
		n.bind(n.Word(i), binding{after: i, block: s.Block})
	}
}

// dotted returns the name with dots at the start of some tokens, and the index behind it.
func (n *names) dotted(from, to int) (path string, end int) {
	end = from
	for end < to && (n.Is(end, ".") || n.Is(end, "...")) { // of a relative import
		end++
	}
	for end < to && n.Tokens[end].Kind == syntax.Name && !n.IsKeyword(end) {
		if end++; end+1 >= to || !n.Is(end, ".") || n.Tokens[end+1].Kind != syntax.Name || n.IsKeyword(end+1) {
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
	for _, t := range n.Tokens[from:to] {
		length += t.End - t.Start
	}
	if all := n.Text[n.Tokens[from].Start:n.Tokens[to-1].End]; len(all) == length {
		return all
	}
	var text strings.Builder
	for i := from; i < to; i++ {
		text.WriteString(n.Word(i))
	}
	return text.String()
}

// imports reads "import a.b, c as d".
func (n *names) imports(s syntax.Statement) {
	for _, each := range n.Split(s.From+1, s.To) {
		path, end := n.dotted(each.From, each.To)
		name, _, _ := strings.Cut(path, ".")
		bound := name
		if end+1 < each.To && n.Is(end, "as") {
			name, bound = n.Word(end+1), path
		}
		n.bind(name, binding{after: s.To, block: s.Block, path: bound})
	}
}

// importsFrom reads "from a.b import c, d as e".
func (n *names) importsFrom(s syntax.Statement) {
	module, _ := n.dotted(s.From+1, s.To)
	from, to := n.Find(s.From, s.To, "import")+1, s.To
	if from < to && n.Opens(from) {
		from, to = from+1, n.Tokens[from].Match
	}
	for _, each := range n.Split(from, to) {
		if each.From == each.To {
			continue
		}
		name := n.Word(each.From)
		if name == "*" {
			n.stars = append(n.stars, &binding{after: s.To, block: s.Block, path: module})
			continue
		}
		path := module + "." + name
		if each.From+2 < each.To && n.Is(each.From+1, "as") {
			name = n.Word(each.From + 2)
		}
		n.bind(name, binding{after: s.To, block: s.Block, path: path})
	}
}

// function binds the name and the parameters of "def name(…)".
func (n *names) function(def int, s syntax.Statement) {
	n.bindToken(def+1, s.To, s)
	open := def + 2
	if open < s.To && n.Is(open, "[") {
		open = n.Next(open)
	}
	if open >= s.To || !n.Opens(open) {
		return
	}
	n.defined[n.Word(def+1)] = true
	inside, ok := n.heads[s.From]
	if !ok {
		inside = s.Block
	}
	for _, parameter := range n.Split(open+1, n.Tokens[open].Match) {
		for parameter.From < parameter.To && (n.Is(parameter.From, "*") || n.Is(parameter.From, "**")) {
			parameter.From++
		}
		n.bindToken(parameter.From, parameter.To, syntax.Statement{Block: inside})
		if parameter.From < parameter.To && n.Tokens[parameter.From].Kind == syntax.Name {
			name := n.Word(def + 1)
			n.functions[name] = append(n.functions[name], n.Word(parameter.From))
		}
	}
}

// targetsOfAs binds the names behind as in the head of with and except.
func (n *names) targetsOfAs(first int, s syntax.Statement) {
	for i := first; i < s.To; i++ {
		if !n.Is(i, "as") || i+1 == s.To {
			continue
		}
		end := i + 1
		for end < s.To && !n.Is(end, ",") && !n.Is(end, ")") {
			end = n.Next(end)
		}
		n.target(i+1, min(end, s.To), s, syntax.Part{})
	}
}

// captures binds the names in the pattern of a case.
func (n *names) captures(from int, s syntax.Statement) {
	for i := from; i < s.To; i++ {
		if n.Tokens[i].Kind == syntax.Name && !n.IsKeyword(i) && !n.Is(i-1, ".") && (i+1 == s.To || !n.Is(i+1, ".") && !n.Is(i+1, "(")) {
			n.bind(n.Word(i), binding{after: i, block: s.Block})
		}
	}
}

// assignment reads "a = b = value", "a: type = value" and "a += value".
func (n *names) assignment(s syntax.Statement) {
	var equals []int
	augmented := false
	for at := s.From; at < s.To; at++ {
		if at = n.Find(at, s.To, "=", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**="); at < s.To {
			equals = append(equals, at)
			augmented = augmented || !n.Is(at, "=")
		}
	}
	if len(equals) == 0 {
		return
	}
	value := syntax.Part{From: equals[len(equals)-1] + 1, To: s.To}
	if augmented {
		value = syntax.Part{}
	}
	from := s.From
	for i, at := range equals {
		n.target(from, at, s, value)
		if i > 0 && n.Tokens[from].Kind == syntax.Name && n.Tokens[s.From].Kind == syntax.Name {
			n.alias(n.Word(from), n.Word(s.From))
		}
		from = at + 1
	}
}

// target binds the names of a target: a name, some of them, an attribute or an item.
func (n *names) target(from, to int, s syntax.Statement, value syntax.Part) {
	if colon := n.Find(from, to, ":"); colon < to {
		to = colon // behind it is an annotation
	}
	for from < to && n.Is(from, "*") {
		from++
	}
	switch {
	case from >= to:
	case n.Opens(from) && n.Tokens[from].Match == to-1:
		for _, each := range n.Split(from+1, to-1) {
			n.target(each.From, each.To, s, syntax.Part{})
		}
	case n.Find(from, to, ",") < to:
		for _, each := range n.Split(from, to) {
			n.target(each.From, each.To, s, syntax.Part{})
		}
	case to == from+1 && n.Tokens[from].Kind == syntax.Name:
		n.bind(n.Word(from), binding{after: s.To, block: s.Block, value: value})
		if path, end := n.dotted(value.From, value.To); end == value.To && end > value.From {
			first, _, _ := strings.Cut(path, ".")
			n.imported[n.Word(from)] = n.imported[n.Word(from)] || n.imported[first]
		}
		if n.assigned[s.From] == "" {
			n.assigned[s.From] = n.Word(from)
		}
		if value.From+1 < value.To && n.Tokens[value.From].Kind == syntax.Name && n.Is(value.From+1, "(") && n.Tokens[value.From+1].Match == value.To-1 {
			n.results = append(n.results, [2]string{n.Word(from), n.Word(value.From)})
		}
		if value.To == value.From+1 && n.Tokens[value.From].Kind == syntax.Name && !n.IsKeyword(value.From) {
			n.alias(n.Word(from), n.Word(value.From))
		}
	case n.Tokens[from].Kind == syntax.Name && n.Is(from+1, ".") && from+2 < to:
		n.change(n.Word(from), n.Word(from+2))
		if to > from+3 && n.Is(to-2, ".") {
			n.change("", n.Word(to-1)) // of what an attribute refers to
		}
	case n.Tokens[from].Kind == syntax.Name && n.Is(from+1, "["):
		n.mutated[n.Word(from)] = true
		for i := n.Next(from + 1); i+1 < to; i = n.Next(i) { // items[0].attribute
			if n.Is(i, ".") {
				n.change(n.Word(from), n.Word(i+1))
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
func (n *names) aliasAll(targets, over syntax.Part) {
	first := ""
	for _, each := range []syntax.Part{targets, over} {
		for i := each.From; i < each.To; i++ {
			switch {
			case n.Tokens[i].Kind != syntax.Name, n.IsKeyword(i), n.Is(i-1, "."):
			case first == "":
				first = n.Word(i)
			default:
				n.alias(n.Word(i), first)
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
func (n *names) expressions(s syntax.Statement) {
	for i := s.From; i < s.To; i++ {
		if n.Tokens[i].Kind != syntax.Name {
			continue
		}
		switch word := n.Word(i); {
		case word == "lambda":
			n.parameters(i+1, s)
		case word == "for" && i > s.From && (i > s.From+1 || !n.Is(s.From, "async")):
			if in := n.Find(i, min(s.To, i+maxHead), "in"); in < s.To && n.Is(in, "in") {
				n.target(i+1, in, s, syntax.Part{})
				n.aliasAll(syntax.Part{From: i + 1, To: in}, syntax.Part{From: in + 1, To: n.operandEnd(in+1, s.To)})
			}
		case i+1 < s.To && n.Is(i+1, ":="):
			n.bind(word, binding{after: i, block: s.Block})
		case word == "setattr" || word == "delattr" || word == "vars":
			n.set(i, s)
		case i > s.From && (n.Is(i-1, ".") || n.Is(i-1, "def") || n.Is(i-1, "class")):
		case i+1 < s.To && n.Is(i+1, "("):
			n.call(i)
		case i+3 < s.To && n.Is(i+1, "."):
			n.mutations(i, s)
		}
	}
}

// call notes the names among the arguments of a call.
func (n *names) call(i int) {
	call := namedCall{function: n.Word(i)}
	for _, argument := range n.Split(i+2, n.Tokens[i+1].Match) {
		if last := argument.To - 1; last >= argument.From && n.Tokens[last].Kind == syntax.Name && (last == argument.From || last == argument.From+2 && n.Is(last-1, "=")) {
			call.arguments = append(call.arguments, n.Word(last))
		}
	}
	if len(call.arguments) > 0 {
		n.calls = append(n.calls, call)
	}
}

// operandEnd returns the end of the name with dots and brackets at the start of some tokens.
func (n *names) operandEnd(from, to int) int {
	for from < to && (n.Opens(from) || n.Tokens[from].Kind == syntax.Name && !n.IsKeyword(from) || n.Is(from, ".")) {
		from = n.Next(from)
	}
	return min(from, to)
}

// parameters binds those of a lambda.
func (n *names) parameters(from int, s syntax.Statement) {
	for i := from; i < min(s.To, from+maxHead) && !n.Is(i, ":"); i = n.Next(i) {
		if n.Tokens[i].Kind == syntax.Name && (i == from || n.Is(i-1, ",") || n.Is(i-1, "*") || n.Is(i-1, "**")) {
			n.bind(n.Word(i), binding{after: i, block: s.Block})
		}
	}
}

// set reads setattr(object, "attribute", value).
func (n *names) set(i int, s syntax.Statement) {
	if i+1 >= s.To || !n.Opens(i+1) {
		return
	}
	arguments := n.Split(i+2, n.Tokens[i+1].Match)
	if len(arguments) == 0 || arguments[0].To != arguments[0].From+1 || n.Tokens[arguments[0].From].Kind != syntax.Name {
		return
	}
	attribute := ""
	if len(arguments) > 1 && arguments[1].To == arguments[1].From+1 && n.Tokens[arguments[1].From].Kind == syntax.Text {
		attribute, _ = syntax.Unquote(n.Word(arguments[1].From))
	}
	n.change(n.Word(arguments[0].From), attribute)
}

// mutations reads name.append(…) and name.attribute.append(…).
func (n *names) mutations(i int, s syntax.Statement) {
	last := i
	for last+2 < s.To && n.Is(last+1, ".") && n.Tokens[last+2].Kind == syntax.Name {
		last += 2
	}
	if n.Is(i+2, "__dict__") {
		n.change(n.Word(i), "")
	}
	if last == i || last+1 >= s.To || !n.Is(last+1, "(") {
		return
	}
	switch n.Word(last) {
	case "append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse", "update", "setdefault", "add", "discard",
		"__setitem__", "__setattr__", "__delitem__":
		if last == i+2 {
			n.mutated[n.Word(i)] = true
			return
		}
		n.change(n.Word(i), n.Word(i+2))
	}
}

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

// paths returns the paths that a name with dots may have by the imports, nil if it may name anything else. A name that is assigned
// once to a name with dots stands for that. None beside imports is what a program has if an import fails.
func (n *names) paths(dotted string, use, depth int) []string {
	name, rest, _ := strings.Cut(dotted, ".")
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
	if b, _ := n.constant(name, use); b != nil {
		if path, end := n.dotted(b.value.From, b.value.To); end == b.value.To && depth < maxNesting {
			return n.paths(path+rest, b.value.From, depth+1)
		}
		return nil
	}
	var paths []string
	for _, b := range n.reaching(name, use) {
		switch {
		case b.path != "" && !n.starAfter(b.after):
			paths = append(paths, b.path+rest)
		case b.value.To != b.value.From+1 || !n.Is(b.value.From, "None"):
			return nil
		}
	}
	return paths
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
