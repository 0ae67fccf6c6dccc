package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPlainTakes checks what is read without the library, and that the result is that of the library in any case.
func TestPlainTakes(t *testing.T) {
	plain := []string{
		deployment,
		"---\na: 1\nb:\n- c\n-   d: e\n    f:\n\n    # g\n    - - h\n      -\n-\n  - i\n-\n",
		"--- # c\r\na: |\r\n  b\r\n  c\r\nd: >-\r\n  e\r\n  f\r\n",
		"a: b c # d\n'e''f' :\tg#h\n\"i\\n\" : http://j/k?l=m#n\n",
		"a: b\n  c\n\n  d\ne: \"f\n  g \\\n  h\\\n\n  \\  i\"\nj: 'k\n\n\n  l'\n",
		"a: \"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\\\\\x41\\u00e9\"\n",
		"a: {b: [c, \"d\", {e: f}], 'g':h, i, \"j\": }\nk: [\n  l, # m\n  n:o p,\n]\nq: {}\nr: []\n",
		"a: |+\n\n  b\n   c\n\nd: >2\n   e\n\n   f\n  g\n",
		"a: |\nb: >-\n\nc: |1-\n  d",
		"日本: 語\né: \u00a0\n",
		"a: \"b\n...c\"\nd: -e\nf: ?g\nh: :i\nj: '<<'\n'<<': {}\n",
		"[a, b]\n",
		"{a: b}",
		"# a\n",
		"a: 1\na: 2\n~: 3\n",
		strings.Repeat("k", maxKey-1) + ": a\n",
	}
	doubtful := []string{
		"a\n", "|\n a\n", "'a'\n", "a: &b c\n", "a: *b\n", "a: !b c\n", "<<: {a: b}\n", "? a\n", "a: b: c\n", "a: b\n c: d\n", "a:\n\tb: c\n", "a: 1\n\t\n",
		"-\ta\n", "- : a\n", ": a\n", "a: - b\n", "a: [b: c]\n", "{a:{b: c}}\n", "[a?b]\n", "{? a}\n", "[a,#b\n]", "a: \"b\"#c\n", "a: |#b\n", "a: \"\\/\"\n", "a: \"\\ud83d\\ude00\"\n",
		"a: \"\\U0001F600\"\n", "a: \"\\N\"\n", "a: b\u0085c: d\n", "a: \u2028b\n", "a: \ufeffb\n", "a: b\x01\n", "a: b\rc: d\n", "%YAML 1.1\n---\na: b\n", "--- a: b\n", "a: b\n...\n",
		"a\n b: c\n", "\"a\n b\": c\n", "[a]: b\n", "a: b\n- c\n", "a:\n  - b\n - c\n", "a:\n    b: c\n  d: e\n", "a: |0\n b\n", "a: |\n\tb\n", "a: [b\n", "a: \"b\n", "a: b\n---\nc: 'd\n", "@a: b\n",
		strings.Repeat("k", maxKey) + ": a\n", strings.Repeat("- ", MaxDepth+1) + "a\n",
	}
	if len(plain) == 0 || len(doubtful) == 0 {
		t.Fatal("no cases")
	}
	for _, text := range plain {
		if !takesAll(text) {
			t.Errorf("the library reads %q", text)
		}
		checkPlain(t, []byte(text))
	}
	for _, text := range doubtful {
		if takesAll(text) {
			t.Errorf("the library does not read %q", text)
		}
		checkPlain(t, []byte(text))
	}
}

// TestSoundUpTo has characters at each place of a text of two words and more.
func TestSoundUpTo(t *testing.T) {
	sound := map[string]bool{"\r\n": true, "\r": false, "\u00a0": true, "é": true, "日": true, "\u202a": true, "\ufffd": true, "\U0001F600": true}
	for _, character := range []string{"\u0080", "\u0085", "\u009f", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"} {
		sound[character] = false
	}
	for b := range byte(0x80) {
		if b != '\r' {
			sound[string(rune(b))] = b >= ' ' && b < 0x7F || b == '\n' || b == '\t'
		}
	}
	for character, isSound := range sound {
		for at := range 17 {
			text := strings.Repeat("ab ~", 5)
			text = text[:at] + character + text[at:]
			want := len(text)
			if !isSound {
				want = at
			}
			if got := soundUpTo([]byte(text), 0); got != want {
				t.Errorf("%q at %d: %d, want %d", character, at, got, want)
			}
		}
	}
}

