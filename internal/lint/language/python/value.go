package python

import (
	"slices"
	"strconv"
	"strings"
)

// valueKind is what is known of a value.
type valueKind uint8

const (
	unknownValue valueKind = iota
	nullValue
	boolValue
	numberValue
	textValue
	listValue
	dictValue
	objectValue
)

// value is the value of an expression.
type value struct {
	kind   valueKind
	at     part // the tokens of the expression that is the value
	text   string
	items  []*value // of a list, and the values of a dict
	keys   []*value // of a dict
	object *object
	why    string // an unknown value is unknown
	// symbol is the same for all expressions of the file with the same value, if that value is not known; empty for none.
	symbol string
	size   int // values in it, itself included
}

// Why a value is not known.
const (
	whyFormatted  = "formatted string"
	whyCall       = "call"
	whyAttribute  = "attribute"
	whyItem       = "subscript"
	whyOperation  = "operation"
	whyTwice      = "assigned twice"
	whyUnassigned = "not assigned before"
	whyImported   = "imported"
	whyParameter  = "parameter or target of a loop"
	whyLater      = "assigned later"
	whyKeywords   = "unknown keyword arguments"
	whyPositional = "unknown positional arguments"
	whyDeep       = "nested too deeply"
	whyOther      = "other expression"
	whyChanged    = "changed in place"
	whySeveral    = "several objects"
	whyLarge      = "too large"
)

const (
	// maxNesting is how deep values are read, through names too.
	maxNesting = 100
	// maxValues is how many values one value has, with what names stand for expanded.
	maxValues = 100_000
)

// evaluator reads the values of expressions.
type evaluator struct {
	*names
	known   map[part]*value // of expressions that several others may use; nil while one is read
	objects map[int]*object // by the first token of the call
	// elsewhere has the attributes that are assigned to what may be any object; see unowned.
	elsewhere map[string]bool
}

func unknown(at part, why string) *value { return &value{at: at, why: why, size: 1} }

// eval returns the value of an expression that is inside depth others.
func (e *evaluator) eval(at part, depth int) *value {
	for at.to-at.from > 2 && e.is(at.from, "(") && e.tokens[at.from].match == at.to-1 && e.find(at.from+1, at.to-1, ",", "for", "async", ":=") == at.to-1 {
		at = part{at.from + 1, at.to - 1}
	}
	switch {
	case at.from >= at.to:
		return unknown(at, whyOther)
	case depth > maxNesting:
		return unknown(at, whyDeep)
	}
	first := e.tokens[at.from]
	switch {
	case first.kind == textToken || first.kind == opaqueToken:
		return e.evalText(at)
	case first.kind == numberToken || (e.is(at.from, "-") || e.is(at.from, "+")) && at.to == at.from+2:
		return e.evalNumber(at)
	case e.opens(at.from) && first.match == at.to-1:
		return e.evalCollection(at, depth)
	case first.kind == nameToken:
		return e.evalName(at, depth)
	}
	return unknown(at, e.whyNot(at))
}

// whyNot returns why an expression is not known.
func (e *evaluator) whyNot(at part) string {
	switch last := at.to - 1; {
	case e.find(at.from, at.to, "if", "for", "lambda", ":=", "await", "yield") < at.to:
		return whyOther
	case e.find(at.from, at.to, "+", "-", "*", "/", "//", "%", "|", "and", "or", "not", "==", "<", ">", "in", "is", "@") < at.to:
		return whyOperation
	case e.is(last, ")"):
		return whyCall
	case e.is(last, "]"):
		return whyItem
	case at.to-at.from > 2 && e.is(last-1, "."):
		return whyAttribute
	}
	return whyOther
}

// evalText reads strings that stand beside each other.
func (e *evaluator) evalText(at part) *value {
	var all strings.Builder
	for i := at.from; i < at.to; i++ {
		switch e.tokens[i].kind {
		case textToken:
		case opaqueToken:
			return unknown(at, whyFormatted)
		default:
			return unknown(at, e.whyNot(at))
		}
		text, ok := unquote(e.word(i))
		if !ok {
			return unknown(at, whyOther)
		}
		all.WriteString(text)
	}
	return &value{kind: textValue, at: at, text: all.String(), size: 1}
}

func (e *evaluator) evalNumber(at part) *value {
	last := at.to - 1
	sign := ""
	if e.is(at.from, "-") {
		sign = "-"
	}
	if e.tokens[last].kind != numberToken || last > at.from+1 || last == at.from+1 && e.tokens[at.from].kind == numberToken {
		return unknown(at, e.whyNot(at))
	}
	text, ok := numeral(e.word(last))
	if !ok {
		return unknown(at, whyOther)
	}
	return &value{kind: numberValue, at: at, text: sign + text, size: 1}
}

