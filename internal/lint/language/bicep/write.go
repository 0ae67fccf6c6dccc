package bicep

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Limits on the text of ARM expressions.
const (
	// maxExpression is in bytes, as for Azure.
	maxExpression = 24_576
	// leastText and textPerByte limit the expressions of one template together: references to resources and calls of functions are
	// written out, so that a short text may stand for a long one.
	leastText   = 1 << 18
	textPerByte = 6
	// maxExpansions limits nested functions and names of resources that refer to others.
	maxExpansions = 16
)

// scope is where the names of an expression are looked up.
type scope struct {
	unit *unit
	// prefix is that of the variables of unit in the template.
	prefix string
	locals *local
	depth  int // of expansions
}

// local is a variable of a loop, a lambda or a function. text is the ARM expression for it.
type local struct {
	name, text string
	outer      *local
}

// with returns a scope with one more local variable.
func (s scope) with(name, text string) scope {
	s.locals = &local{name, text, s.locals}
	return s
}

// local returns the expression for a local variable.
func (s scope) local(name string) (text string, ok bool) {
	for l := s.locals; l != nil; l = l.outer {
		if l.name == name {
			return l.text, true
		}
	}
	return "", false
}

// unknown is an ARM expression without a value.
const unknown = "unknown()"

// writer writes one ARM expression.
type writer struct {
	*emitter
	text strings.Builder
	over bool // a limit is exceeded
}

// arm returns an expression in ARM's language, without brackets.
func (e *emitter) arm(x *expression, s scope) string {
	return e.written(func(w *writer) { w.expression(x, s) })
}

// written returns what a function writes, unknown if it is too long.
func (e *emitter) written(write func(w *writer)) string {
	w := &writer{emitter: e}
	write(w)
	if e.left -= w.text.Len(); w.over || e.left < 0 {
		return unknown
	}
	return w.text.String()
}

func (w *writer) raw(texts ...string) {
	for _, text := range texts {
		if w.over = w.over || w.text.Len()+len(text) > min(maxExpression, w.left); w.over {
			return
		}
		w.text.WriteString(text)
	}
}

// quote returns a literal of ARM's language.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// call writes the call of a function.
func (w *writer) call(name string, arguments []*expression, s scope) {
	w.raw(name, "(")
	for i, argument := range arguments {
		if i > 0 {
			w.raw(", ")
		}
		w.expression(argument, s)
	}
	w.raw(")")
}

// expression writes an expression; a part that has no counterpart is unknown.
func (w *writer) expression(x *expression, s scope) {
	if w.over {
		return
	}
	switch x.kind {
	case stringKind:
		w.raw(quote(x.text))
	case interpolation:
		w.interpolation(x, s)
	case numberKind:
		w.raw(x.text)
	case wordKind:
		w.raw(x.text, "()")
	case arrayKind, objectKind:
		w.collection(x, s)
	case nameKind:
		w.name(x.text, s)
	case callKind:
		w.function(x.text, x.parts, s)
	case methodKind:
		w.method(x, s)
	case memberKind, safeMemberKind, nestedKind, itemKind, safeItemKind, lastItemKind, safeLastItemKind:
		w.access(x, s)
	case unaryKind:
		if x.text == "!" {
			w.call("not", x.parts, s)
			return
		}
		w.raw("sub(0, ")
		w.expression(x.parts[0], s)
		w.raw(")")
	case binaryKind:
		w.binary(x, s)
	case ternaryKind:
		w.call("if", x.parts, s)
	case lambdaKind:
		w.lambda(x.texts, x.parts[0], s)
	case loopKind:
		w.mapped(x, s)
	default:
		w.raw(unknown)
	}
}

// interpolation writes format('a{0}', b).
func (w *writer) interpolation(x *expression, s scope) {
	braces := strings.NewReplacer("{", "{{", "}", "}}")
	var format strings.Builder
	for i, text := range x.texts {
		if i > 0 {
			format.WriteString("{" + strconv.Itoa(i-1) + "}")
		}
		_, _ = braces.WriteString(&format, text) // a Builder returns no errors
	}
	w.raw("format(", quote(format.String()))
	for _, part := range x.parts {
		w.raw(", ")
		w.expression(part, s)
	}
	w.raw(")")
}

func (w *writer) binary(x *expression, s scope) {
	folded := func() {
		w.raw("equals(toLower(")
		w.expression(x.parts[0], s)
		w.raw("), toLower(")
		w.expression(x.parts[1], s)
		w.raw("))")
	}
	switch x.text {
	case "!=":
		w.raw("not(")
		w.call("equals", x.parts, s)
		w.raw(")")
	case "=~":
		folded()
	case "!~":
		w.raw("not(")
		folded()
		w.raw(")")
	default:
		w.call(binaryFunctions[x.text], x.parts, s)
	}
}

