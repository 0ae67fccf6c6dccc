package waiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func position(p source.Position) string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

func TestAnnotations(t *testing.T) {
	long := strings.Repeat("x y ", 80)
	for _, test := range []struct{ file, found, mistakes string }{
		{"metadata:\n  annotations:\n    mlpolicy.dev/ignore: memory reason=\"old model\"\n    mlpolicy.dev/ignore.2: fpga reason=\"old board\"\n", `memory reason="old model"|fpga reason="old board"`, ""},
		{"template:\n  metadata: {annotations: {mlpolicy.dev/ignore: 'memory reason=\"old model\"'}}\n", `memory reason="old model"`, ""},
		{`{"tags": {"mlpolicy.dev:ignore": "memory reason=\"old model\"", "mlpolicy.dev:ignore.fpga": "fpga reason=old"}}`, `memory reason="old model"|fpga reason="old"`, ""},
		{`{"Tags": {"mlpolicy.dev:ignore": "memory until=2027-02-30 reason=\"old model\""}}`, "", `1:48: invalid day "2027-02-30": write 2027-02-28`},
		{"annotations: {mlpolicy.dev/ignore: [memory]}\n", "", "1:36: the annotation mlpolicy.dev/ignore must be a string"},
		{"annotations: {mlpolicy.dev/ignore: ~}\n", "", "1:36: the annotation mlpolicy.dev/ignore must be a string"},
		{"annotations: {mlpolicy.dev/ignore-file: x}\n", "", `1:15: unknown annotation "mlpolicy.dev/ignore-file"`},
		{"annotations: {mlpolicy.dev/ignore.: x}\n", "", `1:15: unknown annotation "mlpolicy.dev/ignore."`},
		{"labels: {mlpolicy.dev/ignore: memory}\n", "", "1:10: a label cannot hold a waiver"},
		{"tags: {mlpolicy.dev:ignore: '" + long + "'}\n", "", "1:29: the tag mlpolicy.dev:ignore has 320 characters, and Azure allows 256"},
		{"data: {mlpolicy.dev/ignore: 'memory reason=old'}\nx: 'mlpolicy.dev/ignore: memory'\n", "", ""},
		{"annotations: {mlpolicy.dev/ignore: '${WAIVER}'}\n", "", ""},
	} {
		absent := func(value *source.Node) bool { return strings.HasPrefix(value.Text(), "${") }
		found := Annotations(source.Parse("x", []byte(test.file)), absent)
		var waivers, messages []string
		for _, annotation := range found {
			for _, m := range annotation.Mistakes {
				messages = append(messages, position(m.Span.Start)+": "+m.Message)
			}
			if annotation.Waiver != nil {
				waivers = append(waivers, annotation.String())
			}
		}
		if got := strings.Join(waivers, "|"); got != test.found {
			t.Errorf("%s: %s, want %s", test.file, got, test.found)
		}
		if got := strings.Join(messages, "\n"); got != test.mistakes {
			t.Errorf("%s: %s, want %s", test.file, got, test.mistakes)
		}
	}
}
