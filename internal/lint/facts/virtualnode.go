package facts

import "strings"

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool {
	return strings.HasPrefix(name, "virtual-node-aci-") || strings.HasPrefix(name, "vk-aci-") ||
		name == "virtual-kubelet" || strings.HasPrefix(name, "virtual-kubelet-") || secondGeneration().MatchString(name)
}
