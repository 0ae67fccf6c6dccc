package read

import (
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Statement is what a configuration states of the deployments that it selects.
type Statement struct {
	Said *Draft
}

// ReadStatement reads a mapping in the words of a ModelDeployment's spec. A key or
// a value outside these words is a Problem, except a target; see Statement.CheckTargets.
func ReadStatement(words *source.Node) (*Statement, []facts.Problem) {
	r := &Reader{Root: words, anyTarget: true}
	said := &Draft{Deployment: facts.Deployment{Location: facts.Location{Node: words}}}
	r.Words(words, said)
	r.Problems = append(r.Problems, Duplicates(words, r.Used, func(words *source.Node) string {
		again := &Draft{}
		(&Reader{Root: words, anyTarget: true}).Words(words, again)
		return Comparable(again.Recorded())
	})...)
	return &Statement{Said: said}, r.Problems
}

// CheckTargets returns a Problem for each target of the statement that is not one of the
// vocabulary or of more.
func (s *Statement) CheckTargets(more []facts.Target) []facts.Problem {
	targets := []facts.Fact[facts.Target]{s.Said.Target}
	if s.Said.Compute != nil {
		targets = append(targets, s.Said.Compute.Target)
	}
	r := &Reader{Lists: Lists{Targets: more}}
	for _, target := range targets {
		if target.Known && target.Location.Node != nil && !slices.Contains(more, target.Value) {
			r.target(target.Location.Node)
		}
	}
	return r.Problems
}

// StateStage returns the statement of a stage.
func StateStage(stage facts.Stage, location facts.Location) *Statement {
	return &Statement{Said: &Draft{Deployment: facts.Deployment{Stage: facts.Know(stage, location), Location: location}}}
}

// Merger joins statements to what is known and gathers what contradicts it.
type Merger struct {
	Name     string
	File     string           // that is judged
	Silent   bool             // contradictions are not reported
	Via      []facts.Location // how the document that says it was found, nil for the judged one
	Problems []facts.Problem
}

// Deployment adds to d what another document or a statement says of it.
func (m *Merger) Deployment(d, said *Draft) {
	if said.Target.Known && d.Narrows == (Narrowing{From: d.Target.Value, To: said.Target.Value}) {
		d.Target = said.Target
	}
	if said.Pods != nil {
		d.Pods = d.Pods.With(said.Pods, m.Via)
	}
	fillAll(m, facts.DeploymentFields(), &d.Deployment, &said.Deployment)
	d.Images = append(d.Images, said.Images...)
	for key, label := range said.Labels {
		if _, known := d.Labels[key]; !known {
			if d.Labels == nil {
				d.Labels = map[string]facts.Fact[string]{}
			}
			d.Labels[key] = label
		}
	}
	for _, model := range said.Models {
		m.model(d, model)
	}
	switch {
	case said.Compute == nil:
	case d.Compute == nil:
		d.Compute = d.stated(said.Compute)
	default:
		m.Compute(d.Compute, said.Compute)
	}
}

// stated makes the deployment's own of a compute that is stated of it.
func (d *Draft) stated(said *facts.Compute) *facts.Compute {
	c := *said
	if !c.Name.Known {
		c.Name = facts.Know(d.Name.Value, facts.Because(d.Name.Location, "the statement names no compute; this is the deployment's name"))
	}
	c.Format, c.Subject = d.Format, d.Subject
	c.Subject.Name = c.Name.Value
	return &c
}

// model joins what is said of a model to the deployment's model of that name, or to
// its only one when the name is not said.
func (m *Merger) model(d *Draft, said *facts.Model) {
	for _, model := range d.Models {
		if said.Name.Known && model.Name.Known && said.Name.Value != model.Name.Value {
			continue
		}
		if !said.Name.Known && len(d.Models) > 1 {
			continue
		}
		Fill(m, "model name", &model.Name, &said.Name)
		Fill(m, "model version", &model.Version, &said.Version)
		if !model.Path.Known {
			model.Path = said.Path
		}
		if !model.SizeBytes.Known {
			model.SizeSource = said.SizeSource
		}
		Fill(m, "model size", &model.SizeBytes, &said.SizeBytes)
		return
	}
	if len(d.Models) == 0 || said.Name.Known {
		model := *said
		d.Models = append(d.Models, &model)
		return
	}
	location := facts.Location{Node: said.Location.Node}
	if !said.Location.In(m.File) {
		location = facts.Location{Node: d.Models[0].Location.Node, Related: []facts.Location{{Node: said.Location.Node, Why: "declared here"}}}
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

// Compute adds to c what a statement says of it, except a name.
func (m *Merger) Compute(c, said *facts.Compute) {
	believed := *said
	believed.Name = facts.Fact[string]{}
	if size := said.VMSize; size.Known && c.VMSize.Known && size.Value != c.VMSize.Value {
		// What follows from a size that is not believed is not believed either.
		if said.GPUs.Location.Node == size.Location.Node {
			believed.GPUs = facts.Fact[int64]{}
		}
		if said.FPGAs.Location.Node == size.Location.Node {
			believed.FPGAs = facts.Fact[int64]{}
		}
	}
	fillAll(m, facts.ComputeFields(), c, &believed)
}

// fillAll sets the unknown facts of an object to what is said of them, if a word can declare them.
func fillAll[T any](m *Merger, fields []facts.Field[T], known, said *T) {
	for i := range fields {
		if field := &fields[i]; field.Word != "" {
			Fill(m, field.Word, field.Fact(known), field.Fact(said))
		}
	}
}

// Fill sets an unknown fact to what is said of it.
func Fill(m *Merger, word string, known, said facts.AnyFact) {
	switch {
	case said.IsZero():
	case known.IsZero():
		known.Set(said)
		location := known.Origin()
		location.Related = slices.Concat(location.Related, m.Via)
		known.SetLocation(location)
	case !known.Is(said) && !m.Silent:
		is, _ := known.Stated()
		stated, _ := said.Stated()
		m.Contradiction(word, known.Origin(), said.Origin(), fmt.Sprint(is), fmt.Sprint(stated))
	}
}

// Contradiction reports that a fact, named by word, is known to be something else than is stated.
func (m *Merger) Contradiction(word string, known, said facts.Location, is, stated string) {
	at, other := said, facts.Location{Node: known.Node, Why: "contradicts this value"}
	if !said.In(m.File) && known.Node != nil {
		at, other = known, facts.Location{Node: said.Node, Why: "declared here"}
	}
	var related []facts.Location
	if other.Node != nil {
		related = []facts.Location{other}
	}
	m.Problems = append(m.Problems, facts.Problem{
		Rule:       facts.ContradictionRule,
		Severity:   facts.Warning,
		Message:    fmt.Sprintf("%s of %s is declared as %s but is %s%s", word, m.Name, stated, is, where(known)),
		Remedy:     "Correct or remove the statement; until then it is ignored.",
		Deployment: m.Name,
		Location:   facts.Location{Node: at.Node, Related: related},
	})
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
