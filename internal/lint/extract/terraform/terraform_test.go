package terraform

import (
	"reflect"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestRedacted compares what marks leave of values.
func TestRedacted(t *testing.T) {
	tests := []struct{ value, marks, want string }{
		{`{"a": 1, "b": [2, {"c": 3, "d": 4}]}`, `{"b": [false, {"c": true}]}`, `{"a": 1, "b": [2, {"c": null, "d": 4}]}`},
		{`{"a": [1, 2]}`, `{"a": true}`, `{"a": null}`},
		{`{"a": [1, 2]}`, `{"a": [true, true, true]}`, `{"a": [null, null]}`},
		{`{"a": 1, "a": 2}`, `{"a": true}`, `{"a": null}`},
		{`{"a": {"b": 1}}`, `{"a": [true]}`, `{"a": {"b": 1}}`},
		{`{"a": 1}`, `false`, `{"a": 1}`},
		{`{"a": 1}`, `{}`, `{"a": 1}`},
		{`{"a": 1}`, `true`, `null`},
		{`null`, `{"a": true}`, `null`},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		value := source.Parse("value.json", []byte(test.value)).Documents[0].Root
		before := value.Value()
		got := redacted(value, source.Parse("marks.json", []byte(test.marks)).Documents[0].Root)
		want := source.Parse("want.json", []byte(test.want)).Documents[0].Root
		if !reflect.DeepEqual(got.Value(), want.Value()) {
			t.Errorf("%s with %s is %v", test.value, test.marks, got.Value())
		}
		if !reflect.DeepEqual(value.Value(), before) {
			t.Errorf("%s is changed itself", test.value)
		}
	}
	if redacted(nil, nil) != nil {
		t.Error("something is made of nothing")
	}
}
