//go:build unix

package main

import (
	"context"
	"path/filepath"
)

// peers measures other tools on the same tree. Their ratio is how many times as long they take as mlpolicy.
//
// Each does less than mlpolicy: Conftest evaluates two rules, gator the template of one constraint, and kubeconform only
// parses, since it knows no schema. None is faster with rules that report something.
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
