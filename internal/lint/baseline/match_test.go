package baseline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func key(file string) baseline.Key {
	return baseline.Key{File: file, Deployment: "churn", Rule: "memory", Target: "aci", Field: "spec.memory"}
}

func otherField() baseline.Key {
	of := key("a.yaml")
	of.Field = "spec.other"
	return of
}

func number(n float64) baseline.Value {
	return baseline.Value{Number: facts.Number{Value: n, Known: true}}
}
func atLeast(n float64) baseline.Value {
	return baseline.Value{Number: facts.Number{Value: n, Known: true, AtLeast: true}}
}
func text(s string) baseline.Value { return baseline.Value{Text: s} }

func entry(value baseline.Value, count int) baseline.Entry {
	return baseline.Entry{Key: key("a.yaml"), Value: value, Count: count}
}

func now(values ...baseline.Value) []baseline.Finding {
	var list []baseline.Finding
	for _, value := range values {
		list = append(list, baseline.Finding{Key: key("a.yaml"), Value: value})
	}
	return list
}

func mayRun(f []baseline.Finding) []baseline.Finding {
	for i := range f {
		f[i].MayRun = true
	}
	return f
}

func mayRunEntry(e baseline.Entry) baseline.Entry {
	e.MayRun = true
	return e
}

// outcome is "new" with the note of each finding that is new, and how many findings there are no more.
func outcome(entries []baseline.Entry, findings []baseline.Finding, exists func(string) bool) string {
	result := baseline.Match(entries, findings, exists)
	var out []string
	for i := range findings {
		switch {
		case result.Of[i] != nil:
			out = append(out, "old")
		case result.Notes[i] != "":
			out = append(out, "new ("+result.Notes[i]+")")
		default:
			out = append(out, "new")
		}
	}
	left := 0
	for _, n := range result.Left {
		left += n
	}
	return fmt.Sprintf("%q left %d", out, left)
}

func always(string) bool { return true }

