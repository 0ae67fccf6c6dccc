package waiver

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestComments(t *testing.T) {
	const w = `mlpolicy:ignore memory reason="old model"`
	const wFile = `mlpolicy:ignore-file memory reason="old model"`
	for _, test := range []struct {
		name, file string
		covers     string // the first lines of what each waiver covers, separated by |
		mistakes   string
	}{
		{"end of a line", "a: 1\nb: 2 # " + w + "\nc: 3\n", "b: 2", ""},
		{"the key whose value is below", "a: 1\nb: # " + w + "\n  c: 1\n  d: 2\ne: 3\n", "b: # " + w + "\n  c: 1\n  d: 2", ""},
		{"the first key of a document", "a: 1 # " + w + "\nb: 2\n", "a: 1", ""},
		{"the first key of another document", "a: 1\n---\nb: # " + w + "\n  c: 1\nd: 2\n", "b: # " + w + "\n  c: 1", ""},
		{"the first item of a document", "- a: 1 # " + w + "\n  b: 2\n- c: 3\n", "a: 1 # " + w + "\n  b: 2", ""},
		{"a document in brackets", "{a: 1, # " + w + "\n b: 2}\n", "{a: 1, # " + w + "\n b: 2}", ""},
		{"an item", "a:\n- b: 1 # " + w + "\n  c: 2\n- b: 3\n", "b: 1 # " + w + "\n  c: 2", ""},
		{"a dash alone", "a:\n- # " + w + "\n  b: 1\n  c: 2\n- d\n", "b: 1\n  c: 2", ""},
		{"a flow collection", "a: [x,\n  {b: 1}, c] # " + w + "\n", "{b: 1}", ""},
		{"the header of a block scalar", "a: 1\nb: | # " + w + "\n  text\nc: 3\n", "b: | # " + w + "\n  text", ""},
		{"own line", "a: 1\n# " + w + "\nb:\n  c: 2\nd: 3\n", "b:\n  c: 2", ""},
		{"own line, behind other comments", "a: 1\n# " + w + "\n# since the model is old\n\n# as said\nb: 2\n", "b: 2", ""},
		{"two waivers of one block", "a: 1\n# " + w + "\n# " + w + "\nb: 2\n", "b: 2|b: 2", ""},
		{"the document below", "# " + w + "\na: 1\nb: 2\n", "a: 1\nb: 2", ""},
		{"the document below ---", "a: 1\n---\n# " + w + "\nb: 2\nc: 3\n---\nd: 4\n", "b: 2\nc: 3", ""},
		{"on the line of ---", "a: 1\n--- # " + w + "\nb: 2\n", "b: 2", ""},
		{"above the first ---", "# " + w + "\n---\na: 1\n", "a: 1", ""},
		{"above the first --- and an empty document", "# " + w + "\n---\n---\na: 1\n", "", "1:3: no value follows in this document, so the waiver covers nothing"},
		{"in an empty document", "---\n# " + w + "\n---\na: 1\n", "", "2:3: no value follows in this document, so the waiver covers nothing"},
		{"on the line of --- of an empty document", "--- # " + w + "\n---\na: 1\n", "", "1:7: no value follows in this document, so the waiver covers nothing"},
		{"in another empty document", "a: 1\n---\n# " + w + "\n---\nb: 2\n", "", "3:3: no value follows in this document, so the waiver covers nothing"},
		{"above another ---", "a: 1\n# " + w + "\n---\nb: 2\n", "", "2:3: no value follows in this document, so the waiver covers nothing"},
		{"at the end", "a: 1\n# " + w + "\n", "", "2:3: no value follows in this document, so the waiver covers nothing"},
		{"a closing bracket", "a: {\n  b: 1\n} # " + w + "\nc: 2\n", "", "3:5: no value begins on this line, so the waiver covers nothing"},
		{"the file", "# licence\n\n# " + wFile + "\n---\na: 1\n---\nb: 2\n", "# licence", ""},
		{"the file, behind ---", "---\n# " + wFile + "\na: 1\n", "---", ""},
		{"the file, too late", "a: 1\n# " + wFile + "\nb: 2\n", "", "2:3: mlpolicy:ignore-file must stand before the first value of the file"},
		{"CRLF", "a: 1\r\n# " + w + "\r\nb: 2\r\nc: 3 # " + w + "\r\n", "b: 2|c: 3", ""},
		{"unknown directive", "a: 1 # mlpolicy:ignore-line memory reason=\"old model\"\n", "", `1:8: unknown directive "mlpolicy:ignore-line": did you mean "mlpolicy:ignore-file"?`},
		{"mistake in the grammar", "a: 1 # mlpolicy:ignore memory until=31.01.2027 reason=\"old model\"\n", "", `1:37: invalid day "31.01.2027": write 2027-01-31`},
		{"without anything", "a: 1 # mlpolicy:ignore\n", "", "1:8: a waiver must name its rules"},

		{"an alias", "a: &x {b: 1}\nc: *x # " + w + "\n", "c", ""},
		{"merged keys", "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2 # " + w + "\n", "d: 2", ""},

		{"prose", "a: 1 # see " + w + "\n# The word mlpolicy:ignore memory\n# mlpolicy:ignored memory\n## " + w + "\n", "", ""},
		{"a plain scalar", "a: x#" + w + "\nb: mlpolicy:ignore\n", "", ""},
		{"strings", "a: '# " + strings.ReplaceAll(w, "'", "") + "'\nb: \"x\n  # mlpolicy:ignore memory reason=old\"\n", "", ""},
		{"block scalars", "a: |\n  # " + w + "\n  x: 1\nb: >-\n\n  # " + wFile + "\n\n  # " + w + "\nc: 1\n", "", ""},
		{"a template that is not rendered", "# " + wFile + "\n{{- if .Values.x }}\na: 1\n# " + w + "\nb: {{ .Values.y }}\nc: |\n  # " + w + "\n  {{- end }}\n", "# " + wFile, ""},
		{"beside a document that is broken", "# " + w + "\na: 1\n---\n# " + w + "\nb: [\n---\n# " + w + "\nc: 2\n", "a: 1|c: 2", ""},
	} {
		checkComments(t, test.name, "x.yaml", test.file, test.covers, test.mistakes)
	}
}

