package main

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const whyFlag = "why"

func (p *program) factsCommand() *cli.Command {
	return &cli.Command{
		Name:      "facts",
		Usage:     "print what was understood of files",
		UsageText: "mlpolicy facts [FLAGS] PATH...",
		Description: `Print what was understood of the deployments in files, as the JSON document that rules see as
their input: mlpolicy facts deploy.yaml | opa eval -I ... works. What no file states is absent.
With --why print, for people, where each fact stands and why it was understood so.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: whyFlag, Usage: "print for people each fact with its place and the evidence", DisableDefaultText: true},
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags()),
		Action: p.facts,
	}
}

func (p *program) facts(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("facts needs a path").seeHelp(c.Command.Name)
	}
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	extraction, unread, err := session.linter.Facts(c.Context, tree{}, files.inputs(c.Context))
	if err == nil {
		err = c.Context.Err()
	}
	if err != nil {
		return err
	}
	if c.Bool(whyFlag) {
		err = p.print(evidence(extraction))
	} else {
		err = p.json(extraction.Facts)
	}
	if err != nil {
		return err
	}
	for _, problem := range extraction.Problems {
		p.complain(where(problem.Place, ": ") + problem.Message)
	}
	for _, chart := range files.unrenderedCharts {
		p.complain(chart.path + ": " + chart.reason)
	}
	p.explainUnread(files)
	for _, err := range unread {
		p.complain(err.Error())
	}
	if len(unread) > 0 {
		return errIncomplete
	}
	return nil
}

// evidence writes each fact with its place and why it was understood so.
func evidence(extraction *facts.Extraction) string {
	var text strings.Builder
	heading := func(kind string, name facts.Fact[string], format string, place facts.Place) {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%s %s, %s%s\n", kind, report.Printable(name.Value), format, where(place, "", " at "))
	}
	for _, deployment := range extraction.Deployments {
		heading("deployment", deployment.Name, deployment.Format, deployment.Place)
		factTable(&text, reflect.ValueOf(deployment))
		if hint := deployment.Hint; hint.Known {
			fmt.Fprintf(&text, "  the configured cluster decides against a hint of %s%s: %s\n", hint.Value, where(hint.Place, "", " at "), hint.Place.Why)
		}
		for _, link := range deployment.Links {
			text.WriteString(linkEvidence(link))
		}
	}
	for _, compute := range extraction.Computes {
		heading("compute", compute.Name, compute.Format, compute.Place)
		factTable(&text, reflect.ValueOf(compute))
	}
	completing := false
	for _, document := range extraction.Documents {
		if document.Completes == "" {
			continue
		}
		if !completing {
			if text.Len() > 0 {
				text.WriteByte('\n')
			}
			text.WriteString("documents that are no deployments\n")
			completing = true
		}
		fmt.Fprintf(&text, "  %s%s, completes %s\n", where(facts.Place{Node: document.Root}, ": "), document.Format, document.Completes)
	}
	for _, document := range extraction.Documents {
		if document.Unknown != "" {
			fmt.Fprintf(&text, "%s%s, unknown: %s\n", where(facts.Place{Node: document.Root}, ": "), document.Format, document.Unknown)
		}
	}
	if text.Len() == 0 {
		return "no document of a known format\n"
	}
	return text.String()
}

// linkEvidence says what came of a mention of another document.
func linkEvidence(link facts.Link) string {
	var found []string
	for _, place := range link.Found {
		found = append(found, where(place, ""))
	}
	text := "  refers to " + report.Printable(link.What) + where(link.Place, "", " at ") + ": "
	switch {
	case link.Why == "":
		text += strings.Join(found, ", ")
	case len(found) > 0:
		text += link.Why + ": " + strings.Join(found, ", ")
	default:
		text += link.Why
	}
	return text + "\n"
}

// factTable writes the facts in a value of package facts, one a line.
func factTable(w io.Writer, value reflect.Value) {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	addFacts(tabs, "", value)
	tabs.Flush() // w is a strings.Builder
}

func addFacts(w io.Writer, name string, value reflect.Value) {
	if fact, ok := value.Interface().(interface {
		Stated() (any, bool)
		Origin() facts.Place
	}); ok {
		value, known := fact.Stated()
		place := fact.Origin()
		text := "unknown"
		if known {
			text = report.Printable(fmt.Sprint(value))
		}
		if known || place.Why != "" {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", name, text,
				strings.TrimSpace(where(place, "")+"  "+report.Printable(place.Why)))
			for _, related := range place.Related {
				fmt.Fprintf(w, "  \t\t%s\n", strings.TrimSpace(where(related, "")+"  "+report.Printable(related.Why)))
			}
		}
		return
	}
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			addFacts(w, name, value.Elem())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Type().Field(i)
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.IsExported() && key != "-" && key != "format" {
				addFacts(w, strings.TrimPrefix(name+"."+key, "."), value.Field(i))
			}
		}
	case reflect.Slice:
		for i := range value.Len() {
			addFacts(w, name+"["+strconv.Itoa(i)+"]", value.Index(i))
		}
	case reflect.Map:
		keys := slices.Sorted(maps.Keys(value.Interface().(map[string]facts.Fact[string])))
		for _, key := range keys {
			addFacts(w, name+"."+report.Printable(key), value.MapIndex(reflect.ValueOf(key)))
		}
	}
}

// where is file:line:column of a place between before and after, empty where no file says it.
func where(place facts.Place, after string, before ...string) string {
	if place.Node == nil {
		return ""
	}
	start := place.Node.Span().Start
	return strings.Join(before, "") + fmt.Sprintf("%s:%d:%d", report.Printable(place.Node.File().Name), start.Line, start.Column) + after
}
