package extract

import (
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/link"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// maxVariants limits the variants of one document. An object with one part and all statements has
// 127.
const maxVariants = 1000

// untrustedSets returns the sets of words to leave out of a document's statements, the smaller ones
// first. Too many variants are an error: statements that cannot be evaluated must not hide a violation.
func untrustedSets(r *read.Reader, options Options) [][]string {
	var words []string
	for _, word := range options.Untrusted {
		if slices.ContainsFunc(r.Deployments, func(d *read.Draft) bool { return declares(d, word) }) {
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
	count := 0
	for _, d := range r.Deployments {
		count += (1+len(sets))*link.CountInterpretations(d, options) - 1
	}
	if count > maxVariants {
		r.Problems = append(r.Problems, facts.Problem{
			Rule: facts.SyntaxRule, Severity: facts.Error,
			Message:     fmt.Sprintf("cannot evaluate the object: %d parts with %d untrusted statements have more than %d variants", len(r.Deployments), len(words), maxVariants),
			Remedy:      "Remove mlpolicy.dev/… statements, or split the object.",
			Location:    facts.Location{Node: r.Root},
			Unevaluated: true,
		})
		return nil
	}
	return sets
}

// declares reports whether the deployment's document declares the fact of a word.
func declares(d *read.Draft, word string) bool {
	if word == facts.Labelled {
		return d.Workload.Known && d.Labelled != nil && d.Workload.Location.Node == d.Labelled
	}
	return slices.ContainsFunc(d.Declared, func(declared *read.Draft) bool {
		if word == facts.ModelSize {
			return len(declared.Models) > 0
		}
		field := facts.FieldOf(facts.DeploymentFields(), word)
		return field != nil && !field.Fact(&declared.Deployment).IsZero()
	})
}

// variants returns the deployment in each of its interpretations with all words and without the words
// of each set; the first interpretation with all words is the deployment itself.
func variants(d *read.Draft, sets [][]string, interpretations int) []*read.Draft {
	var variants []*read.Draft
	for _, words := range append([][]string{nil}, sets...) {
		for i := range interpretations {
			if len(words) == 0 && i == 0 {
				continue
			}
			variant := new(*d)
			variant.Deployment = *d.Deployment.Copy()
			variant.Images = slices.Clip(variant.Images)
			variant.Declared, variant.Interpretation = nil, i
			if slices.Contains(words, facts.Labelled) && declares(d, facts.Labelled) {
				variant.Workload = facts.Fact[facts.Workload]{}
			}
			for _, declared := range d.Declared {
				variant.Declared = append(variant.Declared, without(declared, words))
			}
			variants = append(variants, variant)
		}
	}
	return variants
}

// without returns declared facts without those of some words.
func without(d *read.Draft, words []string) *read.Draft {
	rest := *d
	for _, word := range words {
		if word == facts.ModelSize {
			rest.Models = nil
		} else if field := facts.FieldOf(facts.DeploymentFields(), word); field != nil {
			field.Fact(&rest.Deployment).Clear()
		}
	}
	return &rest
}
