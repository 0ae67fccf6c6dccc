package python

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
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
	at     syntax.Part // the tokens of the expression that is the value
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
	whyRewritten  = "may be assigned by other code"
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
	known   map[syntax.Part]*value    // of expressions that several others may use; nil while one is read
	objects map[int]*object           // by the first token of the call
	results map[syntax.Part][]*object // what clients return for an argument
	// elsewhere has the attributes that are assigned to what may be any object; see unowned.
	elsewhere map[string]bool
}

func unknown(at syntax.Part, why string) *value { return &value{at: at, why: why, size: 1} }

// eval returns the value of an expression that is inside depth others.
func (e *evaluator) eval(at syntax.Part, depth int) *value {
	at = e.bare(at)
	switch {
	case at.From >= at.To:
		return unknown(at, whyOther)
	case depth > maxNesting:
		return unknown(at, whyDeep)
	}
	first := e.Tokens[at.From]
	switch {
	case first.Kind == syntax.Text || first.Kind == syntax.Opaque:
		return e.evalText(at)
	case first.Kind == syntax.Number, e.Is(at.From, "-"), e.Is(at.From, "+"):
		return e.evalNumber(at)
	case e.Opens(at.From) && first.Match == at.To-1:
		return e.evalCollection(at, depth)
	case first.Kind == syntax.Name:
		return e.evalName(at, depth)
	}
	return unknown(at, e.whyNot(at))
}

// bare returns an expression without brackets around all of it.
func (e *evaluator) bare(at syntax.Part) syntax.Part {
	for at.To-at.From > 2 && e.Is(at.From, "(") && e.Tokens[at.From].Match == at.To-1 && e.Find(at.From+1, at.To-1, ",", "for", "async", ":=") == at.To-1 {
		at = syntax.Part{From: at.From + 1, To: at.To - 1}
	}
	return at
}

// whyNot returns why an expression is not known.
func (e *evaluator) whyNot(at syntax.Part) string {
	switch last := at.To - 1; {
	case e.Find(at.From, at.To, "if", "for", "lambda", ":=", "await", "yield") < at.To:
		return whyOther
	case e.Find(at.From, at.To, "+", "-", "*", "/", "//", "%", "|", "and", "or", "not", "==", "<", ">", "in", "is", "@") < at.To:
		return whyOperation
	case e.Is(last, ")"):
		return whyCall
	case e.Is(last, "]"):
		return whyItem
	case at.To-at.From > 2 && e.Is(last-1, "."):
		return whyAttribute
	}
	return whyOther
}

// evalText reads strings that stand beside each other.
func (e *evaluator) evalText(at syntax.Part) *value {
	var all strings.Builder
	for i := at.From; i < at.To; i++ {
		switch e.Tokens[i].Kind {
		case syntax.Text:
		case syntax.Opaque:
			return unknown(at, whyFormatted)
		default:
			return unknown(at, e.whyNot(at))
		}
		text, ok := syntax.Unquote(e.Word(i))
		if !ok {
			return unknown(at, whyOther)
		}
		all.WriteString(text)
	}
	return &value{kind: textValue, at: at, text: all.String(), size: 1}
}

func (e *evaluator) evalNumber(at syntax.Part) *value {
	number, sign := at, ""
	if e.Tokens[at.From].Kind != syntax.Number {
		number.From++
		number, sign = e.bare(number), strings.TrimPrefix(e.Word(at.From), "+")
	}
	if number.To != number.From+1 || e.Tokens[number.From].Kind != syntax.Number {
		return unknown(at, e.whyNot(at))
	}
	text, ok := syntax.Numeral(e.Word(number.From))
	if !ok {
		return unknown(at, whyOther)
	}
	return &value{kind: numberValue, at: at, text: sign + text, size: 1}
}

