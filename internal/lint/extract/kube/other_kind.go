package kube

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// OtherKindName is the name of the format that OtherKind returns.
const OtherKindName = "kubernetes-other-kind"

// OtherKind returns the format for Kubernetes objects of kinds that no other format reads. Each pod
// below their spec is one deployment, if it declares GPUs, FPGAs or a target. It has no workload,
// since the purpose of the object is not known.
//
// Objects of a known kind are read here too, if their version is unknown and the kind's format
// finds nothing. They have the workload of their kind.
//
// known reports whether an object is of any other format.
func OtherKind(known func(*source.Node) bool) *read.Format {
	return &read.Format{
		Name:      OtherKindName,
		Title:     "Kubernetes object of any other kind, read by its structure: the pods and the objects of known kinds in it; also a known kind in an unknown version that its own format cannot read",
		Signs:     "`apiVersion`, `kind` and, below `spec`, a mapping whose `containers` is a list with an `image`; not a policy, admission, CRD or kustomize group, and not a kind that ends in Template, Config, Policy, Runtime or Profile",
		Reference: "https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/",
		Auxiliary: true,
		Marks:     [][]string{{"apiVersion"}, {"kind"}, {"spec"}, {"containers"}},
		Matches: func(root *source.Node) bool {
			found := false
			structure(root, known, func(partOfObject, *source.Node) { found = true })
			return found
		},
		Read: read.Using(NewReader, func(r *ObjectReader) {
			var pods []*source.Node
			patch := map[*source.Node]bool{}
			structure(r.Root, known, func(part partOfObject, n *source.Node) {
				if part == objectPart {
					r.Inner = append(r.Inner, r.Document(n, r.Lists))
					return
				}
				pods = append(pods, n)
				patch[n] = part == patchPart
			})
			for _, pod := range pods {
				r.podOfOtherKind(pod, patch[pod], len(pods) > 1)
			}
			r.OneCluster()
			r.Auxiliary = len(r.Deployments) == 0
			if len(r.Deployments)+len(r.Inner) == 0 {
				r.Completes = "nothing: no pod in it has a GPU, an FPGA or a known target"
			}
		}),
	}
}

// partOfObject is the type of a part of an object of an unknown kind.
type partOfObject uint8

const (
	podPart    partOfObject = iota // the specification of a pod
	patchPart                      // a pod without an image
	objectPart                     // an object of a known format
)

// structure calls found for the parts of an object of an unknown kind, in the order of the text.
// Parts with several aliases are found once.
func structure(object *source.Node, known func(*source.Node) bool, found func(partOfObject, *source.Node)) {
	if !readByStructure(object) {
		return
	}
	seen := map[*source.Node]bool{}
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		if n.IsNull() || n.Kind < source.Sequence || seen[n] {
			return
		}
		seen[n] = true
		if part, is := partAt(n, known); is {
			found(part, n)
			if part == objectPart { // the reader of its format reads the rest
				return
			}
		}
		if n.Has("apiVersion") && n.Has("kind") && n.Has("spec") && !readByStructure(n) {
			return
		}
		for _, item := range n.Items() {
			walk(item)
		}
		for _, value := range n.Pairs() {
			walk(value)
		}
	}
	walk(object.Get("spec"))
}

// partAt returns the type of part that a mapping is.
func partAt(n *source.Node, known func(*source.Node) bool) (part partOfObject, is bool) {
	if n.Has("apiVersion") && n.Has("kind") {
		return objectPart, known(n)
	}
	mappings, images := 0, 0
	for _, container := range n.Get("containers").Items() {
		if container.Kind != source.Mapping {
			continue
		}
		mappings++
		image := container.Get("image")
		if image == nil {
			continue
		}
		images++
		if image.Kind == source.String && !strings.Contains(image.Text(), "*") {
			return podPart, true
		}
	}
	return patchPart, mappings > 0 && images == 0
}

// readByStructure reports whether an object may have pods of its own. Policies and schemas describe
// pods of others; templates and configurations describe what may become pods. Kubernetes' own
// workloads without containers are patches, except in an unknown version.
func readByStructure(object *source.Node) bool {
	group, kind := GroupKind(object)
	if kind == "" || group == "mlpolicy.dev" || isDeletePatch(object) {
		return false
	}
	if OfUnknownVersion(object) {
		return true
	}
	if _, workload := templatePath(object); workload {
		return false
	}
	return structured(group, kind)
}

// structured reports whether objects of a group and kind that no format reads may have pods of their own.
func structured(group, kind string) bool {
	for _, suffix := range []string{"Template", "Config", "Policy", "Runtime", "Profile"} {
		if strings.HasSuffix(kind, suffix) {
			return false
		}
	}
	return !slices.ContainsFunc(strings.Split(group, "."), func(label string) bool {
		switch label {
		case "policy", "policies", "gatekeeper", "kyverno", "kubewarden", "jspolicy",
			"admission", "admissionregistration", "apiextensions", "kustomize", "builtin":
			return true
		}
		return false
	})
}

// podOfOtherKind adds a pod as a deployment if it declares devices or a target. Only GPUs count in
// a patch.
func (r *ObjectReader) podOfOtherKind(pod *source.Node, patch, several bool) {
	before := len(r.Deployments)
	d := r.Object(pod)
	problems, misread := slices.Clone(r.Problems), maps.Clone(r.Misread)
	d.Workload = facts.Or(r.WorkloadOfKind(), d.Workload)
	if several && pod != r.Root.Get("spec") {
		path := strings.TrimPrefix(strings.TrimPrefix(pod.Path(), r.Root.Path()+"."), "spec.")
		d.Component = facts.Know(strings.TrimSuffix(strings.TrimSuffix(path, ".spec"), ".template"), facts.Location{Node: pod})
	}
	if patch {
		read := &read.Draft{}
		r.Pod(read, pod)
		d.GPUs, d.Uncounted = read.GPUs, read.Uncounted
	} else {
		var metadata *source.Node
		if template := pod.Parent(); template != r.Root && template.Get("spec") == pod {
			metadata = template.Get("metadata")
		}
		r.Metadata(d, metadata)
		r.Pod(d, pod)
		r.Cluster(d, pod, metadata)
	}
	target := d.Target.Known || d.Pods.NamesTarget() || slices.ContainsFunc(d.Declared, func(declared *read.Draft) bool { return declared.Target.Known })
	claims := slices.ContainsFunc(d.References, func(reference *read.Reference) bool {
		return reference.OfClaim() || reference.Kind == read.DeviceClassDefinition
	})
	if d.GPUs.Value == 0 && d.FPGAs.Value == 0 && !claims && (!target || patch) {
		r.Deployments, r.Problems, r.Misread = r.Deployments[:before], problems, misread
	}
}
