package lint

import (
	"iter"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Admission returns a Linter that judges Kubernetes objects as they are sent to an API
// server. It judges each by itself and in the goroutine of the caller, so that many calls
// run beside each other and a panic is the caller's; its remedies are those of the rules'
// METADATA, which name no targets.
//
// What an object states of itself by annotations or labels is believed only of the words
// (facts.Statements) that are listed. Any other statement may add findings and takes none
// away: whatever would be found if the object did not make it is found. So it is with what
// an object says for another cloud, unless the configuration says that the cluster is not AKS.
func (l *Linter) Admission(believed ...string) *Linter {
	admission := *l
	admission.alone, admission.admission, admission.doubted = true, true, nil
	if !slices.Contains(believed, "workload") {
		admission.doubted = append(admission.doubted, facts.Labelled)
	}
	if l.config.Cluster.Value != facts.Kubernetes {
		admission.doubted = append(admission.doubted, facts.Elsewhere)
	}
	for _, word := range facts.Statements() {
		if !slices.Contains(believed, word) {
			admission.doubted = append(admission.doubted, word)
		}
	}
	return &admission
}

// BindingRule is the rule of findings about whoever binds a Pod to a virtual node.
const BindingRule = facts.BindingRule

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return facts.IsVirtualNode(name) }

// Severity returns that of a rule which is not one of the policies': what the configuration says,
// else the usual one.
func (l *Linter) Severity(rule string, usual Severity) Severity {
	if severity, set := l.config.Severity(rule); set {
		return severity
	}
	return usual
}

// In returns a Linter to which Kubernetes objects that do not state a namespace are in this one.
func (l *Linter) In(namespace string) *Linter {
	in := *l
	in.namespace = namespace
	return &in
}

// readInline reads inputs in the goroutine of the caller.
func readInline(inputs iter.Seq[Input]) readings {
	all := readings{unrecognized: map[string]bool{}}
	for input := range inputs {
		file, err := read(input)
		switch {
		case err != nil:
			all.errors = append(all.errors, err)
			continue
		case file == nil:
			all.unrecognized[input.Name] = true
		default:
			file.Live = true
			all.files = append(all.files, file)
		}
		all.count++
	}
	return all
}

func variants(doubts []facts.Doubt) []*facts.Deployment {
	deployments := make([]*facts.Deployment, len(doubts))
	for i, doubt := range doubts {
		deployments[i] = doubt.Deployment
	}
	return deployments
}

// novel leaves out denials of doubts, whose first has this index, that say what the
// deployment itself or one of its fuller doubts is denied for already. Two denials that
// say the same of one deployment are still two.
func novel(denials []policy.Denial, doubts []facts.Doubt, first int) []policy.Denial {
	if len(doubts) == 0 {
		return denials
	}
	type said struct {
		of            int
		rule, message string
	}
	byVariant := make([][]policy.Denial, len(doubts))
	known := map[said]int{}
	var kept []policy.Denial
	for _, denial := range denials {
		index, ok := deploymentOf(denial)
		switch {
		case !ok, index < first:
			kept = append(kept, denial)
			if ok {
				known[said{index, denial.Rule, denial.Message}]++
			}
		default:
			byVariant[index-first] = append(byVariant[index-first], denial)
		}
	}
	for i, denials := range byVariant {
		here := map[said]int{}
		for _, denial := range denials {
			of := said{doubts[i].Of, denial.Rule, denial.Message}
			if here[of]++; here[of] > known[of] {
				known[of]++
				kept = append(kept, denial)
			}
		}
	}
	return kept
}
