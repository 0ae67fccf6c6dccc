package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	yaml2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"
)

// fuzzSeeds are texts with what sets the readers of YAML apart, beside the
// examples in the project's testdata.
var fuzzSeeds = []string{
	deployment,
	"a: &x {b: 1, c: [1, 2]}\nd:\n  <<: *x\n  b: 日本 # c\n  e: |\n    x\n    y\n\n  f: 'it''s'\n---\n- 1\n",
	"base: &b {x: 1}\nother: &o\n  y: 2\nall:\n  x: 0\n  <<: [*b, *o]\n  y: 3\n",
	"- !Ref x\n- !!str 12\n- !vault |\n  abc\n- !!binary aGk=\n- !!python/name:a.b ''\n- ! 12\n",
	"a: yes\nb: 0777\nc: 1_000\nd: .5\ne: 1e3\nf: ~\ng: 2018-10-01\nh: 0b11\ni: 0x1F\nj: .inf\nk: 12:30\n",
	"? complex\n: value\n? [a, b]\n: - x\n",
	"key: >-\n  folded\n  text\n\n   more\nplain: over\n  two lines\nquoted: \"a\\\n  b\\u00e9\"\n",
	"[{a: b}, {\"c\":1}, [x,\ny], d: e, ]",
	"{\n \"a\": 1, // c\n \"b\": [true, null, -1.5e3, \"\\u00e9\\ud83d\\ude00\"],\n}\n{\"second\": {}}",
	"a:\r\n  - b\r\n  - 'c'\r\n",
	"a:\r  - b\r",
	"\uFEFFa: 1\n",
	"a: \u2028b\u0085c: d\n",
	"\u2028%YAML 1.1\n---\na: 1\t # c\n\n",
	"%TAG ! tag:example.com,2000:\n---\n!a {x: 1}\n...\n# end\n",
	"image: {{ACR}}.io/x\n{% if x %}\na: 1\n{% endif %}\n",
	"a: [1, 2\nb: 3\n---\nc: 4\n",
	"a: &a [*a]\n",
	"1: a\n1.5: b\ntrue: c\n.inf: d\n~: e\n",
	"a:\n- b\n-\n  c: d\n- - e\n  - f\n",
	"\tindented: tab\n",
	"a: |2+\n   x\n\n\nb: |-\n   y\n",
	"'single': \"double\" # comment\n\"k\": v\n",
	"--- text\n--- |\n block\n---\n",
	"0\n00",
	"?  c\n#! .: d\n",
	"<<  : ",
	"!\n  !str  : x\n",
	"a: #c\n  - >\n    x\n    y\n\n    z\n\n  - >-\n\n    x\n     y\n  -\n    b\nc:\n  [d]\ne:\n  \"f\"\n",
	"? a\n!!binary :  #b\n? c\n! : d\n",
	"a: \"b\\/c\"\n",
	"%YAML 1.1\n---\na: 1\n",
	"# c\n%YAML 1.2\n---\na: é\n",
	"kind: List\nitems:\n- &a {b: 1}\n- c: \"\\U0001F600\"\n  # d\n- ? e\n- f: &f [g: , h]\n  i: *f\nmetadata: {}\n",
	"items:\n- a\n- \ufeff\n-",
	"items:\n- a{\r...\nitems:\n- b\n",
	"items:\n  - a: |\n      b\n\n  - !c d\n  -\n    - 'e\n  - f'\n  -\n",
}

