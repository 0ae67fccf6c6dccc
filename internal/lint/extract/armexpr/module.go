package armexpr

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// module is a module of Bicep: a nested template whose outputs expressions refer to by modules('NAME'), or by modules('NAME', ROUND) for a
// round of a loop. Only trees of Bicep have this function.
type module struct {
	resource *source.Node
	begun    map[int64]bool // by round
	outputs  map[int64]*source.Node
}

// modulesOf returns the modules of a template by their symbolic names.
func modulesOf(template *source.Node) map[string]*module {
	if template == nil || !template.File().IsForeign() {
		return nil
	}
	modules := map[string]*module{}
	for _, resource := range template.Get("resources").Items() {
		if name := resource.Get("symbolicName"); name != nil {
			modules[name.Text()] = &module{resource: resource, begun: map[int64]bool{}, outputs: map[int64]*source.Node{}}
		}
	}
	return modules
}

// module returns a mapping with the outputs of a module, nil if it is not known that there is such a module.
func (t *Evaluator) module(arguments []*expression, env Env) *source.Node {
	if len(arguments) == 0 || len(arguments) > 2 {
		return nil
	}
	name := t.value(arguments[0], env)
	if !t.names(name) {
		return nil
	}
	m := env.Scope.modules[name.Text()]
	if m == nil {
		return nil
	}
	round := int64(UnknownRound)
	if len(arguments) == 2 {
		var ok bool
		if round, ok = Integer(t.value(arguments[1], env)); !ok {
			return nil
		}
	}
	if !m.begun[round] {
		m.begun[round] = true
		m.outputs[round] = t.outputs(m.resource, round, env)
	}
	return m.outputs[round]
}

// outputs returns the outputs of a module, in the structure of a reference to it.
func (t *Evaluator) outputs(resource *source.Node, round int64, env Env) *source.Node {
	around := Env{Scope: env.Scope, depth: env.depth}
	if copied := resource.Get("copy"); copied != nil {
		count, known := Integer(t.Resolve(copied.Get("count"), around))
		if !known || round < 0 || round >= count {
			return nil
		}
		around = around.Within(Loop{Name: read.LowerScalar(copied.Get("name")), OfResource: true, Index: int(round)})
	}
	if condition := resource.Get("condition"); condition != nil {
		if exists, known := t.Resolve(condition, around).Bool(); !known || !exists {
			return nil
		}
	}
	template := resource.At("properties", "template")
	t.Include(template)
	inside := Env{Scope: t.Scope(template, resource.At("properties", "parameters"), around), depth: env.depth}
	var members []source.Member
	for key, output := range template.GetFold("outputs").Pairs() {
		value := output.GetFold("value")
		if value == nil || isSecret(output) || !t.spend(1) {
			continue
		}
		members = append(members, source.Member{Key: key, Value: t.Resolve(value, inside)})
	}
	outputs := resource.With(source.Content{Kind: source.Mapping, Members: members})
	return resource.With(source.Content{Kind: source.Mapping, Members: []source.Member{{Key: resource.With(source.Content{Kind: source.String, Text: "outputs"}), Value: outputs}}})
}

// isSecret reports whether an output of a template is of a type for secrets.
func isSecret(output *source.Node) bool {
	kind := read.LowerScalar(output.GetFold("type"))
	return kind == "securestring" || kind == "secureobject"
}