// binaryFunctions are the functions of ARM for binary operators.
var binaryFunctions = map[string]string{
	"??": "coalesce", "||": "or", "&&": "and", "==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals",
	"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod",
}

// collection writes a list or an object. Outside loops, lambdas and functions it becomes a variable of its own, so that its values
// keep their positions.
func (w *writer) collection(x *expression, s scope) {
	switch {
	case x.kind == arrayKind && isSpread(x):
		w.spreadArray(x, s)
	case isSpread(x):
		w.spreadObject(x, s)
	case len(x.parts) > 0 && s.locals == nil:
		w.hoisted(x, s)
	case x.kind == arrayKind:
		w.call("createArray", x.parts, s)
	default:
		w.object(x, 0, len(x.parts), s)
	}
}

// hoisted writes a reference to a variable of its own for an expression.
func (w *writer) hoisted(x *expression, s scope) { w.raw("variables(", quote(w.hoist(x, s)), ")") }

// object writes some members of an object.
func (w *writer) object(x *expression, from, to int, s scope) {
	w.raw("createObject(")
	for i := from; i < to; i++ {
		if i > from {
			w.raw(", ")
		}
		w.expression(x.names[i], s)
		w.raw(", ")
		w.expression(x.parts[i], s)
	}
	w.raw(")")
}

// isSpread reports whether a list or an object contains a spread.
func isSpread(x *expression) bool {
	for i, part := range x.parts {
		if part.kind == spreadKind || x.kind == objectKind && x.names[i] == nil {
			return true
		}
	}
	return false
}

// spreadArray writes concat([a], b, [c]) for [a, ...b, c].
func (w *writer) spreadArray(x *expression, s scope) {
	w.raw("concat(createArray()")
	for i := 0; i < len(x.parts); {
		w.raw(", ")
		if x.parts[i].kind == spreadKind {
			w.expression(x.parts[i].parts[0], s)
			i++
			continue
		}
		end := i
		for end < len(x.parts) && x.parts[end].kind != spreadKind {
			end++
		}
		w.collection(&expression{kind: arrayKind, parts: x.parts[i:end], start: x.parts[i].start, end: x.parts[end-1].end}, s)
		i = end
	}
	w.raw(")")
}

// spreadObject writes shallowMerge([{a: b}, c]) for {a: b, ...c}.
func (w *writer) spreadObject(x *expression, s scope) {
	w.raw("shallowMerge(createArray(")
	for i := 0; i < len(x.parts); {
		if i > 0 {
			w.raw(", ")
		}
		if x.names[i] == nil {
			w.expression(x.parts[i], s)
			i++
			continue
		}
		end := i
		for end < len(x.parts) && x.names[end] != nil {
			end++
		}
		w.collection(&expression{
			kind: objectKind, names: x.names[i:end], parts: x.parts[i:end], start: x.names[i].start, end: x.parts[end-1].end,
		}, s)
		i = end
	}
	w.raw("))")
}

// name writes a reference to a symbol.
func (w *writer) name(name string, s scope) {
	if text, ok := s.local(name); ok {
		w.raw(text)
		return
	}
	d := s.unit.symbols[name]
	switch {
	case d == nil:
		w.raw(unknown)
	case d.word == "param" && s.prefix == "":
		w.raw("parameters(", quote(name), ")")
	case d.word == "var":
		w.variable(name, s)
	case d.word == "import":
		w.imported(d.symbols[name], d, s)
	case d.word == "module":
		w.module(d, nil, s)
	default:
		w.raw(unknown)
	}
}

// module writes a reference to a module, or to one round of it.
func (w *writer) module(d *declaration, round *expression, s scope) {
	if s.prefix != "" || d.value.kind == loopKind != (round != nil) {
		w.raw(unknown)
		return
	}
	w.outputsOf[d] = true
	w.raw("modules(", quote(d.name))
	if round != nil {
		w.raw(", ")
		w.expression(round, s)
	}
	w.raw(")")
}

// moduleOf returns the module that a name refers to, nil for any other expression.
func moduleOf(x *expression, s scope) *declaration {
	if x.kind != nameKind {
		return nil
	}
	if _, local := s.local(x.text); local {
		return nil
	}
	if d := s.unit.symbols[x.text]; d != nil && d.word == "module" {
		return d
	}
	return nil
}

// function writes a call.
func (w *writer) function(name string, arguments []*expression, s scope) {
	if d := s.unit.symbols[name]; d != nil {
		switch {
		case d.word == "func":
			w.inline(d, arguments, s, s)
			return
		case d.word == "import":
			w.importedFunction(d.symbols[name], d, arguments, s)
			return
		}
	}
	w.builtin(name, arguments, s)
}

