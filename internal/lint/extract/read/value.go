package read

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

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Larger returns the larger of two quantities, or the known one.
func Larger(a, b facts.Fact[float64]) facts.Fact[float64] {
	if !a.Known || b.Known && b.Value > a.Value {
		return b
	}
	return a
}

// LowerScalar returns a scalar's text in lower case, empty for anything else.
func LowerScalar(n *source.Node) string {
	text, _ := n.Scalar()
	return strings.ToLower(strings.TrimSpace(text))
}

// IsNumber reports whether a text is a whole number in decimal digits.
func IsNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// BytesPerGiB converts between Deployment.MemoryGiB and bytes.
const BytesPerGiB = 1 << 30

const (
	// maxQuantity is more than any machine has. It keeps every sum finite.
	maxQuantity = 1e19
	// maxNumberText is in bytes. The time to parse a number grows faster than its length.
	maxNumberText = 64
	// maxExponentText is in digits: apimachinery hangs over 1e-999999999.
	maxExponentText = 3
)

// Scalar returns the text of a value that can be a fact. ok is false for a missing value, a
// placeholder and a collection. A template that has not been rendered is a Problem.
func (r *Reader) Scalar(n *source.Node) (text string, ok bool) {
	if n.IsNull() {
		return "", false
	}
	if placeholder.IsTemplate(n) {
		r.report(facts.Warning, n, "Render the template first and lint the output.",
			"%s is a template that has not been rendered", n.Path())
		return "", false
	}
	text, ok = n.Scalar()
	if !ok || r.HasPlaceholder(text) {
		return "", false
	}
	return strings.TrimSpace(text), true
}

// HasPlaceholder reports whether a text of the document has a placeholder.
func (r *Reader) HasPlaceholder(text string) bool {
	if r.PlainUnderscores {
		return placeholder.Marked(text) || placeholder.Underscored().MatchString(strings.TrimSpace(text))
	}
	return placeholder.InText(text) && !placeholder.IsLive(r.Root)
}

// IsPlaceholder reports whether a value is a template or has a placeholder.
func (r *Reader) IsPlaceholder(n *source.Node) bool {
	text, ok := n.Scalar()
	return n != nil && (placeholder.IsTemplate(n) || ok && r.HasPlaceholder(text))
}

// Text reads a string; a number or a boolean is one too. A collection is a Problem.
func (r *Reader) Text(n *source.Node) facts.Fact[string] {
	r.CheckShape(n, ScalarShape)
	text, ok := r.Scalar(n)
	if !ok || text == "" {
		return facts.Fact[string]{}
	}
	return facts.Know(text, r.MarkUsed(n))
}

// Boolean reads true or false in any spelling of YAML 1.1, quoted or not.
func (r *Reader) Boolean(n *source.Node) facts.Fact[bool] {
	text, ok := r.Scalar(n)
	if !ok {
		r.Collection(facts.Warning, n, "boolean", "Write true or false.")
		return facts.Fact[bool]{}
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return facts.Know(true, r.MarkUsed(n))
	case "false", "no", "off", "n":
		return facts.Know(false, r.MarkUsed(n))
	}
	r.Problem(facts.Warning, n, "Write true or false.", "invalid boolean %q of %s", text, n.Path())
	return facts.Fact[bool]{}
}

// Count reads a whole number that is not negative, quoted or not.
func (r *Reader) Count(n *source.Node) facts.Fact[int64] {
	number := r.Number(n)
	if !number.Known {
		return facts.Fact[int64]{}
	}
	if number.Value != math.Trunc(number.Value) || number.Value > math.MaxInt32 {
		r.Problem(facts.Warning, n, "Write a whole number.", "invalid count %s of %s", n.Text(), n.Path())
		return facts.Fact[int64]{}
	}
	return facts.Know(int64(number.Value), number.Location)
}

