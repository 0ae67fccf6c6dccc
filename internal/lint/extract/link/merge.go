package link

import (
	"cmp"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Inventory sets the sizes of models from the configuration's inventory, for models of which
// nothing else declares the size.
func Inventory(d *read.Draft, options Options) {
	settings := options.Of(d.Subject.File)
	if settings.ModelSize == nil {
		return
	}
	for _, model := range d.Models {
		if model.SizeBytes.Known || !model.Name.Known {
			continue
		}
		switch size := settings.ModelSize(model.Name.Value, model.Version.Value); {
		case size.Known:
			model.SizeBytes = size
			model.SizeSource = facts.Know("configuration", size.Location)
		case model.SizeBytes.Location.Why == "":
			model.SizeBytes = size
		}
	}
}

// LowerBoundDevices turns the devices of a pod into lower bounds if one of its claims was not found, since
// the claim may add devices.
func LowerBoundDevices(d *read.Draft) {
	open := d.UnknownClaims
	for _, reference := range d.References {
		open = open || reference.OfClaim() && !reference.Followed
	}
	if !open {
		return
	}
	for _, devices := range []*facts.Fact[int64]{&d.GPUs, &d.FPGAs} {
		if devices.AtLeast = devices.Known; devices.Value == 0 {
			*devices = facts.Fact[int64]{}
			continue
		}
		if why := &devices.Location.Why; !strings.HasPrefix(*why, read.AtLeast) {
			*why = read.AtLeast + cmp.Or(*why, "a claim that was not found may add devices")
		}
	}
}

// MergeStatements merges the statements about a deployment into it, most trusted first. A statement sets
// unknown facts only; a contradiction is a problem.
func MergeStatements(d *read.Draft, options Options) []facts.Problem {
	m := read.Merger{Name: d.Name.Value, File: d.Subject.File}
	settings := options.Of(d.Subject.File)
	statements := settings.statements(d.Subject)
	var at scheduling.Outcome
	if d.Pods != nil {
		at = d.Pods.Locate(interpretations(d, options, settings.Cluster, statements)[d.Interpretation])
		d.Target = facts.Or(d.Target, at.Target)
	}
	for _, statement := range statements {
		m.Deployment(d, statement.Facts)
	}
	for _, declared := range d.Declared {
		m.Deployment(d, declared)
	}
	if d.Pods != nil {
		runs(d, at, settings.Cluster)
	}
	d.InCluster = d.Pods != nil
	return m.Problems
}

// interpretations returns the interpretations of where the deployment's pods run: in the configured cluster,
// unless the configuration's statements declare another one.
func interpretations(
	d *read.Draft, options Options, cluster facts.Fact[facts.Target], statements []*read.Statement,
) []scheduling.Interpretation {
	for _, statement := range statements {
		if target := statement.Facts.Target; target.Known {
			if target.Value == facts.AKS || target.Value == facts.Kubernetes {
				cluster = target
			}
			break
		}
	}
	return d.Pods.Interpretations(cluster, options.Object)
}

// CountInterpretations returns the number of interpretations of a deployment.
func CountInterpretations(d *read.Draft, options Options) int {
	if d.Pods == nil || !options.Object {
		return 1
	}
	settings := options.Of(d.Subject.File)
	return len(interpretations(d, options, settings.Cluster, settings.statements(d.Subject)))
}

// runs sets where pods run. at is the outcome of their document. A hint decides only if there is
// neither evidence nor a cluster that the administrator names.
func runs(d *read.Draft, at scheduling.Outcome, cluster facts.Fact[facts.Target]) {
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

// mergeCompute merges the configuration's statements into a compute.
func mergeCompute(c *facts.Compute, options Options) []facts.Problem {
	m := read.Merger{Name: c.Name.Value, File: c.Subject.File}
	for _, statement := range options.Of(c.Subject.File).statements(c.Subject) {
		read.Fill(&m, "stage", &c.Stage, &statement.Facts.Stage)
		if statement.Facts.Compute != nil {
			m.Compute(c, statement.Facts.Compute)
		}
	}
	return m.Problems
}
