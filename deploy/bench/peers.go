//go:build unix

package main

import (
	"context"
	"path/filepath"
)

// peers measures other tools on the same tree. The reference is mlpolicy, so that a ratio is how many times as long they take.
//
// Each does less than mlpolicy: Conftest evaluates two rules, gator one constraint, and kubeconform only parses, without
// schemas.
func (b *bench) peers(ctx context.Context, tools string) error {
	const rules = "deploy/bench/peers"
	conftest := func(folder string) program {
		return program{"conftest", []string{filepath.Join(tools, "conftest"), "test", "--no-color", "--policy", rules + "/conftest", folder}}
	}
	return b.compare(ctx, []row{
		{name: "deployments", programs: func(_, folder string) []program {
			return []program{
				mlpolicy(*binary, folder),
				conftest(folder),
				{"gator", []string{filepath.Join(tools, "gator"), "test", "--filename", rules + "/gator", "--filename", folder}},
				{"kubeconform", []string{filepath.Join(tools, "kubeconform"), "-ignore-missing-schemas", "-schema-location", rules, folder}},
			}
		}},
		{name: "onefile", programs: func(_, folder string) []program {
			return []program{mlpolicy(*binary, folder), conftest(folder)}
		}},
	})
}
