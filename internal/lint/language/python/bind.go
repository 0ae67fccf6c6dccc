package python

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
)

// binding is a place that gives a name a value.
type binding struct {
	name  string
	after int         // index of the first token for which it counts
	until int         // index of the token behind the last one for which it counts, 0 for all
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
	rewrites int                    // the last token at which other code may assign to all names, -1 for none
	others   map[string]bool        // names to which other code assigns
	renamed  map[int][]string       // the paths of values that are names, by their first token
	heads    map[int]int            // the block of a statement by the index of its first token

	changed map[string]map[string]bool // attributes that are assigned later, by the name of the object; "" for all
	mutated map[string]bool            // names of collections that are changed
	aliases map[string]string          // another name of the same object, in the direction of the one that stands for all

	plain     map[string]bool     // names of arguments of the command line, which are no objects of the SDK
	defined   map[string]bool     // the names of the functions of the file
	functions map[string][]string // the parameters of the functions of the file
	assigned  map[int]string      // the first name that a statement binds or returns to, by the statement's first token
	calls     []namedCall
	results   [][2]string // names of results of calls by a name, and that name
}

// bind collects what the statements do with names.
func bind(c *syntax.Code) *names {
	n := &names{
		Code: c, bindings: map[inScope][]*binding{}, counts: map[string]int{}, imported: map[string]bool{}, functions: map[string][]string{}, assigned: map[int]string{}, defined: map[string]bool{}, plain: map[string]bool{}, foreign: map[string]bool{}, heads: map[int]int{}, rewrites: -1, renamed: map[int][]string{}, others: map[string]bool{},
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
		n.typeParameters(first+2, s)
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
	open := n.typeParameters(def+2, s)
	if open >= s.To || !n.Opens(open) {
		return
	}
	n.defined[n.Word(def+1)] = true
	for _, parameter := range n.Split(open+1, n.Tokens[open].Match) {
		for parameter.From < parameter.To && (n.Is(parameter.From, "*") || n.Is(parameter.From, "**")) {
			parameter.From++
		}
		n.bindToken(parameter.From, parameter.To, syntax.Statement{Block: n.inside(s)})
		if parameter.From < parameter.To && n.Tokens[parameter.From].Kind == syntax.Name {
			name := n.Word(def + 1)
			n.functions[name] = append(n.functions[name], n.Word(parameter.From))
		}
	}
}

// typeParameters binds those of a function or a class, and returns the index behind them.
func (n *names) typeParameters(open int, s syntax.Statement) (behind int) {
	if open >= s.To || !n.Is(open, "[") {
		return open
	}
	for _, parameter := range n.Split(open+1, n.Tokens[open].Match) {
		for parameter.From < parameter.To && n.Tokens[parameter.From].Kind == syntax.Operator {
			parameter.From++
		}
		n.bindToken(parameter.From, parameter.To, syntax.Statement{Block: n.inside(s)})
	}
	return n.Next(open)
}

// inside returns the block that the head of a function or a class opens.
func (n *names) inside(s syntax.Statement) int {
	if block, ok := n.heads[s.From]; ok {
		return block
	}
	return s.Block
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

// assignments are the operators that assign.
var assignments = []string{"=", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**="}

// assignment reads "a = b = value", "a: type = value" and "a += value".
func (n *names) assignment(s syntax.Statement) {
	var equals []int
	augmented := false
	for at := s.From; at < s.To; at++ {
		if at = n.Find(at, s.To, assignments...); at < s.To {
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
		if last := value.To - 1; value.From < last && n.Is(last, ")") && n.Is(n.Tokens[last].Match-1, "parse_args") {
			n.plain[n.Word(from)] = true
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
		if last := n.lastAttribute(from, to); last > from+2 {
			n.change("", n.Word(last)) // of what an attribute refers to
		}
	case n.Tokens[from].Kind == syntax.Name && n.Is(from+1, "["):
		n.mutated[n.Word(from)] = true
		for i := n.Next(from + 1); i+1 < to; i = n.Next(i) { // items[0].attribute
			if n.Is(i, ".") {
				n.change(n.Word(from), n.Word(i+1))
			}
		}
	default: // (x).attribute, f(x).attribute, f(x).attribute["key"]
		if last := n.lastAttribute(from, to); last > from {
			n.change("", n.Word(last))
		}
	}
}

// lastAttribute returns the token of the last attribute outside brackets, from if there is none.
func (n *names) lastAttribute(from, to int) int {
	last := from
	for i := from; i+1 < to; i = n.Next(i) {
		if n.Is(i, ".") {
			last = i + 1
		}
	}
	return last
}
