package bicep

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// parametersFile returns the tree of a parameters file. Its strings in brackets are expressions, which refer to the variables there. It is
// nil for a file that belongs to no template of the project.
func (e *emitter) parametersFile() *source.Node {
	var using *source.Node
	for _, d := range e.unit.declarations {
		if d.Word == "using" && d.Head != nil && d.Head.Kind == syntax.StringKind {
			using = e.unit.file.Scalar(source.String, d.Head.Text, d.Head.Start, d.Head.End)
		}
	}
	if using == nil {
		return nil
	}
	values, known := e.values(scope{unit: e.unit}, 0)
	known = known && e.unit.templated == 0
	parameters := e.mapping(2, values)
	if !known {
		parameters = e.synthetic("[" + unknown + "]")
	}
	return e.root(
		section{"$schema", e.synthetic(parametersSchema)}, section{"using", using}, section{"parameters", parameters},
		section{"variables", e.allVariables(3)},
	)
}

// values returns the values that a file and those that it extends give to parameters. known is false if it extends a file that cannot be
// read.
func (e *emitter) values(s scope, depth int) (values []source.Member, known bool) {
	file := s.unit.file
	known = true
	for _, d := range s.unit.declarations {
		switch {
		case d.Word == "var" && s.prefix == "":
			e.declare(d.Name, d, s)
		case d.Word == "param" && d.Value != nil:
			values = append(values, source.Member{
				Key: file.Scalar(source.String, d.Name, d.NameAt.Start, d.NameAt.End),
				Value: file.Mapping([]source.Member{
					memberAt(file, "value", e.value(d.Value, s), d.Value.Start),
				}, d.Value.Start, d.Value.End),
			})
		case d.Word == "extends":
			there, ok := e.scopeOf(d, s)
			if !ok || depth > maxExpansions {
				known = false
				continue
			}
			more, ok := e.values(there, depth+1)
			known = known && ok
			values = append(more, values...)
		}
	}
	unread, ok := e.unreadValues(s.unit)
	return slices.Concat(values, unread), known && ok
}

// unreadValues returns parameters without values for the declarations that are not understood. known is false if there may be others.
func (e *emitter) unreadValues(u *unit) (values []source.Member, known bool) {
	known = true
	for _, start := range u.unread {
		d := syntax.UnreadDeclaration(u.file, u.text, start)
		switch {
		case d.Word != "param":
			known = known && d.Word != "extends"
		case d.Name != "":
			at, end := d.NameAt.Start, d.NameAt.End
			values = append(values, source.Member{Key: u.file.Scalar(source.String, d.Name, at, end), Value: u.file.Mapping(nil, at, end)})
		}
	}
	return values, known
}
