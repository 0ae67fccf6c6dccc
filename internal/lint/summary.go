package lint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// summary is what a result counts and names, whether or not there are findings. It refers to no file, so that files can
// be released.
type summary struct {
	deployments, computes              []describedAt // in the order of the inputs
	targeted, untargeted, awaitCluster int
}

// describedAt is what identifies a deployment or a compute, and where the document is in the inputs.
type describedAt struct {
	Described
	at place
}

// place is the position of a document in the inputs.
type place struct {
	file int // the index of the name of the input
	unit int // as extract.Object.Unit
}

func inOrder(a, b describedAt) int {
	return cmp.Or(cmp.Compare(a.at.file, b.at.file), cmp.Compare(a.at.unit, b.at.unit))
}

func (s *summary) addDeployment(d *facts.Deployment, at place) {
	s.deployments = append(s.deployments, describedAt{described(d.Location, d.Name, d.Component, d.Parameters), at})
	if d.Target.Known {
		s.targeted++
	} else {
		s.untargeted++
	}
	if d.AwaitsCluster() {
		s.awaitCluster++
	}
}

func (s *summary) addCompute(c *facts.Compute, at place) {
	s.computes = append(s.computes, describedAt{described(c.Location, c.Name, facts.Fact[string]{}, c.Parameters), at})
	if c.Target.Known {
		s.targeted++
	}
}

func described(location facts.Location, name, component, parameters facts.Fact[string]) Described {
	d := Described{Name: strings.Clone(name.Value), Component: strings.Clone(component.Value)}
	if location.Node != nil {
		d.File, d.Start = location.Node.File().Name, location.Node.Span().Start
	}
	if parameters.Known {
		d.Parameters = parameters.Location.Node.File().Name
	}
	return d
}

// summarize returns the summary of the inputs: of what was settled before, and of what was evaluated at the end.
func summarize(read inputFiles, extraction *extract.Extraction) summary {
	all := summary{targeted: read.settled.targeted, untargeted: read.settled.untargeted, awaitCluster: read.settled.awaitCluster}
	var positions map[*source.File]int
	if !read.settled.isEmpty() {
		positions = read.positions(0)
	}
	at := func(described any) place {
		if positions == nil {
			return place{}
		}
		object := extraction.ObjectOf(described)
		return place{positions[object.File], object.Unit}
	}
	for _, d := range extraction.Deployments {
		all.addDeployment(d, at(d))
	}
	for _, c := range extraction.Computes {
		all.addCompute(c, at(c))
	}
	if positions != nil {
		all.deployments, all.computes = slices.Concat(read.settled.deployments, all.deployments), slices.Concat(read.settled.computes, all.computes)
		slices.SortStableFunc(all.deployments, inOrder)
		slices.SortStableFunc(all.computes, inOrder)
	}
	return all
}
