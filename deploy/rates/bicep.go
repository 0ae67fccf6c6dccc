//go:build rates

package main

import (
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

// bicepStatements returns the resources in a file, without what its modules make, and the declarations that are not understood.
func bicepStatements(name string, data []byte) []statement {
	reader := bicep.Open(nil)
	file := reader.Read(name, data)
	var statements []statement
	if _, unread := reader.Declarations(file); unread > 0 {
		for range unread {
			statements = append(statements, statement{name: "not understood"})
		}
	}
	for _, document := range file.Documents {
		root := document.Root
		r := &resourceReader{Evaluator: armexpr.New(&read.Reader{Root: root}), root: root}
		scope := r.Scope(root, nil, armexpr.Env{})
		for _, resource := range root.Get("resources").Items() {
			if kind := read.LowerScalar(resource.Get("type")); arm.IsReadKind(kind) {
				r.values = nil
				r.resource(resource, armexpr.Env{Scope: scope})
				statements = append(statements, statement{strings.TrimPrefix(kind, "microsoft."), r.values})
			}
		}
	}
	return statements
}

// resourceReader collects the values of a resource.
type resourceReader struct {
	*armexpr.Evaluator
	root   *source.Node
	values []value
}

// resource adds the values of a resource, of one in a loop those in its first round.
func (r *resourceReader) resource(resource *source.Node, env armexpr.Env) {
	if copied := resource.Get("copy"); copied != nil {
		loop := armexpr.Loop{Name: read.LowerScalar(copied.Get("name")), OfResource: true}
		if rounds, known := armexpr.Integer(r.Resolve(copied.Get("count"), env)); !known || rounds == 0 {
			loop.Index = armexpr.UnknownRound
		}
		env = env.Within(loop)
	}
	for _, part := range []string{"properties", "sku"} {
		if written := resource.Get(part); written != nil {
			r.add(part, written, r.Resolve(written, env))
		}
	}
}

// add adds the values below a member of a resource. resolved is its value, nil if there is none.
func (r *resourceReader) add(key string, written, resolved *source.Node) {
	unknown := resolved == nil || r.DerivationOf(resolved).Unknown
	switch {
	case unknown && written.Kind >= source.Sequence: // a loop of unknown length
		r.values = append(r.values, value{name: key, why: "loop"})
	case unknown:
		if bicepValues[key] || key == "properties" {
			r.values = append(r.values, value{name: key, why: r.why(written.Text())})
		}
	case resolved.Kind == source.Sequence:
		for _, item := range resolved.Items() {
			r.add(key, item, item)
		}
	case resolved.Kind == source.Mapping:
		for _, member := range resolved.Members() {
			name := strings.ToLower(member.Key.Text())
			original := written.GetFold(name)
			if original == nil {
				original = member.Value
			}
			r.add(name, original, member.Value)
		}
	case bicepValues[key]:
		r.values = append(r.values, value{name: key})
	}
}

// why returns why the value of an expression is not known.
func (r *resourceReader) why(expression string) string {
	for name, parameter := range r.root.Get("parameters").Pairs() {
		if strings.Contains(expression, "parameters('"+name.Text()+"')") && parameter.Get("defaultValue") == nil {
			return "parameter without default"
		}
	}
	switch {
	case strings.Contains(expression, "unknown()"):
		return "reference or output"
	case strings.Contains(expression, "copyIndex("), strings.Contains(expression, "lambdaVariables("):
		return "loop"
	case strings.Contains(expression, "variables("):
		return "variable"
	}
	return "function"
}
