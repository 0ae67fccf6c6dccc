package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/webhook"
)

const (
	webhookFlag    = "webhook"
	caFlag         = "ca"
	clientCertFlag = "client-cert"
	clientKeyFlag  = "client-key"
	linkedFlag     = "linked"

	// parityTimeout limits one review. It is the longest time that an API server can be set to wait.
	parityTimeout = 30 * time.Second
)

func (p *program) parityCommand() *cli.Command {
	return &cli.Command{
		Name:      "parity",
		Usage:     "compare a webhook with lint",
		UsageText: "mlpolicy parity --webhook URL [FLAGS] [PATH...]",
		Description: `Send each Kubernetes object in files to a webhook, as an API server does when the object is
created, and compare the whole answer (verdict, rules, messages, fields) with the result of
mlpolicy lint for the object alone under the local configuration. PATHs are those of mlpolicy lint.

Exit codes: 0 no difference; 1 at least one difference; 2 the command line, the configuration or
a policy is invalid; 3 the webhook did not answer, a file could not be read, a rule failed, or no
object was found.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: webhookFlag, Usage: "send reviews to the webhook at `URL`, such as https://localhost:8443"},
			&cli.StringFlag{Name: caFlag, Usage: "trust the CA certificates in the PEM `FILE` instead of those of the system"},
			&cli.StringFlag{Name: clientCertFlag, Usage: "present the client certificate in the PEM `FILE` to a webhook that has --client-ca"},
			&cli.StringFlag{Name: clientKeyFlag, Usage: "read the private key of the client from the PEM `FILE`"},
			&cli.StringFlag{Name: namespaceFlag, Usage: "put objects without a namespace into `NAMESPACE`", Value: "default"},
			&cli.BoolFlag{Name: linkedFlag, Usage: "also list findings that only lint has because it follows links to other files", DisableDefaultText: true},
			choice(modeFlag, "expect `MODE` in namespaces without their own mode: enforce or warn (default: enforce)", "", config.Modes()),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), []cli.Flag{
			&cli.StringFlag{Name: stdinNameFlag, Usage: "use `NAME` as the path of standard input"},
		}),
		Action: p.parity,
	}
}

func (p *program) parity(c *cli.Context) error {
	files, err := p.files(c, c.Args().Slice())
	if err != nil {
		return err
	}
	address, err := reviewAddress(c.String(webhookFlag))
	if err != nil {
		return err
	}
	client, err := parityClient(c.String(caFlag), c.String(clientCertFlag), c.String(clientKeyFlag))
	if err != nil {
		return err
	}
	session, err := p.sessionOf(c, files.named())
	if err != nil {
		return err
	}
	if err := session.configurationError(session.configuration); err != nil {
		return err
	}
	policy, err := objectPolicy(c.Context, c, session.configuration, session.policies)
	if err != nil {
		return err
	}
	files.resolver = session.resolver

	inputs, texts, unread := readInputs(files, c)
	comparison := &comparison{
		policy: policy, namespace: c.String(namespaceFlag),
		ask: func(ctx context.Context, review []byte) ([]byte, error) { return ask(ctx, client, address, review) },
	}
	for _, text := range texts {
		if err := comparison.file(c.Context, text); err != nil {
			return err
		}
	}
	var text strings.Builder
	for _, difference := range comparison.differences {
		text.WriteString(difference)
	}
	if c.Bool(linkedFlag) {
		linked, err := session.linter.Lint(c.Context, session.tree(), slices.Values(inputs))
		if err != nil {
			return err
		}
		text.WriteString(comparison.onlyLinked(linked.Findings))
	}
	fmt.Fprintf(&text, "%s compared, %d differ\n", counted(comparison.objects, "object"), len(comparison.differences))
	if err := p.print(text.String()); err != nil {
		return err
	}
	p.explainUnread(files)
	for _, err := range slices.Concat(unread, comparison.unparsed, comparison.unrendered) {
		p.complain(err.Error())
	}
	if comparison.objects == 0 {
		p.complain("no Kubernetes objects to compare")
	}
	switch {
	case len(unread) > 0, len(comparison.unparsed) > 0, comparison.objects == 0:
		return errIncomplete
	case len(comparison.differences) > 0:
		return errFindings
	}
	return nil
}

func counted(number int, what string) string {
	if number == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", number, what)
}

// reviewAddress returns the URL for reviews, with the path /validate if text has no path.
func reviewAddress(text string) (string, error) {
	if text == "" {
		return "", usagef("parity needs --%s", webhookFlag).seeHelp("parity")
	}
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.Scheme != "https" {
		return "", usagef("--%s: %q is not a URL such as https://localhost:8443", webhookFlag, text)
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = "/validate"
	}
	return address.String(), nil
}

// parityClient returns a client that trusts the certificate authorities in the file ca, and presents a
// client certificate if there is one.
func parityClient(ca, certificate, key string) (*http.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case certificate == "" && key == "":
	case certificate == "" || key == "":
		return nil, usagef("--%s and --%s must be used together", clientCertFlag, clientKeyFlag).seeHelp("parity")
	default:
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, usagef("--%s, --%s: %s", clientCertFlag, clientKeyFlag, err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, usagef("--%s: %s", caFlag, unreadable(ca, err))
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, usagef("--%s: %s contains no certificate", caFlag, ca)
		}
	}
	return &http.Client{Timeout: parityTimeout, Transport: &http.Transport{TLSClientConfig: settings, Proxy: http.ProxyFromEnvironment}}, nil
}

// ask posts a review and returns the body of the response.
func ask(ctx context.Context, client *http.Client, address string, review []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(review))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return nil, fmt.Errorf("%w (use --%s to trust its authority)", err, caFlag)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, source.MaxFileSize))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered with status %d: %s", address, response.StatusCode, bytes.TrimSpace(answer))
	}
	return answer, nil
}

// readInputs reads and parses the YAML and JSON that can have a document of a known format.
func readInputs(files *files, c *cli.Context) (inputs []lint.Input, texts []*source.File, unread []error) {
	for input := range files.inputs(c.Context) {
		if language.Of(input.Name) != nil {
			continue // it has no objects of an API server
		}
		data, err := input.Read(nil)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		inputs = append(inputs, lint.Input{Name: input.Name, Read: func([]byte) ([]byte, error) { return data, nil }})
		if extract.Recognize(data) != extract.Unrecognized {
			texts = append(texts, source.Parse(input.Name, data))
		}
	}
	return inputs, texts, unread
}

// comparison compares the results of a webhook and of lint for each object.
type comparison struct {
	policy    *webhook.Policy
	namespace string // of objects without a namespace
	ask       func(ctx context.Context, review []byte) ([]byte, error)

	objects     int
	differences []string
	unparsed    []error        // errors of text that is not YAML or JSON
	unrendered  []error        // templates, which have no objects before they are rendered
	alone       []lint.Finding // findings of lint for the files without links
}

// file compares the objects of a file.
func (c *comparison) file(ctx context.Context, file *source.File) error {
	c.problems(file)
	byNamespace := map[string][]lint.Finding{}
	findingsIn := func(namespace string) (findings []lint.Finding, err error) {
		findings, known := byNamespace[namespace]
		if !known {
			findings, err = c.lint(ctx, file, namespace)
			byNamespace[namespace] = findings
		}
		return findings, err
	}
	alone, err := findingsIn(c.namespace)
	if err != nil {
		return err
	}
	c.alone = append(c.alone, alone...)
	for _, object := range objectsOf(file) {
		findings, err := findingsIn(c.namespaceAround(object))
		if err != nil {
			return err
		}
		if err := c.object(ctx, object, findings); err != nil {
			return err
		}
	}
	return nil
}

// problems records the parts of a file that cannot be read.
func (c *comparison) problems(file *source.File) {
	for _, problem := range file.Problems {
		err := fmt.Errorf("%s:%d:%d: %s", file.Name, problem.Span.Start.Line, problem.Span.Start.Column, problem.Message)
		if problem.Kind == source.Unrendered {
			c.unrendered = append(c.unrendered, err)
		} else {
			c.unparsed = append(c.unparsed, err)
		}
	}
}

// namespaceAround returns the namespace of an object that does not declare one, empty for a
// cluster-scoped object.
func (c *comparison) namespaceAround(object *source.Node) string {
	if isClusterWide(object) {
		return ""
	}
	return c.namespace
}

// lint lints a file whose objects are in a namespace unless they declare another.
func (c *comparison) lint(ctx context.Context, file *source.File, namespace string) ([]lint.Finding, error) {
	input := lint.Input{Name: file.Name, Read: func([]byte) ([]byte, error) { return file.Text, nil }}
	result, err := c.policy.Admission.Review(ctx, namespace, input)
	if err != nil {
		return nil, err
	}
	if len(result.Errors) > 0 {
		return nil, result.Errors[0]
	}
	return result.Findings, nil
}

// isClusterWide reports whether an object is cluster-scoped.
func isClusterWide(object *source.Node) bool {
	version, _ := object.Get("apiVersion").Scalar()
	kind, _ := object.Get("kind").Scalar()
	group, _, grouped := strings.Cut(version, "/")
	return grouped && kube.IsClusterWide(group, kind)
}

// objectsOf returns the Kubernetes objects of a file.
func objectsOf(file *source.File) []*source.Node {
	var objects []*source.Node
	for _, document := range file.Documents {
		objects = append(objects, objectsIn(document.Root)...)
	}
	return objects
}

// objectsIn returns the Kubernetes objects of a document. For a list it returns the items.
func objectsIn(root *source.Node) []*source.Node {
	kind, _ := root.Get("kind").Scalar()
	_, versioned := root.Get("apiVersion").Scalar()
	switch {
	case kind == "" || !versioned:
		return nil
	case strings.HasSuffix(kind, "List") && root.Get("items") != nil:
		var objects []*source.Node
		for _, item := range root.Get("items").Items() {
			objects = append(objects, objectsIn(item)...)
		}
		return objects
	}
	return []*source.Node{root}
}

// object compares the findings of lint for an object in its file with those for the object as an API
// server stores it, and the latter with the response of the webhook.
func (c *comparison) object(ctx context.Context, node *source.Node, inFile []lint.Finding) error {
	object, err := c.sent(node)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s:%d", node.File().Name, node.Span().Start.Line)
	findings, differences, err := c.policy.Compare(ctx, object, c.ask)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.objects++
	differences = append(differences, textDiffers(node, inFile, findings)...)
	if len(differences) > 0 {
		kind, _ := node.Get("kind").Scalar()
		c.differences = append(c.differences, fmt.Sprintf("%s: %s\n  %s\n", report.Printable(name), report.Printable(kind), strings.Join(differences, "\n  ")))
	}
	return nil
}

// sent returns an object as an API server stores it: in a namespace unless it is cluster-scoped. An
// object without a name gets the name of its file, as in messages of lint.
func (c *comparison) sent(node *source.Node) ([]byte, error) {
	object, _ := node.Value().(map[string]any)
	metadata, ok := object["metadata"].(map[string]any)
	if !ok && object["metadata"] == nil {
		metadata = map[string]any{}
		object["metadata"] = metadata
	}
	if metadata != nil {
		switch {
		case isClusterWide(node):
			delete(metadata, "namespace")
		case metadata["namespace"] == nil:
			metadata["namespace"] = c.namespace
		}
		if metadata["name"] == nil && metadata["generateName"] == nil {
			metadata["name"] = path.Base(node.File().Name)
		}
	}
	return json.Marshal(object)
}

// textDiffers returns a line for each finding of lint that only the object in the file or only the
// object as an API server stores it has. It ignores findings about the text, such as duplicate keys,
// which an API server does not receive.
func textDiffers(node *source.Node, inFile, alone []lint.Finding) []string {
	span, within := node.Span(), ""
	if path := node.Path(); path != "" {
		within = path + "."
	}
	var text, object []string
	for _, finding := range inFile {
		at := finding.Span.Start.Offset
		if finding.Rule != facts.SyntaxRule && at >= span.Start.Offset && at < span.End.Offset {
			text = append(text, findingLine(finding.Severity, finding.Rule, inObject(finding.Message, within), strings.TrimPrefix(finding.Field, within)))
		}
	}
	for _, finding := range alone {
		if finding.Rule != facts.SyntaxRule {
			object = append(object, findingLine(finding.Severity, finding.Rule, finding.Message, finding.Field))
		}
	}
	slices.Sort(text)
	slices.Sort(object)
	var lines []string
	for _, line := range missing(text, object) {
		lines = append(lines, fmt.Sprintf("only in the file: %q", line))
	}
	for _, line := range missing(object, text) {
		lines = append(lines, fmt.Sprintf("only in the object: %q", line))
	}
	return lines
}

func findingLine(severity lint.Severity, rule, message, field string) string {
	return fmt.Sprintf("%s %s at %s: %s", severity, rule, field, message)
}

// inObject returns a message without the path of the object in its list.
func inObject(message, within string) string {
	if within == "" {
		return message
	}
	return strings.ReplaceAll(message, within, "")
}

// missing returns the elements of some without those of others. Duplicates count separately.
func missing(some, others []string) []string {
	others = slices.Clone(others)
	var lines []string
	for _, line := range some {
		if i := slices.Index(others, line); i >= 0 {
			others = slices.Delete(others, i, i+1)
		} else {
			lines = append(lines, line)
		}
	}
	return lines
}

// onlyLinked returns a line for each finding that lint has only if it follows links between files.
func (c *comparison) onlyLinked(linked []lint.Finding) string {
	key := func(finding lint.Finding) string {
		return finding.File.Name + " " + finding.Rule + " " + finding.Message
	}
	alone := map[string]bool{}
	for _, finding := range c.alone {
		if finding.File != nil {
			alone[key(finding)] = true
		}
	}
	var text strings.Builder
	for _, finding := range linked {
		if finding.File != nil && !alone[key(finding)] {
			start := finding.Span.Start
			fmt.Fprintf(&text, "%s:%d:%d: only with links: %s: %s\n", report.Printable(finding.File.Name), start.Line, start.Column, finding.Rule, report.Printable(finding.Message))
		}
	}
	return text.String()
}
