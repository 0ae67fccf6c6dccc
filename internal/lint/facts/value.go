package facts

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// bytesPerGiB converts between Deployment.MemoryGiB and bytes.
const bytesPerGiB = 1 << 30

const (
	// maxQuantity is more than any machine has; with it every sum is finite.
	maxQuantity = 1e19
	// maxNumberText is in bytes: reading a number takes time that grows faster than its text.
	maxNumberText = 64
	// maxExponentText is in digits: apimachinery hangs over 1e-999999999.
	maxExponentText = 3
)

// scalar returns the text of a value that can state a fact. A missing value, a
// placeholder that something else fills in later, and a collection are none; an
// unrendered template is a Problem.
func (r *reader) scalar(n *source.Node) (string, bool) {
	if n.IsNull() {
		return "", false
	}
	if template(n) {
		r.report(Warning, n, "Render the template first and lint the output.",
			"%s is a template that has not been rendered", n.Path())
		return "", false
	}
	text, ok := n.Scalar()
	if !ok || r.placeholder(text) {
		return "", false
	}
	return strings.TrimSpace(text), true
}

// template reports whether a value is an unrendered template: {{ x }} or {% x %},
// quoted or read by YAML as a mapping whose only key is a mapping. GitHub's
// ${{ x }} is a placeholder.
func template(n *source.Node) bool {
	return looksUnrendered(n) && !live(n)
}

// live reports whether a value is of an object of a cluster. A value that is made up has no file.
func live(n *source.Node) bool {
	if n == nil {
		return false
	}
	file := n.File()
	return file != nil && file.Live
}

func looksUnrendered(n *source.Node) bool {
	switch n.Kind {
	case source.Mapping:
		return len(n.Members) == 1 && n.Members[0].Key.Kind == source.Mapping
	case source.String:
		text := strings.ReplaceAll(n.Text, "${{", "")
		return strings.Contains(text, "{{") && strings.Contains(text, "}}") ||
			strings.Contains(text, "{%") && strings.Contains(text, "%}")
	}
	return false
}

// placeholder reports whether a text holds something that is filled in later: ${X},
// $(X), $X, __X__, <x>, @@x@@, #{x}# or an ARM expression [x].
func placeholder(text string) bool {
	open := strings.Index(text, "__")
	return open >= 0 && strings.Contains(text[open+2:], "__") || marked(text)
}

