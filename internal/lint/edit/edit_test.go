package edit_test

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/edit"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestApply(t *testing.T) {
	for _, test := range []struct {
		name  string
		edits []edit.Edit
		want  string // empty for an error
	}{
		{"none", nil, "模型 = 1"},
		{"any order", []edit.Edit{{9, 10, "2"}, {0, 6, "🚀"}}, "🚀 = 2"},
		{"adjacent", []edit.Edit{{0, 3, ""}, {3, 6, "x"}}, "x = 1"},
		{"insertion", []edit.Edit{{10, 10, "0"}}, "模型 = 10"},
		{"overlap", []edit.Edit{{0, 6, ""}, {3, 7, ""}}, ""},
		{"twice", []edit.Edit{{0, 6, "x"}, {0, 6, "x"}}, ""},
		{"two insertions", []edit.Edit{{3, 3, "x"}, {3, 3, "y"}}, ""},
		{"outside", []edit.Edit{{9, 11, ""}}, ""},
		{"negative", []edit.Edit{{-1, 1, ""}}, ""},
		{"backwards", []edit.Edit{{3, 0, ""}}, ""},
	} {
		got, err := edit.Apply([]byte("模型 = 1"), test.edits)
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: %q %v, want %q", test.name, got, err, test.want)
		}
	}
}

// find returns the key with a text, the nth of several.
func find(file *source.File, text string, nth int) *source.Node {
	var found *source.Node
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		for _, item := range n.Items() {
			if item.Parent() == n { // not behind an alias
				walk(item)
			}
		}
		for _, member := range n.Members() {
			if member.Key.Text() == text {
				if nth == 0 {
					found = member.Key
				}
				nth--
			}
			if member.Value.Parent() == n {
				walk(member.Value)
			}
		}
	}
	for _, document := range file.Documents {
		walk(document.Root)
	}
	return found
}

