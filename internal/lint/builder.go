package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// builder creates findings with the METADATA of the rule, the location in the user's file, and the configured
// severity.
type builder struct {
	of       func(file string) *Setting
	inputs   map[*source.File]bool
	findings []Finding
	// unreported are the findings about what could not be evaluated whose rule is off.
	unreported []Finding
	// faulty has the names of files with something that could not be read, whether or not that is reported.
	faulty map[string]bool
	// namespace is that of objects which do not declare one.
	namespace string
}

func newBuilder(of func(file string) *Setting, files []*source.File) *builder {
	b := &builder{of: of, inputs: make(map[*source.File]bool, len(files))}
	for _, file := range files {
		b.inputs[file] = true
	}
	return b
}

// fault adds a mistake in a nested configuration. The root configuration gives its severity.
func (b *builder) fault(fault fault) {
	mistake := fault.Error
	finding := Finding{
		Rule: facts.SyntaxRule, Severity: Error, Message: mistake.Message, Remedy: mistake.Remedy,
		File: mistake.Source, Span: mistake.Span, Unevaluated: fault.config.Broken,
	}
	if finding.Remedy == "" {
		finding.Remedy = "Correct the configuration."
	}
	if other := mistake.Related; other != nil {
		finding.Related = []Related{{File: other.File(), Span: other.Span(), Message: "stated here"}}
	}
	if severity, set := fault.config.SeverityOfFaults(finding.Rule); set {
		finding.Severity = severity
	}
	b.keep(finding, fault.config)
}

// unparsed adds the text of a file that could not be parsed.
func (b *builder) unparsed(file *source.File) {
	for _, problem := range file.Problems {
		finding := Finding{Rule: facts.SyntaxRule, Severity: Error, Message: problem.Message, File: file, Span: problem.Span, Unevaluated: true}
		switch problem.Kind {
		case source.Malformed:
			finding.Remedy = "Correct the syntax; until then the document is not evaluated."
		case source.Unrendered:
			finding.Severity = Warning
			finding.Remedy = "Render the template first and lint the output, for example: helm template . | mlpolicy lint -"
		case source.Excessive:
			finding.Remedy = "Split the file, or add it to ignore: in .mlpolicy.yaml."
			if file.Live {
				finding.Remedy = "Split the object."
			}
		case source.Undecodable:
			finding.Remedy = "Save the file as UTF-8."
		}
		finding.subject = facts.Subject{File: file.Name}
		b.add(finding, file.Name)
	}
}

// problem adds a value that is invalid or contradicts another.
func (b *builder) problem(problem facts.Problem) {
	finding := b.locate(problem.Location, problem.Location, Finding{
		Rule:        problem.Rule,
		Severity:    problem.Severity,
		Message:     problem.Message,
		Remedy:      problem.Remedy,
		Deployment:  problem.Deployment,
		Unevaluated: problem.Unevaluated,
		Object:      objectAround(problem.Location.Node),
		redundant:   redundant{keys: problem.Redundant},
	})
	finding.identify(problem.Location.Node, problem.Location.Node, b.of(finding.fileName()).config)
	finding.subject = facts.Subject{File: finding.fileName(), Name: problem.Deployment}
	if object := finding.Object; object != nil {
		finding.subject.Kind, finding.subject.Namespace, finding.subject.Name = object.Kind, object.Namespace, object.Name
		finding.subject.SetDefaultNamespace(b.namespace)
	}
	b.add(finding, finding.fileName())
}

