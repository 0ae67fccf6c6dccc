package bicep

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// module adds a module that is a file of the project, or one of the public registry that stands for a resource.
func (e *emitter) module(d *syntax.Declaration, s scope) {
	body, _, _ := parts(d)
	if body == nil || d.Head.Kind != syntax.StringKind {
		return
	}
	if registered := e.registryModule(d.Head.Text, s.unit); registered != nil {
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
	declared *syntax.Declaration
	called   calledTemplate
}

// calledBy returns the template of a module that is a file of the project.
func (e *emitter) calledBy(d *syntax.Declaration, s scope) calledTemplate {
	if name := e.jsonOf(s.unit, d.Head); name != "" {
		return e.jsonTemplate(name)
	}
	unit := e.fileOf(s.unit, d.Head)
	if unit == nil {
		return calledTemplate{}
	}
	e.called[unit.file] = true
	called := calledTemplate{template: e.templateOf(unit), relevant: unit.relevant}
	for _, d := range unit.declarations {
		if d.Word == "param" {
			called.parameters = append(called.parameters, d.Name)
		}
	}
	return called
}

// deployment adds the deployment of a module.
func (e *emitter) deployment(d *syntax.Declaration, called calledTemplate, s scope) {
	body, conditions, loop := parts(d)
	file := s.unit.file
	at := d.Head.Start
	members := []source.Member{
		memberAt(file, "type", file.Scalar(source.String, "Microsoft.Resources/deployments", at, d.Head.End), at),
		memberAt(file, "symbolicName", file.Scalar(source.String, d.Name, d.NameAt.Start, d.NameAt.End), d.NameAt.Start),
	}
	further, inside := e.existence(d, conditions, loop, s)
	members = append(members, further...)
	if name := body.Member("name"); name != nil {
		members = append(members, memberAt(file, "name", e.value(name, inside), name.Start))
	}
	properties := []source.Member{
		memberAt(file, "expressionEvaluationOptions", file.Mapping([]source.Member{
			memberAt(file, "scope", file.Scalar(source.String, "inner", at, at), at),
		}, at, at), at),
		memberAt(file, "parameters", e.arguments(body.Member("params"), called.parameters, inside), at),
		memberAt(file, "template", called.template, at),
	}
	members = append(members, memberAt(file, "properties", file.Mapping(properties, body.Start, body.End), body.Start))
	e.resources = append(e.resources, file.Mapping(members, d.Start, d.End))
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
func (e *emitter) arguments(params *syntax.Expression, parameters []string, s scope) *source.Node {
	file := s.unit.file
	if params == nil {
		return file.Mapping(nil, 0, 0)
	}
	var members []source.Member
	if params.Kind != syntax.ObjectKind || isSpread(params) { // which parameters have a value is not known
		for _, name := range parameters {
			members = append(members, memberAt(file, name, file.Mapping(nil, params.Start, params.End), params.Start))
		}
		return file.Mapping(members, params.Start, params.End)
	}
	for i, name := range params.Names {
		if name.Kind != syntax.StringKind {
			continue
		}
		value := params.Parts[i]
		members = append(members, source.Member{
			Key:   e.key(name, s),
			Value: file.Mapping([]source.Member{memberAt(file, "value", e.value(value, s), value.Start)}, value.Start, value.End),
		})
	}
	return file.Mapping(members, params.Start, params.End)
}

// fileOf returns the file of the project at a path, nil if there is none.
func (r *Reader) fileOf(from *unit, at *syntax.Expression) *unit {
	if r.files == nil || at == nil || at.Kind != syntax.StringKind || strings.Contains(at.Text, ":") {
		return nil
	}
	name, ok := r.files.Resolve(from.file.Name, at.Text)
	if !ok || !isParameters(name) && !strings.EqualFold(path.Ext(name), ".bicep") {
		return nil
	}
	return r.open(name, nil)
}

// jsonOf returns the name of the template in JSON at a path, empty if the project has no such template.
func (r *Reader) jsonOf(from *unit, at *syntax.Expression) string {
	if r.files == nil || at == nil || at.Kind != syntax.StringKind || strings.Contains(at.Text, ":") {
		return ""
	}
	switch strings.ToLower(path.Ext(at.Text)) {
	case ".json", ".jsonc":
	default:
		return ""
	}
	name, _ := r.files.Resolve(from.file.Name, at.Text)
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
