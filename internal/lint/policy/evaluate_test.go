package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/open-policy-agent/opa/v1/ast"
)

// large returns facts of as many deployments as times, on ACI, that request too much memory.
func large(times int) *facts.Facts {
	f := &facts.Facts{Edition: "2020-06"}
	for range times {
		f.Deployments = append(f.Deployments, &facts.Deployment{
			Name: known("churn"), Format: "test", Target: known(facts.ACI), MemoryGiB: known(64.0), Replicas: known(int64(1)),
		})
	}
	return f
}

func TestEvaluate(t *testing.T) {
	loaded := load(t, bundle(t))

	got, err := loaded.Evaluate(t.Context(), large(11))
	if err != nil {
		t.Fatal(err)
	}
	var want []policy.Denial
	for i := range 11 {
		want = append(want, policy.Denial{Rule: "few-replicas", Path: facts.Path{"deployments", i, "replicas"}, Message: "one replica"})
	}
	for i := range 11 {
		want = append(want, policy.Denial{Rule: "memory", Path: facts.Path{"deployments", i, "memory_gib"}, Message: "churn requests 64 GB on ACI"})
	}
	if !reflect.DeepEqual(got, want) {
		t.Error(golden.Diff(want, got))
	}

	for name, silent := range map[string]*facts.Facts{
		"no facts":             {Edition: "2020-06"},
		"below the limit":      {Edition: "2020-06", Deployments: []*facts.Deployment{{Name: known("churn"), Target: known(facts.ACI), MemoryGiB: known(47.5)}}},
		"unknown memory":       {Edition: "2020-06", Deployments: []*facts.Deployment{{Name: known("churn"), Target: known(facts.ACI)}}},
		"target without limit": {Edition: "2020-06", Deployments: []*facts.Deployment{{Name: known("churn"), Target: known(facts.AKS), MemoryGiB: known(64.0)}}},
		"target without row":   {Edition: "2020-06", Deployments: []*facts.Deployment{{Name: known("churn"), Target: known(facts.IoTEdge), MemoryGiB: known(64.0)}}},
		"compute":              {Edition: "2020-06", Computes: []*facts.Compute{{Name: known("gpu")}}},
	} {
		if denials, err := loaded.Evaluate(t.Context(), silent); err != nil || len(denials) > 0 {
			t.Errorf("%s: denials are %v, error is %v", name, denials, err)
		}
	}
}

func TestEvaluateFractionOfALimit(t *testing.T) {
	loaded := load(t, bundle(t, remove(replicaFile), replace(editionFile, "below_gib: 48", "below_gib: 47.5")))
	for memory, want := range map[float64]int{47.5: 1, 47.25: 0} {
		f := large(1)
		f.Deployments[0].MemoryGiB = known(memory)
		if denials, err := loaded.Evaluate(t.Context(), f); err != nil || len(denials) != want {
			t.Errorf("%v GiB: denials are %v, error is %v", memory, denials, err)
		}
	}
}

func TestEvaluateUnknownEdition(t *testing.T) {
	f := large(1)
	f.Edition = "2020-6"
	_, err := load(t, bundle(t)).Evaluate(t.Context(), f)
	if got := lines(t, err); !slices.Equal(got, []string{`unknown edition "2020-6"; editions are 2020-06`}) {
		t.Errorf("errors are %q", got)
	}
	f.Deployments = nil
	if _, err := load(t, bundle(t)).Evaluate(t.Context(), f); err == nil {
		t.Error("an unknown edition is no error without facts")
	}
}

