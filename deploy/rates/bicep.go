//go:build rates

package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/armexpr"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// bicepValues are the members of resources from which facts are read, in lower case.
var bicepValues = map[string]bool{
	"vmsize": true, "vmpriority": true, "minnodecount": true, "maxnodecount": true, "computetype": true, "clusterpurpose": true, "agentcount": true,
	"agentvmsize": true, "instancetype": true, "capacity": true, "endpointcomputetype": true, "compute": true, "assetid": true, "cpu": true,
	"memoryingb": true, "gpu": true, "image": true, "count": true, "mincount": true, "maxcount": true, "enableautoscaling": true, "scalesetpriority": true,
}

// bicepReader reads modules with the arguments of their callers. Parameters files are not applied.
func bicepReader() reader {
	r := bicep.Open(diskFiles{})
	return moduleReader(r, func(file *source.File) []statement {
		_, unread := r.Declarations(file)
		return slices.Repeat([]statement{{name: "(not understood)"}}, unread)
	}, bicepStatements)
}

// bicepStatements returns the resources of a template and of the modules that it calls.
func bicepStatements(root *source.Node) []statement {
	r := &templateReader{Evaluator: armexpr.New(&read.Reader{Root: root})}
	r.resources(frame{template: root}, armexpr.Env{Scope: r.Scope(root, nil, armexpr.Env{})})
	return r.statements
}

// templateReader collects the values of resources.
type templateReader struct {
	*armexpr.Evaluator
	statements []statement
	values     []value // of the current resource
}

// frame is a template and its caller.
type frame struct {
	template *source.Node
	given    *source.Node // the values of its parameters, nil for those of the user
	caller   *frame
}

// resources adds the resources of a template, of one in a loop those in its first round.
func (r *templateReader) resources(f frame, env armexpr.Env) {
	for _, resource := range f.template.Get("resources").Items() {
		inside := env
		if copied := resource.Get("copy"); copied != nil {
			loop := armexpr.Loop{Name: read.LowerScalar(copied.Get("name")), OfResource: true}
			if rounds, known := armexpr.Integer(r.Resolve(copied.Get("count"), env)); !known || rounds == 0 {
				loop.Index = armexpr.UnknownRound
			}
			inside = env.Within(loop)
		}
		if exists, known := r.Resolve(resource.Get("condition"), inside).Bool(); known && !exists {
			continue
		}
		kind := read.LowerScalar(resource.Get("type"))
		switch {
		case kind == "microsoft.resources/deployments":
			template, given := resource.At("properties", "template"), resource.At("properties", "parameters")
			r.resources(frame{template, given, &f}, armexpr.Env{Scope: r.Scope(template, given, inside)})
		case arm.IsReadKind(kind):
			r.values = nil
			for _, part := range []string{"properties", "sku"} {
				if written := resource.Get(part); written != nil {
					r.add(f, part, written, r.Resolve(written, inside))
				}
			}
			r.statements = append(r.statements, statement{strings.TrimPrefix(kind, "microsoft."), r.values})
		}
	}
}

// add adds the values below a member of a resource. resolved is its value, nil if there is none.
func (r *templateReader) add(f frame, key string, written, resolved *source.Node) {
	unknown := resolved == nil || r.DerivationOf(resolved).Unknown
	switch {
	case unknown && written.Kind >= source.Sequence: // a loop of unknown length
		r.values = append(r.values, value{name: key, why: "loop"})
	case unknown:
		if bicepValues[key] || key == "properties" || key == "agentpoolprofiles" || key == "containers" {
			r.values = append(r.values, value{name: key, why: f.why(r.expression(written, resolved), 0)})
		}
	case resolved.Kind == source.Sequence:
		for _, item := range resolved.Items() {
			r.add(f, key, item, item)
		}
	case resolved.Kind == source.Mapping:
		for _, member := range resolved.Members() {
			name := strings.ToLower(member.Key.Text())
			original := written.GetFold(name)
			if original == nil {
				original = member.Value
			}
			r.add(f, name, original, member.Value)
		}
	case bicepValues[key]:
		r.values = append(r.values, value{name: key})
	}
}

// expression returns the expression of a value that is not known. In a list that an expression makes, it stands where that one refers to.
func (r *templateReader) expression(written, resolved *source.Node) string {
	if at := r.DerivationOf(resolved).At; at != nil {
		return at.Text()
	}
	return written.Text()
}

var (
	// reference matches a reference to a parameter or a variable.
	reference = regexp.MustCompile(`(parameters|variables)\('([^']*)'\)`)
	// function matches a function whose value only Azure knows.
	function = regexp.MustCompile(`\b([a-zA-Z]+)\(`)
)

// why returns why the value of an expression is not known.
func (f *frame) why(expression string, depth int) string {
	if depth > 32 {
		return "cycle"
	}
	for _, found := range reference.FindAllStringSubmatch(expression, -1) {
		if why := f.whyNamed(found[1], found[2], depth); why != "" {
			return why
		}
	}
	switch {
	case strings.Contains(expression, "unknown()"), strings.Contains(expression, "modules("):
		return "reference or output"
	case strings.Contains(expression, "copyIndex("), strings.Contains(expression, "lambdaVariables("):
		return "loop"
	}
	for _, found := range function.FindAllStringSubmatch(expression, -1) {
		switch found[1] {
		case "parameters", "variables", "if", "format", "equals", "not", "and", "or", "empty", "toLower", "coalesce", "concat", "contains", "createArray", "createObject":
		default:
			return "function " + found[1]
		}
	}
	if depth > 0 {
		return ""
	}
	return "function"
}

// whyNamed returns why the value of a parameter or a variable is not known, empty if it may be.
func (f *frame) whyNamed(section, name string, depth int) string {
	declared := f.template.At(section, name)
	if section == "parameters" {
		given := f.given.At(name, "value")
		switch {
		case read.LowerScalar(declared.Get("type")) == "securestring":
			return "secret"
		case given != nil:
			return f.caller.whyValue(given, depth)
		case f.given.Get(name) != nil:
			return "arguments"
		case declared.Get("defaultValue") == nil:
			return "parameter without default"
		}
		declared = declared.Get("defaultValue")
	}
	return f.whyValue(declared, depth)
}

// whyValue returns why a value is not known, empty if it may be.
func (f *frame) whyValue(of *source.Node, depth int) string {
	if of == nil || of.Kind != source.String || !read.IsExpression(of.Text()) {
		return ""
	}
	return f.why(of.Text(), depth+1)
}
