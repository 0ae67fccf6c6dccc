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
	// Links reports whether documents of the file can refer to each other by the value, although it is not known.
	Links bool
}

// record notes what was read of a call.
func (b *builder) record(o *object) {
	if b.records == nil || o.construct.role == looksUp {
		return
	}
	call := Call{Name: o.construct.name, Offset: b.span(o.at).Start}
	names := []string{}
	for _, m := range o.construct.members {
		names = append(names, m.argument)
	}
	switch o.construct.role {
	case deploys:
		names = append(names, "name", "deployment_config", "deployment_target")
	case creates:
		names = append(names, "name", "provisioning_configuration")
	}
	for _, name := range names {
		v := b.argument(o, name, 0)
		if v == nil {
			continue
		}
		argument := Argument{Name: name, Text: v.text, Links: v.symbol != "" || b.linked(o, name) != nil}
		if v.kind == unknownValue {
			argument.Why = v.why
		}
		call.Arguments = append(call.Arguments, argument)
	}
	*b.records = append(*b.records, call)
}
