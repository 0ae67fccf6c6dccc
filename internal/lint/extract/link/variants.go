package link

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// definedByAll returns the parts that the readings of a template define: those that are equal in all
// readings once, without parameters, and others once for each reading. What a reading without parameters defines is defined for others,
// and what has its name with parameters only for what has the same ones.
func definedByAll(variants []*read.Reader) []*read.Part {
	parts := make([][]*read.Part, len(variants))
	for i, variant := range variants {
		parts[i] = Defined(variant)
	}
	all := merge(parts, withoutParameters(variants), partKey,
		func(equal []*read.Part) *read.Part {
			part := *equal[0]
			part.Under = nil
			return &part
		},
		func(part *read.Part, i int) { part.Under = variants[i].Parameters })
	for _, part := range all {
		part.Within = part.Under != nil && slices.ContainsFunc(all, func(other *read.Part) bool {
			return other.Under == nil && other.Kind == part.Kind && other.Name == part.Name && other.Namespace == part.Namespace
		})
	}
	return all
}

// partKey is everything that a part says and is found by, comparable.
func partKey(p *read.Part) string {
	all := []any{p.Kind, p.Name, p.Namespace, p.Version, p.Compute}
	if p.Facts != nil {
		all = append(all, p.Facts.Recorded()...)
		for _, reference := range p.Facts.References {
			all = append(all, reference.Kind, reference.Name, reference.Namespace, reference.Version, reference.Path)
		}
	}
	return read.Comparable(all)
}

// withoutParameters reports whether the first reading of a template is without a parameters file.
func withoutParameters(variants []*read.Reader) bool { return variants[0].Parameters == nil }

// MergeVariants completes what a template describes with each of its parameters files. What is
// equal with all of them, or is the same without any, is kept once, anything else once for each file, which it names.
func (l *Linker) MergeVariants(ctx context.Context, r *read.Reader) {
	deployments, computes := make([][]*read.Draft, len(r.Variants)), make([][]*facts.Compute, len(r.Variants))
	problems := make([][]facts.Problem, len(r.Variants))
	for i, variant := range r.Variants {
		problems[i] = append(variant.Problems, l.completeVariant(ctx, variant)...)
		deployments[i], computes[i] = variant.Deployments, variant.Computes
	}

	file := func(i int) facts.Fact[string] { return parametersFile(r.Variants[i]) }
	base := withoutParameters(r.Variants)
	r.Deployments = append(r.Deployments, merge(deployments, base, deploymentKey, joinDeployments, func(d *read.Draft, i int) { d.Parameters = file(i) })...)
	r.Computes = append(r.Computes, merge(computes, base, computeKey, joinComputes, func(c *facts.Compute, i int) { c.Parameters = file(i) })...)
	slices.SortStableFunc(r.Deployments, func(a, b *read.Draft) int { return inOrder(a.Location, b.Location, a.Parameters, b.Parameters) })
	slices.SortStableFunc(r.Computes, func(a, b *facts.Compute) int { return inOrder(a.Location, b.Location, a.Parameters, b.Parameters) })
	for _, group := range groupEqual(problems, problemKey) {
		problem := group.members[0]
		if !group.isOfAll(len(r.Variants), base) {
			for _, of := range group.of {
				problem.Location.Related = append(slices.Clip(problem.Location.Related), file(of).Location)
			}
		}
		r.Problems = append(r.Problems, problem)
	}
}

// completeVariant completes what a template describes with one of its parameters files. Problems of a
// deployment's own compute are reported with the deployment.
func (l *Linker) completeVariant(ctx context.Context, variant *read.Reader) (problems []facts.Problem) {
	own := map[*facts.Compute]bool{}
	for _, d := range variant.Deployments {
		problems = append(problems, l.Complete(ctx, d, func(c *facts.Compute) {
			own[c] = true
			variant.Computes = append(variant.Computes, c)
		})...)
	}
	for _, c := range variant.Computes {
		if found := l.MergeCompute(c); !own[c] {
			problems = append(problems, found...)
		}
	}
	return problems
}

