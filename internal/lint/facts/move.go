package facts

// On returns a copy of the deployment as it would be on a target. The copy lacks the facts that
// belong to another target, where it runs now: the compute, the delivery, and the cores and memory of
// a machine, which it may not need. It keeps the devices of a machine, since people choose the
// machine for them.
func (d *Deployment) On(target Target) *Deployment {
	moved := *d
	if d.Target.Known && d.Target.Value == target {
		return &moved
	}
	moved.Target, moved.MayRunOn = Know(target, Location{Node: d.Target.Location.Node}), nil
	if d.Target.Known {
		moved.Delivery = Fact[string]{}
	}
	if c := d.Compute; c != nil {
		if c.Target.Known && c.Target.Value != target || !c.Target.Known && d.Target.Known {
			moved.Compute = nil
		}
	}
	if d.CPUCores.OfMachine {
		moved.CPUCores = Fact[float64]{}
	}
	if d.MemoryGiB.OfMachine {
		moved.MemoryGiB = Fact[float64]{}
	}
	return &moved
}

// OnOtherTargets returns the deployment on each of the targets in MayRunOn.
func (d *Deployment) OnOtherTargets() []*Deployment {
	var all []*Deployment
	for _, target := range d.MayRunOn {
		there := d.On(target.Value)
		there.Target = target
		all = append(all, there)
	}
	return all
}
