package eval

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
func (e *Evaluator) call(x *hclsyntax.FunctionCallExpr, s *Scope) *Value {
	at := x.Range()
	name := strings.TrimPrefix(x.Name, "core::")
	if name == "try" || name == "can" {
		return e.try(x, s, name == "can")
	}
	structural, scalars := structuralFunction(name), scalarFunction(name)
	if structural == nil && scalars == nil {
		return unknownAt(at)
	}
	var args []*Value
	for i, arg := range x.Args {
		v := e.Eval(arg, s)
		if !e.Spend(len(v.Items) + len(v.Members)) {
			return unknownAt(at)
		}
		if x.ExpandFinal && i == len(x.Args)-1 {
			if v.Kind != List || v.Open {
				return unknownAt(at)
			}
			args = append(args, v.Items...)
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
func (e *Evaluator) apply(f *function.Function, at hcl.Range, args []*Value) *Value {
	size := 0
	for _, arg := range args {
		if arg.Kind == invalid {
			return invalidAt(at)
		}
		if !arg.wholly() {
			return unknownAt(at)
		}
		size += e.sizeOf(arg)
	}
	if size > maxString || !e.Spend(size/bytesPerStep) {
		return unknownAt(at)
	}
	values := make([]cty.Value, len(args))
	for i, arg := range args {
		values[i] = arg.cty()
		if kind, ok := parameterType(f, i); ok && arg.Kind == Scalar {
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
func (e *Evaluator) sizeOf(v *Value) int {
	if !e.Spend(1) || v.Measure().values > maxString {
		return maxString + 1
	}
	text, _ := v.Text()
	size := len(text) + 1
	for _, item := range v.Items {
		size += e.sizeOf(item)
	}
	for _, m := range v.Members {
		size += len(m.Name) + e.sizeOf(m.Value)
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
type structural func(e *Evaluator, at hcl.Range, args []*Value) *Value

func structuralFunction(name string) structural {
	switch name {
	case "merge":
		return (*Evaluator).merge
	case "concat":
		return (*Evaluator).concat
	case "flatten":
		return unary((*Evaluator).flatten)
	case "compact":
		return unary((*Evaluator).compact)
	case "distinct":
		return unary((*Evaluator).distinct)
	case "toset":
		return unary(func(e *Evaluator, at hcl.Range, v *Value) *Value {
			if v.Kind == Null {
				return v
			}
			return e.distinct(at, e.uniform(at, v))
		})
	case "reverse":
		return unary((*Evaluator).reverse)
	case "lookup":
		return (*Evaluator).lookupIn
	case "element":
		return (*Evaluator).element
	case "coalesce":
		return (*Evaluator).coalesce
	case "coalescelist":
		return (*Evaluator).coalesceList
	case "one":
		return unary((*Evaluator).one)
	case "keys":
		return unary((*Evaluator).keys)
	case "values":
		return unary((*Evaluator).valuesOf)
	case "length":
		return unary((*Evaluator).length)
	case "contains":
		return (*Evaluator).contains
	case "alltrue", "anytrue":
		return unary(func(e *Evaluator, at hcl.Range, v *Value) *Value { return e.all(at, v, name == "alltrue") })
	case "tostring":
		return toScalar(cty.String)
	case "tonumber":
		return toScalar(cty.Number)
	case "tobool":
		return toScalar(cty.Bool)
	case "tolist":
		return ofKind(List)
	case "tomap":
		return ofKind(Object)
	case "nonsensitive":
		return unary(func(_ *Evaluator, _ hcl.Range, v *Value) *Value { return v })
	case "jsonencode", "yamlencode":
		return unary(func(_ *Evaluator, at hcl.Range, v *Value) *Value {
			return &Value{Kind: unknown, At: at, Encoded: v}
		})
	case "jsondecode":
		return unary((*Evaluator).decodeJSON)
	case "yamldecode":
		return unary((*Evaluator).Decode)
	}
	return stringFunction(name)
}

// stringFunction returns a function of texts that is not in the library of cty in the same form.
func stringFunction(name string) structural {
	switch name {
	case "format":
		return (*Evaluator).format
	case "join":
		return (*Evaluator).join
	case "replace":
		return (*Evaluator).replace
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
func unary(f func(e *Evaluator, at hcl.Range, v *Value) *Value) structural {
	return func(e *Evaluator, at hcl.Range, args []*Value) *Value {
		if len(args) != 1 || args[0].Kind == invalid {
			return invalidAt(at)
		}
		return f(e, at, args[0])
	}
}

// predicate compares two texts.
func predicate(f func(text, part string) bool) structural {
	return func(e *Evaluator, at hcl.Range, args []*Value) *Value {
		if texts, failed := textsOf(args, 2, at); failed != nil {
			return failed
		} else {
			return OfScalar(cty.BoolVal(f(texts[0], texts[1])), at).dependingOn(args...)
		}
	}
}

// textsOf returns the texts of a number of arguments, or the result if one is not known.
func textsOf(args []*Value, number int, at hcl.Range) (texts []string, failed *Value) {
	if len(args) != number {
		return nil, invalidAt(at)
	}
	for _, arg := range args {
		text, ok := arg.Text()
		switch {
		case ok:
		case arg.Kind == unknown:
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
	return unary(func(_ *Evaluator, at hcl.Range, v *Value) *Value {
		switch v.Kind {
		case Scalar:
			return v.as(to)
		case unknown, Null:
			return v
		}
		return invalidAt(at)
	})
}

// ofKind returns a collection whose items have one type.
func ofKind(want Kind) structural {
	return unary(func(e *Evaluator, at hcl.Range, v *Value) *Value {
		if v.Kind != want && v.Kind != unknown && v.Kind != Null {
			return invalidAt(at)
		}
		return e.uniform(at, v)
	})
}

// uniform returns a collection whose items have one type: scalars of several types become texts. Items whose types cannot
// be compared make it unknown.
func (e *Evaluator) uniform(at hcl.Range, v *Value) *Value {
	var items []*Value
	for _, m := range v.Members {
		items = append(items, m.Value)
	}
	items = append(items, v.Items...)
	texts := false
	for _, item := range items {
		switch {
		case item.Kind == Null || item.Kind == unknown:
		case item.Kind != items[0].Kind, !sameShape(item, items[0]):
			return unknownAt(at)
		case item.Kind == Scalar:
			texts = texts || item.Scalar.Type() != items[0].Scalar.Type()
		}
	}
	if !texts {
		return v
	}
	made := v.copy()
	made.Items, made.Members = slices.Clone(v.Items), slices.Clone(v.Members)
	for i, item := range made.Items {
		made.Items[i] = toText(item)
	}
	for i, m := range made.Members {
		made.Members[i].Value = toText(m.Value)
	}
	return made
}

func toText(v *Value) *Value {
	if v.Kind != Scalar {
		return v
	}
	return v.as(cty.String)
}

// sameShape reports whether two values have one type for all that is known: objects with the same names, lists of anything.
func sameShape(a, b *Value) bool {
	if a.Kind != Object || b.Kind != Object {
		return true
	}
	return len(a.Members) == len(b.Members) && !a.Open && !b.Open &&
		!slices.ContainsFunc(a.Members, func(m Member) bool {
			other := b.get(m.Name)
			return other == nil || m.Value.Kind != other.Kind || m.Value.Kind == Scalar && m.Value.Scalar.Type() != other.Scalar.Type()
		})
}

// try returns the first argument that does not fail. Whether an unknown one fails is not known.
func (e *Evaluator) try(x *hclsyntax.FunctionCallExpr, s *Scope, can bool) *Value {
	at := x.Range()
	for _, arg := range x.Args {
		v := e.Eval(arg, s)
		if hasInvalid(v) {
			if can {
				return OfScalar(cty.False, at)
			}
			continue
		}
		switch {
		case !v.wholly() && v.Encoded == nil:
			return unknownAt(at)
		case can:
			return OfScalar(cty.True, at)
		}
		return v
	}
	return invalidAt(at)
}

// hasInvalid reports whether a part of a value fails.
func hasInvalid(v *Value) bool { return v.Measure().fails }

// merge returns the members of objects, of equal names the last. An unknown object may replace any before it.
func (e *Evaluator) merge(at hcl.Range, args []*Value) *Value {
	b := &objectBuilder{made: &Value{Kind: Object, At: at}}
	for _, arg := range args {
		switch arg.Kind {
		case Null:
			continue
		case Object:
		case unknown:
			b.unknownKey()
			continue
		default:
			return invalidAt(at)
		}
		if arg.Open {
			b.unknownKey()
		}
		for _, m := range arg.Members {
			if !e.Spend(1) {
				return unknownAt(at)
			}
			b.set(m.Name, m.At, arg.Within(m.Value))
		}
	}
	return b.made
}

// concat returns the items of lists. With an unknown list it may have further ones.
func (e *Evaluator) concat(at hcl.Range, args []*Value) *Value {
	made := &Value{Kind: List, At: at}
	for _, arg := range args {
		if arg.Kind != List && arg.Kind != unknown {
			return invalidAt(at)
		}
		made.Open = made.Open || arg.Open || arg.Kind == unknown
		for _, item := range arg.Items {
			if !e.Spend(1) {
				return unknownAt(at)
			}
			made.Items = append(made.Items, arg.Within(item))
		}
	}
	return made
}

func (e *Evaluator) flatten(at hcl.Range, v *Value) *Value {
	made := &Value{Kind: List, At: at, Open: v.Open}
	if v.Kind != List {
		return &Value{Kind: min(v.Kind, invalid), At: at}
	}
	var add func(v *Value)
	add = func(v *Value) {
		made.Open = made.Open || v.Open
		for _, item := range v.Items {
			switch {
			case !e.Spend(1):
				made.Open = true
			case item.Kind == unknown: // it may be a list
				made.Open = true
			case item.Kind == List:
				add(v.Within(item))
			default:
				made.Items = append(made.Items, v.Within(item))
			}
		}
	}
	add(v)
	return made
}

// compact returns a list without null and empty texts.
func (e *Evaluator) compact(at hcl.Range, v *Value) *Value {
	if v.Kind != List {
		return &Value{Kind: min(v.Kind, invalid), At: at}
	}
	made := &Value{Kind: List, At: at, Open: v.Open}
	for _, item := range v.Items {
		text, ok := item.Text()
		switch {
		case item.Kind == unknown || item.Kind == invalid:
			made.Open = true
		case ok && text != "":
			made.Items = append(made.Items, v.Within(item))
		}
	}
	return made
}

// distinct returns a list with equal scalars once.
func (e *Evaluator) distinct(at hcl.Range, v *Value) *Value {
	if v.Kind == unknown || v.Kind == List {
		return asSet(v)
	}
	return invalidAt(at)
}

// asSet returns a list with equal scalars once.
func asSet(v *Value) *Value {
	if v.Kind != List {
		return v
	}
	made := v.copy()
	made.Items = nil
	known := map[string]bool{}
	for _, item := range v.Items {
		text, ok := item.Text()
		if !ok {
			return v // items that are collections are not compared
		}
		if !known[text] {
			known[text] = true
			made.Items = append(made.Items, item)
		}
	}
	return made
}

func (e *Evaluator) reverse(at hcl.Range, v *Value) *Value {
	if v.Kind != List || v.Open {
		return unknownAt(at)
	}
	made := v.copy()
	made.Items = slices.Clone(v.Items)
	slices.Reverse(made.Items)
	return made
}

// lookupIn returns a member of an object, or a default.
func (e *Evaluator) lookupIn(at hcl.Range, args []*Value) *Value {
	if len(args) != 2 && len(args) != 3 {
		return invalidAt(at)
	}
	found := e.index(args[0], args[1], at)
	if found.Kind == invalid && args[0].Kind == Object && args[1].Kind == Scalar && len(args) == 3 && !hasInvalid(args[0]) {
		return args[2].dependingOn(args[1])
	}
	return found
}

// element returns an item of a list, which is read in circles.
func (e *Evaluator) element(at hcl.Range, args []*Value) *Value {
	if len(args) != 2 {
		return invalidAt(at)
	}
	number, ok := args[1].Int()
	if !ok || args[0].Kind != List || args[0].Open || len(args[0].Items) == 0 {
		return unknownAt(at)
	}
	size := len(args[0].Items)
	return args[0].Within(args[0].Items[(number%size+size)%size]).dependingOn(args[1])
}

// coalesce returns the first argument that is neither null nor empty.
func (e *Evaluator) coalesce(at hcl.Range, args []*Value) *Value {
	for i, arg := range args {
		if arg.Kind == unknown || arg.Kind == invalid {
			return &Value{Kind: arg.Kind, At: at}
		}
		if text, ok := arg.Text(); arg.Kind == Null || ok && text == "" {
			continue
		}
		return arg.dependingOn(args[:i]...)
	}
	return invalidAt(at)
}

// coalesceList returns the first list that is not empty.
func (e *Evaluator) coalesceList(at hcl.Range, args []*Value) *Value {
	for _, arg := range args {
		switch {
		case arg.Kind == Null, arg.Kind == List && !arg.Open && len(arg.Items) == 0:
			continue
		case arg.Kind == List && len(arg.Items) > 0:
			return arg
		}
		return unknownAt(at)
	}
	return invalidAt(at)
}

func (e *Evaluator) one(at hcl.Range, v *Value) *Value {
	switch {
	case v.Kind != List || v.Open:
		return unknownAt(at)
	case len(v.Items) == 0:
		return &Value{Kind: Null, At: at}
	case len(v.Items) == 1:
		return v.Within(v.Items[0])
	}
	return invalidAt(at)
}

// sorted returns members in the order of their names, as Terraform iterates.
func sorted(members []Member) []Member {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return members
}

func (e *Evaluator) keys(at hcl.Range, v *Value) *Value {
	if v.Kind != Object || v.Open {
		return unknownAt(at)
	}
	made := &Value{Kind: List, At: at}
	for _, m := range sorted(v.Members) {
		made.Items = append(made.Items, OfScalar(cty.StringVal(m.Name), m.At))
	}
	return made.dependingOn(v)
}

func (e *Evaluator) valuesOf(at hcl.Range, v *Value) *Value {
	if v.Kind != Object || v.Open {
		return unknownAt(at)
	}
	made := &Value{Kind: List, At: at}
	for _, m := range sorted(v.Members) {
		made.Items = append(made.Items, v.Within(m.Value))
	}
	return made
}

func (e *Evaluator) length(at hcl.Range, v *Value) *Value {
	size := len(v.Items) + len(v.Members)
	switch {
	case v.Kind == unknown || v.Open:
		return unknownAt(at)
	case v.Kind == Scalar && v.Scalar.Type() == cty.String:
		return e.apply(&stdlib.StrlenFunc, at, []*Value{v})
	case v.Kind != List && v.Kind != Object:
		return invalidAt(at)
	}
	return OfScalar(cty.NumberIntVal(int64(size)), at).dependingOn(v)
}

// contains reports whether a list has an item. Items are equal by their texts, since a list has items of one type.
func (e *Evaluator) contains(at hcl.Range, args []*Value) *Value {
	if len(args) != 2 {
		return invalidAt(at)
	}
	wanted, ok := args[1].Text()
	if !ok || args[0].Kind != List {
		return unknownAt(at)
	}
	unsure := args[0].Open
	for _, item := range args[0].Items {
		text, ok := item.Text()
		switch {
		case !e.Spend(1), !ok:
			unsure = true
		case text == wanted:
			return OfScalar(cty.True, at).dependingOn(args...)
		}
	}
	if unsure {
		return unknownAt(at)
	}
	return OfScalar(cty.False, at).dependingOn(args...)
}

// all reports whether all items of a list are true, or whether any is.
func (e *Evaluator) all(at hcl.Range, v *Value, all bool) *Value {
	if v.Kind != List {
		return unknownAt(at)
	}
	unsure := v.Open
	for _, item := range v.Items {
		is, known := item.Bool()
		switch {
		case !known && item.Kind != Null:
			unsure = true
		case is != all:
			return OfScalar(cty.BoolVal(!all), at).dependingOn(v, item)
		}
	}
	if unsure {
		return unknownAt(at)
	}
	return OfScalar(cty.BoolVal(all), at).dependingOn(append([]*Value{v}, v.Items...)...)
}

// join joins the texts of lists. Unknown ones stay in the partial text.
func (e *Evaluator) join(at hcl.Range, args []*Value) *Value {
	if len(args) < 2 {
		return invalidAt(at)
	}
	separator, ok := args[0].Text()
	if !ok {
		return unknownAt(at)
	}
	var texts []string
	size := 0
	for _, arg := range args[1:] {
		if arg.Kind != List || arg.Open {
			return unknownAt(at)
		}
		for _, item := range arg.Items {
			text, ok := item.Text()
			switch {
			case item.Kind == Null:
				continue
			case !ok:
				return unknownAt(at)
			}
			size += len(text) + len(separator)
			texts = append(texts, text)
		}
	}
	if size > maxString || !e.Spend(size/bytesPerStep) {
		return unknownAt(at)
	}
	return OfScalar(cty.StringVal(strings.Join(texts, separator)), at).dependingOn(args...)
}

// maxWidth is the largest width and precision that a format may have, in digits.
const maxWidth = 2

// format formats values. A width of many digits could make a text of any size.
func (e *Evaluator) format(at hcl.Range, args []*Value) *Value {
	if len(args) == 0 {
		return invalidAt(at)
	}
	pattern, ok := args[0].Text()
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
func (e *Evaluator) replace(at hcl.Range, args []*Value) *Value {
	texts, failed := textsOf(args, 3, at)
	if failed != nil {
		return failed
	}
	if (strings.Count(texts[0], texts[1])+len(texts[0])+1)*(len(texts[2])+1) > maxString {
		return unknownAt(at)
	}
	if pattern := texts[1]; len(pattern) > 1 && strings.HasPrefix(pattern, "/") && strings.HasSuffix(pattern, "/") {
		inner := args[1].as(cty.String)
		inner.Scalar = cty.StringVal(pattern[1 : len(pattern)-1])
		return e.apply(&stdlib.RegexReplaceFunc, at, []*Value{args[0], inner, args[2]})
	}
	return e.apply(&stdlib.ReplaceFunc, at, args)
}
