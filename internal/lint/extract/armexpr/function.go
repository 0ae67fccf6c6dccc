package armexpr

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// call returns the value of a function call, nil or an unknown value when it cannot be evaluated.
// Functions that depend on Azure (reference, listKeys, uniqueString, utcNow, …) cannot be
// evaluated.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
func (t *Evaluator) call(x *expression, env Env) *source.Node {
	arguments := x.arguments
	switch x.text {
	case "parameters", "variables":
		if len(arguments) != 1 {
			return nil
		}
		name := t.value(arguments[0], env)
		if !t.names(name) {
			return nil
		}
		if x.text == "variables" {
			return t.named(env.Scope.variables, name.Text(), env.depth)
		}
		return t.named(env.Scope.parameters, name.Text(), env.depth)
	case "copyindex":
		return t.copyIndex(arguments, env)
	case "modules":
		return t.module(arguments, env)
	case "if":
		return t.conditional(arguments, env)
	case "and", "or":
		return t.boolOperator(x.text == "or", arguments, env)
	case "coalesce":
		return t.coalesce(arguments, env)
	case "lambdavariables":
		return t.lambdaVariable(arguments, env)
	case "map", "filter", "reduce", "toobject", "mapvalues", "groupby":
		return t.overItems(x.text, arguments, env)
	}
	values := make([]*source.Node, len(arguments))
	known := true
	for i, argument := range arguments {
		values[i] = t.value(argument, env)
		known = t.known(values[i]) && known
	}
	switch x.text {
	case "concat":
		return t.concat(values, env)
	case "format":
		return t.fill(values, env)
	case "resourceid":
		return t.resourceID(values, env)
	case "createarray", "createobject": // items may be unknown
		known = true
		for i, value := range values {
			if value == nil {
				values[i] = t.unknown(env, "")
			}
		}
	}
	if !known {
		return nil
	}
	return t.function(x.text, values, env)
}

// function returns the value of a function of known values.
func (t *Evaluator) function(name string, values []*source.Node, env Env) *source.Node {
	switch len(values) {
	case 0:
		switch name {
		case "true", "false":
			return t.constructed(env, source.Bool, name)
		case "null":
			return t.constructed(env, source.Null, "null")
		case "createarray":
			return t.construct(env, source.Content{Kind: source.Sequence})
		case "createobject":
			return t.construct(env, source.Content{Kind: source.Mapping})
		}
		return nil
	case 1:
		if value := t.unary(name, values[0], env); value != nil {
			return value
		}
	case 2:
		if value := t.binary(name, values[0], values[1], env); value != nil {
			return value
		}
	}
	switch name {
	case "min", "max":
		return t.minMax(name == "max", values, env)
	case "createarray":
		return t.construct(env, source.Content{Kind: source.Sequence, Items: values}, values...)
	case "createobject":
		return t.createObject(values, env)
	case "union":
		if values[0].Kind == source.Sequence {
			return t.combine(values, 1, env)
		}
		return t.union(values, false, env)
	case "intersection":
		return t.combine(values, len(values), env)
	case "substring":
		return t.substring(values, env)
	case "padleft":
		return t.padLeft(values, env)
	case "replace":
		if len(values) == 3 && texts(values...) {
			return t.string(env, strings.ReplaceAll(values[0].Text(), values[1].Text(), values[2].Text()), values...)
		}
	case "tryget":
		value := values[0]
		for _, index := range values[1:] {
			if value = t.item(value, index); value == nil {
				return t.constructed(env, source.Null, "null", values...)
			}
		}
		return t.selected(env, value, values[1:]...)
	}
	return nil
}

