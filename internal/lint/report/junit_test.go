package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

func TestJUnit(t *testing.T) {
	schema := readXSD(t, schemaFile(t, "junit.xsd"))
	checkCases(t, ".junit.xml", findingsJUnit, func(name string, text []byte) {
		schema.validate(t, name, text)
		noCommands(t, name, text)
	})
}

// xsd is what a schema of the form of junit.xsd allows: elements by name.
type xsd map[string]xsdElement

type xsdElement struct {
	children   []string
	attributes map[string]xsdAttribute
	text       bool
}

type xsdAttribute struct{ required, number bool }

func readXSD(t *testing.T, text []byte) xsd {
	t.Helper()
	type attribute struct {
		Name string `xml:"name,attr"`
		Type string `xml:"type,attr"`
		Use  string `xml:"use,attr"`
	}
	type reference struct {
		Ref string `xml:"ref,attr"`
	}
	var document struct {
		Elements []struct {
			Name    string `xml:"name,attr"`
			Type    string `xml:"type,attr"`
			Complex struct {
				Mixed      bool        `xml:"mixed,attr"`
				Sequence   []reference `xml:"sequence>element"`
				Choice     []reference `xml:"choice>element"`
				Attributes []attribute `xml:"attribute"`
			} `xml:"complexType"`
		} `xml:"element"`
	}
	if err := xml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	schema := xsd{}
	for _, e := range document.Elements {
		element := xsdElement{attributes: map[string]xsdAttribute{}, text: e.Type == "xs:string" || e.Complex.Mixed}
		for _, child := range slices.Concat(e.Complex.Sequence, e.Complex.Choice) {
			element.children = append(element.children, child.Ref)
		}
		for _, a := range e.Complex.Attributes {
			element.attributes[a.Name] = xsdAttribute{a.Use == "required", a.Type == "xs:nonNegativeInteger"}
		}
		schema[e.Name] = element
	}
	if len(schema) != 6 || len(schema["testsuite"].attributes) != 4 || len(schema["testcase"].children) != 3 {
		t.Fatalf("%+v", schema)
	}
	return schema
}

func (x xsd) validate(t *testing.T, name string, text []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(text))
	allowed := []string{"testsuites"}
	var open []string
	elements := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements++
			if !slices.Contains(allowed, token.Name.Local) {
				t.Errorf("%s: %s in %v", name, token.Name.Local, open)
			}
			element, seen := x[token.Name.Local], map[string]bool{}
			for _, attribute := range token.Attr {
				definition, known := element.attributes[attribute.Name.Local]
				if number, err := strconv.Atoi(attribute.Value); !known || definition.number && (err != nil || number < 0) {
					t.Errorf("%s: %s of %s is %q", name, attribute.Name.Local, token.Name.Local, attribute.Value)
				}
				seen[attribute.Name.Local] = true
			}
			for attribute, definition := range element.attributes {
				if definition.required && !seen[attribute] {
					t.Errorf("%s: %s has no %s", name, token.Name.Local, attribute)
				}
			}
			open, allowed = append(open, token.Name.Local), element.children
		case xml.EndElement:
			open = open[:len(open)-1]
			allowed = nil
			if len(open) > 0 {
				allowed = x[open[len(open)-1]].children
			}
		case xml.CharData:
			if len(open) > 0 && !x[open[len(open)-1]].text && len(bytes.TrimSpace(token)) > 0 {
				t.Errorf("%s: text in %v: %q", name, open, token)
			}
		}
	}
	if elements == 0 {
		t.Errorf("%s is empty", name)
	}
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
