package terraform

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// kind is what is known of a value.
type kind uint8

const (
	unknown kind = iota // not known before Terraform is run
	invalid             // its expression fails; known as little as unknown, except to try
	null
	scalar
	list
	object
)

// value is the result of an expression. It is not changed after it was made.
type value struct {
	kind    kind
	scalar  cty.Value // a known bool, number or string
	items   []*value
	members []member // in the order of the text, each name once
	// open is set if a list may have further items, or an object further members.
	open bool
	// partial is the text of an unknown string with a placeholder for each unknown part; empty if nothing of it is known.
	partial string
	// encoded is the value of which a string is the text in JSON or YAML.
	encoded *value

	at   hcl.Range // where it was written, or the expression that computes it
	used hcl.Range // the expression that uses it, if that is elsewhere
	why  string    // by what it is used: the default of var.size
	// from are further values on which it depends.
	from []dependency
	// pieces relate the bytes of a string to the file; nil if only the whole is known.
	pieces []piece

	measured *measures // nil until it is asked for
}

// measures are of a value and all in it. A value may be in several others, so that each is measured once.
type measures struct {
	values, depth int
	unknown       bool // a part is unknown or fails
	fails         bool
	index         map[string]int // of the members; nil until it is asked for
}

// maxValues is the number of values in a value.
const maxValues = 1 << 20

func (v *value) measure() *measures {
	if v.measured != nil {
		return v.measured
	}
	m := &measures{values: 1, unknown: v.open || v.kind < null, fails: v.kind == invalid}
	add := func(part *value) {
		inner := part.measure()
		m.values = min(m.values+inner.values, maxValues+1)
		m.depth = max(m.depth, inner.depth+1)
		m.unknown = m.unknown || inner.unknown
		m.fails = m.fails || inner.fails
	}
	for _, item := range v.items {
		add(item)
	}
	for _, member := range v.members {
		add(member.value)
	}
	if v.encoded != nil {
		add(v.encoded)
	}
	v.measured = m
	return m
}

// bounded returns a value that is not too large or too deep, else an unknown one.
func (v *value) bounded() *value {
	if m := v.measure(); m.values > maxValues || m.depth > maxNesting {
		return unknownAt(v.at)
	}
	return v
}

// copy returns a value whose content may be changed.
func (v *value) copy() *value {
	copied := *v
	copied.measured = nil
	return &copied
}

// member is an attribute of an object.
type member struct {
	name  string
	at    hcl.Range // of the name
	value *value
}

// dependency is a place on which a computed value depends.
type dependency struct {
	at  hcl.Range
	why string
}

// piece is a part of a string that stands in the file as it is, or that an expression in the file computes.
type piece struct {
	from, size int // in the string
	start, end int // in the file
	computed   bool
}

func unknownAt(at hcl.Range) *value { return &value{kind: unknown, at: at} }

func invalidAt(at hcl.Range) *value { return &value{kind: invalid, at: at} }

// ofScalar returns the value of a known bool, number or string.
func ofScalar(v cty.Value, at hcl.Range) *value {
	switch {
	case !v.IsKnown() || v.IsMarked():
		return unknownAt(at)
	case v.IsNull():
		return &value{kind: null, at: at}
	case v.Type() == cty.Number && !printable(v.AsBigFloat()):
		return unknownAt(at)
	case v.Type() == cty.String && len(v.AsString()) > maxString:
		return unknownAt(at)
	}
	return &value{kind: scalar, scalar: v, at: at}
}

// maxExponent is in bits. The digits of a larger number take too much memory.
const maxExponent = 256

// printable reports whether a number has few digits.
func printable(number *big.Float) bool {
	exponent := number.MantExp(nil)
	return !number.IsInf() && exponent <= maxExponent && exponent >= -maxExponent
}

// isKnown reports whether a value is known, at least in part.
func (v *value) isKnown() bool { return v.kind >= null }

// wholly reports whether nothing of a value is unknown.
func (v *value) wholly() bool { return !v.measure().unknown }