// unary returns the result of a function of one value.
func (t *Evaluator) unary(name string, value *source.Node, env Env) *source.Node {
	if convert := textFunctions[name]; convert != nil {
		if texts(value) {
			return t.string(env, convert(value.Text()), value)
		}
		return nil
	}
	switch name {
	case "string", "int", "float", "bool":
		return t.conversion(name, value, env)
	case "base64":
		if texts(value) {
			return t.string(env, base64.StdEncoding.EncodeToString([]byte(value.Text())), value)
		}
	case "base64tostring":
		if text, err := base64.StdEncoding.DecodeString(value.Text()); err == nil && texts(value) && utf8.Valid(text) {
			return t.string(env, string(text), value)
		}
	case "items", "objectkeys", "flatten", "shallowmerge", "array":
		return t.collection(name, value, env)
	case "not":
		if truth, ok := value.Bool(); ok {
			return t.truth(env, !truth, value)
		}
	case "json":
		return t.json(value, env)
	case "length":
		if length, ok := lengthOf(value); ok {
			return t.integer(env, int64(length), value)
		}
	case "empty":
		if length, ok := lengthOf(value); ok || value.Kind == source.Null {
			return t.truth(env, length == 0, value)
		}
	case "first", "last":
		return t.firstOrLast(name == "last", value, env)
	}
	return nil
}

// textFunctions make a text of a text.
var textFunctions = map[string]func(string) string{"tolower": strings.ToLower, "toupper": strings.ToUpper, "trim": strings.TrimSpace}

// conversion returns a scalar as a value of another type.
func (t *Evaluator) conversion(name string, value *source.Node, env Env) *source.Node {
	text, ok := written(value)
	if !ok {
		return nil
	}
	switch name {
	case "string":
		return t.string(env, text, value)
	case "int":
		if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
			return t.integer(env, whole, value)
		}
	case "float":
		if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
			return t.constructed(env, source.Number, strconv.FormatFloat(number, 'f', -1, 64), value)
		}
	case "bool":
		switch strings.ToLower(text) {
		case "true", "1":
			return t.truth(env, true, value)
		case "false", "0":
			return t.truth(env, false, value)
		}
	}
	return nil
}

// collection returns the list or the mapping that a function makes of one value.
func (t *Evaluator) collection(name string, value *source.Node, env Env) *source.Node {
	list := value.Kind == source.Sequence
	switch {
	case name == "items":
		return t.items(value, env)
	case name == "objectkeys" && value.Kind == source.Mapping:
		return t.listed(value.Members(), env, value, func(member source.Member) *source.Node { return t.string(env, member.Key.Text(), value) })
	case name == "flatten" && list && t.allOf(value.Items(), source.Sequence):
		return t.concat(append([]*source.Node{t.construct(env, source.Content{Kind: source.Sequence}, value)}, value.Items()...), env)
	case name == "shallowmerge" && list && t.allOf(value.Items(), source.Mapping):
		return t.union(value.Items(), true, env)
	case name == "array" && list:
		return value
	case name == "array":
		return t.construct(env, source.Content{Kind: source.Sequence, Items: []*source.Node{value}}, value)
	}
	return nil
}

// binary returns the value of a function of two known values.
func (t *Evaluator) binary(name string, a, b *source.Node, env Env) *source.Node {
	switch name {
	case "equals":
		if equal, ok := t.equal(a, b, 0); ok {
			return t.truth(env, equal, a, b)
		}
		return nil
	case "contains":
		return t.contains(a, b, env)
	case "split":
		return t.split(a, b, env)
	case "join":
		return t.join(a, b, env)
	case "take", "skip":
		return t.part(name == "take", a, b, env)
	case "indexof":
		if texts(a, b) {
			return t.integer(env, charactersBefore(a.Text(), b.Text()), a, b)
		}
	case "lastindexof":
		if texts(a, b) && b.Text() != "" {
			return t.integer(env, lastCharactersBefore(a.Text(), b.Text()), a, b)
		}
	case "startswith":
		if texts(a, b) {
			return t.truth(env, strings.HasPrefix(strings.ToLower(a.Text()), strings.ToLower(b.Text())), a, b)
		}
	case "endswith":
		if texts(a, b) {
			return t.truth(env, strings.HasSuffix(strings.ToLower(a.Text()), strings.ToLower(b.Text())), a, b)
		}
	}
	left, ok := Integer(a)
	right, also := Integer(b)
	if !ok || !also {
		return nil
	}
	switch name {
	case "less":
		return t.truth(env, left < right, a, b)
	case "lessorequals":
		return t.truth(env, left <= right, a, b)
	case "greater":
		return t.truth(env, left > right, a, b)
	case "greaterorequals":
		return t.truth(env, left >= right, a, b)
	case "range":
		return t.numbers(left, right, env, a, b)
	}
	if result, ok := arithmetic(name, left, right); ok {
		return t.integer(env, result, a, b)
	}
	return nil
}

