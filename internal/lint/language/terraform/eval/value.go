package eval

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Kind is what is known of a value.
type Kind uint8

const (
	unknown Kind = iota // not known before Terraform is run
	invalid             // its expression fails; known as little as unknown, except to try
	Null
	Scalar
	List
	Object
)

// Value is the result of an expression. It is not changed after it was made.
type Value struct {
	Kind    Kind
	Scalar  cty.Value // a known bool, number or string
	Items   []*Value
	Members []Member // in the order of the text, each name once
	// Open is set if a list may have further items, or an object further members.
	Open bool
	// Partial is the text of an unknown string with a placeholder for each unknown part; empty if nothing of it is known.
	Partial string
	// Encoded is the value of which a string is the text in JSON or YAML.
	Encoded *Value

	At   hcl.Range // where it was written, or the expression that computes it
	Used hcl.Range // the expression that uses it, if that is elsewhere
	Why  string    // by what it is used: the default of var.size
	// From are further values on which it depends.
	From []Dependency
	// pieces relate the bytes of a string to the file; nil if only the whole is known.
	pieces []piece

	measured *Measures // nil until it is asked for
}

// Measures are of a value and all in it. A value may be in several others, so that each is measured once.
type Measures struct {
	values, depth int
	unknown       bool // a part is unknown or fails
	fails         bool
	index         map[string]int // of the members; nil until it is asked for
}

// maxValues is the number of values in a value.
const maxValues = 1 << 20

// Measure returns the measures of a value. They are counted at the first call.
func (v *Value) Measure() *Measures {
	if v.measured != nil {
		return v.measured
	}
	m := &Measures{values: 1, unknown: v.Open || v.Kind < Null, fails: v.Kind == invalid}
	add := func(part *Value) {
		inner := part.Measure()
		m.values = min(m.values+inner.values, maxValues+1)
		m.depth = max(m.depth, inner.depth+1)
		m.unknown = m.unknown || inner.unknown
		m.fails = m.fails || inner.fails
	}
	for _, item := range v.Items {
		add(item)
	}
	for _, member := range v.Members {
		add(member.Value)
	}
	if v.Encoded != nil {
		add(v.Encoded)
	}
	v.measured = m
	return m
}

// maxDepth is the depth of a value, as that of the text of a file.
const maxDepth = 256

// bounded returns a value that is not too large or too deep, else an unknown one.
func (v *Value) bounded() *Value {
	if m := v.Measure(); m.values > maxValues || m.depth > maxDepth {
		return unknownAt(v.At)
	}
	return v
}

// copy returns a value whose content may be changed.
func (v *Value) copy() *Value {
	copied := *v
	copied.measured = nil
	return &copied
}

// Member is an attribute of an object.
type Member struct {
	Name  string
	At    hcl.Range // of the name
	Value *Value
}

// Dependency is a place on which a computed value depends.
type Dependency struct {
	At  hcl.Range
	Why string
}

// piece is a part of a string that stands in the file as it is, or that an expression in the file computes.
type piece struct {
	from, size int // in the string
	start, end int // in the file
	computed   bool
}

func unknownAt(at hcl.Range) *Value { return &Value{Kind: unknown, At: at} }

func invalidAt(at hcl.Range) *Value { return &Value{Kind: invalid, At: at} }

// OfScalar returns the value of a known bool, number or string.
func OfScalar(v cty.Value, at hcl.Range) *Value {
	switch {
	case !v.IsKnown() || v.IsMarked():
		return unknownAt(at)
	case v.IsNull():
		return &Value{Kind: Null, At: at}
	case v.Type() == cty.Number && !printable(v.AsBigFloat()):
		return unknownAt(at)
	case v.Type() == cty.String && len(v.AsString()) > maxString:
		return unknownAt(at)
	}
	return &Value{Kind: Scalar, Scalar: v, At: at}
}

// maxExponent is in bits. The digits of a larger number take too much memory.
const maxExponent = 256

