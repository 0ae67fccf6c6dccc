package armexpr

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Scope returns the scope of a template. given has the values of its parameters. Their expressions
// are evaluated in around; where around has no scope they are taken literally.
func (t *Evaluator) Scope(template, given *source.Node, around Env) *scope {
	scope := &scope{parameters: map[string]*binding{}, variables: map[string]*binding{}}
	values := map[string]*source.Node{}
	for name, value := range given.Pairs() {
		values[strings.ToLower(name.Text())] = value
	}
	types := newTemplateTypes(template)
	for key, parameter := range template.GetFold("parameters").Pairs() {
		name := strings.ToLower(key.Text())
		scope.parameters[name] = &binding{}
		if !types.hidden(parameter) || values[name] == nil && isNullByDefault(parameter) {
			scope.parameters[name] = t.parameter(parameter, values[name], scope, around)
		}
	}
	for key, value := range template.GetFold("variables").Pairs() {
		copies, repeated := copiesOf(source.Member{Key: key, Value: value})
		if !repeated {
			scope.variables[strings.ToLower(key.Text())] = &binding{node: value, env: Env{Scope: scope}}
		}
		for _, each := range copies {
			scope.variables[read.LowerScalar(each.GetFold("name"))] = &binding{
				node: each.GetFold("input"), count: each.GetFold("count"), env: Env{Scope: scope},
			}
		}
	}
	scope.modules = modulesOf(template)
	return scope
}

// isNullByDefault reports whether a parameter is null unless it is given.
func isNullByDefault(declared *source.Node) bool {
	return declared.GetFold("defaultValue") == nil && declared.GetFold("nullable").Is("true")
}

// parameter returns the given value, else the default. A reference to a secret in a key vault is
// not known.
func (t *Evaluator) parameter(declared, given *source.Node, scope *scope, around Env) *binding {
	if given != nil && given.Kind == source.String && around.Scope != nil { // Bicep writes [if(…, createObject('value', …), …)]
		given, around = t.Resolve(given, around), Env{}
	}
	value, fallback := given.GetFold("value"), declared.GetFold("defaultValue")
	switch {
	case !value.IsNull(), value != nil && fallback == nil:
		around.Used = false
		return &binding{node: value, literal: around.Scope == nil, env: around}
	case given != nil && value == nil:
		return &binding{}
	case fallback != nil:
		return &binding{node: fallback, env: Env{Scope: scope}}
	case isNullByDefault(declared):
		null := t.Derive(declared, source.Content{Kind: source.Null}, read.Derivation{At: declared})
		return &binding{node: null, literal: true}
	}
	return &binding{}
}

// templateTypes finds the types of a template that hold secrets. Secrets must not get into facts or
// messages.
type templateTypes struct {
	definitions map[string]*source.Node
	secret      map[*source.Node]bool // by the declaration of the type; true while it is being evaluated
}

func newTemplateTypes(template *source.Node) *templateTypes {
	types := &templateTypes{definitions: map[string]*source.Node{}, secret: map[*source.Node]bool{}}
	for name, definition := range template.GetFold("definitions").Pairs() {
		types.definitions["#/definitions/"+name.Text()] = definition
	}
	return types
}

// hidden reports whether a parameter or a part of it may be a secret. Types that are not found or
// that contain themselves count as secret.
func (t *templateTypes) hidden(declared *source.Node) bool {
	if declared == nil || declared.Kind != source.Mapping {
		return declared == nil
	}
	if secret, looked := t.secret[declared]; looked {
		return secret
	}
	t.secret[declared] = true
	kind := read.LowerScalar(declared.GetFold("type"))
	reference := declared.Get("$ref")
	t.secret[declared] = kind == "securestring" || kind == "secureobject" ||
		reference != nil && t.hidden(t.definitions[reference.Text()]) || slices.ContainsFunc(partsOfType(declared), t.hidden)
	return t.secret[declared]
}

// partsOfType returns the declarations of the items and properties of a type.
func partsOfType(declared *source.Node) []*source.Node {
	parts := slices.Clone(declared.GetFold("prefixItems").Items())
	for _, key := range []string{"items", "additionalProperties"} {
		if part := declared.GetFold(key); part != nil {
			parts = append(parts, part)
		}
	}
	for _, property := range declared.GetFold("properties").Members() {
		parts = append(parts, property.Value)
	}
	return parts
}
