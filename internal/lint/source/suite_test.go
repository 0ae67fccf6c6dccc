//go:build suite

package source

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
)

var casesFile = flag.String("cases", "", "JSON file with the cases of the YAML test suite, which .ci/yaml-suite writes")

// How a case that is read differs from the suite.
const (
	accepted = "accepted, but not YAML 1.2"
	other    = "another value"
)

// deviations are those of the YAML library, which reads YAML 1.1, and of Node.Value, which is the value for Kubernetes.
var deviations = map[string]string{
	"565N":   other,    // !!binary is decoded
	"652Z":   other,    // a question mark before a key in flow
	"9C9N":   accepted, // lines in flow that are not indented
	"9HCY":   accepted, // a directive behind a document without ...
	"9JBA":   accepted, // # right behind a bracket
	"C4HZ":   other,    // the suite has the hexadecimal number as a string
	"CVW2":   accepted, // # right behind a comma
	"DK95-1": accepted, // a tab in a line of a quoted scalar
	"EB22":   accepted, // a directive behind a document without ...
	"G5U8":   accepted, // a dash as a value in flow
	"HM87-1": other,    // a question mark before a value in flow
	"HRE5":   accepted, // the escape \'
	"L24T-1": other,    // blanks without a line break at the end of a block scalar
	"MUS6-0": accepted, // a directive and # without a blank between
	"MUS6-1": accepted, // a directive behind an empty document
	"QB6E":   accepted, // lines of a quoted scalar that are not indented
	"RHX7":   accepted, // a directive behind a document without ...
	"S98Z":   accepted, // blank lines before a block scalar that are more indented
	"SU5Z":   accepted, // # right behind a quote
	"U99R":   accepted, // a comma in a tag
	"X4QW":   accepted, // # right behind the indicator of a block scalar
	"Y2GN":   other,    // a colon in an anchor
	"Y79Y-3": accepted, // a tab before a value in flow
	"YJV2":   accepted, // a dash as a value in flow
}

// TestYAMLSuite reads each case of the public YAML test suite by the reader of plain YAML and by the library, and compares
// the values with those of the suite.
func TestYAMLSuite(t *testing.T) {
	data, err := os.ReadFile(*casesFile)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		ID   string
		YAML string
		JSON *string
		Fail bool
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("%d cases", len(cases))
	}
	plain, read := 0, map[string]bool{}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			text := []byte(c.YAML)
			read[c.ID] = true
			checkPlain(t, text)
			if takesAll(c.YAML) {
				plain++
			}
			file := Parse("f.yaml", text)
			if len(file.Problems) > 0 {
				return
			}
			deviates := ""
			if c.Fail {
				deviates = accepted
			} else if c.JSON != nil {
				if got, want := valuesOf(file), valuesIn(t, *c.JSON); !reflect.DeepEqual(got, want) {
					deviates = other
					t.Logf("%q:\n got %#v\nwant %#v", c.YAML, got, want)
				}
			}
			if deviates != deviations[c.ID] {
				t.Errorf("%q, want %q", deviates, deviations[c.ID])
			}
		})
	}
	for id := range deviations {
		if !read[id] {
			t.Errorf("%s is no case", id)
		}
	}
	if plain < 50 {
		t.Errorf("%d cases are plain YAML", plain)
	}
}

// valuesOf returns the values of documents that are not null: File has none for an empty document.
func valuesOf(file *File) (values []any) {
	for _, document := range file.Documents {
		if value := document.Root.Value(); value != nil {
			values = append(values, value)
		}
	}
	return values
}

func valuesIn(t *testing.T, text string) (values []any) {
	decoder := json.NewDecoder(strings.NewReader(text))
	for {
		var value any
		if err := decoder.Decode(&value); errors.Is(err, io.EOF) {
			return values
		} else if err != nil {
			t.Fatal(err)
		}
		if value != nil {
			values = append(values, value)
		}
	}
}
