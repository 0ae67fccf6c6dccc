package webhook

import (
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
)

// changeMarks returns the annotations and labels that show that something changed a pod on its way into the cluster.
// Changes without such a mark are not detected.
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

// changedAfterOwner reports whether a pod has marks of changes that its owner's template does not have.
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
