package whatif

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// row is a target of the selected edition, with the targets that share its row.
type row struct {
	target, name string
	standsFor    []string // targets
	preview      bool
}

func (e *Evaluator) rows() []row {
	rows := make([]row, len(e.Edition.Rows))
	for i, each := range e.Edition.Rows {
		rows[i] = row{target: each.Target, name: each.Name, preview: each.Cells["preview"] == true}
		for _, target := range facts.Target("").Values() {
			if of, ok := e.Edition.Row(target); ok && of.Target == each.Target {
				rows[i].standsFor = append(rows[i].standsFor, target)
			}
		}
		if slices.Contains(e.Targets, facts.Target(each.Target)) {
			rows[i].standsFor = append(rows[i].standsFor, each.Target)
		}
	}
	return rows
}

func (r row) includes(target facts.Fact[facts.Target]) bool {
	return target.Known && slices.Contains(r.standsFor, string(target.Value))
}

// targetOf returns the target on which a deployment is evaluated for the row: its own, or else that of its compute,
// if it shares the row.
func (r row) targetOf(d *facts.Deployment) facts.Target {
	switch {
	case r.includes(d.Target):
		return d.Target.Value
	case d.Compute != nil && r.includes(d.Compute.Target):
		return d.Compute.Target.Value
	case slices.Contains(r.standsFor, r.target):
		return facts.Target(r.target)
	}
	return facts.Target(r.standsFor[0]) // every row stands for at least one
}