// denial adds a rule's answer about a deployment, a variant of one or a compute among all facts.
// One about what no input describes concerns the run where it is in an input or depends on one.
// The configuration is that of the file which describes the deployment or compute.
func (b *builder) denial(e *evaluation, denial whatif.Denial) {
	all := e.facts
	rule, _ := e.whatIf.Policies.Rule(denial.Rule)
	finding := Finding{
		Rule: rule.ID, Severity: rule.Severity, Message: denial.Message, Remedy: rule.Remediation,
		evaluation: e, relates: rule.Scope == policy.PerProject,
	}
	if rule.GrowsWith == policy.Larger {
		finding.Amount = all.Number(denial.Path)
	}
	location, _ := all.Locate(denial.Path)
	finding.path, finding.decides, finding.variant = denial.Path, location.Node, denial.VariantOf != nil
	described, _ := all.Locate(denial.Path[:2])
	owner := described
	// Of the facts that a rule reads, users are most likely to change the target.
	if target, ok := all.Locate(append(denial.Path[:2:2], "target")); ok && b.isInput(target) {
		owner = target
	}
	index, _ := denial.Path[1].(int)
	switch denial.Path[0] {
	case "deployments":
		finding.subject, finding.deployment = all.Deployments[index].Subject, cmp.Or(denial.VariantOf, all.Deployments[index])
		b.ofDeployment(&finding, &location, all.Deployments[index], rule, denial)
	case "computes":
		c := all.Computes[index]
		finding.subject, finding.compute = c.Subject, c
		finding.Deployment, finding.Target = c.Name.Value, string(c.Target.Value)
		finding.setParameters(c.Parameters, &location)
	}
	for _, other := range denial.DependsOn {
		location.Related = append(slices.Clip(location.Related), because(other, "depends on this"))
		location.Related = append(location.Related, other.Related...)
	}
	location.Related = append(slices.Clip(location.Related), described.Related...) // what decides whether it exists
	finding = b.locate(location, owner, finding)
	finding.identify(location.Node, described.Node, b.of(finding.subject.File).config)
	if denial.DependsOnHinted {
		hint := all.Deployments[index].Hint.Location
		finding.Related = append(finding.Related, Related{File: hint.Node.File(), Span: hint.Node.Span(), Message: hint.Why})
	}
	finding.Object, finding.own = objectAround(described.Node), described.Node
	if described.Node != nil && !b.isInput(described) && !b.inputs[finding.File] {
		return
	}
	b.add(finding, finding.subject.File)
}

// ofDeployment sets the parts of a finding that depend on its deployment, and adds related locations.
func (b *builder) ofDeployment(finding *Finding, location *facts.Location, d *facts.Deployment, rule policy.Rule, denial whatif.Denial) {
	finding.Deployment, finding.Component, finding.Target = d.Name.Value, d.Component.Value, string(d.Target.Value)
	finding.suggestFor = d
	if denial.MayRun {
		finding.Possible = "may run on " + finding.evaluation.whatIf.Edition.NameOf(string(d.Target.Value)) + ": "
		finding.Message = finding.Possible + finding.Message
	}
	finding.setParameters(d.Parameters, location)
	if denial.MayRun {
		stay := remedyToStay(d.Target.Location)
		if rule.SuggestTargets != "" && denial.VariantOf.Target.Known {
			finding.Remedy, finding.suggestFor = stay, nil
		} else {
			finding.further += " Or " + strings.ToLower(stay[:1]) + stay[1:]
		}
		location.Related = append(slices.Clip(location.Related), d.Target.Location)
	}
	if denial.DependsOnHinted {
		finding.further += b.correction(d, finding.evaluation.whatIf.Edition)
	}
	finding.Remedy += finding.further
}

// remedyToStay is the remedy for a deployment that may run on a target because of the value at a location, but has
// another target. It names no target.
func remedyToStay(may facts.Location) string {
	if metadata := may.Node.Parent(); metadata != nil && metadata.Parent() != nil && metadata.Parent().Get("annotations") == metadata {
		path := may.Node.Path()
		return "Remove " + path[strings.LastIndex(path, "annotations"):] + ", or require a node that is not virtual."
	}
	return "Remove the scheduling terms that let it run there, or require a node that is not virtual."
}

// setParameters sets the parameters file that causes a finding at a location, if other files result in another
// deployment of the same template.
func (f *Finding) setParameters(parameters facts.Fact[string], location *facts.Location) {
	if !parameters.Known {
		return
	}
	f.Parameters = parameters.Location.Node.File().Name
	f.Message += " (with " + parameters.Value + ")"
	if file := parameters.Location; location.Node == nil || location.Node.File() != file.Node.File() {
		location.Related = append(slices.Clip(location.Related), file)
	}
}

// objectAround returns the object that contains a node or is the node; nil if there is none.
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

// kindOf returns the kind of a Kubernetes object; empty if the node is not one. An item of a typed list, such as a
// PodList, may have no kind of its own.
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

// correction is the sentence of a remedy that declares the target of a hint instead of the configured cluster.
func (b *builder) correction(d *facts.Deployment, edition policy.Edition) string {
	selector := fmt.Sprintf("names: [%s]", inYAML(d.Subject.Name))
	if path, ok := b.of(d.Subject.File).config.Path(d.Subject.File); ok {
		selector = fmt.Sprintf("paths: [%s]", inYAML(path))
	}
	return fmt.Sprintf(" If it runs on %s, declare that in %s: facts: [{%s, set: {target: %s}}].",
		edition.NameOf(string(d.Hint.Value)), config.FileName, selector, d.Hint.Value)
}

