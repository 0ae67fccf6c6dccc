package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// keyPair writes a certificate for localhost and its key into a folder.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: der},
		key:         {Type: "PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// served is a running mlpolicy webhook.
type served struct {
	url, ca string
	log     chan string // lines; further lines are dropped if it is full
}

// wait waits for a log line that contains a text.
func (s *served) wait(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case line := <-s.log:
			if strings.Contains(line, text) {
				return
			}
		case <-deadline:
			t.Fatalf("nothing was logged of %s", text)
		}
	}
}

// serve runs mlpolicy webhook until the test ends. The test fails if it does not exit cleanly.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	certificate, key := keyPair(t)
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		code := runLoaded(ctx, append([]string{
			"mlpolicy", "webhook", "--tls-cert", certificate, "--tls-key", key, "--listen", "127.0.0.1:0", "--metrics", "", "--shutdown-delay", "0s",
		}, args...), strings.NewReader(""), writer, &stderr)
		writer.Close()
		ended <- code
	}()
	address, log := make(chan string, 1), make(chan string, 10_000)
	go func() {
		defer close(address)
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "ready" {
				address <- line.Address
			}
			select {
			case log <- lines.Text():
			default:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitClean || stderr.Len() > 0 {
			t.Errorf("the webhook ended with exit code %d, %s", code, &stderr)
		}
	})
	at, ok := <-address
	if !ok {
		cancel()
		t.Fatalf("the webhook did not get ready: %s", &stderr)
	}
	return &served{url: "https://" + at, ca: certificate, log: log}
}

// TestParity compares a webhook with lint on all examples.
func TestParity(t *testing.T) {
	const config = "../../testdata/admission/configured.mlpolicy.yaml"
	for _, args := range [][]string{
		{"--cluster", "aks"},
		{"--config", config, "--mode", "warn"},
	} {
		webhook := serve(t, args...)
		var stdout, stderr bytes.Buffer
		code := runLoaded(t.Context(), append([]string{"mlpolicy", "parity", "--webhook", webhook.url, "--ca", webhook.ca, "../../testdata/formats", examplesOfRules(t), "../../testdata/project", "../../testdata/repositories"}, args...),
			strings.NewReader(""), &stdout, &stderr)
		match := regexp.MustCompile(`(?m)^(\d+) objects compared, 0 differ$`).FindStringSubmatch(stdout.String())
		if code != exitClean || match == nil {
			t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
		}
		if objects, err := strconv.Atoi(match[1]); err != nil || objects < 200 {
			t.Errorf("%d objects", objects)
		}
	}
}

// A webhook with another configuration differs. Findings that depend on links are not a difference.
func TestParityTellsDifferences(t *testing.T) {
	webhook := serve(t, "--edition", "2023-03", "--mode", "warn")
	var stdout, stderr bytes.Buffer
	code := runLoaded(t.Context(), []string{
		"mlpolicy", "parity", "--webhook", webhook.url, "--ca", webhook.ca, "--linked",
		filepath.Join(examplesOfRules(t), "cpu-only"), "../../testdata/project",
	}, strings.NewReader(""), &stdout, &stderr)
	for _, want := range []string{
		`allowed: lint "false", webhook "true"`, `audit annotation edition: lint "2020-06", webhook "2023-03"`, "message only from lint: ", "warning only from the webhook: ", "only with links: gpu-web-service",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("nothing says %s", want)
		}
	}
	if code != exitFindings || t.Failed() {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}

// parity runs the command on files with these names and texts.
func parity(t *testing.T, webhook *served, files map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	code = runLoaded(t.Context(), append([]string{"mlpolicy", "parity", "--webhook", webhook.url, "--ca", webhook.ca, dir}, args...), strings.NewReader(""), &out, &problems)
	return code, out.String(), problems.String()
}

// gpuOnVirtualNode returns a pod in a namespace.
const gpuOnVirtualNode = `apiVersion: v1
kind: Pod
metadata: {name: churn, namespace: scoring}
spec:
  nodeSelector: {type: virtual-kubelet}
  containers: [{name: churn, image: churn, resources: {limits: {nvidia.com/gpu: 1}}}]
`

// A file that is not YAML may have objects that were not compared. A template has no objects before it
// is rendered.
func TestParityTellsWhatItCannotRead(t *testing.T) {
	webhook := serve(t)
	const good = "apiVersion: v1\nkind: Pod\nmetadata: {name: churn}\nspec: {containers: [{image: churn}]}\n"
	for _, test := range []struct {
		name, text string
		code       int
	}{
		{"truncated", gpuOnVirtualNode + "  volumes: [{name: cache\n", exitFailure},
		{"template", "{{ if .Values.gpu }}\n" + gpuOnVirtualNode + "{{ end }}\n", exitClean},
	} {
		code, stdout, stderr := parity(t, webhook, map[string]string{"good.yaml": good, "other.yaml": test.text})
		if code != test.code || !strings.Contains(stdout, "1 object compared, 0 differ") || !strings.Contains(stderr, "other.yaml:") {
			t.Errorf("%s: exit code %d, want %d\n%s%s", test.name, code, test.code, stdout, stderr)
		}
	}
}

