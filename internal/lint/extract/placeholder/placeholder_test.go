package placeholder

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestPlaceholder(t *testing.T) {
	for _, text := range []string{
		"${X}", "a-${X}-b", "$(X)", "$X", "__X__", "a__X__b", "<x>", "acme/<image>:1", "@@x@@", "#{x}#", "[parameters('x')]", " ${X} ", "${{ x }}",
	} {
		if !InText(text) {
			t.Errorf("%q is a placeholder", text)
		}
	}
	for _, text := range []string{"", "48", "a_b", "__init", "a__b", "a < b", "> 5 <", "x[0]", "user@host", "#1", "100$"} {
		if InText(text) {
			t.Errorf("%q is no placeholder", text)
		}
	}
}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]bool{
		"{{X}}": true, "{{ .Values.x }}": true, `"{{ x }}"`: true, `"a {{ x }} b"`: true, `"{% if x %}1{% endif %}"`: true,
		"${{ x }}": false, `"${{ x }}"`: false, `"${{ x }} {{ y }}"`: true, "{x: 1}": false, "{}": false, "text": false, "[a]": false, "1": false, "null": false,
	} {
		file := source.Parse("t.yaml", []byte("key: "+text+"\n"))
		if len(file.Documents) != 1 {
			t.Fatalf("%s: %v", text, file.Problems)
		}
		if got := IsTemplate(file.Documents[0].Root.Get("key")); got != want {
			t.Errorf("template(%s) = %t", text, got)
		}
	}
}