// inYAML returns a text as a value of a flow sequence.
func inYAML(text string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if text == "" || text[0] == '-' || strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return strconv.Quote(text)
	}
	return text
}

func because(location facts.Location, why string) facts.Location {
	return facts.Location{Node: location.Node, Why: why}
}

func (b *builder) isInput(location facts.Location) bool {
	return location.Node != nil && b.inputs[location.Node.File()]
}

// locate sets the location of a finding. A location in a file that is not an input, such as the configuration,
// becomes a related location. The finding is then at the first related location in an input, or else at that of the
// owner.
func (b *builder) locate(location, owner facts.Location, finding Finding) Finding {
	related := location.Related
	if !b.isInput(location) {
		if location.Node != nil {
			related = append([]facts.Location{{Node: location.Node, Why: "decided by this"}}, related...)
		}
		location = owner
		if i := slices.IndexFunc(related, b.isInput); i >= 0 {
			location = related[i]
		}
	}
	if location.Node != nil {
		finding.File, finding.Span, finding.Field = location.Node.File(), location.Node.Span(), location.Node.Path()
	}
	if len(related) == 0 {
		return finding
	}
	named := map[*source.Node]bool{nil: true, location.Node: true}
	type place struct {
		file       *source.File
		start, end int
		why        string
	}
	listed := map[place]bool{} // a value may be read several times
	for _, other := range related {
		if named[other.Node] {
			continue
		}
		named[other.Node] = true
		span := other.Node.Span()
		if at := (place{other.Node.File(), span.Start.Offset, span.End.Offset, other.Why}); !listed[at] {
			listed[at] = true
			finding.Related = append(finding.Related, Related{File: at.file, Span: span, Message: at.why})
		}
	}
	return finding
}

// identify sets what an Identity is made of: the value that decides and the object that it is about.
func (f *Finding) identify(decides, about *source.Node, configuration *config.Config) {
	f.anchor = about
	if decides == nil {
		return
	}
	if !configuration.IsPart(decides.File()) {
		f.anchor = decides
	}
	if !decides.File().Confidential {
		f.scalar, _ = decides.Scalar()
	}
}

// add keeps a finding unless the configuration of a file turns its rule off.
func (b *builder) add(finding Finding, file string) {
	finding.setting = b.of(file)
	b.addTo(finding, finding.setting)
}

// addTo is add with the setting of a file.
func (b *builder) addTo(finding Finding, setting *Setting) {
	finding.Severity = setting.severity(finding.Rule, finding.Severity)
	b.keep(finding, setting.config)
}

func (b *builder) keep(finding Finding, configuration *config.Config) {
	if finding.Rule == facts.SyntaxRule {
		if b.faulty == nil {
			b.faulty = map[string]bool{}
		}
		b.faulty[finding.fileName()] = true
	}
	if finding.Severity == Off {
		if finding.Unevaluated {
			b.unreported = append(b.unreported, finding)
		}
		return
	}
	finding.config, finding.Edition = configuration, configuration.Edition.Value
	finding.Fails = failsAt(finding.Severity, configuration.FailOn.Value)
	b.findings = append(b.findings, finding)
}

// failsAt reports whether a severity is failOn or above.
func failsAt(severity, failOn Severity) bool {
	order := []Severity{Error, Warning, Note}
	return slices.Contains(order[:slices.Index(order, failOn)+1], severity)
}

// dropDisputed removes the findings about a plan of Terraform that its configuration has, too, if both describe the resource differently.
func (b *builder) dropDisputed(disputed map[any]terraform.Disputed) {
	type key struct{ module, address, rule, message string }
	of := func(f *Finding) (resource terraform.Disputed, as key) {
		if f.deployment != nil {
			resource = disputed[f.deployment]
		} else if f.compute != nil {
			resource = disputed[f.compute]
		}
		return resource, key{resource.Module, resource.Address, f.Rule, f.Message}
	}
	configured := map[key]bool{}
	for i := range b.findings {
		if resource, as := of(&b.findings[i]); as.address != "" && !resource.Planned {
			configured[as] = true
		}
	}
	b.findings = slices.DeleteFunc(b.findings, func(f Finding) bool {
		resource, as := of(&f)
		return resource.Planned && configured[as]
	})
}

// sorted returns the findings by file, line, column, rule and message, each once.
func (b *builder) sorted() []Finding { return distinctFindings(b.findings) }

// distinctFindings sorts findings, and returns each once: of several about parts of one object the first.
func distinctFindings(findings []Finding) []Finding {
	slices.SortStableFunc(findings, compare)
	return slices.CompactFunc(findings, func(a, b Finding) bool { return compare(a, b) == 0 })
}
