package bicep

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// module adds a module that is a file of the project, or one of the public registry that stands for a resource.
func (e *emitter) module(d *declaration, s scope) {
	body, _, _ := parts(d)
	if body == nil || d.head.kind != stringKind {
		return
	}
	if registered := e.registryModule(d.head.text, s.unit); registered != nil {
		e.registered(d, registered, s)
		return
	}
	called := e.calledBy(d, s)
	switch {
	case called.template == nil:
	case called.relevant:
		e.deployment(d, called, s)
	default:
		e.waiting = append(e.waiting, waiting{d, called})
	}
}

// calledTemplate is the template of a module.
type calledTemplate struct {
	template   *source.Node // nil if there is none
	parameters []string
	relevant   bool // it has resources that are read
}

// waiting is a module without resources that are read. It becomes a part of the template if its outputs are used.
type waiting struct {
	declared *declaration
	called   calledTemplate
}

// calledBy returns the template of a module that is a file of the project.
func (e *emitter) calledBy(d *declaration, s scope) calledTemplate {
	if name := e.jsonOf(s.unit, d.head); name != "" {
		return e.jsonTemplate(name)
	}
	unit := e.fileOf(s.unit, d.head)
	if unit == nil {
		return calledTemplate{}
	}
	e.called[unit.file] = true
	called := calledTemplate{template: e.templateOf(unit), relevant: unit.relevant}
	for _, d := range unit.declarations {
		if d.word == "param" {
			called.parameters = append(called.parameters, d.name)
		}
	}
	return called
}

// deployment adds the deployment of a module.
func (e *emitter) deployment(d *declaration, called calledTemplate, s scope) {
	body, conditions, loop := parts(d)
	file := s.unit.file
	at := d.head.start
	members := []source.Member{
		memberAt(file, "type", file.Scalar(source.String, "Microsoft.Resources/deployments", at, d.head.end), at),
		memberAt(file, "symbolicName", file.Scalar(source.String, d.name, d.nameAt.start, d.nameAt.end), d.nameAt.start),
	}
	further, inside := e.existence(d, conditions, loop, s)
	members = append(members, further...)
	if name := body.member("name"); name != nil {
		members = append(members, memberAt(file, "name", e.value(name, inside), name.start))
	}
	properties := []source.Member{
		memberAt(file, "expressionEvaluationOptions", file.Mapping([]source.Member{
			memberAt(file, "scope", file.Scalar(source.String, "inner", at, at), at),
		}, at, at), at),
		memberAt(file, "parameters", e.arguments(body.member("params"), called.parameters, inside), at),
		memberAt(file, "template", called.template, at),
	}
	members = append(members, memberAt(file, "properties", file.Mapping(properties, body.start, body.end), body.start))
	e.resources = append(e.resources, file.Mapping(members, d.start, d.end))
}

// used adds the modules of which the outputs are used.
func (e *emitter) used(s scope) {
	for more := true; more; {
		more = false
		left := e.waiting[:0:0]
		for _, module := range e.waiting {
			if !e.outputsOf[module.declared] {
				left = append(left, module)
				continue
			}
			e.deployment(module.declared, module.called, s)
			more = true
		}
		e.waiting = left
	}
}

// arguments returns the values that a call gives to the parameters of a module.
func (e *emitter) arguments(params *expression, parameters []string, s scope) *source.Node {
	file := s.unit.file
	if params == nil {
		return file.Mapping(nil, 0, 0)
	}
	var members []source.Member
	if params.kind != objectKind || isSpread(params) { // which parameters have a value is not known
		for _, name := range parameters {
			members = append(members, memberAt(file, name, file.Mapping(nil, params.start, params.end), params.start))
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

// jsonOf returns the name of the template in JSON at a path, empty if it is none of the project.
func (r *Reader) jsonOf(from *unit, at *expression) string {
	if r.files == nil || at == nil || at.kind != stringKind || strings.Contains(at.text, ":") {
		return ""
	}
	switch strings.ToLower(path.Ext(at.text)) {
	case ".json", ".jsonc":
	default:
		return ""
	}
	name, _ := r.files.Resolve(from.file.Name, at.text)
	return name
}

// jsonTemplate reads a template in JSON.
func (r *Reader) jsonTemplate(name string) (called calledTemplate) {
	if called, known := r.templates[name]; known {
		return called
	}
	if data, ok := r.files.Read(name); ok {
		file := source.Parse(name, data)
		if len(file.Problems) == 0 && len(file.Documents) == 1 && file.Documents[0].Root.GetFold("resources") != nil {
			called = calledTemplate{template: file.Documents[0].Root, relevant: Marked(name, data)}
			for parameter := range called.template.GetFold("parameters").Pairs() {
				called.parameters = append(called.parameters, parameter.Text())
			}
		}
	}
	r.templates[name] = called
	return called
}
