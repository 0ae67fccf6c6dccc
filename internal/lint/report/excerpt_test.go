package report

import (
	"bytes"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// What may be a secret is not shown beside the value that a finding is about, nor in it.
func TestCutHidesSecrets(t *testing.T) {
	tests := []struct{ line, value, want string }{
		{`resources: {limits: {memory: 64Gi, cpu: 2}}`, "64Gi", `resources: {limits: {memory: 64Gi, cpu: 2}}`},
		{`{env: [{name: DB_PASSWORD, value: hunter2}], memory: 64Gi}`, "64Gi", `… memory: 64Gi}`},
		{`{memory: 64Gi, env: [{name: DB_PASSWORD, value: hunter2}]}`, "64Gi", `{memory: 64Gi …`},
		{`"adminPassword":{"type":"secureString","defaultValue":"hunter2"},"mem":64,"a":1`, "64", `… "mem":64,"a":1`},
		{`"a": "AccountKey=hunter2", "list": [1, 64]`, "64", `… 64]`},
		{`"createOptions": "{\"Env\":[\"STORAGE_KEY=hunter2\"],\"Runtime\":\"nvidia\"}",`, `"{\"Env\":[\"STORAGE_KEY=hunter2\"],\"Runtime\":\"nvidia\"}"`, `"createOptions": …,`},
		{`tokens: 5`, "5", `tokens: 5`},
		{`secretName: none`, "none", `secretName: none`},
	}
	for _, test := range tests {
		start := bytes.LastIndex([]byte(test.line), []byte(test.value))
		span := source.Span{Start: source.Position{Offset: start}, End: source.Position{Offset: start + len(test.value)}}
		if got := cut([]byte(test.line), span, 200).text; got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}
