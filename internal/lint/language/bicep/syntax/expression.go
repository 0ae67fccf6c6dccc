// Package syntax parses the text of a Bicep file into declarations and expressions.
package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Expression is a node of a parsed expression.
type Expression struct {
	Kind  Kind
	Text  string // by kind: of a literal, a name, an operator
	Index string // the variable of the index of a loop
	// Parts are the operands, arguments, items or values; those of an object are the values of names.
	Parts []*Expression
	// Texts are those around the parts of an interpolation. Names are the keys of an object, nil for a spread.
	Texts      []string
	Names      []*Expression
	Nested     []*Declaration // resources in the body of a resource
	Start, End int            // byte offsets
}

// Kind is the form of an expression.
type Kind uint8

const (
	StringKind       Kind = iota
	Interpolation         // 'a${b}'
	NumberKind            // an integer
	WordKind              // true, false, null
	ArrayKind             // [a, b]
	ObjectKind            // {a: b}
	NameKind              // a
	CallKind              // a(b)
	MethodKind            // a.b(c): Parts has a, then the arguments
	MemberKind            // a.b
	SafeMemberKind        // a.?b
	NestedKind            // a::b
	ItemKind              // a[b]
	SafeItemKind          // a[?b]
	LastItemKind          // a[^b]
	SafeLastItemKind      // a[?^b]
	UnaryKind             // !a, -a
	BinaryKind            // a + b
	TernaryKind           // a ? b : c
	LambdaKind            // (a, b) => c: Texts has the names
	LoopKind              // [for Text, Index in Parts[0]: Parts[1]]
	ConditionKind         // if (Parts[0]) Parts[1]
	SpreadKind            // ...a, in an array
)

// maxDepth limits nested expressions and types. Real files stay below 20.
const maxDepth = 100

// deeper enters a nested expression; leave with p.depth--.
func (p *parser) deeper() bool {
	p.depth++
	return p.depth <= maxDepth
}

// expression parses an expression, nil for text that is not understood.
func (p *parser) expression() *Expression {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	start := p.at
	condition := p.binary(0)
	if condition == nil || !p.operator("?") {
		return condition
	}
	p.lines()
	then := p.expression()
	if then == nil {
		return nil
	}
	p.lines()
	if !p.accept(":") {
		return nil
	}
	p.lines()
	otherwise := p.expression()
	if otherwise == nil {
		return nil
	}
	return &Expression{Kind: TernaryKind, Parts: []*Expression{condition, then, otherwise}, Start: start, End: otherwise.End}
}

// operator consumes an operator on this line or the next ones if it is next.
func (p *parser) operator(text string) bool {
	before := p.at
	p.lines()
	if p.accept(text) {
		return true
	}
	p.at = before
	return false
}

// binaryOperators are the binary operators by precedence, those that bind least first. Of operators with the same start, the
// longer one comes first.
var binaryOperators = [...][]string{
	{"??"}, {"||"}, {"&&"}, {"==", "!=", "=~", "!~"}, {"<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/", "%"},
}

// binary parses operands and the operators between them that bind at least as much as a precedence.
func (p *parser) binary(precedence int) *Expression {
	if precedence == len(binaryOperators) {
		return p.unary()
	}
	left := p.binary(precedence + 1)
	for count := 0; left != nil; count++ {
		operator := p.binaryOperator(precedence)
		if operator == "" {
			return left
		}
		if count > maxDepth {
			return nil
		}
		p.lines()
		right := p.binary(precedence + 1)
		if right == nil {
			return nil
		}
		left = &Expression{Kind: BinaryKind, Text: operator, Parts: []*Expression{left, right}, Start: left.Start, End: right.End}
	}
	return nil
}

// binaryOperator consumes an operator of a precedence, "" if there is none. A minus on the next line is that of the next item.
func (p *parser) binaryOperator(precedence int) string {
	before := p.at
	broken := p.lines()
	for _, operator := range binaryOperators[precedence] {
		if broken && operator == "-" {
			continue
		}
		if p.accept(operator) {
			return operator
		}
	}
	p.at = before
	return ""
}

