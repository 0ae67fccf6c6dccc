package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/webhook"
)

const (
	listenFlag      = "listen"
	metricsFlag     = "metrics"
	tlsCertFlag     = "tls-cert"
	tlsKeyFlag      = "tls-key"
	clientCAFlag    = "client-ca"
	clientNameFlag  = "client-name"
	modeFlag        = "mode"
	logAllowedFlag  = "log-allowed"
	maxInFlightFlag = "max-in-flight"
	reloadFlag      = "reload-interval"
	drainDelayFlag  = "shutdown-delay"
	checkFlag       = "check"
	unregisterFlag  = "unregister"
	accountFlag     = "service-account"
)

func (p *program) webhookCommand() *cli.Command {
	return &cli.Command{
		Name:      "webhook",
		Usage:     "answer the admission reviews of a Kubernetes API server",
		UsageText: "mlpolicy webhook --tls-cert FILE --tls-key FILE [FLAGS]",
		Description: `Serve a validating admission webhook with the same rules: POST /validate, /healthz and /readyz
over TLS, and /metrics on a separate port. Errors deny an object; everything else warns.

Each object is evaluated on its own, under the same configuration as files. Entries that select only by
paths are errors: objects have no path. The mlpolicy.dev/… annotations of an object can add
findings; they remove a finding only if webhook: believe: lists them. Certificate, configuration and
policies are reloaded when the content of their files changes; while the new version is invalid,
the last valid one is used. Decisions are logged to standard output as JSON lines.

With --check, the command line, the configuration, the policies and the client CA are read as at
startup, but not the webhook's own certificate, and nothing is served. With --unregister, the command
deletes the ValidatingWebhookConfiguration that makes an API server call the webhook. It must run in
a Pod whose service account may delete it.

Exit codes: 0 stopped by a signal, every review answered; 2 the command line, the certificate,
the configuration or a policy is invalid; 3 serving or unregistering failed.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: tlsCertFlag, Usage: "read the certificate chain from the PEM `FILE`"},
			&cli.StringFlag{Name: tlsKeyFlag, Usage: "read the private key from the PEM `FILE`"},
			&cli.StringFlag{Name: clientCAFlag, Usage: "accept only clients with a certificate of an authority in the PEM `FILE`"},
			&cli.StringSliceFlag{Name: clientNameFlag, Usage: "require `NAME` as common name or DNS name of the client certificate; repeatable, one match suffices"},
			&cli.StringFlag{Name: listenFlag, Usage: "serve reviews at `ADDRESS`", Value: ":8443"},
			optionalFlag{&cli.StringFlag{Name: metricsFlag, Usage: "serve metrics at `ADDRESS`; if empty, serve none", Value: ":8080"}},
			choice(modeFlag, "use `MODE` in namespaces without their own mode: enforce or warn (default: enforce)", "", config.Modes()),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), []cli.Flag{
			&cli.BoolFlag{Name: logAllowedFlag, Usage: "also log reviews that are allowed without a warning", DisableDefaultText: true},
			&cli.IntFlag{Name: maxInFlightFlag, Usage: "answer at most `NUMBER` reviews at once; reject the others with 503", Value: webhook.DefaultMaxInFlight},
			&cli.DurationFlag{Name: reloadFlag, Usage: "check the files for changes every `DURATION`", Value: webhook.DefaultReloadInterval},
			&cli.DurationFlag{Name: drainDelayFlag, Usage: "keep answering for `DURATION` after SIGTERM, then drain", Value: webhook.DefaultShutdownDelay},
			&cli.BoolFlag{Name: checkFlag, Usage: "check the flags, the configuration and the policies, then exit", DisableDefaultText: true},
			&cli.StringFlag{Name: unregisterFlag, Usage: "delete the ValidatingWebhookConfiguration `NAME` from inside the cluster, then exit"},
			&cli.StringFlag{Name: accountFlag, Usage: "with --" + unregisterFlag + ", read token and ca.crt from `FOLDER`", Value: webhook.ServiceAccount},
		}),
		Action: p.webhook,
	}
}

func (p *program) webhook(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.IsSet(unregisterFlag) {
		return p.unregister(c)
	}
	for _, flag := range []string{tlsCertFlag, tlsKeyFlag} {
		if c.String(flag) == "" && !c.Bool(checkFlag) {
			return usagef("webhook needs --%s", flag).seeHelp(c.Command.Name)
		}
	}
	if c.IsSet(clientNameFlag) && c.String(clientCAFlag) == "" {
		return usagef("--%s needs --%s", clientNameFlag, clientCAFlag).seeHelp(c.Command.Name)
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
	if c.Bool(checkFlag) {
		return p.check(c)
	}
	setGCPercent(webhookGCPercent)
	server, err := webhook.New(c.Context, webhook.Options{
		Address: c.String(listenFlag), MetricsAddress: c.String(metricsFlag),
		Certificate: c.String(tlsCertFlag), Key: c.String(tlsKeyFlag),
		ClientCA: c.String(clientCAFlag), ClientNames: c.StringSlice(clientNameFlag),
		Load:           func(ctx context.Context) (*webhook.Policy, []string, error) { return p.admission(ctx, c) },
		ReloadInterval: c.Duration(reloadFlag),
		ShutdownDelay:  c.Duration(drainDelayFlag),
		MaxInFlight:    c.Int(maxInFlightFlag),
		LogAllowed:     c.Bool(logAllowedFlag),
		Log:            slog.New(slog.NewJSONHandler(p.stdout, nil)),
	})
	if err != nil {
		return ofCertificate(err)
	}
	return server.Serve(c.Context)
}

// ofCertificate adds the flags of the files to an error about certificates.
func ofCertificate(err error) error {
	var certificate *webhook.CertificateError
	if !errors.As(err, &certificate) {
		return err
	}
	flags := "--" + tlsCertFlag + ", --" + tlsKeyFlag
	if certificate.OfClients {
		flags = "--" + clientCAFlag
	}
	return usagef("%s: %s", flags, err)
}

// check reads everything that the webhook reads at its start, except its own certificate.
func (p *program) check(c *cli.Context) error {
	policy, _, err := p.admission(c.Context, c)
	if err != nil {
		return err
	}
	if file := c.String(clientCAFlag); file != "" {
		if err := webhook.CheckClientCA(file); err != nil {
			return ofCertificate(err)
		}
	}
	_, err = fmt.Fprintf(p.stdout, "configuration and policies are valid: edition %s\n", policy.Edition)
	return writing(err)
}

// unregister deletes the ValidatingWebhookConfiguration of the webhook.
func (p *program) unregister(c *cli.Context) error {
	name := c.String(unregisterFlag)
	if name == "" {
		return usagef("--%s needs the name of a ValidatingWebhookConfiguration", unregisterFlag)
	}
	existed, err := webhook.InCluster(c.String(accountFlag)).Unregister(c.Context, name)
	if err != nil {
		return err
	}
	word := "deleted"
	if !existed {
		word = "does not exist"
	}
	_, err = fmt.Fprintf(p.stdout, "ValidatingWebhookConfiguration %s %s\n", report.Printable(name), word)
	return writing(err)
}

// admission returns the effective policy for objects and the names of its sources.
func (p *program) admission(ctx context.Context, c *cli.Context) (*webhook.Policy, []string, error) {
	session, err := p.sessionOf(c, nil)
	if err != nil {
		return nil, c.StringSlice(policyFlag), err
	}
	written := session.configuration
	files := session.resolver.Sources()
	for _, folder := range written.Policies {
		files = append(files, policyPath(folder))
	}
	if err := session.configurationError(written); err != nil {
		return nil, append(files, c.StringSlice(policyFlag)...), err
	}
	if nested := written.Nested(); len(nested)+len(written.Faults) > 0 {
		return nil, files, usagef("the webhook has one configuration, and nested ones apply here: name it with --%s", configFlag)
	}
	policy, err := objectPolicy(ctx, c, written, session.policies)
	if err != nil {
		return nil, files, err
	}
	return policy, files, nil
}

// objectPolicy returns the policy for objects by a configuration and its policies.
func objectPolicy(ctx context.Context, c *cli.Context, written *config.Config, policies *policy.Policies) (*webhook.Policy, error) {
	configuration, err := written.ForObjects()
	if err != nil {
		return nil, err
	}
	if mode := c.String(modeFlag); mode != "" {
		configuration.Webhook.Mode = facts.Know(config.Mode(mode), facts.Location{Why: "--" + modeFlag})
	}
	admission, err := lint.NewAdmission(policies, configuration, configuration.Webhook.Believed...)
	if err != nil {
		return nil, err
	}
	if admission.Without, err = withoutOptimisations(); err != nil {
		return nil, err
	}
	judging := &webhook.Policy{
		Admission: admission, Edition: configuration.Edition.Value,
		Digest: policies.Digest(), Configuration: configuration.Digest(),
		Enforces:     func(namespace string) bool { return configuration.Webhook.ModeIn(namespace) == config.Enforce },
		IsController: configuration.Webhook.Controls,
		Covers:       kube.IsKind, Lists: kube.IsVersion, CoversGroup: configuration.Webhook.CoversGroup,
	}
	for _, rule := range policies.Rules() {
		if rule.Scope == policy.PerProject {
			judging.LeftOut = append(judging.LeftOut, rule.ID)
		}
	}
	if err := judging.SelfTest(ctx); err != nil {
		return nil, usagef("cannot evaluate a plain Pod: %s", err)
	}
	return judging, nil
}
