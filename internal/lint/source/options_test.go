package source

import (
	"fmt"
	"strings"
	"testing"
)

// TestParallel compares a stream that is parsed on all cores with the same stream parsed by one goroutine.
func TestParallel(t *testing.T) {
	var text strings.Builder
	for i := 0; text.Len() <= parallelSize; i++ {
		switch i % 1000 {
		case 3:
			fmt.Fprintf(&text, "---\nbroken: [%d\n", i)
		case 5:
			text.WriteString("---\n# nothing\n")
		case 7:
			fmt.Fprintf(&text, "--- {a: &a 日, b: *a, c: %d}\n", i)
		default:
			fmt.Fprintf(&text, "---\nkind: Deployment\nmetadata: {name: churn-%d}\nspec:\n- 日本\n", i)
		}
	}
	want := Parse("stream.yaml", []byte(text.String()))
	if len(want.Documents) < 1000 || len(want.Problems) < 10 {
		t.Fatalf("%d documents, %d problems", len(want.Documents), len(want.Problems))
	}
	got := Options{Parallel: true}.Parse("stream.yaml", []byte(text.String()))
	if outline(got) != outline(want) {
		t.Error("the documents differ from those that one goroutine reads")
	}
}

func TestSkip(t *testing.T) {
	var asked []string
	o := Options{Skip: func(document string) bool {
		asked = append(asked, document)
		return strings.Contains(document, "skipped")
	}}
	file := o.Parse("stream.yaml", []byte("# head\na: 1\n---\nskipped: [\n---\n\n---\nb: 2\n"))
	if want := []string{"# head\na: 1\n", "---\nskipped: [\n", "---\nb: 2\n"}; fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked about %q, want %q", asked, want)
	}
	if len(file.Documents) != 2 || !file.Documents[1].Root.Has("b") || len(file.Problems) > 0 {
		t.Errorf("documents and problems:\n%s", outline(file))
	}
	if again := file.Again([]byte("skipped: 1\n---\nc: 3\n")); len(again.Documents) != 1 {
		t.Errorf("read again, another text of the file has %d documents", len(again.Documents))
	}
}

// TestSkipOnlyYAML checks that nothing is left out of JSON, where the documents may decide about the language.
func TestSkipOnlyYAML(t *testing.T) {
	o := Options{Skip: func(string) bool { return true }}
	for _, test := range []struct{ name, text string }{
		{"f.json", `{"a": 1}`}, {"f.json", "a: 1\n"}, {"f.yaml", "{a: 1}"}, {"f", "// comment\n{\"a\": 1}"},
	} {
		if file := o.Parse(test.name, []byte(test.text)); len(file.Documents) != 1 {
			t.Errorf("%s %q: %d documents", test.name, test.text, len(file.Documents))
		}
	}
}