// TestPlainExamples compares the readers on all examples of the project and, if it is there, on the corpus.
func TestPlainExamples(t *testing.T) {
	roots := []string{"../../../testdata"}
	if corpus := os.Getenv("MLPOLICY_CORPUS"); corpus != "" {
		roots = append(roots, corpus)
	}
	all, taken := 0, 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			checkPlain(t, data)
			if namedYAML(path) {
				all++
				if takesAll(string(data)) {
					taken++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if all == 0 || taken < all*2/3 {
		t.Errorf("%d of %d files are read without the library", taken, all)
	}
}

// TestPlainHandsOverItems reads a List that is too large for the library, in which some items are not plain YAML.
func TestPlainHandsOverItems(t *testing.T) {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nkind: List\nitems:\n")
	text.WriteString("- &a {b: 1}\n")
	text.WriteString("- x: &x [1, 2]\n  y: *x\n  # c\n")
	for range 3 * MaxNodes / 1000 {
		text.WriteString("- [" + strings.Repeat("a,", 1000) + "]\n")
	}
	text.WriteString("- z: \"\\U0001F600\"\n\n")
	const last = "metadata: {}\n"
	file := Parse("a.yaml", []byte(text.String()+last))
	if len(file.Problems) > 0 || len(file.Documents) != 1 {
		t.Fatalf("%d documents, %v", len(file.Documents), file.Problems)
	}
	items := file.Documents[0].Root.Get("items").Items()
	first, second, end := items[0], items[1], items[len(items)-1]
	if !first.Get("b").Is("1") || second.Get("x") != second.Get("y") || !end.Get("z").Is("\U0001F600") || file.Documents[0].Root.Get("metadata") == nil {
		t.Errorf("the List has another value")
	}
	if got := second.Get("y").Items()[1].Path(); got != "items[1].x[1]" {
		t.Errorf("path %q", got)
	}
	file = Parse("a.yaml", []byte(text.String()+"- a: b: c\n"+last))
	if len(file.Documents) > 0 || len(file.Problems) != 1 || file.Problems[0].Kind != Malformed || file.Line(file.Problems[0].Span.Start.Line) != "- a: b: c" {
		t.Errorf("%d documents, %v", len(file.Documents), file.Problems)
	}
}

// TestPlainIsLinear compares the allocations for a List with those for one of twice the length, whose items the library
// reads one by one.
func TestPlainIsLinear(t *testing.T) {
	allocations := func(items int) float64 {
		data := []byte("items:\n" + strings.Repeat("- a: &a b\n  c: *a\n", items))
		if found := len(Parse("a.yaml", data).Documents[0].Root.Get("items").Items()); found != items {
			t.Fatalf("%d items, want %d", found, items)
		}
		return testing.AllocsPerRun(3, func() { Parse("a.yaml", data) })
	}
	if once, twice := allocations(500), allocations(1000); twice > 2.1*once {
		t.Errorf("%v allocations for 500 items, %v for 1,000", once, twice)
	}
}

func FuzzPlain(f *testing.F) { fuzz(f, checkPlain) }

// checkPlain compares the reader of plain YAML with the library alone.
func checkPlain(t *testing.T, data []byte) {
	t.Helper()
	if found := difference(Parse("f.yaml", data), Options{NoPlain: true}.Parse("f.yaml", data)); found != "" {
		t.Fatalf("%q: %s", data, found)
	}
}

// takesAll reports whether a text is read without the library.
func takesAll(text string) bool {
	f := Parse("f.yaml", []byte(text))
	p := newPlainReader(newLibraryReader(f, string(f.Text)))
	for _, c := range f.chunks(string(f.Text)) {
		if _, taken := p.take(c); !taken {
			return false
		}
	}
	return true
}

// difference describes the first difference between two readings of the same text; "" if there is none. It compares kinds,
// texts, locations and parents of all nodes, the problems and the comments.
func difference(got, want *File) string {
	if len(got.Documents) != len(want.Documents) {
		return fmt.Sprintf("%d documents, want %d", len(got.Documents), len(want.Documents))
	}
	for i, document := range got.Documents {
		if document.File != got || document.Root.File() != got || document.Root.Parent() != nil {
			return fmt.Sprintf("document %d is not one of its file", i)
		}
		if found := nodeDifference(document.Root, want.Documents[i].Root); found != "" {
			return found
		}
	}
	if !slices.Equal(got.Problems, want.Problems) {
		return fmt.Sprintf("problems %+v, want %+v", got.Problems, want.Problems)
	}
	if !slices.Equal(got.Comments(), want.Comments()) {
		return fmt.Sprintf("comments %+v, want %+v", got.Comments(), want.Comments())
	}
	return ""
}

func nodeDifference(got, want *Node) string {
	if got.Kind != want.Kind || got.Text() != want.Text() || got.start() != want.start() || got.end() != want.end() ||
		len(got.Items()) != len(want.Items()) || len(got.Members()) != len(want.Members()) {
		return fmt.Sprintf("%s, want %s", described(got), described(want))
	}
	child := func(a, b *Node) string {
		if (a.Parent() == got) != (b.Parent() == want) {
			return fmt.Sprintf("the parent of %s is another", described(a))
		}
		return nodeDifference(a, b)
	}
	for i, item := range got.Items() {
		if found := child(item, want.Items()[i]); found != "" {
			return found
		}
	}
	for i, member := range got.Members() {
		other := want.Members()[i]
		if found := child(member.Key, other.Key) + child(member.Value, other.Value); found != "" {
			return found
		}
	}
	return ""
}

func described(n *Node) string {
	return fmt.Sprintf("{kind %d, text %q, %d-%d, %d items, %d members}", n.Kind, n.Text(), n.start(), n.end(), len(n.Items()), len(n.Members()))
}
