package webhook

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// Forty warnings arrive as many as have room and a count; nothing is lost in silence.
func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		number, length int
		last           string
		lines          int
	}{
		{0, 0, "", 0},
		{1, 10, "note rule: 000xxxxxxxxxx", 1},
		{40, 150, "and 29 more; mlpolicy lint reports them all", 12},
		{11, 150, "note rule: 010", 11},
		{40, 1000, "and 31 more; mlpolicy lint reports them all", 10},
		{2000, 1, "and 1870 more; mlpolicy lint reports them all", 131},
	} {
		var findings []lint.Finding
		for i := range test.number {
			findings = append(findings, lint.Finding{Rule: "rule", Severity: lint.Note, Message: fmt.Sprintf("%03d", i) + strings.Repeat("x", test.length)})
		}
		lines := warnings(findings)
		total := 0
		for _, line := range lines {
			total += utf8.RuneCountInString(line)
			if utf8.RuneCountInString(line) > maxWarning {
				t.Errorf("%q is too long", line)
			}
		}
		if total > maxWarnings || len(lines) != test.lines || test.lines > 0 && !strings.HasPrefix(lines[len(lines)-1], test.last) {
			t.Errorf("%d of %d characters: %d lines, %d characters, the last is %q", test.number, test.length, len(lines), total, lines[max(len(lines)-1, 0):])
		}
	}
	same := []lint.Finding{{Rule: "rule", Severity: lint.Note, Message: "same"}, {Rule: "rule", Severity: lint.Note, Message: "same"}}
	if lines := warnings(same); len(lines) != 1 {
		t.Errorf("said twice: %q", lines)
	}
}

func TestShort(t *testing.T) {
	if got := truncate("äöüß", 3); got != "äö…" {
		t.Errorf("short: %q", got)
	}
	if got := truncate("äöüß", 4); got != "äöüß" {
		t.Errorf("short: %q", got)
	}
	if got := truncateBytes(strings.Repeat("ä", 600), maxAnnotation); len(got) > maxAnnotation || !utf8.ValidString(got) || !strings.HasSuffix(got, "ä…") {
		t.Errorf("shortBytes: %d bytes", len(got))
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ä 日本": "plain, ä 日本", "a\nb\r\t": `a\nb\r\t`, "\x1b[31m": `\x1b[31m`, "\u202e": `\u202e`, "\xff": `\ufffd`, "\x00": `\x00`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
