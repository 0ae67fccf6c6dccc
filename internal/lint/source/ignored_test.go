package source

import (
	"fmt"
	"strings"
	"testing"
)

// ignoredHere are values at several places of a document.
var ignoredHere = &Ignored{Members: map[string]*Ignored{
	"metadata": {Members: map[string]*Ignored{"owners": {Whole: true}}},
	"items":    {Items: &Ignored{Members: map[string]*Ignored{"owners": {Whole: true}}}},
	"planned":  {Whole: true, Beside: "changes"},
}}

func TestIgnoredValuesHaveNoContent(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"metadata": {"owners": [{"a": "]"}, {}], "name": "x"}}`, `{metadata: {owners: [] , name: "x"}}`},
		{`{"metadata": {"owners": "a\"\\"}}`, `{metadata: {owners: ""}}`},
		{`{"metadata": {"owners": {"}": "\"}"}}}`, `{metadata: {owners: {}}}`},
		{`{"metadata": {"owners": 1}, "owners": [1]}`, `{metadata: {owners: 1}, owners: [1]}`},
		{`{"metadata": [{"owners": [1]}]}`, `{metadata: [{owners: [1]}]}`},
		{`{"items": [{"owners": [1], "b": 2}, 3, {"owners": {"c": 1}}]}`, `{items: [{owners: [], b: 2}, 3, {owners: {}}]}`},
		{`{"planned": {"a": [1]}, "changes": [1]}`, `{planned: {}, changes: [1]}`},
		{`{"changes": [1], "planned": {"a": [1]}}`, `{changes: [1], planned: {}}`},
		{`{"planned": {"a": [1]}, "changes": []}`, `{planned: {a: [1]}, changes: []}`},
		{`{"planned": {"a": [1]}, "changes": {"b": 1}, "z": {"y": "x"}}`, `{planned: {a: [1]}, changes: {b: 1}, z: {y: "x"}}`},
		{`{"planned": {"a": [1]}}`, `{planned: {a: [1]}}`},
		{`{"x": {"planned": {"a": [1]}, "changes": [1]}}`, `{x: {planned: {a: [1]}, changes: [1]}}`},
		{`{"metadata": {"owners": []}} {"metadata": {"owners": [1]}}`, "{metadata: {owners: []}}\n{metadata: {owners: []}}"},
	} {
		file := Options{Ignore: ignoredHere}.Parse("a.json", []byte(test.text))
		if len(file.Problems) > 0 {
			t.Fatal(test.text, file.Problems)
		}
		var got []string
		whole := Parse("a.json", []byte(test.text))
		for i, document := range file.Documents {
			got = append(got, flowOf(document.Root))
			sameSpans(t, document.Root, whole.Documents[i].Root)
		}
		if got, want := strings.Join(got, "\n"), strings.ReplaceAll(test.want, " ,", ","); got != want {
			t.Errorf("%s is read as %s, want %s", test.text, got, want)
		}
	}
}

func flowOf(n *Node) string {
	var parts []string
	switch n.Kind {
	case Sequence:
		for _, item := range n.Items() {
			parts = append(parts, flowOf(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Mapping:
		for _, member := range n.Members() {
			parts = append(parts, member.Key.Text()+": "+flowOf(member.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case String:
		return fmt.Sprintf("%q", n.Text())
	}
	return n.Text()
}

// sameSpans compares the kinds and spans of the values of two trees, the first of which may lack content.
func sameSpans(t *testing.T, some, all *Node) {
	t.Helper()
	if some.Kind != all.Kind || some.Span() != all.Span() || some.Path() != all.Path() {
		t.Errorf("%s is a %d at %v, not a %d at %v", all.Path(), some.Kind, some.Span(), all.Kind, all.Span())
	}
	for i, item := range some.Items() {
		sameSpans(t, item, all.Items()[i])
	}
	for i, member := range some.Members() {
		sameSpans(t, member.Value, all.Members()[i].Value)
	}
}

// Whatever is ignored is JSON.
func TestIgnoredValuesAreChecked(t *testing.T) {
	for _, text := range []string{
		`{"metadata": {"owners": ["a" "b"]}}`, `{"metadata": {"owners": {"a" 1}}}`, `{"metadata": {"owners": "a` + "\x01" + `"}}`,
		`{"metadata": {"owners": [`, `{"metadata": {"owners": "a`, `{"metadata": {"owners": [}]}}`, `{"metadata": {"owners": ["a" tru]}}`,
	} {
		got, want := Options{Ignore: ignoredHere}.Parse("a.json", []byte(text)), Parse("a.json", []byte(text))
		if len(want.Problems) == 0 || fmt.Sprint(got.Problems) != fmt.Sprint(want.Problems) {
			t.Errorf("%s: problems %v, want %v", text, got.Problems, want.Problems)
		}
	}
}

func TestIgnoredValuesDoNotCount(t *testing.T) {
	many := "[1" + strings.Repeat(",1", MaxNodes) + "]"
	for _, test := range []struct {
		text  string
		clean bool
	}{
		{`{"metadata": {"owners": ` + many + `}}`, true},
		{`{"metadata": {"other": ` + many + `}}`, false},
		{`{"planned": ` + many + `, "changes": [1]}`, true},
		{`{"planned": ` + many + `, "changes": []}`, false},
		{`{"metadata": {"owners": ` + strings.Repeat("[", 2*MaxDepth) + strings.Repeat("]", 2*MaxDepth) + `}}`, true},
	} {
		file := Options{Ignore: ignoredHere}.Parse("a.json", []byte(test.text))
		if clean := len(file.Problems) == 0; clean != test.clean {
			t.Errorf("%.40s: problems %v", test.text, file.Problems)
		}
	}
}

func TestSameRest(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"a": 1}`, true},
		{`{"a":[1]}`, `{"a":[ 1]}`, false}, // as texts
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, false},
		{`{"metadata":{"owners":[1]}}`, `{"metadata":{}}`, true},
		{`{"metadata":{"name":"x","owners":{"a":"}\""},"z":1}}`, `{"metadata":{"name":"x","z":1,"owners":3}}`, true},
		{`{"metadata":{"owners":1,"name":"x"}}`, `{"metadata":{"owners":1,"name":"y"}}`, false},
		{`{"owners":1}`, `{"owners":2}`, false},
		{`{"metadata":{"a":{"owners":1}}}`, `{"metadata":{"a":{"owners":2}}}`, false},
		{`{"metadata":[{"owners":1}]}`, `{"metadata":[{"owners":2}]}`, false},
		{`{"metadata":"x"}`, `{"metadata":{}}`, false},
		{`{"items":[{"owners":1}]}`, `{"items":[{"owners":2}]}`, false},
		{`{"planned":1,"changes":[1]}`, `{"planned":2,"changes":[1]}`, false},
		{`{"metadata":{"owners":1},"b":1}`, `{"metadata":{},"owners":1,"b":1}`, false},
		{`{"metadata":{}}`, `{"metadata":{}} `, true},
		{`{"a":-1.5e3,"b":true}`, `{"a":-1.5e3,"b":false}`, false},
		{`[1]`, `[2]`, false},
		{`{`, `{"`, false},
		{``, `{}`, false},
	} {
		if same := ignoredHere.SameRest([]byte(test.a), []byte(test.b)); same != test.same {
			t.Errorf("%s and %s: %t", test.a, test.b, same)
		}
	}
}
