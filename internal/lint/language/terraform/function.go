package terraform

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// call returns the result of a function. Functions that read files, the clock or chance are unknown, and so are those
// whose result may be much larger than their arguments.
func (e *evaluator) call(x *hclsyntax.FunctionCallExpr, s *scope) *value {
	at := x.Range()
	name := strings.TrimPrefix(x.Name, "core::")
	if name == "try" || name == "can" {
		return e.try(x, s, name == "can")
	}
	structural, scalars := structuralFunction(name), scalarFunction(name)
	if structural == nil && scalars == nil {
		return unknownAt(at)
	}
	var args []*value
	for i, arg := range x.Args {
		v := e.eval(arg, s)
		if !e.spend(len(v.items) + len(v.members)) {
			return unknownAt(at)
		}
		if x.ExpandFinal && i == len(x.Args)-1 {
			if v.kind != list || v.open {
				return unknownAt(at)
			}
			args = append(args, v.items...)
			continue
		}
		args = append(args, v)
	}
	if structural != nil {
		return structural(e, at, args)
	}
	return e.apply(scalars, at, args)
}

// apply calls a function of cty, whose arguments must be known.
func (e *evaluator) apply(f *function.Function, at hcl.Range, args []*value) *value {
	size := 0
	for _, arg := range args {
		if arg.kind == invalid {
			return invalidAt(at)
		}
		if !arg.wholly() {
			return unknownAt(at)
		}
		size += e.sizeOf(arg)
	}
	if size > maxString || !e.spend(size/bytesPerStep) {
		return unknownAt(at)
	}
	values := make([]cty.Value, len(args))
	for i, arg := range args {
		values[i] = arg.cty()
		if kind, ok := parameterType(f, i); ok && arg.kind == scalar {
			if converted, err := convert.Convert(values[i], kind); err == nil {
				values[i] = converted
			}
		}
		if kind, ok := parameterType(f, i); ok && kind.IsListType() {
			if converted, err := convert.Convert(values[i], kind); err == nil {
				values[i] = converted
			}
		}
	}
	result, err := f.Call(values)
	if err != nil {
		return invalidAt(at)
	}
	return e.fromCty(result, at).dependingOn(args...)
}

func parameterType(f *function.Function, i int) (cty.Type, bool) {
	parameters := f.Params()
	switch {
	case i < len(parameters):
		return parameters[i].Type, true
	case f.VarParam() != nil:
		return f.VarParam().Type, true
	}
	return cty.NilType, false
}

// sizeOf returns the bytes of the texts in a value and the number of values, up to a limit.
func (e *evaluator) sizeOf(v *value) int {
	if !e.spend(1) || v.measure().values > maxString {
		return maxString + 1
	}
	text, _ := v.text()
	size := len(text) + 1
	for _, item := range v.items {
		size += e.sizeOf(item)
	}
	for _, m := range v.members {
		size += len(m.name) + e.sizeOf(m.value)
	}
	return size
}

// scalarFunction returns a function of scalars and of lists of scalars, nil for any other.
func scalarFunction(name string) *function.Function {
	switch name {
	case "abs":
		return &stdlib.AbsoluteFunc
	case "ceil":
		return &stdlib.CeilFunc
	case "floor":
		return &stdlib.FloorFunc
	case "max":
		return &stdlib.MaxFunc
	case "min":
		return &stdlib.MinFunc
	case "parseint":
		return &stdlib.ParseIntFunc
	case "lower":
		return &stdlib.LowerFunc
	case "upper":
		return &stdlib.UpperFunc
	case "title":
		return &stdlib.TitleFunc
	case "trim":
		return &stdlib.TrimFunc
	case "trimprefix":
		return &stdlib.TrimPrefixFunc
	case "trimsuffix":
		return &stdlib.TrimSuffixFunc
	case "trimspace":
		return &stdlib.TrimSpaceFunc
	case "chomp":
		return &stdlib.ChompFunc
	case "strrev":
		return &stdlib.ReverseFunc
	case "substr":
		return &stdlib.SubstrFunc
	case "split":
		return &stdlib.SplitFunc
	case "regex":
		return &stdlib.RegexFunc
	case "regexall":
		return &stdlib.RegexAllFunc
	case "sort":
		return &stdlib.SortFunc
	}
	return nil
}

