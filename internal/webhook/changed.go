package webhook

import (
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
)

// changeMarks returns the annotations and labels by which a pod shows that something changed it on
// its way into the cluster. What leaves no mark is not seen.
func changeMarks() (annotations, labels []string) {
	annotations = []string{
		"kubernetes.io/limit-ranger",              // LimitRange, by the API server
		"vpaUpdates",                              // VerticalPodAutoscaler
		"sidecar.istio.io/status",                 // Istio
		"linkerd.io/proxy-version",                // Linkerd
		"vault.hashicorp.com/agent-inject-status", // Vault
		"consul.hashicorp.com/connect-inject-status",
		"kruise.io/sidecarset-hash",                // OpenKruise's SidecarSet
		"policies.kyverno.io/last-applied-patches", // Kyverno
	}
	return annotations, []string{"dapr.io/sidecar-injected", "sidecar.opentelemetry.io/injected"}
}

// changedAfterOwner reports whether a pod shows that it is not what its owner's template says.
func changedAfterOwner(request *admissionv1.AdmissionRequest) bool {
	if request.Kind.Group != "" || request.Kind.Kind != "Pod" {
		return false
	}
	of := metadataOf(request.Object.Raw, "metadata")
	has := func(of map[string]string) func(string) bool {
		return func(name string) bool {
			_, marked := of[name]
			return marked
		}
	}
	annotations, labels := changeMarks()
	return slices.ContainsFunc(annotations, has(of.Annotations)) || slices.ContainsFunc(labels, has(of.Labels))
}
