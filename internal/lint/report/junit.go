package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// JUnit XML, as far as it is written: what Jenkins, GitLab and Azure Pipelines have in common.
type (
	junitSuites struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr,omitempty"`
		Cases    []*junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		Error   *junitFault `xml:"error"`
		Failure *junitFault `xml:"failure"`
		Skipped *junitSkip  `xml:"skipped"`
		Output  string      `xml:"system-out,omitempty"`

		findings []reported
	}
	junitSkip struct {
		Message string `xml:"message,attr"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// junitRun is the suite of what is not in a file.
const junitRun = "mlpolicy"

// findingsJUnit writes a suite for each file with deployments: a case for each rule that reports about a deployment,
// which fails if the finding makes the run fail, and a passing case for each deployment without findings. A deployment
// whose findings are left out is a skipped case. What could not be read or evaluated is an error.
func findingsJUnit(w io.Writer, findings Findings, _ Options) error {
	report := &junitReport{suites: map[string]*junitSuite{}, cases: map[junitKey]*junitCase{}, numbers: map[junitKey]int{}, named: map[[2]string]int{}}
	for i, err := range findings.Incomplete {
		report.suite(junitRun).add(&junitCase{Name: "input " + strconv.Itoa(i+1), Error: &junitFault{Message: xmlText(err.Error()), Type: "incomplete"}})
	}
	for _, described := range findings.Described { // numbers are by these, so that they do not depend on findings
		report.number(findings.PathOf(described.File), described)
	}
	withFindings := map[lint.Described]bool{}
	for _, each := range findings.reported() {
		withFindings[each.Described()] = true
		report.add(each)
	}
	leftOut := map[lint.Described]bool{}
	for i := range findings.Unchanged {
		leftOut[findings.Unchanged[i].Described()] = true
	}
	for _, described := range findings.Described {
		if !withFindings[described] && !withFindings[described.Named()] {
			suite := findings.PathOf(described.File)
			c := &junitCase{Name: xmlText(report.title(suite, described))}
			if leftOut[described] || leftOut[described.Named()] {
				c.Skipped = &junitSkip{"findings in unchanged files"}
			}
			report.suite(suite).add(c)
		}
	}
	document, err := xml.MarshalIndent(report.done(), "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(xmlInert(append([]byte(xml.Header), append(document, '\n')...)))
	return err
}

// junitReport collects suites in the order in which they are first asked for, which is that of the files.
type junitReport struct {
	suites map[string]*junitSuite
	names  []string
	cases  map[junitKey]*junitCase

	numbers map[junitKey]int  // from 1
	named   map[[2]string]int // deployments by suite and name
}

// junitKey identifies a case: the findings of a rule about a deployment in a file.
type junitKey struct {
	suite string
	lint.Described
	rule string
}

// number returns the number of a deployment among those with the same name in a suite.
func (r *junitReport) number(suite string, d lint.Described) int {
	key, name := junitKey{suite: suite, Described: d}, [2]string{suite, d.Name}
	if r.numbers[key] == 0 {
		r.named[name]++
		r.numbers[key] = r.named[name]
	}
	return r.numbers[key]
}

// title returns the name of a deployment, with its number from the second one of the name on: hosts merge cases of one
// name.
func (r *junitReport) title(suite string, d lint.Described) string {
	if d == d.Named() {
		return d.Name
	}
	if n := r.number(suite, d); n > 1 {
		return fmt.Sprintf("%s (%d)", d.Name, n)
	}
	return d.Name
}

func (r *junitReport) suite(name string) *junitSuite {
	if r.suites[name] == nil {
		r.suites[name] = &junitSuite{Name: xmlText(name)}
		r.names = append(r.names, name)
	}
	return r.suites[name]
}

func (s *junitSuite) add(c *junitCase) {
	c.Class = s.Name
	s.Cases = append(s.Cases, c)
}

// add adds a finding to the case of its deployment and rule.
func (r *junitReport) add(each reported) {
	name := each.path
	if name == "" {
		name = junitRun
	}
	described := each.Described()
	key := junitKey{name, described, each.Rule}
	if r.cases[key] == nil {
		title := each.Rule
		if described.Name != "" {
			title = r.title(name, described) + ": " + each.Rule
		}
		r.cases[key] = &junitCase{Name: xmlText(title)}
		r.suite(name).add(r.cases[key])
	}
	r.cases[key].findings = append(r.cases[key].findings, each)
}

// done returns the report with the outcome of each case and the numbers of all. Suites are sorted by file.
func (r *junitReport) done() junitSuites {
	all := junitSuites{Name: "mlpolicy"}
	slices.Sort(r.names)
	for _, name := range r.names {
		suite := r.suites[name]
		for _, c := range suite.Cases {
			c.conclude()
			suite.Tests++
			if c.Error != nil {
				suite.Errors++
			}
			if c.Failure != nil {
				suite.Failures++
			}
			if c.Skipped != nil {
				suite.Skipped++
			}
		}
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	return all
}

func (c *junitCase) conclude() {
	var text []string
	var worst *reported // of those that fail the run
	for i, each := range c.findings {
		if each.Fails && (worst == nil || rank(each.Severity) < rank(worst.Severity)) {
			worst = &c.findings[i]
		}
		text = append(text, each.line())
	}
	if worst == nil {
		c.Output = xmlText(strings.Join(text, "\n"))
		return
	}
	c.Failure = &junitFault{xmlText(worst.Message), string(worst.Severity), xmlText(strings.Join(text, "\n"))}
}

// xmlText replaces what XML 1.0 does not allow, and what would control a terminal, by U+FFFD. Ends of lines stay.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || shows(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

// xmlInert escapes what a CI host would execute by references, so that a document keeps its values.
func xmlInert(document []byte) []byte {
	var escaped bytes.Buffer
	done := 0
	for _, at := range commandsIn(document) {
		escaped.Write(document[done:at])
		fmt.Fprintf(&escaped, "&#%d;", document[at])
		done = at + 1
	}
	escaped.Write(document[done:])
	return escaped.Bytes()
}
