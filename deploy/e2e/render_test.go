package e2e

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// object is an API object as the chart renders it or the API server returns it.
type object map[string]any

// at returns the value at the end of a path of keys; nil where there is none.
func (o object) at(path ...string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	return value
}

func (o object) kind() string { return fmt.Sprint(o["kind"]) }
func (o object) name() string { return fmt.Sprint(o.at("metadata", "name")) }

// objectsOf are the objects of a manifest with several documents.
func objectsOf(t *testing.T, manifest string) (objects []object) {
	t.Helper()
	for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
		var of object
		if err := yaml.UnmarshalStrict([]byte(document+"\n"), &of); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if of != nil {
			objects = append(objects, of)
		}
	}
	if len(objects) == 0 {
		t.Fatal("the manifest has no object")
	}
	return objects
}

// ofKind is the only object of a kind.
func ofKind(t *testing.T, objects []object, kind string) object {
	t.Helper()
	var found []object
	for _, each := range objects {
		if each.kind() == kind {
			found = append(found, each)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d objects of kind %s", len(found), kind)
	}
	return found[0]
}

// render renders the chart for a namespace, as helm template does without a cluster, with further arguments.
func render(t *testing.T, namespace string, set values, args ...string) (string, error) {
	t.Helper()
	done := command(t, set.yaml(t), helm(), append([]string{"template", releaseName, chart, "--namespace", namespace, "--values", "-"}, args...)...)
	if done.code != 0 {
		return "", fmt.Errorf("helm template: exit code %d\n%s\n%s", done.code, done.stderr, set.yaml(t))
	}
	return done.stdout, nil
}

// renderAll renders the chart and all its hooks with each of several values, on as many processors as there are.
func renderAll(t *testing.T, namespace string, all []values) []string {
	t.Helper()
	texts, errs := make([]string, len(all)), make([]error, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				texts[i], errs[i] = render(t, namespace, all[i], "--api-versions", "v1/Pod")
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}
