package source

import "go.yaml.in/yaml/v3"

// merge replaces the merge keys of a mapping by the merged members. They are set in the order of the text, as in the
// reader that sigs.k8s.io/yaml uses: a merge after a key overrides that key.
func (r *libraryReader) merge(n *Node, y *yaml.Node, depth int) *fault {
	var own, merged []Member
	winner := make(map[string]bool, len(n.Members())) // name -> whether its last member was merged
	for i, member := range n.Members() {
		if !isMerge(y.Content[2*i]) {
			own = append(own, member)
			winner[member.Key.name()] = false
			continue
		}
		sources, broken := mergeSources(member.Value)
		if broken != nil {
			return broken
		}
		for _, source := range sources {
			if broken := r.add(len(source.Members()), depth+1, member.Key.start()); broken != nil {
				return broken
			}
			for _, entry := range source.Members() {
				merged = append(merged, entry)
				winner[entry.Key.name()] = true
			}
		}
	}
	members := own[:0:0]
	for _, member := range own {
		if !winner[member.Key.name()] {
			members = append(members, member)
		}
	}
	// A name in several merges is kept once, from the last of them.
	kept := make([]Member, 0, len(merged))
	for i := len(merged) - 1; i >= 0; i-- {
		if name := merged[i].Key.name(); winner[name] {
			kept = append(kept, merged[i])
			winner[name] = false
		}
	}
	for i := len(kept) - 1; i >= 0; i-- {
		members = append(members, kept[i])
	}
	n.setMembers(members)
	return nil
}

// mergeSources returns the mappings of a merge key, those with the lowest precedence first.
func mergeSources(value *Node) ([]*Node, *fault) {
	if value.Kind == Mapping {
		return []*Node{value}, nil
	}
	var sources []*Node
	for i := len(value.Items()) - 1; i >= 0; i-- {
		if value.Items()[i].Kind != Mapping {
			return nil, notMergeable(value.Items()[i])
		}
		sources = append(sources, value.Items()[i])
	}
	if value.Kind != Sequence {
		return nil, notMergeable(value)
	}
	return sources, nil
}

func notMergeable(value *Node) *fault {
	return &fault{
		kind: Malformed, start: value.start(), end: value.end(),
		message: "a merge key must be a mapping or a list of mappings",
	}
}
