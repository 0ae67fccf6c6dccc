package scheduling

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return virtualNode(nodeKey{}, name, Interpretation{}) }