// structural is a function that keeps what is known of its arguments, with its place.
type structural func(e *evaluator, at hcl.Range, args []*value) *value

func structuralFunction(name string) structural {
	switch name {
	case "merge":
		return (*evaluator).merge
	case "concat":
		return (*evaluator).concat
	case "flatten":
		return unary((*evaluator).flatten)
	case "compact":
		return unary((*evaluator).compact)
	case "distinct":
		return unary((*evaluator).distinct)
	case "toset":
		return unary(func(e *evaluator, at hcl.Range, v *value) *value {
			if v.kind == null {
				return v
			}
			return e.distinct(at, e.uniform(at, v))
		})
	case "reverse":
		return unary((*evaluator).reverse)
	case "lookup":
		return (*evaluator).lookupIn
	case "element":
		return (*evaluator).element
	case "coalesce":
		return (*evaluator).coalesce
	case "coalescelist":
		return (*evaluator).coalesceList
	case "one":
		return unary((*evaluator).one)
	case "keys":
		return unary((*evaluator).keys)
	case "values":
		return unary((*evaluator).valuesOf)
	case "length":
		return unary((*evaluator).length)
	case "contains":
		return (*evaluator).contains
	case "alltrue", "anytrue":
		return unary(func(e *evaluator, at hcl.Range, v *value) *value { return e.all(at, v, name == "alltrue") })
	case "tostring":
		return toScalar(cty.String)
	case "tonumber":
		return toScalar(cty.Number)
	case "tobool":
		return toScalar(cty.Bool)
	case "tolist":
		return ofKind(list)
	case "tomap":
		return ofKind(object)
	case "nonsensitive":
		return unary(func(_ *evaluator, _ hcl.Range, v *value) *value { return v })
	case "jsonencode", "yamlencode":
		return unary(func(_ *evaluator, at hcl.Range, v *value) *value {
			return &value{kind: unknown, at: at, encoded: v}
		})
	case "jsondecode":
		return unary((*evaluator).decodeJSON)
	case "yamldecode":
		return unary((*evaluator).decode)
	}
	return stringFunction(name)
}

// stringFunction returns a function of texts that is not in the library of cty in the same form.
func stringFunction(name string) structural {
	switch name {
	case "format":
		return (*evaluator).format
	case "join":
		return (*evaluator).join
	case "replace":
		return (*evaluator).replace
	case "startswith":
		return predicate(strings.HasPrefix)
	case "endswith":
		return predicate(strings.HasSuffix)
	case "strcontains":
		return predicate(strings.Contains)
	}
	return nil
}

// unary is a function of one argument.
func unary(f func(e *evaluator, at hcl.Range, v *value) *value) structural {
	return func(e *evaluator, at hcl.Range, args []*value) *value {
		if len(args) != 1 || args[0].kind == invalid {
			return invalidAt(at)
		}
		return f(e, at, args[0])
	}
}

// predicate compares two texts.
func predicate(f func(text, part string) bool) structural {
	return func(e *evaluator, at hcl.Range, args []*value) *value {
		if texts, failed := textsOf(args, 2, at); failed != nil {
			return failed
		} else {
			return ofScalar(cty.BoolVal(f(texts[0], texts[1])), at).dependingOn(args...)
		}
	}
}