func TestMatch(t *testing.T) {
	other := func(change func(*baseline.Key)) []baseline.Finding {
		list := now(number(64))
		change(&list[0].Key)
		return list
	}
	for name, test := range map[string]struct {
		entries  []baseline.Entry
		findings []baseline.Finding
		want     string
	}{
		"no entries":              {nil, now(number(64)), `["new"] left 0`},
		"no findings":             {[]baseline.Entry{entry(number(64), 2)}, nil, `[] left 2`},
		"the same number":         {[]baseline.Entry{entry(number(64), 1)}, now(number(64)), `["old"] left 0`},
		"a smaller number":        {[]baseline.Entry{entry(number(64), 1)}, now(number(60)), `["old"] left 0`},
		"a larger number":         {[]baseline.Entry{entry(number(64), 1)}, now(number(80)), `["new (64 in the baseline, now 80)"] left 0`},
		"a lower bound now":       {[]baseline.Entry{entry(number(64), 1)}, now(atLeast(60)), `["new (64 in the baseline, now at least 60)"] left 0`},
		"a lower bound before":    {[]baseline.Entry{entry(atLeast(64), 1)}, now(number(60)), `["old"] left 0`},
		"lower bounds":            {[]baseline.Entry{entry(atLeast(64), 1)}, now(atLeast(64)), `["old"] left 0`},
		"the same text":           {[]baseline.Entry{entry(text("NC6"), 1)}, now(text("NC6")), `["old"] left 0`},
		"another text":            {[]baseline.Entry{entry(text("NC6"), 1)}, now(text("NC24")), `["new (NC6 in the baseline, now NC24)"] left 0`},
		"neither":                 {[]baseline.Entry{entry(baseline.Value{}, 1)}, now(baseline.Value{}), `["old"] left 0`},
		"a text that is a number": {[]baseline.Entry{entry(text("64"), 1)}, now(number(64)), `["new"] left 1`},
		"duplicates add up":       {[]baseline.Entry{entry(text("a"), 1), entry(text("a"), 2)}, now(text("a"), text("a"), text("a")), `["old" "old" "old"] left 0`},
		"fewer":                   {[]baseline.Entry{entry(text("a"), 3)}, now(text("a")), `["old"] left 2`},
		"more of a text": {
			[]baseline.Entry{entry(text("a"), 2)}, now(text("a"), text("a"), text("a")),
			`["new (2 in the baseline, now 3)" "new (2 in the baseline, now 3)" "new (2 in the baseline, now 3)"] left 0`,
		},
		"more of one text only": {
			[]baseline.Entry{entry(text("a"), 1), entry(text("b"), 1)}, now(text("b"), text("a"), text("a")),
			`["old" "new (1 in the baseline, now 2)" "new (1 in the baseline, now 2)"] left 0`,
		},
		"more numbers that could be old": {
			[]baseline.Entry{entry(number(64), 2)}, now(number(60), number(62), number(64)),
			`["new (2 in the baseline, now 3)" "new (2 in the baseline, now 3)" "new (2 in the baseline, now 3)"] left 0`,
		},
		"one more that is worse": {[]baseline.Entry{entry(number(64), 1)}, now(number(80), number(64)), `["new" "old"] left 0`},
		"each takes the smallest that covers it": {
			[]baseline.Entry{entry(number(80), 1), entry(number(64), 1)}, now(number(60), number(70)), `["old" "old"] left 0`,
		},
		"one got worse": {
			[]baseline.Entry{entry(number(80), 1), entry(number(64), 1)}, now(number(80), number(80)),
			`["new (1 in the baseline, now 2)" "new (1 in the baseline, now 2)"] left 1`,
		},
		"several values": {
			[]baseline.Entry{entry(text("a"), 1), entry(text("b"), 1)}, now(text("c")), `["new (b and a in the baseline, now c)"] left 1`,
		},
		"must run before, may run now": {[]baseline.Entry{entry(number(64), 1)}, mayRun(now(number(64))), `["old"] left 0`},
		"may run before, must run now": {
			[]baseline.Entry{mayRunEntry(entry(number(64), 1))}, now(number(64)), `["new (in the baseline it may run there and need not)"] left 0`,
		},
		"may run and must run": {
			[]baseline.Entry{mayRunEntry(entry(number(64), 1)), entry(number(64), 1)}, append(mayRun(now(number(64))), now(number(64))...), `["old" "old"] left 0`,
		},
		"another file":              {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.File = "b.yaml" }), `["new"] left 1`},
		"another rule":              {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.Rule = "fpga" }), `["new"] left 1`},
		"another deployment":        {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.Deployment = "fraud" }), `["new"] left 1`},
		"another component":         {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.Component = "predictor" }), `["new"] left 1`},
		"another target":            {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.Target = "local" }), `["new"] left 1`},
		"another field of a number": {[]baseline.Entry{entry(number(64), 1)}, other(func(k *baseline.Key) { k.Field = "spec.other" }), `["old"] left 0`},
		"another field of a number that is worse": {
			[]baseline.Entry{entry(number(60), 1)}, other(func(k *baseline.Key) { k.Field = "spec.other" }), `["new (60 in the baseline, now 64)"] left 0`,
		},
		"another field of a text": {
			[]baseline.Entry{entry(text("64"), 1)}, []baseline.Finding{{Key: otherField(), Value: text("64")}}, `["new"] left 1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcome(test.entries, test.findings, always); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// in returns findings of the same kind in some files.
func in(files ...string) []baseline.Finding {
	var list []baseline.Finding
	for _, file := range files {
		list = append(list, baseline.Finding{Key: key(file), Value: number(64)})
	}
	return list
}

func entriesIn(files ...string) []baseline.Entry {
	var list []baseline.Entry
	for _, f := range in(files...) {
		list = append(list, baseline.Entry{Key: f.Key, Value: f.Value, Count: 1})
	}
	return list
}

func TestMovedFiles(t *testing.T) {
	named := func(file string) []baseline.Finding {
		list := in("d/" + file)
		list[0].Deployment = file
		return list
	}
	for name, test := range map[string]struct {
		entries  []baseline.Entry
		findings []baseline.Finding
		exist    []string
		want     string
	}{
		"moved":                     {entriesIn("a"), in("b"), []string{"b"}, `["old"] left 0`},
		"copied":                    {entriesIn("a"), in("a", "b"), []string{"a", "b"}, `["old" "new"] left 0`},
		"still there without it":    {entriesIn("a"), in("b"), []string{"a", "b"}, `["new"] left 1`},
		"moved, with another value": {entriesIn("a"), []baseline.Finding{{Key: key("b"), Value: number(60)}}, []string{"b"}, `["new"] left 1`},
		"moved, with one more":      {entriesIn("a"), in("b", "b"), []string{"b"}, `["new" "new"] left 1`},
		"moved, with one fewer":     {entriesIn("a", "a"), in("b"), []string{"b"}, `["new"] left 2`},
		"moved to two files": {
			entriesIn("a"), in("b", "c"), []string{"b", "c"},
			`["new (a has it in the baseline and is gone; 2 files have its findings)" "new (a has it in the baseline and is gone; 2 files have its findings)"] left 1`,
		},
		"moved to a file that is listed":     {entriesIn("a", "b"), in("b", "b"), []string{"b"}, `["new (1 in the baseline, now 2)" "new (1 in the baseline, now 2)"] left 1`},
		"a folder of files that look alike":  {entriesIn("a/x", "a/y", "a/z"), in("b/x", "b/y", "b/z"), []string{"b/x", "b/y", "b/z"}, `["old" "old" "old"] left 0`},
		"the same, with one that was fixed":  {entriesIn("a/x", "a/y", "a/z"), in("b/x", "b/z"), []string{"b/x", "b/y", "b/z"}, `["old" "old"] left 1`},
		"a deployment called as its file":    {[]baseline.Entry{{Key: named("a.json")[0].Key, Value: number(64), Count: 1}}, named("b.json"), []string{"d/b.json"}, `["old"] left 0`},
		"a deployment with a name of itself": {entriesIn("churn.yaml"), in("fraud.yaml"), []string{"fraud.yaml"}, `["old"] left 0`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcome(test.entries, test.findings, func(file string) bool { return slices.Contains(test.exist, file) }); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Whatever the order, the same findings are new, what is covered fits the counts, and a finding more is shown.
func TestMatchDoesNotDependOnTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []baseline.Value{number(48), number(64), number(80), atLeast(64), text("a"), text("b"), {}}
	pick := func() baseline.Value { return values[random.IntN(len(values))] }
	for range 2000 {
		var entries []baseline.Entry
		for range random.IntN(4) {
			e := entry(pick(), 1+random.IntN(2))
			e.MayRun = random.IntN(3) == 0
			entries = append(entries, e)
		}
		findings := now()
		for range random.IntN(6) {
			f := now(pick())
			if random.IntN(3) == 0 {
				mayRun(f)
			}
			findings = append(findings, f...)
		}
		count := func(entries []baseline.Entry, findings []baseline.Finding) map[baseline.Finding][2]int {
			result, counts := baseline.Match(entries, findings, always), map[baseline.Finding][2]int{}
			used := map[*baseline.Entry]int{}
			for i, f := range findings {
				n := counts[f]
				if by := result.Of[i]; by != nil {
					n[0]++
					if used[by]++; used[by] > by.Count {
						t.Fatalf("%v covers %d of %v", by, used[by], findings)
					}
				} else {
					n[1]++
				}
				counts[f] = n
			}
			for f, n := range counts {
				if n[0] > 0 && n[1] > 0 {
					t.Fatalf("of equal findings %v, %d are old and %d new: entries %v, findings %v", f, n[0], n[1], entries, findings)
				}
			}
			return counts
		}
		want := count(entries, findings)
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		random.Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
		if got := count(entries, findings); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("entries %v, findings %v: %v, in another order %v", entries, findings, want, got)
		}
	}
}
