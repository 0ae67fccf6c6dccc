package source

import "bytes"

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

// SameRest reports whether two texts of valid JSON are equal except for ignored values and their keys. It only knows
// values that are ignored in any case and are not in lists.
func (i *Ignored) SameRest(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(restOf(a, i), restOf(b, i))
}

func restOf(data []byte, ignored *Ignored) []byte {
	r := jsonReader{data: data}
	return r.appendRest(make([]byte, 0, len(data)), ignored)
}

// appendRest appends the text of the next value without what is ignored.
func (r *jsonReader) appendRest(rest []byte, ignored *Ignored) []byte {
	if r.next() != '{' || ignored == nil {
		return append(rest, r.passValue()...)
	}
	rest = append(rest, '{')
	for r.at++; r.next() != '}' && r.at < len(r.data); {
		key := r.passValue()
		of := ignored.member(string(key[1:max(1, len(key)-1)]))
		if r.next(); of != nil && of.Whole && of.Beside == "" {
			r.passValue()
			continue
		}
		rest = append(append(rest, key...), ':')
		rest = append(r.appendRest(rest, of), ',')
	}
	r.at++
	return append(rest, '}')
}
