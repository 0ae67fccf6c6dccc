package facts

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// armTemplate is what Azure Resource Manager deploys, written by hand or compiled
// from Bicep. Its expressions are evaluated with the values of r.parameters, which
// the members of a parameters file have, else with the defaults of its parameters.
var armTemplate = format{
	name:      "arm-template",
	title:     "Azure Resource Manager template, Bicep's output included: deployments, computes and services of Azure ML, container groups, function apps, AKS clusters",
	signs:     "`resources` with a `$schema` of deploymentTemplate.json, or with bicep as `metadata._generator`",
	reference: "https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax",
	links:     true,
	marks: [][]string{
		{"eploymentTemplate.json", "eploymenttemplate.json", "_generator"},
		{"esources"},
		{
			"achineLearningServices/", "achinelearningservices/", "ontainerInstance/", "ontainerinstance/",
			"ontainerService/", "ontainerservice/", "icrosoft.Web/sites", "icrosoft.web/sites", "MACHINELEARNINGSERVICES/",
			"CONTAINERINSTANCE/", "CONTAINERSERVICE/", "MICROSOFT.WEB/SITES",
		},
	},
	matches: func(root *source.Node) bool {
		resources := root.GetFold("resources")
		return !resources.IsNull() &&
			(strings.HasSuffix(armSchema(root), "deploymenttemplate") || root.At("metadata", "_generator", "name").Is("bicep"))
	},
	read: func(r *reader) {
		t := &templateReader{evaluator: newEvaluator(r), reads: r}
		scope := t.scope(r.root, r.parameters, templatePlace{})
		t.resources(templatePlace{scope: scope, used: true}, r.root.GetFold("resources"), azureResource{})
		if t.left < 0 {
			r.problem(Error, cmp.Or(t.last, r.root), "Split the template, or add it to ignore: in .mlpolicy.yaml.",
				"the expressions of the template produce more than 50,000 values, the last one here")
		}
		r.ground()
		r.problems = distinct(r.problems)
	},
}

// templateReader reads the resources of a template with their expressions evaluated.
type templateReader struct {
	*evaluator
	reads *reader
}

// armParametersFile gives values to the parameters of a template.
var armParametersFile = format{
	name:      "arm-parameters",
	title:     "Azure Resource Manager parameters file, for the templates of its folder or, in a folder such as `parameters` or `envs/prod`, of its parent folder",
	signs:     "`parameters` with a `$schema` of deploymentParameters.json",
	reference: "https://learn.microsoft.com/azure/azure-resource-manager/templates/parameter-files",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"eploymentParameters.json", "eploymentparameters.json"}},
	matches: func(root *source.Node) bool {
		// One that sets nothing leaves all to the defaults.
		values := root.GetFold("parameters")
		return strings.HasSuffix(armSchema(root), "deploymentparameters") && !values.IsNull()
	},
	read: func(r *reader) { r.part(armParameters, "the ARM templates of its folder", &Draft{}) },
}

// armSchema returns in lower case what the $schema of Azure Resource Manager says a
// document is: deploymenttemplate, or subscriptiondeploymentparameters for
// https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentParameters.json#;
// empty for any other schema.
func armSchema(root *source.Node) string {
	text := strings.TrimRight(lowerScalar(root.Get("$schema")), "#")
	if !strings.Contains(text, "schema.management.azure.com/schemas/") {
		return ""
	}
	return strings.TrimSuffix(path.Base(text), ".json")
}

// scope makes the scope of a template. given holds the values of its parameters,
// whose expressions are evaluated where the template stands; without a scope around
// it they are taken as they stand.
func (t *evaluator) scope(template, given *source.Node, around templatePlace) *templateScope {
	scope := &templateScope{parameters: map[string]*templateName{}, variables: map[string]*templateName{}}
	values := map[string]*source.Node{}
	for name, value := range given.Pairs() {
		values[strings.ToLower(name.Text)] = value
	}
	types := newTemplateTypes(template)
	for key, parameter := range template.GetFold("parameters").Pairs() {
		name := strings.ToLower(key.Text)
		scope.parameters[name] = &templateName{}
		if !types.hidden(parameter) {
			scope.parameters[name] = t.parameter(parameter, values[name], scope, around)
		}
	}
	for key, value := range template.GetFold("variables").Pairs() {
		copies, repeated := copiesOf(source.Member{Key: key, Value: value})
		if !repeated {
			scope.variables[strings.ToLower(key.Text)] = &templateName{node: value, where: templatePlace{scope: scope}}
		}
		for _, each := range copies {
			scope.variables[lowerScalar(each.GetFold("name"))] = &templateName{
				node: each.GetFold("input"), count: each.GetFold("count"), where: templatePlace{scope: scope},
			}
		}
	}
	return scope
}

// parameter returns the value that is given, else the default. A value that is a
// reference, to a secret in a vault, is not known.
func (t *evaluator) parameter(declared, given *source.Node, scope *templateScope, around templatePlace) *templateName {
	value, fallback := given.GetFold("value"), declared.GetFold("defaultValue")
	switch {
	case !value.IsNull(), value != nil && fallback == nil:
		around.used = false
		return &templateName{node: value, literal: around.scope == nil, where: around}
	case given != nil && value == nil:
		return &templateName{}
	case fallback != nil:
		return &templateName{node: fallback, where: templatePlace{scope: scope}}
	case declared.GetFold("nullable").Is("true"):
		null := t.derive(declared, source.Node{Kind: source.Null}, origin{at: declared})
		return &templateName{node: null, literal: true}
	}
	return &templateName{}
}

