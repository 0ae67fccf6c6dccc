package python

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// maxNodes limits the values of all documents of a file, with what names stand for expanded.
const maxNodes = source.MaxNodes

// schemas is where the schemas of Azure ML's YAML are.
const schemas = "https://azuremlschemas.azureedge.net/latest/"

// builder makes the documents of a file.
type builder struct {
	*evaluator
	file    *source.File
	where   func(syntax.Span) syntax.Span // converts offsets in the code to those in the file
	nodes   map[*value]*source.Node
	used    map[int]bool // the configurations that another call uses, by their first token
	left    int          // nodes until the limit
	records *[]Call      // what was read; nil for nobody asks
}

// documents adds the documents of the calls to the file.
func (b *builder) documents() {
	objects := b.calls()
	owners := map[string]bool{}
	for _, o := range objects {
		owners[b.original(o.variable)] = o.variable != ""
	}
	b.elsewhere = b.unowned(owners)
	for _, o := range objects {
		b.use(o)
	}
	for _, o := range objects {
		if root := b.document(o); root != nil && b.left > 0 {
			b.file.Add(root)
		}
		b.record(o)
	}
}

// calls returns the calls of the table in the order of the text.
func (b *builder) calls() []*object {
	var objects []*object
	b.eachCall(func(from, open int) {
		if o := b.object(from, open); o != nil {
			objects = append(objects, o)
		}
	})
	return objects
}

// use notes which configuration a call uses.
func (b *builder) use(o *object) {
	for _, name := range []string{"deployment_config", "provisioning_configuration"} {
		if o.construct.role != deploys && o.construct.role != creates {
			return
		}
		if config := b.argument(o, name, 0); config != nil && config.kind == objectValue {
			b.used[config.object.at.From] = true
		}
	}
}

// document returns the document of a call, nil if it makes none.
func (b *builder) document(o *object) *source.Node {
	switch o.construct.role {
	case resource:
		return b.entity(o)
	case asset:
		if name := b.argument(o, "name", 0); name != nil && name.kind == textValue {
			return b.entity(o)
		}
	case registers:
		return b.mapping(o, b.member("$schema", b.word(o.callee(), source.String, schemas+"model.schema.json")))
	case deploys:
		return b.service(o)
	case configures:
		if !b.used[o.at.From] {
			return b.serviceOf(o, nil, o)
		}
	case creates:
		if config := b.argument(o, "provisioning_configuration", 0); config != nil && config.kind == objectValue && config.object.construct.role == provisions {
			return b.compute(o, config.object)
		}
	case provisions:
		if !b.used[o.at.From] {
			return b.compute(o, o)
		}
	case parallelizes:
		return b.step(o)
	}
	return nil
}

// callee returns the tokens of what is called.
func (o *object) callee() syntax.Part { return syntax.Part{From: o.at.From, To: o.open} }

// entity returns the v2 document of an entity.
func (b *builder) entity(o *object) *source.Node {
	return b.mapping(o, b.member("$schema", b.word(o.callee(), source.String, schemas+o.construct.schema+".schema.json")))
}

// span returns where some tokens stand in the file.
func (b *builder) span(at syntax.Part) syntax.Span {
	if at.From >= at.To {
		at.To = at.From + 1
	}
	return b.where(syntax.Span{Start: b.Tokens[at.From].Start, End: b.Tokens[at.To-1].End})
}

// word returns a scalar that some tokens say.
func (b *builder) word(at syntax.Part, kind source.Kind, text string) *source.Node {
	b.left--
	where := b.span(at)
	return b.file.Scalar(kind, text, where.Start, where.End)
}

// member returns a member of a mapping whose key stands nowhere.
func (b *builder) member(key string, n *source.Node) source.Member {
	start := n.Span().Start.Offset
	return source.Member{Key: b.file.Scalar(source.String, key, start, start), Value: n}
}

// group returns a mapping that some tokens say.
func (b *builder) group(at syntax.Part, members ...source.Member) *source.Node {
	b.left--
	where := b.span(at)
	return b.file.Mapping(members, where.Start, where.End)
}

