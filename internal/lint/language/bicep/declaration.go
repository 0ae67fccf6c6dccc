package bicep

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// declaration is a statement of a file, by its first word.
type declaration struct {
	word       string // param, var, resource, …
	name       string // the symbol; empty for using, extends and import
	nameAt     span
	secure     bool // the decorator @secure
	declared   *typeOf
	head       *expression // the type of a resource, the path of a module, an import and a parameters file
	existing   bool
	value      *expression
	parameters []string          // of a function
	symbols    map[string]string // of an import: the names here by those there; "*" for all
	start, end int
}

// span is a stretch of the text in bytes.
type span struct{ start, end int }

// parser parses a file.
type parser struct {
	scanner
	depth int
	// found are the declarations that are understood; unread are the offsets of the others.
	found  []*declaration
	unread []int
}

// parse parses the declarations of a file. Those that are not understood are skipped.
func parse(file *source.File, text string) *parser {
	p := &parser{scanner: scanner{file: file, text: text, gap: gap{start: -1}}}
	for {
		p.lines()
		if p.at == len(p.text) {
			return p
		}
		start := p.at
		p.depth = 0
		if d, ok := p.declaration(); ok {
			p.found = append(p.found, d)
			continue
		}
		p.skip(start)
	}
}

// skip skips a declaration that is not understood.
func (p *parser) skip(start int) {
	p.unread = append(p.unread, start)
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
func (p *parser) declaration() (d *declaration, ok bool) {
	d = &declaration{}
	if !p.decorators(d) {
		return nil, false
	}
	d.start = p.at
	d.word = p.identifier()
	if !isKeyword(d.word) {
		return nil, false
	}
	p.blanks()
	switch d.word {
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
	d.end = p.at
	broken := p.lines()
	return d, broken || p.at == len(p.text)
}

// decorators parses the decorators before a declaration or a property of a type.
func (p *parser) decorators(d *declaration) bool {
	for p.accept("@") {
		decorator := p.postfix(p.primary())
		if decorator == nil || decorator.kind != callKind && decorator.kind != methodKind {
			return false
		}
		d.secure = d.secure || decorator.text == "secure"
		p.lines()
	}
	return true
}

// symbol parses the name of a declaration.
func (p *parser) symbol(d *declaration) bool {
	d.nameAt.start = p.at
	d.name = p.identifier()
	d.nameAt.end = p.at
	p.blanks()
	return d.name != ""
}

// headed parses the string behind the name of a declaration.
func (p *parser) headed(d *declaration) bool {
	if p.peek(0) != '\'' {
		return false
	}
	d.head = p.string()
	p.blanks()
	return d.head != nil
}

// assigned parses the value of a declaration.
func (p *parser) assigned(d *declaration) bool {
	if !p.accept("=") {
		return false
	}
	p.lines()
	d.value = p.body()
	return d.value != nil
}

// typing parses a type.
func (p *parser) typing(d *declaration) bool {
	p.lines()
	d.declared = p.typeOf()
	p.blanks()
	return d.declared != nil
}

// typed parses the type and the default of a parameter, or the value in a parameters file.
func (p *parser) typed(d *declaration) bool {
	if p.peek(0) != '=' && !p.typing(d) {
		return false
	}
	return p.peek(0) != '=' || p.assigned(d)
}

// resource parses a resource behind its keyword.
func (p *parser) resource(d *declaration) bool {
	if !p.symbol(d) || !p.headed(d) {
		return false
	}
	d.existing = p.acceptWord("existing")
	p.blanks()
	return p.assigned(d)
}

// nestedResource parses a resource in the body of another one; both results are zero for a mistake.
func (p *parser) nestedResource() (d *declaration, ok bool) {
	start := p.at
	d = &declaration{word: "resource"}
	if !p.decorators(d) {
		return nil, false
	}
	decorated := p.at > start
	d.start = p.at
	if p.acceptWord("resource") {
		p.blanks()
		if p.word() != "" {
			if !p.resource(d) {
				return nil, false
			}
			d.end = p.at
			return d, true
		}
	}
	p.at = start
	return nil, !decorated
}

// function parses the parameters and the body of a function.
func (p *parser) function(d *declaration) bool {
	if !p.accept("(") {
		return false
	}
	for p.lines(); !p.accept(")"); p.lines() {
		name := p.identifier()
		p.blanks()
		if name == "" || p.typeOf() == nil {
			return false
		}
		d.parameters = append(d.parameters, name)
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
	d.value = p.expression()
	return d.value != nil
}

// imports parses what a file imports from another one, or the former name of an extension.
func (p *parser) imports(d *declaration) bool {
	if p.peek(0) == '\'' {
		return p.reference(d)
	}
	d.symbols = map[string]string{}
	switch {
	case p.accept("*"):
		p.lines()
		if !p.acceptWord("as") {
			return false
		}
		p.blanks()
		name := p.identifier()
		d.symbols[name] = "*"
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
			d.symbols[here] = there
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
func (p *parser) reference(d *declaration) bool {
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

// typeOf is what matters of a type.
type typeOf struct {
	nullable bool
	secure   bool     // a part of it is a secret
	names    []string // of the types in it that a file declares; ns.name for an imported one
}

// add adds what matters of a part of a type.
func (t *typeOf) add(part *typeOf) {
	t.secure = t.secure || part.secure
	t.names = append(t.names, part.names...)
}

// typeOf parses a type, nil for text that is not understood.
func (p *parser) typeOf() *typeOf {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	all := &typeOf{}
	p.accept("|")
	for {
		p.lines()
		part := p.partOfType()
		if part == nil {
			return nil
		}
		all.add(part)
		all.nullable = all.nullable || part.nullable
		if !p.operator("|") {
			return all
		}
	}
}

// partOfType parses a type without |.
func (p *parser) partOfType() *typeOf {
	part := &typeOf{}
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
			part.nullable = true
		case p.accept("!"):
			part.nullable = false
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

func (p *parser) primaryType(part *typeOf) bool {
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
		part.nullable = true
		return true
	case "resource":
		p.blanks()
		if p.peek(0) == '\'' {
			return p.string() != nil
		}
	case "true", "false", "string", "int", "bool", "object", "array", "any", "securestring", "secureobject":
		part.secure = strings.HasPrefix(name, "secure")
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
	part.names = append(part.names, name)
	return true
}

func (p *parser) typeArguments(part *typeOf) bool {
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
func (p *parser) listOfTypes(part *typeOf, closing string) bool {
	p.at++
	for p.lines(); !p.accept(closing); {
		var d declaration
		if !p.decorators(&d) {
			return false
		}
		item := p.typeOf()
		if item == nil {
			return false
		}
		part.add(item)
		part.secure = part.secure || d.secure
		if !p.separator() && !p.has(closing) {
			return false
		}
	}
	return true
}

// objectType parses the properties of a type.
func (p *parser) objectType(part *typeOf) bool {
	p.at++
	for p.lines(); !p.accept("}"); {
		var d declaration
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
		part.secure = part.secure || d.secure
		if !p.separator() && p.peek(0) != '}' {
			return false
		}
	}
	return true
}
