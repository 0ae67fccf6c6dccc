package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
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
		Description: `Serve a validating admission webhook with the same rules: POST /validate, /healthz and /readyz
over TLS, and /metrics on a separate port. Errors deny an object; everything else warns.

Each object is judged alone, under the same configuration as files. Entries that select by paths
alone are refused: objects have no path. What an object states about itself by mlpolicy.dev/…
annotations can add findings; it removes none unless webhook: believe: lists it. Certificate,
configuration and policies are reloaded when the content of their files changes; while the new
version is bad, the last good one stays in force. Decisions are logged to standard output as JSON
lines.

Exit codes: 0 stopped by a signal, every review answered; 2 the command line, the certificate,
the configuration or a policy is wrong; 3 serving failed.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: tlsCertFlag, Usage: "read the certificate chain from the PEM `FILE`"},
			&cli.StringFlag{Name: tlsKeyFlag, Usage: "read its private key from the PEM `FILE`"},
			&cli.StringFlag{Name: listenFlag, Usage: "serve reviews at `ADDRESS`", Value: ":8443"},
			&cli.StringFlag{Name: metricsFlag, Usage: "serve metrics at `ADDRESS`; if empty, serve none", Value: ":8080"},
			choice(modeFlag, "use `MODE` in namespaces without one of their own: enforce or warn (default: enforce)", "", config.Modes()),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), []cli.Flag{
			&cli.BoolFlag{Name: logAllowedFlag, Usage: "also log reviews allowed without a warning", DisableDefaultText: true},
			&cli.IntFlag{Name: maxInFlightFlag, Usage: "answer at most `NUMBER` reviews at once; shed the rest with 503", Value: webhook.DefaultMaxInFlight},
			&cli.DurationFlag{Name: reloadFlag, Usage: "check the files for changes every `DURATION`", Value: webhook.DefaultReloadInterval},
			&cli.DurationFlag{Name: drainDelayFlag, Usage: "keep answering for `DURATION` after SIGTERM, then drain", Value: webhook.DefaultShutdownDelay},
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
		return usagef("--%s must be at least 1", maxInFlightFlag).seeHelp(c.Command.Name)
	}
	if c.Duration(reloadFlag) < time.Millisecond {
		return usagef("--%s must be at least 1ms", reloadFlag).seeHelp(c.Command.Name)
	}
	if c.Duration(drainDelayFlag) < 0 {
		return usagef("--%s must not be negative", drainDelayFlag).seeHelp(c.Command.Name)
	}
	for _, flag := range []string{listenFlag, metricsFlag} {
		if address := c.String(flag); address != "" || flag == listenFlag {
			if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
				return usagef("--%s: %q is not an address such as :8443 or 127.0.0.1:8443", flag, address)
			}
		}
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
	policies, err := p.policies(ctx, written)
	if err != nil {
		return nil, files, err
	}
	policy, err := objectPolicy(ctx, c, written, policies)
	return policy, files, err
}

// objectPolicy makes the policy for objects of a configuration and its policies.
func objectPolicy(ctx context.Context, c *cli.Context, written *config.Config, policies *policy.Policies) (*webhook.Policy, error) {
	configuration, err := written.ForObjects()
	if err != nil {
		return nil, err
	}
	if mode := c.String(modeFlag); mode != "" {
		configuration.Webhook.Mode = facts.Know(config.Mode(mode), facts.Place{Why: "--" + modeFlag})
	}
	linter, err := lint.New(policies, configuration)
	if err != nil {
		return nil, err
	}
	judging := &webhook.Policy{
		Linter:  linter.Admission(configuration.Webhook.Believed...),
		Edition: configuration.Edition.Value,
		Digest:  policies.Digest(), Configuration: configuration.Digest(),
		Enforces:     func(namespace string) bool { return configuration.Webhook.ModeIn(namespace) == config.Enforce },
		IsController: configuration.Webhook.Controls,
		Covers:       facts.IsKubernetesKind,
	}
	if err := judging.Try(ctx); err != nil {
		return nil, usagef("a plain Pod cannot be judged: %s", err)
	}
	return judging, nil
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