// underscored matches __X__ as a whole text, or as a whole step of a name or an image.
var underscored = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[/:])__[A-Za-z0-9_]+__(?:$|[/:])`)
})

// placeholder tells so of a text of this document.
func (r *reader) placeholder(text string) bool {
	if r.plainUnderscores {
		return marked(text) || underscored().MatchString(strings.TrimSpace(text))
	}
	return placeholder(text) && !live(r.root)
}

// later reports whether a template or a placeholder stands for a scalar.
func later(n *source.Node, text string) bool {
	return template(n) || placeholder(text) && !live(n)
}

// laterFilled reports whether a template or a placeholder stands for a value.
func (r *reader) laterFilled(n *source.Node) bool {
	text, ok := n.Scalar()
	return n != nil && (template(n) || ok && r.placeholder(text))
}

// marked reports whether a text holds a placeholder in signs other than underscores.
func marked(text string) bool {
	text = strings.TrimSpace(text)
	switch {
	case strings.Contains(text, "${"), strings.Contains(text, "$("), strings.HasPrefix(text, "$"),
		strings.Contains(text, "#{"), strings.Contains(text, "@@"):
		return true
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		return true
	}
	open := strings.IndexByte(text, '<')
	return open >= 0 && strings.IndexByte(text[open:], '>') > 0
}

// text reads a string; a number or a boolean is one too. A collection is a Problem.
func (r *reader) text(n *source.Node) Fact[string] {
	r.shaped(n, scalarShape)
	text, ok := r.scalar(n)
	if !ok || text == "" {
		return Fact[string]{}
	}
	return Know(text, r.carry(n))
}

// boolean reads true or false in any spelling of YAML 1.1, quoted or not.
func (r *reader) boolean(n *source.Node) Fact[bool] {
	text, ok := r.scalar(n)
	if !ok {
		r.collection(Warning, n, "boolean", "Write true or false.")
		return Fact[bool]{}
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return Know(true, r.carry(n))
	case "false", "no", "off", "n":
		return Know(false, r.carry(n))
	}
	r.problem(Warning, n, "Write true or false.", "invalid boolean %q of %s", text, n.Path())
	return Fact[bool]{}
}

// count reads a whole number that is not negative, quoted or not.
func (r *reader) count(n *source.Node) Fact[int64] {
	number := r.number(n)
	if !number.Known {
		return Fact[int64]{}
	}
	if number.Value != math.Trunc(number.Value) || number.Value > math.MaxInt32 {
		r.problem(Warning, n, "Write a whole number.", "invalid count %s of %s", n.Text, n.Path())
		return Fact[int64]{}
	}
	return Know(int64(number.Value), number.Place)
}

// number reads a number that is not negative, quoted or not.
func (r *reader) number(n *source.Node) Fact[float64] {
	text, ok := r.scalar(n)
	if !ok {
		return r.noCollection(n)
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || !(value >= 0 && value <= maxQuantity) {
		r.problem(Warning, n, "Write a number that is not negative.", "invalid quantity %q of %s", text, n.Path())
		return Fact[float64]{}
	}
	return Know(value, r.carry(n))
}

// either reads the first of two values, where there is none the second. A first
// value that is there and not understood, or not known yet, is not the second.
func either[T any](first, second *source.Node, read func(*source.Node) Fact[T]) Fact[T] {
	if !first.IsNull() {
		return read(first)
	}
	return read(second)
}

// or is the first of two facts, where it is not known the second.
func or[T any](first, second Fact[T]) Fact[T] {
	if first.Known {
		return first
	}
	return second
}

// memory reads a Kubernetes quantity of bytes into GiB.
func (r *reader) memory(n *source.Node) Fact[float64] {
	bytes := r.quantity(n)
	bytes.Value /= bytesPerGiB
	return bytes
}

// quantity reads a Kubernetes quantity that is not negative: 48Gi, 500m, 1e3, 2.
func (r *reader) quantity(n *source.Node) Fact[float64] {
	quantity, ok := r.kubernetesQuantity(n)
	if !ok {
		return Fact[float64]{}
	}
	return Know(quantity.AsApproximateFloat64(), r.carry(n))
}

func (r *reader) kubernetesQuantity(n *source.Node) (quantity resource.Quantity, ok bool) {
	text, ok := r.scalar(n)
	if !ok {
		r.collection(quantitySeverity(n), n, "quantity", oneNumber)
		return quantity, false
	}
	if n.Kind == source.Number {
		text = strings.ReplaceAll(text, "_", "") // YAML's way to part thousands
	}
	quantity, ok = parseQuantity(text)
	if !ok {
		r.problem(quantitySeverity(n), n, "Write a quantity such as 500m, 2 or 4Gi.", "invalid quantity %q of %s", text, n.Path())
	}
	return quantity, ok
}

// quantitySeverity is how much it matters that something stands for a Kubernetes quantity and
// is not one. In an object of a cluster it is an error: all that Kubernetes takes and a machine
// can have is read, so that nobody gets around a rule by a text that only an operator would
// understand.
func quantitySeverity(n *source.Node) Severity {
	if live(n) {
		return Error
	}
	return Warning
}

// parseQuantity is resource.ParseQuantity for what is not negative, within bounds.
func parseQuantity(text string) (resource.Quantity, bool) {
	text, ok := shortQuantity(text)
	if !ok {
		return resource.Quantity{}, false
	}
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return resource.Quantity{}, false
	}
	if quantity.IsZero() {
		return resource.Quantity{}, true // as a float 0e999 is no number
	}
	value := quantity.AsApproximateFloat64()
	return quantity, value >= 0 && value <= maxQuantity
}

// quantityParts matches the sign, the number, in it the whole part without leading zeros
// and the fraction without trailing ones, and either the letter and sign of an exponent and
// its digits without leading zeros or a unit.
var quantityParts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([+-]?)(0*([0-9]*)(?:\.([0-9]*?)0*)?)(?:([eE][+-]?)0*([0-9]+)|([A-Za-z]*))$`)
})

// shortQuantity returns a quantity without the zeros that count for nothing, if what is
// left of it can be read in little time.
func shortQuantity(text string) (short string, ok bool) {
	parts := quantityParts().FindStringSubmatch(text)
	if parts == nil || strings.Trim(parts[2], ".") == "" {
		return "", false
	}
	sign, whole, fraction, e, exponent, unit := parts[1], parts[3], parts[4], parts[5], parts[6], parts[7]
	if fraction != "" {
		fraction = "." + fraction
	}
	short = sign + cmp.Or(whole, "0") + fraction + e + exponent + unit
	return short, len(short) <= maxNumberText && len(exponent) <= maxExponentText
}

// size reads an amount of bytes as people write it: 900MB, 1.4 GB, 512 MiB, 1000000000.
// KB, MB, GB and TB are powers of 1000, KiB, MiB, GiB and TiB (and Ki, Mi, Gi, Ti) of 1024.
func (r *reader) size(n *source.Node) Fact[int64] {
	text, ok := r.scalar(n)
	if !ok {
		return roundUp(r.noCollection(n))
	}
	value, ok := ParseSize(text)
	if !ok {
		r.problem(Warning, n, "Write a size such as 900MB, 1.4GB or 512MiB.", "invalid size %q of %s", text, n.Path())
		return Fact[int64]{}
	}
	return Know(value, r.carry(n))
}

func roundUp(f Fact[float64]) Fact[int64] {
	return convert(f, func(value float64) int64 { return int64(math.Ceil(value)) })
}

const oneNumber = "Write a single number."

