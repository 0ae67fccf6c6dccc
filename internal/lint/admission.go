package lint

import (
	"iter"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Admission returns a Linter that judges Kubernetes objects as they are sent to an API
// server. It judges each by itself and in the goroutine of the caller, so that many calls
// run beside each other and a panic is the caller's. Its remedies are those of the rules'
// METADATA, which name no targets, until Result.Suggest completes them.
//
// What an object states of itself by annotations or labels is believed only of the words
// (facts.Statements) that are listed. Any other statement may add findings and takes none
// away: whatever would be found if the object did not make it is found. So it is with what
// an object declares about its cluster: the API server is that of the configured one.
func (l *Linter) Admission(believed ...string) *Linter {
	admission := *l
	admission.alone, admission.admission, admission.doubted = true, true, nil
	if !slices.Contains(believed, "workload") {
		admission.doubted = append(admission.doubted, facts.Labelled)
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

// variant is a deployment as it is under other circumstances than those that are known.
type variant struct {
	*facts.Deployment
	of int // index of the deployment
	// mayRun tells that it is on a target on which the deployment may run, but need not.
	mayRun bool
}

// variants are those of deployments, with the doubts about them.
func variants(deployments []*facts.Deployment, doubts []facts.Doubt) []variant {
	var all []variant
	mayRun := func(d *facts.Deployment, of int) {
		for _, there := range d.MayRun() {
			all = append(all, variant{there, of, true})
		}
	}
	for i, d := range deployments {
		mayRun(d, i)
	}
	for _, doubt := range doubts {
		all = append(all, variant{doubt.Deployment, doubt.Of, false})
		mayRun(doubt.Deployment, doubt.Of)
	}
	return all
}

// reportable leaves out denials of variants, whose first has this index, that say what the
// deployment itself or an earlier variant of it is denied for already. Two denials that say
// the same of one deployment are still two. Of a target on which a deployment may run, only
// errors are reported, with these words.
func (l *Linter) reportable(denials []policy.Denial, variants []variant, first int) []policy.Denial {
	if len(variants) == 0 {
		return denials
	}
	type said struct {
		of            int
		rule, message string
	}
	byVariant := make([][]policy.Denial, len(variants))
	known := map[said]int{}
	var kept []policy.Denial
	for _, denial := range denials {
		index, ok := deploymentOf(denial)
		if !ok || index < first {
			kept = append(kept, denial)
			if ok {
				known[said{index, denial.Rule, denial.Message}]++
			}
			continue
		}
		if variants[index-first].mayRun {
			if rule, _ := l.policies.Rule(denial.Rule); l.severity(rule) != Error {
				continue
			}
			denial.Message = l.possible(variants[index-first].Target.Value) + denial.Message
		}
		byVariant[index-first] = append(byVariant[index-first], denial)
	}
	for i, denials := range byVariant {
		here := map[said]int{}
		for _, denial := range denials {
			of := said{variants[i].of, denial.Rule, denial.Message}
			if here[of]++; here[of] > known[of] {
				known[of]++
				kept = append(kept, denial)
			}
		}
	}
	return kept
}

// possible are the words before what is wrong on a target on which a deployment may run and need not.
func (l *Linter) possible(target facts.Target) string { return "may run on " + l.nameOf(target) + ": " }

// nameOf is what the edition in force calls a target.
func (l *Linter) nameOf(target facts.Target) string {
	edition, _ := l.policies.Edition(l.config.Edition.Value)
	if row, ok := edition.Row(string(target)); ok {
		return row.Name
	}
	return string(target)
}
