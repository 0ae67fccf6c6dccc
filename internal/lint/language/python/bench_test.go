package python

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cellsOf returns a notebook of n pairs of cells: one with a call, and one with an output of the size of a picture.
func cellsOf(t testing.TB, n, output int) []byte {
	t.Helper()
	type cell map[string]any
	cells := []cell{{"cell_type": "code", "metadata": cell{}, "source": []string{"from azure.ai.ml.entities import AmlCompute\n"}}}
	picture := strings.Repeat("iVBORw0KGgoAAAANSUhEUgAAA", output/25)
	for i := range n {
		lines := []string{fmt.Sprintf("name_%d = \"c%d\"\n", i, i), fmt.Sprintf("AmlCompute(name=name_%d, size=\"Standard_NC6\")\n", i)}
		cells = append(cells,
			cell{"cell_type": "code", "execution_count": i, "metadata": cell{"tags": []string{"a"}}, "source": lines, "outputs": []cell{}},
			cell{"cell_type": "code", "metadata": cell{}, "source": []string{"plot()"}, "outputs": []cell{
				{"output_type": "display_data", "data": cell{"image/png": picture, "text/plain": []string{"<Figure>\n", "\tsize"}}},
			}})
	}
	data, err := json.MarshalIndent(cell{"cells": cells, "metadata": cell{}, "nbformat": 4}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func BenchmarkNotebook(b *testing.B) {
	for _, output := range []int{0, 100, 10_000, 100_000} {
		data := cellsOf(b, max(1, 2_000_000/(output+700)), output)
		b.Run(fmt.Sprintf("outputs=%d", output), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				Open(nil).Read("a.ipynb", data)
			}
		})
	}
}

// BenchmarkReal reads the marked files below MLPOLICY_PYTHON.
func BenchmarkReal(b *testing.B) {
	root := os.Getenv("MLPOLICY_PYTHON")
	if root == "" {
		b.Skip("MLPOLICY_PYTHON is not set: a folder of real files")
	}
	for _, suffix := range Suffixes() {
		files := map[string][]byte{}
		size := 0
		if err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != suffix {
				return err
			}
			data, err := os.ReadFile(name)
			if err == nil && Marked(name, data) {
				files[name] = data
				size += len(data)
			}
			return err
		}); err != nil {
			b.Fatal(err)
		}
		b.Run(suffix, func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				for name, data := range files {
					Open(nil).Read(name, data)
				}
			}
		})
	}
}

func BenchmarkPython(b *testing.B) {
	var text strings.Builder
	text.WriteString("from azure.ai.ml.entities import AmlCompute\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "def f%d(x, y=[1, 2]):\n    # a comment\n    value = {\"a\": x.b(y)[0], 'c': f\"{x}\"}\n    return value\n", i)
	}
	b.SetBytes(int64(text.Len()))
	data := []byte(text.String())
	for b.Loop() {
		Open(nil).Read("a.py", data)
	}
}
