package syntax

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Declaration is a statement of a file, by its first word.
type Declaration struct {
	Word       string // param, var, resource, …
	Name       string // the symbol; empty for using, extends and import
	NameAt     Span
	Secure     bool // the decorator @secure
	Declared   *Type
	Head       *Expression // the type of a resource, the path of a module, an import and a parameters file
	Existing   bool
	Value      *Expression
	Parameters []string          // of a function
	Symbols    map[string]string // of an import: the names here by those there; "*" for all
	Start, End int
}

// Span is a stretch of the text in bytes.
type Span struct{ Start, End int }

// parser parses a file.
type parser struct {
	scanner
	depth int
}

// Parsed is what a file declares.
type Parsed struct {
	Declarations []*Declaration
	Unread       []int // the offsets of those that are not understood
	Comments     []source.Comment
}

// Parse parses the declarations of a file. Those that are not understood are skipped.
func Parse(file *source.File, text string) *Parsed {
	p := &parser{scanner: scanner{file: file, text: text, gap: gap{start: -1}}}
	found := &Parsed{}
	for {
		p.lines()
		if p.at == len(p.text) {
			found.Comments = p.comments
			return found
		}
		start := p.at
		p.depth = 0
		if d, ok := p.declaration(); ok {
			found.Declarations = append(found.Declarations, d)
			continue
		}
		found.Unread = append(found.Unread, start)
		p.skip(start)
	}
}

// UnreadDeclaration returns the first word of a declaration that is not understood, and the name behind it.
func UnreadDeclaration(file *source.File, text string, start int) *Declaration {
	p := &parser{scanner: scanner{file: file, text: text, at: start, furthest: len(text), gap: gap{start: -1}}}
	d := &Declaration{Word: p.word(), Start: start}
	p.at += len(d.Word)
	p.blanks()
	d.NameAt.Start = p.at
	d.Name = p.identifier()
	d.NameAt.End = p.at
	return d
}

// skip skips a declaration that is not understood.
func (p *parser) skip(start int) {
	p.at = start
	for p.peek(0) == '@' { // its decorators belong to it
		p.at = p.lineEnd()
		p.lines()
	}
	if p.at = max(p.at, start); p.at < len(p.text) {
		p.at++
		p.recover()
	}
}

// declaration parses a declaration with its decorators.
func (p *parser) declaration() (d *Declaration, ok bool) {
	d = &Declaration{}
	if !p.decorators(d) {
		return nil, false
	}
	d.Start = p.at
	d.Word = p.identifier()
	if !isKeyword(d.Word) {
		return nil, false
	}
	p.blanks()
	switch d.Word {
	case "resource":
		ok = p.resource(d)
	case "module", "test":
		ok = p.symbol(d) && p.headed(d) && p.assigned(d)
	case "param":
		ok = p.symbol(d) && p.typed(d)
	case "var", "output":
		ok = p.symbol(d) && (p.peek(0) == '=' || p.typing(d)) && p.assigned(d)
	case "metadata", "assert":
		ok = p.symbol(d) && p.assigned(d)
	case "targetScope":
		ok = p.assigned(d)
	case "type":
		ok = p.symbol(d) && p.accept("=") && p.typing(d)
	case "func":
		ok = p.symbol(d) && p.function(d)
	case "import":
		ok = p.imports(d)
	case "using", "extends", "extension", "provider", "extensionConfig":
		ok = p.reference(d)
	}
	if !ok {
		return nil, false
	}
	d.End = p.at
	broken := p.lines()
	return d, broken || p.at == len(p.text)
}

// decorators parses the decorators before a declaration or a property of a type.
func (p *parser) decorators(d *Declaration) bool {
	for p.accept("@") {
		decorator := p.postfix(p.primary())
		if decorator == nil || decorator.Kind != CallKind && decorator.Kind != MethodKind {
			return false
		}
		d.Secure = d.Secure || decorator.Text == "secure"
		p.lines()
	}
	return true
}

// symbol parses the name of a declaration.
func (p *parser) symbol(d *Declaration) bool {
	d.NameAt.Start = p.at
	d.Name = p.identifier()
	d.NameAt.End = p.at
	p.blanks()
	return d.Name != ""
}