// arithmetic computes an operation. ok is false for a division by zero and for a result of more
// than 64 bits, as in Azure.
func arithmetic(name string, a, b int64) (result int64, ok bool) {
	switch name {
	case "add":
		return a + b, (a+b > a) == (b > 0)
	case "sub":
		return a - b, (a-b < a) == (b > 0)
	case "mul":
		result = a * b
		return result, a == 0 || result/a == b && (a != -1 || b != math.MinInt64)
	case "div", "mod":
		if b == 0 || a == math.MinInt64 && b == -1 {
			return 0, false
		}
		if name == "div" {
			return a / b, true
		}
		return a % b, true
	}
	return 0, false
}

func (t *Evaluator) integer(env Env, value int64, of ...*source.Node) *source.Node {
	return t.constructed(env, source.Number, strconv.FormatInt(value, 10), of...)
}

func (t *Evaluator) truth(env Env, value bool, of ...*source.Node) *source.Node {
	return t.constructed(env, source.Bool, strconv.FormatBool(value), of...)
}

// Integer returns the value of an integer; ok is false for any other node.
func Integer(n *source.Node) (value int64, ok bool) {
	if n == nil || n.Kind != source.Number {
		return 0, false
	}
	value, err := strconv.ParseInt(n.Text(), 10, 64)
	return value, err == nil
}

// texts reports whether all values are strings.
func texts(values ...*source.Node) bool {
	for _, value := range values {
		if value.Kind != source.String {
			return false
		}
	}
	return true
}

// written returns the string that Azure converts a scalar to; ok is false for any other node.
func written(n *source.Node) (text string, ok bool) {
	if truth, ok := n.Bool(); ok {
		if truth {
			return "True", true
		}
		return "False", true
	}
	return n.Scalar()
}

// lengthOf returns the number of characters of a string or of values in a collection.
func lengthOf(n *source.Node) (length int, ok bool) {
	switch n.Kind {
	case source.String:
		return len([]rune(n.Text())), true
	case source.Sequence:
		return len(n.Items()), true
	case source.Mapping:
		return len(n.Members()), true
	}
	return 0, false
}

// equal compares values; ok is false where an unknown part may decide.
func (t *Evaluator) equal(a, b *source.Node, depth int) (equal, ok bool) {
	switch {
	case depth > maxExpressionDepth || !t.known(a) || !t.known(b):
		return false, false
	case a.Kind != b.Kind && (a.Kind >= source.Sequence || b.Kind >= source.Sequence):
		return false, true
	case a.Kind == source.Sequence:
		return t.equalItems(a.Items(), b.Items(), depth)
	case a.Kind == source.Mapping:
		return t.equalMembers(a, b, depth)
	}
	return equalScalars(a, b)
}

func (t *Evaluator) equalItems(a, b []*source.Node, depth int) (equal, ok bool) {
	if len(a) != len(b) {
		return false, true
	}
	known := t.spend(len(a))
	for i := range a {
		equal, ok := t.equal(a[i], b[i], depth+1)
		if ok && !equal {
			return false, true
		}
		known = known && ok
	}
	return known, known
}

// equalMembers compares mappings in which the order of keys does not matter. Whether null is the same as a missing value, and keys are the
// same that differ in case, is not known.
func (t *Evaluator) equalMembers(a, b *source.Node, depth int) (equal, ok bool) {
	known := t.spend(len(a.Members()) + len(b.Members()))
	for _, pair := range [][2]*source.Node{{a, b}, {b, a}} {
		for _, member := range pair[0].Members() {
			other := t.member(pair[1], member.Key.Text())
			switch {
			case other == nil && member.Value.Kind != source.Null && t.known(member.Value):
				return false, true
			case other == nil:
				known = false
				continue
			case pair[0] == b: // compared before
				continue
			}
			equal, ok := t.equal(member.Value, other, depth+1)
			if ok && !equal {
				return false, true
			}
			known = known && ok && pair[1].Get(member.Key.Text()) != nil
		}
	}
	return known, known
}

