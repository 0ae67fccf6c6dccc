package arm

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/armexpr"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Template is a template of Azure Resource Manager, written by hand or compiled from Bicep. Its
// parameters have the values of Reader.Parameters, in the structure of a parameters file, else
// their defaults.
var Template = read.Format{
	Name:      "arm-template",
	RootKeys:  []string{"$schema", "resources"},
	Title:     "Azure Resource Manager template in JSON or as Bicep source: deployments, computes and services of Azure ML, container groups, function apps, AKS clusters",
	Signs:     "`resources` with a `$schema` of deploymentTemplate.json, or with bicep as `metadata._generator`; `.bicep` files",
	Reference: "https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax",
	Links:     true,
	Marks: [][]string{
		{"eploymentTemplate.json", "eploymenttemplate.json", "_generator"},
		{"esources"},
		{
			"achineLearningServices/", "achinelearningservices/", "ontainerInstance/", "ontainerinstance/",
			"ontainerService/", "ontainerservice/", "icrosoft.Web/sites", "icrosoft.web/sites", "MACHINELEARNINGSERVICES/",
			"CONTAINERINSTANCE/", "CONTAINERSERVICE/", "MICROSOFT.WEB/SITES",
		},
	},
	Matches: func(root *source.Node) bool {
		resources := root.GetFold("resources")
		return !resources.IsNull() &&
			(strings.HasSuffix(armSchema(root), "deploymenttemplate") || isCompiled(root))
	},
	Read: read.Using(NewReader, func(r *ResourceReader) {
		t := &templateReader{Evaluator: armexpr.New(r.Reader), reads: r}
		scope := t.Scope(r.Root, r.Parameters, t.ofParameters(r.Parameters))
		t.resources(armexpr.Env{Scope: scope, Used: true}, r.Root.GetFold("resources"), Resource{})
		switch {
		case t.Left >= 0:
		case r.Root.File().IsForeign():
			r.Unknown = "its expressions produce too many values"
		default:
			r.Problem(facts.Error, cmp.Or(t.Last, r.Root), "Split the template, or add it to ignore: in .mlpolicy.yaml.",
				"the expressions of the template produce more than 50,000 values, the last one here")
		}
		r.ResolveLocations()
		r.Problems = distinct(r.Problems)
	}),
}

// isCompiled reports whether a template is the output of Bicep's compiler.
func isCompiled(root *source.Node) bool { return root.At("metadata", "_generator", "name").Is("bicep") }

// SourceOf returns the name that the source of a compiled template has beside it, empty for any other file. The template
// azuredeploy.json is that of main.bicep.
func SourceOf(file *source.File) string {
	if len(file.Documents) != 1 || !isCompiled(file.Documents[0].Root) {
		return ""
	}
	if base := path.Base(file.Name); base == "azuredeploy.json" {
		return strings.TrimSuffix(file.Name, base) + "main.bicep"
	}
	return strings.TrimSuffix(file.Name, path.Ext(file.Name)) + ".bicep"
}

// templateReader reads the resources of a template with their expressions evaluated.
type templateReader struct {
	*armexpr.Evaluator
	reads *ResourceReader
}

// ofParameters returns the environment of the values in a parameters file. Only those written in Bicep have expressions, which refer
// to the variables there.
func (t *templateReader) ofParameters(values *source.Node) armexpr.Env {
	if values == nil || values.Parent() == nil || values.Parent().Get("variables") == nil {
		return armexpr.Env{}
	}
	return armexpr.Env{Scope: t.Scope(values.Parent(), nil, armexpr.Env{})}
}

// ParametersFile is a file that gives values to the parameters of a template.
var ParametersFile = read.Format{
	Name:      "arm-parameters",
	Title:     "Azure Resource Manager parameters file, for the templates of its folder or, in a folder such as `parameters` or `envs/prod`, of its parent folder",
	Signs:     "`parameters` with a `$schema` of deploymentParameters.json; `.bicepparam` files",
	Reference: "https://learn.microsoft.com/azure/azure-resource-manager/templates/parameter-files",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"eploymentParameters.json", "eploymentparameters.json"}},
	Matches: func(root *source.Node) bool {
		// A file without parameters leaves the defaults in place.
		values := root.GetFold("parameters")
		return strings.HasSuffix(armSchema(root), "deploymentparameters") && !values.IsNull()
	},
	Read: read.Using(NewReader, func(r *ResourceReader) {
		completes := "the ARM templates of its folder"
		if template, ok := r.Root.Get("using").Scalar(); ok {
			completes = "the template " + template
		}
		r.Part(read.ARMParameters, completes, &read.Draft{})
	}),
}

