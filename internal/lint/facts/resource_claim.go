package facts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// resourceClaim is what Dynamic Resource Allocation gives to pods: a ResourceClaim that pods
// share, or a template of the claim that each pod gets. Both belong to a namespace and request
// devices of a DeviceClass, which belongs to the cluster.
// https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
var resourceClaim = format{
	name:      "kubernetes-resource-claim",
	title:     "Kubernetes ResourceClaim and ResourceClaimTemplate, for the pods that name them, and the DeviceClass that these request",
	signs:     "`apiVersion` of `resource.k8s.io`, and the `kind`",
	reference: "https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/",
	links:     true,
	marks:     [][]string{{"resource.k8s.io/"}, {"ResourceClaim", "DeviceClass"}},
	shapes: map[string]*shape{
		"ResourceClaim":         under(resourceClaimShape, "spec"),
		"ResourceClaimTemplate": under(resourceClaimShape, "spec", "spec"),
		"DeviceClass":           under(listOf(under(scalarShape, "cel", "expression")), "spec", "selectors"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "resource.k8s.io" && (kind == "ResourceClaim" || kind == "ResourceClaimTemplate" || kind == "DeviceClass") && root.Has("spec")
	},
	read: func(r *reader) {
		kind, spec := resourceClaimDefinition, r.root.Get("spec")
		if r.identity().kind == "DeviceClass" {
			r.deviceClass(spec)
			return
		}
		if r.identity().kind == "ResourceClaimTemplate" {
			kind, spec = resourceClaimTemplate, spec.Get("spec")
		}
		claim := &Draft{}
		var gpus, fpgas tally
		for _, request := range spec.At("devices", "requests").Elements() {
			switch device, number := r.claimRequest(claim, request); device {
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

var (
	exactRequestShape  = mappingOf(map[string]*shape{"deviceClassName": scalarShape, "count": scalarShape})
	resourceClaimShape = under(listOf(exactRequestShape.with(map[string]*shape{
		"exactly": exactRequestShape, "firstAvailable": listOf(exactRequestShape),
	})), "devices", "requests")
)

// claimRequest returns what a request of a claim asks for. Of alternatives, one of which a
// pod gets, it is the fewest devices, if all are of one kind. Of a class that is not known by
// its name, the claim refers to the definition.
func (r *reader) claimRequest(claim *Draft, request *source.Node) (device deviceKind, number Fact[float64]) {
	alternatives := request.Get("firstAvailable").Elements()
	if len(alternatives) == 0 {
		exactly := request.Get("exactly")
		if exactly.IsNull() {
			exactly = request // of v1beta1
		}
		class := r.text(exactly.Get("deviceClassName"))
		if device, number = r.exactRequest(exactly); device == noDevice && class.Known && !exactly.Get("adminAccess").Is("true") {
			claim.refer(reference{kind: deviceClassDefinition, name: class.Value, node: class.Place.Node, devices: r.requestedDevices(exactly, class, noDevice, "")})
		}
		return device, number
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
	class := r.text(request.Get("deviceClassName"))
	device, why := r.deviceOf(deviceClassPrefix + class.Value)
	if device == noDevice || request.Get("adminAccess").Is("true") { // such access takes no device
		return noDevice, Fact[float64]{}
	}
	return device, r.requestedDevices(request, class, device, why)
}

// requestedDevices returns how many devices of a class a request asks for; why says why they are
// of the kind, empty for the class's name.
func (r *reader) requestedDevices(request *source.Node, class Fact[string], device deviceKind, why string) (number Fact[float64]) {
	if why == "" {
		why = "the claim requests devices of the class " + class.Value
	}
	count := request.Get("count")
	switch {
	case request.Get("allocationMode").Is("All"):
		number = Know(1.0, because(class.Place, atLeast+"the claim requests all devices of the class "+class.Value+" that match"))
		number.AtLeast = true
	case count.IsNull():
		number = Know(1.0, because(class.Place, why))
	default:
		if number = r.device(count, device); number.Known {
			number.Place.Why = why
			break
		}
		number = Know(1.0, because(class.Place, atLeast+why))
		number.AtLeast = true
	}
	return number
}

// ofClass reports whether a mention requests devices of a class.
func (r *reference) ofClass() bool {
	return r.kind == deviceClassDefinition || r.kind == extendedResource
}

// claimedOf returns the devices that are requested of a class.
func (r *reference) claimedOf(class *part) *Draft {
	number := r.devices
	switch class.device {
	case noDevice:
		return &Draft{}
	case gpuShare, gpuPart:
		number.Value = min(number.Value, 1)
	}
	number.Place.Related = append(slices.Clip(number.Place.Related), class.facts.Place)
	claimed := &Draft{}
	if whole := roundUp(number); class.device == fpgaDevice {
		claimed.FPGAs = whole
	} else {
		claimed.GPUs = whole
	}
	return claimed
}

// claims notes the claims that a pod names. Each pod has the devices of all of them,
// whatever its containers use.
func (r *reader) claims(d *Draft, spec *source.Node) {
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
func (m *merger) claimed(d, claim *Draft) {
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
func (d *Draft) leaveOpen() {
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
			continue
		}
		if why := &devices.Place.Why; !strings.HasPrefix(*why, atLeast) {
			*why = atLeast + cmp.Or(*why, "a claim that was not found may add devices")
		}
	}
}
