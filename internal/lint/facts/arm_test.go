package facts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// evaluated returns in JSON what an expression comes to in a template with these
// parameters and variables; of a text that is not known as a whole, its pieces
// with ? for the rest.
func evaluated(t testing.TB, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	file := source.Parse("template.json", fmt.Appendf(nil, `{
		"parameters": {
			"name": {"defaultValue": "blue"}, "count": {"defaultValue": 3}, "on": {"defaultValue": true},
			"null": {"nullable": true}, "open": {"type": "string"}, "token": {"defaultValue": "#{token}#"},
			"p#{q}": {"defaultValue": 6}, "a__b__c": {"defaultValue": 7}
		},
		"variables": {
			"sizes": {"small": {"memory": 2}, "Large": {"memory": 64, "open": "[parameters('open')]"}},
			"$fxv#0": 5, "keys": {"$key": 8}, "list": ["a", "b", 3], "fraction": 1.5, "text": "it's", "this": %s,
			"copy": [{"name": "squares", "count": 4, "input": "[mul(copyIndex('squares'), copyIndex('squares'))]"}]
		},
		"value": %s
	}`, quoted, quoted))
	if len(file.Problems) > 0 {
		t.Fatal(file.Problems[0].Message)
	}
	root := file.Documents[0].Root
	r := newEvaluator(&reader{root: root})
	value := r.resolve(root.Get("value"), templatePlace{scope: r.scope(root, nil, templatePlace{}), used: true})
	if r.left < -r.limit {
		t.Errorf("%q takes %d more values than there may be", text, -r.left)
	}
	if from := r.originOf(value); from.unknown {
		return "unknown " + strings.ReplaceAll(from.partial, hole, "?")
	}
	written, err := json.Marshal(value.Value())
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

// expressions are what the language offers, and what it does not.
var expressions = []struct{ text, want string }{
	{"no expression", `"no expression"`},
	{"[[concat('a')]", `"[concat('a')]"`},
	{"[open", `"[open"`},
	{"['it''s']", `"it's"`},
	{"['']", `""`},
	{"[ concat( 'a' ,\n 'b' ) ]", `"ab"`},
	{"[-7]", "-7"},
	{"[parameters('name')]", `"blue"`},
	{"[Parameters('NAME')]", `"blue"`},
	{"[parameters('none')]", "unknown "},
	{"[parameters('open')]", "unknown "},
	{"[parameters('token')]", `"#{token}#"`},
	{"[concat('a', parameters('token'))]", "unknown a?"},
	{"[parameters('null')]", "null"},
	{"[variables('Fraction')]", "1.5"},
	{"[variables('list')[1]]", `"b"`},
	{"[variables('list')[9]]", "unknown "},
	{"[variables('list')[-1]]", "unknown "},
	{"[variables('sizes').LARGE.memory]", "64"},
	{"[variables('sizes')['small']['memory']]", "2"},
	{"[variables('sizes')[concat('sm', 'all')].memory]", "2"},
	{"[variables('sizes').medium.memory]", "unknown "},
	{"[variables('sizes').large.open]", "unknown "},
	{"[variables('text').memory]", "unknown "},
	{"[variables('squares')]", "[0,1,4,9]"},
	{"[variables('squares')[3]]", "9"},
	{"[variables('copy')]", "unknown "},
	{"[variables('this')]", "unknown "},
	{"[variables(parameters('open'))]", "unknown "},
	{"[variables()]", "unknown "},

	{"[concat('a', 1, true())]", `"a1True"`},
	{"[concat('a/', parameters('open'), '/b')]", "unknown a/?/b"},
	{"[concat(variables('list'), createArray('c'))]", `["a","b",3,"c"]`},
	{"[concat(variables('list'), 'c')]", "unknown "},
	{"[concat('c', variables('list'))]", "unknown "},
	{"[concat()]", `""`},
	{"[format('{0}-{1}-{0}', 'a', 2)]", `"a-2-a"`},
	{"[format('{{{0}}}', 'a')]", `"{a}"`},
	{"[format('{0}/{1}', parameters('open'), 'b')]", "unknown ?/b"},
	{"[format('{0:N2}', 1)]", "unknown "},
	{"[format('{1}', 'a')]", "unknown "},
	{"[format('{0', 'a')]", "unknown "},
	{"[format('}', 'a')]", "unknown "},
	{"[format(parameters('open'))]", "unknown "},
	{"[format()]", "unknown "},
	{"[toLower('AbC')]", `"abc"`},
	{"[toUpper('AbC')]", `"ABC"`},
	{"[toLower(1)]", "unknown "},
	{"[trim('  a ')]", `"a"`},
	{"[string(7)]", `"7"`},
	{"[string(false())]", `"False"`},
	{"[string(createArray())]", "unknown "},
	{"[replace('a-b-c', '-', '.')]", `"a.b.c"`},
	{"[split('a,b,c', ',')]", `["a","b","c"]`},
	{"[split('a', '')]", "unknown "},
	{"[startsWith('abc', 'AB')]", "true"},
	{"[endsWith('abc', 'x')]", "false"},

	{"[int('12')]", "12"},
	{"[int('a')]", "unknown "},
	{"[int(1.5)]", "unknown "},
	{"[float('1.5')]", "1.5"},
	{"[float('1e999')]", "unknown "},
	{"[bool('TRUE')]", "true"},
	{"[bool(0)]", "false"},
	{"[bool('perhaps')]", "unknown "},
	{"[add(1, sub(5, mul(2, 3)))]", "0"},
	{"[div(7, 2)]", "3"},
	{"[mod(7, 2)]", "1"},
	{"[div(7, 0)]", "unknown "},
	{"[mod(7, 0)]", "unknown "},
	{"[add(1, 'a')]", "unknown "},
	{"[add(9223372036854775807, 1)]", "unknown "},
	{"[sub(-9223372036854775807, 2)]", "unknown "},
	{"[mul(9223372036854775807, 2)]", "unknown "},
	{"[mul(-1, sub(-9223372036854775807, 1))]", "unknown "},
	{"[div(sub(-9223372036854775807, 1), -1)]", "unknown "},
	{"[99999999999999999999]", "unknown "},
	{"[min(3, 1, 2)]", "1"},
	{"[max(createArray(3, 1))]", "3"},
	{"[max(3, 'a')]", "unknown "},
	{"[min(createArray())]", "unknown "},
	{"[range(2, 3)]", "[2,3,4]"},
	{"[range(2, -3)]", "[]"},
	{"[range(0, 99999999999)]", "unknown "},

	{"[if(equals(parameters('name'), 'blue'), 1, 2)]", "1"},
	{"[if(parameters('open'), 1, 2)]", "unknown "},
	{"[if(true(), 1, parameters('open'))]", "1"},
	{"[if(false(), 1, parameters('open'))]", "unknown "},
	{"[if(true(), 1)]", "unknown "},
	{"[if('true', 1, 2)]", "unknown "},
	{"[equals(1, 1)]", "true"},
	{"[equals('a', 'A')]", "false"},
	{"[equals(1, '1')]", "false"},
	{"[equals(null(), parameters('null'))]", "true"},
	{"[equals(createArray(), createArray())]", "unknown "},
	{"[not(parameters('on'))]", "false"},
	{"[and(parameters('on'), false())]", "false"},
	{"[and(parameters('open'), false())]", "false"},
	{"[and(parameters('open'), true())]", "unknown "},
	{"[and(true(), true())]", "true"},
	{"[or(parameters('open'), true())]", "true"},
	{"[or(false(), false())]", "false"},
	{"[less(1, 2)]", "true"},
	{"[lessOrEquals(2, 2)]", "true"},
	{"[greater(1, 2)]", "false"},
	{"[greaterOrEquals(1, 2)]", "false"},
	{"[coalesce(parameters('null'), 4)]", "4"},
	{"[coalesce(parameters('open'), 4)]", "unknown "},
	{"[coalesce(null())]", "null"},
	{"[coalesce()]", "unknown "},

	{"[json('0.7')]", "0.7"},
	{"[json('{\"a\": [1, null, \"b\"]}').a[2]]", `"b"`},
	{"[json('true')]", "true"},
	{"[json('yes')]", "unknown "},
	{"[json('1 2')]", "unknown "},
	{"[json('[&a 1, *a]')]", "unknown "},
	{"[json('{')]", "unknown "},
	{"[json(7)]", "unknown "},
	{"[createArray(1, 'a')]", `[1,"a"]`},
	{"[createObject('a', 1, 'b', null())]", `{"a":1,"b":null}`},
	{"[createObject('a', parameters('open')).a]", "unknown "},
	{"[createObject('a', 1, 'b', parameters('open')).a]", "1"},
	{"[createObject('a')]", "unknown "},
	{"[createObject(1, 2)]", "unknown "},
	{"[createObject()]", "{}"},
	{"[array('a')]", `["a"]`},
	{"[array(variables('list'))]", `["a","b",3]`},
	{"[first(variables('list'))]", `"a"`},
	{"[last(variables('list'))]", "3"},
	{"[first('äb')]", `"ä"`},
	{"[last('')]", "unknown "},
	{"[length('äb')]", "2"},
	{"[length(variables('list'))]", "3"},
	{"[length(variables('sizes'))]", "2"},
	{"[length(3)]", "unknown "},
	{"[empty('')]", "true"},
	{"[empty(parameters('null'))]", "true"},
	{"[empty(variables('list'))]", "false"},
	{"[contains('abc', 'b')]", "true"},
	{"[contains(variables('list'), 'c')]", "false"},
	{"[contains(variables('list'), 3)]", "true"},
	{"[contains(variables('sizes'), 'SMALL')]", "true"},
	{"[contains(createArray(parameters('open')), 'a')]", "unknown "},
	{"[union(createObject('a', 1, 'b', 2), createObject('B', 3))]", `{"B":3,"a":1}`},
	{"[union(variables('sizes'), variables('sizes'))]", "unknown "},
	{"[union(variables('list'), createArray('b', 'c'))]", `["a","b",3,"c"]`},
	{"[union(variables('list'), createArray(parameters('open')))]", "unknown "},
	{"[union(variables('list'), createArray(createArray()))]", "unknown "},
	{"[union(variables('list'), variables('sizes'))]", "unknown "},
	{"[union(variables('sizes'), variables('list'))]", "unknown "},
	{"[intersection(createArray('c', 'b', 'a', 'b'), variables('list'), createArray('a', 'b'))]", `["b","a"]`},
	{"[intersection(variables('list'), createArray('3'))]", "[]"},
	{"[intersection(createArray('b'), createArray('a'), createArray('a', 'b'))]", "[]"},
	{"[intersection(variables('sizes'), variables('sizes'))]", "unknown "},
	{"[items(createObject('b', 1, 'A', parameters('name')))]", `[{"key":"A","value":"blue"},{"key":"b","value":1}]`},
	{"[items(variables('sizes'))[0].value.memory]", "64"},
	{"[items(variables('sizes'))[0].value.open]", "unknown "},
	{"[items(variables('list'))]", "unknown "},
	{"[objectKeys(variables('sizes'))]", `["small","Large"]`},
	{"[objectKeys('a')]", "unknown "},
	{"[take(variables('list'), 2)]", `["a","b"]`},
	{"[take(variables('list'), 9)]", `["a","b",3]`},
	{"[take(variables('list'), -1)]", "[]"},
	{"[take('äbc', 2)]", `"äb"`},
	{"[take(variables('sizes'), 1)]", "unknown "},
	{"[skip(variables('list'), 2)]", "[3]"},
	{"[skip('äbc', 1)]", `"bc"`},
	{"[skip('abc', 9)]", `""`},
	{"[join(variables('list'), '-')]", `"a-b-3"`},
	{"[join(createArray('a', parameters('open')), '/')]", "unknown a/?"},
	{"[join(createArray(createArray()), '/')]", "unknown "},
	{"[join('a', '/')]", "unknown "},
	{"[flatten(createArray(variables('list'), createArray('c')))]", `["a","b",3,"c"]`},
	{"[flatten(createArray())]", "[]"},
	{"[flatten(variables('list'))]", "unknown "},
	{"[flatten(createArray(parameters('open')))]", "unknown "},
	{"[shallowMerge(createArray(variables('sizes'), createObject('SMALL', createObject('a', 1)))).small]", `{"a":1}`},
	{"[shallowMerge(createArray(1))]", "unknown "},
	{"[shallowMerge(createArray(parameters('open')))]", "unknown "},
	{"[substring('äbcd', 1, 2)]", `"bc"`},
	{"[substring('abcd', 4)]", `""`},
	{"[substring('abcd', 5)]", "unknown "},
	{"[substring('abcd', 3, 2)]", "unknown "},
	{"[substring('abcd', -1)]", "unknown "},
	{"[substring(variables('list'), 1)]", "unknown "},
	{"[indexOf('äBcb', 'b')]", "1"},
	{"[indexOf('abc', 'd')]", "-1"},
	{"[indexOf('abc', '')]", "0"},
	{"[padLeft(7, 3, '0')]", `"007"`},
	{"[padLeft('abcd', 3)]", `"abcd"`},
	{"[padLeft('a', 3)]", `"  a"`},
	{"[padLeft('a', 99999999, '0')]", "unknown "},
	{"[padLeft('a', 3, 'xy')]", "unknown "},
	{"[padLeft(variables('list'), 3)]", "unknown "},
	{"[map(variables('list'), lambda('x', lambdaVariables('x')))]", "unknown "},

	{"[variables('$fxv#0')]", "5"},
	{"[parameters('p#{q}')]", "6"},
	{"[parameters('a__b__c')]", "7"},
	{"[variables('keys')['$key']]", "8"},
	{"[variables('#{none}#')]", "unknown "},
	{"[equals('a__b__', 'a__b__')]", "true"},
	{"[equals('__A__', '__A__')]", "unknown "},
	{"[equals('#{a}#', 'a')]", "unknown "},
	{"[concat('a__b__c', '/__D__/e')]", "unknown a__b__c?"},
	{"[tryGet(variables('sizes'), 'small', 'memory')]", "2"},
	{"[tryGet(variables('sizes'), 'medium')]", "null"},
	{"[tryGet(variables('list'), 2)]", "3"},

	{"[resourceId('Microsoft.Web/sites', 'a')]", "unknown /subscriptions/?/resourceGroups/?/providers/Microsoft.Web/sites/a"},
	{"[resourceId('group', 'Microsoft.A/b/c', parameters('open'), 'd')]", "unknown /subscriptions/?/resourceGroups/?/providers/Microsoft.A/b/?/c/d"},
	{"[resourceId('Microsoft.Web/sites')]", "unknown "},
	{"[resourceId(parameters('open'))]", "unknown "},
	{"[last(split(resourceId('Microsoft.Web/sites', 'a'), '/'))]", "unknown "},
	{"[reference('a').outputs.b.value]", "unknown "},
	{"[listKeys('a', 'b').keys[0]]", "unknown "},
	{"[uniqueString('a')]", "unknown "},
	{"[resourceGroup().location]", "unknown "},
	{"[contoso.name('a')]", "unknown "},
	{"[copyIndex()]", "unknown "},
	{"[copyIndex('none', 1)]", "unknown "},

	{"[]", "unknown "},
	{"[ ]", "unknown "},
	{"[true]", "unknown "},
	{"[concat('a' 'b')]", "unknown "},
	{"[concat('a',)]", "unknown "},
	{"[concat('a'", `"[concat('a'"`},
	{"[concat('a'))]", "unknown "},
	{"['a]", "unknown "},
	{"[variables('list').]", "unknown "},
	{"[variables('list')[0]", "unknown "},
	{"[a.b.('c')]", "unknown "},
	{"[-]", "unknown "},
}

func TestExpressions(t *testing.T) {
	if len(expressions) == 0 {
		t.Fatal("no expressions")
	}
	for _, test := range expressions {
		if got := evaluated(t, test.text); got != test.want {
			t.Errorf("%s comes to %s, want %s", test.text, got, test.want)
		}
	}
}

// What Azure takes is read in full; beyond it nothing is.
func TestExpressionsHaveBounds(t *testing.T) {
	long := strings.Repeat("a", 20_000)
	nested := func(depth int) string {
		return "[" + strings.Repeat("add(1, ", depth) + "1" + strings.Repeat(")", depth) + "]"
	}
	for _, test := range []struct{ name, text, want string }{
		{"long text", "['" + long + "']", strconv.Quote(long)},
		{"longer text", "['" + long + long + "']", "unknown "},
		{"made of a long text", "[length(concat('" + long + "', '" + long[:1_000] + "'))]", "21000"},
		{"made longer", "[length(concat(format('{0}{0}', '" + long + "'), 'a'))]", "unknown "},
		{"deep", nested(200), "201"},
		{"deeper", nested(300), "unknown "},
		{"much deeper", "[" + strings.Repeat("a(", 10_000), "[" + strings.Repeat("a(", 10_000)},
		{"much deeper, closed", nested(2_400), "unknown "},
	} {
		got := evaluated(t, test.text)
		if test.want[0] == '[' {
			test.want = strconv.Quote(test.want)
		}
		if got != test.want {
			t.Errorf("%s comes to %.40s, want %.40s", test.name, got, test.want)
		}
	}
}

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
			r := &reader{format: armTemplate.name, root: source.Parse("template.json", []byte(text)).Documents[0].Root, parameters: given}
			armTemplate.read(r)
			memory := r.deployments[0].MemoryGiB
			got := "unknown"
			if memory.Known {
				at := memory.Place.Node
				got = fmt.Sprintf("%v @ %s %s, used in %s", memory.Value, at.File().Name, at.Path(), memory.Place.Related[0].Node.File().Name)
			}
			if equal(t, got, test.want); len(r.problems) > 0 {
				t.Errorf("%s", r.problems[0].Message)
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
	equal(t, extraction.Problems[0].Place.Node.Path(), "variables.copy[0].input")
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
					r := &reader{format: armTemplate.name, root: file.Documents[0].Root}
					armTemplate.read(r)
					if len(r.deployments) != n || len(r.problems) > 0 {
						t.Fatalf("%d deployments, %d problems", len(r.deployments), len(r.problems))
					}
				})
			}
			if once, twice := allocations(1_000), allocations(2_000); twice > 2.2*once {
				t.Errorf("twice the template takes %.1f times the allocations", twice/once)
			}
		})
	}
}

// FuzzExpression holds of any text that its value is told, the same each time, within bounds.
func FuzzExpression(f *testing.F) {
	for _, test := range expressions {
		f.Add(test.text)
	}
	files, err := filepath.Glob("../../../testdata/formats/arm-template/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, text := range regexp.MustCompile(`"\[[^"\n]*\]"`).FindAllString(string(data), -1) {
			f.Add(text[1 : len(text)-1])
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if first, second := evaluated(t, text), evaluated(t, text); first != second {
			t.Errorf("%q comes to %s and to %s", text, first, second)
		}
	})
}
