package e2e

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// stock is which objects there are in a cluster, by resource, namespace and name.
type stock map[string]bool

// inventory lists all objects of all resources that can be listed.
func inventory(t *testing.T) stock {
	t.Helper()
	config := rest.CopyConfig(shared.config)
	config.WarningHandler = rest.NoWarnings{} // of deprecated resources
	client, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := shared.client.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	there := stock{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if !slices.Contains(resource.Verbs, "list") || strings.Contains(resource.Name, "/") {
				continue
			}
			of := version.WithResource(resource.Name)
			objects, err := client.Resource(of).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatalf("list %s: %v", of, err)
			}
			for _, each := range objects.Items {
				if each.Name == "kube-root-ca.crt" {
					continue // each namespace gets one, some time after it is made
				}
				there[of.GroupResource().String()+" "+each.Namespace+"/"+each.Name] = true
			}
		}
	}
	if len(there) < 100 {
		t.Fatalf("there are %d objects in the cluster", len(there))
	}
	return there
}

// beyond is what there is that was not there before.
func (s stock) beyond(before stock) (more []string) {
	for object := range s {
		if !before[object] {
			more = append(more, object)
		}
	}
	slices.Sort(more)
	return more
}
