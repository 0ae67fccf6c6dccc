package python

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestGrowsEvenly holds the work on a file to its size.
func TestGrowsEvenly(t *testing.T) {
	repeat := func(format string, n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, strings.ReplaceAll(format, "#", "%[1]d"), i)
		}
		return all.String()
	}
	const header = "from azure.ai.ml.entities import *\nimport azureml.core as c\n"
	shapes := map[string]func(n int) string{
		"calls":        func(n int) string { return repeat("AmlCompute(name='a#', size='b')\n", n) },
		"variables":    func(n int) string { return repeat("v# = 'x'\nd# = AmlCompute(name=v#, size=d#)\nd#.size = v#\n", n) },
		"one variable": func(n int) string { return repeat("v = 'x#'\nAmlCompute(name=v, size=v)\n", n) },
		"chain": func(n int) string {
			return "v0 = 'x'\n" + repeat("w# = v#\nv# = [w#]\n", n) + "AmlCompute(size=v5, name=w9)\n"
		},
		"doubling": func(n int) string {
			return "v0 = 'x'\n" + repeat("v#1 = {'a': v#, 'b': v#}\n", n) + "AmlCompute(tags=v1)\n"
		},
		"shared": func(n int) string {
			return "t = {" + repeat("'k#': '#', ", n/10) + "}\n" + repeat("BatchEndpoint(name='e#', tags=t)\n", n)
		},
		"nested scopes":  func(n int) string { return repeat("def f#(a, b):\n  def g(c):\n    AmlCompute(name=a, size=b)\n", n) },
		"brackets":       func(n int) string { return "x = [" + repeat("[(#), {'a': [#]}],", n) + "]\n" },
		"operands":       func(n int) string { return "x = (" + repeat("a# + (b# if c else d) * ", n) + "1)\n" },
		"assignments":    func(n int) string { return repeat("a# = ", n) + "1\n" },
		"lambdas":        func(n int) string { return "x = [" + repeat("lambda a#, b=1: a,", n) + "]\n" },
		"comprehensions": func(n int) string { return repeat("x = [a for a in b if c for d in e]\n", n) },
		"loops":          func(n int) string { return "for " + repeat("a#, ", n) + " in " + repeat("b#, ", n) + "c:\n    pass\n" },
		"formatted":      func(n int) string { return "x = f'" + repeat("{a#!r:{b}}", n) + "'\n" },
		"strings":        func(n int) string { return "x = (" + repeat("'a#' ", n) + ")\nAmlCompute(name=x)\n" },
		"parameters":     func(n int) string { return "def f(" + repeat("a#, ", n) + "): pass\n" + repeat("f(a#, b)\n", n) },
		"services": func(n int) string {
			return "m = c.Model.register(ws, 'p', 'n')\n" + repeat("c.Model.deploy(ws, 's#', [m])\n", n)
		},
		"models": func(n int) string {
			return "m = c.Model.register(ws, 'p', 'n')\nc.Model.deploy(ws, 's', [" + repeat("m, ", n) + "])\n"
		},
		"quotes":   func(n int) string { return repeat("'''\n\"\n'''\n", n) },
		"keywords": func(n int) string { return "AmlCompute(" + repeat("a#=1, ", n) + ")\n" },
		"several bindings": func(n int) string {
			return repeat("if x:\n    t = c.compute.ComputeTarget(ws, 'a')\n", n/10) + repeat("c.Model.deploy(ws, 's', [], None, None, t)\n", n)
		},
	}
	if len(shapes) == 0 {
		t.Fatal("no shapes")
	}
	measure := func(text string) time.Duration {
		best := time.Duration(1<<63 - 1)
		for range 3 {
			start := time.Now()
			Open(nil).Read("a.py", []byte(text))
			best = min(best, time.Since(start))
		}
		return best
	}
	for name, shape := range shapes {
		const times = 32
		small, large := header+shape(500), header+shape(500*times)
		// Caches and other programs make a run a few times slower; work that grows with the square makes it 32 times slower.
		if before, after := measure(small), measure(large); after > 8*times*before && after > 200*time.Millisecond {
			t.Errorf("%s: %d times the text takes %v instead of %v", name, times, after, before)
		}
	}
}
