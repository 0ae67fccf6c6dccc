package webhook

import (
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
)

// The rule of Bindings has a severity like any other, and what is not a Binding is not read as one.
func TestBindings(t *testing.T) {
	for _, test := range []struct {
		name, config string
		edit         func(*admissionv1.AdmissionRequest)
		want         Verdict
	}{
		{"by hand", "", nil, Denied},
		{"the rule is off", "rules: {binding: off}", nil, Allowed},
		{"the rule warns", "rules: {binding: warning}", nil, Warned},
		{"a listed user", "webhook: {controllers: [alice]}", nil, Allowed},
		{"another kind of target", "", func(r *admissionv1.AdmissionRequest) {
			r.Object.Raw = []byte(`{"target": {"kind": "Pod", "name": "virtual-node-aci-linux"}}`)
		}, Allowed},
		{"no target", "", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(`{}`) }, Allowed},
		{"an eviction", "", func(r *admissionv1.AdmissionRequest) { r.SubResource = "eviction" }, Allowed},
		{"pods of another group", "", func(r *admissionv1.AdmissionRequest) { r.Resource.Group = "example.com" }, Allowed},
	} {
		request, err := decode(reviewIn(t, admission+"/default/binding-by-hand.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if test.edit != nil {
			test.edit(request)
		}
		if d, err := policyOf(t, test.config).Review(t.Context(), request); err != nil || d.Verdict != test.want {
			t.Errorf("%s: %v, %+v", test.name, err, d)
		}
	}
	request, err := decode(reviewIn(t, admission+"/default/binding-by-hand.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "[]", `{"target": 7}`} {
		request.Object.Raw = []byte(text)
		if d, err := policyOf(t, "").Review(t.Context(), request); err == nil {
			t.Errorf("%q: %+v", text, d)
		}
	}
}
