package facts

// Withheld is a deployment without one of its facts.
type Withheld struct {
	*Deployment
	// Place is where that fact stands; of the cluster of the command line it has no node.
	Place Place
	// Hinted tells that the fact is the target and that a hint names another; see Deployment.Hint.
	Hinted bool
}

// Withhold returns, for each fact of the deployment that stands in another file than
// the deployment itself, the deployment without it, and so for a target that a hint contradicts.
func (d *Deployment) Withhold() []Withheld {
	if d.Place.Node == nil {
		return nil
	}
	own := d.Place.Node.File().Name
	var all []Withheld
	d.eachKnown(func(fact func(*Deployment) AnyFact) {
		place := fact(d).Origin()
		hinted := d.Hint.Known && fact(d) == AnyFact(&d.Target)
		if hinted || place.Node != nil && !place.In(own) {
			without := d.Copy()
			fact(without).Clear()
			all = append(all, Withheld{Deployment: without, Place: place, Hinted: hinted})
		}
	})
	return all
}

// Copy copies a deployment with its models and its compute, so that facts can be
// taken out of it.
func (d *Deployment) Copy() *Deployment {
	copied := *d
	copied.Models = make([]*Model, len(d.Models))
	for i, model := range d.Models {
		own := *model
		copied.Models[i] = &own
	}
	if d.Compute != nil {
		own := *d.Compute
		copied.Compute = &own
	}
	return &copied
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