// noCollection reports a list or a mapping where a quantity belongs.
func (r *reader) noCollection(n *source.Node) Fact[float64] {
	r.collection(Warning, n, "quantity", oneNumber)
	return Fact[float64]{}
}

// collection reports a list or a mapping where something else belongs.
func (r *reader) collection(severity Severity, n *source.Node, what, remedy string) {
	if n != nil && n.Kind >= source.Sequence && !template(n) && !r.alreadyMisread(n) {
		r.problem(severity, n, remedy, "%s must be a %s, not %s", n.Path(), what, kindOf(n.Kind))
	}
}

// ParseSize reads an amount of bytes as people write it, rounded up: 900MB, 1.4 GB,
// 512 MiB, 1000000000. A unit's case does not matter; a bare Ki, Mi, Gi or Ti is
// Kubernetes' spelling of KiB, MiB, GiB or TiB. A comma parts thousands and is no
// decimal point.
func ParseSize(text string) (bytes int64, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxNumberText {
		return 0, false
	}
	split := strings.IndexFunc(text, func(c rune) bool { return c != '.' && c != '_' && c != ',' && (c < '0' || c > '9') })
	if split < 0 {
		split = len(text)
	}
	unit, known := sizeUnits(strings.ToLower(strings.TrimSpace(text[split:])))
	digits := strings.ReplaceAll(text[:split], "_", "")
	if thousands().MatchString(digits) {
		digits = strings.ReplaceAll(digits, ",", "")
	}
	number, parsed := new(big.Rat).SetString(digits)
	if !known || !parsed || !number.IsInt() && strings.TrimSpace(text[split:]) == "" {
		return 0, false // nobody means a fraction of a byte
	}
	number.Mul(number, new(big.Rat).SetInt64(unit))
	whole := new(big.Int).Div(number.Num(), number.Denom())
	if !number.IsInt() {
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64(), whole.IsInt64()
}

// thousands matches a whole number whose thousands commas part.
var thousands = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{1,3}(,\d{3})+$`)
})

func sizeUnits(unit string) (bytes int64, ok bool) {
	switch unit {
	case "", "b", "byte", "bytes":
		return 1, true
	case "k", "kb", "kilobyte", "kilobytes":
		return 1e3, true
	case "m", "mb", "megabyte", "megabytes":
		return 1e6, true
	case "g", "gb", "gigabyte", "gigabytes":
		return 1e9, true
	case "t", "tb", "terabyte", "terabytes":
		return 1e12, true
	case "ki", "kib", "kibibyte", "kibibytes":
		return 1 << 10, true
	case "mi", "mib", "mebibyte", "mebibytes":
		return 1 << 20, true
	case "gi", "gib", "gibibyte", "gibibytes":
		return 1 << 30, true
	case "ti", "tib", "tebibyte", "tebibytes":
		return 1 << 40, true
	}
	return 0, false
}

// word reads one of the words of an enumeration, whatever its case; any other word
// is a Problem that names the words.
func word[T interface {
	~string
	Values() []string
}](r *reader, n *source.Node) Fact[T] {
	var zero T
	text := r.oneOf(n, zero.Values())
	return Fact[T]{Value: T(text.Value), Known: text.Known, Place: text.Place}
}

// target reads the id of a target: one of the vocabulary, or of a row of a loaded edition.
func (r *reader) target(n *source.Node) Fact[Target] {
	ids := Target("").Values()
	for _, target := range r.lists.Targets {
		ids = append(ids, string(target))
	}
	if text, ok := r.scalar(n); ok && r.anyTarget && text != "" && !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, text) }) {
		return Know(Target(text), r.carry(n))
	}
	id := r.oneOf(n, ids)
	return Fact[Target]{Value: Target(id.Value), Known: id.Known, Place: id.Place}
}

// oneOf reads one of some words, whatever its case; any other word is a Problem that names them.
func (r *reader) oneOf(n *source.Node, words []string) Fact[string] {
	text, ok := r.scalar(n)
	if !ok {
		r.collection(Warning, n, "word", "Write one of "+strings.Join(words, ", ")+".")
		return Fact[string]{}
	}
	for _, word := range words {
		if strings.EqualFold(word, text) {
			return Know(word, r.carry(n))
		}
	}
	r.problem(Warning, n, useOneOf(words), "unknown value %q of %s%s", text, n.Path(), meant(text, "", words))
	return Fact[string]{}
}

// Caseless returns a regular expression of JSON Schema that matches these words in any case.
func Caseless(words []string) string {
	var pattern strings.Builder
	for i, word := range words {
		if i > 0 {
			pattern.WriteByte('|')
		}
		for _, letter := range word {
			if lower, upper := unicode.ToLower(letter), unicode.ToUpper(letter); lower != upper {
				fmt.Fprintf(&pattern, "[%c%c]", lower, upper)
			} else {
				pattern.WriteString(regexp.QuoteMeta(string(letter)))
			}
		}
	}
	return `^\s*(` + pattern.String() + `)\s*$`
}
