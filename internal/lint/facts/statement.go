package facts

import (
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Statement is what a configuration states of the deployments that it selects.
type Statement struct {
	said *Draft
}

// ReadStatement reads a mapping in the words of a ModelDeployment's spec. A key or
// a value outside these words is a Problem, except a target; see Statement.CheckTargets.
func ReadStatement(words *source.Node) (*Statement, []Problem) {
	r := &reader{root: words, anyTarget: true}
	said := &Draft{Deployment: Deployment{Place: Place{Node: words}}}
	r.words(words, said)
	r.problems = append(r.problems, duplicates(words, r.carried, func() string {
		again := &Draft{}
		(&reader{root: words, anyTarget: true}).words(words, again)
		return text(again.told())
	})...)
	return &Statement{said: said}, r.problems
}

// CheckTargets returns a Problem for each target of the statement that is not one of the
// vocabulary or of more.
func (s *Statement) CheckTargets(more []Target) []Problem {
	targets := []Fact[Target]{s.said.Target}
	if s.said.Compute != nil {
		targets = append(targets, s.said.Compute.Target)
	}
	r := &reader{lists: Lists{Targets: more}}
	for _, target := range targets {
		if target.Known && target.Place.Node != nil && !slices.Contains(more, target.Value) {
			r.target(target.Place.Node)
		}
	}
	return r.problems
}

// StateStage makes the statement that a stage is what place says.
func StateStage(stage Stage, place Place) *Statement {
	return &Statement{said: &Draft{Deployment: Deployment{Stage: Know(stage, place), Place: place}}}
}

// settle completes a deployment by what is stated of it, most trusted first. A
// statement fills a gap; where it contradicts what is known, that is a Problem.
func (d *Draft) settle(options Options) []Problem {
	m := merger{name: d.Name.Value, file: d.Subject.File}
	stated := options.stated(d.Subject)
	var at location
	if d.pods != nil {
		at = d.pods.locate(d.interpretations(options, stated)[d.interpretation])
		d.Target = or(d.Target, at.target)
	}
	for _, statement := range stated {
		m.deployment(d, statement.said)
	}
	for _, said := range d.said {
		m.deployment(d, said)
	}
	if d.pods != nil {
		d.runs(at, options.Cluster)
	}
	d.InCluster = d.pods != nil
	return m.problems
}

func (o Options) stated(subject Subject) []*Statement {
	if o.Stated == nil {
		return nil
	}
	return o.Stated(subject)
}

// interpretations returns the ways to understand where the deployment's pods run, of which the
// configuration states this.
func (d *Draft) interpretations(options Options, stated []*Statement) []interpretation {
	cluster := options.Cluster
	for _, statement := range stated {
		if target := statement.said.Target; target.Known {
			if target.Value == AKS || target.Value == Kubernetes {
				cluster = target
			}
			break
		}
	}
	return d.pods.interpretations(cluster, options.Object)
}

// ways counts the ways to understand the deployment.
func (d *Draft) ways(options Options) int {
	if d.pods == nil || !options.Object {
		return 1
	}
	return len(d.interpretations(options, options.stated(d.Subject)))
}

// runs completes where pods run, which are at a location by what their document declares. A
// hint decides only if there is neither evidence nor a cluster that the administrator names.
func (d *Draft) runs(at location, cluster Fact[Target]) {
	switch {
	case d.Target.Known:
	case cluster.Known:
		d.Target = cluster
		if at.hint.Known && at.hint.Value != cluster.Value {
			d.Hint = at.hint
		}
	case at.hint.Known:
		d.Target = at.hint
	case !at.conflict:
		d.Target = at.onACI
	}
	if !at.target.Known && d.Target.Value == AKS {
		at.may = or(at.may, at.onACI)
	}
	if at.may.Known && d.Target.Value != at.may.Value {
		d.MayRunOn = []Fact[Target]{at.may}
	}
}

// settle completes a compute by what the configuration states of it.
func (c *Compute) settle(options Options) []Problem {
	m := merger{name: c.Name.Value, file: c.Subject.File}
	for _, statement := range options.stated(c.Subject) {
		fill(&m, "stage", &c.Stage, statement.said.Stage)
		if statement.said.Compute != nil {
			m.compute(c, statement.said.Compute)
		}
	}
	return m.problems
}

// merger joins statements to what is known and gathers what contradicts it.
type merger struct {
	name     string
	file     string  // that is judged
	silent   bool    // contradictions are not reported
	via      []Place // how the document that says it was found, nil for the judged one
	problems []Problem
}

func (m *merger) deployment(d, said *Draft) {
	fill(m, "component", &d.Component, said.Component)
	if said.Target.Known && d.narrows == (narrowing{from: d.Target.Value, to: said.Target.Value}) {
		d.Target = said.Target
	}
	fill(m, "target", &d.Target, said.Target)
	if said.pods != nil {
		d.pods = d.pods.with(said.pods, m.via)
	}
	fill(m, "api", &d.API, said.API)
	fill(m, "workload", &d.Workload, said.Workload)
	fill(m, "stage", &d.Stage, said.Stage)
	fill(m, "designer", &d.Designer, said.Designer)
	fill(m, "gpus", &d.GPUs, said.GPUs)
	fill(m, "fpgas", &d.FPGAs, said.FPGAs)
	fill(m, "cpu", &d.CPUCores, said.CPUCores)
	fill(m, "memory", &d.MemoryGiB, said.MemoryGiB)
	fill(m, "replicas", &d.Replicas, said.Replicas)
	fill(m, "autoscales", &d.Autoscales, said.Autoscales)
	fill(m, "delivery", &d.Delivery, said.Delivery)
	d.Images = append(d.Images, said.Images...)
	for key, label := range said.Labels {
		if _, known := d.Labels[key]; !known {
			if d.Labels == nil {
				d.Labels = map[string]Fact[string]{}
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
		m.compute(d.Compute, said.Compute)
	}
}

// stated makes the deployment's own of a compute that is stated of it.
func (d *Draft) stated(said *Compute) *Compute {
	c := *said
	if !c.Name.Known {
		c.Name = Know(d.Name.Value, because(d.Name.Place, "the statement names no compute; this is the deployment's name"))
	}
	c.Format, c.Subject = d.Format, d.Subject
	c.Subject.Name = c.Name.Value
	return &c
}

// model joins what is said of a model to the deployment's model of that name, or to
// its only one when the name is not said.
func (m *merger) model(d *Draft, said *Model) {
	for _, model := range d.Models {
		if said.Name.Known && model.Name.Known && said.Name.Value != model.Name.Value {
			continue
		}
		if !said.Name.Known && len(d.Models) > 1 {
			continue
		}
		fill(m, "model name", &model.Name, said.Name)
		fill(m, "model version", &model.Version, said.Version)
		if !model.Path.Known {
			model.Path = said.Path
		}
		if !model.SizeBytes.Known {
			model.SizeSource = said.SizeSource
		}
		fill(m, "model size", &model.SizeBytes, said.SizeBytes)
		return
	}
	if len(d.Models) == 0 || said.Name.Known {
		model := *said
		d.Models = append(d.Models, &model)
		return
	}
	place := Place{Node: said.Place.Node}
	if !said.Place.in(m.file) {
		place = Place{Node: d.Models[0].Place.Node, Related: []Place{{Node: said.Place.Node, Why: "declared here"}}}
	}
	m.problems = append(m.problems, Problem{
		Rule:       SyntaxRule,
		Severity:   Warning,
		Message:    fmt.Sprintf("a statement about a model of %s does not name it, and %s has %d models", m.name, m.name, len(d.Models)),
		Remedy:     "Name the model; until then the statement is ignored.",
		Deployment: m.name,
		Place:      place,
	})
}

func (m *merger) compute(c, said *Compute) {
	fill(m, "target", &c.Target, said.Target)
	fill(m, "managed_by", &c.ManagedBy, said.ManagedBy)
	fill(m, "stage", &c.Stage, said.Stage)
	gpus, fpgas := said.GPUs, said.FPGAs
	if size := said.VMSize; size.Known && c.VMSize.Known && size.Value != c.VMSize.Value {
		// What follows from a size that is not believed is not believed either.
		if gpus.Place.Node == size.Place.Node {
			gpus = Fact[int64]{}
		}
		if fpgas.Place.Node == size.Place.Node {
			fpgas = Fact[int64]{}
		}
	}
	fill(m, "vm_size", &c.VMSize, said.VMSize)
	fill(m, "gpus", &c.GPUs, gpus)
	fill(m, "fpgas", &c.FPGAs, fpgas)
	fill(m, "vm_priority", &c.VMPriority, said.VMPriority)
	fill(m, "nodes", &c.Nodes, said.Nodes)
	fill(m, "min_nodes", &c.MinNodes, said.MinNodes)
	fill(m, "max_nodes", &c.MaxNodes, said.MaxNodes)
	fill(m, "cluster_autoscaling", &c.ClusterAutoscaling, said.ClusterAutoscaling)
}

// fill sets an unknown fact to what is said of it.
func fill[T comparable](m *merger, word string, known *Fact[T], said Fact[T]) {
	switch {
	case !said.Known:
	case !known.Known:
		*known = said
		known.Place.Related = slices.Concat(known.Place.Related, m.via)
	case known.Value != said.Value && !m.silent:
		m.contradiction(word, known.Place, said.Place, fmt.Sprint(known.Value), fmt.Sprint(said.Value))
	}
}

func (m *merger) contradiction(word string, known, said Place, is, stated string) {
	at, other := said, Place{Node: known.Node, Why: "contradicts this value"}
	if !said.in(m.file) && known.Node != nil {
		at, other = known, Place{Node: said.Node, Why: "declared here"}
	}
	var related []Place
	if other.Node != nil {
		related = []Place{other}
	}
	m.problems = append(m.problems, Problem{
		Rule:       ContradictionRule,
		Severity:   Warning,
		Message:    fmt.Sprintf("%s of %s is declared as %s but is %s%s", word, m.name, stated, is, where(known)),
		Remedy:     "Correct or remove the statement; until then it is ignored.",
		Deployment: m.name,
		Place:      Place{Node: at.Node, Related: related},
	})
}

// where says in a message where a place is.
func where(p Place) string {
	if p.Node == nil {
		return ""
	}
	if path := p.Node.Path(); path != "" {
		return " in " + path
	}
	return ""
}