// evalCollection reads a list, a tuple or a dict.
func (e *evaluator) evalCollection(at syntax.Part, depth int) *value {
	inside := syntax.Part{From: at.From + 1, To: at.To - 1}
	if e.Find(inside.From, inside.To, "for", "async") < inside.To ||
		e.Is(at.From, "(") && inside.From < inside.To && e.Find(inside.From, inside.To, ",") == inside.To { // (name := value)
		return unknown(at, whyOther)
	}
	v := &value{kind: listValue, at: at, size: 1}
	if e.Is(at.From, "{") {
		v.kind = dictValue
	}
	for _, each := range e.Split(inside.From, inside.To) {
		if each.From < each.To && (e.Is(each.From, "*") || e.Is(each.From, "**")) {
			return unknown(at, whyOther)
		}
		if v.kind == dictValue {
			colon := e.Find(each.From, each.To, ":")
			if colon == each.To {
				return unknown(at, whyOther) // a set
			}
			v.keys = append(v.keys, e.eval(syntax.Part{From: each.From, To: colon}, depth+1))
			each.From = colon + 1
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
func (e *evaluator) evalName(at syntax.Part, depth int) *value {
	if at.To == at.From+1 && e.IsKeyword(at.From) {
		switch e.Word(at.From) {
		case "None":
			return &value{kind: nullValue, at: at, text: "null", size: 1}
		case "True", "False":
			return &value{kind: boolValue, at: at, text: strings.ToLower(e.Word(at.From)), size: 1}
		}
	}
	path, end := e.dotted(at.From, at.To)
	switch {
	case end == at.From, strings.HasSuffix(path, "."):
		return unknown(at, e.whyNot(at))
	case end == at.To && end == at.From+1:
		return e.evalVariable(path, at, depth)
	case end == at.To:
		return e.evalAttribute(path, at, depth)
	case e.calls(end) && e.Tokens[end].Match == at.To-1:
		if o := e.object(at.From, end); o != nil {
			return &value{kind: objectValue, at: at, object: o, size: o.size}
		}
	}
	return unknown(at, e.whyNot(at))
}

// evalVariable reads the value of a name.
func (e *evaluator) evalVariable(name string, at syntax.Part, depth int) *value {
	b, why := e.constant(name, at.From)
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
	if objects := e.objectsOf(name, at.From, depth); len(objects) == 1 {
		return &value{kind: objectValue, at: objects[0].at, object: objects[0], size: objects[0].size}
	} else if len(objects) > 1 {
		why = whySeveral
	}
	return e.symbolic(name, at, why)
}

// symbolic returns an unknown value that equals others of the same name.
func (e *evaluator) symbolic(name string, at syntax.Part, why string) *value {
	v := unknown(at, why)
	switch found := e.reaching(name, at.From); {
	case len(found) == 0 && e.counts[name] == 0:
		v.symbol = name
	case len(found) == 1:
		v.symbol = name + "@" + strconv.Itoa(found[0].after)
	}
	return v
}

// shared is eval for an expression that several others may use.
func (e *evaluator) shared(at syntax.Part, depth int) *value {
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
		if !b.hasValue() || e.isRewritten(b) {
			return nil
		}
		if _, end := e.dotted(b.value.From, b.value.To); end == b.value.To && len(found) > 1 {
			return nil // other names, which may have as many values
		}
		some := e.objectsIn(b.value, depth)
		if len(some) == 0 {
			return nil
		}
		objects = append(objects, some...)
	}
	return objects
}

// objectsIn returns the objects that an expression may stand for, nil if it may stand for anything else: a name, a call of the
// table, or what a client returns of an object that it creates, which has the same name and content.
func (e *evaluator) objectsIn(at syntax.Part, depth int) []*object {
	path, end := e.dotted(at.From, at.To)
	switch {
	case end == at.To && !strings.Contains(path, "."):
		return e.objectsOf(path, at.From, depth+1)
	case end == at.To:
		return nil
	case e.calls(end) && e.Tokens[end].Match == at.To-1:
		if o := e.object(at.From, end); o != nil {
			return []*object{o}
		}
	}
	created, ok := e.created(at, end)
	if !ok {
		return nil
	}
	objects, known := e.results[created]
	if !known {
		e.results[created] = nil // as long as it contains itself
		objects = e.objectsIn(created, depth+1)
		e.results[created] = objects
	}
	return objects
}

// created returns the argument of client.models.create_or_update(…) or of client.compute.begin_create_or_update(…).result(); end is
// that of what is called. ok is false for any other call.
func (e *evaluator) created(at syntax.Part, end int) (argument syntax.Part, ok bool) {
	if !e.Is(end, "(") || end-at.From < len([]string{"client", "."}) || e.defined[e.Word(end-1)] {
		return argument, false
	}
	behind := e.Next(end)
	waits := behind+4 == at.To && e.Is(behind, ".") && e.Is(behind+1, "result") && e.Is(behind+2, "(") && e.Is(behind+3, ")")
	switch e.Word(end - 1) {
	case "create_or_update":
		ok = behind == at.To
	case "begin_create_or_update":
		ok = waits
	}
	if arguments := e.Split(end+1, behind-1); ok && len(arguments) == 1 {
		argument = arguments[0]
		if argument.From+1 < argument.To && e.Is(argument.From+1, "=") {
			argument.From += len([]string{"entity", "="})
		}
		return argument, argument.From < argument.To
	}
	return argument, false
}

// evalAttribute reads a constant of the SDK, or the name of an object.
func (e *evaluator) evalAttribute(path string, at syntax.Part, depth int) *value {
	if paths := e.paths(path, at.From, 0); len(paths) == 1 {
		if text := constantOf(paths[0]); text != "" {
			return &value{kind: textValue, at: at, text: text, size: 1}
		}
	}
	variable, attribute, _ := strings.Cut(path, ".")
	if attribute != "name" {
		return unknown(at, whyAttribute)
	}
	return e.nameOf(e.objectsOf(variable, at.From, depth), at, depth)
}

// nameOf returns the name that all of some objects have.
func (e *evaluator) nameOf(objects []*object, at syntax.Part, depth int) *value {
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
	at        syntax.Part // from the first token of what is called to the closing bracket
	open      int         // the index of the bracket
	arguments arguments
	variable  string // to which it may be assigned, alone or in a collection; empty for none
	size      int
}

// arguments are those of a call.
type arguments struct {
	positional []syntax.Part
	keywords   map[string]keyword
	star       int // how many positional arguments there are before *, -1 without *
	rest       *syntax.Part
}

// keyword is a named argument.
type keyword struct {
	at    syntax.Part // of its name
	value syntax.Part
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
	to := e.Tokens[open].Match
	all, ok := e.argumentsOf(syntax.Part{From: open + 1, To: to})
	if !ok {
		return nil
	}
	o := &object{construct: c, at: syntax.Part{From: from, To: to + 1}, open: open, arguments: all, size: 1, variable: e.assigned[e.statementOf(from)]}
	e.objects[from] = o
	return o
}

// calls reports whether a token opens the brackets of a call, or of a look-up such as ws.compute_targets["cpu"].
func (e *evaluator) calls(open int) bool {
	return e.Is(open, "(") || e.Is(open, "[") && e.Is(open-1, "compute_targets") && e.Is(open-2, ".")
}

// construct returns the call of the table that some tokens name, nil for any other.
func (e *evaluator) construct(from, open int) *construct {
	if e.Is(open, "[") {
		return &lookUp
	}
	if open-from > len([]string{"client", ".", "endpoints", "."}) && e.Is(open-1, "get") && isCollection(e.Word(open-3)) {
		return &lookUp
	}
	if name := e.Word(from); !e.imported[name] && (len(e.stars) == 0 || e.counts[name] > 0) {
		return nil
	}
	path, _ := e.dotted(from, open)
	var found *construct
	for _, each := range e.paths(path, from, 0) {
		c := constructOf(each)
		if c == nil || found != nil && c != found {
			return nil
		}
		found = c
	}
	return found
}

// argumentsOf reads the arguments of a call. ok is false if a keyword is given twice.
func (e *evaluator) argumentsOf(inside syntax.Part) (all arguments, ok bool) {
	all = arguments{keywords: map[string]keyword{}, star: -1}
	parts := e.Split(inside.From, inside.To)
	if e.Find(inside.From, inside.To, "for") < inside.To {
		parts = []syntax.Part{inside} // a generator is the only argument; its targets may have commas
	}
	for _, each := range parts {
		switch {
		case each.From >= each.To:
			return all, false
		case e.Is(each.From, "**"):
			all.rest = &syntax.Part{From: each.From, To: each.To}
		case e.Is(each.From, "*"):
			if all.star < 0 {
				all.star = len(all.positional)
			}
		case each.From+1 < each.To && e.Tokens[each.From].Kind == syntax.Name && e.Is(each.From+1, "="):
			name := e.Word(each.From)
			if _, twice := all.keywords[name]; twice {
				return all, false
			}
			all.keywords[name] = keyword{syntax.Part{From: each.From, To: each.From + 1}, syntax.Part{From: each.From + 2, To: each.To}}
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
		return e.own(o, name, e.shared(word.value, depth))
	}
	position := slices.Index(o.construct.positional, name)
	switch {
	case position < 0:
	case o.arguments.star >= 0 && position >= o.arguments.star:
		return unknown(o.at, whyPositional)
	case position < len(o.arguments.positional):
		return e.own(o, name, e.shared(o.arguments.positional[position], depth))
	}
	if o.arguments.rest != nil {
		return unknown(*o.arguments.rest, whyKeywords)
	}
	return nil
}

// own returns the value of an argument. If the name of an object is not known, it still equals object.name.
func (e *evaluator) own(o *object, argument string, v *value) *value {
	if argument != o.construct.nameArgument() || v.kind != unknownValue || v.symbol != "" {
		return v
	}
	symbol := "name@" + strconv.Itoa(o.at.From)
	return &value{at: v.at, why: v.why, symbol: symbol, size: 1}
}
