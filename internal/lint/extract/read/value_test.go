package read

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Numbers that would take for ever or overflow are none.
func TestQuantityBounds(t *testing.T) {
	for _, text := range []string{
		"1e-999999999", "1e999999999", "1E400", "1e99", "1e20", "1e1000", "1e4294967305", "-1", "1ex", "1e", "", "1 Gi", "1.2.3", "0x10",
		strings.Repeat("9", 65), "0." + strings.Repeat("0", 64) + "1",
	} {
		if got, ok := parseQuantity(text); ok {
			t.Errorf("parseQuantity(%q) = %v, want none", text, got)
		}
		if got, ok := ParseSize(text); ok && text != "1 Gi" {
			t.Errorf("ParseSize(%q) = %v, want none", text, got)
		}
	}
	zeros := strings.Repeat("0", 64)
	for text, want := range map[string]float64{
		"1e3": 1e3, "1E-1": 0.1, "2Ei": 2 << 60, "3E": 3e18, "500m": 0.5, "0": 0, "0e999": 0, "+3": 3, "-0": 0,
		"1000m": 1, "1k": 1000, "0.001k": 1, ".5": 0.5, "5.": 5, "10": 10, "100": 100, "1e10": 1e10, "1e-999": 1e-9,
		zeros + "64Gi": 64 << 30, "64e00009": 64e9, "0.064e+00012": 64e9, "64e" + zeros + "9": 64e9, "64." + zeros + "Gi": 64 << 30,
		"1" + "e000000000001": 10, "1e-" + zeros: 1, "0064.500": 64.5,
	} {
		if got, ok := parseQuantity(text); !ok || got.AsApproximateFloat64() != want {
			t.Errorf("parseQuantity(%q) = %v, %t, want %v", text, got.AsApproximateFloat64(), ok, want)
		}
	}
}

// What Kubernetes reads is read, and to the same value, but for what no machine has and what
// nobody writes.
func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{
		"64Gi", "0064Gi", "1000m", "0.001k", "1k", "64e00009", "0.064e+00012", "1E", "1Ei", "1e-3", "+.50M", "5.G", "0e999", "-1", "1e", "e5", "Gi", "-", "1.2.3",
		"128974848000m", "9223372036854775807", "9223372036854775808", "100Ei", "1n", "0.0000000001", "1.00000000000000000001", "1e+0", "1e-0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseQuantity(text)
		exponent := text[strings.LastIndexAny(text, "eE")+1:]
		if len(text) > maxNumberText || len(strings.TrimLeft(exponent, "+-0")) > maxExponentText {
			return // apimachinery may take for ever
		}
		if number := strings.TrimLeft(text, "+-."); number == "" || number[0] < '0' || number[0] > '9' {
			return // to apimachinery Gi is 0, and Ei is nothing
		}
		want, err := resource.ParseQuantity(text)
		value := want.AsApproximateFloat64()
		sane := err == nil && (want.IsZero() || value >= 0 && value <= maxQuantity)
		if ok != sane {
			t.Fatalf("%q is read: %t, by Kubernetes as %v (%v)", text, ok, value, err)
		}
		if ok && got.Cmp(want) != 0 {
			t.Fatalf("%q is %s, to Kubernetes %s", text, got.AsDec(), want.AsDec())
		}
	})
}
