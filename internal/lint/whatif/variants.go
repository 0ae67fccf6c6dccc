package whatif

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Variants are the facts of a run with the variants of their deployments: each deployment on the other targets on
// which it may run, and each without its untrusted declarations.
type Variants struct {
	Facts    *facts.Facts // the variants follow the deployments
	declared int          // deployments that are not variants
	variants []variant
}

type variant struct {
	of     int  // index of the deployment
	mayRun bool // on a target on which the deployment may run, but need not
}

// NewVariants returns the variants of declared facts. untrusted are the deployments without some untrusted
// declarations.
func NewVariants(declared facts.Facts, untrusted []facts.Variant) *Variants {
	v := &Variants{Facts: &declared, declared: len(declared.Deployments)}
	for i, d := range declared.Deployments {
		v.addTargets(d, i)
	}
	for _, without := range untrusted {
		v.add(without.Deployment, variant{of: without.Of})
		v.addTargets(without.Deployment, without.Of)
	}
	return v
}

func (v *Variants) add(d *facts.Deployment, of variant) {
	v.Facts.Deployments, v.variants = append(v.Facts.Deployments, d), append(v.variants, of)
}

// addTargets adds a copy of a deployment for each other target on which it may run.
func (v *Variants) addTargets(d *facts.Deployment, of int) {
	for _, target := range d.MayRunOn {
		there := onTarget(d, target.Value)
		there.Target = target
		v.add(there, variant{of, true})
	}
}

// Denial is the result of a rule for a deployment, a variant of one, or a compute.
type Denial struct {
	policy.Denial
	// VariantOf is the deployment of this variant; nil for other denials.
	VariantOf *facts.Deployment
	// MayRun reports whether the variant is on a target on which the deployment may run, but need not.
	MayRun bool
	// DependsOn are the locations of facts in other files without which the rule does not report.
	DependsOn []facts.Location
	// DependsOnHinted reports whether one of them is a target from the configuration that a hint contradicts.
	DependsOnHinted bool
}

// NewDenials returns the denials of deployments and computes, and the new ones of variants: the deployment or an
// earlier variant of it does not have the denial. Two equal denials of one deployment are kept. On a target on which
// a deployment may run, only errors are reported.
func (e *Evaluator) NewDenials(v *Variants, denials []policy.Denial) []Denial {
	type statement struct {
		of                    int
		rule, message, target string // target is set if the deployment may run on it
	}
	stated := map[statement]int{}
	var kept []Denial
	byVariant := make([][]Denial, len(v.variants))
	for _, denial := range denials {
		index, ok := deploymentOf(denial)
		if !ok || index < v.declared {
			kept = append(kept, Denial{Denial: denial})
			if ok {
				stated[statement{of: index, rule: denial.Rule, message: denial.Message}]++
			}
			continue
		}
		variant := v.variants[index-v.declared]
		if rule, _ := e.Policies.Rule(denial.Rule); variant.mayRun && e.severity(v.Facts.Deployments[variant.of], rule) != facts.Error {
			continue
		}
		byVariant[index-v.declared] = append(byVariant[index-v.declared],
			Denial{Denial: denial, VariantOf: v.Facts.Deployments[variant.of], MayRun: variant.mayRun})
	}
	for i, denials := range byVariant {
		here := map[statement]int{}
		for _, denial := range denials {
			says := statement{of: v.variants[i].of, rule: denial.Rule, message: denial.Message}
			if denial.MayRun {
				says.target = e.Edition.NameOf(string(v.Facts.Deployments[v.declared+i].Target.Value))
			}
			if here[says]++; here[says] > stated[says] {
				stated[says]++
				kept = append(kept, denial)
			}
		}
	}
	return kept
}

// deploymentOf returns the index of the deployment that a denial is about.
func deploymentOf(denial policy.Denial) (index int, ok bool) {
	index, _ = denial.Path[1].(int)
	return index, denial.Path[0] == "deployments"
}