// textsOf returns the texts of a number of arguments, or the result if one is not known.
func textsOf(args []*value, number int, at hcl.Range) (texts []string, failed *value) {
	if len(args) != number {
		return nil, invalidAt(at)
	}
	for _, arg := range args {
		text, ok := arg.text()
		switch {
		case ok:
		case arg.kind == unknown:
			return nil, unknownAt(at)
		default:
			return nil, invalidAt(at)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// toScalar converts a scalar and keeps its place.
func toScalar(to cty.Type) structural {
	return unary(func(_ *evaluator, at hcl.Range, v *value) *value {
		switch v.kind {
		case scalar:
			return v.as(to)
		case unknown, null:
			return v
		}
		return invalidAt(at)
	})
}

// ofKind returns a collection whose items have one type.
func ofKind(want kind) structural {
	return unary(func(e *evaluator, at hcl.Range, v *value) *value {
		if v.kind != want && v.kind != unknown && v.kind != null {
			return invalidAt(at)
		}
		return e.uniform(at, v)
	})
}

// uniform returns a collection whose items have one type: scalars of several types become texts. Items whose types cannot
// be compared make it unknown.
func (e *evaluator) uniform(at hcl.Range, v *value) *value {
	var items []*value
	for _, m := range v.members {
		items = append(items, m.value)
	}
	items = append(items, v.items...)
	texts := false
	for _, item := range items {
		switch {
		case item.kind == null || item.kind == unknown:
		case item.kind != items[0].kind, !sameShape(item, items[0]):
			return unknownAt(at)
		case item.kind == scalar:
			texts = texts || item.scalar.Type() != items[0].scalar.Type()
		}
	}
	if !texts {
		return v
	}
	made := v.copy()
	made.items, made.members = slices.Clone(v.items), slices.Clone(v.members)
	for i, item := range made.items {
		made.items[i] = toText(item)
	}
	for i, m := range made.members {
		made.members[i].value = toText(m.value)
	}
	return made
}

func toText(v *value) *value {
	if v.kind != scalar {
		return v
	}
	return v.as(cty.String)
}

// sameShape reports whether two values have one type for all that is known: objects with the same names, lists of anything.
func sameShape(a, b *value) bool {
	if a.kind != object || b.kind != object {
		return true
	}
	return len(a.members) == len(b.members) && !a.open && !b.open &&
		!slices.ContainsFunc(a.members, func(m member) bool {
			other := b.get(m.name)
			return other == nil || m.value.kind != other.kind || m.value.kind == scalar && m.value.scalar.Type() != other.scalar.Type()
		})
}

// try returns the first argument that does not fail. Whether an unknown one fails is not known.
func (e *evaluator) try(x *hclsyntax.FunctionCallExpr, s *scope, can bool) *value {
	at := x.Range()
	for _, arg := range x.Args {
		v := e.eval(arg, s)
		if hasInvalid(v) {
			if can {
				return ofScalar(cty.False, at)
			}
			continue
		}
		switch {
		case !v.wholly() && v.encoded == nil:
			return unknownAt(at)
		case can:
			return ofScalar(cty.True, at)
		}
		return v
	}
	return invalidAt(at)
}

// hasInvalid reports whether a part of a value fails.
func hasInvalid(v *value) bool { return v.measure().fails }

// merge returns the members of objects, of equal names the last. An unknown object may replace any before it.
func (e *evaluator) merge(at hcl.Range, args []*value) *value {
	b := &objectBuilder{made: &value{kind: object, at: at}}
	for _, arg := range args {
		switch arg.kind {
		case null:
			continue
		case object:
		case unknown:
			b.unknownKey()
			continue
		default:
			return invalidAt(at)
		}
		if arg.open {
			b.unknownKey()
		}
		for _, m := range arg.members {
			if !e.spend(1) {
				return unknownAt(at)
			}
			b.set(m.name, m.at, arg.within(m.value))
		}
	}
	return b.made
}

// concat returns the items of lists. With an unknown list it may have further ones.
func (e *evaluator) concat(at hcl.Range, args []*value) *value {
	made := &value{kind: list, at: at}
	for _, arg := range args {
		if arg.kind != list && arg.kind != unknown {
			return invalidAt(at)
		}
		made.open = made.open || arg.open || arg.kind == unknown
		for _, item := range arg.items {
			if !e.spend(1) {
				return unknownAt(at)
			}
			made.items = append(made.items, arg.within(item))
		}
	}
	return made
}

func (e *evaluator) flatten(at hcl.Range, v *value) *value {
	made := &value{kind: list, at: at, open: v.open}
	if v.kind != list {
		return &value{kind: min(v.kind, invalid), at: at}
	}
	var add func(v *value)
	add = func(v *value) {
		made.open = made.open || v.open
		for _, item := range v.items {
			switch {
			case !e.spend(1):
				made.open = true
			case item.kind == unknown: // it may be a list
				made.open = true
			case item.kind == list:
				add(v.within(item))
			default:
				made.items = append(made.items, v.within(item))
			}
		}
	}
	add(v)
	return made
}

// compact returns a list without null and empty texts.
func (e *evaluator) compact(at hcl.Range, v *value) *value {
	if v.kind != list {
		return &value{kind: min(v.kind, invalid), at: at}
	}
	made := &value{kind: list, at: at, open: v.open}
	for _, item := range v.items {
		text, ok := item.text()
		switch {
		case item.kind == unknown || item.kind == invalid:
			made.open = true
		case ok && text != "":
			made.items = append(made.items, v.within(item))
		}
	}
	return made
}

// distinct returns a list with equal scalars once.
func (e *evaluator) distinct(at hcl.Range, v *value) *value {
	if v.kind == unknown || v.kind == list {
		return asSet(v)
	}
	return invalidAt(at)
}

// asSet returns a list with equal scalars once.
func asSet(v *value) *value {
	if v.kind != list {
		return v
	}
	made := v.copy()
	made.items = nil
	known := map[string]bool{}
	for _, item := range v.items {
		text, ok := item.text()
		if !ok {
			return v // items that are collections are not compared
		}
		if !known[text] {
			known[text] = true
			made.items = append(made.items, item)
		}
	}
	return made
}

func (e *evaluator) reverse(at hcl.Range, v *value) *value {
	if v.kind != list || v.open {
		return unknownAt(at)
	}
	made := v.copy()
	made.items = slices.Clone(v.items)
	slices.Reverse(made.items)
	return made
}

// lookupIn returns a member of an object, or a default.
func (e *evaluator) lookupIn(at hcl.Range, args []*value) *value {
	if len(args) != 2 && len(args) != 3 {
		return invalidAt(at)
	}
	found := e.index(args[0], args[1], at)
	if found.kind == invalid && args[0].kind == object && args[1].kind == scalar && len(args) == 3 && !hasInvalid(args[0]) {
		return args[2].dependingOn(args[1])
	}
	return found
}

// element returns an item of a list, which is read in circles.
func (e *evaluator) element(at hcl.Range, args []*value) *value {
	if len(args) != 2 {
		return invalidAt(at)
	}
	number, ok := args[1].int()
	if !ok || args[0].kind != list || args[0].open || len(args[0].items) == 0 {
		return unknownAt(at)
	}
	size := len(args[0].items)
	return args[0].within(args[0].items[(number%size+size)%size]).dependingOn(args[1])
}

// coalesce returns the first argument that is neither null nor empty.
func (e *evaluator) coalesce(at hcl.Range, args []*value) *value {
	for i, arg := range args {
		if arg.kind == unknown || arg.kind == invalid {
			return &value{kind: arg.kind, at: at}
		}
		if text, ok := arg.text(); arg.kind == null || ok && text == "" {
			continue
		}
		return arg.dependingOn(args[:i]...)
	}
	return invalidAt(at)
}

// coalesceList returns the first list that is not empty.
func (e *evaluator) coalesceList(at hcl.Range, args []*value) *value {
	for _, arg := range args {
		switch {
		case arg.kind == null, arg.kind == list && !arg.open && len(arg.items) == 0:
			continue
		case arg.kind == list && len(arg.items) > 0:
			return arg
		}
		return unknownAt(at)
	}
	return invalidAt(at)
}

func (e *evaluator) one(at hcl.Range, v *value) *value {
	switch {
	case v.kind != list || v.open:
		return unknownAt(at)
	case len(v.items) == 0:
		return &value{kind: null, at: at}
	case len(v.items) == 1:
		return v.within(v.items[0])
	}
	return invalidAt(at)
}

// sorted returns members in the order of their names, as Terraform iterates.
func sorted(members []member) []member {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return members
}

func (e *evaluator) keys(at hcl.Range, v *value) *value {
	if v.kind != object || v.open {
		return unknownAt(at)
	}
	made := &value{kind: list, at: at}
	for _, m := range sorted(v.members) {
		made.items = append(made.items, ofScalar(cty.StringVal(m.name), m.at))
	}
	return made.dependingOn(v)
}

func (e *evaluator) valuesOf(at hcl.Range, v *value) *value {
	if v.kind != object || v.open {
		return unknownAt(at)
	}
	made := &value{kind: list, at: at}
	for _, m := range sorted(v.members) {
		made.items = append(made.items, v.within(m.value))
	}
	return made
}

func (e *evaluator) length(at hcl.Range, v *value) *value {
	size := len(v.items) + len(v.members)
	switch {
	case v.kind == unknown || v.open:
		return unknownAt(at)
	case v.kind == scalar && v.scalar.Type() == cty.String:
		return e.apply(&stdlib.StrlenFunc, at, []*value{v})
	case v.kind != list && v.kind != object:
		return invalidAt(at)
	}
	return ofScalar(cty.NumberIntVal(int64(size)), at).dependingOn(v)
}

// contains reports whether a list has an item. Items are equal by their texts, since a list has items of one type.
func (e *evaluator) contains(at hcl.Range, args []*value) *value {
	if len(args) != 2 {
		return invalidAt(at)
	}
	wanted, ok := args[1].text()
	if !ok || args[0].kind != list {
		return unknownAt(at)
	}
	unsure := args[0].open
	for _, item := range args[0].items {
		text, ok := item.text()
		switch {
		case !e.spend(1), !ok:
			unsure = true
		case text == wanted:
			return ofScalar(cty.True, at).dependingOn(args...)
		}
	}
	if unsure {
		return unknownAt(at)
	}
	return ofScalar(cty.False, at).dependingOn(args...)
}

// all reports whether all items of a list are true, or whether any is.
func (e *evaluator) all(at hcl.Range, v *value, all bool) *value {
	if v.kind != list {
		return unknownAt(at)
	}
	unsure := v.open
	for _, item := range v.items {
		is, known := item.bool()
		switch {
		case !known && item.kind != null:
			unsure = true
		case is != all:
			return ofScalar(cty.BoolVal(!all), at).dependingOn(v, item)
		}
	}
	if unsure {
		return unknownAt(at)
	}
	return ofScalar(cty.BoolVal(all), at).dependingOn(append([]*value{v}, v.items...)...)
}

// join joins the texts of lists. Unknown ones stay in the partial text.
func (e *evaluator) join(at hcl.Range, args []*value) *value {
	if len(args) < 2 {
		return invalidAt(at)
	}
	separator, ok := args[0].text()
	if !ok {
		return unknownAt(at)
	}
	var texts []string
	size := 0
	for _, arg := range args[1:] {
		if arg.kind != list || arg.open {
			return unknownAt(at)
		}
		for _, item := range arg.items {
			text, ok := item.text()
			switch {
			case item.kind == null:
				continue
			case !ok:
				return unknownAt(at)
			}
			size += len(text) + len(separator)
			texts = append(texts, text)
		}
	}
	if size > maxString || !e.spend(size/bytesPerStep) {
		return unknownAt(at)
	}
	return ofScalar(cty.StringVal(strings.Join(texts, separator)), at).dependingOn(args...)
}

// maxWidth is the largest width and precision that a format may have, in digits.
const maxWidth = 2

// format formats values. A width of many digits could make a text of any size.
func (e *evaluator) format(at hcl.Range, args []*value) *value {
	if len(args) == 0 {
		return invalidAt(at)
	}
	pattern, ok := args[0].text()
	if !ok {
		return unknownAt(at)
	}
	digits := 0
	for i := range len(pattern) {
		if '0' <= pattern[i] && pattern[i] <= '9' && strings.IndexByte(pattern[:i], '%') >= 0 {
			digits++
		} else {
			digits = 0
		}
		if digits > maxWidth || pattern[i] == '*' {
			return unknownAt(at)
		}
	}
	return e.apply(&stdlib.FormatFunc, at, args)
}

// replace replaces a text, or a regular expression between slashes.
func (e *evaluator) replace(at hcl.Range, args []*value) *value {
	texts, failed := textsOf(args, 3, at)
	if failed != nil {
		return failed
	}
	if (strings.Count(texts[0], texts[1])+len(texts[0])+1)*(len(texts[2])+1) > maxString {
		return unknownAt(at)
	}
	if pattern := texts[1]; len(pattern) > 1 && strings.HasPrefix(pattern, "/") && strings.HasSuffix(pattern, "/") {
		inner := args[1].as(cty.String)
		inner.scalar = cty.StringVal(pattern[1 : len(pattern)-1])
		return e.apply(&stdlib.RegexReplaceFunc, at, []*value{args[0], inner, args[2]})
	}
	return e.apply(&stdlib.ReplaceFunc, at, args)
}
