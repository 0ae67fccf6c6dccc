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
	said := &Draft{Deployment: facts.Deployment{Place: facts.Place{Node: words}}}
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
		if target.Known && target.Place.Node != nil && !slices.Contains(more, target.Value) {
			r.target(target.Place.Node)
		}
	}
	return r.Problems
}

// StateStage makes the statement that a stage is what place says.
func StateStage(stage facts.Stage, place facts.Place) *Statement {
	return &Statement{Said: &Draft{Deployment: facts.Deployment{Stage: facts.Know(stage, place), Place: place}}}
}

// Merger joins statements to what is known and gathers what contradicts it.
type Merger struct {
	Name     string
	File     string        // that is judged
	Silent   bool          // contradictions are not reported
	Via      []facts.Place // how the document that says it was found, nil for the judged one
	Problems []facts.Problem
}

// Deployment adds to d what another document or a statement says of it.
func (m *Merger) Deployment(d, said *Draft) {
	Fill(m, "component", &d.Component, said.Component)
	if said.Target.Known && d.Narrows == (Narrowing{From: d.Target.Value, To: said.Target.Value}) {
		d.Target = said.Target
	}
	Fill(m, "target", &d.Target, said.Target)
	if said.Pods != nil {
		d.Pods = d.Pods.With(said.Pods, m.Via)
	}
	Fill(m, "api", &d.API, said.API)
	Fill(m, "workload", &d.Workload, said.Workload)
	Fill(m, "stage", &d.Stage, said.Stage)
	Fill(m, "designer", &d.Designer, said.Designer)
	Fill(m, "gpus", &d.GPUs, said.GPUs)
	Fill(m, "fpgas", &d.FPGAs, said.FPGAs)
	Fill(m, "cpu", &d.CPUCores, said.CPUCores)
	Fill(m, "memory", &d.MemoryGiB, said.MemoryGiB)
	Fill(m, "replicas", &d.Replicas, said.Replicas)
	Fill(m, "autoscales", &d.Autoscales, said.Autoscales)
	Fill(m, "delivery", &d.Delivery, said.Delivery)
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
		c.Name = facts.Know(d.Name.Value, facts.Because(d.Name.Place, "the statement names no compute; this is the deployment's name"))
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
		Fill(m, "model name", &model.Name, said.Name)
		Fill(m, "model version", &model.Version, said.Version)
		if !model.Path.Known {
			model.Path = said.Path
		}
		if !model.SizeBytes.Known {
			model.SizeSource = said.SizeSource
		}
		Fill(m, "model size", &model.SizeBytes, said.SizeBytes)
		return
	}
	if len(d.Models) == 0 || said.Name.Known {
		model := *said
		d.Models = append(d.Models, &model)
		return
	}
	place := facts.Place{Node: said.Place.Node}
	if !said.Place.In(m.File) {
		place = facts.Place{Node: d.Models[0].Place.Node, Related: []facts.Place{{Node: said.Place.Node, Why: "declared here"}}}
	}
	m.Problems = append(m.Problems, facts.Problem{
		Rule:       facts.SyntaxRule,
		Severity:   facts.Warning,
		Message:    fmt.Sprintf("a statement about a model of %s does not name it, and %s has %d models", m.Name, m.Name, len(d.Models)),
		Remedy:     "Name the model; until then the statement is ignored.",
		Deployment: m.Name,
		Place:      place,
	})
}

// Compute adds to c what a statement says of it.
func (m *Merger) Compute(c, said *facts.Compute) {
	Fill(m, "target", &c.Target, said.Target)
	Fill(m, "managed_by", &c.ManagedBy, said.ManagedBy)
	Fill(m, "stage", &c.Stage, said.Stage)
	gpus, fpgas := said.GPUs, said.FPGAs
	if size := said.VMSize; size.Known && c.VMSize.Known && size.Value != c.VMSize.Value {
		// What follows from a size that is not believed is not believed either.
		if gpus.Place.Node == size.Place.Node {
			gpus = facts.Fact[int64]{}
		}
		if fpgas.Place.Node == size.Place.Node {
			fpgas = facts.Fact[int64]{}
		}
	}
	Fill(m, "vm_size", &c.VMSize, said.VMSize)
	Fill(m, "gpus", &c.GPUs, gpus)
	Fill(m, "fpgas", &c.FPGAs, fpgas)
	Fill(m, "vm_priority", &c.VMPriority, said.VMPriority)
	Fill(m, "nodes", &c.Nodes, said.Nodes)
	Fill(m, "min_nodes", &c.MinNodes, said.MinNodes)
	Fill(m, "max_nodes", &c.MaxNodes, said.MaxNodes)
	Fill(m, "cluster_autoscaling", &c.ClusterAutoscaling, said.ClusterAutoscaling)
}

// Fill sets an unknown fact to what is said of it.
func Fill[T comparable](m *Merger, word string, known *facts.Fact[T], said facts.Fact[T]) {
	switch {
	case !said.Known:
	case !known.Known:
		*known = said
		known.Place.Related = slices.Concat(known.Place.Related, m.Via)
	case known.Value != said.Value && !m.Silent:
		m.Contradiction(word, known.Place, said.Place, fmt.Sprint(known.Value), fmt.Sprint(said.Value))
	}
}

// Contradiction reports that a fact, named by word, is known to be something else than is stated.
func (m *Merger) Contradiction(word string, known, said facts.Place, is, stated string) {
	at, other := said, facts.Place{Node: known.Node, Why: "contradicts this value"}
	if !said.In(m.File) && known.Node != nil {
		at, other = known, facts.Place{Node: said.Node, Why: "declared here"}
	}
	var related []facts.Place
	if other.Node != nil {
		related = []facts.Place{other}
	}
	m.Problems = append(m.Problems, facts.Problem{
		Rule:       facts.ContradictionRule,
		Severity:   facts.Warning,
		Message:    fmt.Sprintf("%s of %s is declared as %s but is %s%s", word, m.Name, stated, is, where(known)),
		Remedy:     "Correct or remove the statement; until then it is ignored.",
		Deployment: m.Name,
		Place:      facts.Place{Node: at.Node, Related: related},
	})
}

// where says in a message where a place is.
func where(p facts.Place) string {
	if p.Node == nil {
		return ""
	}
	if path := p.Node.Path(); path != "" {
		return " in " + path
	}
	return ""
}
