package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// elsewhere are versions that the webhook is asked about and that the definitions lack: each is
// of another release than the one at hand.
var elsewhere = []string{
	"apps.kruise.io/v1beta1 clonesets", "apps.kruise.io/v1beta1 daemonsets", // OpenKruise 1.9
}

// unasked are versions that a definition serves and that the webhook is not asked about, with the
// reason.
var unasked = map[string]string{
	"containerinstance.azure.com/v1api20211001storage containergroups":          operatorsOwn,
	"containerservice.azure.com/v1api20240901storage managedclusters":           operatorsOwn,
	"containerservice.azure.com/v1api20240901storage managedclustersagentpools": operatorsOwn,
	"machinelearningservices.azure.com/v1api20240401storage workspacescomputes": operatorsOwn,
}

const operatorsOwn = "only Azure Service Operator writes it, and the API server converts it"

// asked calls for each resource and version that the webhook is asked about.
func asked(t *testing.T, each func(resource schema.GroupVersionResource, scope admissionregistrationv1.ScopeType)) {
	t.Helper()
	configuration, err := shared.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, rule := range configuration.Webhooks[0].Rules {
		for _, version := range rule.APIVersions {
			for _, name := range rule.Resources {
				if strings.Contains(name, "/") {
					continue // of a subresource
				}
				count++
				each(schema.GroupVersionResource{Group: rule.APIGroups[0], Version: version, Resource: name}, *rule.Scope)
			}
		}
	}
	if count < 100 {
		t.Fatalf("the webhook is asked about %d resources and versions", count)
	}
}

// TestKinds runs in a control plane of its own: the definitions of all these kinds make an API
// server six times as large, for good.
func TestKinds(t *testing.T) {
	isolate(t)
	list := definitions(t)
	t.Run("reviewed", func(t *testing.T) {
		r := install(t, values{"mode": "enforce", "policies": map[string]string{"machine/machine.rego": machineRules}})
		t.Run("rules for kinds that the cluster does not have do no harm", func(t *testing.T) { unserved(t, r) })
		define(t, list)
		t.Run("each version that is served is asked about", func(t *testing.T) { everyVersion(t, list) })
		t.Run("each kind in each version", eachKind)
		t.Run("a version that only an operator writes is reviewed all the same", storageVersion)
		undisturbed(t)
	})
	t.Run("read as sent", func(t *testing.T) { readAsSent(t, list) })
}

// isolate has the test run in a control plane of its own.
func isolate(t *testing.T) {
	t.Helper()
	before := shared
	t.Setenv("TMPDIR", before.dir) // startCluster sets it
	t.Setenv("GOGC", "200")        // definitions are garbage above all, and it is there for a minute
	own, err := startCluster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	shared = own
	t.Cleanup(func() {
		shared = before
		if err := own.stop(); err != nil {
			t.Error(err)
		}
	})
}

