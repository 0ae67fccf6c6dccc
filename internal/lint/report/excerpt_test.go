package report

import (
	"bytes"
	"regexp"
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

// The expressions that sensitive and keyBefore stand for; they take fifty times as long.
var (
	secretExpression = regexp.MustCompile(`(?i)passw|passphrase|pwd|secret|secure|token|credential|connection_?string|account_?key|api_?key|access_?key|storage_?key|private_?key|[?&]sig=`)
	keyExpression    = regexp.MustCompile(`("[^"]*"|'[^']*'|[^\s"'{}\[\],:]+)\s*:\s*$`)
)

// FuzzSecrets compares what is hidden with regular expressions.
func FuzzSecrets(f *testing.F) {
	for _, text := range []string{
		"", ":", "a", "a:", "a: ", "a :\t\r\n\f", "a\v:", "a: b", `"a": `, `"a" : `, `a"b": `, `":`, `"":`, `'a b':`, `'":`, `x 'a:`, "é:", "{é:", "[日本 :", "{a,b:", "\xff:", "\xe2\x84:",
		"passw", "PASSWORD", "paſſw", "Pa\u017f\u017fw", "toKen", "to\u212aen", "to\xe2\x84en", "\xf0\xe2\x84\xaa", "CONNECTION_STRING", "connectionſtring", "connection__string",
		"account-key", "ACCOUNTKEY", "apı_key", "apİ_key", "api_\u212aey", "?sig=", "&ſIG=", "sig=", "&sig", "secret", "Storage_Key", "privatekey", "creden\x00tial", "credential",
	} {
		f.Add([]byte(text))
		f.Add([]byte(`{"a": "` + text + `", b: ` + text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := sensitive(text), secretExpression.Match(text); got != want {
			t.Errorf("%q may contain a secret: %t, want %t", text, got, want)
		}
		if got, want := keyBefore(text), keyExpression.Find(text); !bytes.Equal(got, want) {
			t.Errorf("the key at the end of %q is %q, want %q", text, got, want)
		}
	})
}

// BenchmarkCut shows a value in a long line.
func BenchmarkCut(b *testing.B) {
	text := bytes.Repeat([]byte(`{"name":"server","image":"registry.example.com/server","resources":{"limits":{"nvidia.com/gpu":1}}},`), 100)
	at := len(text) / 2
	span := source.Span{Start: source.Position{Offset: at}, End: source.Position{Offset: at + 1}}
	for b.Loop() {
		cut(text, span, 100)
	}
}
