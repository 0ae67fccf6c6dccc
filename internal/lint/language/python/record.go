package python

// Call is a call of the SDK that was read.
type Call struct {
	Name      string // of the class and the method
	Offset    int    // in the text of the file
	Arguments []Argument
}

// Argument is an argument of a call that becomes a fact or a link.
type Argument struct {
	Name string
	Why  string // its value is not known; empty if it is
	Text string // of a scalar that is known
}

// record notes what was read of a call.
func (b *builder) record(o *object) {
	if b.records == nil {
		return
	}
	call := Call{Name: o.construct.name, Offset: b.span(o.at).start}
	for _, m := range o.construct.members {
		v := b.argument(o, m.argument, 0)
		if v == nil {
			continue
		}
		argument := Argument{Name: m.argument, Text: v.text}
		if v.kind == unknownValue {
			argument.Why = v.why
		}
		call.Arguments = append(call.Arguments, argument)
	}
	*b.records = append(*b.records, call)
}