// joinDeployments returns the first of equal deployments, with the locations of the others. The facts of a
// compute that it runs on are the compute's.
func joinDeployments(equal []*read.Draft) *read.Draft {
	d := equal[0]
	for _, other := range equal[1:] {
		addLocations(facts.DeploymentFields(), &d.Deployment, &other.Deployment)
		for i, model := range d.Models {
			addLocations(facts.ModelFields(), model, other.Models[i])
		}
		for _, link := range other.Links {
			at := slices.IndexFunc(d.Links, func(own facts.Link) bool { return own.What == link.What && own.Location.Node == link.Location.Node })
			if at >= 0 && len(d.Links[at].Found) < maxFound && len(link.Found) > 0 && !slices.ContainsFunc(d.Links[at].Found, link.Found[0].At) {
				d.Links[at].Found = append(slices.Clip(d.Links[at].Found), link.Found[0])
			}
		}
	}
	return d
}

// joinComputes returns the first of equal computes, with the locations of the others.
func joinComputes(equal []*facts.Compute) *facts.Compute {
	for _, other := range equal[1:] {
		addLocations(facts.ComputeFields(), equal[0], other)
	}
	return equal[0]
}

// addLocations adds to the facts of an object the locations of the same facts of other.
func addLocations[T any](fields []facts.Field[T], of, other *T) {
	for _, field := range fields {
		if field.Fact == nil || field.Names {
			continue
		}
		fact := field.Fact(of)
		location, same := fact.Origin(), field.Fact(other).Origin()
		if fact.IsZero() || same.Node == nil || isSamePlace(same.Node, location.Node) {
			continue
		}
		location.Related = append(slices.Clip(location.Related), facts.Location{Node: same.Node, Why: "also here"})
		fact.SetLocation(location)
	}
}

// isSamePlace reports whether two values stand at the same place.
func isSamePlace(a, b *source.Node) bool {
	return a == b || a != nil && b != nil && a.File() == b.File() && a.Span() == b.Span()
}

// parametersFile names the file that the parameters are from, as seen from the template. Without parameters it is unknown.
func parametersFile(r *read.Reader) facts.Fact[string] {
	root := r.Parameters
	if root == nil {
		return facts.Fact[string]{}
	}
	for root.Parent() != nil {
		root = root.Parent()
	}
	name := root.File().Name
	if below, err := filepath.Rel(read.FolderOf(r.Root.File().Name), name); err == nil {
		name = filepath.ToSlash(below)
	}
	return facts.Know(name, facts.Location{Node: root, Why: "deployed with these parameters"})
}

// deploymentKey is everything that a rule sees, and the location of the description, comparable.
func deploymentKey(d *read.Draft) string {
	return read.Comparable([]any{d, d.Location.Node.Span().Start.Offset})
}

func computeKey(c *facts.Compute) string {
	return read.Comparable([]any{c, c.Location.Node.Span().Start.Offset})
}

// problemKey is what makes problems the same.
func problemKey(p facts.Problem) string {
	if p.Location.Node == nil {
		return p.Message
	}
	return p.Message + "\x00" + p.Location.Node.File().Name + "\x00" + strconv.Itoa(p.Location.Node.Span().Start.Offset)
}

// merge returns the members of several lists: those that are equal in all lists, or if base is set those that the first list has, as the
// one that keep returns, and any other after mark, which gets the index of its list.
func merge[T any](lists [][]T, base bool, key func(T) string, keep func(equal []T) T, mark func(T, int)) []T {
	var merged []T
	for _, group := range groupEqual(lists, key) {
		if group.isOfAll(len(lists), base) {
			merged = append(merged, keep(group.members))
			continue
		}
		for i, member := range group.members {
			mark(member, group.of[i])
		}
		merged = append(merged, group.members...)
	}
	return merged
}

// group is equal members of several lists, one of each list.
type group[T any] struct {
	members []T
	of      []int // the indexes of their lists
}

// isOfAll reports whether all lists of a number have the member, or whether the first one has it if that is enough.
func (g *group[T]) isOfAll(number int, base bool) bool {
	return len(g.of) == number || base && g.of[0] == 0
}

// groupEqual groups the members of lists by a key, in the order of the lists. Of members of
// one list that are equal the first goes with the first of another list, and so on.
func groupEqual[T any](lists [][]T, key func(T) string) []*group[T] {
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

// inOrder sorts by the locations of descriptions, and for one location by the parameters files.
func inOrder(a, b facts.Location, aFile, bFile facts.Fact[string]) int {
	return cmp.Or(cmp.Compare(a.Node.Span().Start.Offset, b.Node.Span().Start.Offset), cmp.Compare(aFile.Value, bFile.Value))
}
