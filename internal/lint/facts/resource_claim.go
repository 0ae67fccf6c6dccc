package facts

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// resourceClaim is what Dynamic Resource Allocation gives to pods: a ResourceClaim that pods
// share, or a template of the claim that each pod gets. Both belong to a namespace.
// https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
var resourceClaim = format{
	name:      "kubernetes-resource-claim",
	title:     "Kubernetes ResourceClaim and ResourceClaimTemplate, for the pods that name them",
	signs:     "`apiVersion` of `resource.k8s.io`, and the `kind`",
	reference: "https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/",
	links:     true,
	marks:     [][]string{{"resource.k8s.io/"}, {"ResourceClaim"}},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "resource.k8s.io" && (kind == "ResourceClaim" || kind == "ResourceClaimTemplate") && root.Has("spec")
	},
	read: func(r *reader) {
		kind, spec := resourceClaimDefinition, r.root.Get("spec")
		if r.identity().kind == "ResourceClaimTemplate" {
			kind, spec = resourceClaimTemplate, r.at(spec, "spec")
		}
		claim := &Deployment{}
		var gpus, fpgas tally
		for _, request := range r.elements(r.at(spec, "devices", "requests")) {
			switch device, number := r.claimRequest(request); device {
			case noDevice:
			case fpgaDevice:
				fpgas.add(number)
			default:
				gpus.add(number)
			}
		}
		claim.GPUs, claim.FPGAs = gpus.whole(), fpgas.whole()
		part := r.part(kind, "the pods that name it", claim)
		part.name, part.namespace = r.text(r.root.At("metadata", "name")).Value, namespaceOf(r.root)
	},
}

// deviceClassPrefix makes the name of an extended resource of the name of a device class.
const deviceClassPrefix = "deviceclass.resource.kubernetes.io/"

// claimRequest returns what a request of a claim asks for. Of alternatives, one of which a
// pod gets, it is the fewest devices, if all are of one kind.
func (r *reader) claimRequest(request *source.Node) (device deviceKind, number Fact[float64]) {
	alternatives := r.elements(r.at(request, "firstAvailable"))
	if len(alternatives) == 0 {
		exactly := request.Get("exactly")
		if exactly.IsNull() {
			exactly = request // of v1beta1
		}
		return r.exactRequest(exactly)
	}
	for i, alternative := range alternatives {
		one, asked := r.exactRequest(alternative)
		switch {
		case one == noDevice, i > 0 && (one == fpgaDevice) != (device == fpgaDevice):
			return noDevice, Fact[float64]{}
		case i == 0, asked.Value < number.Value:
			device, number = one, asked
		}
	}
	return device, number
}

// exactRequest returns the devices of a class that a request asks for.
func (r *reader) exactRequest(request *source.Node) (device deviceKind, number Fact[float64]) {
	class := r.text(r.at(request, "deviceClassName"))
	device, why := r.deviceOf(deviceClassPrefix + class.Value)
	if device == noDevice || request.Get("adminAccess").Is("true") { // such access takes no device
		return noDevice, Fact[float64]{}
	}
	if why == "" {
		why = "the claim requests devices of the class " + class.Value
	}
	count := request.Get("count")
	switch {
	case request.Get("allocationMode").Is("All"):
		number = Know(1.0, because(class.Place, "the claim requests all devices of the class "+class.Value+" that match"))
		number.AtLeast = true
	case count.IsNull():
		number = Know(1.0, because(class.Place, why))
	default:
		if number = r.device(count, device); number.Known {
			number.Place.Why = why
			break
		}
		number = Know(1.0, because(class.Place, why))
		number.AtLeast = true
	}
	return device, number
}

// claims notes the claims that a pod names. Each pod has the devices of all of them,
// whatever its containers use.
func (r *reader) claims(d *Deployment, spec *source.Node) {
	for claim := range present(spec.Get("resourceClaims")) {
		for _, kind := range []struct {
			key  string
			kind partKind
		}{{"resourceClaimTemplateName", resourceClaimTemplate}, {"resourceClaimName", resourceClaimDefinition}} {
			if name := r.text(claim.Get(kind.key)); name.Known {
				d.refer(reference{kind: kind.kind, name: name.Value, namespace: namespaceOf(r.root), node: name.Place.Node})
			} else if !claim.Get(kind.key).IsNull() {
				d.openClaims = true
			}
		}
	}
}

// ofClaim reports whether a mention is of a claim, whose devices come on top.
func (r *reference) ofClaim() bool {
	return r.kind == resourceClaimDefinition || r.kind == resourceClaimTemplate
}

// claimed adds the devices of a claim to those that the containers of a pod ask for. They
// are the GPUs that other evidence shows without their number.
func (m *merger) claimed(d, claim *Deployment) {
	if d.uncounted && claim.GPUs.Known {
		d.GPUs, d.uncounted = Fact[int64]{}, false
	}
	d.GPUs, d.FPGAs = m.onTop(d.GPUs, claim.GPUs), m.onTop(d.FPGAs, claim.FPGAs)
}

func (m *merger) onTop(known, more Fact[int64]) Fact[int64] {
	if !more.Known {
		return known
	}
	more.Place.Related = append(more.Place.Related[:len(more.Place.Related):len(more.Place.Related)], m.via...)
	var sum tally
	for _, f := range []Fact[int64]{known, more} {
		if f.Known {
			sum.add(convert(f, func(count int64) float64 { return float64(count) }))
		}
	}
	return sum.whole()
}

// leaveOpen makes lower bounds of the devices of a pod that names a claim which was not
// found: it may add some.
func (d *Deployment) leaveOpen() {
	open := d.openClaims
	for _, mention := range d.mentions {
		open = open || mention.ofClaim() && !mention.followed
	}
	if !open {
		return
	}
	for _, devices := range []*Fact[int64]{&d.GPUs, &d.FPGAs} {
		if devices.AtLeast = devices.Known; devices.Value == 0 {
			*devices = Fact[int64]{}
		}
	}
}
