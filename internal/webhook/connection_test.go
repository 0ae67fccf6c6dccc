package webhook

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// dial opens a connection and writes to it.
func (r *running) dial(t *testing.T, text string) *tls.Conn {
	t.Helper()
	connection, err := tls.Dial("tcp", r.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	_, _ = io.WriteString(connection, text) // who is sent away meanwhile cannot write
	return connection
}

func (r *running) metrics(t *testing.T) string {
	t.Helper()
	_, text := r.get(t, "http://"+r.MetricsAddr().String()+"/metrics")
	return text
}

const beginning = "POST /validate?timeout=30s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

// TestHalfSentBodiesStopNobody is the flood that once turned all reviews off: bodies that fill
// all room and never come to their end.
func TestHalfSentBodiesStopNobody(t *testing.T) {
	r := started(t, nil)
	r.log.wait(t, `"msg":"ready"`, 1)
	for _, size := range []int{maxBody - 1, maxBody - 1, maxBody - 1} {
		r.dial(t, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", beginning, maxBody, bytes.Repeat([]byte(" "), size)))
	}
	for range 110 {
		r.dial(t, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", beginning, maxBody, bytes.Repeat([]byte(" "), largeBody)))
	}
	large := reviewOf(strings.Replace(gpuOnVirtualNode, "secret/image", strings.Repeat("a", 2*largeBody), 1))
	for _, body := range []string{reviewOf(gpuOnVirtualNode), large} {
		for _, client := range []*http.Client{r.client, {Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}} {
			response, err := client.Post("https://"+r.Addr().String()+"/validate?timeout=30s", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"allowed":false`) {
				t.Errorf("%d bytes: status %d: %s, %v", len(body), response.StatusCode, answer, err)
			}
		}
	}
	metrics := r.metrics(t)
	for _, want := range []string{"mlpolicy_webhook_shed_total 0\n", "mlpolicy_webhook_abandoned_total 0\n", `mlpolicy_webhook_failures_total{code="400"} 0` + "\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
	// Those that lost their room, or on a slow machine their time.
	if strings.Contains(metrics, `unknown_clients_total{code="503"} 0`+"\n") && strings.Contains(metrics, `unknown_clients_total{code="400"} 0`+"\n") {
		t.Error("nobody was sent away")
	}
}

// Who gets no verdict loses the connection, so that only clients of reviews keep any.
func TestOnlyVerdictsKeepConnections(t *testing.T) {
	r := started(t, nil)
	r.log.wait(t, `"msg":"ready"`, 1)
	for _, test := range []struct {
		name, method, path, body string
		code                     int
		close                    bool
	}{
		{"a probe", http.MethodGet, "/readyz", "", 200, true},
		{"a page that is not there", http.MethodGet, "/", "", 404, true},
		{"no review", http.MethodPost, "/validate", "{}", 400, true},
		{"another method", http.MethodGet, "/validate", "", 405, true},
		{"a review", http.MethodPost, "/validate", reviewOf(gpuOnVirtualNode), 200, false},
		{"a probe beside reviews", http.MethodGet, "/readyz", "", 200, true},
	} {
		request, err := http.NewRequest(test.method, "https://"+r.Addr().String()+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.code || response.Close != test.close {
			t.Errorf("%s: status %d, close %v", test.name, response.StatusCode, response.Close)
		}
	}
	// Garbage of anyone raises no counter that is alerted on.
	metrics := r.metrics(t)
	for _, code := range []string{"400", "405"} {
		if !strings.Contains(metrics, `mlpolicy_webhook_unknown_clients_total{code="`+code+`"} 1`+"\n") || strings.Contains(metrics, `mlpolicy_webhook_failures_total{code="`+code+`"} 1`) {
			t.Errorf("status %s is not counted apart", code)
		}
	}
	if got := strings.Count(r.log.String(), `"level":"ERROR"`); got > 0 {
		t.Errorf("log %s", r.log)
	}
}

// A client that got a verdict and then sends what is no review is an API server that fails.
func TestKnownClientsAreCountedApart(t *testing.T) {
	r := started(t, nil)
	r.log.wait(t, `"msg":"ready"`, 1)
	connection := r.dial(t, "")
	for _, body := range []string{reviewOf(gpuOnVirtualNode), "{}"} {
		fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", beginning, len(body), body)
		if _, err := connection.Read(make([]byte, 8<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if metrics := r.metrics(t); !strings.Contains(metrics, `mlpolicy_webhook_failures_total{code="400"} 1`+"\n") {
		t.Error("not counted among the failures")
	}
}

// Idle connections beyond the limit make room, those of clients without a verdict first.
func TestConnectionsAreBounded(t *testing.T) {
	const most = 50
	r := started(t, nil, func(s *Server) { s.connections.most = most })
	r.log.wait(t, `"msg":"ready"`, 1)
	if response, _ := r.review(t); response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	for range 2 * most {
		r.dial(t, "")
	}
	r.connections.mutex.Lock()
	open := len(r.connections.open)
	known := 0
	for _, connection := range r.connections.open {
		if connection.known.Load() {
			known++
		}
	}
	r.connections.mutex.Unlock()
	if open > most || known == 0 {
		t.Errorf("%d connections are open, %d of known clients", open, known)
	}
	if response, _ := r.review(t); response.StatusCode != http.StatusOK {
		t.Errorf("a review beside them: status %d", response.StatusCode)
	}
	if lines := strings.Count(r.log.String(), "connection failed"); lines > most/2 {
		t.Errorf("%d lines were logged", lines)
	}
}

// A connection that makes room for another before it has a request is counted like any other
// that ends without one, once, and without the lock.
func TestEvictedConnectionsAreCounted(t *testing.T) {
	var c *connections
	unused := 0
	c = newConnections(time.Minute, func() {
		if !c.mutex.TryLock() {
			t.Error("the lock is held")
			return
		}
		c.mutex.Unlock()
		unused++
	})
	c.most = 2
	opened := func() (net.Conn, *connection) {
		conn, other := net.Pipe()
		t.Cleanup(func() { other.Close() })
		return conn, connectionOf(c.context(t.Context(), conn))
	}
	silent, _ := opened()
	asks, of := opened()
	of.begin()
	opened()
	opened()
	for _, conn := range []net.Conn{silent, asks} {
		if c.open[conn] != nil {
			t.Fatal("it has not made room")
		}
		for range 2 {
			c.state(conn, http.StateClosed)
		}
	}
	if unused != 1 || len(c.evicted) != 0 || len(c.open) != 2 {
		t.Errorf("%d connections are counted as unused, want 1; %d evicted ones are left, %d are open", unused, len(c.evicted), len(c.open))
	}
}

// authority signs certificates of clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clients"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
}

// client makes a client with a certificate that an edit may change.
func (a *authority) client(t *testing.T, edit func(*x509.Certificate)) *http.Client {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// With an authority of clients only who has its certificate gets a verdict; who probes needs none.
func TestClientsAreIdentified(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	r := started(t, func(options *Options) {
		options.ClientCA, options.ClientNames = options.Certificate+".clients", []string{"kube-apiserver", "webhooks.example.com"}
		write(t, options.ClientCA, ours.pem())
	})
	r.log.wait(t, `"msg":"ready"`, 1)
	ask := func(client *http.Client) (int, string) {
		t.Helper()
		response, err := client.Post("https://"+r.Addr().String()+"/validate?timeout=30s", "application/json", strings.NewReader(reviewOf(gpuOnVirtualNode)))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	for _, test := range []struct {
		name   string
		client *http.Client
		code   int
		says   string
	}{
		{"the API server", ours.client(t, nil), 200, `"allowed":false`},
		{"the API server by another of its names", ours.client(t, func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames = "x", []string{"webhooks.example.com"}
		}), 200, `"allowed":false`},
		{"no certificate", r.client, 403, "the client has no certificate"},
		{"another authority", theirs.client(t, nil), 403, "unknown authority"},
		{"another name", ours.client(t, func(c *x509.Certificate) { c.Subject.CommonName = "kubelet" }), 403, `"kubelet" is not a name of --client-name`},
		{"a server's certificate", ours.client(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), 403, "incompatible key usage"},
		{"an expired certificate", ours.client(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), 403, "expired"},
	} {
		if code, body := ask(test.client); code != test.code || !strings.Contains(body, test.says) {
			t.Errorf("%s: status %d: %s", test.name, code, body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := r.get(t, "https://"+r.Addr().String()+path); code != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, code, body)
		}
	}
	metrics := r.metrics(t)
	if !strings.Contains(metrics, `mlpolicy_webhook_unknown_clients_total{code="403"} 5`+"\n") || strings.Contains(metrics, `failures_total{code="403"}`) {
		t.Errorf("those who are refused are not counted: %s", metrics)
	}

	// The authorities are reloaded; a bad file changes nothing.
	write(t, r.file("tls.crt.clients"), "no certificate")
	r.log.wait(t, "contains no certificate", 1)
	if code, _ := ask(ours.client(t, nil)); code != http.StatusOK {
		t.Errorf("after a bad change: status %d", code)
	}
	write(t, r.file("tls.crt.clients"), theirs.pem())
	r.log.wait(t, `"msg":"reloaded","what":"certificate"`, 1)
	if code, _ := ask(theirs.client(t, nil)); code != http.StatusOK {
		t.Errorf("after a change: status %d", code)
	}
	if code, _ := ask(ours.client(t, nil)); code != http.StatusForbidden {
		t.Errorf("the authority before: status %d", code)
	}
}

// A client authority that cannot be read is an error at the start.
func TestNewRefusesABadClientCA(t *testing.T) {
	for name, text := range map[string]string{"gone": "", "empty": "", "no certificate": "x"} {
		dir := t.TempDir()
		options := Options{Address: "127.0.0.1:0", Certificate: dir + "/tls.crt", Key: dir + "/tls.key", ClientCA: dir + "/ca.crt"}
		writePair(t, options.Certificate, options.Key, 1)
		if name != "gone" {
			if err := os.WriteFile(options.ClientCA, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		options.Load = started(t, nil).options.Load
		if _, err := New(t.Context(), options); err == nil || !strings.Contains(err.Error(), "ca.crt") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