// unserved holds that of the kinds that are asked about the cluster has its own alone, and that
// those are reviewed and the rest of the cluster is as it was.
func unserved(t *testing.T, r *release) {
	served := 0
	asked(t, func(resource schema.GroupVersionResource, _ admissionregistrationv1.ScopeType) {
		if _, err := shared.client.Discovery().ServerResourcesForGroupVersion(resource.GroupVersion().String()); err == nil {
			served++
		} else if !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	if served != 9 {
		t.Errorf("%d of the resources that are asked about are served, want the 9 of Kubernetes itself", served)
	}
	ns := namespace(t)
	for _, test := range []struct {
		limits string
		denied bool
	}{{"memory: 64Gi", true}, {"memory: 4Gi", false}} {
		done := apply(t, ns, deploymentOf("scorer", "", onVirtualNode+oneContainer(test.limits)))
		if (done.code != 0) != test.denied || strings.Contains(done.stderr, denial) != test.denied {
			t.Errorf("%s: exit code %d\n%s", test.limits, done.code, done.stderr)
		}
	}
	applied(t, ns, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unreviewed}\n")
	undisturbed(t)
}

// undisturbed holds that the API server has got an answer to every review.
func undisturbed(t *testing.T) {
	t.Helper()
	if number := unanswered(serverMetrics(t)); number != 0 {
		t.Errorf("%v reviews got no answer", number)
	}
}

// everyVersion holds that each version that is served is asked about. An object that is written in
// another would be reviewed only where its project's own webhook converts it.
func everyVersion(t *testing.T, list []*unstructured.Unstructured) {
	known := map[schema.GroupVersionResource]bool{}
	asked(t, func(resource schema.GroupVersionResource, _ admissionregistrationv1.ScopeType) {
		known[resource] = true
	})
	excepted := maps.Clone(unasked)
	served := 0
	for _, definition := range list {
		group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
		plural, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "plural")
		for _, version := range versionsOf(definition) {
			if version["served"] != true {
				continue
			}
			served++
			resource := schema.GroupVersionResource{Group: group, Version: version["name"].(string), Resource: plural}
			name := resource.GroupVersion().String() + " " + plural
			_, isExcepted := excepted[name]
			delete(excepted, name)
			if isExcepted == known[resource] {
				t.Errorf("%s is asked about: %t, excepted: %t", name, known[resource], isExcepted)
			}
		}
	}
	if served < 100 {
		t.Errorf("%d versions are served", served)
	}
	for name, reason := range excepted {
		t.Errorf("nothing serves %s, which is excepted: %s", name, reason)
	}
}

// eachKind holds that of each kind in each version what is bad is denied when it is created and
// when it is updated, with the field of that kind, and what is good is accepted.
func eachKind(t *testing.T) {
	byResource := map[schema.GroupResource][]kindCase{}
	for _, test := range kindCases() {
		resource := schema.GroupResource{Group: test.group, Resource: strings.ToLower(test.kind) + "s"}
		byResource[resource] = append(byResource[resource], test)
	}
	ns, client := namespace(t), dynamicClient(t)
	seen := map[schema.GroupResource]bool{}
	asked(t, func(resource schema.GroupVersionResource, scope admissionregistrationv1.ScopeType) {
		var in dynamic.ResourceInterface = client.Resource(resource)
		if scope == admissionregistrationv1.NamespacedScope {
			in = client.Resource(resource).Namespace(ns)
		}
		if slices.Contains(elsewhere, resource.GroupVersion().String()+" "+resource.Resource) {
			if _, err := in.List(t.Context(), metav1.ListOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("%s is served here: %v", resource, err)
			}
			return
		}
		tried := false
		for _, test := range byResource[resource.GroupResource()] {
			if test.version == "" || test.version == resource.Version {
				tried = true
				name := fmt.Sprintf("%s of %s: %s", test.kind, resource.GroupVersion(), test.field)
				t.Run(name, func(t *testing.T) { test.run(t, in, resource.Version) })
			}
		}
		if !tried {
			t.Errorf("there is no case for %s", resource)
		}
		seen[resource.GroupResource()] = true
	})
	for resource := range byResource {
		if !seen[resource] {
			t.Errorf("the webhook is not asked about %s", resource)
		}
	}
}

// object is the case's object in a version.
func (c kindCase) object(t *testing.T, version, value string) *unstructured.Unstructured {
	t.Helper()
	metadata := c.metadata
	if metadata == "" {
		metadata = "{}"
	}
	text := fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: %s\n%s\n", schema.GroupVersion{Group: c.group, Version: version}, c.kind, metadata, c.rest)
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "VALUE", value)), &object.Object); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	object.SetName("scorer")
	return object
}

// run creates the bad one and the good one, and makes the good one bad.
func (c kindCase) run(t *testing.T, in dynamic.ResourceInterface, version string) {
	create := func(value string) (*unstructured.Unstructured, error) {
		return in.Create(t.Context(), c.object(t, version, value), metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	}
	_, err := create(c.bad)
	c.refused(t, err)
	object, err := create(c.good)
	if err != nil {
		t.Fatalf("the good one: %v", err)
	}
	defer func() {
		now, dependents := int64(0), metav1.DeletePropagationBackground
		options := metav1.DeleteOptions{GracePeriodSeconds: &now, PropagationPolicy: &dependents}
		if err := in.Delete(context.Background(), object.GetName(), options); err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	}()
	if c.immutable {
		return
	}
	patch, err := json.Marshal(c.object(t, version, c.bad))
	if err != nil {
		t.Fatal(err)
	}
	_, err = in.Patch(t.Context(), object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict})
	c.refused(t, err)
}

// refused holds that the webhook is what refused, for the field.
func (c kindCase) refused(t *testing.T, err error) {
	t.Helper()
	var status apierrors.APIStatus
	// A version that is not known is reviewed by another entry, too, and either may be the first to deny.
	message := ""
	if errors.As(err, &status) {
		message = strings.Replace(status.Status().Message, `"unknown-versions.validate.`, `"validate.`, 1)
	}
	if !strings.HasPrefix(message, denial) || !strings.Contains(message, "("+c.field+")") {
		t.Errorf("got %v, want a denial for %s", err, c.field)
	}
}

// storageVersion holds that an object is reviewed that is written in a version that is not among
// those that are asked about: it is converted to one that is.
func storageVersion(t *testing.T) {
	test := kindCases()[slices.IndexFunc(kindCases(), func(c kindCase) bool { return c.group == "containerinstance.azure.com" })]
	resource := schema.GroupVersionResource{Group: test.group, Version: "v1api20211001storage", Resource: "containergroups"}
	asked(t, func(each schema.GroupVersionResource, _ admissionregistrationv1.ScopeType) {
		if each == resource {
			t.Errorf("%s is asked about", each)
		}
	})
	test.run(t, dynamicClient(t).Resource(resource).Namespace(namespace(t)), resource.Version)
}
