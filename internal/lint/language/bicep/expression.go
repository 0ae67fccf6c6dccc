package bicep

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// expression is a node of a parsed expression.
type expression struct {
	kind  kind
	text  string // by kind: of a literal, a name, an operator
	index string // the variable of the index of a loop
	// parts are the operands, arguments, items or values; those of an object are the values of names.
	parts []*expression
	// texts are those around the parts of an interpolation. names are the keys of an object, nil for a spread.
	texts      []string
	names      []*expression
	nested     []*declaration // resources in the body of a resource
	start, end int            // byte offsets
}

type kind uint8

const (
	stringKind       kind = iota
	interpolation         // 'a${b}'
	numberKind            // an integer
	wordKind              // true, false, null
	arrayKind             // [a, b]
	objectKind            // {a: b}
	nameKind              // a
	callKind              // a(b)
	methodKind            // a.b(c): parts has a, then the arguments
	memberKind            // a.b
	safeMemberKind        // a.?b
	nestedKind            // a::b
	itemKind              // a[b]
	safeItemKind          // a[?b]
	lastItemKind          // a[^b]
	safeLastItemKind      // a[?^b]
	unaryKind             // !a, -a
	binaryKind            // a + b
	ternaryKind           // a ? b : c
	lambdaKind            // (a, b) => c: texts has the names
	loopKind              // [for text, index in parts[0]: parts[1]]
	conditionKind         // if (parts[0]) parts[1]
	spreadKind            // ...a, in an array
)

// maxDepth limits nested expressions and types. Real files stay below 20.
const maxDepth = 100

// deeper enters a nested expression; leave with p.depth--.
func (p *parser) deeper() bool {
	p.depth++
	return p.depth <= maxDepth
}

// expression parses an expression, nil for text that is not understood.
func (p *parser) expression() *expression {
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
	return &expression{kind: ternaryKind, parts: []*expression{condition, then, otherwise}, start: start, end: otherwise.end}
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
func (p *parser) binary(precedence int) *expression {
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
		left = &expression{kind: binaryKind, text: operator, parts: []*expression{left, right}, start: left.start, end: right.end}
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

func (p *parser) unary() *expression {
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
		case c == '-' && of.kind == numberKind && !strings.HasPrefix(of.text, "-"):
			return &expression{kind: numberKind, text: "-" + of.text, start: start, end: of.end}
		}
		return &expression{kind: unaryKind, text: string(c), parts: []*expression{of}, start: start, end: of.end}
	}
	return p.postfix(p.primary())
}

