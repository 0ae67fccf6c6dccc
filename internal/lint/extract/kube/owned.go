package kube

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Object is a Kubernetes object and the deployments that it describes.
type Object struct {
	Root        *source.Node
	Deployments []*facts.Deployment
}

// DropOwned returns deployments and problems without those that repeat a controller in the same
// file. A list of live objects, for example, has a Deployment, its ReplicaSets and their Pods. If
// the controller is not in the file, its first object replaces it.
//
// Facts that the controller lacks, such as the node of a pod, are kept, once for all objects that
// share them. The problems of an object whose deployments are all dropped are dropped too.
func DropOwned(deployments []*facts.Deployment, problems []facts.Problem, objects []Object) ([]*facts.Deployment, []facts.Problem) {
	if !slices.ContainsFunc(objects, func(o Object) bool { return controllerOf(o.Root) != nil }) {
		return deployments, problems
	}
	dropped, removed := repeated(objects)
	if len(removed) == 0 && len(dropped) == 0 {
		return deployments, problems
	}
	deployments = slices.DeleteFunc(deployments, func(d *facts.Deployment) bool { return dropped[d] })
	problems = slices.DeleteFunc(problems, func(problem facts.Problem) bool {
		return slices.ContainsFunc(removed, func(root *source.Node) bool { return isWithin(problem.Location.Node, root) })
	})
	return deployments, problems
}

// repeated returns the deployments that repeat one of the controller of their object, and the objects
// without any other deployment.
func repeated(objects []Object) (dropped map[*facts.Deployment]bool, removed []*source.Node) {
	dropped = map[*facts.Deployment]bool{}
	extra := make([][]*facts.Deployment, len(objects)) // deployments with more facts than the object, of what it controls
	for i, owner := range ownersOf(objects) {
		if owner == noObject {
			continue
		}
		kept := 0
		for _, d := range objects[i].Deployments {
			same := func(by *facts.Deployment) bool { return isIncludedIn(d, by) }
			if slices.ContainsFunc(objects[owner].Deployments, same) || slices.ContainsFunc(extra[owner], same) {
				dropped[d] = true
			} else {
				kept++
				extra[owner] = append(extra[owner], d)
			}
		}
		if kept == 0 {
			removed = append(removed, objects[i].Root)
		}
	}
	return dropped, removed
}

// ownersOf returns, for each object, the index of its controller: noObject for an object without one
// among the objects, and for one whose chain of controllers has a cycle. The first object of a
// controller that is not in the file replaces it.
func ownersOf(objects []Object) []int {
	indexOf := make(map[objectKey]int, len(objects))
	for i, object := range objects {
		if key, ok := keyOf(object.Root); ok {
			indexOf[key] = i
		}
	}
	owners := make([]int, len(objects))
	for i, object := range objects {
		owners[i] = ownerOf(object.Root, indexOf)
		if owners[i] == noObject {
			for _, key := range controllerKeys(object.Root) {
				indexOf[key] = i
			}
		}
	}
	acyclic := slices.Clone(owners)
	for i, owner := range owners {
		if owner != noObject && inCycle(i, owners) {
			acyclic[i] = noObject
		}
	}
	return acyclic
}

// objectKey identifies a live object within a file, by its uid or by its names.
type objectKey struct{ file, uid, group, kind, namespace, name string }

// noObject is the index for a missing object.
const noObject = -1

// keyOf returns the key of a Kubernetes object. ok is false for one without a name.
func keyOf(root *source.Node) (objectKey, bool) {
	metadata := root.Get("metadata")
	name, named := metadata.Get("name").Scalar()
	group, kind := GroupKind(root)
	if !named || kind == "" {
		return objectKey{}, false
	}
	file := root.File().Name
	if uid, ok := metadata.Get("uid").Scalar(); ok {
		return objectKey{file: file, uid: uid}, true
	}
	namespace, _ := metadata.Get("namespace").Scalar()
	return objectKey{file: file, group: group, kind: kind, namespace: namespace, name: name}, true
}

// OwnersKey is the key of an object's metadata that refers to its controller.
const OwnersKey = "ownerReferences"

// controllerOf returns the reference to the controller of an object, nil for an object without one.
func controllerOf(root *source.Node) *source.Node {
	for _, reference := range root.At("metadata", OwnersKey).Items() {
		if controller, _ := reference.Get("controller").Scalar(); controller == "true" {
			return reference
		}
	}
	return nil
}

// ownerOf returns the index of an object's controller, or noObject.
func ownerOf(root *source.Node, indexOf map[objectKey]int) int {
	for _, key := range controllerKeys(root) {
		if owner, found := indexOf[key]; found {
			return owner
		}
	}
	return noObject
}

// controllerKeys returns the keys of an object's controller: its uid, if declared, and its names.
func controllerKeys(root *source.Node) []objectKey {
	reference := controllerOf(root)
	if reference == nil {
		return nil
	}
	file := root.File().Name
	group, kind := GroupKind(reference)
	namespace, _ := root.At("metadata", "namespace").Scalar()
	name, _ := reference.Get("name").Scalar()
	keys := []objectKey{{file: file, group: group, kind: kind, namespace: namespace, name: name}}
	if uid, ok := reference.Get("uid").Scalar(); ok {
		keys = append([]objectKey{{file: file, uid: uid}}, keys...)
	}
	return keys
}

// inCycle reports whether the chain of an object's controllers has a cycle. Invalid input can have
// one, and its objects must not drop each other.
func inCycle(object int, owners []int) bool {
	slow, fast := object, object
	for {
		for range 2 {
			if fast = owners[fast]; fast == noObject {
				return false
			}
		}
		if slow = owners[slow]; slow == fast {
			return true
		}
	}
}

func isWithin(node, root *source.Node) bool {
	for ; node != nil; node = node.Parent() {
		if node == root {
			return true
		}
	}
	return false
}

// isIncludedIn reports whether another deployment has all facts of d, except for names and counts.
func isIncludedIn(d, other *facts.Deployment) bool {
	known, of := factsOf(d), factsOf(other)
	for key, value := range known {
		switch key {
		case "name", "format", "component", "images", "labels", "replicas", "autoscales":
			continue
		}
		if !reflect.DeepEqual(value, of[key]) {
			return false
		}
	}
	return known != nil
}

// factsOf returns the facts in the form in which rules get them.
func factsOf(d *facts.Deployment) map[string]any {
	var facts map[string]any
	text, err := json.Marshal(d)
	if err != nil || json.Unmarshal(text, &facts) != nil {
		return nil
	}
	return facts
}
