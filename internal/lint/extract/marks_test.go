package extract

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// TestMarksInOnePass compares the formats that one pass finds in the examples, and in parts of them, with those that each
// format finds by itself.
func TestMarksInOnePass(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/formats/*/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{data, data[len(data)/2:], data[:len(data)/3]} {
			checkMarks(t, part)
		}
	}
}

func checkMarks(t *testing.T, data []byte) {
	t.Helper()
	var got, want []string
	allMarks().formatsIn(data, func(f *read.Format) bool {
		got = append(got, f.Name)
		return true
	})
	for _, f := range formats() {
		if f.Marked(data) {
			want = append(want, f.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("formats in %q: %s, want %s", data, got, want)
	}
}

func TestMarksAreLongEnough(t *testing.T) {
	for _, f := range formats() {
		if len(f.Marks) == 0 {
			t.Errorf("%s has no marks", f.Name)
		}
		for _, group := range f.Marks {
			for _, word := range group {
				if len(word) < startLength {
					t.Errorf("%s: the mark %q is shorter than %d bytes", f.Name, word, startLength)
				}
			}
		}
	}
}

// FuzzMarks is TestMarksInOnePass for any text.
func FuzzMarks(f *testing.F) {
	all := allMarks()
	for _, word := range all.words {
		f.Add(word)
		f.Add(word[1:])
	}
	f.Add([]byte("apiVersion: v1\nkind: Pod\nspec: {containers: []}\n"))
	f.Fuzz(func(t *testing.T, data []byte) { checkMarks(t, data) })
}

func BenchmarkRecognize(b *testing.B) {
	data := slices.Repeat([]byte("ingress:\n  enabled: true\n  hosts:\n    - host: churn.example.com\n      paths: [{path: /, pathType: Prefix}]\n"), 40)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if Recognize(data) != Unrecognized {
			b.Fatal("recognised")
		}
	}
}
