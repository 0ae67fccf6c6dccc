package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// placementsText writes where deployments could run: for each the known facts and a table of options.
func placementsText(w io.Writer, placements *lint.Placements, options Options) error {
	buffered := bufio.NewWriter(w)
	t := &placementText{text: text{w: buffered, width: options.width(), editions: len(placements.Editions) > 1}}
	if options.Color {
		t.style = ansi
	}
	for i := range placements.Deployments {
		t.placement(&placements.Deployments[i])
	}
	t.line(Printable(placementsSummary(placements)))
	if slices.ContainsFunc(placements.Deployments, func(p whatif.Placement) bool { return len(p.Options) > 0 }) {
		t.wrapped("", "", placementsLegend)
	}
	return buffered.Flush()
}

const placementsLegend = currentMark + " marks the current target. An unknown fact may still rule out any target, " +
	"or only those in parentheses."

// currentMark is one cell wide.
const currentMark = "→"

// placementsSummary returns the number of deployments and files, and of what could not be evaluated.
func placementsSummary(placements *lint.Placements) string {
	files := count(placements.Files, "file", "files")
	switch n := len(placements.Deployments); {
	case n > 0:
		summary := fmt.Sprintf("%s (%s, %s)", count(n, "deployment", "deployments"), files, editions(placements.Editions))
		return strings.TrimSuffix(summary+"; "+unevaluated(placements.Errors), "; ")
	case len(placements.Errors) > 0:
		return none("no deployments", placements.Errors)
	}
	return "no deployments in " + files
}

type placementText struct{ text }

// verdict is the style of a verdict: that of the severity which makes it.
func (s style) verdict(verdict whatif.Verdict) string {
	switch verdict {
	case whatif.Allowed:
		return s.allowed
	case whatif.Warned:
		return s.severity(lint.Warning)
	case whatif.Refused:
		return s.severity(lint.Error)
	}
	return s.severity(lint.Note)
}

func (t *placementText) placement(p *whatif.Placement) {
	location := ""
	if node := p.Deployment.Location.Node; node != nil {
		location = locationOf(node.File(), node.Span()) + ": "
	}
	heading := t.style.paint(t.style.location, location+Printable(nameOf(p)))
	if t.editions {
		heading += " (edition " + Printable(p.Edition) + ")"
	}
	t.line(heading)
	const labels = 11 // in cells
	for _, fact := range []struct{ label, text string }{{"known", knownOf(p)}, {"unknown", unknownOf(p)}} {
		if fact.text != "" {
			label := "  " + t.style.paint(t.style.label, fact.label) + strings.Repeat(" ", labels-len(fact.label))
			t.wrapped(label, strings.Repeat(" ", 2+labels), fact.text)
		}
	}
	if remark := remarkOn(p); remark != "" {
		t.wrapped("  ", "  ", remark)
	}
	t.options(p.Options, p.Edition)
	t.line()
}

// remarkOn explains the options of a deployment that is not known to be inference;
// empty for any other.
func remarkOn(p *whatif.Placement) string {
	switch {
	case len(p.Options) == 0:
		return "The workload is training. The table applies to inference and does not rule out any target."
	case !p.Deployment.Workload.Known:
		return "The workload is unknown and may still rule out allowed targets: declare it."
	}
	return ""
}

// nameOf returns the name of a deployment for headings.
func nameOf(p *whatif.Placement) string {
	name := strings.TrimSpace(p.Deployment.Name.Value + " " + p.Deployment.Component.Value)
	if parameters := p.Deployment.Parameters; parameters.Known {
		name += " (with " + parameters.Value + ")"
	}
	return name
}

// options writes a table: verdict, target and name, and below severity, rule and message.
func (t *placementText) options(options []whatif.Option, edition string) {
	first, second := 0, 0
	for _, option := range options {
		first, second = max(first, len(verdictText(option.Verdict))), max(second, displaywidth.String(Printable(option.Target)))
		for _, violation := range option.Violations {
			first, second = max(first, 2+len(violation.Severity)), max(second, displaywidth.String(Printable(violation.Rule)))
		}
	}
	// begin is four cells wide, or more and counted to the first column.
	row := func(begin, style, one, two, three string) {
		before := begin + t.style.paint(style, one) + strings.Repeat(" ", 4+first-displaywidth.String(begin)-len(one)+2) + two
		indent := strings.Repeat(" ", 4+first+2+second+2)
		if t.width-len(indent) < minMessage {
			t.line(before)
			below := strings.Repeat(" ", 6)
			t.wrapped(below, below, three)
			return
		}
		t.wrapped(before+strings.Repeat(" ", second-displaywidth.String(two)+2), indent, three)
	}
	for _, option := range options {
		begin := "    "
		if option.Current {
			begin = "  " + currentMark + " "
		}
		row(begin, t.style.verdict(option.Verdict), verdictText(option.Verdict), Printable(option.Target), optionName(option, edition))
		for _, violation := range option.Violations {
			row("      ", t.style.severity(violation.Severity), string(violation.Severity), Printable(violation.Rule), violation.Message)
		}
	}
}

// minMessage is in cells: a narrower column of messages is written below its target.
const minMessage = 40

