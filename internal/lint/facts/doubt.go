package facts

import (
	"fmt"
	"slices"
)

// Statements are the words of the facts that annotations, labels and tags may state, as
// mlpolicy.dev/<word>.
func Statements() []string {
	return []string{"workload", "stage", "target", "designer", "model-size"}
}

// Words that can be doubted beside Statements: what anybody may write anywhere without
// any consequence but that it counts here.
const (
	// Labelled is the workload that labels of operators or images of model servers show.
	Labelled = "labelled"
)

// Doubt is a deployment without some of the doubted statements of its document, or with its
// scheduling understood in another way. There is one for each way and set of statements that
// can be left out, the smaller sets first, so that whoever judges a deployment together with
// its doubts finds all that could be found if the document stated less.
type Doubt struct {
	*Deployment
	Of int // the index of the deployment in Facts.Deployments
}

// maxDoubts bounds the doubts of one document. An object of one part that states all there
// is to state has 127.
const maxDoubts = 1000

// doubts returns the sets of words to leave out of a document's statements, the smaller
// ones first. Too many of them are a Problem, which is an error: nobody gets around a rule
// by stating more than can be judged.
func (r *reader) doubts(options Options) [][]string {
	var words []string
	for _, word := range options.Doubted {
		if slices.ContainsFunc(r.deployments, func(d *Draft) bool { return d.states(word) }) {
			words = append(words, word)
		}
	}
	var sets [][]string
	for set := 1; set < 1<<len(words); set++ {
		var left []string
		for i, word := range words {
			if set&(1<<i) != 0 {
				left = append(left, word)
			}
		}
		sets = append(sets, left)
	}
	slices.SortStableFunc(sets, func(a, b []string) int { return len(a) - len(b) })
	doubts := 0
	for _, d := range r.deployments {
		doubts += (1+len(sets))*d.ways(options) - 1
	}
	if doubts > maxDoubts {
		r.problems = append(r.problems, Problem{
			Rule: SyntaxRule, Severity: Error,
			Message:  fmt.Sprintf("cannot evaluate the object: %d parts with %d untrusted statements have more than %d variants", len(r.deployments), len(words), maxDoubts),
			Remedy:   "Remove mlpolicy.dev/… statements, or split the object.",
			Place:    Place{Node: r.root},
			Unjudged: true,
		})
		return nil
	}
	return sets
}

// states reports whether the deployment's document states the fact of a word.
func (d *Draft) states(word string) bool {
	switch {
	case word == Labelled:
		return d.Workload.Known && d.labelled != nil && d.Workload.Place.Node == d.labelled
	}
	return slices.ContainsFunc(d.said, func(said *Draft) bool {
		less := said.less([]string{word})
		return less.Workload.Known != said.Workload.Known || less.Stage.Known != said.Stage.Known ||
			less.Target.Known != said.Target.Known || less.Designer.Known != said.Designer.Known ||
			len(less.Models) != len(said.Models)
	})
}

// without returns the deployment in each of its interpretations with all words and without the words
// of each set; the first interpretation with all words is the deployment itself.
func (d *Draft) without(sets [][]string, interpretations int) []*Draft {
	var variants []*Draft
	for _, words := range append([][]string{nil}, sets...) {
		for i := range interpretations {
			if len(words) == 0 && i == 0 {
				continue
			}
			variant := new(*d)
			variant.Deployment = *d.Deployment.copied()
			variant.Images = slices.Clip(variant.Images)
			variant.said, variant.interpretation = nil, i
			if slices.Contains(words, Labelled) && d.states(Labelled) {
				variant.Workload = Fact[Workload]{}
			}
			for _, said := range d.said {
				variant.said = append(variant.said, said.less(words))
			}
			variants = append(variants, variant)
		}
	}
	return variants
}

// less is what is said but for some words.
func (d *Draft) less(words []string) *Draft {
	said := *d
	for _, word := range words {
		switch word {
		case "workload":
			said.Workload = Fact[Workload]{}
		case "stage":
			said.Stage = Fact[Stage]{}
		case "target":
			said.Target = Fact[Target]{}
		case "designer":
			said.Designer = Fact[bool]{}
		case "model-size":
			said.Models = nil
		}
	}
	return &said
}
