package source

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	root := Parse("a.yaml", []byte("a: &x\n  b.c: [1, {d: 2}]\n\"\": 3\ne: *x\ns: [{name: x, port: 1}, {metadata: {name: y}}, {name: [z]}]\n")).Documents[0].Root
	inner := root.At("a", "b.c").Items()[1]
	for want, n := range map[string]*Node{
		"":              root,
		"a":             root.Get("a"),
		`a["b.c"]`:      root.At("a", "b.c"),
		`a["b.c"][1].d`: inner.Get("d"),
		`[""]`:          root.Get(""),
		`a["b.c"][1]`:   inner,
		`a["b.c"][0]`:   root.At("e", "b.c").Items()[0],
	} {
		if got := n.Path(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for want, n := range map[string]*Node{
		"":             root,
		`a["b.c"][]`:   inner,
		`a["b.c"][].d`: inner.Get("d"),
		`s["x"].name`:  root.Get("s").Items()[0].Get("name"),
		`s["y"]`:       root.Get("s").Items()[1],
		`s["x"].port`:  root.Get("s").Items()[0].Get("port").With(Content{Kind: Number, Text: "2"}),
		`s[].name`:     root.Get("s").Items()[2].Get("name"),
	} {
		if got := n.NamedPath(); got != want {
			t.Errorf("by names: got %s, want %s", got, want)
		}
	}
	if got := inner.Members()[0].Key.Path(); got != `a["b.c"][1].d` {
		t.Errorf("the key's path is %s", got)
	}
}

// TestPathOfMembers looks up each key and value where a scan would be noticed, and
// where members do not stand in the order of the text.
func TestPathOfMembers(t *testing.T) {
	const size = 30_000
	var text strings.Builder
	text.WriteString("m: &m {m0: 0}\n? &k k0\n: 0\nall:\n  *k : *m\n  <<: *m\n  z: *k\n")
	for i := range size {
		fmt.Fprintf(&text, "  a%d: {b: %d}\n", i, i)
	}
	all := Parse("a.yaml", []byte(text.String())).Documents[0].Root.Get("all")
	for i := range size {
		name := fmt.Sprintf("a%d", i)
		member := all.Members()[i+2]
		for n, want := range map[*Node]string{
			member.Key: "all." + name, member.Value: "all." + name, member.Value.Get("b"): "all." + name + ".b",
		} {
			if got := n.Path(); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	}
	for want, n := range map[string]*Node{
		"all.z": all.Members()[1].Key,
		"k0":    all.Members()[1].Value,
		"m":     all.Get("k0"),
		"m.m0":  all.Get("m0"),
	} {
		if got := n.Path(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A node that stands for another has its location and not its content.
func TestWith(t *testing.T) {
	root := Parse("a.json", []byte(`{"a": [1, "[x]"], "b": {}}`)).Documents[0].Root
	expression, other := root.Get("a").Items()[1], root.Get("b")
	with := expression.With(Content{Kind: Number, Text: "4"})
	if with.Path() != "a[1]" || with.Span() != expression.Span() || with.File() != root.File() || with.Parent() != root.Get("a") {
		t.Errorf("path %s, span %v", with.Path(), with.Span())
	}
	if with.Kind != Number || with.Text() != "4" || expression.Kind != String || expression.Text() != "[x]" {
		t.Errorf("%v %s, made of %v %s", with.Kind, with.Text(), expression.Kind, expression.Text())
	}
	if path := other.With(expression.Content()).Path(); path != "b" {
		t.Errorf("path %s", path)
	}
	if path := root.With(other.Content()).Path(); path != "" {
		t.Errorf("the root's path is %s", path)
	}
}

func TestDuplicateKeys(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.json"} {
		root := Parse(name, []byte(`{"a": 1, "b": 2, "a": 3}`)).Documents[0].Root
		if len(root.Members()) != 3 || root.Get("a").Text() != "3" {
			t.Errorf("%s: got %d members, value %q", name, len(root.Members()), root.Get("a").Text())
		}
		if got, want := root.Value(), (map[string]any{"a": 3.0, "b": 2.0}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestClone(t *testing.T) {
	file := Parse("a.yaml", []byte("a: &x {b: 1, b: 2}\nc: *x\nd: [*x, {e: 3}]\n"))
	root := file.Documents[0].Root
	before := root.Value()
	first := root.Clone(func(mapping *Node) []Member { return mapping.Members()[:1] })
	if got := first.At("a", "b").Text(); got != "1" || first.Has("c") {
		t.Errorf("the clone has %v", first.Value())
	}
	if first.Get("a").Parent() != first || first.At("a", "b").Parent() != first.Get("a") {
		t.Error("a node of the clone is not within the clone")
	}
	all := root.Clone(func(mapping *Node) []Member { return mapping.Members() })
	if all.Get("a") != all.Get("c") || all.Get("a") == root.Get("a") || all.Get("d").Items()[0] != all.Get("a") {
		t.Error("what an alias stands for is not one node of the clone")
	}
	if at := all.At("c", "b").Span(); at != root.At("c", "b").Span() {
		t.Errorf("the clone stands at %v", at)
	}
	if !reflect.DeepEqual(root.Value(), before) {
		t.Errorf("the original is %v now", root.Value())
	}
}
