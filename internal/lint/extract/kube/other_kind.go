package kube

import (
	"maps"
	"slices"
	"strings"
	"sync"

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
		Title:     "Kubernetes object of any other kind, read by its structure: the pods, the single containers and the objects of known kinds in it; also a known kind in an unknown version that its own format cannot read",
		Signs:     "`apiVersion`, `kind` and, below `spec`, a mapping whose `containers` is a list with an `image`, or an `image` beside `resources`; not below `status`, `metadata`, a schema or a patch; not a kind that only quotes the pods of others or from which objects are made ([list](#kinds-that-are-not-read-by-their-structure))",
		Reference: "https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/",
		Auxiliary: true,
		Marks:     [][]string{{"apiVersion"}, {"kind"}, {"spec"}, structureMarks},
		Matches: func(root *source.Node) bool {
			found := false
			structure(root, known, func(partOfObject, *source.Node) { found = true })
			return found
		},
		Read: read.Using(NewReader, func(r *ObjectReader) {
			var pods []*source.Node
			parts := map[*source.Node]partOfObject{}
			structure(r.Root, known, func(part partOfObject, n *source.Node) {
				if part == objectPart {
					r.Inner = append(r.Inner, r.Document(n, r.Lists))
					return
				}
				pods = append(pods, n)
				parts[n] = part
			})
			for _, pod := range pods {
				r.partOfOtherKind(pod, parts[pod], len(pods) > 1)
			}
			r.OneCluster()
			r.Auxiliary = len(r.Deployments) == 0
			if len(r.Deployments)+len(r.Inner) == 0 {
				r.Completes = "nothing: no pod in it has a GPU, an FPGA or a known target"
			}
		}),
	}
}

// structureMarks are words of which an object that is read by its structure has one, unless it has another object inside. A
// container that is not in a list has limits or requests; the text "requests" alone is frequent in metrics.
var structureMarks = []string{"containers", "limits", "requests:", `requests"`, "requests'"}

// partOfObject is the type of a part of an object of an unknown kind.
type partOfObject uint8

const (
	podPart       partOfObject = iota // the specification of a pod
	patchPart                         // a pod without an image
	containerPart                     // a container that is in no list of containers, as its pod's only known one
	objectPart                        // an object of a known format
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
		for key, value := range n.Pairs() {
			switch {
			case describesOthers(key.Text()):
			case value.Kind == source.Sequence && isContainerList(key.Text()):
				for _, container := range value.Items() { // part of the pod
					for _, inside := range container.Pairs() {
						walk(inside)
					}
				}
			default:
				walk(value)
			}
		}
	}
	walk(object.Get("spec"))
}

// describesOthers reports whether the value of a key describes something else than what the object runs: what an operator
// reports, the metadata of an object, a schema with its examples, or a patch of objects of others.
func describesOthers(key string) bool {
	switch key = strings.ToLower(key); key {
	case "status", "metadata", "patch", "patches":
		return true
	}
	return strings.HasSuffix(key, "schema") || strings.HasSuffix(key, "schemas")
}

// isContainerList reports whether a key of a pod has a list of its containers.
func isContainerList(key string) bool {
	return key == "containers" || key == "initContainers" || key == "ephemeralContainers"
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
		if isImage(image) {
			return podPart, true
		}
	}
	if isContainer(n) {
		return containerPart, true
	}
	return patchPart, mappings > 0 && images == 0
}

// isImage reports whether a value is the image of a container. A pattern of images is not.
func isImage(n *source.Node) bool {
	return n != nil && n.Kind == source.String && !strings.Contains(n.Text(), "*")
}

// isContainer reports whether a mapping has the shape of a container with requests, wherever it is.
func isContainer(n *source.Node) bool {
	resources := n.Get("resources")
	return isImage(n.Get("image")) && (isMapping(resources.Get("limits")) || isMapping(resources.Get("requests")))
}

func isMapping(n *source.Node) bool { return n != nil && n.Kind == source.Mapping }

// readByStructure reports whether an object may have pods of its own. Kubernetes' own
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

// Unstructured are kinds that are not read by their structure, because what looks like a pod in them is not one that they run.
type Unstructured struct {
	What string // the objects, for docs/formats.md
	// Labels are labels of the names of API groups, such as kyverno in policies.kyverno.io.
	Labels []string
	// Groups are names of API groups. If there are Kinds too, both count together.
	Groups []string
	Kinds  []string
	// Suffixes end kinds of any group.
	Suffixes []string
}