func (p *parser) unary() *Expression {
	start := p.at
	switch c := p.peek(0); c {
	case '!', '-', '+':
		defer func() { p.depth-- }()
		p.at++
		p.blanks()
		if !p.deeper() {
			return nil
		}
		of := p.unary()
		switch {
		case of == nil || c == '+':
			return of
		case c == '-' && of.Kind == NumberKind && !strings.HasPrefix(of.Text, "-"):
			return &Expression{Kind: NumberKind, Text: "-" + of.Text, Start: start, End: of.End}
		}
		return &Expression{Kind: UnaryKind, Text: string(c), Parts: []*Expression{of}, Start: start, End: of.End}
	}
	return p.postfix(p.primary())
}

// postfix parses the accesses behind an expression.
func (p *parser) postfix(of *Expression) *Expression {
	for count := 0; of != nil; count++ {
		if count > maxDepth {
			return nil
		}
		before := p.at
		p.blanks()
		next := (*Expression)(nil)
		switch {
		case p.accept(".?"):
			next = p.member(SafeMemberKind, of)
		case p.peek(0) == '.' && p.peek(1) != '.':
			p.at++
			next = p.member(MemberKind, of)
		case p.accept("::"):
			next = p.member(NestedKind, of)
		case p.peek(0) == '[':
			next = p.item(of)
		case p.peek(0) == '!' && p.peek(1) != '=' && p.peek(1) != '~':
			p.at++ // not null, which changes no value
			next = of
		default:
			p.at = before
			return of
		}
		of = next
	}
	return nil
}

// member parses the name of a member, or the call of a method.
func (p *parser) member(kind Kind, of *Expression) *Expression {
	p.lines()
	name := p.identifier()
	if name == "" {
		return nil
	}
	access := &Expression{Kind: kind, Text: name, Parts: []*Expression{of}, Start: of.Start, End: p.at}
	if kind != NestedKind && p.called() {
		access.Kind = MethodKind
		if kind == SafeMemberKind || !p.arguments(access) {
			return nil
		}
	}
	return access
}

// called moves to the arguments behind a name if there are any on its line.
func (p *parser) called() bool {
	before := p.at
	p.blanks()
	if p.peek(0) == '(' {
		return true
	}
	p.at = before
	return false
}

// item parses [index] and its variants.
func (p *parser) item(of *Expression) *Expression {
	p.at++
	kind := ItemKind
	switch {
	case p.accept("?^"):
		kind = SafeLastItemKind
	case p.accept("?"):
		kind = SafeItemKind
	case p.accept("^"):
		kind = LastItemKind
	}
	p.lines()
	index := p.expression()
	p.lines()
	if index == nil || !p.accept("]") {
		return nil
	}
	return &Expression{Kind: kind, Parts: []*Expression{of, index}, Start: of.Start, End: p.at}
}

// arguments parses the arguments of a call into its parts.
func (p *parser) arguments(call *Expression) bool {
	p.at++
	for p.lines(); !p.accept(")"); p.lines() {
		argument := p.expression()
		if argument == nil {
			return false
		}
		call.Parts = append(call.Parts, argument)
		p.lines()
		if !p.accept(",") && p.peek(0) != ')' {
			return false
		}
	}
	call.End = p.at
	return true
}

func (p *parser) primary() *Expression {
	start := p.at
	switch c := p.peek(0); {
	case c == '\'':
		return p.string()
	case c == '$':
		for p.peek(0) == '$' {
			p.at++
		}
		if dollars := p.at - start; p.accept(multiline) {
			return p.multiline(start, dollars)
		}
		return nil
	case c == '[':
		return p.array()
	case c == '{':
		return p.object()
	case c == '(':
		if lambda := p.lambda(); lambda != nil {
			return lambda
		}
		p.at = start + 1
		p.lines()
		inner := p.expression()
		p.lines()
		if inner == nil || !p.accept(")") {
			return nil
		}
		return inner
	case isDigit(c):
		for isDigit(p.peek(0)) {
			p.at++
		}
		if value, err := strconv.ParseUint(p.text[start:p.at], 10, 64); err == nil && !isLetter(p.peek(0)) {
			return &Expression{Kind: NumberKind, Text: strconv.FormatUint(value, 10), Start: start, End: p.at}
		}
		return nil
	}
	return p.named()
}

// named parses what begins with an identifier: a keyword, a call, a lambda or a reference.
func (p *parser) named() *Expression {
	start := p.at
	name := p.identifier()
	switch name {
	case "":
		return nil
	case "true", "false", "null":
		return &Expression{Kind: WordKind, Text: name, Start: start, End: p.at}
	}
	of := &Expression{Kind: NameKind, Text: name, Start: start, End: p.at}
	if p.called() {
		of.Kind = CallKind
		if !p.arguments(of) {
			return nil
		}
		return of
	}
	before := p.at
	p.blanks()
	if p.accept("=>") {
		return p.lambdaBody(start, []string{name})
	}
	p.at = before
	return of
}