// equalScalars compares scalars; ok is false for a collection.
func equalScalars(a, b *source.Node) (equal, ok bool) {
	if a.Kind >= source.Sequence || b.Kind >= source.Sequence {
		return false, false
	}
	if a.Kind == source.Number && b.Kind == source.Number {
		left, _ := a.Float()
		right, _ := b.Float()
		return left == right, true
	}
	return a.Kind == b.Kind && (a.Kind == source.Null || a.Text() == b.Text()), true
}

// conditional evaluates if(condition, then, else) without the branch that is not taken.
func (t *Evaluator) conditional(arguments []*expression, env Env) *source.Node {
	if len(arguments) != 3 {
		return nil
	}
	condition := t.value(arguments[0], env)
	truth, ok := condition.Bool()
	if !ok {
		return nil
	}
	branch := arguments[2]
	if truth {
		branch = arguments[1]
	}
	return t.selected(env, t.value(branch, env), condition)
}

// boolOperator evaluates and (decides is false) or or (decides is true). One known value that
// decides the result is enough.
func (t *Evaluator) boolOperator(decides bool, arguments []*expression, env Env) *source.Node {
	var values []*source.Node
	known := true
	for _, argument := range arguments {
		value := t.value(argument, env)
		truth, ok := value.Bool()
		switch {
		case !ok:
			known = false
		case truth == decides:
			return t.truth(env, decides, value)
		}
		values = append(values, value)
	}
	if !known {
		return nil
	}
	return t.truth(env, !decides, values...)
}

// coalesce returns the first value that is not null.
func (t *Evaluator) coalesce(arguments []*expression, env Env) *source.Node {
	var value *source.Node
	for _, argument := range arguments {
		value = t.value(argument, env)
		if !t.known(value) || value.Kind != source.Null {
			return value
		}
	}
	return value
}

// copyIndex returns the round of the copy with a name, else of the resource's copy.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric#copyindex
func (t *Evaluator) copyIndex(arguments []*expression, env Env) *source.Node {
	var name *source.Node
	var offset int64
	if len(arguments) > 2 {
		return nil
	}
	for i, argument := range arguments {
		value := t.value(argument, env)
		number, ok := Integer(value)
		switch {
		case ok && i == len(arguments)-1:
			offset = number
		case i == 0 && t.names(value):
			name = value
		default:
			return nil
		}
	}
	for _, loop := range slices.Backward(env.loops) {
		if name == nil && !loop.OfResource || name != nil && !strings.EqualFold(loop.Name, name.Text()) {
			continue
		}
		index, ok := arithmetic("add", int64(loop.Index), offset)
		if !ok || loop.Index == UnknownRound {
			return nil
		}
		return t.integer(env, index)
	}
	return nil
}

// names reports whether a value can be the name of a parameter, a variable or a copy. Names may
// look like placeholders, such as $fxv#0 in Bicep's output.
func (t *Evaluator) names(n *source.Node) bool {
	return n != nil && n.Kind == source.String && !t.DerivationOf(n).Unknown
}

// knownPart returns the text of a scalar, with read.UnknownPart for its unknown parts.
func (t *Evaluator) knownPart(n *source.Node) string {
	if from := t.DerivationOf(n); from.Unknown && from.Partial != "" {
		return from.Partial
	}
	if text, ok := written(n); ok && t.known(n) {
		return text
	}
	return read.UnknownPart
}

// partlyKnown constructs a string, an unknown value where text has unknown parts.
func (t *Evaluator) partlyKnown(env Env, text string, of ...*source.Node) *source.Node {
	if !strings.Contains(text, read.UnknownPart) {
		return t.string(env, text, of...)
	}
	if len(text) > maxExpressionText || !t.spend(1+len(text)/64) {
		return nil
	}
	return t.unknown(env, text)
}