func TestRemoveEntry(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string // the first key x is removed; an empty want is impossible
	}{
		{"line", "a.yaml", "a: 1\nx: 2\nb: 3\n", "a: 1\nb: 3\n"},
		{"first line", "a.yaml", "x: 2\nb: 3\n", "b: 3\n"},
		{"last line", "a.yaml", "a: 1\nx: 2\n", "a: 1\n"},
		{"last line without a break", "a.yaml", "a: 1\nx: 2", "a: 1"},
		{"last line without a break, CRLF", "a.yaml", "a: 1\r\nx: 2", "a: 1"},
		{"CRLF", "a.yaml", "a: 1\r\nx: 2\r\nb: 3\r\n", "a: 1\r\nb: 3\r\n"},
		{"CR", "a.yaml", "a: 1\rx: 2\rb: 3\r", "a: 1\rb: 3\r"},
		{"wide characters", "a.yaml", "模型: 🚀\nx: '模型'\nb: 3\n", "模型: 🚀\nb: 3\n"},
		{"equal keys", "a.yaml", "x: 1\nx: 2\n", "x: 2\n"},
		{"a mapping", "a.yaml", "a: 1\nx:\n  c: 1\n  d: [2]\nb: 3\n", "a: 1\nb: 3\n"},
		{"a block scalar", "a.yaml", "x: |\n  one\n  two\nb: 3\n", "b: 3\n"},
		{"comments above stay", "a.yaml", "# why\nx: 2 \n# what\nb: 3 # three\n", "# why\n# what\nb: 3 # three\n"},
		{"first key of an item", "a.yaml", "- x: 1\n  b: 2\n", "- b: 2\n"},
		{"first key of an inner item", "a.yaml", "- - x: 1\n    b: 2\n", "- - b: 2\n"},
		{"braces", "a.yaml", "a: {x: 1, b: 2}\n", "a: {b: 2}\n"},
		{"end of braces", "a.yaml", "a: {b: 2, x: 1}\n", "a: {b: 2}\n"},
		{"middle of braces", "a.yaml", "a: {b: 2, x: 1, c: 3}\n", "a: {b: 2, c: 3}\n"},
		{"alone in braces", "a.yaml", "a: {x: 1}\n", "a: {}\n"},
		{"alone", "a.yaml", "c: 1\na:\n  x: 1\nb: 2\n", "c: 1\nb: 2\n"},
		{"alone, twice", "a.yaml", "c: 1\na:\n  d:\n    x: 1\n", "c: 1\n"},
		{"JSON", "a.json", "{\n  \"a\": 1,\n  \"x\": 2,\n  \"b\": 3\n}\n", "{\n  \"a\": 1,\n  \"b\": 3\n}\n"},
		{"end of JSON", "a.json", "{\n  \"a\": 1,\n  \"x\": [2]\n}\n", "{\n  \"a\": 1\n}\n"},
		{"start of JSON", "a.json", "{\"x\": 2, \"a\": 1}", "{\"a\": 1}"},
		{"trailing comma", "a.jsonc", "{\n  \"a\": 1,\n  \"x\": 2,\n}\n", "{\n  \"a\": 1,\n}\n"},

		{"a comment on the line", "a.yaml", "a: 1\nx: 2 # two\nb: 3\n", ""},
		{"a comment inside", "a.yaml", "a: 1\nx:\n  # one\n  c: 1\nb: 3\n", ""},
		{"a comment in braces", "a.yaml", "a: {x: 1, # one\n  b: 2}\n", ""},
		{"a comment in JSON", "a.jsonc", "{\n  \"x\": 2, // two\n  \"a\": 1\n}\n", ""},
		{"alone in the document", "a.yaml", "x: 1\n", ""},
		{"alone in an item", "a.yaml", "- x: 1\n- b: 2\n", ""},
		{"alone with a comment", "a.yaml", "c: 1\na: # one\n  x: 1\nb: 2\n", ""},
		{"no value", "a.yaml", "a: 1\nx:\nb: 3\n", ""},
		{"an alias", "a.yaml", "a: &a 1\nx: *a\nb: 3\n", ""},
		{"merged", "a.yaml", "a: &a {b: 1}\nx: {<<: *a, b: 2}\nc: {<<: *a, x: 1}\n", "a: &a {b: 1}\nc: {<<: *a, x: 1}\n"},
		{"a placeholder", "a.yaml", "a: 1\nx: ${X}\nb: 3\n", ""},
		{"an anchor before the key", "a.yaml", "a: 1\n&k x: 2\nb: 3\n", ""},
		{"an explicit key", "a.yaml", "a: 1\n? x\n: 2\n", ""},
	} {
		file := source.Parse(test.file, []byte(test.text))
		if len(file.Problems) > 0 {
			t.Fatalf("%s: %v", test.name, file.Problems)
		}
		change, ok := edit.RemoveEntry(find(file, "x", 0))
		if !ok {
			if test.want != "" {
				t.Errorf("%s: not possible", test.name)
			}
			continue
		}
		got, err := edit.Apply(file.Text, []edit.Edit{change.Edit})
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q %v, want %q", test.name, got, err, test.want)
		}
		if !edit.IsOnly(file, source.Parse(test.file, got), []edit.Change{change}) {
			t.Errorf("%s: %q differs in something else", test.name, got)
		}
		if edit.IsOnly(file, source.Parse(test.file, got), nil) {
			t.Errorf("%s: %q does not differ", test.name, got)
		}
	}
}

