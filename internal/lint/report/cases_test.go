package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// hostile is text that would command terminals and CI hosts, break out of markup, mention and link.
const hostile = "\x1b[31m\x00\ufffe]]>&<b>\u202e|`a`](http://evil.example)@team #12 https://evil.example ##vso[task.setvariable variable=a]b ##[add-matcher]c.json %0A::error::d\r\n::error::e"

// cases are results that every format of findings has golden files for.
func cases(t *testing.T) map[string]Findings {
	t.Helper()
	one := sample(t)
	one.Findings, one.Errors, one.Files = one.Findings[1:2], nil, 1
	one.Described, one.Deployments = []lint.Described{{File: "deploy/aci.yaml", Name: "churn"}}, 1
	clean := &lint.Result{Editions: []string{"2020-06"}, Files: 2, Recognized: 2, Deployments: 2, Described: []lint.Described{
		{File: "deploy/a.yaml", Name: "a"}, {File: "deploy/b.yaml", Name: "b"},
	}}
	unread := *clean
	unread.Errors = []error{errors.New("gone.yaml: no such file"), errors.New(hostile + ": permission denied")}
	return map[string]Findings{
		"none":    findings(clean),
		"nothing": findings(&lint.Result{Editions: []string{"2020-06"}}),
		"one":     findings(one),
		"many":    findings(sample(t)),
		"unread":  findings(&unread),
		"hostile": findings(strange(t)),
		"flood":   findings(flood(t, 12)),
		"waived":  waived(t),
		"old":     inBaseline(t, false),
		"shown":   inBaseline(t, true),
	}
}

// waived has a finding and two waived ones, by a comment and by a configuration.
func waived(t *testing.T) Findings {
	t.Helper()
	result := sample(t)
	found := result.Findings
	result.Errors, result.Findings = nil, found[3:4]
	for i, scope := range []*waiver.Scope{{End: 20}, nil} {
		finding := found[i+1]
		finding.Waived = &waiver.Waiver{
			Rules: []waiver.Rule{{ID: finding.Rule}}, Reason: "moves in May: " + hostile, Owner: "ml-platform", Scope: scope,
			Text: waiver.Text{File: source.Parse(finding.File.Name, finding.File.Text), Start: 0, End: 4},
		}
		result.Waived = append(result.Waived, finding)
	}
	of := findings(result)
	of.ShowWaived = true
	return of
}

// inBaseline has a finding and two that a baseline has.
func inBaseline(t *testing.T, show bool) Findings {
	t.Helper()
	listed, err := baseline.Parse(baseline.FileName, baseline.Format([]baseline.Entry{{Key: baseline.Key{File: "deploy/aci.yaml", Rule: "memory"}, Count: 2}}))
	if err != nil {
		t.Fatal(err)
	}
	result := sample(t)
	found := result.Findings
	result.Errors, result.Findings, result.Baselines = nil, found[3:4], []*lint.BaselineOutcome{{Baseline: &lint.Baseline{Baseline: listed}}}
	for _, finding := range found[1:3] {
		finding.Baselined = &listed.Entries[0]
		result.Baselined = append(result.Baselined, finding)
	}
	result.Described = []lint.Described{{File: "deploy/aci.yaml", Name: "churn"}}
	of := findings(result)
	of.ShowBaselined = show
	return of
}

// checkCases compares what a format writes of the cases with golden files, and calls check with each.
func checkCases(t *testing.T, extension string, write writer[Findings], check func(name string, text []byte)) {
	t.Helper()
	for name, findings := range cases(t) {
		var text bytes.Buffer
		host := NewHostWriter(&text)
		if err := errors.Join(write(host, findings, Options{}), host.Flush()); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/cases/"+name+extension, text.Bytes())
		check(name, text.Bytes())
	}
}

// strange has findings in files whose names and text are wide, of Windows, or hostile.
func strange(t *testing.T) *lint.Result {
	result := &lint.Result{Editions: []string{"2020-06"}, Files: 5, Deployments: 5}
	for _, name := range []string{"部署/名前 ä.yaml", `C:\deploy\churn.yaml`, "C:/deploy/churn.yaml", "//server/share/churn.yaml", hostile, "../above/100%.yaml", "/root/x.yaml"} {
		file := file(name, "名前: "+hostile+"日本語\n")
		span := at(t, file, "", "日本語")
		result.Findings = append(result.Findings, lint.Finding{
			Rule: "memory", Severity: lint.Error, Message: "名前 " + hostile + " requests 64 GiB", Remedy: hostile, File: file, Span: span,
			Field: hostile, Deployment: hostile, Edition: "2020-06", Related: []lint.Related{{File: file, Span: span, Message: hostile}},
		})
		result.Described = append(result.Described, lint.Described{File: name, Name: hostile}, lint.Described{File: name, Name: "clean"})
	}
	result.Findings = append(result.Findings, lint.Finding{Rule: hostile, Severity: lint.Note, Message: hostile, Remedy: hostile})
	return result
}

// flood has many findings of each severity, the worst last, and all alike.
func flood(t *testing.T, each int) *lint.Result {
	file := file("deploy/flood.yaml", strings.Repeat("a: 1\n", each))
	result := &lint.Result{Editions: []string{"2020-06"}, Files: 1, Deployments: 1, Described: []lint.Described{{File: file.Name, Name: "flood"}}}
	for _, severity := range []lint.Severity{lint.Note, lint.Warning, lint.Error} {
		for range each {
			result.Findings = append(result.Findings, lint.Finding{
				Rule: "memory", Severity: severity, Message: "flood requests 64 GiB", Remedy: "Request less.", File: file, Span: at(t, file, "", "1"),
				Field: "a", Deployment: "flood", Edition: "2020-06",
			})
		}
	}
	return result
}
