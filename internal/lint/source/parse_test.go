package source

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	yaml3 "go.yaml.in/yaml/v3"
)

// outline writes everything that Parse found: a line for each document and problem,
// and below a document one for each key and value with its span.
func outline(file *File) string {
	var text strings.Builder
	for _, document := range file.Documents {
		text.WriteString("---\n")
		outlineNode(&text, "", document.Root)
	}
	for _, problem := range file.Problems {
		kind := [...]string{"malformed", "unrendered", "excessive", "undecodable"}[problem.Kind]
		fmt.Fprintf(&text, "%s %s: %s\n", spanText(problem.Span), kind, problem.Message)
	}
	return text.String()
}

func spanText(span Span) string {
	return fmt.Sprintf("%d:%d-%d:%d", span.Start.Line, span.Start.Column, span.End.Line, span.End.Column)
}

func outlineNode(text *strings.Builder, indent string, n *Node) {
	kind := [...]string{"null", "bool", "number", "string", "sequence", "mapping"}[n.Kind]
	fmt.Fprintf(text, "%s%s %s", indent, spanText(n.Span()), kind)
	if n.Kind < Sequence {
		fmt.Fprintf(text, " %q", n.Text())
	}
	text.WriteString("\n")
	for _, item := range n.Items() {
		outlineNode(text, indent+"  ", item)
	}
	for _, member := range n.Members() {
		outlineNode(text, indent+"  ", member.Key)
		outlineNode(text, indent+"    ", member.Value)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		file string
		text string
		want string
	}{
		{"mapping", "a.yaml", "a: 1\nb:\n  - x\n  -\nc:\n", `---
1:1-5:3 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
  2:1-2:2 string "b"
    3:3-4:4 sequence
      3:5-3:6 string "x"
      4:4-4:4 null ""
  5:1-5:2 string "c"
    5:3-5:3 null ""
`},
		{"pairs without values", "a.yaml", "[a: , b: ]\n", `---
1:1-1:11 sequence
  1:2-1:4 mapping
    1:2-1:3 string "a"
      1:4-1:4 null ""
  1:7-1:9 mapping
    1:7-1:8 string "b"
      1:9-1:9 null ""
`},
		{"documents", "a.yaml", "# c\n---\n---\na\n--- # b\n- b\n...\n# end\n", `---
4:1-4:2 string "a"
---
6:1-6:4 sequence
  6:3-6:4 string "b"
`},
		{"comments only", "a.yaml", "# a\n\n  # b\n", ""},
		{"nothing", "a.yaml", "", ""},
		{"nothing in JSON", "a.json", " \n", ""},
		{"wide characters", "a.yaml", "日本: \"語 🚀\" # c\n🚀🚀: [é, x]\n", `---
1:1-2:11 mapping
  1:1-1:3 string "日本"
    1:5-1:10 string "語 🚀"
  2:1-2:3 string "🚀🚀"
    2:5-2:11 sequence
      2:6-2:7 string "é"
      2:9-2:10 string "x"
`},
		{"tabs", "a.yaml", "a:\t1\t# c\nb: x\ty\n", `---
1:1-2:7 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
  2:1-2:2 string "b"
    2:4-2:7 string "x\ty"
`},
		{"CR LF", "a.yaml", "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: z\r\n", `---
1:1-5:5 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
  2:1-2:2 string "b"
    2:4-4:4 string "x\ny\n"
  5:1-5:2 string "c"
    5:4-5:5 string "z"
`},
		{"CR", "a.yaml", "a: 1\rb: 2\r", `---
1:1-2:5 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
  2:1-2:2 string "b"
    2:4-2:5 number "2"
`},
		{"line breaks of Unicode end no line", "a.yaml", "a: &x 1\u0085b: *x\n", `---
1:1-1:14 mapping
  1:1-1:2 string "a"
    1:7-1:8 number "1"
  1:9-1:10 string "b"
    1:7-1:8 number "1"
`},
		{"byte order mark", "a.yaml", "\uFEFFa: 1\n", `---
1:1-1:5 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
`},
		{"quoted", "a.yaml", "'it''s': \"a\\n\\\"b\\\"\"\n\"k\" : 'x: y'\n", `---
1:1-2:13 mapping
  1:1-1:8 string "it's"
    1:10-1:20 string "a\n\"b\""
  2:1-2:4 string "k"
    2:7-2:13 string "x: y"
`},
		{"quoted over lines", "a.yaml", "a: \"x\n  y\" # \"\nb: 'x\n\n  y'\n", `---
1:1-5:5 mapping
  1:1-1:2 string "a"
    1:4-2:5 string "x y"
  3:1-3:2 string "b"
    3:4-5:5 string "x\ny"
`},
		{"plain over lines", "a.yaml", "a: x  y\n   z # c\nb: 1\n", `---
1:1-3:5 mapping
  1:1-1:2 string "a"
    1:4-2:5 string "x  y z"
  3:1-3:2 string "b"
    3:4-3:5 number "1"
`},
		{"block scalars", "a.yaml", "a: |\n\n  x\n    y \n\n  # z\nb: >- # c\n  x\n  y\n\n  z\nc: |+\n  x\n\nd: |2-\n   x\n", `---
1:1-16:5 mapping
  1:1-1:2 string "a"
    1:4-6:6 string "\nx\n  y \n\n# z\n"
  7:1-7:2 string "b"
    7:4-11:4 string "x y\nz"
  12:1-12:2 string "c"
    12:4-13:4 string "x\n\n"
  15:1-15:2 string "d"
    15:4-16:5 string " x"
`},
		{"flow collections", "a.yaml", "a: {b: [1, \"x\"], 'c':2,}\nd: [\n  x, # ]\n  {},\n]\ne: [k: v, ]\n", `---
1:1-6:12 mapping
  1:1-1:2 string "a"
    1:4-1:25 mapping
      1:5-1:6 string "b"
        1:8-1:16 sequence
          1:9-1:10 number "1"
          1:12-1:15 string "x"
      1:18-1:21 string "c"
        1:22-1:23 number "2"
  2:1-2:2 string "d"
    2:4-5:2 sequence
      3:3-3:4 string "x"
      4:3-4:5 mapping
  6:1-6:2 string "e"
    6:4-6:12 sequence
      6:5-6:9 mapping
        6:5-6:6 string "k"
          6:8-6:9 string "v"
`},
		{"sequences at the indent of their key", "a.yaml", "a:\n- b: 1\n  c:\n  - d\n- - e\n  - f\ng: h\n", `---
1:1-7:5 mapping
  1:1-1:2 string "a"
    2:1-6:6 sequence
      2:3-4:6 mapping
        2:3-2:4 string "b"
          2:6-2:7 number "1"
        3:3-3:4 string "c"
          4:3-4:6 sequence
            4:5-4:6 string "d"
      5:3-6:6 sequence
        5:5-5:6 string "e"
        6:5-6:6 string "f"
  7:1-7:2 string "g"
    7:4-7:5 string "h"
`},
		{"keys that are no strings", "a.yaml", "? [a, b]\n: 1\n{{x}}: 2\n", `---
1:1-3:9 mapping
  1:3-1:9 sequence
    1:4-1:5 string "a"
    1:7-1:8 string "b"
    2:3-2:4 number "1"
  3:1-3:6 mapping
    3:2-3:5 mapping
      3:3-3:4 string "x"
        3:4-3:4 null ""
      3:5-3:5 null ""
    3:8-3:9 number "2"
`},
		{"tags", "a.yaml", "- !Ref x\n- !!str 12\n- !vault |\n  abc\n- !!python/name:a.b ''\n- !x [1]\n- !!int 0x10\n- !!int abc\n- !!binary aGk=\n- ! 12\n- !y\n", `---
1:1-11:5 sequence
  1:8-1:9 string "x"
  2:9-2:11 string "12"
  3:10-4:6 string "abc\n"
  5:21-5:23 string ""
  6:6-6:9 sequence
    6:7-6:8 number "1"
  7:9-7:13 number "0x10"
  8:9-8:12 string "abc"
  9:12-9:16 string "hi"
  10:5-10:7 string "12"
  11:5-11:5 string ""
`},
		{"aliases stand where their anchor does", "a.yaml", "a: &x\n  k: 1\nb: *x\n&y c: *y\n", `---
1:1-4:9 mapping
  1:1-1:2 string "a"
    2:3-2:7 mapping
      2:3-2:4 string "k"
        2:6-2:7 number "1"
  3:1-3:2 string "b"
    2:3-2:7 mapping
      2:3-2:4 string "k"
        2:6-2:7 number "1"
  4:4-4:5 string "c"
    4:4-4:5 string "c"
`},
		{"merges", "a.yaml", "- &a {x: 1, w: 1}\n- &b {x: 2, z: 2}\n- <<: [*a, *b]\n  w: 3\n- x: 4\n  <<: *a\n", `---
1:1-6:9 sequence
  1:6-1:18 mapping
    1:7-1:8 string "x"
      1:10-1:11 number "1"
    1:13-1:14 string "w"
      1:16-1:17 number "1"
  2:6-2:18 mapping
    2:7-2:8 string "x"
      2:10-2:11 number "2"
    2:13-2:14 string "z"
      2:16-2:17 number "2"
  3:3-4:7 mapping
    4:3-4:4 string "w"
      4:6-4:7 number "3"
    2:13-2:14 string "z"
      2:16-2:17 number "2"
    1:7-1:8 string "x"
      1:10-1:11 number "1"
  5:3-6:9 mapping
    1:7-1:8 string "x"
      1:10-1:11 number "1"
    1:13-1:14 string "w"
      1:16-1:17 number "1"
`},
		{"JSON", "a.json", "{\n\t\"日本\": [1.5e3, true, null],\n\t\"b\\u0062\": {\"\": \"\\ud83d\\ude80\"}\n}\n{} \"x\"", `---
1:1-4:2 mapping
  2:2-2:6 string "日本"
    2:8-2:27 sequence
      2:9-2:14 number "1.5e3"
      2:16-2:20 bool "true"
      2:22-2:26 null "null"
  3:2-3:11 string "bb"
    3:13-3:33 mapping
      3:14-3:16 string ""
        3:18-3:32 string "🚀"
---
5:1-5:3 mapping
---
5:4-5:7 string "x"
`},
		{"JSON with comments", "a.json", "{ // c\n  \"a\": [1, 2,], /* b */\n}\n", `---
1:1-3:2 mapping
  2:3-2:6 string "a"
    2:8-2:15 sequence
      2:9-2:10 number "1"
      2:12-2:13 number "2"
`},
		{"expressions over lines", "a.json", "{\n  \"a\": \"[\n\tf('日'),\r\n    'b' ]\", \"c\": \"[f(\n'\\\"')]\",\n  \"d\": 1\n}", `---
1:1-7:2 mapping
  2:3-2:6 string "a"
    2:8-4:11 string "[\n\tf('日'),\r\n    'b' ]"
  4:13-4:16 string "c"
    4:18-5:8 string "[f(\n'\"')]"
  6:3-6:6 string "d"
    6:8-6:9 number "1"
`},
		{"strings over lines among comments", "a.json", "{ // don't \"\n  \"a\": \"http://b\r\n\t/* c */\", /* \" */ \"d\": \"[[e\n]\",\n}", `---
1:1-5:2 mapping
  2:3-2:6 string "a"
    2:8-3:10 string "http://b\r\n\t/* c */"
  3:20-3:23 string "d"
    3:25-4:3 string "[[e\n]"
`},
		{"comment before JSON on standard input", "<stdin>", "/* a */ // b\n{/* c */ \"d\": \"e\nf\"} // g", `---
2:1-3:4 mapping
  2:10-2:13 string "d"
    2:15-3:3 string "e\nf"
`},
		{"comment before JSON that is named YAML", "a.yaml", "{/* c */ \"d\": 1}", `---
1:1-1:17 mapping
  1:2-1:13 string "/* c */ \"d\""
    1:15-1:16 number "1"
`},
		{"expressions over lines among comments", "a.json", "{ // don't \"\n  \"a\": \"[f(\n  '//', '/*')]\", /* \" */ \"b\": 1,\n}", `---
1:1-4:2 mapping
  2:3-2:6 string "a"
    2:8-3:16 string "[f(\n  '//', '/*')]"
  3:26-3:29 string "b"
    3:31-3:32 number "1"
`},
		{"expressions over lines in what may be YAML", "a.yaml", "{\"a\": \"[b\n  c]\"}", `---
1:1-2:7 mapping
  1:2-1:5 string "a"
    1:7-2:6 string "[b c]"
`},
		{"YAML in a file named JSON", "a.json", "{'a': x}", `---
1:1-1:9 mapping
  1:2-1:5 string "a"
    1:7-1:8 string "x"
`},
		{"JSON and YAML documents", "a.yaml", "{\"a\": 1}\n---\nb: 2\n", `---
1:1-1:9 mapping
  1:2-1:5 string "a"
    1:7-1:8 number "1"
---
3:1-3:5 mapping
  3:1-3:2 string "b"
    3:4-3:5 number "2"
`},
		{"a slash begins no comment in YAML", "a.yaml", "{a: 1 // x\n}", `---
1:1-2:2 mapping
  1:2-1:3 string "a"
    1:5-1:11 string "1 // x"
`},
		{"directives", "a.yaml", "a: 1\n...\n%TAG ! tag:yaml.org,2002:\n---\n!int \"2\"\n", `---
1:1-1:5 mapping
  1:1-1:2 string "a"
    1:4-1:5 number "1"
---
5:6-5:9 number "2"
`},
		{"versions", "a.yaml", "# c\n%YAML 1.2 # d\n%TAG ! tag:yaml.org,2002:\n---\n!int \"2\"\n...\n%YAML\t1.10\n---\na\n", `---
5:6-5:9 number "2"
---
9:1-9:2 string "a"
`},
		{"text that looks like a version", "a.yaml", "a\n%YAML 1.2\n", `---
1:1-2:10 string "a %YAML 1.2"
`},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := outline(Parse(test.file, []byte(test.text))); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestParseProblems(t *testing.T) {
	tests := []struct {
		name string
		file string
		text string
		want string
	}{
		{"value with a colon", "a.yaml", "a: b: c\n", "1:5-1:5 malformed: a colon is not allowed here: quote the value, or check the indentation\n"},
		{"wrong indentation", "a.yaml", "a:\n  b: 1\n c: 2\n", "3:2-3:2 malformed: expected a key of the mapping: check the indentation and the quotes\n"},
		{"list among keys", "a.yaml", "a: 1\n- b\n", "2:1-2:1 malformed: expected a key of the mapping: check the indentation and the quotes\n"},
		{"quote without end", "a.yaml", "x: 1\na: 日\"\nb: \"x\nc: 1\n", "3:4-3:4 malformed: this quote is never closed\n"},
		{"bracket without end", "a.yaml", "a: [1, 2\n", "1:4-1:4 malformed: expected a comma or a closing ]\n"},
		{"tab as indent", "a.yaml", "a:\n\tb: 1\n", "2:1-2:1 malformed: a tab cannot indent YAML: use spaces\n"},
		{"tab behind spaces as indent", "a.yaml", "a:\n  \tb: 1\n", "2:3-2:3 malformed: a tab cannot indent YAML: use spaces\n"},
		{"value with a sign", "a.yaml", "a: @b\n", "1:4-1:4 malformed: a value cannot begin with this character: quote it, and indent with spaces\n"},
		{"list in brackets without end", "a.yaml", "x: é\n---\né: [1,\n  2\nb: 3\n", "---\n1:1-1:5 mapping\n  1:1-1:2 string \"x\"\n    1:4-1:5 string \"é\"\n5:2-5:2 malformed: expected a comma or a closing ] for the [ on line 3\n"},
		{"mapping in braces without end", "a.yaml", "a: {b: 1,\n  c: 2\nd: 3\n", "3:2-3:2 malformed: expected a comma or a closing } for the { on line 1\n"},
		{"list in brackets without comma", "a.yaml", "a: ['1' b]\n", "1:9-1:9 malformed: expected a comma or a closing ]\n"},
		{"version that is not YAML's", "a.yaml", "%YAML 2.0\n---\na: 1\n", "1:1-1:1 malformed: found incompatible YAML document\n"},
		{"version twice", "a.yaml", "%YAML 1.2\n%YAML 1.2\n---\na: 1\n", "2:1-2:1 malformed: found duplicate %YAML directive\n"},
		{"version and an error", "a.yaml", "%YAML 1.2\n---\na: b: c\n", "3:5-3:5 malformed: a colon is not allowed here: quote the value, or check the indentation\n"},
		{"unknown escape", "a.yaml", "a: \"C:\\dir\"\n", "1:7-1:7 malformed: unknown escape in double quotes: use \\\\ for a backslash, or single quotes\n"},
		{"control character", "a.yaml", "a: 1\nb: \x01\n", "2:4-2:5 malformed: the control character U+0001 is not allowed\n"},
		{"unknown anchor", "a.yaml", "a: 日 \nb: *x\n", "2:4-2:4 malformed: unknown anchor 'x'\n"},
		{"anchor in itself", "a.yaml", "a: &x [1, *x]\n", "1:11-1:13 malformed: anchor 'x' contains itself\n"},
		{"merge of a number", "a.yaml", "a: 1\n<<: 12\n", "2:5-2:7 malformed: a merge key must be a mapping or a list of mappings\n"},
		{"documents around", "a.yaml", "a\n---\nb: [\n---\nc\n", "---\n1:1-1:2 string \"a\"\n---\n5:1-5:2 string \"c\"\n3:5-3:5 malformed: expected a value\n"},
		{"document before in a stretch", "a.yaml", "a\n...\nb: c: d\n", "---\n1:1-1:2 string \"a\"\n3:5-3:5 malformed: a colon is not allowed here: quote the value, or check the indentation\n"},
		{"JSON without colon", "a.json", "{\n  \"a\" 1\n}", "2:7-2:7 malformed: invalid character '1' after object name (expecting ':')\n"},
		{"JSON without end", "a.json", "{}\n{\"a\": [1", "---\n1:1-1:3 mapping\n2:9-2:9 malformed: the file ends within a JSON value\n"},
		{"JSON with a comment without end", "a.json", "{} /*", "---\n1:1-1:3 mapping\n1:4-1:4 malformed: invalid character '/' at start of value\n"},
		{"string of JSON without an end", "a.json", "{\"a\": \"b\n, // c\n \"d\": 1}", "1:9-1:9 malformed: invalid character '\\n' in string (expecting non-control character)\n"},
		{"string of JSON without an end, and no comment", "a.json", "{\"a\": \"b\n, \"d\": 1}", "1:9-1:9 malformed: invalid character '\\n' in string (expecting non-control character)\n"},
		{"expression without end", "a.json", "{ // c\n \"a\": \"[f('b')],\n \"c\": [\"d\"]\n}", "2:17-2:17 malformed: invalid character '\\n' in string (expecting non-control character)\n"},
		{"error behind an expression over lines", "a.json", "{ // c\n \"a\": \"[f(\n'b')]\",\n \"é\" 1}", "4:6-4:6 malformed: invalid character '1' after object name (expecting ':')\n"},
		{"tag as value", "a.yaml", "a: 1\nimage: {{ACR}}.io/x\n", "2:8-2:15 unrendered: unrendered template\n"},
		{"tags on lines", "a.yaml", "a:\n{{- if .x }}\n  b: {{ .y }}\n{{- end }}\n", "2:1-2:13 unrendered: unrendered template\n"},
		{"tags of Jinja", "a.yaml", "{# c #}\n{% for x in y %}\na: 1\n{% endfor %}\n", "2:1-2:17 unrendered: unrendered template\n"},
		{"tag in JSON", "a.json", "{\"a\": [{{ x }} {{ y }}]}", "1:8-1:15 unrendered: unrendered template\n"},
		{"broken beside a tag", "a.yaml", "a: {{x}}: }\n", "1:4-1:9 unrendered: unrendered template\n"},
		{"broken elsewhere", "a.yaml", "a: {{x}}\nb: c: d\n", "2:5-2:5 malformed: a colon is not allowed here: quote the value, or check the indentation\n"},
		{"expression of a pipeline", "a.yaml", "a: ${{ x }}\nb: [\n", "2:5-2:5 malformed: expected a value\n"},
		{"UTF-8", "a.yaml", "a: 1\nb: 日\xff\n", "2:5-2:6 undecodable: invalid UTF-8 byte 0xFF\n"},
		{"UTF-16 ends early", "a.yaml", "\xff\xfea\x00:", "1:2-1:2 undecodable: UTF-16 text ends within a character\n"},
		{"UTF-16 with half a pair", "a.yaml", "\xfe\xff\x00a\xd8\x3d\x00b", "1:2-1:2 undecodable: half of a UTF-16 surrogate pair is missing\n"},
		{"UTF-32", "a.yaml", "\xff\xfe\x00\x00a\x00\x00\x00", "1:1-1:1 undecodable: UTF-32 is not supported\n"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := outline(Parse(test.file, []byte(test.text))); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestParseUTF16 reads one text in each encoding.
func TestParseUTF16(t *testing.T) {
	const text = "日本: 🚀\nb: [1, 2]\n"
	want := outline(Parse("a.yaml", []byte(text)))
	for name, bigEndian := range map[string]bool{"little endian": false, "big endian": true} {
		t.Run(name, func(t *testing.T) {
			var data []byte
			for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
				low, high := byte(unit), byte(unit>>8)
				if bigEndian {
					low, high = high, low
				}
				data = append(data, low, high)
			}
			file := Parse("a.yaml", data)
			if got := outline(file); got != want || string(file.Text) != text {
				t.Errorf("got text %q and\n%s\nwant\n%s", file.Text, got, want)
			}
		})
	}
}

func TestPosition(t *testing.T) {
	const text = "日x\r\n\r🚀\n\ny"
	file := Parse("a.yaml", []byte(text))
	wantLines := []string{"", "日x", "", "🚀", "", "y", ""}
	for n, want := range wantLines {
		if got := file.Line(n); got != want {
			t.Errorf("Line(%d) = %q, want %q", n, got, want)
		}
	}
	for offset, want := range map[int]Position{
		-1:  {0, 1, 1},
		0:   {0, 1, 1},
		3:   {3, 1, 2},
		4:   {4, 1, 3},
		6:   {6, 2, 1},
		7:   {7, 3, 1},
		11:  {11, 3, 2},
		13:  {13, 5, 1},
		14:  {14, 5, 2},
		999: {14, 5, 2},
	} {
		if got := file.Position(offset); got != want {
			t.Errorf("Position(%d) = %+v, want %+v", offset, got, want)
		}
	}
}

// TestPositionOnLongLines compares the columns with those that counting gives.
func TestPositionOnLongLines(t *testing.T) {
	for name, piece := range map[string]string{"ASCII": "abcdefg", "other": "aé日🚀b"} {
		t.Run(name, func(t *testing.T) {
			text := "# " + piece + "\n" + strings.Repeat(piece, 3*countStep) + "\n" + piece
			file := Parse("a.yaml", []byte(text))
			start := 0
			for line, written := range strings.SplitAfter(text, "\n") {
				column := 0
				for at := range written {
					column++
					if got, want := file.Position(start+at), (Position{start + at, line + 1, column}); got != want {
						t.Fatalf("got %+v, want %+v", got, want)
					}
				}
				start += len(written)
			}
		})
	}
}

// TestParseAllocates bounds the allocations for one file: a few for the file and none for each value, except those of the
// YAML library if it reads the file.
func TestParseAllocates(t *testing.T) {
	library := testing.AllocsPerRun(100, func() {
		var node yaml3.Node
		if err := yaml3.Unmarshal([]byte(deployment), &node); err != nil {
			t.Fatal(err)
		}
	})
	tests := []struct {
		name string
		file string
		text string
		most float64
	}{
		{"plain YAML", "a.yaml", deployment, 25},
		{"YAML with a tag", "a.yaml", deployment + "x: !y z\n", library + 50},
		{"JSON", "a.json", `{"a": [{"b": "c"}, {"d": [1, 2, 3]}], "e": "f"}`, 20},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := []byte(test.text)
			if got := testing.AllocsPerRun(100, func() { Parse(test.file, data) }); got > test.most {
				t.Errorf("%v allocations, want at most %v", got, test.most)
			}
		})
	}
}
