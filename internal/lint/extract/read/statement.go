package read

import (
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Statement has the facts that a configuration declares for the deployments that it selects.
type Statement struct {
	Facts *Draft
}

// ReadStatement reads a mapping with the keys of a ModelDeployment's spec. An unknown key or value
// is a Problem, except a target; see Statement.CheckTargets.
func ReadStatement(words *source.Node) (*Statement, []facts.Problem) {
	r := &Reader{Root: words, anyTarget: true}
	declared := &Draft{Deployment: facts.Deployment{Location: facts.Location{Node: words}}}
	r.DeploymentSpec(words, declared)
	r.Problems = append(r.Problems, Duplicates(words, r.Used, func(words *source.Node) string {
		again := &Draft{}
		(&Reader{Root: words, anyTarget: true}).DeploymentSpec(words, again)
		return Comparable(again.Recorded())
	})...)
	return &Statement{Facts: declared}, r.Problems
}

// CheckTargets returns a Problem for each target of the statement that is not one of the
// vocabulary or of more.
func (s *Statement) CheckTargets(more []facts.Target) []facts.Problem {
	targets := []facts.Fact[facts.Target]{s.Facts.Target}
	if s.Facts.Compute != nil {
		targets = append(targets, s.Facts.Compute.Target)
	}
	r := &Reader{Lists: Lists{Targets: more}}
	for _, target := range targets {
		if target.Known && target.Location.Node != nil && !slices.Contains(more, target.Value) {
			r.target(target.Location.Node)
		}
	}
	return r.Problems
}

// Without returns the statement without the facts that one of others declares, the statement itself if there are none.
func (s *Statement) Without(others []*Statement) *Statement {
	if len(others) == 0 {
		return s
	}
	rest := *s.Facts
	if rest.Compute != nil {
		compute := *rest.Compute
		rest.Compute = &compute
	}
	for _, other := range others {
		clearDeclared(facts.DeploymentFields(), &rest.Deployment, &other.Facts.Deployment)
		if other.Facts.Compute != nil && rest.Compute != nil {
			clearDeclared(facts.ComputeFields(), rest.Compute, other.Facts.Compute)
		}
		if len(other.Facts.Models) > 0 {
			rest.Models = nil
		}
	}
	return &Statement{Facts: &rest}
}

// clearDeclared makes those facts of an object unknown that the other one has.
func clearDeclared[T any](fields []facts.Field[T], object, other *T) {
	for i := range fields {
		if field := &fields[i]; field.Word != "" && !field.Fact(other).IsZero() {
			field.Fact(object).Clear()
		}
	}
}

// StateStage returns the statement of a stage.
func StageStatement(stage facts.Stage, location facts.Location) *Statement {
	return &Statement{Facts: &Draft{Deployment: facts.Deployment{Stage: facts.Know(stage, location), Location: location}}}
}

// Merger adds statements to facts and collects contradictions.
type Merger struct {
	Name                 string
	File                 string           // that is evaluated
	IgnoreContradictions bool             // contradictions are not reported
	Via                  []facts.Location // how the document with the statement was found; nil for File itself
	Problems             []facts.Problem
}

// Deployment adds to d what another document or a statement declares for it.
func (m *Merger) Deployment(d, declared *Draft) {
	if declared.Target.Known && d.Narrows == (Narrowing{From: d.Target.Value, To: declared.Target.Value}) {
		d.Target = declared.Target
	}
	if declared.Pods != nil {
		d.Pods = d.Pods.With(declared.Pods, m.Via)
	}
	fillAll(m, facts.DeploymentFields(), &d.Deployment, &declared.Deployment)
	d.Images = append(d.Images, declared.Images...)
	for key, label := range declared.Labels {
		if _, known := d.Labels[key]; !known {
			if d.Labels == nil {
				d.Labels = map[string]facts.Fact[string]{}
			}
			d.Labels[key] = label
		}
	}
	for _, model := range declared.Models {
		m.model(d, model)
	}
	switch {
	case declared.Compute == nil:
	case d.Compute == nil:
		d.Compute = d.ownCompute(declared.Compute)
	default:
		m.Compute(d.Compute, declared.Compute)
	}
}

// ownCompute returns a declared compute as one that only the deployment has.
func (d *Draft) ownCompute(declared *facts.Compute) *facts.Compute {
	c := *declared
	if !c.Name.Known {
		c.Name = facts.Know(d.Name.Value, facts.Because(d.Name.Location, "the statement names no compute; this is the deployment's name"))
	}
	c.Format, c.Subject = d.Format, d.Subject
	c.Subject.Name = c.Name.Value
	return &c
}

// model adds declared facts to the deployment's model of that name, or to its only model if no name
// is declared.
func (m *Merger) model(d *Draft, declared *facts.Model) {
	for _, model := range d.Models {
		if declared.Name.Known && model.Name.Known && declared.Name.Value != model.Name.Value {
			continue
		}
		if !declared.Name.Known && len(d.Models) > 1 {
			continue
		}
		Fill(m, "model name", &model.Name, &declared.Name)
		Fill(m, "model version", &model.Version, &declared.Version)
		if !model.Path.Known {
			model.Path = declared.Path
		}
		if !model.SizeBytes.Known {
			model.SizeSource = declared.SizeSource
		}
		Fill(m, "model size", &model.SizeBytes, &declared.SizeBytes)
		return
	}
	if len(d.Models) == 0 || declared.Name.Known {
		model := *declared
		d.Models = append(d.Models, &model)
		return
	}
	location := facts.Location{Node: declared.Location.Node}
	if !declared.Location.In(m.File) {
		location = facts.Location{Node: d.Models[0].Location.Node, Related: []facts.Location{{Node: declared.Location.Node, Why: "declared here"}}}
	}
	m.Problems = append(m.Problems, facts.Problem{
		Rule:       facts.SyntaxRule,
		Severity:   facts.Warning,
		Message:    fmt.Sprintf("a statement about a model of %s does not name it, and %s has %d models", m.Name, m.Name, len(d.Models)),
		Remedy:     "Name the model; until then the statement is ignored.",
		Deployment: m.Name,
		Location:   location,
	})
}

// Compute adds to c what a statement declares for it, except a name.
func (m *Merger) Compute(c, declared *facts.Compute) {
	trusted := *declared
	trusted.Name = facts.Fact[string]{}
	if size := declared.VMSize; size.Known && c.VMSize.Known && size.Value != c.VMSize.Value {
		// The devices of a size that is not trusted are not trusted either.
		if declared.GPUs.Location.Node == size.Location.Node {
			trusted.GPUs = facts.Fact[int64]{}
		}
		if declared.FPGAs.Location.Node == size.Location.Node {
			trusted.FPGAs = facts.Fact[int64]{}
		}
	}
	fillAll(m, facts.ComputeFields(), c, &trusted)
}

// fillAll sets the unknown facts of an object to the declared ones, if a word can declare them.
func fillAll[T any](m *Merger, fields []facts.Field[T], known, declared *T) {
	for i := range fields {
		if field := &fields[i]; field.Word != "" {
			Fill(m, field.Word, field.Fact(known), field.Fact(declared))
		}
	}
}

// Fill sets an unknown fact to the declared one, and reports a known fact that differs.
func Fill(m *Merger, word string, known, declared facts.AnyFact) {
	switch {
	case declared.IsZero():
	case known.IsZero():
		known.Set(declared)
		location := known.Origin()
		location.Related = slices.Concat(location.Related, m.Via)
		known.SetLocation(location)
	case !known.Is(declared) && !m.IgnoreContradictions:
		is, _ := known.Any()
		value, _ := declared.Any()
		m.Contradiction(word, known.Origin(), declared.Origin(), fmt.Sprint(is), fmt.Sprint(value))
	}
}

// Contradiction reports that the declared value of a fact, named by word, differs from the known one.
func (m *Merger) Contradiction(word string, known, declared facts.Location, is, value string) {
	at, other := declared, facts.Location{Node: known.Node, Why: "contradicts this value"}
	if !declared.In(m.File) && known.Node != nil {
		at, other = known, facts.Location{Node: declared.Node, Why: "declared here"}
	}
	var related []facts.Location
	if other.Node != nil {
		related = []facts.Location{other}
	}
	m.Problems = append(m.Problems, facts.Problem{
		Rule:       facts.ContradictionRule,
		Severity:   facts.Warning,
		Message:    fmt.Sprintf("%s of %s is declared as %s but is %s%s", word, m.Name, value, is, where(known)),
		Remedy:     "Correct or remove the statement; until then it is ignored.",
		Deployment: m.Name,
		Location:   facts.Location{Node: at.Node, Related: related},
		Redundant:  annotationKey(declared.Node),
	})
}

// annotationKey returns the key of an annotation or a tag of mlpolicy with a value. Selectors may match labels.
func annotationKey(value *source.Node) []*source.Node {
	if value == nil {
		return nil
	}
	entry, ok := value.Entry()
	if !ok {
		return nil
	}
	_, statement := StatementName(entry.Key.Text())
	if holder, ok := entry.Key.Parent().Entry(); !statement || !ok || holder.Key.Text() == "labels" {
		return nil
	}
	return []*source.Node{entry.Key}
}

// where returns a location in words, for a message.
func where(p facts.Location) string {
	if p.Node == nil {
		return ""
	}
	if path := p.Node.Path(); path != "" {
		return " in " + path
	}
	return ""
}
