package report

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// Numbers are those of the cases, and no two cases of a suite have one name. The schema is checked by make schema.
func TestJUnit(t *testing.T) {
	checkCases(t, ".junit.xml", findingsJUnit, func(name string, text []byte) {
		noCommands(t, name, text)
		var report junitSuites
		if err := xml.Unmarshal(text, &report); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var all junitSuite
		for _, suite := range report.Suites {
			var failures, errors int
			seen := map[string]bool{}
			for _, c := range suite.Cases {
				if seen[c.Name] || c.Class != suite.Name {
					t.Errorf("%s: case %q of %q in %q", name, c.Name, c.Class, suite.Name)
				}
				seen[c.Name] = true
				if c.Failure != nil {
					failures++
				}
				if c.Error != nil {
					errors++
				}
			}
			if len(suite.Cases) == 0 || suite.Tests != len(suite.Cases) || suite.Failures != failures || suite.Errors != errors {
				t.Errorf("%s: numbers of %+v", name, suite)
			}
			all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+failures, all.Errors+errors
		}
		if report.Tests != all.Tests || report.Failures != all.Failures || report.Errors != all.Errors {
			t.Errorf("%s: %d tests, %d failures, %d errors, want %+v", name, report.Tests, report.Failures, report.Errors, all)
		}
	})
}

func junitOf(t *testing.T, findings Findings) junitSuites {
	t.Helper()
	var report junitSuites
	if err := xml.Unmarshal(written(t, findingsJUnit, findings, Options{}), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// A finding that does not make the run fail does not make its case fail, whatever its severity.
func TestJUnitFailsAsTheRunDoes(t *testing.T) {
	file := file("a.yaml", "a: 1\n")
	for fails := range 4 {
		var list []lint.Finding
		for _, severity := range severities() {
			list = append(list, lint.Finding{Rule: string("r-" + severity), Severity: severity, Message: "m", File: file, Span: at(t, file, "", "1"), Deployment: "d"})
		}
		f := findings(&lint.Result{Findings: list, Described: []lint.Described{{File: "a.yaml", Name: "d"}, {File: "a.yaml", Name: "clean"}, {File: "b.yaml", Name: "d"}}})
		for i := range list {
			list[i].Fails = i < fails
		}
		report := junitOf(t, f)
		if report.Tests != 5 || report.Failures != fails || report.Errors != 0 || len(report.Suites) != 2 || report.Suites[1].Tests != 1 {
			t.Errorf("%d tests, %d failures, want %d: %+v", report.Tests, report.Failures, fails, report)
		}
	}
}

// What XML does not allow is replaced, and what a host would execute keeps its value.
func TestJUnitValues(t *testing.T) {
	report := junitOf(t, findings(&lint.Result{Findings: []lint.Finding{{Rule: "r", Severity: lint.Error, Message: "##vso[a.b]c\x00\x1b\n::error::d <&>", Deployment: "d"}}}))
	got := report.Suites[0].Cases[0].Failure.Message
	if want := "##vso[a.b]c\ufffd\ufffd\n::error::d <&>"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(report.Suites[0].Cases[0].Failure.Text, "##vso[a.b]c") {
		t.Errorf("%q", report.Suites[0].Cases[0].Failure.Text)
	}
}