// evalCollection reads a list, a tuple or a dict.
func (e *evaluator) evalCollection(at part, depth int) *value {
	inside := part{at.from + 1, at.to - 1}
	if e.find(inside.from, inside.to, "for", "async", ":=") < inside.to {
		return unknown(at, whyOther)
	}
	v := &value{kind: listValue, at: at, size: 1}
	if e.is(at.from, "{") {
		v.kind = dictValue
	}
	for _, each := range e.split(inside.from, inside.to) {
		if each.from < each.to && (e.is(each.from, "*") || e.is(each.from, "**")) {
			return unknown(at, whyOther)
		}
		if v.kind == dictValue {
			colon := e.find(each.from, each.to, ":")
			if colon == each.to {
				return unknown(at, whyOther) // a set
			}
			v.keys = append(v.keys, e.eval(part{each.from, colon}, depth+1))
			each.from = colon + 1
		}
		item := e.eval(each, depth+1)
		v.items = append(v.items, item)
		if v.size += item.size; v.size > maxValues {
			return unknown(at, whyLarge)
		}
	}
	return v
}

// evalName reads what begins with a name: a constant, a name, an attribute or a call.
func (e *evaluator) evalName(at part, depth int) *value {
	if at.to == at.from+1 && e.isKeyword(at.from) {
		switch e.word(at.from) {
		case "None":
			return &value{kind: nullValue, at: at, text: "null", size: 1}
		case "True", "False":
			return &value{kind: boolValue, at: at, text: strings.ToLower(e.word(at.from)), size: 1}
		}
	}
	path, end := e.dotted(at.from, at.to)
	switch {
	case end == at.from, strings.HasSuffix(path, "."):
		return unknown(at, e.whyNot(at))
	case end == at.to && end == at.from+1:
		return e.evalVariable(path, at, depth)
	case end == at.to:
		return e.evalAttribute(path, at, depth)
	case e.calls(end) && e.tokens[end].match == at.to-1:
		if o := e.object(at.from, end); o != nil {
			return &value{kind: objectValue, at: at, object: o, size: o.size}
		}
	}
	return unknown(at, e.whyNot(at))
}

// evalVariable reads the value of a name.
func (e *evaluator) evalVariable(name string, at part, depth int) *value {
	b, why := e.constant(name, at.from)
	if b != nil {
		v := e.shared(b.value, depth)
		switch {
		case v.kind == objectValue: // is looked up below
		case (v.kind == listValue || v.kind == dictValue) && e.mutated[e.original(name)]:
			return e.symbolic(name, at, whyChanged)
		case v.kind != unknownValue:
			return v
		case v.symbol != "": // of a name that stands for another one
			return &value{at: at, why: v.why, symbol: v.symbol, size: 1}
		default:
			why = v.why
		}
	}
	if objects := e.objectsOf(name, at.from, depth); len(objects) == 1 {
		return &value{kind: objectValue, at: objects[0].at, object: objects[0], size: objects[0].size}
	} else if len(objects) > 1 {
		why = whySeveral
	}
	return e.symbolic(name, at, why)
}

// symbolic returns an unknown value that equals others of the same name.
func (e *evaluator) symbolic(name string, at part, why string) *value {
	v := unknown(at, why)
	switch found := e.reaching(name, at.from); {
	case len(found) == 0 && e.counts[name] == 0:
		v.symbol = name
	case len(found) == 1:
		v.symbol = name + "@" + strconv.Itoa(found[0].after)
	}
	return v
}

// shared is eval for an expression that several others may use.
func (e *evaluator) shared(at part, depth int) *value {
	if v, known := e.known[at]; known {
		if v == nil {
			return unknown(at, whyOther) // it contains itself
		}
		return v
	}
	e.known[at] = nil
	v := e.eval(at, depth+1)
	e.known[at] = v
	return v
}

// objectsOf returns the objects that a name may stand for, nil if it may stand for anything else.
func (e *evaluator) objectsOf(name string, use, depth int) []*object {
	if depth > maxNesting {
		return nil
	}
	var objects []*object
	found := e.reaching(name, use)
	for _, b := range found {
		if !b.hasValue() {
			return nil
		}
		path, end := e.dotted(b.value.from, b.value.to)
		if len(found) == 1 && end == b.value.to && !strings.Contains(path, ".") {
			return e.objectsOf(path, b.value.from, depth+1) // another name
		}
		if end == b.value.to || !e.calls(end) || e.tokens[end].match != b.value.to-1 {
			return nil
		}
		o := e.object(b.value.from, end)
		if o == nil {
			return nil
		}
		objects = append(objects, o)
	}
	return objects
}