// templateTypes tells which types of a template hold secrets, of which nothing may go
// into a fact or a message.
type templateTypes struct {
	definitions map[string]*source.Node
	secret      map[*source.Node]bool // by what declares the type, those that are looked at included
}

func newTemplateTypes(template *source.Node) *templateTypes {
	types := &templateTypes{definitions: map[string]*source.Node{}, secret: map[*source.Node]bool{}}
	for name, definition := range template.GetFold("definitions").Pairs() {
		types.definitions["#/definitions/"+name.Text] = definition
	}
	return types
}

// hidden reports whether a parameter or a part of it is a secret. A type that is not
// found may be one, and one that contains itself counts as one.
func (t *templateTypes) hidden(declared *source.Node) bool {
	if declared == nil || declared.Kind != source.Mapping {
		return declared == nil
	}
	if secret, looked := t.secret[declared]; looked {
		return secret
	}
	t.secret[declared] = true
	kind := lowerScalar(declared.GetFold("type"))
	reference := declared.Get("$ref")
	t.secret[declared] = kind == "securestring" || kind == "secureobject" ||
		reference != nil && t.hidden(t.definitions[reference.Text]) || slices.ContainsFunc(partsOfType(declared), t.hidden)
	return t.secret[declared]
}

// partsOfType returns what declares the items and properties of a type.
func partsOfType(declared *source.Node) []*source.Node {
	parts := slices.Clone(declared.GetFold("prefixItems").Elements())
	for _, key := range []string{"items", "additionalProperties"} {
		if part := declared.GetFold(key); part != nil {
			parts = append(parts, part)
		}
	}
	for _, property := range declared.GetFold("properties").Entries() {
		parts = append(parts, property.Value)
	}
	return parts
}

// resources reads the resources of a template, or those inside the resource around:
// a list, or since language version 1.10 a mapping of symbolic names.
func (t *templateReader) resources(where templatePlace, list *source.Node, around azureResource) {
	if !list.IsNull() && list.Kind < source.Sequence && !t.laterFilled(list) {
		t.misshapen(list, listOf(nil))
	}
	for _, resource := range list.Elements() {
		t.copiedResource(where, resource, around)
	}
	for _, resource := range list.Pairs() {
		t.copiedResource(where, resource, around)
	}
}

// copiedResource reads a resource, each time that its copy makes it. Where it is not
// known how often that is, it is read once, without the number of the round.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources
func (t *templateReader) copiedResource(where templatePlace, resource *source.Node, around azureResource) {
	if t.left < 0 || resource.Kind != source.Mapping {
		return
	}
	copied := resource.GetFold("copy")
	if copied.Entries() == nil {
		t.resource(where, resource, around)
		return
	}
	loop := templateLoop{name: lowerScalar(copied.GetFold("name")), ofResource: true}
	rounds, known := integer(t.resolve(copied.GetFold("count"), where))
	if known && t.rounds(rounds, resource, func(i int) {
		loop.index = i
		t.resource(where.within(loop), resource, around)
	}) {
		return
	}
	if !known && t.doubtful {
		return
	}
	loop.index = unknownRound
	t.resource(where.within(loop), resource, around)
}

// resource reads a resource and those inside it. One whose condition is not known is
// there for somebody to deploy, but where the parameters are doubtful.
func (t *templateReader) resource(where templatePlace, resource *source.Node, around azureResource) {
	a := azureResource{typed: resource.GetFold("type"), object: resource, name: t.resolve(resource.GetFold("name"), where)}
	a.kind = lowerScalar(a.typed)
	if !strings.Contains(a.kind, ".") && around.kind != "" {
		a.kind, a.around = around.kind+"/"+a.kind, around.name
	}
	stated := resource.GetFold("condition")
	condition, known := t.resolve(stated, where).Bool()
	switch {
	case known && !condition, resource.GetFold("existing").Is("true"):
	case t.doubtful && !known && !stated.IsNull():
	case a.kind == "microsoft.resources/deployments":
		t.nested(where, resource.GetFold("properties"))
	case azureResourceKind(a.kind):
		a.tags = t.resolve(resource.GetFold("tags"), where)
		a.sku = t.resolve(resource.GetFold("sku"), where)
		a.variant = t.resolve(resource.GetFold("kind"), where)
		a.properties = t.resolve(resource.GetFold("properties"), where)
		t.reads.azureResource(a)
	}
	// A condition is not that of the resources inside.
	t.resources(where, resource.GetFold("resources"), a)
}

// nested reads a template within a template. By default its expressions refer to the
// parameters, variables and copies of the one around it.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates#expression-evaluation-scope-in-nested-templates
func (t *templateReader) nested(where templatePlace, properties *source.Node) {
	template := properties.GetFold("template")
	if lowerScalar(folded(properties, "expressionEvaluationOptions", "scope")) == "inner" {
		given, around := properties.GetFold("parameters"), where
		if given != nil && given.Kind == source.String {
			given, around = t.resolve(given, where), templatePlace{}
		}
		where = templatePlace{scope: t.scope(template, given, around), used: true}
	}
	t.resources(where, template.GetFold("resources"), azureResource{})
}

// distinct returns each problem once: what a copy makes has those of its text each time.
func distinct(problems []Problem) []Problem {
	type told struct {
		node    *source.Node
		message string
	}
	seen := make(map[told]bool, len(problems))
	return slices.DeleteFunc(problems, func(problem Problem) bool {
		key := told{problem.Place.Node, problem.Message}
		again := seen[key]
		seen[key] = true
		return again
	})
}
