package whatif

import "github.com/mlpolicy/mlpolicy/internal/lint/facts"

// onTarget returns a copy of a deployment as it would be on a target. The copy lacks the facts that
// belong to another target, where it runs now: the compute, the delivery, and the cores and memory of
// a machine, which it may not need. It keeps the devices of a machine, since people choose the
// machine for them.
func onTarget(d *facts.Deployment, target facts.Target) *facts.Deployment {
	moved := *d
	if d.Target.Known && d.Target.Value == target {
		return &moved
	}
	moved.Target, moved.MayRunOn = facts.Know(target, facts.Location{Node: d.Target.Location.Node}), nil
	if d.Target.Known {
		moved.Delivery = facts.Fact[string]{}
	}
	if c := d.Compute; c != nil {
		if c.Target.Known && c.Target.Value != target || !c.Target.Known && d.Target.Known {
			moved.Compute = nil
		}
	}
	if d.CPUCores.OfMachine {
		moved.CPUCores = facts.Fact[float64]{}
	}
	if d.MemoryGiB.OfMachine {
		moved.MemoryGiB = facts.Fact[float64]{}
	}
	return &moved
}
