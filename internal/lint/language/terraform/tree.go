package terraform

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform/eval"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// treeBuilder makes the nodes of the resources of a root module and of the modules that it calls.
type treeBuilder struct {
	*eval.Evaluator
	in         *instance
	parameters *source.Node // of the file of variables that is chosen, nil for none
	file       *source.File // of the resource
	origins    []origin
	// known gives what is unknown as a text with placeholders, because the structure of the value is that of a document
	// in which their absence could be a statement.
	document bool
}

// origin is how the value of a node got to its place.
type origin struct {
	node *source.Node
	*eval.Value
	name string // of the attribute
}

// resource returns the node of a resource in the structure of a plan's resource_changes.
// from are the places on which its existence depends.
func (b *treeBuilder) resource(of *block, counted bool, from []eval.Dependency) *source.Node {
	b.file, b.origins = of.file.File, nil
	start, end := of.TypeRange.Start.Byte, of.CloseBraceRange.End.Byte
	body := of.Body.SrcRange
	after, unknown := b.body(of.attributes, of.blocks, "", eval.RangeOf(of.file.Name, start, end))
	kind, name := of.LabelRanges[0], of.LabelRanges[1]
	labels := eval.RangeOf(of.file.Name, kind.Start.Byte, name.End.Byte)
	word := of.TypeRange
	change := []source.Member{
		b.made("actions", b.sequence([]*source.Node{b.text("create", word)}, word), end),
		b.made("after", after, end),
	}
	if unknown != nil {
		change = append(change, b.made("after_unknown", unknown, end))
	}
	members := []source.Member{
		b.made("type", b.text(of.Labels[0], kind), end),
		b.made("address", b.text(b.in.path+of.Labels[0]+"."+of.Labels[1], labels), end),
		b.made("name", b.text(of.Labels[1], name), end),
		b.made("mode", b.text("managed", word), end),
		b.made("change", b.mapping(change, body), end),
	}
	if b.parameters != nil {
		members = append(members, b.made("parameters", b.parameters, end))
	}
	if counted {
		members = append(members, b.made("counted", b.truth(word), end))
	}
	if len(b.origins) > 0 {
		var origins []*source.Node
		for _, o := range b.origins {
			origins = append(origins, b.originOf(o))
		}
		members = append(members, b.made("origins", b.sequence(origins, word), end))
	}
	if len(from) > 0 {
		members = append(members, b.made("depends", b.partsOf(from, ""), end))
	}
	return b.file.Mapping(members, start, end)
}

// made returns a member that is not in the text. Its key is at the end of the block, so that no comment relates to it.
func (b *treeBuilder) made(name string, value *source.Node, end int) source.Member {
	return source.Member{Key: b.file.Scalar(source.String, name, end, end), Value: value}
}

func (b *treeBuilder) text(text string, at hcl.Range) *source.Node {
	return b.file.Scalar(source.String, text, at.Start.Byte, at.End.Byte)
}

func (b *treeBuilder) truth(at hcl.Range) *source.Node {
	return b.file.Scalar(source.Bool, "true", at.Start.Byte, at.End.Byte)
}

func (b *treeBuilder) sequence(items []*source.Node, at hcl.Range) *source.Node {
	return b.file.Sequence(items, at.Start.Byte, at.End.Byte)
}

func (b *treeBuilder) mapping(members []source.Member, at hcl.Range) *source.Node {
	return b.file.Mapping(members, at.Start.Byte, at.End.Byte)
}

// body returns the node of a block's content, and one of the same structure with true for what is unknown in it, nil
// if nothing is.
func (b *treeBuilder) body(attributes map[string]*hclsyntax.Attribute, blocks []*hclsyntax.Block, path string, at hcl.Range) (content, unknown *source.Node) {
	var members, marks []source.Member
	add := func(key *source.Node, value, mark *source.Node) {
		if value != nil {
			members = append(members, source.Member{Key: key, Value: value})
		}
		if mark != nil {
			marks = append(marks, b.made(key.Text(), mark, at.End.Byte))
		}
	}
	for _, attribute := range inOrder(attributes) {
		if isMeta(attribute.Name) && path == "" {
			continue
		}
		value, mark := b.attribute(attribute)
		name := attribute.NameRange
		if value != nil && (value.File() != b.fileOf(name) || value.Span().Start.Offset < name.End.Byte || value.Span().End.Offset > attribute.SrcRange.End.Byte) {
			name.End = attribute.SrcRange.End // the value is elsewhere, so that a comment on the line relates to all of it
		}
		add(b.text(attribute.Name, name), value, mark)
	}
	for _, group := range byType(blocks) {
		name := nestedType(group[0])
		value, mark := b.nested(name, group, path, at)
		add(b.file.Scalar(source.String, name, at.End.Byte, at.End.Byte), value, mark)
	}
	if len(marks) > 0 {
		unknown = b.mapping(marks, at)
	}
	return b.mapping(members, at), unknown
}