// mapping returns a mapping of the arguments of an object, behind some first members.
func (b *builder) mapping(o *object, first ...source.Member) *source.Node {
	members := append(first, b.members(o)...)
	if o.construct.role == detail && o.construct.schema != "" {
		members = append(members, b.member("type", b.word(o.callee(), source.String, o.construct.schema)))
	}
	return b.group(o.at, members...)
}

// members returns the arguments of an object that are members of a mapping.
func (b *builder) members(o *object) []source.Member {
	var members []source.Member
	for _, m := range o.construct.members {
		v := b.argument(o, m.argument, 0)
		if v == nil || m.key == "name" && v.kind == unknownValue && v.symbol == "" {
			continue // without a name it has that of the file
		}
		n := b.formed(v, m)
		if n == nil {
			continue
		}
		if word, ok := o.arguments.keywords[m.argument]; ok {
			where := b.span(word.at)
			members = append(members, source.Member{Key: b.file.Scalar(source.String, m.key, where.Start, where.End), Value: n})
			continue
		}
		members = append(members, b.member(m.key, n))
	}
	return members
}

// formed returns the node of an argument, nil if its value is left out.
func (b *builder) formed(v *value, m member) *source.Node {
	scalar := v.kind == nullValue || v.kind == boolValue || v.kind == numberValue || v.kind == textValue
	fits := false
	switch m.form {
	case scalarForm:
		fits = scalar
	case mappingForm:
		if v.kind != dictValue {
			return nil
		}
		fits = true
	case objectForm:
		if fits = v.kind == objectValue && v.object.construct.role == detail || v.kind == nullValue; !fits && m.key == "resources" {
			// Without an instance type a deployment would have the default one.
			return b.group(v.at, b.member("instance_type", b.unknown(v)))
		}
	case assetForm:
		fits = scalar || v.kind == objectValue && v.object.construct.role == asset
	case anyForm:
		fits = v.kind != objectValue
	}
	if !fits {
		return b.unknown(v)
	}
	return b.node(v)
}

// unknown returns the node of a value that is not known.
func (b *builder) unknown(v *value) *source.Node {
	b.left--
	where := b.span(v.at)
	return b.file.Symbol(v.symbol, where.Start, where.End)
}

// node returns the node of a value. Equal collections are one node, as behind an alias. A scalar has a node for each use, whose parent
// is what uses it.
func (b *builder) node(v *value) *source.Node {
	if known := b.nodes[v]; known != nil && known.Kind >= source.Sequence {
		b.left -= v.size
		return known
	}
	n := b.newNode(v)
	b.nodes[v] = n
	return n
}

func (b *builder) newNode(v *value) *source.Node {
	if b.left <= 0 {
		return b.unknown(v)
	}
	switch v.kind {
	case nullValue:
		return b.word(v.at, source.Null, v.text)
	case boolValue:
		return b.word(v.at, source.Bool, v.text)
	case numberValue:
		return b.word(v.at, source.Number, v.text)
	case textValue:
		if strings.Contains(v.text, "{{") || strings.Contains(v.text, "{%") {
			return b.unknown(v) // another tool completes it
		}
		return b.word(v.at, source.String, v.text)
	case listValue:
		var items []*source.Node
		for _, item := range v.items {
			items = append(items, b.node(item))
		}
		b.left--
		where := b.span(v.at)
		return b.file.Sequence(items, where.Start, where.End)
	case dictValue:
		return b.group(v.at, b.pairs(v)...)
	case objectValue:
		if len(v.object.construct.members) > 0 || v.object.construct.schema != "" {
			return b.mapping(v.object)
		}
	}
	return b.unknown(v)
}

// pairs returns the members of a dict whose keys and values are known, of equal keys the last.
func (b *builder) pairs(v *value) []source.Member {
	last := map[string]int{}
	for i, key := range v.keys {
		if key.kind == textValue {
			last[key.text] = i
		}
	}
	var members []source.Member
	for i, key := range v.keys {
		if last[key.text] == i && key.kind == textValue && v.items[i].kind != unknownValue {
			members = append(members, source.Member{Key: b.word(key.at, source.String, key.text), Value: b.node(v.items[i])})
		}
	}
	return members
}
