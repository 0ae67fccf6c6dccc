package terraform

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform/eval"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// In Terraform's JSON, strings are templates, and only the provider's schema distinguishes nested blocks from attributes.
// https://developer.hashicorp.com/terraform/language/syntax/json

// nestedBlocks are the nested blocks of the resources that are read, and of all resources.
const nestedBlocks = " default_node_pool scale_settings container init_container gpu gpu_limit metadata spec template job_template" +
	" resources env volume host_path affinity node_affinity required_during_scheduling_ignored_during_execution node_selector_term" +
	" match_expressions match_fields toleration lifecycle identity "

func isNestedBlock(name string) bool { return strings.Contains(nestedBlocks, " "+name+" ") }

// jsonReader makes the syntax tree of a file in JSON.
type jsonReader struct {
	file   string
	reason string // why the file cannot be read
}

// body returns the blocks of a file.
func (r *jsonReader) body(root *source.Node) *hclsyntax.Body {
	body := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: r.place(root)}
	for _, part := range root.Members() {
		switch part.Key.Text() {
		case "resource":
			r.labelled(body, part, part.Value, 2)
		case "module", "variable":
			r.labelled(body, part, part.Value, 1)
		case "locals":
			r.labelled(body, part, part.Value, 0)
		}
	}
	return body
}

// labelled adds the blocks of a type with a number of labels, each of which is a key around them.
func (r *jsonReader) labelled(body *hclsyntax.Body, part source.Member, content *source.Node, labels int, names ...*source.Node) {
	if content.Kind == source.Sequence {
		for _, item := range content.Items() {
			r.labelled(body, part, item, labels, names...)
		}
		return
	}
	if len(names) < labels {
		for _, inner := range content.Members() {
			r.labelled(body, part, inner.Value, labels, append(names[:len(names):len(names)], inner.Key)...)
		}
		return
	}
	at := part.Key
	if labels > 0 {
		at = names[labels-1]
	}
	block := r.block(part.Key.Text(), at, content)
	for _, name := range names {
		block.Labels = append(block.Labels, name.Text())
		block.LabelRanges = append(block.LabelRanges, r.place(name))
	}
	body.Blocks = append(body.Blocks, block)
}

// block returns a block whose content is an object.
func (r *jsonReader) block(kind string, at, content *source.Node) *hclsyntax.Block {
	inner := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: r.place(content)}
	for key, value := range content.Pairs() {
		name := key.Text()
		switch {
		case name == "//": // a comment
		case name == "dynamic":
			r.labelled(inner, source.Member{Key: key, Value: value}, value, 1)
		case name == "content" && kind == "dynamic", isNestedBlock(name) && kind != "variable" && kind != "locals" && kind != "module":
			r.nested(inner, key, value)
		default:
			inner.Attributes[name] = &hclsyntax.Attribute{Name: name, Expr: r.expression(value), NameRange: r.place(key), SrcRange: r.place(value)}
		}
	}
	start, end := r.place(at), r.place(content)
	end.Start = hcl.Pos{Byte: max(end.End.Byte-1, end.Start.Byte)}
	return &hclsyntax.Block{Type: kind, Body: inner, TypeRange: start, OpenBraceRange: r.place(content), CloseBraceRange: end}
}

// nested adds the nested blocks of a name: an object, or a list of objects.
func (r *jsonReader) nested(body *hclsyntax.Body, key, value *source.Node) {
	switch value.Kind {
	case source.Sequence:
		for _, item := range value.Items() {
			r.nested(body, key, item)
		}
	case source.Mapping:
		body.Blocks = append(body.Blocks, r.block(key.Text(), value, value))
	case source.Null:
	default: // an expression
		body.Attributes[key.Text()] = &hclsyntax.Attribute{Name: key.Text(), Expr: r.expression(value), NameRange: r.place(key), SrcRange: r.place(value)}
	}
}

// expression returns the expression of a value.
func (r *jsonReader) expression(n *source.Node) hclsyntax.Expression {
	at := r.place(n)
	switch n.Kind {
	case source.Sequence:
		made := &hclsyntax.TupleConsExpr{SrcRange: at}
		for _, item := range n.Items() {
			made.Exprs = append(made.Exprs, r.expression(item))
		}
		return made
	case source.Mapping:
		made := &hclsyntax.ObjectConsExpr{SrcRange: at}
		for key, value := range n.Pairs() {
			made.Items = append(made.Items, hclsyntax.ObjectConsItem{KeyExpr: r.text(key), ValueExpr: r.expression(value)})
		}
		return made
	case source.String:
		return r.text(n)
	case source.Null:
		return &hclsyntax.LiteralValueExpr{Val: cty.NullVal(cty.DynamicPseudoType), SrcRange: at}
	}
	return &hclsyntax.LiteralValueExpr{Val: eval.ScalarOf(n), SrcRange: at}
}

// text returns the expression of a string, which is a template.
func (r *jsonReader) text(n *source.Node) hclsyntax.Expression {
	at := r.place(n)
	inner := at
	inner.Start.Byte, inner.End.Byte = at.Start.Byte+1, max(at.End.Byte-1, at.Start.Byte+1)
	if text := n.Text(); strings.Contains(text, "${") || strings.Contains(text, "%{") {
		start := hcl.Pos{Byte: inner.Start.Byte, Line: 1, Column: 1}
		tokens, _ := hclsyntax.LexTemplate([]byte(text), r.file, start)
		if reason := tooDeep(tokens, false); reason != "" {
			r.reason = reason
			return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}
		}
		template, diagnostics := hclsyntax.ParseTemplate([]byte(text), r.file, start)
		if diagnostics.HasErrors() {
			r.reason = diagnostics.Errs()[0].Error()
			return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}
		}
		if wrapped, ok := template.(*hclsyntax.TemplateWrapExpr); ok {
			return wrapped
		}
		if template, ok := template.(*hclsyntax.TemplateExpr); ok {
			template.SrcRange = at
		}
		return template
	}
	literal := &hclsyntax.LiteralValueExpr{Val: cty.StringVal(n.Text()), SrcRange: inner}
	return &hclsyntax.TemplateExpr{Parts: []hclsyntax.Expression{literal}, SrcRange: at}
}

func (r *jsonReader) place(n *source.Node) hcl.Range {
	span := n.Span()
	return eval.RangeOf(r.file, span.Start.Offset, span.End.Offset)
}
