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

// DropOwned returns deployments and problems without those of objects whose controller is in the same file and says the same:
// a list of live objects has a Deployment, its ReplicaSets and their Pods. Of objects whose controller is
// not there the first stands for it. What an object knows beyond
// its controller, such as the node that it is bound to, is kept, once for all that share it. The
// problems of an object that is removed altogether are its controller's.
func DropOwned(deployments []*facts.Deployment, problems []facts.Problem, objects []Object) ([]*facts.Deployment, []facts.Problem) {
	if !slices.ContainsFunc(objects, func(o Object) bool { return controllerOf(o.Root) != nil }) {
		return deployments, problems
	}
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
			// The first object of a controller that is not there stands for it.
			for _, key := range controllerKeys(object.Root) {
				indexOf[key] = i
			}
		}
	}
	told := make([][]*facts.Deployment, len(objects)) // beyond what the object says, by what it controls
	dropped := map[*facts.Deployment]bool{}
	var silenced []*source.Node
	for i, object := range objects {
		owner := owners[i]
		if owner == noObject || inCycle(i, owners) {
			continue
		}
		kept := 0
		for _, d := range object.Deployments {
			restated := func(by *facts.Deployment) bool { return restates(d, by) }
			if slices.ContainsFunc(objects[owner].Deployments, restated) || slices.ContainsFunc(told[owner], restated) {
				dropped[d] = true
			} else {
				kept++
				told[owner] = append(told[owner], d)
			}
		}
		if kept == 0 {
			silenced = append(silenced, object.Root)
		}
	}
	if len(silenced) == 0 && len(dropped) == 0 {
		return deployments, problems
	}
	deployments = slices.DeleteFunc(deployments, func(d *facts.Deployment) bool { return dropped[d] })
	problems = slices.DeleteFunc(problems, func(problem facts.Problem) bool {
		return slices.ContainsFunc(silenced, func(root *source.Node) bool { return isWithin(problem.Place.Node, root) })
	})
	return deployments, problems
}

// objectKey identifies a live object within a file: by its uid, or by names.
type objectKey struct{ file, uid, group, kind, namespace, name string }

// noObject is the index of none.
const noObject = -1

// keyOf returns the key of a Kubernetes object with a name.
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

// controllerOf returns the reference to the controller of an object, nil for none.
func controllerOf(root *source.Node) *source.Node {
	for _, reference := range root.At("metadata", "ownerReferences").Elements() {
		if controller, _ := reference.Get("controller").Scalar(); controller == "true" {
			return reference
		}
	}
	return nil
}

// ownerOf returns the index of an object's controller.
func ownerOf(root *source.Node, indexOf map[objectKey]int) int {
	for _, key := range controllerKeys(root) {
		if owner, found := indexOf[key]; found {
			return owner
		}
	}
	return noObject
}

// controllerKeys returns the keys by which an object refers to its controller: its uid, if it is stated,
// and its names.
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

// inCycle reports whether the controllers of an object lead to a cycle: no API server has one, and
// objects that own each other must not hide each other.
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

// restates reports whether all that is known of a deployment, except what names and counts it, is known
// of another.
func restates(d, other *facts.Deployment) bool {
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

// factsOf returns the facts as rules see them.
func factsOf(d *facts.Deployment) map[string]any {
	var facts map[string]any
	text, err := json.Marshal(d)
	if err != nil || json.Unmarshal(text, &facts) != nil {
		return nil
	}
	return facts
}
