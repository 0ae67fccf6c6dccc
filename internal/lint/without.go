package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Optimisation is a way to use less time or memory that changes no result. A run can leave it out, so that results
// with and without it can be compared.
type Optimisation string

// The optimisations.
const (
	PlainYAML     Optimisation = "plain"     // the usual YAML is read without the YAML library
	DropDocuments Optimisation = "drop"      // documents of kinds without deployments are not parsed
	AskNeeded     Optimisation = "ask"       // rules whose facts no document declares are not evaluated
	Batches       Optimisation = "batch"     // facts are evaluated and released in batches
	Unchanged     Optimisation = "unchanged" // an update that changes nothing relevant is evaluated once
)

// Optimisations lists all of them.
func Optimisations() []Optimisation {
	return []Optimisation{PlainYAML, DropDocuments, AskNeeded, Batches, Unchanged}
}

// Without are the optimisations that a run leaves out.
type Without []Optimisation

// ParseWithout reads a comma-separated list of optimisations; "" has none.
func ParseWithout(list string) (Without, error) {
	var without Without
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		switch known := Optimisations(); {
		case word == "":
		case slices.Contains(known, Optimisation(word)):
			without = append(without, Optimisation(word))
		default:
			return nil, fmt.Errorf("unknown optimisation %q; optimisations are %s", word, joined(known))
		}
	}
	return without, nil
}

func joined(words []Optimisation) string {
	var texts []string
	for _, word := range words {
		texts = append(texts, string(word))
	}
	return strings.Join(texts, ", ")
}

// evaluation returns options of an evaluation with the optimisations.
func (w Without) evaluation(options evaluate.Options) evaluate.Options {
	options.AllRules = !w.Uses(AskNeeded)
	return options
}

// parse reads a file with the optimisations.
func (w Without) parse(name string, data []byte) *source.File {
	options := source.Options{Parallel: true, NoPlain: !w.Uses(PlainYAML), Ignore: extract.IgnoredInFiles()}
	// A waiver in a comment may cover what begins in another document. UTF-16, which begins with a byte that UTF-8 does
	// not have, hides the comment.
	isUTF16 := len(data) > 0 && data[0] >= 0xFE
	if w.Uses(DropDocuments) && !isUTF16 && !waiver.InComments(data) {
		options.Skip = extract.IsPodless
	}
	return options.Parse(name, data)
}

// Uses reports whether a run uses an optimisation.
func (w Without) Uses(o Optimisation) bool { return !slices.Contains(w, o) }
