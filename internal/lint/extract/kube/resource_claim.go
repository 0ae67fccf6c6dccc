package kube

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// resourceGroup is the API group of resource claims and device classes.
const resourceGroup = "resource.k8s.io"

// ResourceClaim is a claim of Dynamic Resource Allocation: a ResourceClaim that pods share, or a
// template of the claim that each pod gets. Both are namespaced. They request devices of a
// DeviceClass, which is not namespaced.
// https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
var ResourceClaim = read.Format{
	Name:      "kubernetes-resource-claim",
	Title:     "Kubernetes ResourceClaim and ResourceClaimTemplate, for the pods that name them, and the DeviceClass that these request",
	Signs:     "`apiVersion` of `resource.k8s.io`, and the `kind`",
	Reference: "https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/",
	Links:     true,
	Marks:     [][]string{{"resource.k8s.io/"}, {"ResourceClaim", "DeviceClass"}},
	Shapes: map[string]*read.Shape{
		"ResourceClaim":         read.Under(resourceClaimShape, "spec"),
		"ResourceClaimTemplate": read.Under(resourceClaimShape, "spec", "spec"),
		"DeviceClass":           read.Under(read.ListOf(read.Under(read.ScalarShape, "cel", "expression")), "spec", "selectors"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := GroupKind(root)
		return group == resourceGroup && (kind == "ResourceClaim" || kind == "ResourceClaimTemplate" || kind == "DeviceClass") && root.Has("spec")
	},
	Read: read.Using(NewReader, func(r *ObjectReader) {
		kind, spec := read.ResourceClaimDefinition, r.Root.Get("spec")
		if r.Identity().Kind == "DeviceClass" {
			r.deviceClass(spec)
			return
		}
		if r.Identity().Kind == "ResourceClaimTemplate" {
			kind, spec = read.ResourceClaimTemplate, spec.Get("spec")
		}
		claim := &read.Draft{}
		var gpus, fpgas read.Sum
		for _, request := range spec.At("devices", "requests").Items() {
			switch device, number := r.claimRequest(claim, request); device {
			case read.NoDevice:
			case read.FPGADevice:
				fpgas.Add(number)
			default:
				gpus.Add(number)
			}
		}
		claim.GPUs, claim.FPGAs = gpus.Count(), fpgas.Count()
		part := r.Part(kind, "the pods that name it", claim)
		part.Name, part.Namespace = r.Text(r.Root.At("metadata", "name")).Value, NamespaceOf(r.Root)
	}),
}

var (
	exactRequestShape  = read.MappingOf(map[string]*read.Shape{"deviceClassName": read.ScalarShape, "count": read.ScalarShape})
	resourceClaimShape = read.Under(read.ListOf(exactRequestShape.With(map[string]*read.Shape{
		"exactly": exactRequestShape, "firstAvailable": read.ListOf(exactRequestShape),
	})), "devices", "requests")
)

// claimRequest returns the devices in a request of a claim. For alternatives, of which a
// pod gets one, it returns the smallest number if all are of one kind. The claim refers to the
// definition of a class that is not known by name.
func (r *ObjectReader) claimRequest(claim *read.Draft, request *source.Node) (device read.DeviceKind, number facts.Fact[float64]) {
	alternatives := request.Get("firstAvailable").Items()
	if len(alternatives) == 0 {
		exactly := request.Get("exactly")
		if exactly.IsNull() {
			exactly = request // in v1beta1
		}
		class := r.Text(exactly.Get("deviceClassName"))
		if device, number = r.exactRequest(exactly); device == read.NoDevice && class.Known && !exactly.Get("adminAccess").Is("true") {
			claim.Refer(read.Reference{Kind: read.DeviceClassDefinition, Name: class.Value, Node: class.Location.Node, Devices: r.requestedDevices(exactly, class, read.NoDevice, "")})
		}
		return device, number
	}
	for i, alternative := range alternatives {
		one, count := r.exactRequest(alternative)
		switch {
		case one == read.NoDevice, i > 0 && (one == read.FPGADevice) != (device == read.FPGADevice):
			return read.NoDevice, facts.Fact[float64]{}
		case i == 0, count.Value < number.Value:
			device, number = one, count
		}
	}
	return device, number
}

// exactRequest returns the devices of a class in a request.
func (r *ObjectReader) exactRequest(request *source.Node) (device read.DeviceKind, number facts.Fact[float64]) {
	class := r.Text(request.Get("deviceClassName"))
	device, why := r.DeviceOf(DeviceClassPrefix + class.Value)
	if device == read.NoDevice || request.Get("adminAccess").Is("true") { // admin access does not allocate the device
		return read.NoDevice, facts.Fact[float64]{}
	}
	return device, r.requestedDevices(request, class, device, why)
}

// requestedDevices returns the number of devices of a class in a request. why is the reason for
// their kind, empty if it is the name of the class.
func (r *ObjectReader) requestedDevices(request *source.Node, class facts.Fact[string], device read.DeviceKind, why string) (number facts.Fact[float64]) {
	if why == "" {
		why = "the claim requests devices of the class " + class.Value
	}
	count := request.Get("count")
	switch {
	case request.Get("allocationMode").Is("All"):
		number = facts.Know(1.0, facts.Because(class.Location, read.AtLeast+"the claim requests all devices of the class "+class.Value+" that match"))
		number.AtLeast = true
	case count.IsNull():
		number = facts.Know(1.0, facts.Because(class.Location, why))
	default:
		if number = r.Device(count, device); number.Known {
			number.Location.Why = why
			break
		}
		number = facts.Know(1.0, facts.Because(class.Location, read.AtLeast+why))
		number.AtLeast = true
	}
	return number
}

// ClaimedOf returns the devices that a reference requests from a class.
func ClaimedOf(r *read.Reference, class *read.Part) *read.Draft {
	number := r.Devices
	switch class.Device {
	case read.NoDevice:
		return &read.Draft{}
	case read.GPUShare, read.GPUPart:
		number.Value = min(number.Value, 1)
	}
	number.Location.Related = append(slices.Clip(number.Location.Related), class.Facts.Location)
	claimed := &read.Draft{}
	if whole := read.RoundUp(number); class.Device == read.FPGADevice {
		claimed.FPGAs = whole
	} else {
		claimed.GPUs = whole
	}
	return claimed
}

// claims adds references to the claims of a pod. Each pod gets the devices of all of them,
// whichever its containers use.
func (r *ObjectReader) claims(d *read.Draft, spec *source.Node) {
	for claim := range Present(spec.Get("resourceClaims")) {
		r.Claim(d, claim)
	}
}

// Claim adds references to the claim or the template of claims that a mapping names. It reports whether it names any.
func (r *ObjectReader) Claim(d *read.Draft, claim *source.Node) bool {
	names := false
	for _, kind := range []struct {
		key  string
		kind read.PartKind
	}{{"resourceClaimTemplateName", read.ResourceClaimTemplate}, {"resourceClaimName", read.ResourceClaimDefinition}} {
		names = names || !claim.Get(kind.key).IsNull()
		if name := r.Text(claim.Get(kind.key)); name.Known {
			d.Refer(read.Reference{Kind: kind.kind, Name: name.Value, Namespace: NamespaceOf(r.Root), Node: name.Location.Node})
		} else if !claim.Get(kind.key).IsNull() {
			d.UnknownClaims = true
		}
	}
	return names
}

// Claimed adds the devices of a claim to those that a pod's containers request. They replace GPUs
// without a known number that other evidence shows.
func Claimed(m *read.Merger, d, claim *read.Draft) {
	if d.Uncounted && claim.GPUs.Known {
		d.GPUs, d.Uncounted = facts.Fact[int64]{}, false
	}
	d.GPUs, d.FPGAs = onTop(m, d.GPUs, claim.GPUs), onTop(m, d.FPGAs, claim.FPGAs)
}

func onTop(m *read.Merger, known, more facts.Fact[int64]) facts.Fact[int64] {
	if !more.Known {
		return known
	}
	more.Location.Related = append(more.Location.Related[:len(more.Location.Related):len(more.Location.Related)], m.Via...)
	var sum read.Sum
	for _, f := range []facts.Fact[int64]{known, more} {
		if f.Known {
			sum.Add(facts.Convert(f, func(count int64) float64 { return float64(count) }))
		}
	}
	return sum.Count()
}