// concat concatenates strings or lists.
func (t *Evaluator) concat(values []*source.Node, env Env) *source.Node {
	if len(values) > 0 && values[0] != nil && values[0].Kind == source.Sequence {
		var items []*source.Node
		for _, value := range values {
			if value == nil || value.Kind != source.Sequence || !t.spend(len(value.Items())) {
				return nil
			}
			items = append(items, value.Items()...)
		}
		return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, values...)
	}
	var text strings.Builder
	for _, value := range values {
		if value != nil && value.Kind >= source.Sequence {
			return nil
		}
		text.WriteString(t.knownPart(value))
		if text.Len() > maxExpressionText {
			return nil
		}
	}
	return t.partlyKnown(env, text.String(), values...)
}

// fill evaluates format, which replaces {0}, {1}, … in its first value. It returns nil for formats
// such as {0:D3}.
func (t *Evaluator) fill(values []*source.Node, env Env) *source.Node {
	if len(values) == 0 || values[0] == nil || t.DerivationOf(values[0]).Unknown || !texts(values[0]) {
		return nil
	}
	var text strings.Builder
	for rest := values[0].Text(); rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			text.WriteString(rest)
			break
		}
		text.WriteString(rest[:open])
		if strings.HasPrefix(rest[open+1:], rest[open:open+1]) { // {{ is an escaped {
			text.WriteByte(rest[open])
			rest = rest[open+2:]
			continue
		}
		number, after, ok := strings.Cut(rest[open+1:], "}")
		index, err := strconv.Atoi(number)
		if !ok || rest[open] != '{' || err != nil || index < 0 || index+1 >= len(values) {
			return nil
		}
		text.WriteString(t.knownPart(values[index+1]))
		if text.Len() > maxExpressionText {
			return nil
		}
		rest = after
	}
	return t.partlyKnown(env, text.String(), values...)
}

// resourceID returns the known parts of resourceId([subscription], [group], type, name, …).
func (t *Evaluator) resourceID(values []*source.Node, env Env) *source.Node {
	for i, value := range values {
		provider, kind, typed := strings.Cut(t.knownPart(value), "/")
		if !typed {
			continue
		}
		steps := strings.Split(kind, "/")
		names := values[i+1:]
		if len(names) != len(steps) {
			return nil
		}
		var id strings.Builder
		id.WriteString("/subscriptions/" + read.UnknownPart + "/resourceGroups/" + read.UnknownPart + "/providers/" + provider)
		for i, name := range names {
			id.WriteString("/" + steps[i] + "/" + t.knownPart(name))
			if id.Len() > maxExpressionText {
				return nil
			}
		}
		return t.partlyKnown(env, id.String(), values...)
	}
	return nil
}

// json parses a string as JSON. Templates write numbers with a fraction this way, which the
// language lacks.
func (t *Evaluator) json(value *source.Node, env Env) *source.Node {
	if !texts(value) || !t.spend(1+len(value.Text())/64) || !json.Valid([]byte(value.Text())) {
		return nil
	}
	file := source.Parse("", []byte(value.Text()))
	if len(file.Documents) != 1 || len(file.Problems) > 0 {
		return nil
	}
	return t.rooted(file.Documents[0].Root, env, value)
}

// rooted derives a value of parsed JSON from the expression, since the parsed text is not in a file
// of the user.
func (t *Evaluator) rooted(n *source.Node, env Env, of *source.Node) *source.Node {
	if !t.spend(1) {
		return t.unknown(env, "")
	}
	content := source.Content{Kind: n.Kind, Text: n.Text()}
	for _, item := range n.Items() {
		content.Items = append(content.Items, t.rooted(item, env, of))
	}
	for _, member := range n.Members() {
		key := env.at.With(source.Content{Kind: source.String, Text: member.Key.Text()})
		content.Members = append(content.Members, source.Member{Key: key, Value: t.rooted(member.Value, env, of)})
	}
	return t.Derive(env.at, content, read.Derivation{At: env.at, Parts: t.partsOf(env.at, nil, []*source.Node{of})})
}

// firstOrLast returns the first or the last item of a list, or character of a text.
func (t *Evaluator) firstOrLast(last bool, value *source.Node, env Env) *source.Node {
	switch {
	case value.Kind == source.Sequence && len(value.Items()) > 0:
		if last {
			return value.Items()[len(value.Items())-1]
		}
		return value.Items()[0]
	case value.Kind == source.String && value.Text() != "":
		characters := []rune(value.Text())
		if last {
			return t.string(env, string(characters[len(characters)-1]), value)
		}
		return t.string(env, string(characters[0]), value)
	}
	return nil
}