// headed parses the string behind the name of a declaration.
func (p *parser) headed(d *Declaration) bool {
	if p.peek(0) != '\'' {
		return false
	}
	d.Head = p.string()
	p.blanks()
	return d.Head != nil
}

// assigned parses the value of a declaration.
func (p *parser) assigned(d *Declaration) bool {
	if !p.accept("=") {
		return false
	}
	p.lines()
	d.Value = p.body()
	return d.Value != nil
}

// typing parses a type.
func (p *parser) typing(d *Declaration) bool {
	p.lines()
	d.Declared = p.typeOf()
	p.blanks()
	return d.Declared != nil
}

// typed parses the type and the default of a parameter, or the value in a parameters file.
func (p *parser) typed(d *Declaration) bool {
	if p.peek(0) != '=' && !p.typing(d) {
		return false
	}
	return p.peek(0) != '=' || p.assigned(d)
}

// resource parses a resource behind its keyword.
func (p *parser) resource(d *Declaration) bool {
	if !p.symbol(d) || !p.headed(d) {
		return false
	}
	d.Existing = p.acceptWord("existing")
	p.blanks()
	return p.assigned(d)
}

// nestedResource parses a resource in the body of another one; both results are zero for a mistake.
func (p *parser) nestedResource() (d *Declaration, ok bool) {
	start := p.at
	d = &Declaration{Word: "resource"}
	if !p.decorators(d) {
		return nil, false
	}
	decorated := p.at > start
	d.Start = p.at
	if p.acceptWord("resource") {
		p.blanks()
		if p.word() != "" {
			if !p.resource(d) {
				return nil, false
			}
			d.End = p.at
			return d, true
		}
	}
	p.at = start
	return nil, !decorated
}

// function parses the parameters and the body of a function.
func (p *parser) function(d *Declaration) bool {
	if !p.accept("(") {
		return false
	}
	for p.lines(); !p.accept(")"); p.lines() {
		name := p.identifier()
		p.blanks()
		if name == "" || p.typeOf() == nil {
			return false
		}
		d.Parameters = append(d.Parameters, name)
		p.lines()
		if !p.accept(",") && p.peek(0) != ')' {
			return false
		}
	}
	p.blanks()
	if p.typeOf() == nil || !p.operator("=>") {
		return false
	}
	p.lines()
	d.Value = p.expression()
	return d.Value != nil
}

// imports parses what a file imports from another one, or the former name of an extension.
func (p *parser) imports(d *Declaration) bool {
	if p.peek(0) == '\'' {
		return p.reference(d)
	}
	d.Symbols = map[string]string{}
	switch {
	case p.accept("*"):
		p.lines()
		if !p.acceptWord("as") {
			return false
		}
		p.blanks()
		name := p.identifier()
		d.Symbols[name] = "*"
	case p.accept("{"):
		for p.lines(); !p.accept("}"); {
			there := p.identifier()
			if p.peek(0) == '\'' {
				if p.string() == nil {
					return false
				}
			}
			here := there
			p.blanks()
			if p.acceptWord("as") {
				p.blanks()
				here = p.identifier()
			}
			if here == "" {
				return false
			}
			d.Symbols[here] = there
			if !p.separator() && p.peek(0) != '}' {
				return false
			}
		}
	default:
		return false
	}
	p.lines()
	if !p.acceptWord("from") {
		return false
	}
	p.blanks()
	return p.headed(d)
}

// reference parses what names another file or an extension, and the clauses behind it.
func (p *parser) reference(d *Declaration) bool {
	switch {
	case p.peek(0) == '\'':
		if !p.headed(d) {
			return false
		}
	case p.identifier() == "":
		return false
	}
	for {
		p.blanks()
		switch {
		case p.acceptWord("with"):
			p.blanks()
			if p.peek(0) != '{' || p.object() == nil {
				return false
			}
		case p.acceptWord("as"):
			p.blanks()
			if p.identifier() == "" {
				return false
			}
		default:
			return true
		}
	}
}

// Type is what matters of a type.
type Type struct {
	Nullable bool
	Secure   bool     // a part of it is a secret
	Names    []string // of the types in it that a file declares; ns.name for an imported one
}