// In each case the memory rule fails or has an invalid result.
func TestEvaluateNamesTheCulprit(t *testing.T) {
	const (
		memory = "builtin:" + memoryFile
		row    = "	row := table.targets[deployment.target]\n"
		path   = `["deployments", i, "memory_gib"]`
		head   = `{"path": path, "message": message}`
	)
	tests := []struct {
		name   string
		change change
		want   string // the message after the rule
	}{
		{"a string", replace(memoryFile, head, untyped(`concat("", [message, path[0]])`)),
			memory + `:16: rule memory: the result is not exactly {"path": […], "message": "…"}: "churn requests 64 GB on ACIdeployments"`},
		{"no message", replace(memoryFile, head, untyped(`{"path": path, "msg": message}`)),
			memory + `:16: rule memory: message of the result must be a non-empty string: {"msg": "churn requests 64 GB on ACI", "path": ["deployments", 0, "memory_gib"]}`},
		{"one key too many", replace(memoryFile, head, untyped(`{"path": path, "message": message, "severity": "note"}`)),
			memory + `:16: rule memory: the result is not exactly {"path": […], "message": "…"}: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0, "memory_gib"], "severity": "note"}`},
		{"one key too few", replace(memoryFile, head, untyped(`{"message": sprintf("%v %v", [message, path])}`)),
			memory + `:16: rule memory: the result is not exactly {"path": […], "message": "…"}: {"message": "churn requests 64 GB on ACI [\"deployments\", 0, \"memory_gib\"]"}`},
		{"a blank message", replace(memoryFile, head, `{"path": path, "message": substring(message, 0, 0)}`),
			memory + `:16: rule memory: message of the result must be a non-empty string: {"message": "", "path": ["deployments", 0, "memory_gib"]}`},
		{"a message that is a number", replace(memoryFile, head, untyped(`{"path": path, "message": count(message)}`)),
			memory + `:16: rule memory: message of the result must be a non-empty string: {"message": 27, "path": ["deployments", 0, "memory_gib"]}`},
		{"a path as a string", replace(memoryFile, path, untyped(`sprintf("deployments.%d", [i])`)),
			memory + `:16: rule memory: path of the result must be an array of strings and indexes: {"message": "churn requests 64 GB on ACI", "path": "deployments.0"}`},
		{"a path with a fraction", replace(memoryFile, path, `["deployments", i + 0.5]`),
			memory + `:16: rule memory: path of the result must be an array of strings and indexes: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0.5]}`},
		{"a path with a yes", replace(memoryFile, path, untyped(`["deployments", i, i == 0]`)),
			memory + `:16: rule memory: path of the result must be an array of strings and indexes: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0, true]}`},
		{"a path outside the vocabulary", replace(memoryFile, path, `["deployments", i, "memory"]`),
			memory + `:16: rule memory: path of the result does not lead to a fact of a deployment or a compute: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0, "memory"]}`},
		{"a path beyond the deployments", replace(memoryFile, path, `["deployments", i + 1]`),
			memory + `:16: rule memory: path of the result does not lead to a fact of a deployment or a compute: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 1]}`},
		{"a path to all deployments", replace(memoryFile, path, `[["deployments", i][0]]`),
			memory + `:16: rule memory: path of the result does not lead to a fact of a deployment or a compute: {"message": "churn requests 64 GB on ACI", "path": ["deployments"]}`},
		{"a path to nothing", replace(memoryFile, path, `array.slice(["deployments", i], 0, 0)`),
			memory + `:16: rule memory: path of the result does not lead to a fact of a deployment or a compute: {"message": "churn requests 64 GB on ACI", "path": []}`},
		{"a path below a value", replace(memoryFile, path, `["deployments", i, "memory_gib", "unit"]`),
			memory + `:16: rule memory: path of the result does not lead to a fact of a deployment or a compute: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0, "memory_gib", "unit"]}`},
		{"a path with an empty step", replace(memoryFile, path, `["deployments", i, "memory_gib", ""]`),
			memory + `:16: rule memory: path of the result must be an array of strings and indexes: {"message": "churn requests 64 GB on ACI", "path": ["deployments", 0, "memory_gib", ""]}`},

		{"a function's error", replace(memoryFile, row, row+"	to_number(deployment.name) > 0\n"),
			memory + `:19: rule memory: to_number: strconv.ParseFloat: parsing "churn": invalid syntax`},
		{"a division by zero", replace(memoryFile, row, row+"	1 / (deployment.memory_gib - 64) > 0\n"),
			memory + ":19: rule memory: div: divide by zero"},
		{"a function's error in a helper", func(t *testing.T, files fstestFS) {
			write(tableFile, tableRego+"\nnumber(text) := to_number(text)\n")(t, files)
			replace(memoryFile, row, row+"	table.number(deployment.name) > 0\n")(t, files)
		}, "builtin:" + tableFile + `:5: rule memory: to_number: strconv.ParseFloat: parsing "churn": invalid syntax`},
		{"two values for one", func(t *testing.T, files fstestFS) {
			write(memoryFile, memoryRego+"\nlimit := n if some n in [1, 2]\n")(t, files)
			replace(memoryFile, row, row+"	limit > 0\n")(t, files)
		}, memory + ":26: rule memory: rule data.mlpolicy.rules.memory.limit produced conflicting values: 1 at " + memory + ":26 2 at " + memory + ":26"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			denials, err := load(t, bundle(t, test.change, remove(replicaFile))).Evaluate(t.Context(), large(1))
			got := lines(t, err)
			if len(got) != 1 || !strings.HasPrefix(got[0], test.want) || !strings.HasSuffix(test.want, ": ") && got[0] != test.want {
				t.Errorf("errors are\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
			if denials != nil {
				t.Errorf("there are denials beside the error: %v", denials)
			}
		})
	}
}

func TestEvaluateReportsAllBadAnswers(t *testing.T) {
	loaded := load(t, bundle(t, replace(memoryFile, "message := sprintf", "message := "+untyped("count(path)")+" # sprintf"), replace(replicaFile, `"replicas"]`, `"pods"]`)))
	_, err := loaded.Evaluate(t.Context(), large(1))
	got := lines(t, err)
	if len(got) != 2 || !strings.Contains(got[0], "rule few-replicas: path of the result") || !strings.Contains(got[1], "rule memory: message of the result") {
		t.Errorf("errors are %q", got)
	}
}

func TestEvaluateExcerptsLongAnswers(t *testing.T) {
	loaded := load(t, bundle(t, replace(memoryFile, `{"path": path, "message": message}`, untyped(`sprintf("%s %v %02000d", [message, path, 1])`))))
	_, err := loaded.Evaluate(t.Context(), large(1))
	if got := lines(t, err); len(got) != 1 || len(got[0]) > 400 || !strings.HasSuffix(got[0], "0…") {
		t.Errorf("errors are %q", got)
	}
}

// A rule that does not terminate is stopped at the deadline, and the error names it.
func TestEvaluateStopsAtTheDeadline(t *testing.T) {
	const row = "	row := table.targets[deployment.target]\n"
	tests := []struct {
		name   string
		change change
		want   string
	}{
		{"loops", replace(memoryFile, row, row+"	many := numbers.range(1, 10000)\n	count([1 | some x in many; some y in many; some z in many; x + y + z < 0]) == 0\n"),
			"builtin:" + memoryFile + ":20: rule memory: evaluation took too long and was stopped here: context deadline exceeded"},
		{"one function", replace(memoryFile, row, row+"	count(numbers.range(1, 1000000000000)) > 0\n"),
			"builtin:" + memoryFile + ":19: rule memory: evaluation took too long and was stopped here: context deadline exceeded"},
		{"a helper", func(t *testing.T, files fstestFS) {
			write(tableFile, tableRego+"\nslow(sum) if {\n	some x in numbers.range(1, 10000)\n	some y in numbers.range(1, 10000)\n	some z in numbers.range(1, 10000)\n	x + y + z == sum\n}\n")(t, files)
			replace(memoryFile, row, row+"	table.slow(0 - deployment.memory_gib)\n")(t, files)
		}, "builtin:" + tableFile + ":8: rule memory: evaluation took too long and was stopped here: context deadline exceeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			loaded := load(t, bundle(t, test.change))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			start := time.Now()
			denials, err := loaded.Evaluate(ctx, large(1))
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			got := lines(t, err)
			// The line at the deadline is random; the file and the rule are not.
			file, line := position(test.want)
			if len(got) != 1 || denials != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("denials are %v, errors are %q", denials, got)
			}
			gotFile, gotLine := position(got[0])
			if gotFile != file || gotLine < line-2 || gotLine > line+1 || got[0][strings.Index(got[0], ": "):] != test.want[strings.Index(test.want, ": "):] {
				t.Errorf("error is %s\nwant %s", got[0], test.want)
			}
		})
	}
}