// evalAttribute reads a constant of the SDK, or the name of an object.
func (e *evaluator) evalAttribute(path string, at part, depth int) *value {
	if text := constantOf(e.path(path, at.from)); text != "" {
		return &value{kind: textValue, at: at, text: text, size: 1}
	}
	variable, attribute, _ := strings.Cut(path, ".")
	if attribute != "name" {
		return unknown(at, whyAttribute)
	}
	return e.nameOf(e.objectsOf(variable, at.from, depth), at, depth)
}

// nameOf returns the name that all of some objects have.
func (e *evaluator) nameOf(objects []*object, at part, depth int) *value {
	var name *value
	for _, o := range objects {
		own := e.argument(o, o.construct.nameArgument(), depth+1)
		switch {
		case own == nil, own.kind != textValue && own.symbol == "":
			return unknown(at, whyAttribute)
		case name == nil:
			name = own
		case name.kind != own.kind || name.text != own.text || name.symbol != own.symbol:
			return unknown(at, whySeveral)
		}
	}
	switch {
	case name == nil:
		return unknown(at, whyAttribute)
	case name.kind == textValue:
		return name
	}
	return &value{at: at, why: name.why, symbol: name.symbol, size: 1}
}

// object is an object of the SDK: a call of the table.
type object struct {
	construct *construct
	at        part // from the first token of what is called to the closing bracket
	open      int  // the index of the bracket
	arguments arguments
	variable  string // to which it may be assigned, alone or in a collection; empty for none
	size      int
}

// arguments are those of a call.
type arguments struct {
	positional []part
	keywords   map[string]keyword
	star       int // how many positional arguments there are before *, -1 without *
	rest       *part
}

// keyword is a named argument.
type keyword struct {
	at    part // of its name
	value part
}

// object returns the object that a call makes, nil if the call is not one of the table.
func (e *evaluator) object(from, open int) *object {
	if o, known := e.objects[from]; known {
		return o
	}
	c := e.construct(from, open)
	if c == nil {
		return nil
	}
	to := e.tokens[open].match
	all, ok := e.argumentsOf(part{open + 1, to})
	if !ok {
		return nil
	}
	o := &object{construct: c, at: part{from, to + 1}, open: open, arguments: all, size: 1, variable: e.assigned[e.statementOf(from)]}
	e.objects[from] = o
	return o
}

// calls reports whether a token opens the brackets of a call, or of a look-up such as ws.compute_targets["cpu"].
func (e *evaluator) calls(open int) bool {
	return e.is(open, "(") || e.is(open, "[") && e.is(open-1, "compute_targets") && e.is(open-2, ".")
}

// construct returns the call of the table that some tokens name, nil for any other.
func (e *evaluator) construct(from, open int) *construct {
	if e.is(open, "[") {
		return &lookUp
	}
	if open-from > len([]string{"client", ".", "endpoints", "."}) && e.is(open-1, "get") && isCollection(e.word(open-3)) {
		return &lookUp
	}
	if name := e.word(from); !e.imported[name] && (len(e.stars) == 0 || e.counts[name] > 0) {
		return nil
	}
	path, _ := e.dotted(from, open)
	return constructOf(e.path(path, from))
}

// argumentsOf reads the arguments of a call. ok is false if a keyword is given twice.
func (e *evaluator) argumentsOf(inside part) (all arguments, ok bool) {
	all = arguments{keywords: map[string]keyword{}, star: -1}
	for _, each := range e.split(inside.from, inside.to) {
		switch {
		case each.from >= each.to:
			return all, false
		case e.is(each.from, "**"):
			all.rest = &part{each.from, each.to}
		case e.is(each.from, "*"):
			if all.star < 0 {
				all.star = len(all.positional)
			}
		case each.from+1 < each.to && e.tokens[each.from].kind == nameToken && e.is(each.from+1, "="):
			name := e.word(each.from)
			if _, twice := all.keywords[name]; twice {
				return all, false
			}
			all.keywords[name] = keyword{part{each.from, each.from + 1}, part{each.from + 2, each.to}}
		default:
			all.positional = append(all.positional, each)
		}
	}
	return all, true
}

// argument returns the value of an argument of an object, nil if the call leaves it out.
func (e *evaluator) argument(o *object, name string, depth int) *value {
	if name == "" {
		return nil
	}
	if o.variable != "" && e.isChanged(o.variable, name) || e.elsewhere[name] || e.elsewhere[""] {
		return unknown(o.at, whyLater)
	}
	if word, ok := o.arguments.keywords[name]; ok {
		return e.shared(word.value, depth)
	}
	position := slices.Index(o.construct.positional, name)
	switch {
	case position < 0:
	case o.arguments.star >= 0 && position >= o.arguments.star:
		return unknown(o.at, whyPositional)
	case position < len(o.arguments.positional):
		return e.shared(o.arguments.positional[position], depth)
	}
	if o.arguments.rest != nil {
		return unknown(*o.arguments.rest, whyKeywords)
	}
	return nil
}
