// Package policies holds the bundle that judges deployments: the table of compute
// targets as data, the rules that it implies as Rego, and the schema of their
// input. Plain OPA loads this folder as it stands.
package policies

import "embed"

// FS is this folder, short of its Go files and its lint configuration. Tests of
// rules travel along; who evaluates rules leaves *_test.rego out.
//
//go:embed all:mlpolicy .manifest schemas
var FS embed.FS