// add adds what matters of a part of a type.
func (t *Type) add(part *Type) {
	t.Secure = t.Secure || part.Secure
	t.Names = append(t.Names, part.Names...)
}

// typeOf parses a type, nil for text that is not understood.
func (p *parser) typeOf() *Type {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	all := &Type{}
	p.accept("|")
	for {
		p.lines()
		part := p.partOfType()
		if part == nil {
			return nil
		}
		all.add(part)
		all.Nullable = all.Nullable || part.Nullable
		if !p.operator("|") {
			return all
		}
	}
}

// partOfType parses a type without |.
func (p *parser) partOfType() *Type {
	part := &Type{}
	if !p.primaryType(part) {
		return nil
	}
	for {
		before := p.at
		p.blanks()
		switch {
		case p.peek(0) == '[':
			for p.at++; isLetter(p.peek(0)) || isDigit(p.peek(0)) || p.peek(0) == '*'; {
				p.at++
			}
			if !p.accept("]") {
				return nil
			}
		case p.accept("?"):
			part.Nullable = true
		case p.accept("!"):
			part.Nullable = false
		case p.peek(0) == '.':
			p.at++
			if !p.accept("*") && p.identifier() == "" {
				return nil
			}
		default:
			p.at = before
			return part
		}
	}
}

func (p *parser) primaryType(part *Type) bool {
	switch c := p.peek(0); {
	case c == '\'':
		return p.string() != nil
	case c == '-' || c == '!' || isDigit(c):
		return p.unary() != nil
	case c == '(':
		p.at++
		p.lines()
		inner := p.typeOf()
		p.lines()
		if inner == nil || !p.accept(")") {
			return false
		}
		*part = *inner
		return true
	case c == '{':
		return p.objectType(part)
	case c == '[':
		return p.listOfTypes(part, "]")
	}
	name := p.identifier()
	switch name {
	case "":
		return false
	case "null":
		part.Nullable = true
		return true
	case "resource":
		p.blanks()
		if p.peek(0) == '\'' {
			return p.string() != nil
		}
	case "true", "false", "string", "int", "bool", "object", "array", "any", "securestring", "secureobject":
		part.Secure = strings.HasPrefix(name, "secure")
		return true
	}
	if p.peek(0) == '.' && isLetter(p.peek(1)) {
		p.at++
		name += "." + p.identifier()
	}
	if p.accept("<") { // resourceInput<'…'>
		return p.typeArguments(part)
	}
	if strings.HasPrefix(name, "sys.") {
		return true
	}
	part.Names = append(part.Names, name)
	return true
}

func (p *parser) typeArguments(part *Type) bool {
	for p.lines(); !p.accept(">"); p.lines() {
		argument := p.typeOf()
		if argument == nil {
			return false
		}
		part.add(argument)
		p.lines()
		if !p.accept(",") && p.peek(0) != '>' {
			return false
		}
	}
	return true
}

// listOfTypes parses the types of a tuple up to its bracket.
func (p *parser) listOfTypes(part *Type, closing string) bool {
	p.at++
	for p.lines(); !p.accept(closing); {
		var d Declaration
		if !p.decorators(&d) {
			return false
		}
		item := p.typeOf()
		if item == nil {
			return false
		}
		part.add(item)
		part.Secure = part.Secure || d.Secure
		if !p.separator() && !p.has(closing) {
			return false
		}
	}
	return true
}

// objectType parses the properties of a type.
func (p *parser) objectType(part *Type) bool {
	p.at++
	for p.lines(); !p.accept("}"); {
		var d Declaration
		if !p.decorators(&d) {
			return false
		}
		switch {
		case p.accept("*"):
		case p.peek(0) == '\'':
			if p.string() == nil {
				return false
			}
		case p.identifier() == "":
			return false
		}
		p.accept("?")
		p.blanks()
		if !p.accept(":") {
			return false
		}
		p.lines()
		property := p.typeOf()
		if property == nil {
			return false
		}
		part.add(property)
		part.Secure = part.Secure || d.Secure
		if !p.separator() && p.peek(0) != '}' {
			return false
		}
	}
	return true
}
