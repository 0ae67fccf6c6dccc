package bicep

import (
	"strconv"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// emitter makes the tree of one ARM template.
type emitter struct {
	*Reader
	unit *unit

	variables []source.Member
	copies    []*source.Node // of variables
	resources []*source.Node
	waiting   []waiting
	outputsOf map[*syntax.Declaration]bool // modules of which the outputs are used
	declared  map[variable]bool            // variables of the template
	prefixes  map[*unit]string             // of the variables of imported files
	// variableOf are the variables of loaded values.
	variableOf map[*source.Node]string
	hoists     int
	lambdas    int
	left       int // bytes of expressions
}

// variable is a variable of a file.
type variable struct {
	unit *unit
	name string
}

func newEmitter(r *Reader, u *unit) *emitter {
	return &emitter{
		Reader: r, unit: u, declared: map[variable]bool{}, prefixes: map[*unit]string{u: ""}, variableOf: map[*source.Node]string{}, outputsOf: map[*syntax.Declaration]bool{},
		left: leastText + textPerByte*len(u.file.Text),
	}
}

// schemas of ARM.
const (
	templateSchema   = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	parametersSchema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
)

// template returns the tree of a template, nil if it has neither relevant resources nor outputs.
func (e *emitter) template() (root *source.Node, relevant bool) {
	own := scope{unit: e.unit}
	for _, d := range e.unit.declarations {
		switch d.Word {
		case "resource":
			e.resource(d, own, nil)
		case "module":
			e.module(d, own)
		}
	}
	relevant = len(e.resources) > 0
	outputs := e.outputs(own)
	if !relevant && len(outputs) == 0 {
		return nil, false
	}
	var parameters []source.Member
	for _, d := range e.unit.declarations {
		switch d.Word {
		case "param":
			parameters = append(parameters, e.parameter(d, own))
		case "var":
			e.declare(d.Name, d, own)
		}
	}
	e.used(own)
	return e.root(
		section{"$schema", e.synthetic(templateSchema)},
		section{"parameters", e.mapping(1, parameters)},
		section{"variables", e.allVariables(2)},
		section{"resources", e.unit.file.Sequence(e.resources, 3, len(e.unit.file.Text))},
		section{"outputs", e.mapping(4, outputs)},
	), relevant
}

// outputs returns the outputs of the template except secrets.
func (e *emitter) outputs(s scope) []source.Member {
	var outputs []source.Member
	for _, d := range e.unit.declarations {
		if d.Word != "output" || e.isSecret(d, s.unit) {
			continue
		}
		file := s.unit.file
		outputs = append(outputs, source.Member{
			Key:   file.Scalar(source.String, d.Name, d.NameAt.Start, d.NameAt.End),
			Value: file.Mapping([]source.Member{memberAt(file, "value", e.value(d.Value, s), d.Value.Start)}, d.Value.Start, d.Value.End),
		})
	}
	return outputs
}

// section is a member of a document's root.
type section struct {
	key   string
	value *source.Node
}

// root returns the root of a document. Its keys are not in the file; at the end of it, no comment covers them. Its members begin at
// different offsets, so that paths distinguish them.
func (e *emitter) root(sections ...section) *source.Node {
	var members []source.Member
	for _, section := range sections {
		members = append(members, memberAt(e.unit.file, section.key, section.value, len(e.unit.file.Text)))
	}
	return e.mapping(0, members)
}

// mapping returns a mapping from an offset to the end of the file.
func (e *emitter) mapping(start int, members []source.Member) *source.Node {
	return e.unit.file.Mapping(members, start, len(e.unit.file.Text))
}

// synthetic returns a string that is not in the file.
func (e *emitter) synthetic(text string) *source.Node {
	return e.unit.file.Scalar(source.String, text, 0, 0)
}

// memberAt returns a member whose key is not in the file, for a value that begins at an offset of a file.
func memberAt(file *source.File, key string, value *source.Node, at int) source.Member {
	return source.Member{Key: file.Scalar(source.String, key, at, at), Value: value}
}

// allVariables returns the variables of the template.
func (e *emitter) allVariables(start int) *source.Node {
	if len(e.copies) > 0 {
		e.variables = append(e.variables, memberAt(e.unit.file, "copy", e.unit.file.Sequence(e.copies, start, len(e.unit.file.Text)), start))
	}
	return e.mapping(start, e.variables)
}

// parameter returns the declaration of a parameter.
func (e *emitter) parameter(d *syntax.Declaration, s scope) source.Member {
	file := s.unit.file
	key := file.Scalar(source.String, d.Name, d.NameAt.Start, d.NameAt.End)
	var members []source.Member
	add := func(name string, value *source.Node) { members = append(members, memberAt(file, name, value, d.Start)) }
	switch {
	case e.isSecret(d, s.unit):
		add("type", file.Scalar(source.String, "securestring", d.Start, d.Start))
		if d.Value != nil { // the parameter is not required
			add("defaultValue", file.Scalar(source.String, "", d.Start, d.Start))
		}
	case d.Value != nil:
		add("defaultValue", e.value(d.Value, s))
	}
	if d.Declared != nil && d.Declared.Nullable {
		add("nullable", file.Scalar(source.Bool, "true", d.Start, d.Start))
	}
	return source.Member{Key: key, Value: file.Mapping(members, d.Start, d.End)}
}

// declare adds a variable to the template, once. name is its name there.
func (e *emitter) declare(name string, d *syntax.Declaration, s scope) {
	if e.declared[variable{s.unit, d.Name}] {
		return
	}
	e.declared[variable{s.unit, d.Name}] = true
	key := &syntax.Expression{Kind: syntax.StringKind, Text: name, Start: d.NameAt.Start, End: d.NameAt.End}
	if d.Value.Kind == syntax.LoopKind {
		e.copies = append(e.copies, e.copied(key, d.Value, s))
		return
	}
	e.variables = append(e.variables, source.Member{Key: e.key(key, s), Value: e.value(d.Value, s)})
}

// hoist adds a variable for an expression and returns its name.
func (e *emitter) hoist(x *syntax.Expression, s scope) string {
	e.hoists++
	name := "$" + strconv.Itoa(e.hoists)
	value := e.value(x, s)
	e.variables = append(e.variables, memberAt(s.unit.file, name, value, x.Start))
	return name
}

// loaded writes a reference to a variable with a loaded value.
func (w *writer) loaded(value *source.Node) {
	if value == nil {
		w.raw(unknown)
		return
	}
	name, known := w.variableOf[value]
	if !known {
		w.hoists++
		name = "$" + strconv.Itoa(w.hoists)
		w.variableOf[value] = name
		w.variables = append(w.variables, memberAt(w.unit.file, name, value, 0))
	}
	w.raw("variables(", quote(name), ")")
}

// variable writes a reference to a variable of a file.
func (w *writer) variable(name string, s scope) {
	if d := s.unit.symbols[name]; s.prefix != "" {
		w.declare(s.prefix+name, d, scope{unit: s.unit, prefix: s.prefix, depth: s.depth})
	}
	w.raw("variables(", quote(s.prefix+name), ")")
}

// imported writes a reference to what another file declares.
func (w *writer) imported(name string, d *syntax.Declaration, s scope) {
	there, ok := w.scopeOf(d, s)
	if !ok || there.unit.symbols[name] == nil || there.unit.symbols[name].Word != "var" {
		w.raw(unknown)
		return
	}
	w.variable(name, there)
}

// importedFunction writes a call of a function that another file declares.
func (w *writer) importedFunction(name string, d *syntax.Declaration, arguments []*syntax.Expression, s scope) {
	there, ok := w.scopeOf(d, s)
	if !ok || there.unit.symbols[name] == nil || there.unit.symbols[name].Word != "func" {
		w.raw(unknown)
		return
	}
	w.inline(there.unit.symbols[name], arguments, there, s)
}

// scopeOf returns the scope of an imported file.
func (e *emitter) scopeOf(d *syntax.Declaration, s scope) (there scope, ok bool) {
	u := e.fileOf(s.unit, d.Head)
	if u == nil || u == e.unit || s.depth >= maxExpansions {
		return scope{}, false
	}
	prefix, known := e.prefixes[u]
	if !known {
		prefix = "$" + strconv.Itoa(len(e.prefixes)) + "."
		e.prefixes[u] = prefix
	}
	return scope{unit: u, prefix: prefix, depth: s.depth + 1}, true
}