// printable reports whether a number has few digits.
func printable(number *big.Float) bool {
	exponent := number.MantExp(nil)
	return !number.IsInf() && exponent <= maxExponent && exponent >= -maxExponent
}

// IsKnown reports whether a value is known, at least in part.
func (v *Value) IsKnown() bool { return v.Kind >= Null }

// wholly reports whether nothing of a value is unknown.
func (v *Value) wholly() bool { return !v.Measure().unknown }

// Text returns the text of a scalar as Terraform converts it to a string.
func (v *Value) Text() (string, bool) {
	if v.Kind != Scalar {
		return "", false
	}
	switch v.Scalar.Type() {
	case cty.String:
		return v.Scalar.AsString(), true
	case cty.Bool:
		return strconv.FormatBool(v.Scalar.True()), true
	}
	number := v.Scalar.AsBigFloat()
	if number.IsInt() {
		return number.Text('f', 0), true
	}
	exact := number.Text('f', -1)
	if len(exact) > maxDigits { // of a binary fraction
		near, _ := number.Float64()
		return strconv.FormatFloat(near, 'f', -1, 64), true
	}
	return exact, true
}

// maxDigits is the length of a number that is written as it is.
const maxDigits = 20

// Bool returns a known boolean; Terraform converts the strings true and false.
func (v *Value) Bool() (is, known bool) {
	switch text, ok := v.Text(); {
	case !ok:
		return false, false
	case v.Scalar.Type() == cty.Number:
		return false, false
	case text == "true":
		return true, true
	case text == "false":
		return false, true
	}
	return false, false
}