// Number reads a number that is not negative, quoted or not.
func (r *Reader) Number(n *source.Node) facts.Fact[float64] {
	text, ok := r.Scalar(n)
	if !ok {
		return r.noCollection(n)
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || !(value >= 0 && value <= maxQuantity) {
		r.Problem(facts.Warning, n, "Write a number that is not negative.", "invalid quantity %q of %s", text, n.Path())
		return facts.Fact[float64]{}
	}
	return facts.Know(value, r.MarkUsed(n))
}

// Either reads the first of two values, or the second if the first is missing or null. It does not
// read the second if the first cannot be read.
func Either[T any](first, second *source.Node, read func(*source.Node) facts.Fact[T]) facts.Fact[T] {
	if !first.IsNull() {
		return read(first)
	}
	return read(second)
}

// Memory reads a Kubernetes quantity of bytes into GiB.
func (r *Reader) Memory(n *source.Node) facts.Fact[float64] {
	bytes := r.Quantity(n)
	bytes.Value /= BytesPerGiB
	return bytes
}

// Quantity reads a Kubernetes quantity that is not negative: 48Gi, 500m, 1e3, 2.
func (r *Reader) Quantity(n *source.Node) facts.Fact[float64] {
	quantity, ok := r.KubernetesQuantity(n)
	if !ok {
		return facts.Fact[float64]{}
	}
	return facts.Know(quantity.AsApproximateFloat64(), r.MarkUsed(n))
}

// KubernetesQuantity reads a quantity that is not negative as Kubernetes writes it.
func (r *Reader) KubernetesQuantity(n *source.Node) (quantity resource.Quantity, ok bool) {
	text, ok := r.Scalar(n)
	if !ok {
		r.Collection(QuantitySeverity(n), n, "quantity", oneNumber)
		return quantity, false
	}
	if n.Kind == source.Number {
		text = strings.ReplaceAll(text, "_", "") // YAML separates thousands with underscores
	}
	quantity, ok = parseQuantity(text)
	if !ok {
		r.Problem(QuantitySeverity(n), n, "Write a quantity such as 500m, 2 or 4Gi.", "invalid quantity %q of %s", text, n.Path())
	}
	return quantity, ok
}

// QuantitySeverity returns the severity of an invalid Kubernetes quantity. In an object of a cluster it
// is an error: every quantity that Kubernetes accepts and a machine can have is read, so that a text
// that only an operator understands cannot hide a violation.
func QuantitySeverity(n *source.Node) facts.Severity {
	if placeholder.IsLive(n) {
		return facts.Error
	}
	return facts.Warning
}

// parseQuantity is resource.ParseQuantity for quantities from 0 to maxQuantity.
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
		return resource.Quantity{}, true // 0e999 is not a number as a float
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

// shortQuantity returns a quantity without insignificant zeros. ok is false if parsing the result
// would take long.
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

// Size reads an amount of bytes as people write it: 900MB, 1.4 GB, 512 MiB, 1000000000.
// KB, MB, GB and TB are powers of 1000, KiB, MiB, GiB and TiB (and Ki, Mi, Gi, Ti) of 1024.
func (r *Reader) Size(n *source.Node) facts.Fact[int64] {
	text, ok := r.Scalar(n)
	if !ok {
		return RoundUp(r.noCollection(n))
	}
	value, ok := ParseSize(text)
	if !ok {
		r.Problem(facts.Warning, n, "Write a size such as 900MB, 1.4GB or 512MiB.", "invalid size %q of %s", text, n.Path())
		return facts.Fact[int64]{}
	}
	return facts.Know(value, r.MarkUsed(n))
}

// RoundUp returns a fact in whole units.
func RoundUp(f facts.Fact[float64]) facts.Fact[int64] {
	return facts.Convert(f, func(value float64) int64 { return int64(math.Ceil(value)) })
}

const oneNumber = "Write a single number."

// noCollection returns an unknown quantity, and reports a list or a mapping.
func (r *Reader) noCollection(n *source.Node) facts.Fact[float64] {
	r.Collection(facts.Warning, n, "quantity", oneNumber)
	return facts.Fact[float64]{}
}

// Collection reports a list or a mapping in place of what.
func (r *Reader) Collection(severity facts.Severity, n *source.Node, what, remedy string) {
	if n != nil && n.Kind >= source.Sequence && !placeholder.IsTemplate(n) && !r.alreadyMisread(n) {
		r.Problem(severity, n, remedy, "%s must be a %s, not %s", n.Path(), what, kindOf(n.Kind))
	}
}

// ParseSize reads an amount of bytes as people write it, rounded up: 900MB, 1.4 GB,
// 512 MiB, 1000000000. A unit's case does not matter; Ki, Mi, Gi and Ti are
// Kubernetes' spelling of KiB, MiB, GiB and TiB. A comma separates thousands and is not a decimal
// point.
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
		return 0, false // a fraction of a byte
	}
	number.Mul(number, new(big.Rat).SetInt64(unit))
	whole := new(big.Int).Div(number.Num(), number.Denom())
	if !number.IsInt() {
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64(), whole.IsInt64()
}

// thousands matches a whole number with commas between thousands.
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

// word reads a word of an enumeration, whatever its case. Any other word is a Problem with a list of
// the words.
func word[T interface {
	~string
	Values() []string
}](r *Reader, n *source.Node) facts.Fact[T] {
	var zero T
	text := r.oneOf(n, zero.Values())
	return facts.Fact[T]{Value: T(text.Value), Known: text.Known, Location: text.Location}
}

// target reads the id of a target of the vocabulary or of a row of a loaded edition.
func (r *Reader) target(n *source.Node) facts.Fact[facts.Target] {
	ids := facts.Target("").Values()
	for _, target := range r.Lists.Targets {
		ids = append(ids, string(target))
	}
	if text, ok := r.Scalar(n); ok && r.anyTarget && text != "" && !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, text) }) {
		return facts.Know(facts.Target(text), r.MarkUsed(n))
	}
	id := r.oneOf(n, ids)
	return facts.Fact[facts.Target]{Value: facts.Target(id.Value), Known: id.Known, Location: id.Location}
}

// oneOf reads one of some words, whatever its case. Any other word is a Problem with a list of them.
func (r *Reader) oneOf(n *source.Node, words []string) facts.Fact[string] {
	text, ok := r.Scalar(n)
	if !ok {
		r.Collection(facts.Warning, n, "word", "Write one of "+strings.Join(words, ", ")+".")
		return facts.Fact[string]{}
	}
	for _, word := range words {
		if strings.EqualFold(word, text) {
			return facts.Know(word, r.MarkUsed(n))
		}
	}
	r.Problem(facts.Warning, n, UseOneOf(words), "unknown value %q of %s%s", text, n.Path(), DidYouMean(text, "", words))
	return facts.Fact[string]{}
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
