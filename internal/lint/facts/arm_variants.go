package facts

import (
	"cmp"
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
)

// separate marks what a reading of a template says as said with its parameters, so that
// what it mentions is looked up among what it defines.
func (r *reader) separate() {
	mark := func(d *Draft) {
		for _, mention := range d.mentions {
			mention.under = r.parameters
		}
	}
	for _, d := range r.deployments {
		mark(d)
	}
	for _, part := range r.parts {
		part.under = r.parameters
		if part.facts != nil {
			mark(part.facts)
		}
	}
}

// definedByAll returns the parts that readings of a template define: what all of them say
// alike once, for anybody, and anything else once for each reading that says it.
func definedByAll(variants []*reader) []*part {
	parts := make([][]*part, len(variants))
	for i, variant := range variants {
		parts[i] = variant.defined()
		for _, part := range parts[i] {
			part.under = variant.parameters
		}
	}
	var all []*part
	for _, group := range alike(parts, (*part).told) {
		if len(group.of) == len(variants) {
			same := *group.members[0]
			same.under = nil
			group.members = []*part{&same}
		}
		all = append(all, group.members...)
	}
	return all
}

// told is everything that a part says and is found by, comparable.
func (p *part) told() string {
	all := []any{p.kind, p.name, p.namespace, p.version, p.compute}
	if p.facts != nil {
		all = append(all, p.facts.told()...)
		for _, mention := range p.facts.mentions {
			all = append(all, mention.kind, mention.name, mention.namespace, mention.version, mention.path)
		}
	}
	return text(all)
}

// merge completes what a template describes with each of its parameters files. What is
// equal with all of them is kept once, anything else once for each file, which it names.
func (l *linker) merge(ctx context.Context, r *reader) {
	deployments, computes := make([][]*Draft, len(r.variants)), make([][]*Compute, len(r.variants))
	problems := make([][]Problem, len(r.variants))
	for i, variant := range r.variants {
		own := map[*Compute]bool{}
		problems[i] = variant.problems
		for _, d := range variant.deployments {
			problems[i] = append(problems[i], l.finish(ctx, d, func(c *Compute) {
				own[c] = true
				variant.computes = append(variant.computes, c)
			})...)
		}
		for _, c := range variant.computes {
			if found := l.settle(c); !own[c] {
				problems[i] = append(problems[i], found...)
			}
		}
		deployments[i], computes[i] = variant.deployments, variant.computes
	}

	name := func(i int) Fact[string] { return r.variants[i].parametersFile() }
	for _, group := range alike(deployments, (*Draft).facts) {
		if len(group.of) == len(r.variants) {
			group.members[0].alike(group.members[1:])
			group.members = group.members[:1]
		} else {
			for i, d := range group.members {
				d.Parameters = name(group.of[i])
			}
		}
		r.deployments = append(r.deployments, group.members...)
	}
	for _, group := range alike(computes, (*Compute).facts) {
		if len(group.of) == len(r.variants) {
			for _, same := range group.members[1:] {
				statedAlike(group.members[0], same)
			}
			group.members = group.members[:1]
		} else {
			for i, c := range group.members {
				c.Parameters = name(group.of[i])
			}
		}
		r.computes = append(r.computes, group.members...)
	}
	slices.SortStableFunc(r.deployments, func(a, b *Draft) int { return inOrder(a.Place, b.Place, a.Parameters, b.Parameters) })
	slices.SortStableFunc(r.computes, func(a, b *Compute) int { return inOrder(a.Place, b.Place, a.Parameters, b.Parameters) })
	for _, group := range alike(problems, Problem.told) {
		problem := group.members[0]
		if len(group.of) < len(r.variants) {
			for _, of := range group.of {
				problem.Place.Related = append(slices.Clip(problem.Place.Related), name(of).Place)
			}
		}
		r.problems = append(r.problems, problem)
	}
}

// alike notes that others say the same as the deployment, and where.
func (d *Draft) alike(others []*Draft) {
	for _, other := range others {
		statedAlike(&d.Deployment, &other.Deployment)
		for _, link := range other.Links {
			at := slices.IndexFunc(d.Links, func(own Link) bool { return own.What == link.What && own.Place.Node == link.Place.Node })
			if at >= 0 && len(d.Links[at].Found) < maxFound && len(link.Found) > 0 && !slices.ContainsFunc(d.Links[at].Found, link.Found[0].at) {
				d.Links[at].Found = append(slices.Clip(d.Links[at].Found), link.Found[0])
			}
		}
	}
}

// statedAlike adds to the facts of a deployment or a compute the places that state the
// same facts of other. The facts of a compute that a deployment runs on are the compute's.
func statedAlike(of, other any) {
	value, others := reflect.ValueOf(of).Elem(), reflect.ValueOf(other).Elem()
	each(value, nil, func(path []int, place Place) {
		if value.Type().Field(path[0]).Name == "Compute" {
			return
		}
		same := reach(others, path).Interface().(anyFact).Origin()
		if same.Node == nil || same.Node == place.Node {
			return
		}
		related := append(slices.Clip(place.Related), Place{Node: same.Node, Why: "also here"})
		reach(value, path).FieldByName("Place").FieldByName("Related").Set(reflect.ValueOf(related))
	})
}

// parametersFile names the file that the parameters are from, as seen from the template.
func (r *reader) parametersFile() Fact[string] {
	root := r.parameters
	for root.Parent() != nil {
		root = root.Parent()
	}
	name := root.File().Name
	if below, err := filepath.Rel(folderOf(r.root.File().Name), name); err == nil {
		name = filepath.ToSlash(below)
	}
	return Know(name, Place{Node: root, Why: "deployed with these parameters"})
}

// facts is everything that a rule sees, and the place of the description, comparable.
func (d *Draft) facts() string { return text([]any{d, d.Place.Node.Span().Start.Offset}) }

func (c *Compute) facts() string { return text([]any{c, c.Place.Node.Span().Start.Offset}) }

// told is what makes problems the same.
func (p Problem) told() string {
	if p.Place.Node == nil {
		return p.Message
	}
	return p.Message + "\x00" + p.Place.Node.File().Name + "\x00" + strconv.Itoa(p.Place.Node.Span().Start.Offset)
}

// group is what some of several lists have alike, one member a list.
type group[T any] struct {
	members []T
	of      []int // the indexes of their lists
}

// alike groups the members of lists by a key, in the order of the lists. Of members of
// one list that are alike the first goes with the first of another list, and so on.
func alike[T any](lists [][]T, key func(T) string) []*group[T] {
	var groups []*group[T]
	known := map[string]*group[T]{}
	for i, list := range lists {
		repeated := map[string]int{}
		for _, member := range list {
			own := key(member)
			repeated[own]++
			own += "\x00" + strconv.Itoa(repeated[own])
			if known[own] == nil {
				known[own] = &group[T]{}
				groups = append(groups, known[own])
			}
			known[own].members = append(known[own].members, member)
			known[own].of = append(known[own].of, i)
		}
	}
	return groups
}

// inOrder sorts by the places of descriptions, and for one place by the parameters files.
func inOrder(a, b Place, aFile, bFile Fact[string]) int {
	return cmp.Or(cmp.Compare(a.Node.Span().Start.Offset, b.Node.Span().Start.Offset), cmp.Compare(aFile.Value, bFile.Value))
}