// text returns the text of a scalar as Terraform converts it to a string.
func (v *value) text() (string, bool) {
	if v.kind != scalar {
		return "", false
	}
	switch v.scalar.Type() {
	case cty.String:
		return v.scalar.AsString(), true
	case cty.Bool:
		return strconv.FormatBool(v.scalar.True()), true
	}
	number := v.scalar.AsBigFloat()
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

// bool returns a known boolean; Terraform converts the strings true and false.
func (v *value) bool() (is, known bool) {
	switch text, ok := v.text(); {
	case !ok:
		return false, false
	case v.scalar.Type() == cty.Number:
		return false, false
	case text == "true":
		return true, true
	case text == "false":
		return false, true
	}
	return false, false
}

// int returns a known whole number.
func (v *value) int() (int, bool) {
	text, ok := v.text()
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

// get returns the value of a member of an object, nil if it has none of the name.
func (v *value) get(name string) *value {
	if m := v.find(name); m != nil {
		return m.value
	}
	return nil
}

// find returns the member of an object with a name, nil if it has none.
func (v *value) find(name string) *member {
	m := v.measure()
	if m.index == nil && len(v.members) > 0 {
		m.index = make(map[string]int, len(v.members))
		for i := range v.members {
			m.index[v.members[i].name] = i
		}
	}
	if i, known := m.index[name]; known {
		return &v.members[i]
	}
	return nil
}

// usedAt returns a value that an expression elsewhere uses.
func (v *value) usedAt(at hcl.Range, why string) *value {
	used := *v
	used.used = at
	if used.why == "" {
		used.why = why
	}
	return &used
}

// within returns a part of a value that is used where the whole is.
func (v *value) within(part *value) *value {
	if v.used.Filename == "" && v.why == "" && len(v.from) == 0 {
		return part
	}
	inner := *part
	if v.used.Filename != "" {
		inner.used = v.used
	}
	if inner.why == "" {
		inner.why = v.why
	}
	inner.from = dependencies(part, v.from)
	return &inner
}

// depends returns the places on which a value computed from v depends.
func (v *value) depends() []dependency {
	if v.used.Filename == "" || v.at.Filename == "" {
		return v.from
	}
	return append([]dependency{{v.at, v.why}}, v.from...)
}

// without returns a value that does not depend on the parts of another one.
func (v *value) without(of *value) *value {
	all := v.depends()
	if len(all) == 0 {
		return v
	}
	return &value{from: slices.DeleteFunc(slices.Clone(all), func(d dependency) bool {
		return d.at.Filename == of.at.Filename && of.at.Start.Byte <= d.at.Start.Byte && d.at.End.Byte <= of.at.End.Byte
	})}
}

// maxDependencies limits the places that are listed for a value.
const maxDependencies = 8

// dependencies returns those of a value and further ones, each once.
func dependencies(v *value, further []dependency) []dependency {
	all := slices.Clone(v.from)
	for _, d := range further {
		if len(all) == maxDependencies {
			break
		}
		if !slices.ContainsFunc(all, func(known dependency) bool { return known.at == d.at }) {
			all = append(all, d)
		}
	}
	return all
}

// dependingOn returns a value that also depends on others.
func (v *value) dependingOn(others ...*value) *value {
	var further []dependency
	for _, other := range others {
		further = append(further, other.depends()...)
	}
	if len(further) == 0 {
		return v
	}
	depending := *v
	depending.from = dependencies(v, further)
	return &depending
}

// cty returns a value for the functions of cty. What is unknown in it is of an unknown type.
func (v *value) cty() cty.Value {
	switch v.kind {
	case null:
		return cty.NullVal(cty.DynamicPseudoType)
	case scalar:
		return v.scalar
	case list:
		if v.open {
			return cty.DynamicVal
		}
		items := make([]cty.Value, len(v.items))
		for i, item := range v.items {
			items[i] = item.cty()
		}
		return cty.TupleVal(items)
	case object:
		if v.open {
			return cty.DynamicVal
		}
		members := make(map[string]cty.Value, len(v.members))
		for _, m := range v.members {
			members[m.name] = m.value.cty()
		}
		return cty.ObjectVal(members)
	}
	return cty.DynamicVal
}

// fromCty returns the value that an expression computes.
func (e *evaluator) fromCty(v cty.Value, at hcl.Range) *value {
	if !e.spend(1) || !v.IsKnown() || v.IsMarked() {
		return unknownAt(at)
	}
	kind := v.Type()
	switch {
	case v.IsNull() || kind.IsPrimitiveType():
		return ofScalar(v, at)
	case kind.IsListType() || kind.IsTupleType() || kind.IsSetType():
		made := &value{kind: list, at: at}
		for _, item := range v.Elements() {
			made.items = append(made.items, e.fromCty(item, at))
		}
		return made
	case kind.IsMapType() || kind.IsObjectType():
		made := &value{kind: object, at: at}
		for name, item := range v.Elements() {
			made.members = append(made.members, member{name.AsString(), at, e.fromCty(item, at)})
		}
		return made
	}
	return unknownAt(at)
}

// equal reports whether two known values are equal. known is false if that cannot be decided.
func equal(a, b *value) (same, known bool) {
	if !a.isKnown() || !b.isKnown() {
		return false, false
	}
	if a.kind == null || b.kind == null {
		return a.kind == b.kind, true
	}
	if a.kind != b.kind {
		return false, false
	}
	if a.kind != scalar || a.scalar.Type() != b.scalar.Type() {
		return false, false // a declared type may have converted one of them; lists and tuples never are equal
	}
	return a.scalar.RawEquals(b.scalar), true
}

// looksUnrendered reports whether a text has a template of another tool.
func looksUnrendered(text string) bool {
	return strings.Contains(text, "{{") && strings.Contains(text, "}}") || strings.Contains(text, "{%") && strings.Contains(text, "%}")
}
