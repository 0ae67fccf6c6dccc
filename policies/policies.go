// Package policies holds the bundle that judges deployments: the table of compute
// targets as data, the rules that it implies as Rego, and the schema of their
// input. Plain OPA loads this folder as it stands.
package policies

import "embed"

// FS is this folder, short of its Go files, its lint configuration and the golden files of
// examples. Tests of rules travel along; who evaluates rules leaves *_test.rego out.
// mlpolicy/rules/<rule>/{bad,good}.<target>[-<case>].{yaml,json} are deployments that a rule
// refuses and accepts.
//
//go:embed .manifest schemas mlpolicy/editions mlpolicy/*/*.rego mlpolicy/rules/*/*.rego
//go:embed mlpolicy/rules/*/*.yaml mlpolicy/rules/*/*.json
var FS embed.FS
