package link

import (
	"cmp"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Inventory looks up the sizes of models that nothing else tells.
func Inventory(d *read.Draft, options Options) {
	if options.ModelSize == nil {
		return
	}
	for _, model := range d.Models {
		if model.SizeBytes.Known || !model.Name.Known {
			continue
		}
		switch size := options.ModelSize(model.Name.Value, model.Version.Value); {
		case size.Known:
			model.SizeBytes = size
			model.SizeSource = facts.Know("configuration", size.Place)
		case model.SizeBytes.Place.Why == "":
			model.SizeBytes = size
		}
	}
}

// LeaveOpen makes lower bounds of the devices of a pod that names a claim which was not
// found: it may add some.
func LeaveOpen(d *read.Draft) {
	open := d.OpenClaims
	for _, mention := range d.References {
		open = open || mention.OfClaim() && !mention.Followed
	}
	if !open {
		return
	}
	for _, devices := range []*facts.Fact[int64]{&d.GPUs, &d.FPGAs} {
		if devices.AtLeast = devices.Known; devices.Value == 0 {
			*devices = facts.Fact[int64]{}
			continue
		}
		if why := &devices.Place.Why; !strings.HasPrefix(*why, read.AtLeast) {
			*why = read.AtLeast + cmp.Or(*why, "a claim that was not found may add devices")
		}
	}
}

// Settle completes a deployment by what is stated of it, most trusted first. A
// statement fills a gap; where it contradicts what is known, that is a Problem.
func Settle(d *read.Draft, options Options) []facts.Problem {
	m := read.Merger{Name: d.Name.Value, File: d.Subject.File}
	stated := options.stated(d.Subject)
	var at scheduling.Location
	if d.Pods != nil {
		at = d.Pods.Locate(interpretations(d, options, stated)[d.Interpretation])
		d.Target = facts.Or(d.Target, at.Target)
	}
	for _, statement := range stated {
		m.Deployment(d, statement.Said)
	}
	for _, said := range d.Declared {
		m.Deployment(d, said)
	}
	if d.Pods != nil {
		runs(d, at, options.Cluster)
	}
	d.InCluster = d.Pods != nil
	return m.Problems
}

// interpretations returns the ways to understand where the deployment's pods run, of which the
// configuration states this.
func interpretations(d *read.Draft, options Options, stated []*read.Statement) []scheduling.Interpretation {
	cluster := options.Cluster
	for _, statement := range stated {
		if target := statement.Said.Target; target.Known {
			if target.Value == facts.AKS || target.Value == facts.Kubernetes {
				cluster = target
			}
			break
		}
	}
	return d.Pods.Interpretations(cluster, options.Object)
}

// Ways counts the ways to understand the deployment.
func Ways(d *read.Draft, options Options) int {
	if d.Pods == nil || !options.Object {
		return 1
	}
	return len(interpretations(d, options, options.stated(d.Subject)))
}

// runs completes where pods run, which are at a location by what their document declares. A
// hint decides only if there is neither evidence nor a cluster that the administrator names.
func runs(d *read.Draft, at scheduling.Location, cluster facts.Fact[facts.Target]) {
	switch {
	case d.Target.Known:
	case cluster.Known:
		d.Target = cluster
		if at.Hint.Known && at.Hint.Value != cluster.Value {
			d.Hint = at.Hint
		}
	case at.Hint.Known:
		d.Target = at.Hint
	case !at.Conflict:
		d.Target = at.OnACI
	}
	if !at.Target.Known && d.Target.Value == facts.AKS {
		at.May = facts.Or(at.May, at.OnACI)
	}
	if at.May.Known && d.Target.Value != at.May.Value {
		d.MayRunOn = []facts.Fact[facts.Target]{at.May}
	}
}

// settleCompute completes a compute by what the configuration states of it.
func settleCompute(c *facts.Compute, options Options) []facts.Problem {
	m := read.Merger{Name: c.Name.Value, File: c.Subject.File}
	for _, statement := range options.stated(c.Subject) {
		read.Fill(&m, "stage", &c.Stage, &statement.Said.Stage)
		if statement.Said.Compute != nil {
			m.Compute(c, statement.Said.Compute)
		}
	}
	return m.Problems
}