// builtin writes a call of a function of the language.
func (w *writer) builtin(name string, arguments []*expression, s scope) {
	if value, ok := w.load(name, arguments, s.unit); ok {
		w.loaded(value)
		return
	}
	switch {
	case name == "any" && len(arguments) == 1:
		w.expression(arguments[0], s)
	case name == "nameof" && len(arguments) == 1:
		w.raw(quote(nameOf(arguments[0])))
	default:
		w.call(name, arguments, s)
	}
}

// nameOf returns the last name in a reference.
func nameOf(x *expression) string {
	if x.kind == itemKind && x.parts[1].kind == stringKind {
		return x.parts[1].text
	}
	return x.text
}

// inline writes the body of a function, which is declared in the scope in, with the arguments of a call in s.
func (w *writer) inline(d *declaration, arguments []*expression, in, s scope) {
	inside := scope{unit: in.unit, prefix: in.prefix, depth: s.depth + 1}
	if inside.depth > maxExpansions || len(arguments) != len(d.parameters) {
		w.raw(unknown)
		return
	}
	for i, argument := range arguments {
		inside = inside.with(d.parameters[i], w.arm(argument, s))
	}
	w.expression(d.value, inside)
}

// method writes the call of a function in a namespace.
func (w *writer) method(x *expression, s scope) {
	of := x.parts[0]
	if of.kind == nameKind {
		_, local := s.local(of.text)
		d := s.unit.symbols[of.text]
		switch {
		case local:
		case d == nil && (of.text == "sys" || of.text == "az"):
			w.builtin(x.text, x.parts[1:], s)
			return
		case d != nil && d.word == "import" && d.symbols[of.text] == "*":
			w.importedFunction(x.text, d, x.parts[1:], s)
			return
		}
	}
	w.raw(unknown)
}

// lambda writes a lambda. Its variables get unique names, since a function may be written within it.
func (w *writer) lambda(names []string, body *expression, s scope) {
	w.raw("lambda(")
	for _, name := range names {
		w.lambdas++
		unique := name + "#" + strconv.Itoa(w.lambdas)
		w.raw(quote(unique), ", ")
		s = s.with(name, "lambdaVariables("+quote(unique)+")")
	}
	w.expression(body, s)
	w.raw(")")
}

// mapped writes a loop within an expression.
func (w *writer) mapped(x *expression, s scope) {
	names := []string{x.text}
	if x.index != "" {
		names = append(names, x.index)
	}
	w.raw("map(")
	w.expression(x.parts[0], s)
	w.raw(", ")
	w.lambda(names, x.parts[1], s)
	w.raw(")")
}

// access writes an access to a member or an item.
func (w *writer) access(x *expression, s scope) {
	if x.kind == nestedKind {
		w.raw(unknown)
		return
	}
	of := x.parts[0]
	if resource, ok := w.resourceOf(of, s); ok {
		if x.kind == memberKind || x.kind == safeMemberKind {
			w.ofResource(resource, x.text)
			return
		}
		w.raw(unknown)
		return
	}
	if x.kind == memberKind && of.kind == nameKind {
		if _, local := s.local(of.text); !local {
			if d := s.unit.symbols[of.text]; d != nil && d.word == "import" && d.symbols[of.text] == "*" {
				w.imported(x.text, d, s)
				return
			}
		}
	}
	if isSafe(x) {
		w.safe(x, s)
		return
	}
	if d := moduleOf(of, s); d != nil && x.kind == itemKind && x.parts[1].kind != stringKind {
		w.module(d, x.parts[1], s)
		return
	}
	w.expression(of, s)
	switch x.kind {
	case memberKind:
		if isIdentifier(x.text) {
			w.raw(".", x.text)
			return
		}
		w.raw("[", quote(x.text), "]")
	case itemKind:
		w.raw("[")
		w.expression(x.parts[1], s)
		w.raw("]")
	case lastItemKind:
		w.raw("[sub(length(")
		w.expression(of, s)
		w.raw("), ")
		w.expression(x.parts[1], s)
		w.raw(")]")
	}
}

// isSafe reports whether a chain of accesses has a safe one, after which a missing value is null.
func isSafe(x *expression) bool {
	for {
		switch x.kind {
		case safeMemberKind, safeItemKind, safeLastItemKind:
			return true
		case memberKind, itemKind, lastItemKind:
			x = x.parts[0]
		default:
			return false
		}
	}
}

// safe writes tryGet(a, 'b', 'c') for a.?b.c.
func (w *writer) safe(x *expression, s scope) {
	var chain []*expression
	for isSafe(x) {
		chain = append(chain, x)
		x = x.parts[0]
	}
	w.raw("tryGet(")
	w.expression(x, s)
	for i := len(chain) - 1; i >= 0; i-- {
		w.raw(", ")
		switch step := chain[i]; step.kind {
		case memberKind, safeMemberKind:
			w.raw(quote(step.text))
		case itemKind, safeItemKind:
			w.expression(step.parts[1], s)
		default:
			w.raw(unknown)
		}
	}
	w.raw(")")
}

