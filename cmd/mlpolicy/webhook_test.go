package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
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

// serve runs mlpolicy webhook until the test ends, and returns its URL and its authority.
// The test fails when it does not end in order.
func serve(t *testing.T, args ...string) (url, ca string) {
	t.Helper()
	certificate, key := keyPair(t)
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		code := run(ctx, append([]string{
			"mlpolicy", "webhook", "--tls-cert", certificate, "--tls-key", key, "--listen", "127.0.0.1:0", "--metrics", "", "--shutdown-delay", "0s",
		}, args...), strings.NewReader(""), writer, &stderr)
		writer.Close()
		ended <- code
	}()
	address := make(chan string, 1)
	go func() {
		defer close(address)
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "ready" {
				address <- line.Address
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
	return "https://" + at, certificate
}

// TestParity compares a webhook with lint over all examples of the project.
func TestParity(t *testing.T) {
	const config = "../../testdata/admission/configured.mlpolicy.yaml"
	for _, args := range [][]string{
		{"--cluster", "aks"},
		{"--config", config, "--mode", "warn"},
	} {
		url, ca := serve(t, args...)
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"mlpolicy", "parity", "--webhook", url, "--ca", ca, "../../testdata/formats", "../../testdata/rules"}, args...),
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

// A webhook by another configuration differs, and what only links tell is no difference.
func TestParityTellsDifferences(t *testing.T) {
	url, ca := serve(t, "--edition", "2023-03", "--mode", "warn")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{
		"mlpolicy", "parity", "--webhook", url, "--ca", ca, "--linked",
		"../../testdata/rules/cpu-only", "../../testdata/project",
	}, strings.NewReader(""), &stdout, &stderr)
	for _, want := range []string{
		`allowed: lint "false", webhook "true"`, `audit annotation edition: lint "2020-06", webhook "2023-03"`, "message only of lint: ", "warning only of the webhook: ", "only with links: gpu-web-service",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("nothing says %s", want)
		}
	}
	if code != exitFindings || t.Failed() {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}
