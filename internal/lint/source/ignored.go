package source

// Ignored is a tree of the values in a document that nobody reads, by the way from the root to them. In JSON such a value
// is checked, but a collection or a string has no content and does not count for the limits.
type Ignored struct {
	// Members are those of a mapping, by key.
	Members map[string]*Ignored
	// Items are all those of a list.
	Items *Ignored
	// Whole means the value itself.
	Whole bool
	// Beside is the key of a list. If it is set, Whole is meant only in a mapping with such a list that is not empty.
	Beside string
}

// member returns what is ignored in the value at a key of a mapping, nil for nothing.
func (i *Ignored) member(key string) *Ignored {
	if i == nil {
		return nil
	}
	return i.Members[key]
}

// items returns what is ignored in the items of a list, nil for nothing.
func (i *Ignored) items() *Ignored {
	if i == nil {
		return nil
	}
	return i.Items
}

func (i *Ignored) isConditional() bool { return i != nil && i.Beside != "" }
