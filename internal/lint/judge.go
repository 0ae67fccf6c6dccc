package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// judge turns what was found into findings: with the rule's METADATA, the place in
// the user's file, and the severity that the configuration gives.
type judge struct {
	linter   *Linter
	inputs   map[*source.File]bool
	findings []Finding
}

func newJudge(linter *Linter, files []*source.File) *judge {
	j := &judge{linter: linter, inputs: make(map[*source.File]bool, len(files))}
	for _, file := range files {
		j.inputs[file] = true
	}
	return j
}

// unparsed judges text that could not be read.
func (j *judge) unparsed(file *source.File, problem source.Problem) {
	finding := Finding{Rule: facts.SyntaxRule, Severity: Error, Message: problem.Message, File: file, Span: problem.Span, Unjudged: true}
	switch problem.Kind {
	case source.Malformed:
		finding.Remedy = "Correct the syntax; the document is not judged until then."
	case source.Unrendered:
		finding.Severity = Warning
		finding.Remedy = "Render the template first and lint what comes out, for example: helm template . | mlpolicy lint -"
	case source.Excessive:
		finding.Remedy = "Split the file, or keep it out of the run with ignore: in .mlpolicy.yaml."
		if file.Live {
			finding.Remedy = "Split the object."
		}
	case source.Undecodable:
		finding.Remedy = "Save the file as UTF-8."
	}
	j.add(finding)
}

// problem judges a value that could not be understood or contradicts another.
func (j *judge) problem(problem facts.Problem) {
	j.add(j.locate(problem.Place, problem.Place, Finding{
		Rule:       problem.Rule,
		Severity:   problem.Severity,
		Message:    problem.Message,
		Remedy:     problem.Remedy,
		Deployment: problem.Deployment,
		Unjudged:   problem.Unjudged,
		Object:     objectAround(problem.Place.Node),
	}))
}

// denial judges a rule's answer about a deployment or a variant of one, and what it depends on.
// One about what no input describes concerns the run where it stands in an input or rests on one.
func (j *judge) denial(all *facts.Facts, denial policy.Denial, of variant, rests basis) {
	rule, _ := j.linter.policies.Rule(denial.Rule)
	finding := Finding{Rule: rule.ID, Severity: rule.Severity, Message: denial.Message, Remedy: rule.Remediation}
	if rule.GrowsWith == policy.Larger {
		finding.Amount = all.Number(denial.Path)
	}
	place, _ := all.Locate(denial.Path)
	owner, _ := all.Locate(denial.Path[:2])
	// Of the facts that a rule reads, the target is the one that people change.
	if target, ok := all.Locate(append(denial.Path[:2:2], "target")); ok && j.isInput(target) {
		owner = target
	}
	index, _ := denial.Path[1].(int)
	switch denial.Path[0] {
	case "deployments":
		d := all.Deployments[index]
		finding.Deployment, finding.Component, finding.Target = d.Name.Value, d.Component.Value, string(d.Target.Value)
		finding.subject, finding.ofDeployment = index, true
		finding.under(d.Parameters, &place)
		if of.mayRun {
			finding.Possible = j.linter.possible(d.Target.Value)
			instead := remainElsewhere(d.Target.Place)
			if rule.Elsewhere != "" && all.Deployments[of.of].Target.Known {
				finding.Remedy, finding.stays = instead, true
			} else {
				finding.further += " Or " + strings.ToLower(instead[:1]) + instead[1:]
			}
			place.Related = append(slices.Clip(place.Related), d.Target.Place)
		}
		if rests.hinted {
			finding.further += j.correction(d)
		}
		finding.Remedy += finding.further
	case "computes":
		c := all.Computes[index]
		finding.Deployment, finding.Target = c.Name.Value, string(c.Target.Value)
		finding.under(c.Parameters, &place)
	}
	for _, other := range rests.places {
		place.Related = append(slices.Clip(place.Related), because(other, "it rests on this"))
		place.Related = append(place.Related, other.Related...)
	}
	finding = j.locate(place, owner, finding)
	if rests.hinted {
		hint := all.Deployments[index].Hint.Place
		finding.Related = append(finding.Related, Related{File: hint.Node.File(), Span: hint.Node.Span(), Message: hint.Why})
	}
	described, _ := all.Locate(denial.Path[:2])
	finding.Object = objectAround(described.Node)
	if described.Node != nil && !j.isInput(described) && !j.inputs[finding.File] {
		return
	}
	j.add(finding)
}

// remainElsewhere is the remedy for a deployment that may run on a target by what stands at a place
// and has another target already: it names no target.
func remainElsewhere(may facts.Place) string {
	if metadata := may.Node.Parent(); metadata != nil && metadata.Parent() != nil && metadata.Parent().Get("annotations") == metadata {
		path := may.Node.Path()
		return "Remove " + path[strings.LastIndex(path, "annotations"):] + ", or require a node that is not virtual."
	}
	return "Remove the scheduling terms that let it run there, or require a node that is not virtual."
}