// isMeta reports whether an argument is Terraform's own.
func isMeta(name string) bool {
	switch name {
	case "count", "for_each", "depends_on", "provider":
		return true
	}
	return false
}

// inOrder returns attributes in the order of the text.
func inOrder(attributes map[string]*hclsyntax.Attribute) []*hclsyntax.Attribute {
	all := make([]*hclsyntax.Attribute, 0, len(attributes))
	for _, attribute := range attributes {
		all = append(all, attribute)
	}
	slices.SortFunc(all, func(a, b *hclsyntax.Attribute) int {
		return cmp.Or(cmp.Compare(a.NameRange.Filename, b.NameRange.Filename), cmp.Compare(a.NameRange.Start.Byte, b.NameRange.Start.Byte))
	})
	return all
}

// byType returns nested blocks grouped by their types, in order.
func byType(blocks []*hclsyntax.Block) [][]*hclsyntax.Block {
	var groups [][]*hclsyntax.Block
	index := map[string]int{}
	for _, block := range blocks {
		name := nestedType(block)
		i, known := index[name]
		if !known {
			i = len(groups)
			index[name], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], block)
	}
	return groups
}

// nested returns a list of the nested blocks of a type. If further ones may be made of a dynamic block, the list of
// containers has an unknown item, and any other list is unknown.
func (b *treeBuilder) nested(name string, blocks []*hclsyntax.Block, path string, at hcl.Range) (list, unknown *source.Node) {
	var items, marks []*source.Node
	further, some := false, false
	span := at
	for _, block := range blocks {
		if block.Type == "dynamic" {
			further = further || !b.makesNone(block)
			continue
		}
		own := eval.RangeOf(block.TypeRange.Filename, block.TypeRange.Start.Byte, block.CloseBraceRange.End.Byte)
		if !some {
			span = own
		}
		span.End = own.End
		value, mark := b.body(block.Body.Attributes, block.Body.Blocks, path+"."+name, own)
		if name == "requests" || name == "limits" { // blocks in version 1 of the provider, mappings now
			return value, mark
		}
		some = some || mark != nil
		if mark == nil {
			mark = b.mapping(nil, own)
		}
		items, marks = append(items, value), append(marks, mark)
	}
	if further && name != "container" && name != "init_container" {
		return nil, b.truth(at)
	}
	if further {
		items = append(items, b.file.Scalar(source.Null, "", span.End.Byte, span.End.Byte))
		marks = append(marks, b.truth(at))
	}
	if len(items) > 0 && (some || further) {
		unknown = b.sequence(marks, span)
	}
	return b.sequence(items, span), unknown
}

// makesNone reports whether a dynamic block makes no block.
func (b *treeBuilder) makesNone(dynamic *hclsyntax.Block) bool {
	each := dynamic.Body.Attributes["for_each"]
	return each != nil && eval.IsEmpty(b.Eval(each.Expr, &eval.Scope{Module: b.in}))
}

// attribute returns the node of an attribute's value.
func (b *treeBuilder) attribute(of *hclsyntax.Attribute) (node, unknown *source.Node) {
	b.Allow(of.SrcRange)
	v := b.Eval(of.Expr, &eval.Scope{Module: b.in})
	switch of.Name {
	case "manifest", "body", "yaml_body":
		if v.Encoded != nil || v.Kind != eval.Object {
			v = b.Decode(of.Expr.Range(), v)
		}
		if v.Kind != eval.Object {
			return nil, b.truth(of.Expr.Range())
		}
		b.document = true
		defer func() { b.document = false }()
	case "image", "type":
		if v.Kind != eval.Scalar && v.Partial != "" {
			return b.leaf(source.String, v.Partial, v, of.Name), nil
		}
	}
	node, unknown = b.node(v, of.Name)
	if of.Name == "requests" && (!v.IsKnown() || v.Open) {
		unknown = b.unknownRequests(node, of.Expr.Range())
	}
	return node, unknown
}

