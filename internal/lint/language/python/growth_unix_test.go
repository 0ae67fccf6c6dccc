//go:build unix

package python

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGrowsEvenly holds the work on a file to its size.
func TestGrowsEvenly(t *testing.T) {
	repeat := func(format string, n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, strings.ReplaceAll(format, "#", "%[1]d"), i)
		}
		return all.String()
	}
	const header = "from azure.ai.ml.entities import *\nimport azureml.core as c\nAmlCompute(name='first')\n"
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
		"quotes":              func(n int) string { return repeat("'''\n\"\n'''\n", n) },
		"keywords":            func(n int) string { return "AmlCompute(" + repeat("a#=1, ", n) + ")\n" },
		"assigned attributes": func(n int) string { return repeat("f(x#).a#.b#['c'] = 1\nsetattr(y#, 'd', 2)\nprint(vars(z#))\n", n) },
		"renamed":             func(n int) string { return "C0 = AmlCompute\n" + repeat("B# = C#\nC1# = B#\nB#(name='a')\n", n) },
		"renamed twice": func(n int) string {
			return "if x:\n  C0 = AmlCompute\n" + repeat("if x:\n  B# = C#\nelse:\n  B# = C#\nif x:\n  C1# = B#\nelse:\n  C1# = B#\nB#(name='a')\n", n)
		},
		"results": func(n int) string { return repeat("e = client.create_or_update(e)\nAmlCompute(name=e.name)\n", n) },
		"several results": func(n int) string {
			return repeat("if x:\n    e = client.create_or_update(e)\n", n/10) + repeat("AmlCompute(name=e.name)\n", n)
		},
		"walruses": func(n int) string { return repeat("x = f'{(a#:=1)} {(b:=#)}'\n", n) },
		"several bindings": func(n int) string {
			return repeat("if x:\n    t = c.compute.ComputeTarget(ws, 'a')\n", n/10) + repeat("c.Model.deploy(ws, 's', [], None, None, t)\n", n)
		},
	}
	if len(shapes) == 0 {
		t.Fatal("no shapes")
	}
	const times = 32
	for name, shape := range shapes {
		small, large := header+shape(500), header+shape(500*times)
		// Caches and the collection of memory make a run a few times slower; work that grows with the square makes it 32 times
		// slower.
		grows := func() bool {
			before, after := cpuTime(t, small), cpuTime(t, large)
			t.Logf("%s: %v, %d times the text %v", name, before, times, after)
			return after > 8*times*before && after > 200*time.Millisecond
		}
		attempts := 0
		for attempts < 3 && grows() {
			attempts++
		}
		if attempts == 3 {
			t.Errorf("%s: the work does not grow evenly", name)
		}
	}
}

// cpuTime is what the processor needs to read a program, whatever else it does.
func cpuTime(t *testing.T, text string) time.Duration {
	t.Helper()
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano())
	}
	best := time.Duration(math.MaxInt64)
	for range 2 {
		start := used()
		Open(nil).Read("a.py", []byte(text))
		best = min(best, max(used()-start, time.Millisecond))
	}
	return best
}
