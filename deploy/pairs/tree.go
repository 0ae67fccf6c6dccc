package main

import (
	"fmt"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/armexpr"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// values returns the known values of all resources of a template by their path: the type and the name of the resource, then keys and
// indexes.
func values(file *source.File) map[string]string {
	all := map[string]string{}
	for _, document := range file.Documents {
		r := &read.Reader{Root: document.Root}
		w := &walk{Evaluator: armexpr.New(r), all: all}
		w.template(document.Root, armexpr.Env{Scope: w.Scope(document.Root, nil, armexpr.Env{})}, "", 0)
	}
	return all
}

type walk struct {
	*armexpr.Evaluator
	all map[string]string
}

func (w *walk) template(root *source.Node, env armexpr.Env, at string, depth int) {
	resources := root.GetFold("resources")
	list := resources.Items()
	for _, member := range resources.Members() {
		list = append(list, member.Value)
	}
	for _, resource := range list {
		if resource.GetFold("existing").Is("true") {
			continue
		}
		copied := resource.GetFold("copy")
		if copied == nil {
			w.resource(resource, env, at, depth)
			continue
		}
		count, known := armexpr.Integer(w.Resolve(copied.GetFold("count"), env))
		if !known {
			count = 1
		}
		for i := range min(int(count), 3) {
			loop := armexpr.Loop{Name: read.LowerScalar(copied.GetFold("name")), OfResource: true, Index: i}
			if !known {
				loop.Index = armexpr.UnknownRound
			}
			w.resource(resource, env.Within(loop), at, depth)
		}
	}
}

func (w *walk) resource(resource *source.Node, env armexpr.Env, at string, depth int) {
	kind := read.LowerScalar(resource.GetFold("type"))
	name := w.text(w.Resolve(resource.GetFold("name"), env))
	at = fmt.Sprintf("%s/%s(%s)", at, kind, name)
	for w.all[at] != "" {
		at += "'" // whose equal, often unknown, names cannot be told apart
	}
	w.all[at] = "resource"
	w.value(w.Resolve(resource.GetFold("condition"), env), at+".condition")
	if kind == "microsoft.resources/deployments" {
		properties := resource.GetFold("properties")
		template := properties.GetFold("template")
		if depth < 10 && template != nil && properties.GetFold("expressionEvaluationOptions").GetFold("scope").Is("inner") {
			w.template(template, armexpr.Env{Scope: w.Scope(template, properties.GetFold("parameters"), env)}, at, depth+1)
		}
		return
	}
	for _, member := range resource.Members() {
		switch key := strings.ToLower(member.Key.Text()); key {
		case "type", "name", "condition", "copy", "apiversion", "dependson", "resources", "existing", "metadata", "scope":
		default:
			w.value(w.Resolve(member.Value, env), at+"."+key)
		}
	}
}

func (w *walk) value(n *source.Node, at string) {
	switch {
	case n == nil:
	case n.Kind == source.Sequence:
		for i, item := range n.Items() {
			w.value(item, fmt.Sprintf("%s[%d]", at, i))
		}
	case n.Kind == source.Mapping:
		for _, member := range n.Members() {
			w.value(member.Value, at+"."+strings.ToLower(member.Key.Text()))
		}
	default:
		if text := w.text(n); text != "" && !strings.Contains(text, read.UnknownPart) {
			w.all[at] = text
		}
	}
}

// text returns a scalar with read.UnknownPart for what is unknown.
func (w *walk) text(n *source.Node) string {
	from := w.DerivationOf(n)
	if from.Unknown {
		return from.Partial
	}
	if n == nil {
		return ""
	}
	return n.Text()
}
