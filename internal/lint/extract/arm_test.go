package extract

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// oneGroup is a template of one container group with one container, whose requests are given.
func oneGroup(parameters, variables, requests string) string {
	return `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
		"parameters": {` + parameters + `}, "variables": {` + variables + `},
		"resources": [{"type": "Microsoft.ContainerInstance/containerGroups", "name": "group", "properties": {
			"containers": [{"name": "c", "properties": {"resources": {"requests": ` + requests + `}}}]}}]}`
}

// The values of a parameters file stand above the defaults, and decide.
func TestParametersOfAFile(t *testing.T) {
	const parameters = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
		"parameters": {
			"MEMORY": {"value": 64}, "gpus": {"value": "[parameters('cpu')]"}, "cpu": {"reference": {"keyVault": {"id": "k"}}},
			"replaced": {"value": "${MEMORY}"}, "fallback": {"value": null}, "key": {"value": 48}
		}}`
	tests := []struct{ name, declared, used, want string }{
		{"given", `"memory": {"type": "int", "defaultValue": 2}`, "parameters('memory')", "64 @ parameters.json parameters.MEMORY.value, used in template.json"},
		{"given without default", `"memory": {"type": "int"}`, "parameters('memory')", "64 @ parameters.json parameters.MEMORY.value, used in template.json"},
		{"computed", `"memory": {"type": "int"}`, "mul(parameters('memory'), 2)", "128 @ template.json resources[0].properties.containers[0].properties.resources.requests.memoryInGB, used in parameters.json"},
		{"not given", `"other": {"type": "int", "defaultValue": 2}`, "parameters('other')", "2 @ template.json parameters.other.defaultValue, used in template.json"},
		{"null is the default", `"fallback": {"type": "int", "defaultValue": 3}`, "parameters('fallback')", "3 @ template.json parameters.fallback.defaultValue, used in template.json"},
		{"null without default", `"fallback": {"type": "int"}`, "parameters('fallback')", "unknown"},
		{"secret reference", `"cpu": {"type": "int", "defaultValue": 4}`, "parameters('cpu')", "unknown"},
		{"no expression", `"gpus": {"type": "string", "defaultValue": 4}`, "parameters('gpus')", "unknown"},
		{"token", `"replaced": {"type": "string", "defaultValue": 4}`, "parameters('replaced')", "unknown"},
		{"not declared", ``, "parameters('memory')", "unknown"},
		{"secret", `"key": {"type": "securestring"}`, "parameters('key')", "unknown"},
	}
	given := source.Parse("parameters.json", []byte(parameters)).Documents[0].Root.Get("parameters")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := oneGroup(test.declared, "", `{"memoryInGB": "[`+test.used+`]"}`)
			r := &read.Reader{Format: arm.Template.Name, Root: source.Parse("template.json", []byte(text)).Documents[0].Root, Parameters: given}
			arm.Template.Read(r)
			memory := r.Deployments[0].MemoryGiB
			got := "unknown"
			if memory.Known {
				at := memory.Location.Node
				got = fmt.Sprintf("%v @ %s %s, used in %s", memory.Value, at.File().Name, at.Path(), memory.Location.Related[0].Node.File().Name)
			}
			if equal(t, got, test.want); len(r.Problems) > 0 {
				t.Errorf("%s", r.Problems[0].Message)
			}
		})
	}
}

// Documents that mention the same types and are no templates are passed over.
func TestLookalikesOfTemplates(t *testing.T) {
	group := `{"type": "Microsoft.ContainerInstance/containerGroups", "properties": {"containers": []}}`
	service := `{"type": "Microsoft.MachineLearningServices/workspaces/services", "name": "s",
		"properties": {"computeType": "ACI", "containerResourceRequirements": {"memoryInGB": 64}, "environmentImageRequest": {"modelIds": []}}}`
	tests := map[string]string{
		"policy": `{"properties": {"displayName": "No GPU", "policyRule": {
			"if": {"allOf": [{"field": "type", "equals": "Microsoft.ContainerInstance/containerGroups"},
				{"field": "Microsoft.MachineLearningServices/workspaces/computes/computeType", "in": ["AmlCompute"]}]},
			"then": {"effect": "deployIfNotExists", "details": {"type": "Microsoft.Web/sites", "deployment": {"properties": {"template": {
				"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [` + group + `]}}}}}}}}`,
		"policy with a schema":   `{"$schema": "https://schema.management.azure.com/schemas/2019-09-01/policyDefinition.json", "resources": [` + group + `]}`,
		"user interface":         `{"$schema": "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#", "resources": [` + group + `]}`,
		"schema of another":      `{"$schema": "https://example.com/deploymentTemplate.json#", "resources": [` + group + `]}`,
		"template specification": `{"properties": {"mainTemplate": {"resources": [` + group + `]}}}`,
		"no resources":           `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "outputs": {}}`,
		"another generator":      `{"metadata": {"_generator": {"name": "other"}}, "resources": [` + group + `]}`,
		"example of the API":     `{"parameters": {"serviceName": "s"}, "responses": {"200": {"body": ` + service + `}}}`,
		"list of services":       `{"value": [` + service + `]}`,
		"compute":                `{"type": "Microsoft.MachineLearningServices/workspaces/computes", "properties": {"computeType": "AKS", "properties": {"agentCount": 3}}}`,
		"compute without type":   `{"properties": {"computeType": "AKS", "properties": {"agentCount": 3}}}`,
		"service as parameter":   `{"$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#", "properties": {"computeType": "ACI", "environmentImageRequest": {"modelIds": []}}}`,
		"parameters of another":  `{"$schema": "https://example.com/deploymentParameters.json#", "parameters": {"a": {"value": 1}}}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			equal(t, describe(extract(t, nil, Options{}, "a.json", text)), "")
		})
	}
}

// A file without one of the resources that are read is not even parsed.
func TestTemplatesOfOthersAreNotRecognized(t *testing.T) {
	for name, text := range map[string]string{
		"storage":            `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [{"type": "Microsoft.Storage/storageAccounts"`,
		"virtual machine":    `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [{"type": "Microsoft.Compute/virtualMachines"`,
		"policy":             `{"policyRule": {"if": {"field": "type", "equals": "Microsoft.MachineLearningServices/workspaces/computes"`,
		"workflow of GitHub": "jobs: {deploy: {steps: [{uses: azure/arm-deploy, with: {template: azuredeploy.json}}]}}",
	} {
		if Recognize([]byte(text)) != Unrecognized {
			t.Errorf("%s: recognised", name)
		}
	}
}

// No secret goes anywhere.
func TestSecretsStayInTheirTemplate(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/formats/arm-template/secrets.json")
	if err != nil || !bytes.Contains(text, []byte("secret-7")) {
		t.Fatalf("no secrets in the example: %v", err)
	}
	if told := describe(extract(t, nil, Options{}, "template.json", string(text))); strings.Contains(told, "secret-") {
		t.Errorf("a secret is told:\n%s", told)
	}
}

// Expressions that make more and more of little end with a finding.
func TestTemplatesThatExplode(t *testing.T) {
	doubled := func(format string) string {
		var variables []string
		for i := range 60 {
			variables = append(variables, fmt.Sprintf(`"v%d": "`+format+`"`, i+1, i))
		}
		return strings.Join(append(variables, `"v0": ["a", "b"]`), ",")
	}
	copies := `{"name": "a", "count": 800, "input": 1}`
	for i := range 8 {
		copies = fmt.Sprintf(`{"name": "a%d", "count": 800, "input": {"copy": [%s]}}`, i, copies)
	}
	tests := []struct {
		name, text string
		finding    bool
	}{
		{"lists of lists", oneGroup("", doubled("[createArray(variables('v%[2]d'), variables('v%[2]d'))]"), `{"other": "[variables('v60')]"}`), true},
		{"longer lists", oneGroup("", doubled("[concat(variables('v%[2]d'), variables('v%[2]d'))]"), `"[variables('v60')]"`), true},
		{"longer texts", oneGroup("", strings.ReplaceAll(doubled("[concat(string(variables('v%[2]d')), string(variables('v%[2]d')))]"), `["a", "b"]`, `"a"`), `{"cpu": "[variables('v60')]"}`), false},
		{"copies of copies", oneGroup("", "", `{"copy": [`+copies+`]}`), true},
		{"a copy without end", oneGroup("", "", `{"copy": [{"name": "a", "count": 9223372036854775807, "input": "[copyIndex('a')]"}]}`), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			extraction := extract(t, nil, Options{}, "template.json", test.text)
			only(t, extraction)
			var got []string
			for _, problem := range extraction.Problems {
				got = append(got, fmt.Sprintf("%s %s", problem.Severity, problem.Message))
			}
			want := ""
			if test.finding {
				want = "error the expressions of the template produce more than 50,000 values, the last one here"
			}
			equal(t, strings.Join(got, "\n"), want)
		})
	}
}

// Copies of resources that are too much work are read once, without a finding.
func TestCopiesOfResourcesHaveBounds(t *testing.T) {
	const resource = `{"copy": {"name": "%[1]s", "count": %[2]s}, "type": "%[3]s", "name": "[concat('g', copyIndex('%[1]s'))]", %[4]s}`
	const groups = "Microsoft.ContainerInstance/containerGroups"
	group := func(count, containers string) string {
		return fmt.Sprintf(resource, "groups", count, groups, `"properties": {"containers": [`+containers+`]}`)
	}
	nested := group("100", "")
	for i := range 5 {
		nested = fmt.Sprintf(resource, fmt.Sprint("n", i), "100", "Microsoft.Resources/deployments",
			`"properties": {"template": {"resources": [`+nested+`]}}`)
	}
	large := `"list": ["` + strings.Repeat(`a","`, 2_000) + `"]`
	tests := []struct {
		name, resource string
		most           int
		named          bool // each copy has a name of its own
	}{
		{"as many as are read", group("100", ""), 100, true},
		{"one more", group("101", ""), 1, false},
		{"as many as there are numbers", group("9223372036854775807", ""), 1, false},
		{"none", group("0", ""), 0, false},
		{"fewer than none", group("-1", ""), 0, false},
		{"of a length that is not known", group(`"[parameters('open')]"`, ""), 1, false},
		{"large ones", group("50", `{"name": "`+strings.Repeat("a", 20_000)+`"}`), 1, false},
		{"of large values", group("50", `{"name": "[variables('list')]"}`), 1, false},
		{"copies of copies", nested, 1_000, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
				"variables": {` + large + `}, "resources": [` + test.resource + `]}`
			extraction := extract(t, nil, Options{}, "template.json", text)
			if len(extraction.Problems) > 0 {
				t.Errorf("%s", extraction.Problems[0].Message)
			}
			names := map[string]bool{}
			for _, d := range extraction.Deployments {
				names[d.Name.Value] = true
			}
			switch count := len(extraction.Deployments); {
			case count > test.most, test.most < 1_000 && count != test.most:
				t.Errorf("%d deployments, want %d", count, test.most)
			case test.named && len(names) != test.most:
				t.Errorf("%d names", len(names))
			}
		})
	}
}

// What is wrong in the text of a resource is said once, however often it is copied.
func TestProblemsOfCopiesAreSaidOnce(t *testing.T) {
	text := strings.Replace(oneGroup("", "", `{"memoryInGB": "much"}`), `"name": "group"`, `"copy": {"name": "c", "count": 3}, "name": "group"`, 1)
	if extraction := extract(t, nil, Options{}, "template.json", text); len(extraction.Deployments) != 3 || len(extraction.Problems) != 1 {
		t.Errorf("%d deployments, %d problems", len(extraction.Deployments), len(extraction.Problems))
	}
}

// What spends the last of the work is where the finding stands.
func TestTheLastOfTheWorkIsPointedAt(t *testing.T) {
	text := oneGroup("", `"copy": [{"name": "numbers", "count": 9000000, "input": "[copyIndex('numbers')]"}]`, `"[variables('numbers')]"`)
	extraction := extract(t, nil, Options{}, "template.json", text)
	if len(extraction.Problems) != 1 {
		t.Fatalf("%d problems", len(extraction.Problems))
	}
	equal(t, extraction.Problems[0].Location.Node.Path(), "variables.copy[0].input")
}

// Twice the template takes twice the work.
func TestWorkOnTemplatesIsLinear(t *testing.T) {
	const group = `{"type": "Microsoft.ContainerInstance/containerGroups", "name": "g%d", "properties": {"containers": [
		{"name": "c", "properties": {"resources": {"requests": {"cpu": "[variables('v%[1]d')]", "memoryInGB": "[parameters('p%[1]d')]"}}}}]}}`
	repeated := func(n int, format string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(all, ",")
	}
	whole := func(parameters, variables, resources string) string {
		return `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "languageVersion": "2.0",
			"parameters": {` + parameters + `}, "variables": {` + variables + `}, "resources": ` + resources + `}`
	}
	shapes := map[string]func(n int) string{
		"resources": func(n int) string {
			return whole(repeated(n, `"p%d": {"type": "int", "defaultValue": 1}`), repeated(n, `"v%d": 1`), "["+repeated(n, group)+"]")
		},
		"symbolic names": func(n int) string { return whole("", "", "{"+repeated(n, `"s%[1]d": `+group)+"}") },
		"chained variables": func(n int) string {
			chain := `"v0": 1`
			for i := range n {
				chain += fmt.Sprintf(`,"v%d": "[add(variables('v%d'), 1)]"`, i+1, i)
			}
			return whole("", chain, "["+repeated(n, group)+"]")
		},
		"nested deployments": func(n int) string {
			return whole(`"p": {"type": "int", "defaultValue": 1}`, "", "["+repeated(n, `{"type": "Microsoft.Resources/deployments", "name": "n%[1]d", "properties": {
				"expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"p%[1]d": {"value": "[parameters('p')]"}},
				"template": {"parameters": {"p%[1]d": {"type": "int"}}, "resources": [`+group+`]}}}`)+"]")
		},
		"types": func(n int) string {
			return strings.Replace(whole(repeated(n, `"p%[1]d": {"$ref": "#/definitions/d%[1]d", "defaultValue": 1}`), "", "["+repeated(n, group)+"]"),
				`"parameters"`, `"definitions": {`+repeated(n, `"d%[1]d": {"type": "object", "properties": {"a": {"$ref": "#/definitions/e"}}}`)+`, "e": {"type": "int"}}, "parameters"`, 1)
		},
		"members of one object": func(n int) string {
			return whole("", `"all": {`+repeated(n, `"m%d": 1`)+"}", "["+repeated(n, strings.ReplaceAll(group, "variables('v%[1]d')", "variables('all').m%[1]d"))+"]")
		},
		"copied resources": func(n int) string {
			return whole("", repeated(n, `"v%d": 1`), "["+strings.ReplaceAll(repeated(n, group), `{"type"`, `{"copy": {"name": "c", "count": 1}, "type"`)+"]")
		},
		"copies": func(n int) string {
			return whole("", `"copy": [`+repeated(n, `{"name": "v%d", "count": 3, "input": "[copyIndex('v%[1]d')]"}`)+"]", "["+strings.ReplaceAll(repeated(n, group), "')]\", \"memory", "')[2]]\", \"memory")+"]")
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			allocations := func(n int) float64 {
				file := source.Parse("template.json", []byte(shape(n)))
				if len(file.Problems) > 0 {
					t.Fatal(file.Problems[0].Message)
				}
				return testing.AllocsPerRun(1, func() {
					r := &read.Reader{Format: arm.Template.Name, Root: file.Documents[0].Root}
					arm.Template.Read(r)
					if len(r.Deployments) != n || len(r.Problems) > 0 {
						t.Fatalf("%d deployments, %d problems", len(r.Deployments), len(r.Problems))
					}
				})
			}
			if once, twice := allocations(1_000), allocations(2_000); twice > 2.2*once {
				t.Errorf("twice the template takes %.1f times the allocations", twice/once)
			}
		})
	}
}