// seeds returns fuzzSeeds and the examples.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, seed := range fuzzSeeds {
		all = append(all, []byte(seed))
	}
	if len(all) == 0 {
		t.Fatal("no seeds")
	}
	const largest = 64 << 10 // bytes; fuzzing mutates larger ones too slowly
	err := filepath.WalkDir("../../../testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && len(data) <= largest {
			all = append(all, data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func fuzz(f *testing.F, check func(t *testing.T, data []byte)) {
	f.Helper()
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(check)
}

func FuzzParse(f *testing.F)              { fuzz(f, checkParse) }
func FuzzAgreesWithSigsYAML(f *testing.F) { fuzz(f, checkAgreesWithSigsYAML) }

// TestMutations makes of the seeds what fuzzing seldom comes to: YAML that is still
// well formed in most places, with its signs in others.
func TestMutations(t *testing.T) {
	all := seeds(t)
	signs := []string{
		"- ", ": ", "#", " #", "\t", "\n", "\n\n", "  ", "? ", "[", "]", "{", "}", ",", "\"", "'", "!", "!!str ", "!!int ",
		"!!binary ", "! ", "&a ", "*a", "&b ", "*b", "---\n", "...\n", "<<: ", "|\n", "|-\n", "|2\n", ">\n", ">-\n", " ",
		"\r\n", "%", "@", "`", "~", "yes", "1", "0x", ".", "\\", "\\n", "é", "日", "\u0085", "\u2028", "\ufeff", "- - ",
		"a: b", ":\n", ":", "''", "    ", "\n  ", "{a: b}", "[x, y]", " # c\n", "? a\n: b\n", "=",
	}
	random := rand.New(rand.NewPCG(7, 777))
	for range 10_000 {
		data := all[random.IntN(len(all))]
		if lines := bytes.SplitAfter(data, []byte("\n")); random.IntN(3) > 0 {
			first := random.IntN(len(lines))
			data = bytes.Join(lines[first:min(len(lines), first+1+random.IntN(12))], nil)
		}
		for range 1 + random.IntN(4) {
			sign := signs[random.IntN(len(signs))]
			at := random.IntN(len(data) + 1)
			rest := data[at:]
			if random.IntN(2) == 0 {
				rest = rest[min(len(rest), len(sign)):]
			}
			data = slices.Concat(data[:at], []byte(sign), rest)
		}
		checkParse(t, data)
		checkAgreesWithSigsYAML(t, data)
		checkPlain(t, data)
		if t.Failed() {
			t.Fatalf("in %q", data)
		}
	}
}

// checkParse looks at all locations that Parse gives for data.
func checkParse(t *testing.T, data []byte) {
	t.Helper()
	for _, name := range []string{"f.yaml", "f.json"} {
		file := Parse(name, data)
		for _, document := range file.Documents {
			if document.File != file || document.Root.Parent() != nil {
				t.Fatalf("%s %q: document without its file, or root with a parent", name, data)
			}
			checkNode(t, document.Root, map[*Node]bool{})
		}
		last := 0
		for _, problem := range file.Problems {
			checkSpan(t, file, problem.Span)
			if problem.Message == "" || problem.Span.Start.Offset < last {
				t.Fatalf("%s %q: problem without message or out of order: %+v", name, data, problem)
			}
			last = problem.Span.Start.Offset
		}
	}
}

func checkNode(t *testing.T, n *Node, seen map[*Node]bool) {
	t.Helper()
	if seen[n] {
		return
	}
	seen[n] = true
	span := n.Span()
	checkSpan(t, n.File(), span)
	if written := string(n.File().Text[n.start():n.end()]); isPlain(n, written) && written != n.Text() {
		t.Fatalf("scalar %q stands at %v, where the text is %q", n.Text(), span, written)
	}
	for _, item := range n.Items() {
		checkChild(t, n, item, seen)
	}
	for _, member := range n.Members() {
		checkChild(t, n, member.Key, seen)
		checkChild(t, n, member.Value, seen)
	}
}

// isPlain reports whether a node is a plain scalar on one line whose tag leaves its text.
func isPlain(n *Node, written string) bool {
	if n.Kind >= Sequence || strings.ContainsAny(written, "\r\n\u0085\u2028\u2029") {
		return false
	}
	return (written == "" || !strings.Contains(`"'|>`, written[:1])) && !bytes.Contains(n.File().Text, []byte("binary"))
}

func checkChild(t *testing.T, parent, child *Node, seen map[*Node]bool) {
	t.Helper()
	checkNode(t, child, seen)
	if child.Parent() == parent && (child.start() < parent.start() || child.end() > parent.end()) {
		t.Fatalf("%v holds %v in %q", parent.Span(), child.Span(), parent.File().Text)
	}
}

func checkSpan(t *testing.T, file *File, span Span) {
	t.Helper()
	start, end := span.Start, span.End
	if start.Offset < 0 || start.Offset > end.Offset || end.Offset > len(file.Text) {
		t.Fatalf("span %+v in a text of %d bytes", span, len(file.Text))
	}
	for _, at := range []Position{start, end} {
		// A position may stand within the line end.
		if at.Line < 1 || at.Column < 1 || at.Column > len([]rune(file.Line(at.Line)))+2 {
			t.Fatalf("%+v is not in line %q", at, file.Line(at.Line))
		}
	}
}

// checkAgreesWithSigsYAML holds Parse against the reader that kubectl uses.
func checkAgreesWithSigsYAML(t *testing.T, data []byte) {
	t.Helper()
	want, ok := sigsValue(data)
	if !ok {
		return
	}
	if bytes.HasPrefix(data, []byte(byteOrderMark+byteOrderMark)) {
		return // its reader then drops characters
	}
	file := Parse("f.yaml", data)
	if looksJSON(string(file.Text)) && hasUnicodeBreaks(string(file.Text)) {
		return // line breaks for YAML 1.1, not for JSON
	}
	if len(file.Problems) > 0 || len(file.Documents) > 1 {
		t.Fatalf("%q: %d documents, problems %+v", data, len(file.Documents), file.Problems)
	}
	var got any
	if len(file.Documents) == 1 {
		if ambiguous(file.Documents[0].Root) {
			return
		}
		got = file.Documents[0].Root.Value()
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q:\n got %#v\nwant %#v", data, got, want)
	}
}

// sigsValue returns what sigs.k8s.io/yaml makes of data when it accepts it and data
// is one document: sigs.k8s.io/yaml itself does not look behind the first one.
func sigsValue(data []byte) (value any, ok bool) {
	defer func() {
		if recover() != nil {
			value, ok = nil, false
		}
	}()
	if err := yaml.Unmarshal(data, &value); err != nil {
		return nil, false
	}
	decoder := yaml2.NewDecoder(bytes.NewReader(data))
	var ignored any
	if err := decoder.Decode(&ignored); err != nil {
		return nil, errors.Is(err, io.EOF)
	}
	return value, errors.Is(decoder.Decode(&ignored), io.EOF)
}

// ambiguous reports whether two keys of a mapping become one in JSON though they
// differ in YAML: sigs.k8s.io/yaml then takes either value.
func ambiguous(n *Node) bool {
	written := make(map[string]*Node)
	for _, member := range n.Members() {
		name := member.Key.name()
		if first := written[name]; first != nil && (first.Text() != member.Key.Text() || first.Kind != member.Key.Kind) {
			return true
		}
		written[name] = member.Key
		if ambiguous(member.Value) {
			return true
		}
	}
	for _, item := range n.Items() {
		if ambiguous(item) {
			return true
		}
	}
	return false
}