// lambda parses (a, b) => c, nil for any other text.
func (p *parser) lambda() *Expression {
	start := p.at
	var names []string
	p.at++
	for p.lines(); !p.accept(")"); p.lines() {
		name := p.identifier()
		if name == "" {
			return nil
		}
		names = append(names, name)
		p.lines()
		if !p.accept(",") && p.peek(0) != ')' {
			return nil
		}
	}
	p.blanks()
	if !p.accept("=>") {
		return nil
	}
	return p.lambdaBody(start, names)
}

func (p *parser) lambdaBody(start int, names []string) *Expression {
	p.lines()
	body := p.expression()
	if body == nil {
		return nil
	}
	return &Expression{Kind: LambdaKind, Texts: names, Parts: []*Expression{body}, Start: start, End: body.End}
}

// array parses a list or a loop.
func (p *parser) array() *Expression {
	array := &Expression{Kind: ArrayKind, Start: p.at}
	p.at++
	p.lines()
	if p.word() == "for" && (p.peek(3) == ' ' || p.peek(3) == '\t' || p.peek(3) == '(') {
		return p.loop(array.Start)
	}
	for separated := true; ; {
		if p.accept("]") {
			array.End = p.at
			return array
		}
		if !separated {
			return nil
		}
		item := p.spread()
		if item == nil {
			item = p.expression()
		}
		if item == nil {
			return nil
		}
		array.Parts = append(array.Parts, item)
		separated = p.separator()
	}
}

// spread parses ...a, nil where none begins.
func (p *parser) spread() *Expression {
	start := p.at
	if !p.accept("...") {
		return nil
	}
	p.blanks()
	of := p.expression()
	if of == nil {
		return nil
	}
	return &Expression{Kind: SpreadKind, Parts: []*Expression{of}, Start: start, End: of.End}
}

// separator skips line breaks and commas, and reports whether there were any.
func (p *parser) separator() bool {
	separated := p.lines()
	for p.accept(",") {
		separated = true
		p.lines()
	}
	return separated
}

// loop parses a loop behind its bracket.
func (p *parser) loop(start int) *Expression {
	loop := &Expression{Kind: LoopKind, Start: start}
	p.at += len("for")
	p.blanks()
	if p.accept("(") {
		p.lines()
		loop.Text = p.identifier()
		p.lines()
		if !p.accept(",") {
			return nil
		}
		p.lines()
		loop.Index = p.identifier()
		p.lines()
		if loop.Index == "" || !p.accept(")") {
			return nil
		}
	} else {
		loop.Text = p.identifier()
	}
	p.lines()
	if loop.Text == "" || !p.acceptWord("in") {
		return nil
	}
	p.blanks()
	over := p.expression()
	p.lines()
	if over == nil || !p.accept(":") {
		return nil
	}
	p.lines()
	body := p.body()
	p.lines()
	if body == nil || !p.accept("]") {
		return nil
	}
	loop.Parts, loop.End = []*Expression{over, body}, p.at
	return loop
}

// body parses what a resource, a module or a round of a loop consists of.
func (p *parser) body() *Expression {
	start := p.at
	if p.word() != "if" {
		return p.expression()
	}
	p.at += len("if")
	p.blanks()
	if p.peek(0) != '(' {
		return nil
	}
	condition := p.primary()
	p.lines()
	if condition == nil || p.peek(0) != '{' {
		return nil
	}
	body := p.object()
	if body == nil {
		return nil
	}
	return &Expression{Kind: ConditionKind, Parts: []*Expression{condition, body}, Start: start, End: body.End}
}

// object parses the members of an object and the resources nested in it.
func (p *parser) object() *Expression {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	object := &Expression{Kind: ObjectKind, Start: p.at}
	p.at++
	p.lines()
	for separated := true; ; {
		if p.accept("}") {
			object.End = p.at
			return object
		}
		if !separated || !p.entry(object) {
			return nil
		}
		separated = p.separator()
	}
}

