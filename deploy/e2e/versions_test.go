package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rayJobs defines RayJob in versions, of which the first is stored.
func rayJobs(t *testing.T, conversion map[string]any, versions ...string) {
	t.Helper()
	var served []any
	for i, version := range versions {
		served = append(served, map[string]any{"name": version, "served": true, "storage": i == 0, "schema": map[string]any{"openAPIV3Schema": anything}})
	}
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "rayjobs.ray.io"},
		"spec": map[string]any{
			"group": "ray.io", "scope": "Namespaced", "versions": served, "conversion": conversion,
			"names": map[string]any{"kind": "RayJob", "listKind": "RayJobList", "plural": "rayjobs", "singular": "rayjob"},
		},
	}}
	client := dynamicClient(t).Resource(definitionsResource)
	t.Cleanup(func() {
		if err := client.Delete(context.Background(), definition.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		eventually(t, "an end of the definition", func() bool {
			_, err := client.Get(context.Background(), definition.GetName(), metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
	})
	define(t, []*unstructured.Unstructured{definition})
}

// converted serves the conversion of ray.io/v2, in which what is in spec is one level deeper, to and from v1.
func converted(t *testing.T) map[string]any {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Request    struct {
				UID               string           `json:"uid"`
				DesiredAPIVersion string           `json:"desiredAPIVersion"`
				Objects           []map[string]any `json:"objects"`
			} `json:"request"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, object := range review.Request.Objects {
			spec, _ := object["spec"].(map[string]any)
			if deep, ok := spec["job"].(map[string]any); ok && review.Request.DesiredAPIVersion == "ray.io/v1" {
				object["spec"] = deep
			}
			if review.Request.DesiredAPIVersion == "ray.io/v2" {
				object["spec"] = map[string]any{"job": spec}
			}
			object["apiVersion"] = review.Request.DesiredAPIVersion
		}
		err := json.NewEncoder(w).Encode(map[string]any{"apiVersion": review.APIVersion, "kind": review.Kind, "response": map[string]any{
			"uid": review.Request.UID, "convertedObjects": review.Request.Objects, "result": map[string]any{"status": "Success"},
		}})
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return map[string]any{"strategy": "Webhook", "webhook": map[string]any{
		"conversionReviewVersions": []any{"v1"},
		"clientConfig":             map[string]any{"url": server.URL + "/convert", "caBundle": base64.StdEncoding.EncodeToString(bundle)},
	}}
}

// An object of a covered kind is reviewed in whatever version it is written: once in a version that is known; in another one as
// it is written, and as the cluster converts it to a known one, if it does.
func TestEveryVersionIsReviewed(t *testing.T) {
	lost := unanswered(serverMetrics(t))
	r := install(t, values{"mode": "enforce"})
	test := kindCases()[slices.IndexFunc(kindCases(), func(c kindCase) bool { return c.group == "ray.io" && c.kind == "RayJob" })]
	tests := []struct {
		name       string
		versions   []string
		conversion func(*testing.T) map[string]any
		version    string // that the object is written in
		deep       bool   // what is in spec is one level deeper

		reviews float64
		by      string // the entry that denies; either if there is none
	}{
		{name: "a known version beside another", versions: []string{"v1", "v2"}, version: "v1", reviews: 1, by: "validate.mlpolicy.dev"},
		{name: "an unknown version alone", versions: []string{"v2"}, version: "v2", reviews: 1, by: "unknown-versions.validate.mlpolicy.dev"},
		{name: "an unknown version beside a known one that is the same", versions: []string{"v1", "v2"}, version: "v2", reviews: 2},
		{name: "an unknown version that a webhook converts", versions: []string{"v1", "v2"}, conversion: converted, version: "v2", deep: true, reviews: 2, by: "validate.mlpolicy.dev"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, each := range tests {
		t.Run(each.name, func(t *testing.T) {
			conversion := map[string]any{"strategy": "None"}
			if each.conversion != nil {
				conversion = each.conversion(t)
			}
			rayJobs(t, conversion, each.versions...)
			in := dynamicClient(t).Resource(schema.GroupVersionResource{Group: "ray.io", Version: each.version, Resource: "rayjobs"}).Namespace(namespace(t))
			create := func(value string) error {
				object := test.object(t, each.version, value)
				if each.deep {
					object.Object["spec"] = map[string]any{"job": object.Object["spec"]}
				}
				_, err := in.Create(t.Context(), object, metav1.CreateOptions{})
				return err
			}
			before := r.reviews(t)
			if err := create(test.good); err != nil {
				t.Errorf("the good one: %v", err)
			}
			if got := r.reviews(t) - before; got != each.reviews {
				t.Errorf("it is reviewed %v times, want %v", got, each.reviews)
			}
			if err := in.Delete(t.Context(), "scorer", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			err := create(test.bad)
			if err == nil || !strings.Contains(err.Error(), each.by+`" denied the request: `) || !strings.Contains(err.Error(), "memory") {
				t.Errorf("the bad one: %v", err)
			}
		})
	}
	if now := unanswered(serverMetrics(t)); now != lost {
		t.Errorf("%v reviews got no answer", now-lost)
	}
}