// wrapped writes text in lines of the width, the first one after before, the others
// after indent.
func (t *placementText) wrapped(before, indent, text string) {
	room := max(t.width-displaywidth.String(indent), minExcerpt)
	for i, line := range wrap(Printable(text), room) {
		if i > 0 {
			before = indent
		}
		t.line(strings.TrimRight(before+line, " "))
	}
}

// wrap breaks text between words into lines of at most width cells, if words allow.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		cells := displaywidth.String(word)
		switch {
		case line == "":
			line, used = word, cells
		case used+1+cells > width:
			lines = append(lines, line)
			line, used = word, cells
		default:
			line, used = line+" "+word, used+1+cells
		}
	}
	return append(lines, line)
}

// verdictText returns a verdict in words.
func verdictText(verdict whatif.Verdict) string {
	switch verdict {
	case whatif.Warned:
		return "with warnings"
	case whatif.Unlisted:
		return "not listed"
	case whatif.Unjudged:
		return "not evaluated"
	}
	return string(verdict)
}

// optionName returns the name of an option's row, with the other targets of that row.
func optionName(option whatif.Option, edition string) string {
	switch {
	case option.Name == "":
		return "edition " + edition + " does not list it"
	case len(option.For) == 1 && option.For[0] == option.Target:
		return option.Name
	}
	return option.Name + " (" + strings.Join(option.For, ", ") + ")"
}

// knownOf lists the known facts of a deployment that are relevant to some target.
func knownOf(p *whatif.Placement) string {
	d := p.Deployment
	var known []string
	add := func(is bool, text string) {
		if is {
			known = append(known, text)
		}
	}
	add(d.Workload.Known, string(d.Workload.Value))
	add(d.Stage.Known, "in "+string(d.Stage.Value))
	add(d.Designer.Value, "made by the designer")
	add(d.GPUs.Known, devices(d.GPUs, "GPU"))
	add(d.FPGAs.Known, devices(d.FPGAs, "FPGA"))
	memory := decimals(d.MemoryGiB.Value) + " GiB of memory"
	switch {
	case d.MemoryGiB.AtLeast:
		memory = "at least " + memory
	case d.MemoryGiB.OfMachine:
		memory += " on its machine"
	}
	add(d.MemoryGiB.Known, memory)
	for _, model := range d.Models {
		add(model.SizeBytes.Known, "a model of "+size(model.SizeBytes.Value))
	}
	add(d.Delivery.Known, "delivered by "+d.Delivery.Value)
	for _, target := range d.MayRunOn {
		add(true, "may run on "+string(target.Value))
	}
	if len(known) == 0 {
		return "nothing relevant"
	}
	return strings.Join(known, ", ")
}

// relevantFact is a fact whose value may rule out a target.
type relevantFact struct {
	path   string // in whatif.Option.Unknown
	phrase string
}

func relevantFacts() []relevantFact {
	var relevant []relevantFact
	for _, field := range facts.DeploymentFields() {
		if field.Phrase != "" {
			relevant = append(relevant, relevantFact{field.Name, field.Phrase})
		}
	}
	for _, field := range facts.ModelFields() {
		if field.Phrase != "" {
			relevant = append(relevant, relevantFact{"models." + field.Name, field.Phrase})
		}
	}
	return relevant
}

// unknownOf lists the unknown facts that are relevant, and the targets if not all
// that do not refuse the deployment.
func unknownOf(p *whatif.Placement) string {
	var unknown []string
	if !p.Deployment.Target.Known && len(p.Options) > 0 {
		unknown = append(unknown, "target")
	}
	for _, fact := range relevantFacts() {
		var on, off []string
		for _, option := range p.Options {
			switch {
			case slices.Contains(option.Unknown, fact.path):
				on = append(on, option.Target)
			case option.Verdict != whatif.Refused && option.Verdict != whatif.Unjudged:
				off = append(off, option.Target)
			}
		}
		switch {
		case len(on) == 0:
		case len(off) == 0:
			unknown = append(unknown, fact.phrase)
		case len(off) < len(on):
			unknown = append(unknown, fact.phrase+" (all but "+strings.Join(off, ", ")+")")
		default:
			unknown = append(unknown, fact.phrase+" ("+strings.Join(on, ", ")+")")
		}
	}
	return strings.Join(unknown, ", ")
}

func devices(number facts.Fact[int64], device string) string {
	if number.Value == 0 {
		return "no " + device
	}
	text := count(int(number.Value), device, device+"s")
	if number.AtLeast {
		return "at least " + text
	}
	return text
}

// decimals returns a number with at most two decimals, truncated, so that it stays below a limit.
func decimals(number float64) string {
	return strconv.FormatFloat(math.Floor(number*100)/100, 'f', -1, 64)
}

// size is a number of bytes in the largest unit that it fills.
func size(bytes int64) string {
	for _, unit := range []struct {
		name  string
		bytes float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}} {
		if float64(bytes) >= unit.bytes {
			return decimals(float64(bytes)/unit.bytes) + " " + unit.name
		}
	}
	return count(int(bytes), "byte", "bytes")
}
