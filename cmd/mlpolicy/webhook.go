package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/webhook"
)

const (
	listenFlag      = "listen"
	metricsFlag     = "metrics"
	tlsCertFlag     = "tls-cert"
	tlsKeyFlag      = "tls-key"
	modeFlag        = "mode"
	logAllowedFlag  = "log-allowed"
	maxInFlightFlag = "max-in-flight"
	reloadFlag      = "reload-interval"
	drainDelayFlag  = "shutdown-delay"
)

func (p *program) webhookCommand() *cli.Command {
	return &cli.Command{
		Name:      "webhook",
		Usage:     "answer the admission reviews of a Kubernetes API server",
		UsageText: "mlpolicy webhook --tls-cert FILE --tls-key FILE [FLAGS]",
		Description: `Serve the same rules as a validating admission webhook: POST /validate, /healthz and /readyz over
TLS, and /metrics on a port of its own. Errors deny an object, all else warns.

Each object is judged alone and by the same configuration as files, in which entries of paths
alone are refused: an object has no path. What an object states of itself by annotations
mlpolicy.dev/… may add findings; it takes none away unless webhook: believe: says so.
Certificate, configuration and policies are read anew when the content of their files changes,
and the last good ones stay while the new ones are bad. Decisions are written to standard output
as lines of JSON.

Exit codes: 0 ended by a signal and in order; 2 the command line, the certificate, the
configuration or a policy is wrong; 3 it could not be served.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: tlsCertFlag, Usage: "serve with the certificate chain in the PEM `FILE`"},
			&cli.StringFlag{Name: tlsKeyFlag, Usage: "and with the private key in the PEM `FILE`"},
			&cli.StringFlag{Name: listenFlag, Usage: "serve reviews at `ADDRESS`", Value: ":8443"},
			&cli.StringFlag{Name: metricsFlag, Usage: "serve metrics at `ADDRESS`; none if empty", Value: ":8080"},
			choice(modeFlag, "`MODE` where no namespace has its own: enforce or warn (default: enforce)", "", config.Modes()),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), []cli.Flag{
			&cli.BoolFlag{Name: logAllowedFlag, Usage: "write down what is allowed without a warning, too", DisableDefaultText: true},
			&cli.IntFlag{Name: maxInFlightFlag, Usage: "turn reviews away from this `NUMBER` at once on", Value: webhook.DefaultMaxInFlight},
			&cli.DurationFlag{Name: reloadFlag, Usage: "look at the files each `DURATION`", Value: webhook.DefaultReloadInterval},
			&cli.DurationFlag{Name: drainDelayFlag, Usage: "after a signal answer for a `DURATION` before the end", Value: webhook.DefaultShutdownDelay},
		}),
		Action: p.webhook,
	}
}

func (p *program) webhook(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	for _, flag := range []string{tlsCertFlag, tlsKeyFlag} {
		if c.String(flag) == "" {
			return usagef("webhook needs --%s", flag).seeHelp(c.Command.Name)
		}
	}
	if c.Int(maxInFlightFlag) < 1 {
		return usagef("--%s must be 1 at least", maxInFlightFlag).seeHelp(c.Command.Name)
	}
	if c.Duration(reloadFlag) < time.Millisecond || c.Duration(drainDelayFlag) < 0 {
		return usagef("--%s must be a millisecond at least, and --%s not below none", reloadFlag, drainDelayFlag).seeHelp(c.Command.Name)
	}
	webhook.DelayCollections()
	server, err := webhook.New(c.Context, webhook.Options{
		Address: c.String(listenFlag), MetricsAddress: c.String(metricsFlag),
		Certificate: c.String(tlsCertFlag), Key: c.String(tlsKeyFlag),
		Load:           func(ctx context.Context) (*webhook.Policy, []string, error) { return p.admission(ctx, c) },
		ReloadInterval: c.Duration(reloadFlag),
		ShutdownDelay:  c.Duration(drainDelayFlag),
		MaxInFlight:    c.Int(maxInFlightFlag),
		LogAllowed:     c.Bool(logAllowedFlag),
		Log:            slog.New(slog.NewJSONHandler(p.stdout, nil)),
	})
	var certificate *webhook.CertificateError
	if errors.As(err, &certificate) {
		return usagef("--%s, --%s: %s", tlsCertFlag, tlsKeyFlag, err)
	}
	if err != nil {
		return err
	}
	return server.Serve(c.Context)
}

// admission reads the policy in force for objects, and names what it is read from.
func (p *program) admission(ctx context.Context, c *cli.Context) (*webhook.Policy, []string, error) {
	written, err := p.configuration(c)
	if err != nil {
		return nil, p.sources(c, nil), err
	}
	files := p.sources(c, written)
	configuration, err := written.ForObjects()
	if err != nil {
		return nil, files, err
	}
	if mode := c.String(modeFlag); mode != "" {
		configuration.Webhook.Mode = facts.Know(config.Mode(mode), facts.Place{Why: "--" + modeFlag})
	}
	policies, err := p.policies(ctx, configuration)
	if err != nil {
		return nil, files, err
	}
	linter, err := lint.New(policies, configuration)
	if err != nil {
		return nil, files, err
	}
	return &webhook.Policy{
		Linter:  linter.Admission(configuration.Webhook.Believed...),
		Edition: configuration.Edition.Value,
		Digest:  policies.Digest(), Configuration: configuration.Digest(),
		Enforces:     func(namespace string) bool { return configuration.Webhook.ModeIn(namespace) == config.Enforce },
		IsController: configuration.Webhook.Controls,
		Covers:       covered(),
	}, files, nil
}

// covered tells of which kinds the formats read deployments and computes.
func covered() func(group, kind string) bool {
	return kindsWhere(func(facts.ServedKinds) bool { return true })
}

// clusterWide tells which of these kinds are in no namespace.
func clusterWide() func(group, kind string) bool {
	return kindsWhere(func(served facts.ServedKinds) bool { return served.Cluster })
}

func kindsWhere(is func(facts.ServedKinds) bool) func(group, kind string) bool {
	kinds := map[[2]string]bool{}
	for _, served := range facts.KubernetesKinds() {
		for _, kind := range served.Kinds {
			kinds[[2]string{served.Group, kind}] = is(served)
		}
	}
	return func(group, kind string) bool { return kinds[[2]string{group, kind}] }
}

// sources are the files and folders that a configuration is made of. Of one that cannot be
// read, which is nil, the file and the folders that the command line names.
func (p *program) sources(c *cli.Context, configuration *config.Config) []string {
	var files []string
	if file := c.String(configFlag); file != "" {
		files = append(files, file)
	} else if found, err := config.Find("."); err == nil && found != "" {
		files = append(files, found)
	}
	if configuration == nil {
		return append(files, c.StringSlice(policyFlag)...)
	}
	for _, folder := range configuration.Policies {
		files = append(files, policyPath(configuration, folder))
	}
	return files
}
