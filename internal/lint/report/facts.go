package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Facts are the facts of files.
type Facts struct {
	*extract.Extraction
	// Incomplete has the reasons why facts may be missing.
	Incomplete []error
}

// factsJSON writes the document that rules see as their input.
func factsJSON(w io.Writer, read Facts, _ Options) error {
	return EncodeJSON(w, read.Extraction.Facts)
}

// factsText writes each fact with its location and the reason why it was read so.
func factsText(w io.Writer, read Facts, _ Options) error {
	extraction := read.Extraction
	var text strings.Builder
	begin := func() {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
	}
	for _, deployment := range extraction.Deployments {
		begin()
		factsHeading(&text, "deployment", deployment.Name, deployment.Format, deployment.Location)
		factTable(&text, facts.DeploymentFields(), deployment)
		if hint := deployment.Hint; hint.Known {
			fmt.Fprintf(&text, "  the configured cluster overrides a hint of %s%s: %s\n", hint.Value, before(" at ", Location(hint.Location)), hint.Location.Why)
		}
		for _, link := range deployment.Links {
			linkText(&text, link)
		}
	}
	for _, compute := range extraction.Computes {
		begin()
		factsHeading(&text, "compute", compute.Name, compute.Format, compute.Location)
		factTable(&text, facts.ComputeFields(), compute)
	}
	completing := false
	for _, document := range extraction.Documents {
		if document.Completes == "" {
			continue
		}
		if !completing {
			begin()
			text.WriteString("documents without deployments\n")
			completing = true
		}
		fmt.Fprintf(&text, "  %s%s, completes %s\n", documentLocation(document), document.Format, document.Completes)
	}
	for _, document := range extraction.Documents {
		if document.Unknown != "" {
			fmt.Fprintf(&text, "%s%s, unknown: %s\n", documentLocation(document), document.Format, document.Unknown)
		}
	}
	switch {
	case text.Len() > 0:
		text.WriteString(paragraph(unevaluated(read.Incomplete)))
	case len(extraction.Documents) > 0:
		text.WriteString(none("no facts in the documents of known formats", read.Incomplete) + "\n")
	default:
		text.WriteString(none("no documents of a known format", read.Incomplete) + "\n")
	}
	return writeLines(w, text.String())
}

func factsHeading(w io.Writer, kind string, name facts.Fact[string], format string, location facts.Location) {
	fmt.Fprintf(w, "%s %s, %s%s\n", kind, Printable(name.Value), format, before(" at ", Location(location)))
}

// linkText writes the result of a reference to another document.
func linkText(w io.Writer, link facts.Link) {
	var found []string
	for _, location := range link.Found {
		at := Location(location)
		if location.Why != "" {
			at += " (" + Printable(location.Why) + ")"
		}
		found = append(found, at)
	}
	result := strings.Join(found, ", ")
	switch {
	case link.Why != "" && len(found) > 0:
		result = link.Why + ": " + result
	case link.Why != "":
		result = link.Why
	}
	fmt.Fprintf(w, "  refers to %s%s: %s\n", Printable(link.What), before(" at ", Location(link.Location)), result)
}

// factTable writes the facts of a deployment or a compute, one a line.
func factTable[T any](w io.Writer, fields []facts.Field[T], of *T) {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	eachFact("", fields, of, func(path string, fact facts.AnyFact) { factRow(tabs, path, fact) })
	tabs.Flush() // w is a strings.Builder
}

// factRow writes a fact, unless it is unknown for no particular reason.
func factRow(w io.Writer, path string, fact facts.AnyFact) {
	value, known := fact.Any()
	location := fact.Origin()
	text := "unknown"
	switch {
	case known:
		text = Printable(fmt.Sprint(value))
	case location.Why == "":
		return
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\n", path, text, reason(location))
	for _, related := range location.Related {
		fmt.Fprintf(w, "  \t\t%s\n", reason(related))
	}
}

func reason(location facts.Location) string {
	return strings.TrimSpace(Location(location) + "  " + Printable(location.Why))
}

// eachFact visits the facts of an object and of the objects in it, each with its path.
func eachFact[T any](within string, fields []facts.Field[T], of *T, visit func(path string, fact facts.AnyFact)) {
	for i := range fields {
		field := &fields[i]
		path := strings.TrimPrefix(within+"."+field.Name, ".")
		if field.Fact != nil {
			visit(path, field.Fact(of))
			continue
		}
		switch inner := field.Inner(of).(type) {
		case []facts.Fact[string]:
			eachItem(path, inner, visit)
		case []facts.Fact[facts.Target]:
			eachItem(path, inner, visit)
		case map[string]facts.Fact[string]:
			for _, key := range slices.Sorted(maps.Keys(inner)) {
				value := inner[key]
				visit(path+"."+Printable(key), &value)
			}
		case []*facts.Model:
			for i, model := range inner {
				eachFact(item(path, i), facts.ModelFields(), model, visit)
			}
		case *facts.Compute:
			if inner != nil {
				eachFact(path, facts.ComputeFields(), inner, visit)
			}
		case string: // the format, which the heading has
		default:
			panic(fmt.Sprintf("%s is a %T, which cannot be written", path, inner))
		}
	}
}

func eachItem[T any](path string, list []facts.Fact[T], visit func(path string, fact facts.AnyFact)) {
	for i := range list {
		visit(item(path, i), &list[i])
	}
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// Location returns file:line:column of a location, empty if it is not in a file.
func Location(location facts.Location) string {
	if location.Node == nil {
		return ""
	}
	return locationOf(location.Node.File(), location.Node.Span())
}

func documentLocation(document extract.Document) string {
	return Location(facts.Location{Node: document.Root}) + ": "
}

// before returns a text after a prefix, and an empty text as it is.
func before(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