// The review of an object is for the namespace that it declares, as from an API server. A mode of that
// namespace in the configuration of the webhook only is a difference.
func TestParityAsksInTheNamespaceOfTheObject(t *testing.T) {
	warning := filepath.Join(t.TempDir(), "mlpolicy.yaml")
	if err := os.WriteFile(warning, []byte("webhook: {namespaces: [{names: [scoring], mode: warn}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	webhook, files := serve(t, "--config", warning), map[string]string{"pod.yaml": gpuOnVirtualNode}
	if code, stdout, stderr := parity(t, webhook, files, "--config", warning); code != exitClean {
		t.Errorf("the same configuration: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := parity(t, webhook, files); code != exitFindings || !strings.Contains(stdout, `allowed: lint "false", webhook "true"`) {
		t.Errorf("another configuration: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// The findings of lint for the text of a file and for an object in it differ only in the path of the
// object.
func TestTextDiffers(t *testing.T) {
	file := source.Parse("list.yaml", []byte("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod}]\n"))
	item := file.Documents[0].Root.Get("items").Items()[0]
	of := func(field string, severity lint.Severity, message string) lint.Finding {
		return lint.Finding{Rule: "memory", Severity: severity, Field: field, Message: message, Span: item.Span()}
	}
	alone := []lint.Finding{of("spec.x", lint.Error, "churn asks at spec.x")}
	for _, test := range []struct {
		name   string
		inFile []lint.Finding
		lines  int
	}{
		{"the same", []lint.Finding{of("items[0].spec.x", lint.Error, "churn asks at items[0].spec.x")}, 0},
		{"another field", []lint.Finding{of("items[0].spec.y", lint.Error, "churn asks at items[0].spec.x")}, 2},
		{"another severity", []lint.Finding{of("items[0].spec.x", lint.Warning, "churn asks at items[0].spec.x")}, 2},
		{"another message", []lint.Finding{of("items[0].spec.x", lint.Error, "churn asks")}, 2},
		{"nothing", nil, 1},
	} {
		if lines := textDiffers(item, test.inFile, alone); len(lines) != test.lines {
			t.Errorf("%s: %q", test.name, lines)
		}
	}
}

// Changes to the configuration and its folders of rules are applied. An invalid change has no effect.
func TestWebhookFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	configuration, rule := filepath.Join(dir, "mlpolicy.yaml"), filepath.Join(dir, "policy", "no-latest.rego")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(dir+"/new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir+"/new", file); err != nil {
			t.Fatal(err)
		}
	}
	const refusing = `# METADATA
# title: Image without a version
# description: Nobody knows what runs.
# custom:
#   severity: error
#   remediation: Name a version.
package mlpolicy.rules["no-latest"]

deny contains {"path": ["deployments", i, "images", j], "message": sprintf("%s runs %s", [d.name, image])} if {
	some i, d in input.deployments
	some j, image in d.images
	endswith(image, ":latest")
}
`
	if err := os.Mkdir(filepath.Dir(rule), 0o700); err != nil {
		t.Fatal(err)
	}
	write(configuration, "edition: 2020-06")
	object := filepath.Join(dir, "pod.yaml")
	write(object, "apiVersion: v1\nkind: Pod\nmetadata: {name: churn}\nspec: {containers: [{image: 'a:latest'}]}\n")
	webhook := serve(t, "--config", configuration, "--reload-interval", "1ms")
	webhook.wait(t, fmt.Sprintf(`"configuration_digest":"sha256:%x"`, sha256.Sum256([]byte("edition: 2020-06"))))
	// says compares the webhook with lint under another configuration.
	says := func(text string) {
		t.Helper()
		other := filepath.Join(dir, "other.yaml")
		write(other, text)
		var stdout, stderr bytes.Buffer
		if code := runLoaded(t.Context(), []string{"mlpolicy", "parity", "--webhook", webhook.url, "--ca", webhook.ca, "--config", other, object},
			strings.NewReader(""), &stdout, &stderr); code != exitClean {
			t.Errorf("%s: exit code %d: %s%s", text, code, &stdout, &stderr)
		}
	}
	says("edition: 2020-06")
	write(configuration, "{edition: 2023-03, policies: [policy]}")
	webhook.wait(t, "the folder contains neither a rule nor an edition")
	says("edition: 2020-06")
	write(rule, refusing)
	webhook.wait(t, `"msg":"reloaded"`)
	says("{edition: 2023-03, policies: [policy]}")
	write(rule, strings.TrimPrefix(refusing, "# METADATA\n"))
	webhook.wait(t, `"msg":"reload failed; keeping the last good version"`)
	write(rule, strings.Replace(refusing, `endswith(image, ":latest")`, `to_number(image) > 1`, 1))
	webhook.wait(t, "cannot evaluate a plain Pod: ")
	write(rule, strings.Replace(refusing, `":latest"`, `":newest"`, 1))
	webhook.wait(t, `"msg":"reloaded"`)
	says("{edition: 2023-03, policies: [policy]}")
	write(configuration, "edition: 2020-06")
	webhook.wait(t, `"msg":"reloaded"`)
	says("edition: 2020-06")
}