// entry parses one member of an object.
func (p *parser) entry(object *Expression) bool {
	if nested, ok := p.nestedResource(); nested != nil || !ok {
		object.Nested = append(object.Nested, nested)
		return ok
	}
	var name *Expression
	value := p.spread()
	if value == nil {
		start := p.at
		switch {
		case p.peek(0) == '\'':
			name = p.string()
		case p.word() != "":
			name = &Expression{Kind: StringKind, Text: p.identifier(), Start: start, End: p.at}
		}
		p.blanks()
		if name == nil || !p.accept(":") {
			return false
		}
		p.lines()
		value = p.expression()
	} else {
		value = value.Parts[0]
	}
	if value == nil {
		return false
	}
	object.Names = append(object.Names, name)
	object.Parts = append(object.Parts, value)
	return true
}

// string parses a string in apostrophes.
func (p *parser) string() *Expression {
	start := p.at
	if p.accept(multiline) {
		return p.multiline(start, 0)
	}
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	p.at++
	parsed := &Expression{Kind: StringKind, Start: start}
	var text strings.Builder
	for {
		switch c := p.peek(0); {
		case c == '\'':
			p.at++
			return p.endString(parsed, text.String())
		case c == 0 && p.at >= len(p.text), c == '\n', c == '\r':
			return nil
		case c == '\\':
			character, ok := p.escape()
			if !ok {
				return nil
			}
			text.WriteString(character)
		case c == '$' && p.peek(1) == '{':
			p.at += len("${")
			if !p.hole(parsed, text.String()) {
				return nil
			}
			text.Reset()
		default:
			text.WriteByte(c)
			p.at++
		}
	}
}

// hole parses the expression of an interpolation up to its brace.
func (p *parser) hole(of *Expression, before string) bool {
	p.lines()
	part := p.expression()
	p.lines()
	if part == nil || !p.accept("}") {
		return false
	}
	of.Texts, of.Parts = append(of.Texts, before), append(of.Parts, part)
	return true
}

func (p *parser) endString(parsed *Expression, last string) *Expression {
	parsed.End = p.at
	if len(parsed.Parts) == 0 {
		parsed.Text = last
		return parsed
	}
	parsed.Kind, parsed.Texts = Interpolation, append(parsed.Texts, last)
	return parsed
}

// escape parses an escape sequence of a string.
func (p *parser) escape() (text string, ok bool) {
	c := p.peek(1)
	p.at = min(p.at+2, len(p.text))
	switch c {
	case '\\', '\'', '$':
		return string(c), true
	case 'n':
		return "\n", true
	case 'r':
		return "\r", true
	case 't':
		return "\t", true
	case 'u':
		length := strings.IndexByte(p.text[p.at:], '}')
		if p.peek(0) != '{' || length < 2 || length > 7 {
			return "", false
		}
		code, err := strconv.ParseUint(p.text[p.at+1:p.at+length], 16, 32)
		p.at += length + 1
		return string(rune(code)), err == nil && utf8.ValidRune(rune(code))
	}
	return "", false
}

// multiline parses a string of several lines behind its apostrophes. With dollars, as many before a brace begin an expression.
func (p *parser) multiline(start, dollars int) *Expression {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	parsed := &Expression{Kind: StringKind, Start: start}
	if !p.accept("\r\n") {
		_ = p.accept("\n") || p.accept("\r")
	}
	from := p.at
	for p.at < len(p.text) {
		switch {
		case p.has(multiline):
			// Of more than three apostrophes, the first ones belong to the text.
			for p.peek(len(multiline)) == '\'' {
				p.at++
			}
			text := p.text[from:p.at]
			p.at += len(multiline)
			return p.endString(parsed, text)
		case dollars > 0 && p.peek(0) == '$':
			run := p.at
			for p.peek(0) == '$' {
				p.at++
			}
			// Of more dollars than that, the first ones belong to the text.
			if before := p.at - dollars; p.peek(0) == '{' && before >= run {
				p.at++
				if !p.hole(parsed, p.text[from:before]) {
					return nil
				}
				from = p.at
			}
		default:
			p.at++
		}
	}
	return nil
}

// Member returns the value of a member of an object, nil if there is none.
func (x *Expression) Member(name string) *Expression {
	for i, key := range x.Names {
		if key != nil && key.Kind == StringKind && key.Text == name {
			return x.Parts[i]
		}
	}
	return nil
}

// Set adds a member to an object, at the position of its value.
func (x *Expression) Set(name string, value *Expression) {
	x.Names = append(x.Names, &Expression{Kind: StringKind, Text: name, Start: value.Start, End: value.Start})
	x.Parts = append(x.Parts, value)
}