// armSchema returns the name of the document's Azure Resource Manager schema in lower case. It is
// subscriptiondeploymentparameters for
// https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentParameters.json#
// and empty for any other schema.
func armSchema(root *source.Node) string {
	text := strings.TrimRight(read.LowerScalar(root.Get("$schema")), "#")
	if !strings.Contains(text, "schema.management.azure.com/schemas/") {
		return ""
	}
	return strings.TrimSuffix(path.Base(text), ".json")
}

// resources reads the resources of a template, or the child resources of around. list is a list, or
// since language version 1.10 a mapping of symbolic names.
func (t *templateReader) resources(env armexpr.Env, list *source.Node, around Resource) {
	if !list.IsNull() && list.Kind < source.Sequence && !t.IsPlaceholder(list) {
		t.ReportShape(list, read.ListOf(nil))
	}
	for _, resource := range list.Items() {
		t.copiedResource(env, resource, around)
	}
	for _, resource := range list.Pairs() {
		t.copiedResource(env, resource, around)
	}
}

// copiedResource reads a resource once for each round of its copy. If the number of rounds is not
// known, it is read once, with an unknown index.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources
func (t *templateReader) copiedResource(env armexpr.Env, resource *source.Node, around Resource) {
	if t.Left < 0 || resource.Kind != source.Mapping {
		return
	}
	copied := resource.GetFold("copy")
	if copied.Members() == nil {
		t.resource(env, resource, around)
		return
	}
	loop := armexpr.Loop{Name: read.LowerScalar(copied.GetFold("name")), OfResource: true}
	rounds, known := armexpr.Integer(t.Resolve(copied.GetFold("count"), env))
	if known && t.Rounds(rounds, resource, func(i int) {
		loop.Index = i
		t.resource(env.Within(loop), resource, around)
	}) {
		return
	}
	if !known && t.Uncertain {
		return
	}
	loop.Index = armexpr.UnknownRound
	t.resource(env.Within(loop), resource, around)
}

// resource reads a resource and its child resources. A resource with an unknown condition is read,
// unless the parameters are uncertain.
func (t *templateReader) resource(env armexpr.Env, resource *source.Node, around Resource) {
	a := Resource{Typed: resource.GetFold("type"), Object: resource, Name: t.Resolve(resource.GetFold("name"), env)}
	a.Kind = read.LowerScalar(a.Typed)
	if !strings.Contains(a.Kind, ".") && around.Kind != "" {
		a.Kind, a.Around = around.Kind+"/"+a.Kind, around.Name
	}
	stated := resource.GetFold("condition")
	condition, known := t.Resolve(stated, env).Bool()
	switch {
	case known && !condition, resource.GetFold("existing").Is("true"):
	case t.Uncertain && !known && !stated.IsNull():
	case a.Kind == "microsoft.resources/deployments":
		t.nested(env, resource.GetFold("properties"))
	case IsReadKind(a.Kind):
		a.Tags = t.Resolve(resource.GetFold("tags"), env)
		a.Sku = t.Resolve(resource.GetFold("sku"), env)
		a.Variant = t.Resolve(resource.GetFold("kind"), env)
		a.Properties = t.Resolve(resource.GetFold("properties"), env)
		t.reads.Resource(a)
	}
	// The condition of a resource does not apply to its child resources.
	t.resources(env, resource.GetFold("resources"), a)
}

// nested reads a nested template. By default its expressions refer to the parameters, variables and
// copies of the outer template.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates#expression-evaluation-scope-in-nested-templates
func (t *templateReader) nested(env armexpr.Env, properties *source.Node) {
	template := properties.GetFold("template")
	t.Include(template)
	if read.LowerScalar(azure.Folded(properties, "expressionEvaluationOptions", "scope")) == "inner" {
		given, around := properties.GetFold("parameters"), env
		if given != nil && given.Kind == source.String {
			given, around = t.Resolve(given, env), armexpr.Env{}
		}
		env = armexpr.Env{Scope: t.Scope(template, given, around), Used: true}
	}
	t.resources(env, template.GetFold("resources"), Resource{})
}

// distinct removes duplicate problems, since each round of a copy reports them.
func distinct(problems []facts.Problem) []facts.Problem {
	type key struct {
		node    *source.Node
		message string
	}
	seen := make(map[key]bool, len(problems))
	return slices.DeleteFunc(problems, func(problem facts.Problem) bool {
		key := key{problem.Location.Node, problem.Message}
		again := seen[key]
		seen[key] = true
		return again
	})
}
