package bicep

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
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
func (e *emitter) arm(x *syntax.Expression, s scope) string {
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
func (w *writer) call(name string, arguments []*syntax.Expression, s scope) {
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
func (w *writer) expression(x *syntax.Expression, s scope) {
	if w.over {
		return
	}
	switch x.Kind {
	case syntax.StringKind:
		w.raw(quote(x.Text))
	case syntax.Interpolation:
		w.interpolation(x, s)
	case syntax.NumberKind:
		w.raw(x.Text)
	case syntax.WordKind:
		w.raw(x.Text, "()")
	case syntax.ArrayKind, syntax.ObjectKind:
		w.collection(x, s)
	case syntax.NameKind:
		w.name(x.Text, s)
	case syntax.CallKind:
		w.function(x.Text, x.Parts, s)
	case syntax.MethodKind:
		w.method(x, s)
	case syntax.MemberKind, syntax.SafeMemberKind, syntax.NestedKind, syntax.ItemKind, syntax.SafeItemKind, syntax.LastItemKind, syntax.SafeLastItemKind:
		w.access(x, s)
	case syntax.UnaryKind:
		if x.Text == "!" {
			w.call("not", x.Parts, s)
			return
		}
		w.raw("sub(0, ")
		w.expression(x.Parts[0], s)
		w.raw(")")
	case syntax.BinaryKind:
		w.binary(x, s)
	case syntax.TernaryKind:
		w.call("if", x.Parts, s)
	case syntax.LambdaKind:
		w.lambda(x.Texts, x.Parts[0], s)
	case syntax.LoopKind:
		w.mapped(x, s)
	default:
		w.raw(unknown)
	}
}

// interpolation writes format('a{0}', b).
func (w *writer) interpolation(x *syntax.Expression, s scope) {
	braces := strings.NewReplacer("{", "{{", "}", "}}")
	var format strings.Builder
	for i, text := range x.Texts {
		if i > 0 {
			format.WriteString("{" + strconv.Itoa(i-1) + "}")
		}
		_, _ = braces.WriteString(&format, text) // a Builder returns no errors
	}
	w.raw("format(", quote(format.String()))
	for _, part := range x.Parts {
		w.raw(", ")
		w.expression(part, s)
	}
	w.raw(")")
}

func (w *writer) binary(x *syntax.Expression, s scope) {
	folded := func() {
		w.raw("equals(toLower(")
		w.expression(x.Parts[0], s)
		w.raw("), toLower(")
		w.expression(x.Parts[1], s)
		w.raw("))")
	}
	switch x.Text {
	case "!=":
		w.raw("not(")
		w.call("equals", x.Parts, s)
		w.raw(")")
	case "=~":
		folded()
	case "!~":
		w.raw("not(")
		folded()
		w.raw(")")
	default:
		w.call(binaryFunctions[x.Text], x.Parts, s)
	}
}

// binaryFunctions are the functions of ARM for binary operators.
var binaryFunctions = map[string]string{
	"??": "coalesce", "||": "or", "&&": "and", "==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals",
	"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod",
}

// collection writes a list or an object. Outside loops, lambdas and functions it becomes a variable of its own, so that its values
// keep their positions.
func (w *writer) collection(x *syntax.Expression, s scope) {
	switch {
	case x.Kind == syntax.ArrayKind && isSpread(x):
		w.spreadArray(x, s)
	case isSpread(x):
		w.spreadObject(x, s)
	case len(x.Parts) > 0 && s.locals == nil:
		w.hoisted(x, s)
	case x.Kind == syntax.ArrayKind:
		w.call("createArray", x.Parts, s)
	default:
		w.object(x, 0, len(x.Parts), s)
	}
}

// hoisted writes a reference to a variable of its own for an expression.
func (w *writer) hoisted(x *syntax.Expression, s scope) {
	w.raw("variables(", quote(w.hoist(x, s)), ")")
}

// object writes some members of an object.
func (w *writer) object(x *syntax.Expression, from, to int, s scope) {
	w.raw("createObject(")
	for i := from; i < to; i++ {
		if i > from {
			w.raw(", ")
		}
		w.expression(x.Names[i], s)
		w.raw(", ")
		w.expression(x.Parts[i], s)
	}
	w.raw(")")
}

// isSpread reports whether a list or an object contains a spread.
func isSpread(x *syntax.Expression) bool {
	for i, part := range x.Parts {
		if part.Kind == syntax.SpreadKind || x.Kind == syntax.ObjectKind && x.Names[i] == nil {
			return true
		}
	}
	return false
}

// spreadArray writes concat([a], b, [c]) for [a, ...b, c].
func (w *writer) spreadArray(x *syntax.Expression, s scope) {
	w.raw("concat(createArray()")
	for i := 0; i < len(x.Parts); {
		w.raw(", ")
		if x.Parts[i].Kind == syntax.SpreadKind {
			w.expression(x.Parts[i].Parts[0], s)
			i++
			continue
		}
		end := i
		for end < len(x.Parts) && x.Parts[end].Kind != syntax.SpreadKind {
			end++
		}
		w.collection(&syntax.Expression{Kind: syntax.ArrayKind, Parts: x.Parts[i:end], Start: x.Parts[i].Start, End: x.Parts[end-1].End}, s)
		i = end
	}
	w.raw(")")
}

// spreadObject writes shallowMerge([{a: b}, c]) for {a: b, ...c}.
func (w *writer) spreadObject(x *syntax.Expression, s scope) {
	w.raw("shallowMerge(createArray(")
	for i := 0; i < len(x.Parts); {
		if i > 0 {
			w.raw(", ")
		}
		if x.Names[i] == nil {
			w.expression(x.Parts[i], s)
			i++
			continue
		}
		end := i
		for end < len(x.Parts) && x.Names[end] != nil {
			end++
		}
		w.collection(&syntax.Expression{
			Kind: syntax.ObjectKind, Names: x.Names[i:end], Parts: x.Parts[i:end], Start: x.Names[i].Start, End: x.Parts[end-1].End,
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
	case d.Word == "param" && s.prefix == "":
		w.raw("parameters(", quote(name), ")")
	case d.Word == "var":
		w.variable(name, s)
	case d.Word == "import":
		w.imported(d.Symbols[name], d, s)
	case d.Word == "module":
		w.module(d, nil, s)
	default:
		w.raw(unknown)
	}
}

// module writes a reference to a module, or to one round of it.
func (w *writer) module(d *syntax.Declaration, round *syntax.Expression, s scope) {
	if s.prefix != "" || d.Value.Kind == syntax.LoopKind != (round != nil) {
		w.raw(unknown)
		return
	}
	w.outputsOf[d] = true
	w.raw("modules(", quote(d.Name))
	if round != nil {
		w.raw(", ")
		w.expression(round, s)
	}
	w.raw(")")
}

// moduleOf returns the module that a name refers to, nil for any other expression.
func moduleOf(x *syntax.Expression, s scope) *syntax.Declaration {
	if x.Kind != syntax.NameKind {
		return nil
	}
	if _, local := s.local(x.Text); local {
		return nil
	}
	if d := s.unit.symbols[x.Text]; d != nil && d.Word == "module" {
		return d
	}
	return nil
}

// function writes a call.
func (w *writer) function(name string, arguments []*syntax.Expression, s scope) {
	if d := s.unit.symbols[name]; d != nil {
		switch {
		case d.Word == "func":
			w.inline(d, arguments, s, s)
			return
		case d.Word == "import":
			w.importedFunction(d.Symbols[name], d, arguments, s)
			return
		}
	}
	w.builtin(name, arguments, s)
}

// builtin writes a call of a function of the language.
func (w *writer) builtin(name string, arguments []*syntax.Expression, s scope) {
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
func nameOf(x *syntax.Expression) string {
	if x.Kind == syntax.ItemKind && x.Parts[1].Kind == syntax.StringKind {
		return x.Parts[1].Text
	}
	return x.Text
}

// inline writes the body of a function, which is declared in the scope in, with the arguments of a call in s.
func (w *writer) inline(d *syntax.Declaration, arguments []*syntax.Expression, in, s scope) {
	inside := scope{unit: in.unit, prefix: in.prefix, depth: s.depth + 1}
	if inside.depth > maxExpansions || len(arguments) != len(d.Parameters) {
		w.raw(unknown)
		return
	}
	for i, argument := range arguments {
		inside = inside.with(d.Parameters[i], w.arm(argument, s))
	}
	w.expression(d.Value, inside)
}

// method writes the call of a function in a namespace.
func (w *writer) method(x *syntax.Expression, s scope) {
	of := x.Parts[0]
	if of.Kind == syntax.NameKind {
		_, local := s.local(of.Text)
		d := s.unit.symbols[of.Text]
		switch {
		case local:
		case d == nil && (of.Text == "sys" || of.Text == "az"):
			w.builtin(x.Text, x.Parts[1:], s)
			return
		case d != nil && d.Word == "import" && d.Symbols[of.Text] == "*":
			w.importedFunction(x.Text, d, x.Parts[1:], s)
			return
		}
	}
	w.raw(unknown)
}

// lambda writes a lambda. Its variables get unique names, since a function may be written within it.
func (w *writer) lambda(names []string, body *syntax.Expression, s scope) {
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
func (w *writer) mapped(x *syntax.Expression, s scope) {
	names := []string{x.Text}
	if x.Index != "" {
		names = append(names, x.Index)
	}
	w.raw("map(")
	w.expression(x.Parts[0], s)
	w.raw(", ")
	w.lambda(names, x.Parts[1], s)
	w.raw(")")
}

// access writes an access to a member or an item.
func (w *writer) access(x *syntax.Expression, s scope) {
	if x.Kind == syntax.NestedKind {
		w.raw(unknown)
		return
	}
	of := x.Parts[0]
	if resource, ok := w.resourceOf(of, s); ok {
		if x.Kind == syntax.MemberKind || x.Kind == syntax.SafeMemberKind {
			w.ofResource(resource, x.Text)
			return
		}
		w.raw(unknown)
		return
	}
	if x.Kind == syntax.MemberKind && of.Kind == syntax.NameKind {
		if _, local := s.local(of.Text); !local {
			if d := s.unit.symbols[of.Text]; d != nil && d.Word == "import" && d.Symbols[of.Text] == "*" {
				w.imported(x.Text, d, s)
				return
			}
		}
	}
	if isSafe(x) {
		w.safe(x, s)
		return
	}
	if d := moduleOf(of, s); d != nil && x.Kind == syntax.ItemKind && x.Parts[1].Kind != syntax.StringKind {
		w.module(d, x.Parts[1], s)
		return
	}
	w.expression(of, s)
	switch x.Kind {
	case syntax.MemberKind:
		if syntax.IsIdentifier(x.Text) {
			w.raw(".", x.Text)
			return
		}
		w.raw("[", quote(x.Text), "]")
	case syntax.ItemKind:
		w.raw("[")
		w.expression(x.Parts[1], s)
		w.raw("]")
	case syntax.LastItemKind:
		w.raw("[sub(length(")
		w.expression(of, s)
		w.raw("), ")
		w.expression(x.Parts[1], s)
		w.raw(")]")
	}
}

// isSafe reports whether a chain of accesses has a safe one, after which a missing value is null.
func isSafe(x *syntax.Expression) bool {
	for {
		switch x.Kind {
		case syntax.SafeMemberKind, syntax.SafeItemKind, syntax.SafeLastItemKind:
			return true
		case syntax.MemberKind, syntax.ItemKind, syntax.LastItemKind:
			x = x.Parts[0]
		default:
			return false
		}
	}
}

// safe writes tryGet(a, 'b', 'c') for a.?b.c.
func (w *writer) safe(x *syntax.Expression, s scope) {
	var chain []*syntax.Expression
	for isSafe(x) {
		chain = append(chain, x)
		x = x.Parts[0]
	}
	w.raw("tryGet(")
	w.expression(x, s)
	for i := len(chain) - 1; i >= 0; i-- {
		w.raw(", ")
		switch step := chain[i]; step.Kind {
		case syntax.MemberKind, syntax.SafeMemberKind:
			w.raw(quote(step.Text))
		case syntax.ItemKind, syntax.SafeItemKind:
			w.expression(step.Parts[1], s)
		default:
			w.raw(unknown)
		}
	}
	w.raw(")")
}

// escape returns a string for a tree in which strings in brackets are expressions.
func escape(text string) string {
	if strings.HasPrefix(text, "[") {
		return "[" + text
	}
	return text
}

// value returns the node of an expression.
func (e *emitter) value(x *syntax.Expression, s scope) *source.Node {
	file := s.unit.file
	switch x.Kind {
	case syntax.StringKind:
		return file.Scalar(source.String, escape(x.Text), x.Start, x.End)
	case syntax.NumberKind:
		return file.Scalar(source.Number, x.Text, x.Start, x.End)
	case syntax.WordKind:
		kind := source.Bool
		if x.Text == "null" {
			kind = source.Null
		}
		return file.Scalar(kind, x.Text, x.Start, x.End)
	case syntax.CallKind:
		if s.unit.symbols[x.Text] != nil {
			break
		}
		if x.Text == "any" && len(x.Parts) == 1 {
			return e.value(x.Parts[0], s)
		}
		if value, ok := e.load(x.Text, x.Parts, s.unit); ok && value != nil {
			return value
		}
	case syntax.ArrayKind:
		if !isSpread(x) {
			items := make([]*source.Node, len(x.Parts))
			for i, item := range x.Parts {
				items[i] = e.value(item, s)
			}
			return file.Sequence(items, x.Start, x.End)
		}
	case syntax.ObjectKind:
		if !isSpread(x) {
			return file.Mapping(e.members(x, s, nil), x.Start, x.End)
		}
	}
	return e.computed(e.arm(x, s), x, s)
}

// computed returns the node of an ARM expression at the position of an expression.
func (e *emitter) computed(text string, x *syntax.Expression, s scope) *source.Node {
	return s.unit.file.Scalar(source.String, "["+text+"]", x.Start, x.End)
}

// members returns the members of an object except some. Loops are copies.
func (e *emitter) members(x *syntax.Expression, s scope, except func(name string) bool) []source.Member {
	file := s.unit.file
	var members []source.Member
	var copies []*source.Node
	var copied *syntax.Expression
	for i, name := range x.Names {
		value := x.Parts[i]
		if name == nil || except != nil && name.Kind == syntax.StringKind && except(name.Text) {
			continue
		}
		if value.Kind == syntax.LoopKind && name.Kind == syntax.StringKind {
			copies = append(copies, e.copied(name, value, s))
			copied = value
			continue
		}
		members = append(members, source.Member{Key: e.key(name, s), Value: e.value(value, s)})
	}
	if copied != nil {
		key := file.Scalar(source.String, "copy", copied.Start, copied.Start)
		members = append(members, source.Member{Key: key, Value: file.Sequence(copies, copied.Start, copied.End)})
	}
	return members
}

// key returns the node of a key.
func (e *emitter) key(name *syntax.Expression, s scope) *source.Node {
	if name.Kind == syntax.StringKind {
		return s.unit.file.Scalar(source.String, escape(name.Text), name.Start, name.End)
	}
	return e.computed(e.arm(name, s), name, s)
}

// copied returns {name, count, input} for a loop that gives a member its value.
func (e *emitter) copied(name, loop *syntax.Expression, s scope) *source.Node {
	file := s.unit.file
	count, inside := e.loop(loop, name.Text, s)
	body := loop.Parts[1]
	key := func(text string, at int) *source.Node { return file.Scalar(source.String, text, at, at) }
	return file.Mapping([]source.Member{
		{Key: key("name", name.Start), Value: file.Scalar(source.String, name.Text, name.Start, name.End)},
		{Key: key("count", loop.Parts[0].Start), Value: count},
		{Key: key("input", body.Start), Value: e.value(body, inside)},
	}, loop.Start, loop.End)
}

// loop returns the number of rounds of a loop, and the scope of its body. name is that of its copy.
func (e *emitter) loop(x *syntax.Expression, name string, s scope) (count *source.Node, inside scope) {
	over := x.Parts[0]
	list := e.arm(over, s)
	if s.locals == nil && over.Kind != syntax.NameKind {
		list = "variables(" + quote(e.hoist(over, s)) + ")"
	}
	index := "copyIndex(" + quote(name) + ")"
	inside = s
	inside.locals = hidden(s.locals, index).with(x.Text, list+"["+index+"]")
	if x.Index != "" {
		inside.locals = inside.locals.with(x.Index, index)
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
