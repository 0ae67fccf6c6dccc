package extract

import (
	"path"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/link"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// dropCompiled removes what a template describes that Bicep's compiler made, if its source beside it describes the same. What differs stays:
// the template may have been compiled from an earlier text and be the one that is deployed.
func (e *Extraction) dropCompiled(readings []*link.Reading) {
	sources := map[string]*link.Reading{}
	for _, reading := range readings {
		if reading.File.IsForeign() {
			sources[reading.File.Name] = reading
		}
	}
	same := map[any]bool{}
	for _, reading := range readings {
		of := sources[arm.SourceOf(reading.File)]
		if of == nil {
			continue
		}
		deployments, computes := described(of)
		all, dropped := 0, len(same)
		for _, r := range reading.Readers {
			all += len(r.Deployments) + len(r.Computes)
			for _, d := range r.Deployments {
				if slices.ContainsFunc(deployments, func(s *facts.Deployment) bool { return read.IsPart(facts.DeploymentFields(), &d.Deployment, s) }) {
					same[&d.Deployment] = true
				}
			}
			for _, c := range r.Computes {
				if slices.ContainsFunc(computes, func(s *facts.Compute) bool { return read.IsPart(facts.ComputeFields(), c, s) }) {
					same[c] = true
				}
			}
		}
		e.dropProblems(reading.File, of.File)
		if all > 0 && len(same)-dropped == all {
			e.skip(reading.File, "compiled from "+path.Base(of.File.Name)+", which describes the same")
		}
	}
	e.drop(same)
}

// described returns what a file describes.
func described(reading *link.Reading) (deployments []*facts.Deployment, computes []*facts.Compute) {
	for _, r := range reading.Readers {
		for _, d := range r.Deployments {
			deployments = append(deployments, &d.Deployment)
		}
		computes = append(computes, r.Computes...)
	}
	return deployments, computes
}

// dropProblems removes the problems with a compiled template that its source has, too.
func (e *Extraction) dropProblems(compiled, of *source.File) {
	in := func(p facts.Problem, file *source.File) bool {
		return p.Location.Node != nil && p.Location.Node.File() == file
	}
	known := map[string]bool{}
	for _, problem := range e.Problems {
		if in(problem, of) {
			known[problem.Rule+problem.Message] = true
		}
	}
	e.Problems = slices.DeleteFunc(e.Problems, func(p facts.Problem) bool { return in(p, compiled) && known[p.Rule+p.Message] })
}
