package kuberun

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// argoPodOf returns the specification of a template's pod with the patches of the workflow and of the template, in that order. whole reports
// whether all of the patches are understood; of those that are not, nothing is read.
// https://argo-workflows.readthedocs.io/en/latest/fields/#workflowspec
func (r *runReader) argoPodOf(spec, template *source.Node) (pod *source.Node, whole bool) {
	pod, whole = unpatched(spec, template), true
	for _, from := range []*source.Node{spec, template} {
		text := from.Get("podSpecPatch")
		if text.IsNull() {
			continue
		}
		patch := r.patchOf(text)
		if patch == nil {
			whole = false
			continue
		}
		whole = patchesOnly(pod, patch) && whole
		pod = merged(pod, patch, "")
	}
	return pod, whole
}

// podPatch is a patch of pods, nil if it is not understood.
type podPatch struct {
	root *source.Node
	size int // values
}

// maxPatched limits the values in the patches of all pods of an object, since the patch of a workflow is one of each of its pods.
const maxPatched = 100_000

// patchOf returns the patch in a text, nil if it is not understood.
func (r *runReader) patchOf(text *source.Node) *source.Node {
	patch, known := r.patches[text]
	if !known {
		if roots := text.Embedded(); len(roots) == 1 && roots[0].Kind == source.Mapping && isPlainPatch(roots[0], &patch.size) {
			patch.root = roots[0]
		}
		r.patches[text] = patch
	}
	if r.patched += patch.size; r.patched > maxPatched {
		return nil
	}
	return patch.root
}

// unpatched returns the pod that a template declares, in the structure of Kubernetes. What a template declares about its nodes replaces what
// the workflow declares.
func unpatched(spec, template *source.Node) *source.Node {
	text := func(text string) *source.Node { return template.With(source.Content{Kind: source.String, Text: text}) }
	containers := slices.Clone(template.At("containerSet", "containers").Items())
	for _, key := range []string{"container", "script"} {
		if container := template.Get(key); container != nil && container.Kind == source.Mapping {
			members := slices.DeleteFunc(slices.Clone(container.Members()), func(m source.Member) bool { return m.Key.Text() == "name" })
			members = append(members, source.Member{Key: text("name"), Value: text("main")})
			containers = append(containers, container.With(source.Content{Kind: source.Mapping, Members: members}))
		} else if !container.IsNull() {
			containers = append(containers, container)
		}
	}
	containers = append(containers, template.Get("sidecars").Items()...)
	members := membersOf(template, "initContainers", "volumes")
	members = append(members, source.Member{
		Key: text("containers"), Value: template.With(source.Content{Kind: source.Sequence, Items: containers}),
	})
	for _, key := range schedulingKeys {
		from := template
		if template.Get(key).IsNull() {
			from = spec
		}
		members = append(members, membersOf(from, key)...)
	}
	return template.With(source.Content{Kind: source.Mapping, Members: members})
}

var schedulingKeys = []string{"nodeSelector", "tolerations", "affinity"}

// isPlainPatch reports whether a patch has no directives, and no keys that are not known. It adds the number of values to size.
func isPlainPatch(n *source.Node, size *int) bool {
	if *size++; *size > maxPatched {
		return false
	}
	for _, item := range n.Items() {
		if !isPlainPatch(item, size) {
			return false
		}
	}
	for _, member := range n.Members() {
		if key := member.Key; key.Kind != source.String || key.Text() == "" || key.Text()[0] == '$' || !isPlainPatch(member.Value, size) {
			return false
		}
	}
	return true
}

// patchesOnly reports whether each container of a patch is one of the pod. Others, such as wait, are Argo's own.
func patchesOnly(pod, patch *source.Node) bool {
	for _, key := range []string{"containers", "initContainers"} {
		for _, container := range patch.Get(key).Items() {
			if name, ok := container.Get("name").Scalar(); !ok || named(pod.Get(key).Items(), name) < 0 {
				return false
			}
		}
	}
	return true
}

// named returns the index of the item with a name, -1 for none.
func named(items []*source.Node, name string) int {
	return slices.IndexFunc(items, func(item *source.Node) bool { return item.Get("name").Is(name) })
}

// merged returns a value with a patch, as a strategic merge of a pod does: mappings are merged and null removes a member; lists of what has a
// name are merged by name, and other lists are replaced. key is that of the value.
func merged(n, patch *source.Node, key string) *source.Node {
	switch {
	case n == nil || n.Kind != patch.Kind:
		return patch
	case n.Kind == source.Mapping:
		members := slices.Clone(n.Members())
		for _, change := range patch.Members() {
			at := slices.IndexFunc(members, func(m source.Member) bool { return m.Key.Text() == change.Key.Text() })
			switch {
			case at < 0 && !change.Value.IsNull():
				members = append(members, change)
			case at >= 0 && change.Value.IsNull():
				members = slices.Delete(members, at, at+1)
			case at >= 0:
				members[at] = source.Member{Key: change.Key, Value: merged(members[at].Value, change.Value, change.Key.Text())}
			}
		}
		return n.With(source.Content{Kind: n.Kind, Members: members})
	case n.Kind == source.Sequence && isNamedList(key):
		items := slices.Clone(n.Items())
		for _, item := range patch.Items() {
			name, ok := item.Get("name").Scalar()
			if at := named(items, name); ok && at >= 0 {
				items[at] = merged(items[at], item, "")
			} else {
				items = append(items, item)
			}
		}
		return n.With(source.Content{Kind: n.Kind, Items: items})
	}
	return patch
}

// isNamedList reports whether the items of a list in a pod are merged by their names.
func isNamedList(key string) bool {
	switch key {
	case "containers", "initContainers", "ephemeralContainers", "env", "volumes", "resourceClaims", "imagePullSecrets":
		return true
	}
	return false
}