func isIdentifier(text string) bool {
	for i := range len(text) {
		if !isLetter(text[i]) && (i == 0 || !isDigit(text[i])) {
			return false
		}
	}
	return text != ""
}

// escape returns a string for a tree in which strings in brackets are expressions.
func escape(text string) string {
	if strings.HasPrefix(text, "[") {
		return "[" + text
	}
	return text
}

// value returns the node of an expression.
func (e *emitter) value(x *expression, s scope) *source.Node {
	file := s.unit.file
	switch x.kind {
	case stringKind:
		return file.Scalar(source.String, escape(x.text), x.start, x.end)
	case numberKind:
		return file.Scalar(source.Number, x.text, x.start, x.end)
	case wordKind:
		kind := source.Bool
		if x.text == "null" {
			kind = source.Null
		}
		return file.Scalar(kind, x.text, x.start, x.end)
	case callKind:
		if s.unit.symbols[x.text] != nil {
			break
		}
		if x.text == "any" && len(x.parts) == 1 {
			return e.value(x.parts[0], s)
		}
		if value, ok := e.load(x.text, x.parts, s.unit); ok && value != nil {
			return value
		}
	case arrayKind:
		if !isSpread(x) {
			items := make([]*source.Node, len(x.parts))
			for i, item := range x.parts {
				items[i] = e.value(item, s)
			}
			return file.Sequence(items, x.start, x.end)
		}
	case objectKind:
		if !isSpread(x) {
			return file.Mapping(e.members(x, s, nil), x.start, x.end)
		}
	}
	return e.computed(e.arm(x, s), x, s)
}

// computed returns the node of an ARM expression at the position of an expression.
func (e *emitter) computed(text string, x *expression, s scope) *source.Node {
	return s.unit.file.Scalar(source.String, "["+text+"]", x.start, x.end)
}

// members returns the members of an object except some. Loops are copies.
func (e *emitter) members(x *expression, s scope, except func(name string) bool) []source.Member {
	file := s.unit.file
	var members []source.Member
	var copies []*source.Node
	var copied *expression
	for i, name := range x.names {
		value := x.parts[i]
		if name == nil || except != nil && name.kind == stringKind && except(name.text) {
			continue
		}
		if value.kind == loopKind && name.kind == stringKind {
			copies = append(copies, e.copied(name, value, s))
			copied = value
			continue
		}
		members = append(members, source.Member{Key: e.key(name, s), Value: e.value(value, s)})
	}
	if copied != nil {
		key := file.Scalar(source.String, "copy", copied.start, copied.start)
		members = append(members, source.Member{Key: key, Value: file.Sequence(copies, copied.start, copied.end)})
	}
	return members
}

// key returns the node of a key.
func (e *emitter) key(name *expression, s scope) *source.Node {
	if name.kind == stringKind {
		return s.unit.file.Scalar(source.String, escape(name.text), name.start, name.end)
	}
	return e.computed(e.arm(name, s), name, s)
}

// copied returns {name, count, input} for a loop that gives a member its value.
func (e *emitter) copied(name, loop *expression, s scope) *source.Node {
	file := s.unit.file
	count, inside := e.loop(loop, name.text, s)
	body := loop.parts[1]
	key := func(text string, at int) *source.Node { return file.Scalar(source.String, text, at, at) }
	return file.Mapping([]source.Member{
		{Key: key("name", name.start), Value: file.Scalar(source.String, name.text, name.start, name.end)},
		{Key: key("count", loop.parts[0].start), Value: count},
		{Key: key("input", body.start), Value: e.value(body, inside)},
	}, loop.start, loop.end)
}

// loop returns the number of rounds of a loop, and the scope of its body. name is that of its copy.
func (e *emitter) loop(x *expression, name string, s scope) (count *source.Node, inside scope) {
	over := x.parts[0]
	list := e.arm(over, s)
	if s.locals == nil && over.kind != nameKind {
		list = "variables(" + quote(e.hoist(over, s)) + ")"
	}
	index := "copyIndex(" + quote(name) + ")"
	inside = s
	inside.locals = hidden(s.locals, index).with(x.text, list+"["+index+"]")
	if x.index != "" {
		inside.locals = inside.locals.with(x.index, index)
	}
	return e.computed("length("+list+")", over, s), inside
}

// with returns locals with one more.
func (l *local) with(name, text string) *local { return &local{name, text, l} }

// hidden returns locals in a loop whose rounds hide those of an outer loop of the same name.
func hidden(l *local, index string) *local {
	if l == nil {
		return nil
	}
	text := l.text
	if strings.Contains(text, index) {
		text = unknown
	}
	return &local{l.name, text, hidden(l.outer, index)}
}