func TestRemoveComment(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string // the comment that begins with x is removed; an empty want is impossible
	}{
		{"own line", "a.yaml", "a: 1\n  # x y\nb: 2\n", "a: 1\nb: 2\n"},
		{"own line, CRLF", "a.yaml", "a: 1\r\n# x\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"},
		{"first line", "a.yaml", "# x\nb: 2\n", "b: 2\n"},
		{"last line without a break", "a.yaml", "b: 2\n# x", "b: 2"},
		{"end of a line", "a.yaml", "a: 1  # x\nb: 2\n", "a: 1\nb: 2\n"},
		{"end of the text", "a.yaml", "a: 模型 # x", "a: 模型"},
		{"behind a dash", "a.yaml", "- # x\n  a: 1\n", "-\n  a: 1\n"},
		{"in a block of comments", "a.yaml", "# why\n# x\n# what\na: 1\n", "# why\n# what\na: 1\n"},
		{"JSON, own line", "a.jsonc", "{\n  // x\n  \"a\": 1\n}", "{\n  \"a\": 1\n}"},
		{"JSON, end of a line", "a.jsonc", "{\n  \"a\": 1 // x\n}", "{\n  \"a\": 1\n}"},
		{"JSON, several lines", "a.jsonc", "{\n  /* x\n     y */\n  \"a\": 1\n}", "{\n  \"a\": 1\n}"},
		{"JSON, before a key", "a.jsonc", "{\n  /* x */ \"a\": 1\n}", "{\n   \"a\": 1\n}"},
		{"JSON, between values", "a.jsonc", "{\"a\": /* x */ 1}", ""},
	} {
		file := source.Parse(test.file, []byte(test.text))
		at := strings.Index(test.text, "x")
		comment, ok := edit.CommentAt(file, at, at+1)
		if !ok {
			t.Fatalf("%s: no comment", test.name)
		}
		change, ok := edit.RemoveComment(file, comment)
		if ok != (test.want != "") {
			t.Errorf("%s: possible: %v", test.name, ok)
		}
		if !ok {
			continue
		}
		got, err := edit.Apply(file.Text, []edit.Edit{change.Edit})
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q %v, want %q", test.name, got, err, test.want)
		}
		if after := source.Parse(test.file, got); !edit.IsOnly(file, after, []edit.Change{change}) || edit.IsOnly(file, after, nil) {
			t.Errorf("%s: %q differs in something else", test.name, got)
		}
	}
	file := source.Parse("a.yaml", []byte("a: \"# x\" # y\n"))
	if _, ok := edit.CommentAt(file, 6, 7); ok {
		t.Error("a string is a comment")
	}
}

