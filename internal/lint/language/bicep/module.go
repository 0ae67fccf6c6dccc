package bicep

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// module adds a module that is a file of the project, or one of the public registry that stands for a resource.
func (e *emitter) module(d *declaration, s scope) {
	body, conditions, loop := parts(d)
	if body == nil || d.head.kind != stringKind {
		return
	}
	if registered := registryModule(d.head.text); registered != nil {
		e.registered(d, registered, s)
		return
	}
	called := e.fileOf(s.unit, d.head)
	if called == nil {
		return
	}
	e.called[called.file] = true
	template := e.templateOf(called)
	if template == nil {
		return
	}
	file := s.unit.file
	at := d.head.start
	members := []source.Member{memberAt(file, "type", file.Scalar(source.String, "Microsoft.Resources/deployments", at, d.head.end), at)}
	further, inside := e.existence(d, conditions, loop, s)
	members = append(members, further...)
	if name := body.member("name"); name != nil {
		members = append(members, memberAt(file, "name", e.value(name, inside), name.start))
	}
	properties := []source.Member{
		memberAt(file, "expressionEvaluationOptions", file.Mapping([]source.Member{
			memberAt(file, "scope", file.Scalar(source.String, "inner", at, at), at),
		}, at, at), at),
		memberAt(file, "parameters", e.arguments(body.member("params"), called, inside), at),
		memberAt(file, "template", template, at),
	}
	members = append(members, memberAt(file, "properties", file.Mapping(properties, body.start, body.end), body.start))
	e.resources = append(e.resources, file.Mapping(members, d.start, d.end))
}

// arguments returns the values that a call gives to the parameters of a module.
func (e *emitter) arguments(params *expression, called *unit, s scope) *source.Node {
	file := s.unit.file
	if params == nil {
		return file.Mapping(nil, 0, 0)
	}
	var members []source.Member
	if params.kind != objectKind || isSpread(params) { // which parameters have a value is not known
		for _, d := range called.declarations {
			if d.word == "param" {
				members = append(members, memberAt(file, d.name, file.Mapping(nil, params.start, params.end), params.start))
			}
		}
		return file.Mapping(members, params.start, params.end)
	}
	for i, name := range params.names {
		if name.kind != stringKind {
			continue
		}
		value := params.parts[i]
		members = append(members, source.Member{
			Key:   e.key(name, s),
			Value: file.Mapping([]source.Member{memberAt(file, "value", e.value(value, s), value.start)}, value.start, value.end),
		})
	}
	return file.Mapping(members, params.start, params.end)
}

// fileOf returns the file of the project at a path, nil if there is none.
func (r *Reader) fileOf(from *unit, at *expression) *unit {
	if r.files == nil || at == nil || at.kind != stringKind || strings.Contains(at.text, ":") {
		return nil
	}
	name, ok := r.files.Resolve(from.file.Name, at.text)
	if !ok || !isParameters(name) && !strings.EqualFold(path.Ext(name), ".bicep") {
		return nil
	}
	return r.open(name, nil)
}
