package kube

import (
	"slices"
	"strings"
	"sync"
)

// PodlessKinds are kinds of an API group whose objects have neither a pod nor a model.
type PodlessKinds struct {
	Group string // empty for the core
	Kinds []string
	// Keys are those that the objects have at their root besides apiVersion, kind and metadata.
	Keys []string
}

// Podless returns the kinds whose documents need not be parsed even if they contain the markers of a format. The comments
// say what their objects hold instead of pods. A kind may be listed only if no format reads it.
func Podless() []PodlessKinds {
	object := []string{"spec", "status"}
	return []PodlessKinds{
		// Texts, which may be manifests of anything: kubectl does not apply them.
		{"", []string{"ConfigMap"}, []string{"data", "binaryData", "immutable"}},
		{"", []string{"Secret"}, []string{"data", "stringData", "type", "immutable"}},
		// Schemas of other objects, which describe pods in detail.
		{"apiextensions.k8s.io", []string{"CustomResourceDefinition"}, object},
		// Permissions for kinds, by their names.
		{"", []string{"ServiceAccount"}, []string{"secrets", "imagePullSecrets", "automountServiceAccountToken"}},
		{"rbac.authorization.k8s.io", []string{"ClusterRole", "Role"}, []string{"rules", "aggregationRule"}},
		{"rbac.authorization.k8s.io", []string{"ClusterRoleBinding", "RoleBinding"}, []string{"roleRef", "subjects"}},
		// Conditions for objects of others.
		{"admissionregistration.k8s.io", []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}, []string{"webhooks"}},
		{
			"admissionregistration.k8s.io", []string{
				"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
			}, object,
		},
		{"policy", []string{"PodDisruptionBudget", "PodSecurityPolicy"}, object},
		{"", []string{"LimitRange", "ResourceQuota"}, object},
		// Addresses, and selectors of pods by labels.
		{"", []string{"Service"}, object},
		{"", []string{"Endpoints"}, []string{"subsets"}},
		{"discovery.k8s.io", []string{"EndpointSlice"}, []string{"addressType", "endpoints", "ports"}},
		{"networking.k8s.io", []string{"Ingress", "IngressClass", "NetworkPolicy"}, object},
		{"apiregistration.k8s.io", []string{"APIService"}, object},
		// Storage, which pods name.
		{"", []string{"PersistentVolume", "PersistentVolumeClaim"}, object},
		{"storage.k8s.io", []string{"StorageClass"}, []string{
			"provisioner", "parameters", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion", "mountOptions", "allowedTopologies",
		}},
		{"storage.k8s.io", []string{"CSIDriver", "VolumeAttachment"}, object},
		// Properties of pods or of objects, by name.
		{"", []string{"Namespace"}, object},
		{"scheduling.k8s.io", []string{"PriorityClass"}, []string{"value", "globalDefault", "description", "preemptionPolicy"}},
		{"node.k8s.io", []string{"RuntimeClass"}, []string{"handler", "overhead", "scheduling"}},
		{"coordination.k8s.io", []string{"Lease"}, object},
	}
}

// podlessKeys is Podless by group and kind: the keys at the root.
var podlessKeys = sync.OnceValue(func() map[[2]string][]string {
	all := map[[2]string][]string{}
	for _, some := range Podless() {
		for _, kind := range some.Kinds {
			all[[2]string{some.Group, kind}] = some.Keys
		}
	}
	return all
})

// IsPodless reports whether the text of one document of a YAML stream certainly is of a Kubernetes object that no format
// reads and in which there is no pod, so that the document need not be parsed: an object of a listed kind, or of an API
// group of which no format reads a kind. The answer is false for any other document, and for one whose kind is uncertain
// without parsing it.
//
// Documents that mention mlpolicy are never podless, because an annotation or a comment may be a waiver. Their metadata
// must not have an escape, an alias or a tag, which can hide the word.
func IsPodless(document string) bool {
	root, certain := rootOf(document)
	if !certain || strings.Contains(document, "mlpolicy") || strings.ContainsAny(root.metadata, `\*!`) {
		return false
	}
	keys, listed := podlessKeys()[[2]string{root.group, root.kind}]
	if !listed {
		if readsGroup(root.group) {
			return false
		}
		keys = []string{"spec", "status"} // no other format reads documents with these keys alone
	}
	for _, key := range root.keys {
		if key != "metadata" && !slices.Contains(keys, key) {
			return false
		}
	}
	return !slices.Contains(root.keys, "spec") || !structured(root.group, root.kind) || !mayHavePod(document)
}

// mayHavePod reports whether an object that is read by its structure may have a pod or another object below spec. An escape
// can hide a word, and so can the tag !!binary, whose letters can be percent-encoded.
func mayHavePod(document string) bool {
	return strings.Contains(document, "containers") || strings.Contains(document, "limits") || strings.Contains(document, "requests") ||
		strings.Count(document, "apiVersion") > 1 || strings.Contains(document, `\`) ||
		strings.Contains(document, "!") && (strings.Contains(document, "binary") || strings.Contains(document, "%"))
}

// readsGroup reports whether a format reads a kind of an API group.
func readsGroup(group string) bool {
	switch group {
	case "", "extensions", ownGroup, instanceTypeGroup, resourceGroup, "llmaz.io":
		return true
	}
	// Crossplane's groups are read by their service.
	return strings.HasSuffix(group, ".upbound.io") || readGroups()[group]
}

// readGroups are the groups of Kinds.
var readGroups = sync.OnceValue(func() map[string]bool {
	groups := map[string]bool{}
	for _, served := range Kinds() {
		groups[served.Group] = true
	}
	return groups
})
