package python

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
)

// change notes that an attribute of an object is assigned later: all attributes for an empty one, of any object for an empty
// name.
func (n *names) change(name, attribute string) {
	if attribute == "__dict__" {
		attribute = ""
	}
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
	for _, name := range slices.Sorted(maps.Keys(n.changed)) {
		if original := n.original(name); original != name {
			for attribute := range n.changed[name] {
				n.change(original, attribute)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.mutated)) {
		n.mutated[n.original(name)] = true
	}
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
		if owners[n.original(name)] || name == "self" || name == "cls" || n.plain[name] && n.counts[name] == 1 {
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
		if n.Tokens[i].Kind == syntax.Opaque {
			n.formatted(i, s)
		}
		if n.Tokens[i].Kind != syntax.Name {
			continue
		}
		switch word := n.Word(i); {
		case word == "lambda":
			n.parameters(i+1, s)
		case word == "for" && i > s.From && (i > s.From+1 || !n.Is(s.From, "async")):
			if in := n.Find(i, min(s.To, i+maxHead), "in"); in < s.To && n.Is(in, "in") {
				n.target(i+1, in, s, syntax.Part{})
				n.confine(i+1, in, s)
				n.aliasAll(syntax.Part{From: i + 1, To: in}, syntax.Part{From: in + 1, To: n.operandEnd(in+1, s.To)})
			}
		case i+1 < s.To && n.Is(i+1, ":="):
			n.bind(word, binding{after: i, block: s.Block})
		case word == "setattr" || word == "delattr" || word == "__setattr__" || word == "__delattr__":
			n.set(i, s)
		case word == "__dict__" && i > s.From+1 && n.Is(i-1, "."):
			n.attributes(i, s)
		case word == "globals" || word == "locals" || word == "vars":
			n.namespace(i, s)
		case word == "exec" && i+1 < s.To && n.Is(i+1, "("), word == "modules" && i+1 < s.To && n.Is(i+1, "["):
			n.rewrites = max(n.rewrites, i) // sys.modules[__name__].name = value, too
		case i > s.From && (n.Is(i-1, ".") || n.Is(i-1, "def") || n.Is(i-1, "class")):
		case i+1 < s.To && n.Is(i+1, "("):
			n.call(i)
		case i+3 < s.To && n.Is(i+1, "."):
			n.mutations(i, s)
		}
	}
}

// confine limits the last bindings of the names in the head of a comprehension to its statement.
func (n *names) confine(from, to int, s syntax.Statement) {
	for i := from; i < to; i++ {
		all := n.bindings[inScope{n.Word(i), n.scopeOf(s.Block)}]
		if last := len(all) - 1; last >= 0 && all[last].after == s.To {
			all[last].after, all[last].until = s.From, s.To
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
			n.bind(n.Word(i), binding{after: i, until: s.To, block: s.Block})
		}
	}
}

// set reads setattr(object, "attribute", value) and object.__setattr__("attribute", value).
func (n *names) set(i int, s syntax.Statement) {
	if i+1 >= s.To || !n.Is(i+1, "(") {
		n.change("", "") // under another name
		return
	}
	arguments := n.Split(i+2, n.Tokens[i+1].Match)
	object := syntax.Part{}
	switch {
	case len(arguments) > 0 && !n.isText(arguments[0]):
		object, arguments = arguments[0], arguments[1:]
	case i > s.From+1 && n.Is(i-1, ".") && (i == s.From+2 || !n.Is(i-3, ".")):
		object = syntax.Part{From: i - 2, To: i - 1}
	}
	attribute := ""
	if len(arguments) > 0 && n.isText(arguments[0]) {
		attribute, _ = syntax.Unquote(n.Word(arguments[0].From))
	}
	n.change(n.nameIn(object), attribute)
}

// isText reports whether an expression is a single string.
func (n *names) isText(at syntax.Part) bool {
	return at.To == at.From+1 && n.Tokens[at.From].Kind == syntax.Text
}

// nameIn returns an expression that is a single name, empty for any other.
func (n *names) nameIn(at syntax.Part) string {
	if at.To == at.From+1 && n.Tokens[at.From].Kind == syntax.Name && !n.IsKeyword(at.From) {
		return n.Word(at.From)
	}
	return ""
}

// namespace reads what a statement does with globals(), locals(), vars() or vars(object).
func (n *names) namespace(i int, s syntax.Statement) {
	if i+1 >= s.To || !n.Is(i+1, "(") || i > s.From && n.Is(i-1, ".") {
		return
	}
	object := syntax.Part{From: i + 2, To: n.Tokens[i+1].Match}
	behind := object.To + 1
	switch {
	case n.onlyReads(syntax.Part{From: i, To: behind}, s):
	case object.To > object.From:
		n.change(n.nameIn(object), "")
	case behind < s.To && n.Is(behind, "[") && n.isText(syntax.Part{From: behind + 1, To: n.Tokens[behind].Match}):
		name, _ := syntax.Unquote(n.Word(behind + 1))
		n.foreign[name] = true
	default:
		n.rewrites = max(n.rewrites, i)
	}
}

// attributes reads what a statement does with object.__dict__.
func (n *names) attributes(i int, s syntax.Statement) {
	name := ""
	object := syntax.Part{From: i - 2, To: i - 1}
	if i == s.From+2 || !n.Is(i-3, ".") {
		name = n.nameIn(object)
	}
	if name == "" || !n.onlyReads(syntax.Part{From: i - 2, To: i + 1}, s) {
		n.change(name, "")
	}
}

// onlyReads reports whether a statement certainly does not change a dict.
func (n *names) onlyReads(dict syntax.Part, s syntax.Statement) bool {
	before, behind := dict.From-1, dict.To
	if before < s.From && behind == s.To {
		return true // a cell shows it
	}
	if before > s.From {
		switch {
		case n.Is(before, "in"), n.Is(before, "**"):
			return true
		case n.Is(before, "(") && behind == n.Tokens[before].Match:
			word := n.Word(before - 1)
			return word == "print" || word == "str" || word == "repr" || word == "dict" || word == "dumps" || word == "len" || word == "sorted"
		}
	}
	switch {
	case behind+1 >= s.To:
	case n.Is(behind, "."):
		word := n.Word(behind + 1)
		return word == "get" || word == "items" || word == "keys" || word == "values" || word == "copy"
	case n.Is(behind, "["):
		target := n.Is(s.From, "del") || n.Is(s.From, "for") || n.Is(s.From, "with") || n.Is(s.From, "async")
		return !target && n.Find(behind, s.To, assignments...) == s.To
	}
	return false
}

// formatted binds the names before := in a formatted string.
func (n *names) formatted(i int, s syntax.Statement) {
	parts := strings.Split(n.Word(i), ":=")
	for _, before := range parts[:len(parts)-1] {
		before = strings.TrimRight(before, " \t\r\n")
		start := strings.LastIndexFunc(before, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if name := before[start+1:]; name != "" {
			n.bind(name, binding{after: i, block: s.Block})
		}
	}
}

// mutations reads name.append(…) and name.attribute.append(…).
func (n *names) mutations(i int, s syntax.Statement) {
	last := i
	for last+2 < s.To && n.Is(last+1, ".") && n.Tokens[last+2].Kind == syntax.Name {
		last += 2
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
