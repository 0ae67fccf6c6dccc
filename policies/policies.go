// Package policies holds the bundle that judges deployments: the table of compute
// targets as data, the rules that it implies as Rego, and the schema of their
// input. Plain OPA loads this folder as it stands.
package policies

import "embed"

// FS is this folder without its Go files, its lint configuration and the golden files of examples.
// It has the tests of rules: who evaluates rules leaves *_test.rego out.
//
//go:embed .manifest schemas mlpolicy/editions mlpolicy/*/*.rego mlpolicy/rules/*/*.rego mlpolicy/rules/*/examples.txtar
var FS embed.FS
