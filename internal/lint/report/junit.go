package report

import (
	"bytes"
	"cmp"
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
		Cases    []*junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		Error   *junitFault `xml:"error"`
		Failure *junitFault `xml:"failure"`
		Output  string      `xml:"system-out,omitempty"`

		findings []reported
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
// which fails if the finding makes the run fail, and a passing case for each deployment without findings. What could not
// be read or evaluated is an error.
func findingsJUnit(w io.Writer, findings Findings, _ Options) error {
	report := &junitReport{suites: map[string]*junitSuite{}, cases: map[[3]string]*junitCase{}}
	for i, err := range findings.Incomplete {
		report.suite(junitRun).add(&junitCase{Name: "input " + strconv.Itoa(i+1), Error: &junitFault{Message: xmlText(err.Error()), Type: "incomplete"}})
	}
	reporting := map[lint.Described]bool{}
	for _, each := range findings.reported() {
		if file := cmp.Or(each.DescribedIn(), each.File); file != nil {
			reporting[lint.Described{File: file.Name, Name: each.Deployment}] = true
		}
		report.add(each)
	}
	for _, described := range findings.Described {
		if !reporting[described] {
			report.suite(findings.PathOf(described.File)).add(&junitCase{Name: xmlText(described.Name)})
		}
	}
	document, err := xml.MarshalIndent(report.done(findings), "", "  ")
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
	cases  map[[3]string]*junitCase // by file, deployment and rule
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
	key := [3]string{name, each.Deployment, each.Rule}
	if r.cases[key] == nil {
		title := each.Rule
		if each.Deployment != "" {
			title = each.Deployment + ": " + each.Rule
		}
		r.cases[key] = &junitCase{Name: xmlText(title)}
		r.suite(name).add(r.cases[key])
	}
	r.cases[key].findings = append(r.cases[key].findings, each)
}

// done returns the report with the outcome of each case and the numbers of all. Suites are sorted by file.
func (r *junitReport) done(findings Findings) junitSuites {
	all := junitSuites{Name: "mlpolicy"}
	slices.Sort(r.names)
	for _, name := range r.names {
		suite := r.suites[name]
		for _, c := range suite.Cases {
			c.conclude(findings)
			suite.Tests++
			if c.Error != nil {
				suite.Errors++
			}
			if c.Failure != nil {
				suite.Failures++
			}
		}
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	return all
}

func (c *junitCase) conclude(findings Findings) {
	var text []string
	var worst *reported
	for i, each := range c.findings {
		if worst == nil || rank(each.Severity) < rank(worst.Severity) {
			worst = &c.findings[i]
		}
		text = append(text, strings.TrimPrefix(each.place()+": ", ": ")+string(each.Severity)+": "+each.sentences())
	}
	switch {
	case worst == nil:
	case findings.fails(worst.Severity):
		c.Failure = &junitFault{xmlText(worst.Message), string(worst.Severity), xmlText(strings.Join(text, "\n"))}
	default:
		c.Output = xmlText(strings.Join(text, "\n"))
	}
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
