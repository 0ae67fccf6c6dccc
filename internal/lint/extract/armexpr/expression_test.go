package armexpr

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// evaluated returns as JSON the value of an expression in a template with these
// parameters and variables. Of a partly known text it returns the known parts
// and ? for the others.
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
	r := New(&read.Reader{Root: root})
	value := r.Resolve(root.Get("value"), Env{Scope: r.Scope(root, nil, Env{}), Used: true})
	if r.Left < -r.limit {
		t.Errorf("%q takes %d more values than there may be", text, -r.Left)
	}
	if from := r.DerivationOf(value); from.Unknown {
		return "unknown " + strings.ReplaceAll(from.Partial, read.UnknownPart, "?")
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
	{"[equals(createArray(), createArray())]", "true"},
	{"[equals(createArray(), createObject())]", "false"},
	{"[equals(createObject(), null())]", "false"},
	{"[equals(variables('sizes').small, createObject('memory', 2))]", "true"},
	{"[equals(variables('sizes').small, createObject('memory', 3))]", "false"},
	{"[equals(variables('sizes').small, createObject('Memory', 2))]", "unknown "},
	{"[equals(variables('sizes').small, createObject('memory', 2, 'a', null()))]", "unknown "},
	{"[equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))]", "true"},
	{"[equals(variables('sizes').large, createObject())]", "false"},
	{"[equals(variables('sizes').large, createObject('memory', 64, 'open', 'x'))]", "unknown "},
	{"[equals(variables('list'), createArray('a', 'b', 3))]", "true"},
	{"[equals(variables('list'), createArray('a', 'b', '3'))]", "false"},
	{"[equals(createArray(parameters('open'), 1), createArray('a', 2))]", "false"},
	{"[equals(createArray(parameters('open'), 1), createArray('a', 1))]", "unknown "},
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
	{"[union(variables('sizes'), variables('sizes'))]", `{"Large":{"memory":64,"open":"[]"},"small":{"memory":2}}`},
	{"[union(variables('sizes'), createObject('small', createObject('cores', 1, 'memory', 3))).small]", `{"cores":1,"memory":3}`},
	{"[union(createObject('a', parameters('open')), createObject('a', createObject('b', 1))).a.b]", "unknown "},
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
	{"[map(variables('list'), lambda('x', lambdaVariables('x')))]", `["a","b",3]`},
	{"[map(variables('list'), lambda('x', 'i', format('{0}{1}', lambdaVariables('i'), lambdaVariables('x'))))]", `["0a","1b","23"]`},
	{"[map(createArray(1, 2), lambda('x', map(createArray(1, 2), lambda('y', mul(lambdaVariables('x'), lambdaVariables('y'))))))]", "[[1,2],[2,4]]"},
	{"[length(map(createArray(1, parameters('open')), lambda('x', lambdaVariables('x'))))]", "2"},
	{"[map(parameters('open'), lambda('x', lambdaVariables('x')))]", "unknown "},
	{"[map(variables('sizes'), lambda('x', lambdaVariables('x')))]", "unknown "},
	{"[map(variables('list'), lambda('x', lambdaVariables('y'))).a]", "unknown "},
	{"[map(variables('list'), 'x')]", "unknown "},
	{"[lambdaVariables('x')]", "unknown "},
	{"[filter(range(0, 5), lambda('x', greater(lambdaVariables('x'), 2)))]", "[3,4]"},
	{"[filter(variables('list'), lambda('x', 'i', equals(lambdaVariables('i'), 1)))]", `["b"]`},
	{"[filter(range(0, 5), lambda('x', parameters('open')))]", "unknown "},
	{"[toObject(variables('list'), lambda('x', format('k{0}', lambdaVariables('x'))))]", `{"k3":3,"ka":"a","kb":"b"}`},
	{"[toObject(createArray('a'), lambda('x', lambdaVariables('x')), lambda('x', 7)).a]", "7"},
	{"[toObject(createArray('a'), lambda('x', parameters('open')))]", "unknown "},
	{"[mapValues(createObject('a', 2), lambda('x', add(lambdaVariables('x'), 1)))]", `{"a":3}`},
	{"[mapValues(variables('list'), lambda('x', 1))]", "unknown "},
	{"[reduce(createArray(1, 2, 3), 10, lambda('a', 'x', add(lambdaVariables('a'), lambdaVariables('x'))))]", "16"},
	{"[reduce(createArray(1, 2), parameters('open'), lambda('a', 'x', 1))]", "unknown "},

	{"[variables('$fxv#0')]", "5"},
	{"[parameters('p#{q}')]", "6"},
	{"[parameters('a__b__c')]", "7"},
	{"[variables('keys')['$key']]", "8"},
	{"[variables('#{none}#')]", "unknown "},
	{"[equals('a__b__', 'a__b__')]", "true"},
	{"[groupBy(createArray('ab', 'cd', 'ae'), lambda('x', take(lambdaVariables('x'), 1)))]", `{"a":["ab","ae"],"c":["cd"]}`},
	{"[groupBy(createArray('ab', parameters('open')), lambda('x', take(lambdaVariables('x'), 1)))]", "unknown "},
	{"[groupBy(createArray(1), lambda('x', lambdaVariables('x')))]", "unknown "},
	{"[base64('a')]", `"YQ=="`},
	{"[base64(1)]", "unknown "},
	{"[base64ToString(base64('é'))]", `"é"`},
	{"[base64ToString('?')]", "unknown "},
	{"[lastIndexOf('abA', 'a')]", "2"},
	{"[lastIndexOf('abc', 'x')]", "-1"},
	{"[lastIndexOf('abc', '')]", "unknown "},
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
		{"constructed from a long text", "[length(concat('" + long + "', '" + long[:1_000] + "'))]", "21000"},
		{"constructed longer", "[length(concat(format('{0}{0}', '" + long + "'), 'a'))]", "unknown "},
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

// FuzzExpression holds of any text that its value is told, the same each time, within bounds.
func FuzzExpression(f *testing.F) {
	for _, test := range expressions {
		f.Add(test.text)
	}
	files, err := filepath.Glob("../../../../testdata/formats/arm-template/*.json")
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
