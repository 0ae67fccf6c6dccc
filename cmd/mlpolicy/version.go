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
	opa := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
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
		ownVersion(), config.DefaultEdition, policies.Digest(), opa, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}

// ownVersion returns the version of the program from its build information.
func ownVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