// contains searches for a text in a string, a scalar in a list or a key in a mapping.
func (t *Evaluator) contains(in, wanted *source.Node, env Env) *source.Node {
	switch in.Kind {
	case source.String:
		if texts(wanted) {
			return t.truth(env, strings.Contains(in.Text(), wanted.Text()), in, wanted)
		}
	case source.Mapping:
		if texts(wanted) {
			return t.truth(env, t.member(in, wanted.Text()) != nil, in, wanted)
		}
	case source.Sequence:
		if !t.spend(len(in.Items())) {
			return nil
		}
		for _, item := range in.Items() {
			equal, ok := equalScalars(item, wanted)
			if !ok || !t.known(item) {
				return nil
			}
			if equal {
				return t.truth(env, true, in, wanted)
			}
		}
		return t.truth(env, false, in, wanted)
	}
	return nil
}

func (t *Evaluator) split(text, by *source.Node, env Env) *source.Node {
	if !texts(text, by) || by.Text() == "" {
		return nil
	}
	var items []*source.Node
	for part := range strings.SplitSeq(text.Text(), by.Text()) {
		item := t.string(env, part, text)
		if item == nil {
			return nil
		}
		items = append(items, item)
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, text, by)
}

// numbers constructs a list of count consecutive integers.
func (t *Evaluator) numbers(first, count int64, env Env, of ...*source.Node) *source.Node {
	var items []*source.Node
	for i := range count {
		number, ok := arithmetic("add", first, i)
		item := t.integer(env, number, of...)
		if !ok || item == nil {
			return nil
		}
		items = append(items, item)
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, of...)
}

// minMax returns the smallest or the largest of integers, or of those in a list.
func (t *Evaluator) minMax(largest bool, values []*source.Node, env Env) *source.Node {
	numbers := values
	if len(values) == 1 && values[0].Kind == source.Sequence {
		numbers = values[0].Items()
	}
	if len(numbers) == 0 || !t.spend(len(numbers)) {
		return nil
	}
	found, _ := Integer(numbers[0])
	for _, n := range numbers {
		number, ok := Integer(n)
		switch {
		case !ok:
			return nil
		case largest:
			found = max(found, number)
		default:
			found = min(found, number)
		}
	}
	return t.integer(env, found, values...)
}

// createObject constructs a mapping from alternating keys and values.
func (t *Evaluator) createObject(values []*source.Node, env Env) *source.Node {
	var members []source.Member
	for i := 0; i+1 < len(values); i += 2 {
		if !t.known(values[i]) || !texts(values[i]) {
			return nil
		}
		members = append(members, source.Member{Key: values[i], Value: values[i+1]})
	}
	if len(values)%2 != 0 {
		return nil
	}
	return t.construct(env, source.Content{Kind: source.Mapping, Members: members}, values...)
}

// union merges mappings; the last value of a key wins. Unless shallow, two mappings under one key are
// merged, and a mapping over an unknown value is unknown.
func (t *Evaluator) union(values []*source.Node, shallow bool, env Env) *source.Node {
	var members []source.Member
	at := map[string]int{}
	for _, value := range values {
		if value.Kind != source.Mapping || !t.spend(len(value.Members())) {
			return nil
		}
		for _, member := range value.Members() {
			name := strings.ToLower(member.Key.Text())
			before, exists := at[name]
			switch {
			case !exists:
				at[name] = len(members)
				members = append(members, member)
			case !shallow && member.Value.Kind == source.Mapping && t.DerivationOf(members[before].Value).Unknown:
			case !shallow && member.Value.Kind == source.Mapping && members[before].Value.Kind == source.Mapping:
				merged := t.union([]*source.Node{members[before].Value, member.Value}, false, env)
				if merged == nil {
					return nil
				}
				members[before].Value = merged
			default:
				members[before] = member
			}
		}
	}
	return t.construct(env, source.Content{Kind: source.Mapping, Members: members}, values...)
}
