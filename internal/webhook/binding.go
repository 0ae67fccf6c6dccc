package webhook

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// scheduler is the user that binds Pods to nodes according to their scheduling terms.
const scheduler = "system:kube-scheduler"

// isBinding reports whether a request binds a Pod to a node.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/binding-v1
func isBinding(request *admissionv1.AdmissionRequest) bool {
	if request.Operation != admissionv1.Create || request.Resource.Group != "" {
		return false
	}
	switch request.Resource.Resource {
	case "pods":
		return request.SubResource == "binding"
	case "bindings":
		return request.SubResource == ""
	}
	return false
}

// bind reviews a Binding. The review of the Pod considered only its scheduling terms, not a node to which someone
// other than the scheduler and the controllers binds it.
func (p *Policy) bind(ctx context.Context, request *admissionv1.AdmissionRequest, enforced bool) (*Decision, error) {
	if len(bytes.TrimSpace(request.Object.Raw)) == 0 {
		return nil, errNoObject
	}
	var binding struct {
		Target struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"target"`
	}
	if err := readJSON(request.Object.Raw, &binding); err != nil {
		return nil, failf(http.StatusBadRequest, "the Binding: %w", err)
	}
	user, severity := request.UserInfo.Username, p.Admission.Severity(lint.BindingRule, lint.Error)
	// The API server treats an empty kind as Node, and accepts no other kind.
	if node := binding.Target; severity == lint.Off || user == scheduler || p.IsController(user) ||
		node.Kind != "" && node.Kind != "Node" || !lint.IsVirtualNode(node.Name) {
		return p.decide(request, nil, nil, enforced), nil
	}
	finding := lint.Finding{
		Rule: lint.BindingRule, Severity: severity, Field: "target.name", Deployment: request.Name,
		Message: fmt.Sprintf("%s is bound to the virtual node %s by %s", request.Name, binding.Target.Name, user),
		Remedy:  "Let the scheduler place the Pod, or list the user under webhook: controllers:.",
	}
	result := p.Admission.Waive(ctx, finding, lint.Object{Kind: "Pod", Namespace: request.Namespace, Name: request.Name})
	outcomes := outcomesOf(result.Findings)
	for i := range outcomes {
		if outcomes[i].Severity == lint.Error && !enforced {
			outcomes[i].exemption = WarnMode
		}
	}
	return p.decide(request, outcomes, waivedOf(result), enforced), nil
}
