package facts

// Without is a deployment without one of its facts.
type Without struct {
	*Deployment
	// Location is that of the fact. It has no node for the cluster of the command line.
	Location Location
	// Hinted reports whether the fact is the target and a hint names another; see Deployment.Hint.
	Hinted bool
}

// WithoutOtherFiles returns, for each fact that another file than that of the deployment declares,
// the deployment without this fact, and the same for a target that a hint contradicts.
func (d *Deployment) WithoutOtherFiles() []Without {
	if d.Location.Node == nil {
		return nil
	}
	own := d.Location.Node.File().Name
	var all []Without
	d.eachKnown(func(fact func(*Deployment) AnyFact) {
		location := fact(d).Origin()
		hinted := d.Hint.Known && fact(d) == AnyFact(&d.Target)
		if hinted || location.Node != nil && !location.In(own) {
			without := d.Copy()
			fact(without).Clear()
			all = append(all, Without{Deployment: without, Location: location, Hinted: hinted})
		}
	})
	return all
}

// eachKnown calls found for every known fact of a deployment, of its models and of its compute, except names, images and
// labels. found gets a function that returns that fact of the deployment or of a copy.
func (d *Deployment) eachKnown(found func(fact func(*Deployment) AnyFact)) {
	for _, field := range deploymentFields {
		if field.isKnown(d) {
			found(field.Fact)
		}
		switch field.Name {
		case "models":
			for i, model := range d.Models {
				for _, field := range modelFields {
					if field.isKnown(model) {
						found(func(d *Deployment) AnyFact { return field.Fact(d.Models[i]) })
					}
				}
			}
		case "compute":
			for _, field := range computeFields {
				if d.Compute != nil && field.isKnown(d.Compute) {
					found(func(d *Deployment) AnyFact { return field.Fact(d.Compute) })
				}
			}
		}
	}
}

// isKnown reports whether the field is a known fact and not a name.
func (f *Field[T]) isKnown(of *T) bool { return f.Fact != nil && !f.Names && !f.Fact(of).IsZero() }
