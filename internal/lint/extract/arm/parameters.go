package arm

import (
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Parameters is a file that gives values to the parameters of templates.
type Parameters struct {
	// Root is the document. If the text cannot be parsed, it is a node without a value at the
	// error.
	Root   *source.Node
	Broken *source.Problem // why the text cannot be parsed, else nil
}

// Values returns the values that the file gives, nil where they are not known.
func (f *Parameters) Values() *source.Node {
	if values := f.Root.GetFold("parameters"); values != nil && values.Kind == source.Mapping {
		return values
	}
	return nil
}

// Given returns the values to read a template with. known is false where it is not known which
// parameters the file sets. Then no parameter has a value, not even its default.
func (f *Parameters) Given(template *source.Node) (values *source.Node, known bool) {
	if values := f.Values(); values != nil {
		return values, true
	}
	at := f.Root
	if values := f.Root.GetFold("parameters"); values != nil {
		at = values
	}
	return unset(at, template.GetFold("parameters")), false
}

// Problems returns what cannot be read as values of the template's parameters.
func (f *Parameters) Problems(template *source.Node) []facts.Problem {
	if f.Broken != nil {
		severity := facts.Error
		if f.Broken.Kind == source.Unrendered {
			severity = facts.Warning
		}
		return []facts.Problem{{
			Rule: facts.SyntaxRule, Severity: severity, Message: f.Broken.Message, Location: facts.Location{Node: f.Root}, Unevaluated: true,
			Remedy: "Correct the syntax; until then the template's parameters are unknown.",
		}}
	}
	r := &read.Reader{Format: ParametersFile.Name, Root: f.Root}
	values := f.Root.GetFold("parameters")
	r.CheckShape(values, read.MappingShape)
	declared := declaredParameters(template)
	for name, value := range values.Pairs() {
		if !declared[strings.ToLower(name.Text())] {
			continue
		}
		r.CheckShape(value, read.MappingShape)
		if len(value.Members()) > 0 && !slices.ContainsFunc(parameterSources, func(key string) bool { return value.GetFold(key) != nil }) {
			r.Problem(facts.Warning, value, `Write {"value": …} here; anything else is ignored.`, "%s has no value", value.Path())
		}
	}
	return r.Problems
}

// parameterSources are the keys that give a parameter its value.
var parameterSources = []string{"value", "reference", "expression"}

// declaredParameters returns the parameters that a template declares, in lower case.
func declaredParameters(template *source.Node) map[string]bool {
	return namesOf(template.GetFold("parameters"))
}

// namesOf returns the keys of a mapping in lower case.
func namesOf(parameters *source.Node) map[string]bool {
	names := map[string]bool{}
	for name := range parameters.Pairs() {
		names[strings.ToLower(name.Text())] = true
	}
	return names
}

// Undeclared returns the parameters that the file sets and the template does not declare. all reports
// whether the file sets no others.
func (f *Parameters) Undeclared(template *source.Node) (names []string, all bool) {
	declared, set := declaredParameters(template), 0
	for name := range f.Values().Pairs() {
		set++
		if !declared[strings.ToLower(name.Text())] {
			names = append(names, name.Text())
		}
	}
	return names, set > 0 && len(names) == set
}

// Missing returns the parameters that the template requires and the file does not set.
func (f *Parameters) Missing(template *source.Node) (names []string) {
	set := namesOf(f.Values())
	for name, parameter := range template.GetFold("parameters").Pairs() {
		required := parameter.GetFold("defaultValue") == nil && !parameter.GetFold("nullable").Is("true")
		if required && !set[strings.ToLower(name.Text())] {
			names = append(names, name.Text())
		}
	}
	return names
}

// WithParameters reads a template with the values of its parameters. If the values are uncertain,
// resources that may not be deployed are left out.
func WithParameters(r *read.Reader, parameters *source.Node, uncertain bool) *read.Reader {
	with := &read.Reader{Format: r.Format, Root: r.Root, Lists: r.Lists, Parameters: parameters, Uncertain: uncertain}
	Template.Read(with)
	return with
}

// UnsetBy returns values in which every parameter that one of the files sets, or may set, has no
// value.
func UnsetBy(template *source.Node, files []*Parameters) *source.Node {
	var sets []*source.Node
	for _, file := range files {
		values, _ := file.Given(template)
		sets = append(sets, values)
	}
	return unset(template, sets...)
}

// unset returns values at a node in which each parameter named in one of the mappings has no value.
func unset(at *source.Node, named ...*source.Node) *source.Node {
	var members []source.Member
	seen := map[string]bool{}
	for _, names := range named {
		for name := range names.Pairs() {
			if key := strings.ToLower(name.Text()); !seen[key] {
				seen[key] = true
				members = append(members, source.Member{Key: name, Value: at.With(source.Content{Kind: source.Mapping})})
			}
		}
	}
	return at.With(source.Content{Kind: source.Mapping, Members: members})
}

// Stem returns the base name of a file without its last extension, in lower case.
func Stem(file string) string {
	base := path.Base(file)
	return strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
}