func TestCommentsOfJSON(t *testing.T) {
	const w = `mlpolicy:ignore memory reason="old model"`
	commented := "// mlpolicy:ignore-file fpga reason=\"old model\"\n{\n  // " + w + "\n  \"a\": {\"b\": 1},\n  \"c\": 2, // " + w + "\n  /* " + w + " */ \"d\": \"// " + strings.ReplaceAll(w, `"`, "") + "\"\n}\n"
	checkComments(t, "comments", "x.jsonc", commented, `// mlpolicy:ignore-file fpga reason="old model"|"a": {"b": 1}|"c": 2|"d": "// mlpolicy:ignore memory reason=old model"`, "")
	checkComments(t, "strings alone", "x.json", `{"a": "# mlpolicy:ignore memory reason=old", "b": "// mlpolicy:ignore memory reason=old"}`, "", "")
}

func checkComments(t *testing.T, name, file, text, covers, wrong string) {
	t.Helper()
	parsed := source.Parse(file, []byte(text))
	found, mistakes := Comments(parsed)
	var covered []string
	for _, waiver := range found {
		stretch := text[waiver.Scope.Start:min(waiver.Scope.End, len(text))]
		if waiver.Scope.End > len(text) {
			stretch, _, _ = strings.Cut(stretch, "\n")
		}
		covered = append(covered, stretch)
	}
	if got := strings.Join(covered, "|"); got != covers {
		t.Errorf("%s: covers\n%s\nwant\n%s", name, got, covers)
	}
	var messages []string
	for _, m := range mistakes {
		messages = append(messages, position(m.Span.Start)+": "+m.Message)
	}
	if got := strings.Join(messages, "\n"); got != wrong {
		t.Errorf("%s: %s\nwant %s", name, got, wrong)
	}
}