// unknownRequests returns marks for the requests of a container that may be set. Marks for all of them mean that none is set: the
// API server computes them.
func (b *treeBuilder) unknownRequests(known *source.Node, at hcl.Range) *source.Node {
	var marks []source.Member
	for _, name := range []string{"cpu", "memory"} {
		if known.Get(name) == nil {
			marks = append(marks, b.made(name, b.truth(at), at.End.Byte))
		}
	}
	return b.mapping(marks, at)
}

// node returns the node of a value. The second result has true for what is unknown in it, nil if nothing is.
func (b *treeBuilder) node(v *eval.Value, name string) (node, unknown *source.Node) {
	if !b.Spend(1) {
		return b.unknown(v, name)
	}
	switch v.Kind {
	case eval.Null:
		return nil, nil
	case eval.Scalar:
		text, _ := v.Text()
		if eval.LooksUnrendered(text) {
			return nil, b.truth(b.here(v))
		}
		return b.leaf(kindOf(v), text, v, name), nil
	case eval.List:
		return b.items(v, name)
	case eval.Object:
		return b.members(v)
	}
	return b.unknown(v, name)
}

// unknown returns what takes the place of an unknown value.
func (b *treeBuilder) unknown(v *eval.Value, name string) (node, unknown *source.Node) {
	if !b.document {
		return nil, b.truth(b.here(v))
	}
	text := v.Partial
	if text == "" {
		text = eval.Placeholder
	}
	return b.leaf(source.String, text, v, name), nil
}

// here returns where a value is in the file of the resource.
func (b *treeBuilder) here(v *eval.Value) hcl.Range {
	for _, at := range []hcl.Range{v.At, v.Used} {
		if at.Filename == b.file.Name {
			return at
		}
	}
	return hcl.Range{}
}

func kindOf(v *eval.Value) source.Kind {
	switch v.Scalar.Type().FriendlyName() {
	case "bool":
		return source.Bool
	case "number":
		return source.Number
	}
	return source.String
}

// leaf returns the node of a scalar, and records how a value that is not in its place got there.
func (b *treeBuilder) leaf(kind source.Kind, text string, v *eval.Value, name string) *source.Node {
	at := b.fileOf(v.At)
	n := at.Scalar(kind, text, v.At.Start.Byte, v.At.End.Byte)
	if at != b.file {
		b.named(name, n, v.At)
	}
	if v.Used.Filename != "" || len(v.From) > 0 {
		b.origins = append(b.origins, origin{n, v, name})
	}
	return n
}

// named gives a node outside the tree the path of an attribute.
func (b *treeBuilder) named(name string, n *source.Node, at hcl.Range) *source.Node {
	key := b.fileOf(at).Scalar(source.String, name, at.Start.Byte, at.Start.Byte)
	b.fileOf(at).Mapping([]source.Member{{Key: key, Value: n}}, at.Start.Byte, at.End.Byte)
	return n
}

// originOf returns the node of an origin.
func (b *treeBuilder) originOf(o origin) *source.Node {
	nowhere := hcl.Range{}
	members := []source.Member{b.made("value", o.node, 0), b.made("why", b.text(o.Why, nowhere), 0)}
	if o.Used.Filename != "" {
		members = append(members, b.made("used", b.named(o.name, b.mark(o.Used), o.Used), 0))
	}
	return b.mapping(append(members, b.made("parts", b.partsOf(o.From, o.name), 0)), nowhere)
}

// partsOf returns a list of places on which the value of an attribute depends.
func (b *treeBuilder) partsOf(from []eval.Dependency, name string) *source.Node {
	var parts []*source.Node
	for _, d := range from[:min(len(from), eval.MaxDependencies)] {
		at := b.named(name, b.mark(d.At), d.At)
		parts = append(parts, b.mapping([]source.Member{b.made("at", at, 0), b.made("why", b.text(d.Why, hcl.Range{}), 0)}, hcl.Range{}))
	}
	return b.sequence(parts, hcl.Range{})
}

// mark returns a node without a value at a place.
func (b *treeBuilder) mark(at hcl.Range) *source.Node {
	return b.fileOf(at).Scalar(source.Null, "", at.Start.Byte, at.End.Byte)
}

// items returns the node of a list. A list with unknown items is unknown, since which ones it lacks could be a statement.
func (b *treeBuilder) items(v *eval.Value, name string) (node, unknown *source.Node) {
	containers := strings.EqualFold(name, "containers") || strings.EqualFold(name, "initContainers")
	if v.Open && !(b.document && containers) {
		return b.unknown(v, name)
	}
	var items []*source.Node
	for _, item := range v.Items {
		n, mark := b.node(v.Within(item), name)
		if n == nil && mark != nil {
			return b.unknown(v, name)
		}
		if n == nil {
			n = b.leaf(source.Null, "", item, name)
		}
		items = append(items, n)
	}
	if v.Open {
		items = append(items, b.leaf(source.String, eval.Placeholder, v, name))
	}
	return b.collection(v).Sequence(items, v.At.Start.Byte, v.At.End.Byte), nil
}