// position returns the file and the line at the start of a message.
func position(message string) (file string, line int) {
	location, _, _ := strings.Cut(message, ": ")
	colon := strings.LastIndex(location, ":")
	fmt.Sscan(location[colon+1:], &line)
	return location[:colon], line
}

func TestEvaluateInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	denials, err := load(t, bundle(t)).Evaluate(ctx, large(1))
	if denials != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("denials are %v, error is %v", denials, err)
	}
	lines(t, err)
}

func TestEvaluateConcurrently(t *testing.T) {
	loaded := load(t, bundle(t))
	want, err := loaded.Evaluate(t.Context(), large(20))
	if err != nil || len(want) != 40 {
		t.Fatal(want, err)
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 25 {
				got, err := loaded.Evaluate(t.Context(), large(20))
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("denials are %v, error is %v", got, err)
				}
				got, err = loaded.Evaluate(t.Context(), large(20), "memory")
				if err != nil || !reflect.DeepEqual(got, want[:20]) {
					t.Errorf("without memory denials are %v, error is %v", got, err)
				}
			}
		})
	}
	workers.Wait()
}

// The input of rules is identical to the facts as JSON read by OPA, including the digits of numbers.
func TestInputIsTheFactsAsJSON(t *testing.T) {
	const seeing = `# METADATA
# title: Sees
# description: Shows its input.
# custom: {severity: note, remediation: none, scope: project}
package mlpolicy.rules.seen

deny contains {"path": ["deployments", 0], "message": json.marshal(input)}
`
	loaded := load(t, bundle(t, write("mlpolicy/rules/seen/seen.rego", seeing), remove(memoryFile, replicaFile)))
	zero, half, bound := full(), full(), full()
	bound.Deployments[0].MemoryGiB.AtLeast, bound.Deployments[0].GPUs.AtLeast = true, true
	zero.Deployments[0].GPUs, zero.Deployments[0].MemoryGiB, zero.Deployments[0].Designer = known(int64(0)), known(0.0), known(false)
	half.Deployments[0].MemoryGiB, half.Deployments[0].CPUCores = known(1e21), known(1e-7)
	sparse := &facts.Facts{
		Edition:     "2020-06",
		Deployments: []*facts.Deployment{{Name: known("churn"), Format: "test", Models: []*facts.Model{{}}, Images: []facts.Fact[string]{}, Labels: map[string]facts.Fact[string]{}}},
		Computes:    []*facts.Compute{},
	}
	for name, f := range map[string]*facts.Facts{"all facts": full(), "zeros": zero, "extremes": half, "lower bounds": bound, "next to none": sparse} {
		denials, err := loaded.EvaluateProject(t.Context(), f)
		if err != nil || len(denials) != 1 {
			t.Fatalf("%s: denials are %v, error is %v", name, denials, err)
		}
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ast.ValueFromReader(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		if want := ast.NewTerm(parsed).String(); canonical(t, denials[0].Message) != want {
			t.Errorf("%s: input is\n%s\nwant\n%s", name, denials[0].Message, want)
		}
	}
}

func canonical(t *testing.T, data string) string {
	t.Helper()
	value, err := ast.ValueFromReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return ast.NewTerm(value).String()
}

func TestEvaluateRefusesNoNumber(t *testing.T) {
	for _, memory := range []float64{math.NaN(), math.Inf(1)} {
		f := large(1)
		f.Deployments[0].MemoryGiB = known(memory)
		_, err := load(t, bundle(t)).Evaluate(t.Context(), f)
		want := fmt.Sprintf("pass the facts to the policies: deployments: memory_gib: %v is not a number", memory)
		if got := lines(t, err); !slices.Equal(got, []string{want}) {
			t.Errorf("errors are %q, want %q", got, want)
		}
	}
}

// untyped hides the type of a term, so that a rule with an invalid result loads.
func untyped(term string) string { return "json.unmarshal(json.marshal(" + term + "))" }

// failing has variants of the memory rule that fail with an error that names it.
func failing() map[string]change {
	const row = "	row := table.targets[deployment.target]\n"
	return map[string]change{
		"fails at run time": replace(memoryFile, row, row+"	1 / (deployment.memory_gib - 64) > 0\n"),
		"fails in a helper": func(t *testing.T, files fstestFS) {
			write(tableFile, tableRego+"\nnumber(text) := to_number(text)\n")(t, files)
			replace(memoryFile, row, row+"	table.number(deployment.name) > 0\n")(t, files)
		},
		"fails in another rule's package": func(t *testing.T, files fstestFS) {
			write(replicaFile, replicaRego+"\nnumber(text) := to_number(text)\n")(t, files)
			replace(memoryFile, row, row+"	data.mlpolicy.rules[\"few-replicas\"].number(deployment.name) > 0\n")(t, files)
		},
		"takes too long":           replace(memoryFile, row, row+"	count(numbers.range(1, 1000000000000)) > 0\n"),
		"answers in another shape": replace(memoryFile, `{"path": path, "message": message}`, untyped(`concat("", [message, path[0]])`)),
	}
}

// Without the rule that an error names, the others report.
func TestEvaluateExceptTheCulprit(t *testing.T) {
	want := []policy.Denial{{Rule: "few-replicas", Path: facts.Path{"deployments", 0, "replicas"}, Message: "one replica"}}
	for name, change := range failing() {
		t.Run(name, func(t *testing.T) {
			loaded := load(t, bundle(t, change))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := loaded.Evaluate(ctx, large(1))
			var fault *policy.Error
			if !errors.As(err, &fault) || fault.Rule != "memory" {
				t.Fatalf("error is %v, want one of the rule memory", err)
			}
			for _, policies := range []*policy.Policies{loaded, loaded.Unindexed()} {
				denials, err := policies.Evaluate(t.Context(), large(1), fault.Rule)
				if err != nil || !reflect.DeepEqual(denials, want) {
					t.Errorf("without it denials are %v, error is %v", denials, err)
				}
			}
		})
	}
}

func TestEvaluateExcept(t *testing.T) {
	loaded := load(t, bundle(t))
	all, err := loaded.Evaluate(t.Context(), large(2))
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for _, test := range []struct {
		except []string
		want   []policy.Denial
	}{
		{nil, all},
		{[]string{"no-such-rule", "<\"\n"}, all},
		{[]string{"memory"}, all[:2]},
		{[]string{"few-replicas", "few-replicas"}, all[2:]},
		{[]string{"memory", "few-replicas"}, nil},
	} {
		got, err := loaded.Evaluate(t.Context(), large(2), test.except...)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("without %q: error is %v\n%s", test.except, err, golden.Diff(test.want, got))
		}
	}
}

// Invalid results do not hide valid ones, even of the same rule.
func TestEvaluateKeepsSoundDenials(t *testing.T) {
	loaded := load(t, bundle(t, replace(memoryFile, `["deployments", i, "memory_gib"]`, `["deployments", i * 2, "memory_gib"]`)))
	denials, err := loaded.Evaluate(t.Context(), large(2))
	var rules []string
	for _, denial := range denials {
		rules = append(rules, denial.Rule)
	}
	if got := lines(t, err); len(got) != 1 || !slices.Equal(rules, []string{"few-replicas", "few-replicas", "memory"}) {
		t.Errorf("denials are %v, errors are %q", denials, got)
	}
}
