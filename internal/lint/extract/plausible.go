package extract

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Plausible reports whether a YAML document that cannot be parsed may be of a known format, by its
// top-level keys. Its marks may be inside a block of text, such as a manifest in a ConfigMap or a
// script.
func Plausible(document string) bool {
	keys := map[string]string{}
	for _, key := range marginKey().FindAllStringSubmatch(document, -1) {
		keys[key[1]] = strings.Trim(key[2], `"' `)
	}
	version, versioned := keys["apiVersion"]
	if kind, ok := keys["kind"]; ok && versioned && kind != "" && version != "" {
		group, _, grouped := strings.Cut(version, "/")
		if !grouped {
			group = ""
		}
		return strings.HasSuffix(kind, "List") || !kubernetesOwn(group) || slices.Contains(workloadKinds, kind)
	}
	if len(keys) == 0 {
		return !hclBlock().MatchString(document) // a list, JSON or no keys at all
	}
	return slices.ContainsFunc(formats(), func(f *read.Format) bool {
		return slices.ContainsFunc(f.RootKeys, func(key string) bool {
			_, there := keys[key]
			return there
		})
	})
}

// Known reports whether a document is a list of Kubernetes objects or of a known format, other than
// the one that reads by structure.
func Known(root *source.Node) bool {
	if _, list := kube.Listed(root); list {
		return true
	}
	return ofOtherFormat(root)
}

// ofOtherFormat reports whether a document is of a format that does not read by structure.
func ofOtherFormat(root *source.Node) bool {
	return slices.ContainsFunc(formats(), func(f *read.Format) bool { return f.Name != kube.OtherKindName && f.Matches(root) })
}

// marginKey matches a top-level key of a YAML document and the text after it.
var marginKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^["']?([$A-Za-z_][A-Za-z0-9_.$-]*)["']?[ \t]*:(?:[ \t]+(.*?))?[ \t\r]*$`)
})

// hclBlock matches the head of a block of Terraform, which standard input without a name may have.
var hclBlock = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(resource|module|variable|data|provider|terraform|locals|output)( +"[^"\n]*")* *\{`)
})

// workloadKinds are Kubernetes' own kinds with a pod template, and Template, which OpenShift once had in Kubernetes' groups.
var workloadKinds = []string{
	"Template", "Pod", "PodTemplate", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob",
}

// kubernetesOwn reports whether an API group is part of Kubernetes.
func kubernetesOwn(group string) bool {
	switch group {
	case "", "apps", "batch", "extensions", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io",
		"apiextensions.k8s.io", "admissionregistration.k8s.io", "storage.k8s.io", "scheduling.k8s.io", "coordination.k8s.io",
		"discovery.k8s.io", "node.k8s.io", "certificates.k8s.io", "events.k8s.io", "apiregistration.k8s.io":
		return true
	}
	return false
}
