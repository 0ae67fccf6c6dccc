package report

import (
	"strings"
	"testing"
)

func TestPatch(t *testing.T) {
	for _, test := range []struct{ name, before, after, want string }{
		{"equal", "a\n", "a\n", ""},
		{"CRLF", "a\r\nb\r\n", "b\r\n", "@@ -1,2 +1,1 @@\n-a\r\n b\r\n"},
		{"no final break", "a: 模型\nb", "b", "@@ -1,2 +1,1 @@\n-a: 模型\n b\n\\ No newline at end of file\n"},
		{"controls", "\x1b[31ma\tb\n", "\u202ec\n", "@@ -1,1 +1,1 @@\n-\\x1b[31ma\tb\n+\\u202ec\n"},
	} {
		var text strings.Builder
		if err := Patch(&text, []Patched{{"a\nb.yaml", []byte(test.before), []byte(test.after)}}); err != nil {
			t.Fatal(err)
		}
		want := test.want
		if want != "" {
			want = "--- a\\nb.yaml\n+++ a\\nb.yaml\n" + want
		}
		if got := text.String(); got != want {
			t.Errorf("%s: %q, want %q", test.name, got, want)
		}
	}
	var text strings.Builder
	if err := Patch(&text, []Patched{{"模型 dir/a b.yaml", []byte("a\nb\n"), []byte("b\n")}}); err != nil {
		t.Fatal(err)
	}
	if got, want := text.String(), "--- 模型 dir/a b.yaml\t\n+++ 模型 dir/a b.yaml\t\n@@ -1,2 +1,1 @@\n-a\n b\n"; got != want {
		t.Errorf("a name with spaces: %q, want %q", got, want)
	}
}