// under names the parameters file with which a finding at a place is made, if others make
// another deployment of the same template.
func (f *Finding) under(parameters facts.Fact[string], place *facts.Place) {
	if !parameters.Known {
		return
	}
	f.Parameters = parameters.Place.Node.File().Name
	f.Message += " (with " + parameters.Value + ")"
	if file := parameters.Place; place.Node == nil || place.Node.File() != file.Node.File() {
		place.Related = append(slices.Clip(place.Related), file)
	}
}

// objectAround returns the object that a node is in, or is, nil for what is in none.
func objectAround(node *source.Node) *Object {
	for ; node != nil; node = node.Parent() {
		metadata := node.Get("metadata")
		if metadata == nil || metadata.Kind != source.Mapping {
			continue
		}
		if kind := kindOf(node); kind != "" {
			namespace, _ := metadata.Get("namespace").Scalar()
			name, _ := metadata.Get("name").Scalar()
			return &Object{Kind: kind, Namespace: namespace, Name: name}
		}
	}
	return nil
}

// kindOf returns the kind of a Kubernetes object, empty for what is not one. An item of a typed list,
// such as a PodList, may leave it to the list.
func kindOf(node *source.Node) string {
	if kind, ok := node.Get("kind").Scalar(); ok && node.Has("apiVersion") {
		return kind
	}
	if items := node.Parent(); items != nil && items.Parent() != nil && items.Parent().Get("items") == items {
		kind, _ := items.Parent().Get("kind").Scalar()
		if kind, typed := strings.CutSuffix(kind, "List"); typed {
			return kind
		}
	}
	return ""
}

// correction is how to say that a hint of a deployment is right and the configured cluster is not.
func (j *judge) correction(d *facts.Deployment) string {
	selector := fmt.Sprintf("names: [%s]", inYAML(d.Subject.Name))
	if path, ok := j.linter.config.Path(d.Subject.File); ok {
		selector = fmt.Sprintf("paths: [%s]", inYAML(path))
	}
	return fmt.Sprintf(" If it runs on %s, declare that in %s: facts: [{%s, set: {target: %s}}].",
		j.linter.nameOf(d.Hint.Value), config.FileName, selector, d.Hint.Value)
}

// inYAML is a text as a value in a flow sequence.
func inYAML(text string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if text == "" || text[0] == '-' || strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return strconv.Quote(text)
	}
	return text
}

func because(place facts.Place, why string) facts.Place {
	return facts.Place{Node: place.Node, Why: why}
}

func (j *judge) isInput(place facts.Place) bool {
	return place.Node != nil && j.inputs[place.Node.File()]
}

// locate sets where a finding stands. A place in a file that is no input, such as
// the configuration, is named beside the place of an input that it is related to, else
// beside the owner's own.
func (j *judge) locate(place, owner facts.Place, finding Finding) Finding {
	related := place.Related
	if !j.isInput(place) {
		if place.Node != nil {
			related = append([]facts.Place{{Node: place.Node, Why: "this decides it"}}, related...)
		}
		place = owner
		if i := slices.IndexFunc(related, j.isInput); i >= 0 {
			place = related[i]
		}
	}
	if place.Node != nil {
		finding.File, finding.Span, finding.Field = place.Node.File(), place.Node.Span(), place.Node.Path()
	}
	if len(related) == 0 {
		return finding
	}
	told := map[*source.Node]bool{nil: true, place.Node: true}
	for _, other := range related {
		if !told[other.Node] {
			told[other.Node] = true
			finding.Related = append(finding.Related, Related{File: other.Node.File(), Span: other.Node.Span(), Message: other.Why})
		}
	}
	return finding
}

// add keeps a finding unless the configuration silences its rule.
func (j *judge) add(finding Finding) {
	if severity, set := j.linter.config.Severity(finding.Rule); set {
		finding.Severity = severity
	}
	if finding.Severity != Off {
		j.findings = append(j.findings, finding)
	}
}

// sorted returns the findings by file, line, column, rule and message, each once.
func (j *judge) sorted() []Finding {
	slices.SortFunc(j.findings, compare)
	return slices.CompactFunc(j.findings, func(a, b Finding) bool { return compare(a, b) == 0 })
}

func compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.fileName(), b.fileName()),
		cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Span.End.Offset, b.Span.End.Offset),
		cmp.Compare(a.Deployment, b.Deployment),
	)
}

func (f Finding) fileName() string {
	if f.File == nil {
		return ""
	}
	return f.File.Name
}
