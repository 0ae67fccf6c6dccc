package source

import (
	"reflect"
	"testing"
)

func TestPath(t *testing.T) {
	root := Parse("a.yaml", []byte("a: &x\n  b.c: [1, {d: 2}]\n\"\": 3\ne: *x\n")).Documents[0].Root
	inner := root.At("a", "b.c").Items[1]
	for want, n := range map[string]*Node{
		"":              root,
		"a":             root.Get("a"),
		`a["b.c"]`:      root.At("a", "b.c"),
		`a["b.c"][1].d`: inner.Get("d"),
		`[""]`:          root.Get(""),
		`a["b.c"][1]`:   inner,
		`a["b.c"][0]`:   root.At("e", "b.c").Items[0],
	} {
		if got := n.Path(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := inner.Members[0].Key.Path(); got != `a["b.c"][1].d` {
		t.Errorf("the key's path is %s", got)
	}
}

func TestDuplicateKeys(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.json"} {
		root := Parse(name, []byte(`{"a": 1, "b": 2, "a": 3}`)).Documents[0].Root
		first, last := root.Get("a").Duplicate()
		if first != root.Members[0].Key || last != root.Members[2].Key || root.Get("a").Text != "3" {
			t.Errorf("%s: got keys %v and %v, value %q", name, first, last, root.Get("a").Text)
		}
		if first, last := root.Get("b").Duplicate(); first != nil || last != nil {
			t.Errorf("%s: b is written once, got %v and %v", name, first, last)
		}
		if got, want := root.Value(), (map[string]any{"a": 3.0, "b": 2.0}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
