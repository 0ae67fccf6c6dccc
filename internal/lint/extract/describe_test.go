package extract

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// extract reads files given as name and content in turn.
func extract(t *testing.T, fsys fs.FS, options Options, files ...string) *Extraction {
	t.Helper()
	var parsed []*source.File
	for i := 0; i < len(files); i += 2 {
		file := parseAs(files[i], []byte(files[i+1]))
		for _, problem := range file.Problems {
			t.Fatalf("%s:%d: %s", file.Name, problem.Span.Start.Line, problem.Message)
		}
		parsed = append(parsed, file)
	}
	extraction, err := Extract(context.Background(), fsys, parsed, options)
	if err != nil {
		t.Fatal(err)
	}
	return extraction
}

// parseAs reads a file in the language of its name.
func parseAs(name string, data []byte) *source.File {
	if file, ok := language.NewReaders(nil).Read(name, data); ok {
		return file
	}
	return source.Parse(name, data)
}

// only returns the one deployment of an extraction.
func only(t *testing.T, extraction *Extraction) *facts.Deployment {
	t.Helper()
	if len(extraction.Deployments) != 1 {
		t.Fatalf("%d deployments, want 1:\n%s", len(extraction.Deployments), describe(extraction))
	}
	return extraction.Deployments[0]
}

// equal compares texts and shows both.
func equal(t *testing.T, got, want string) {
	t.Helper()
	if got := strings.TrimSpace(got); got != strings.TrimSpace(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.TrimSpace(want))
	}
}

// describe writes every document, every known fact with its location, and every
// problem, one line each.
func describe(e *Extraction) string {
	var b strings.Builder
	for _, document := range e.Documents {
		fmt.Fprintf(&b, "document %s", document.Format)
		if document.Completes != "" {
			fmt.Fprintf(&b, ", completes %s", document.Completes)
		}
		fmt.Fprintf(&b, " @ %s\n", at(document.Root))
	}
	for _, d := range e.Deployments {
		fmt.Fprintf(&b, "deployment %s %s%s @ %s\n", d.Name.Value, d.Format, selected(d.Subject), at(d.Location.Node))
		describeFacts(&b, "  ", reflect.ValueOf(d).Elem())
	}
	for _, c := range e.Computes {
		fmt.Fprintf(&b, "compute %s %s%s @ %s\n", c.Name.Value, c.Format, selected(c.Subject), at(c.Location.Node))
		describeFacts(&b, "  ", reflect.ValueOf(c).Elem())
	}
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "problem %s %s: %s%s\n  %s\n", p.Severity, p.Rule, p.Message, location(p.Location), p.Remedy)
	}
	return b.String()
}

func selected(s facts.Subject) string {
	if s.Kind == "" {
		return ""
	}
	return fmt.Sprintf(" (%s %s/%s)", s.Kind, s.Namespace, s.Name)
}

func describeFacts(b *strings.Builder, indent string, object reflect.Value) {
	for i := range object.NumField() {
		field := object.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if links, ok := object.Field(i).Interface().([]facts.Link); ok {
			describeLinks(b, indent, links)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			name = "(" + strings.ToLower(field.Name) + ")"
		}
		describeFact(b, indent, name, object.Field(i))
	}
}

func describeLinks(b *strings.Builder, indent string, links []facts.Link) {
	for _, link := range links {
		fmt.Fprintf(b, "%slink %s%s", indent, link.What, location(link.Location))
		for _, found := range link.Found {
			fmt.Fprintf(b, " ->%s", location(found))
		}
		if link.Why != "" {
			fmt.Fprintf(b, ": %s", link.Why)
		}
		b.WriteByte('\n')
	}
}

func describeFact(b *strings.Builder, indent, name string, value reflect.Value) {
	switch {
	case value.Type() == reflect.TypeFor[facts.Location](), value.Type() == reflect.TypeFor[facts.Subject](), value.Kind() == reflect.Bool, name == "format":
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			describeFact(b, indent, fmt.Sprintf("%s[%d]", name, i), value.Index(i))
		}
	case value.Kind() == reflect.Map:
		for _, key := range sortedKeys(value) {
			describeFact(b, indent, name+"."+key.String(), value.MapIndex(key))
		}
	case value.Kind() == reflect.Pointer:
		if !value.IsNil() {
			fmt.Fprintf(b, "%s%s\n", indent, name)
			describeFacts(b, indent+"  ", value.Elem())
		}
	default:
		fact := value.Interface().(interface {
			Any() (any, bool)
			Origin() facts.Location
		})
		if stated, known := fact.Any(); known {
			text, _ := json.Marshal(stated)
			fmt.Fprintf(b, "%s%s: %s%s\n", indent, name, text, location(fact.Origin()))
		}
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	for i := range keys {
		for j := i; j > 0 && keys[j].String() < keys[j-1].String(); j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

func location(p facts.Location) string {
	text := " @ " + at(p.Node)
	if p.Node != nil && p.Node.Path() != "" {
		text += " " + p.Node.Path()
	}
	if p.Why != "" {
		text += " (" + p.Why + ")"
	}
	for _, related := range p.Related {
		text += " +" + location(related)
	}
	return text
}

func at(n *source.Node) string {
	if n == nil {
		return "nowhere"
	}
	start := n.Span().Start
	position := fmt.Sprintf("%d:%d", start.Line, start.Column)
	if n.File().IsForeign() { // it may include others
		position = path.Base(n.File().Name) + ":" + position
	}
	return position
}