// postfix parses the accesses behind an expression.
func (p *parser) postfix(of *expression) *expression {
	for count := 0; of != nil; count++ {
		if count > maxDepth {
			return nil
		}
		before := p.at
		p.blanks()
		next := (*expression)(nil)
		switch {
		case p.accept(".?"):
			next = p.member(safeMemberKind, of)
		case p.peek(0) == '.' && p.peek(1) != '.':
			p.at++
			next = p.member(memberKind, of)
		case p.accept("::"):
			next = p.member(nestedKind, of)
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
func (p *parser) member(kind kind, of *expression) *expression {
	p.lines()
	name := p.identifier()
	if name == "" {
		return nil
	}
	access := &expression{kind: kind, text: name, parts: []*expression{of}, start: of.start, end: p.at}
	if kind != nestedKind && p.called() {
		access.kind = methodKind
		if kind == safeMemberKind || !p.arguments(access) {
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
func (p *parser) item(of *expression) *expression {
	p.at++
	kind := itemKind
	switch {
	case p.accept("?^"):
		kind = safeLastItemKind
	case p.accept("?"):
		kind = safeItemKind
	case p.accept("^"):
		kind = lastItemKind
	}
	p.lines()
	index := p.expression()
	p.lines()
	if index == nil || !p.accept("]") {
		return nil
	}
	return &expression{kind: kind, parts: []*expression{of, index}, start: of.start, end: p.at}
}

// arguments parses the arguments of a call into its parts.
func (p *parser) arguments(call *expression) bool {
	p.at++
	for p.lines(); !p.accept(")"); p.lines() {
		argument := p.expression()
		if argument == nil {
			return false
		}
		call.parts = append(call.parts, argument)
		p.lines()
		if !p.accept(",") && p.peek(0) != ')' {
			return false
		}
	}
	call.end = p.at
	return true
}

func (p *parser) primary() *expression {
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
			return &expression{kind: numberKind, text: strconv.FormatUint(value, 10), start: start, end: p.at}
		}
		return nil
	}
	return p.named()
}

// named parses what begins with an identifier: a keyword, a call, a lambda or a reference.
func (p *parser) named() *expression {
	start := p.at
	name := p.identifier()
	switch name {
	case "":
		return nil
	case "true", "false", "null":
		return &expression{kind: wordKind, text: name, start: start, end: p.at}
	}
	of := &expression{kind: nameKind, text: name, start: start, end: p.at}
	if p.called() {
		of.kind = callKind
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
func (p *parser) lambda() *expression {
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

func (p *parser) lambdaBody(start int, names []string) *expression {
	p.lines()
	body := p.expression()
	if body == nil {
		return nil
	}
	return &expression{kind: lambdaKind, texts: names, parts: []*expression{body}, start: start, end: body.end}
}

// array parses a list or a loop.
func (p *parser) array() *expression {
	array := &expression{kind: arrayKind, start: p.at}
	p.at++
	p.lines()
	if p.word() == "for" && (p.peek(3) == ' ' || p.peek(3) == '\t' || p.peek(3) == '(') {
		return p.loop(array.start)
	}
	for separated := true; ; {
		if p.accept("]") {
			array.end = p.at
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
		array.parts = append(array.parts, item)
		separated = p.separator()
	}
}

// spread parses ...a, nil where none begins.
func (p *parser) spread() *expression {
	start := p.at
	if !p.accept("...") {
		return nil
	}
	p.blanks()
	of := p.expression()
	if of == nil {
		return nil
	}
	return &expression{kind: spreadKind, parts: []*expression{of}, start: start, end: of.end}
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
func (p *parser) loop(start int) *expression {
	loop := &expression{kind: loopKind, start: start}
	p.at += len("for")
	p.blanks()
	if p.accept("(") {
		p.lines()
		loop.text = p.identifier()
		p.lines()
		if !p.accept(",") {
			return nil
		}
		p.lines()
		loop.index = p.identifier()
		p.lines()
		if loop.index == "" || !p.accept(")") {
			return nil
		}
	} else {
		loop.text = p.identifier()
	}
	p.lines()
	if loop.text == "" || !p.acceptWord("in") {
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
	loop.parts, loop.end = []*expression{over, body}, p.at
	return loop
}

// body parses what a resource, a module or a round of a loop consists of.
func (p *parser) body() *expression {
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
	return &expression{kind: conditionKind, parts: []*expression{condition, body}, start: start, end: body.end}
}

// object parses the members of an object and the resources nested in it.
func (p *parser) object() *expression {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	object := &expression{kind: objectKind, start: p.at}
	p.at++
	p.lines()
	for separated := true; ; {
		if p.accept("}") {
			object.end = p.at
			return object
		}
		if !separated || !p.entry(object) {
			return nil
		}
		separated = p.separator()
	}
}

// entry parses one member of an object.
func (p *parser) entry(object *expression) bool {
	if nested, ok := p.nestedResource(); nested != nil || !ok {
		object.nested = append(object.nested, nested)
		return ok
	}
	var name *expression
	value := p.spread()
	if value == nil {
		start := p.at
		switch {
		case p.peek(0) == '\'':
			name = p.string()
		case p.word() != "":
			name = &expression{kind: stringKind, text: p.identifier(), start: start, end: p.at}
		}
		p.blanks()
		if name == nil || !p.accept(":") {
			return false
		}
		p.lines()
		value = p.expression()
	} else {
		value = value.parts[0]
	}
	if value == nil {
		return false
	}
	object.names = append(object.names, name)
	object.parts = append(object.parts, value)
	return true
}

// string parses a string in apostrophes.
func (p *parser) string() *expression {
	start := p.at
	if p.accept(multiline) {
		return p.multiline(start, 0)
	}
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	p.at++
	parsed := &expression{kind: stringKind, start: start}
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
func (p *parser) hole(of *expression, before string) bool {
	p.lines()
	part := p.expression()
	p.lines()
	if part == nil || !p.accept("}") {
		return false
	}
	of.texts, of.parts = append(of.texts, before), append(of.parts, part)
	return true
}

func (p *parser) endString(parsed *expression, last string) *expression {
	parsed.end = p.at
	if len(parsed.parts) == 0 {
		parsed.text = last
		return parsed
	}
	parsed.kind, parsed.texts = interpolation, append(parsed.texts, last)
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
func (p *parser) multiline(start, dollars int) *expression {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	parsed := &expression{kind: stringKind, start: start}
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