// UnstructuredKinds returns the kinds that are not read by their structure.
func UnstructuredKinds() []Unstructured {
	return []Unstructured{
		{
			What:   "policies, which describe the pods of others",
			Labels: []string{"policy", "policies", "gatekeeper", "kyverno", "kubewarden", "jspolicy", "admission", "admissionregistration"},
		},
		{What: "definitions of kinds", Labels: []string{"apiextensions"}},
		{What: "patches over objects of others", Labels: []string{"kustomize", "builtin", "envoyproxy"}},
		{What: "copies of the templates of other objects", Groups: []string{"apps", "apps.kruise.io"}, Kinds: []string{"ControllerRevision"}},
		{What: "copies of the pods of jobs in a queue", Groups: []string{"kueue.x-k8s.io"}},
		{What: "containers that are added to the pods of others", Groups: []string{"apps.kruise.io"}, Kinds: []string{"SidecarSet"}},
		{What: "values and patches of charts and of other sources", Groups: []string{"helm.toolkit.fluxcd.io", "helm.cattle.io", "helm.crossplane.io", "helm.m.crossplane.io", "source.toolkit.fluxcd.io"}},
		{What: "applications whose objects are elsewhere", Groups: []string{"argoproj.io", "app.k8s.io"}, Kinds: []string{"Application", "ApplicationSet"}},
		{What: "tasks that run when another object names them", Groups: []string{"tekton.dev"}, Kinds: []string{"ClusterTask", "Pipeline", "StepAction", "Task"}},
		{
			What:     "kinds of any group with these ends, from which objects are made or which configure others",
			Suffixes: []string{"Template", "Config", "Policy", "Runtime", "Profile", "Class", "Definition", "Patch"},
		},
	}
}

// structured reports whether objects of a group and kind that no format reads may have pods of their own.
func structured(group, kind string) bool {
	not := unstructuredKinds()
	if not.any[group] || not.kinds[[2]string{group, kind}] || slices.ContainsFunc(not.suffixes, func(suffix string) bool { return strings.HasSuffix(kind, suffix) }) {
		return false
	}
	for label := range strings.SplitSeq(group, ".") {
		if not.labels[label] {
			return false
		}
	}
	return true
}

// unstructuredIndex is UnstructuredKinds by what they are found by.
type unstructuredIndex struct {
	labels, any map[string]bool
	kinds       map[[2]string]bool
	suffixes    []string
}

var unstructuredKinds = sync.OnceValue(func() unstructuredIndex {
	all := unstructuredIndex{map[string]bool{}, map[string]bool{}, map[[2]string]bool{}, nil}
	for _, u := range UnstructuredKinds() {
		all.suffixes = append(all.suffixes, u.Suffixes...)
		for _, label := range u.Labels {
			all.labels[label] = true
		}
		for _, group := range u.Groups {
			all.any[group] = all.any[group] || u.Kinds == nil
			for _, kind := range u.Kinds {
				all.kinds[[2]string{group, kind}] = true
			}
		}
	}
	return all
})

// partOfOtherKind adds a pod as a deployment if it declares devices or a target. Only GPUs count in
// a patch. The pod of a container that is in no list may have other containers.
func (r *ObjectReader) partOfOtherKind(n *source.Node, part partOfObject, several bool) {
	before := len(r.Deployments)
	d := r.Object(n)
	problems, misread := slices.Clone(r.Problems), maps.Clone(r.Misread)
	d.Workload = facts.Or(r.WorkloadOfKind(), d.Workload)
	if several && n != r.Root.Get("spec") {
		path := strings.TrimPrefix(strings.TrimPrefix(n.Path(), r.Root.Path()+"."), "spec.")
		d.Component = facts.Know(strings.TrimSuffix(strings.TrimSuffix(path, ".spec"), ".template"), facts.Location{Node: n})
	}
	switch part {
	case patchPart:
		read := &read.Draft{}
		r.Pod(read, n)
		d.GPUs, d.Uncounted = read.GPUs, read.Uncounted
	case containerPart:
		r.Pod(d, nil, n, nil)
		r.Cluster(d, podAround(n), nil)
	default:
		var metadata *source.Node
		if template := n.Parent(); template != r.Root && template.Get("spec") == n {
			metadata = template.Get("metadata")
		}
		var more []*source.Node
		if isContainer(n) {
			more = append(more, n)
		}
		r.Metadata(d, metadata)
		r.Pod(d, n, more...)
		r.Cluster(d, n, metadata)
	}
	target := d.Target.Known || d.Pods.NamesTarget() || slices.ContainsFunc(d.Declared, func(declared *read.Draft) bool { return declared.Target.Known })
	claims := slices.ContainsFunc(d.References, func(reference *read.Reference) bool {
		return reference.OfClaim() || reference.Kind == read.DeviceClassDefinition
	})
	if d.GPUs.Value == 0 && d.FPGAs.Value == 0 && !claims && (!target || part == patchPart) {
		r.Deployments, r.Problems, r.Misread = r.Deployments[:before], problems, misread
	}
}

// podAround returns the mapping that has the scheduling of the pod of a container that is in no list: the container's own,
// else the one around it.
func podAround(container *source.Node) *source.Node {
	for _, key := range slices.Sorted(maps.Keys(read.SchedulingFields)) {
		if container.Has(key) {
			return container
		}
	}
	if around := container.Parent(); around != nil && around.Kind == source.Mapping {
		return around
	}
	return nil
}