func TestReplaceScalar(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string // the value of the first key x becomes y-1; an empty want is impossible
	}{
		{"plain", "a.yaml", "a: 1\nx: one # two\n", "a: 1\nx: y-1 # two\n"},
		{"single quotes", "a.yaml", "x: 'one'\n", "x: 'y-1'\n"},
		{"double quotes", "a.yaml", "x: \"one\"\r\n", "x: \"y-1\"\r\n"},
		{"a number", "a.json", "{\"x\": 56}", "{\"x\": y-1}"},
		{"braces", "a.yaml", "模型: {x: one, b: 🚀}", "模型: {x: y-1, b: 🚀}"},
		{"an anchor of the document", "a.yaml", "--- &a\nx: one\n", "--- &a\nx: y-1\n"},
		{"an item", "a.yaml", "- a\n- x: one\n", "- a\n- x: y-1\n"},

		{"escapes", "a.yaml", "x: \"o\\x6ee\"\n", ""},
		{"an anchor", "a.yaml", "x: &a one\nb: *a\n", ""},
		{"an alias", "a.yaml", "b: &a one\nx: *a\n", ""},
		{"an anchor around", "a.yaml", "b: &a\n  x: one\nc: *a\n", ""},
		{"an anchor around an item", "a.yaml", "b:\n- &a {x: one}\n- *a\n", ""},
		{"a tag", "a.yaml", "x: !!str one\n", ""},
		{"a block scalar", "a.yaml", "x: |\n  one\n", ""},
		{"several lines", "a.yaml", "x: one\n  two\n", ""},
		{"a placeholder", "a.yaml", "x: ${ONE}\n", ""},
		{"an expression", "a.json", "{\"x\": \"[variables('one')]\"}", ""},
		{"a mapping", "a.yaml", "x: {b: 1}\n", ""},
		{"nothing", "a.yaml", "x:\nb: 1\n", ""},
	} {
		file := source.Parse(test.file, []byte(test.text))
		entry, ok := find(file, "x", 0).Entry()
		if !ok {
			t.Fatalf("%s: no entry", test.name)
		}
		change, ok := edit.ReplaceScalar(entry.Value, "y-1")
		if ok != (test.want != "") {
			t.Errorf("%s: possible: %v", test.name, ok)
		}
		if !ok {
			continue
		}
		if got, err := edit.Apply(file.Text, []edit.Edit{change.Edit}); err != nil || string(got) != test.want {
			t.Errorf("%s: %q %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestIsOnly(t *testing.T) {
	before := source.Parse("a.yaml", []byte("a: 1 # one\nx: 2\n"))
	for _, after := range []string{"a: 1 # one\n", "a: 1 # one\nx: 3\n", "a: 1 # two\nx: 2\n", "a: 1\nx: 2\n", "a: '1' # one\nx: 2\n", "a: 1 # one\nx: 2\n---\n3\n", "a: [1 # one\nx: 2\n", "a: 1 # one\nx: 2\n# three\n"} {
		if edit.IsOnly(before, source.Parse("a.yaml", []byte(after)), nil) {
			t.Errorf("%q is the same", after)
		}
	}
	if !edit.IsOnly(before, source.Parse("a.yaml", []byte("{\"a\": 1, # one\n  x: 2}")), nil) {
		t.Error("the same values and comments are not the same")
	}
}

func TestEditable(t *testing.T) {
	for text, want := range map[string]bool{
		"a: 1\n": true, "a: ${{ parameters.x }}\n": true, "a: '{{ .Values.x }}'\n": false, "a: ${{ x }}\nb: '{{ y }}'\n": false,
		"a: '{% if x %}'\n": false, "a: [1\n": false,
	} {
		if got := edit.Editable(source.Parse("a.yaml", []byte(text))); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if edit.Editable(&source.File{Confidential: true}) || edit.Editable(&source.File{Live: true}) {
		t.Error("a file with secrets and an object of a cluster can be changed")
	}
}

// Whatever the text, a change keeps all other bytes, and the file is as it was but for what changes.
func FuzzChanges(f *testing.F) {
	for _, text := range []string{
		"x: 1\nx: 2 # mlpolicy:ignore\n", "模型: {x: '🚀', b: 1}\r\n", "\uFEFFa: 1\r\n- x: 1\r\n  b: 2\r\n", "{\"x\": 1, // one\n \"x\": [2]}",
		"a: &a\n  x: |\n    b\n\n# c\nb: *a", "--- # x\nx: {}\n...\n--- \nx: 1",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		name := "a.jsonc"
		if yaml {
			name = "a.yaml"
		}
		if len(text) > 1<<12 {
			return
		}
		file := source.Parse(name, []byte(text))
		if len(file.Problems) > 0 {
			return
		}
		var changes []edit.Change
		add := func(change edit.Change, ok bool) {
			if ok {
				changes = append(changes, change)
			}
		}
		for _, comment := range file.Comments() {
			add(edit.RemoveComment(file, comment))
		}
		for nth := range 4 {
			for _, word := range []string{"x", "a", "b"} {
				if key := find(file, word, nth); key != nil {
					add(edit.RemoveEntry(key))
					if entry, ok := key.Entry(); ok {
						add(edit.ReplaceScalar(entry.Value, "y-1"))
					}
				}
			}
		}
		for _, change := range changes {
			got, err := edit.Apply(file.Text, []edit.Edit{change.Edit})
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			start, end := string(file.Text[:change.Start]), string(file.Text[change.End:])
			if string(got) != start+change.Text+end {
				t.Errorf("%q becomes %q", text, got)
			}
			after := source.Parse(name, file.Encode(got))
			if string(after.Text) != string(got) {
				t.Errorf("%q is read again as %q", got, after.Text)
			}
			edit.IsOnly(file, after, []edit.Change{change})
		}
	})
}
