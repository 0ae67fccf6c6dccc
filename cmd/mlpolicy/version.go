package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version",
		UsageText: "mlpolicy version",
		Description: `Print the versions of mlpolicy, the default edition of the table, OPA and Go, and the digest of the
built-in policies, which lint --format json and the webhook report too.`,
		Action: p.version,
	}
}

func (p *program) version(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	own, opa := "(devel)", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			own = info.Main.Version
		}
		for _, module := range info.Deps {
			if module.Path == "github.com/open-policy-agent/opa" {
				opa = module.Version
			}
		}
	}
	policies, err := p.builtin()
	if err != nil {
		return err
	}
	return p.print(fmt.Sprintf("mlpolicy %s\nedition %s\npolicies %s\nopa %s\n%s %s/%s\n",
		own, config.DefaultEdition, policies.Digest(), opa, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}