// members returns the node of an object without its unknown members.
func (b *treeBuilder) members(v *eval.Value) (node, unknown *source.Node) {
	in := b.collection(v)
	var members, marks []source.Member
	for _, m := range v.Members {
		n, mark := b.node(v.Within(m.Value), m.Name)
		if mark != nil {
			marks = append(marks, b.made(m.Name, mark, 0))
		}
		if n != nil {
			end := m.At.End.Byte
			if used := m.Value.Used; used.Filename == m.At.Filename && used.Start.Byte >= end {
				end = used.End.Byte
			}
			members = append(members, source.Member{Key: b.fileOf(m.At).Scalar(source.String, m.Name, m.At.Start.Byte, end), Value: n})
		}
	}
	if len(marks) > 0 {
		unknown = b.mapping(marks, b.here(v))
	}
	return in.Mapping(members, v.At.Start.Byte, v.At.End.Byte), unknown
}

// collection returns the file in which a list or an object is.
func (b *treeBuilder) collection(v *eval.Value) *source.File { return b.fileOf(v.At) }

// fileOf returns the file of a place.
func (b *treeBuilder) fileOf(at hcl.Range) *source.File {
	if file := b.Files(at.Filename); file != nil {
		return file
	}
	return b.file
}

// written returns the members of a document of all blocks and attributes of a file, whose values are not read: comments in the
// file relate to them, also where a value is not known.
func written(f *file) []source.Member {
	s := skeleton{f}
	members := s.attributes(f.body.Attributes)
	if blocks := s.blocks(f.body.Blocks); len(blocks) > 0 {
		members = append(members, s.member("blocks", len(f.Text), f.Sequence(blocks, blocks[0].Span().Start.Offset, len(f.Text))))
	}
	return members
}

// skeleton makes nodes for what is written in a file.
type skeleton struct{ *file }

// member returns a member whose key stands at an offset.
func (s skeleton) member(name string, at int, value *source.Node) source.Member {
	return source.Member{Key: s.Scalar(source.String, name, at, at), Value: value}
}

func (s skeleton) blocks(of hclsyntax.Blocks) []*source.Node {
	var nodes []*source.Node
	for _, block := range of {
		start, end := block.TypeRange.Start.Byte, block.CloseBraceRange.End.Byte
		members := s.attributes(block.Body.Attributes)
		if inner := s.blocks(block.Body.Blocks); len(inner) > 0 {
			members = append(members, s.member("blocks", end, s.Sequence(inner, inner[0].Span().Start.Offset, end)))
		}
		nodes = append(nodes, s.Mapping(members, start, end))
	}
	return nodes
}

func (s skeleton) attributes(of map[string]*hclsyntax.Attribute) []source.Member {
	var members []source.Member
	for _, attribute := range inOrder(of) {
		name := attribute.NameRange
		key := s.Scalar(source.String, attribute.Name, name.Start.Byte, name.End.Byte)
		members = append(members, source.Member{Key: key, Value: s.value(attribute.Expr)})
	}
	return members
}

// value returns the node of an expression. Of literal objects and lists it has the members and items.
func (s skeleton) value(x hclsyntax.Expression) *source.Node {
	at := x.Range()
	start, end := at.Start.Byte, at.End.Byte
	switch x := x.(type) {
	case *hclsyntax.ObjectConsExpr:
		var members []source.Member
		for _, item := range x.Items {
			key := item.KeyExpr.Range()
			node := s.Scalar(source.String, "", key.Start.Byte, key.End.Byte)
			members = append(members, source.Member{Key: node, Value: s.value(item.ValueExpr)})
		}
		return s.Mapping(members, start, end)
	case *hclsyntax.TupleConsExpr:
		var items []*source.Node
		for _, item := range x.Exprs {
			items = append(items, s.value(item))
		}
		return s.Sequence(items, start, end)
	case *hclsyntax.ParenthesesExpr:
		return s.value(x.Expression)
	case *hclsyntax.FunctionCallExpr: // such as jsonencode and merge
		var items []*source.Node
		for _, argument := range x.Args {
			items = append(items, s.value(argument))
		}
		return s.Sequence(items, start, end)
	}
	return s.Scalar(source.Null, "", start, end)
}