// Int returns a known whole number.
func (v *Value) Int() (int, bool) {
	text, ok := v.Text()
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

// get returns the value of a member of an object, nil if it has none of the name.
func (v *Value) get(name string) *Value {
	if m := v.find(name); m != nil {
		return m.Value
	}
	return nil
}

// find returns the member of an object with a name, nil if it has none.
func (v *Value) find(name string) *Member {
	m := v.Measure()
	if m.index == nil && len(v.Members) > 0 {
		m.index = make(map[string]int, len(v.Members))
		for i := range v.Members {
			m.index[v.Members[i].Name] = i
		}
	}
	if i, known := m.index[name]; known {
		return &v.Members[i]
	}
	return nil
}

// usedAt returns a value that an expression elsewhere uses.
func (v *Value) usedAt(at hcl.Range, why string) *Value {
	used := *v
	used.Used = at
	if used.Why == "" {
		used.Why = why
	}
	return &used
}

// Within returns a part of a value that is used where the whole is.
func (v *Value) Within(part *Value) *Value {
	if v.Used.Filename == "" && v.Why == "" && len(v.From) == 0 {
		return part
	}
	inner := *part
	if v.Used.Filename != "" {
		inner.Used = v.Used
	}
	if inner.Why == "" {
		inner.Why = v.Why
	}
	inner.From = dependencies(part, v.From)
	return &inner
}

// Depends returns the places on which a value computed from v depends.
func (v *Value) Depends() []Dependency {
	if v.Used.Filename == "" || v.At.Filename == "" {
		return v.From
	}
	return append([]Dependency{{v.At, v.Why}}, v.From...)
}

// without returns a value that does not depend on the parts of another one.
func (v *Value) without(of *Value) *Value {
	all := v.Depends()
	if len(all) == 0 {
		return v
	}
	return &Value{From: slices.DeleteFunc(slices.Clone(all), func(d Dependency) bool {
		return d.At.Filename == of.At.Filename && of.At.Start.Byte <= d.At.Start.Byte && d.At.End.Byte <= of.At.End.Byte
	})}
}

// MaxDependencies limits the places that are listed for a value.
const MaxDependencies = 8

// dependencies returns those of a value and further ones, each once.
func dependencies(v *Value, further []Dependency) []Dependency {
	all := slices.Clone(v.From)
	for _, d := range further {
		if len(all) == MaxDependencies {
			break
		}
		if !slices.ContainsFunc(all, func(known Dependency) bool { return known.At == d.At }) {
			all = append(all, d)
		}
	}
	return all
}

// dependingOn returns a value that also depends on others.
func (v *Value) dependingOn(others ...*Value) *Value {
	var further []Dependency
	for _, other := range others {
		further = append(further, other.Depends()...)
	}
	if len(further) == 0 {
		return v
	}
	depending := *v
	depending.From = dependencies(v, further)
	return &depending
}

// cty returns a value for the functions of cty. What is unknown in it is of an unknown type.
func (v *Value) cty() cty.Value {
	switch v.Kind {
	case Null:
		return cty.NullVal(cty.DynamicPseudoType)
	case Scalar:
		return v.Scalar
	case List:
		if v.Open {
			return cty.DynamicVal
		}
		items := make([]cty.Value, len(v.Items))
		for i, item := range v.Items {
			items[i] = item.cty()
		}
		return cty.TupleVal(items)
	case Object:
		if v.Open {
			return cty.DynamicVal
		}
		members := make(map[string]cty.Value, len(v.Members))
		for _, m := range v.Members {
			members[m.Name] = m.Value.cty()
		}
		return cty.ObjectVal(members)
	}
	return cty.DynamicVal
}

// fromCty returns the value that an expression computes.
func (e *Evaluator) fromCty(v cty.Value, at hcl.Range) *Value {
	if !e.Spend(1) || !v.IsKnown() || v.IsMarked() {
		return unknownAt(at)
	}
	kind := v.Type()
	switch {
	case v.IsNull() || kind.IsPrimitiveType():
		return OfScalar(v, at)
	case kind.IsListType() || kind.IsTupleType() || kind.IsSetType():
		made := &Value{Kind: List, At: at}
		for _, item := range v.Elements() {
			made.Items = append(made.Items, e.fromCty(item, at))
		}
		return made
	case kind.IsMapType() || kind.IsObjectType():
		made := &Value{Kind: Object, At: at}
		for name, item := range v.Elements() {
			made.Members = append(made.Members, Member{name.AsString(), at, e.fromCty(item, at)})
		}
		return made
	}
	return unknownAt(at)
}

// equal reports whether two known values are equal. known is false if that cannot be decided.
func equal(a, b *Value) (same, known bool) {
	if !a.IsKnown() || !b.IsKnown() {
		return false, false
	}
	if a.Kind == Null || b.Kind == Null {
		return a.Kind == b.Kind, true
	}
	if a.Kind != b.Kind {
		return false, false
	}
	if a.Kind != Scalar || a.Scalar.Type() != b.Scalar.Type() {
		return false, false // a declared type may have converted one of them; lists and tuples never are equal
	}
	return a.Scalar.RawEquals(b.Scalar), true
}

// LooksUnrendered reports whether a text has a template of another tool.
func LooksUnrendered(text string) bool {
	return strings.Contains(text, "{{") && strings.Contains(text, "}}") || strings.Contains(text, "{%") && strings.Contains(text, "%}")
}

// Described returns a value that decides by what why says.
func (v *Value) Described(why string) *Value {
	described := *v
	described.Why = why
	return &described
}

// OrUnknown returns a value, unknown for one that depends on itself.
func OrUnknown(v *Value) *Value {
	if v == nil {
		return &Value{}
	}
	return v
}

// IsEmpty reports whether a collection has nothing.
func IsEmpty(v *Value) bool {
	return (v.Kind == List || v.Kind == Object) && !v.Open && len(v.Items)+len(v.Members) == 0
}

// SameTexts reports whether two scalars have the same text.
func SameTexts(a, b *Value) (same, known bool) {
	x, ok := a.Text()
	y, also := b.Text()
	return x == y, ok && also
}

// RangeOf returns a stretch of a file.
func RangeOf(file string, start, end int) hcl.Range {
	return hcl.Range{Filename: file, Start: hcl.Pos{Byte: start}, End: hcl.Pos{Byte: end}}
}
