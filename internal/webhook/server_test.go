package webhook

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// writePair writes a new certificate for localhost and its key.
func writePair(t *testing.T, certificate, key string, serial int64) {
	t.Helper()
	writePairUntil(t, certificate, key, serial, time.Now().Add(time.Hour))
}

func writePairUntil(t *testing.T, certificate, key string, serial int64, end time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: end.Add(-2 * time.Hour), NotAfter: end, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
}

// write puts text into a file at once.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+"~", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rename(t, file+"~", file)
}

// logged gathers lines and lets a test wait for one.
type logged struct {
	mutex sync.Mutex
	text  bytes.Buffer
	more  chan struct{}
}

func (l *logged) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// wait waits until the log has so many lines with a text.
func (l *logged) wait(t *testing.T, text string, times int) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for strings.Count(l.String(), text) < times {
		select {
		case <-l.more:
		case <-deadline:
			t.Fatalf("nothing was logged of %q:\n%s", text, l)
		}
	}
}

// running is a server under test.
type running struct {
	*Server
	dir    string
	log    *logged
	stop   context.CancelFunc
	ended  chan struct{} // closed when Serve has returned
	err    error         // of Serve, once it has returned
	client *http.Client
}

func (r *running) file(name string) string { return filepath.Join(r.dir, name) }

// started runs a server whose policy is the configuration in the file "configuration".
func started(t *testing.T, edit func(*Options), with ...func(*Server)) *running {
	t.Helper()
	loaded := policytest.Builtin(t)
	r := &running{dir: t.TempDir(), log: &logged{more: make(chan struct{}, 1)}, ended: make(chan struct{})}
	writePair(t, r.file("tls.crt"), r.file("tls.key"), 1)
	write(t, r.file("configuration"), "")
	options := Options{
		Address: "127.0.0.1:0", MetricsAddress: "127.0.0.1:0", Certificate: r.file("tls.crt"), Key: r.file("tls.key"),
		ReloadInterval: time.Millisecond, MaxInFlight: DefaultMaxInFlight, Log: slog.New(slog.NewJSONHandler(r.log, nil)),
		Load: func(context.Context) (*Policy, []string, error) {
			text, err := os.ReadFile(r.file("configuration"))
			files := []string{r.file("configuration")}
			if err != nil || strings.HasPrefix(string(text), "bad") {
				return nil, files, errors.New("configuration:1:1: bad")
			}
			policy, err := makePolicy(loaded, string(text))
			return policy, files, err
		},
	}
	if edit != nil {
		edit(&options)
	}
	server, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	for _, with := range with {
		with(server)
	}
	r.Server = server
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() {
		defer close(r.ended)
		r.err = server.Serve(ctx)
	}()
	r.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	t.Cleanup(func() {
		stop()
		<-r.ended
		r.client.CloseIdleConnections()
	})
	return r
}

// review posts the review of a GPU on a virtual node and returns the answer.
func (r *running) review(t *testing.T) (*http.Response, string) {
	t.Helper()
	response, err := r.client.Post("https://"+r.Addr().String()+"/validate?timeout=30s", "application/json", strings.NewReader(reviewOf(gpuOnVirtualNode)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func (r *running) get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := r.client.Get(url)
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

func TestServer(t *testing.T) {
	r := started(t, nil)
	r.log.wait(t, `"msg":"ready"`, 1)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := r.get(t, "https://"+r.Addr().String()+path); code != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, code, body)
		}
	}
	if code, _ := r.get(t, "https://"+r.Addr().String()+"/metrics"); code != http.StatusNotFound {
		t.Errorf("metrics where reviews are: status %d", code)
	}
	response, body := r.review(t)
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `"allowed":false`) || response.ProtoMajor != 1 {
		t.Errorf("status %d, %s: %s", response.StatusCode, response.Proto, body)
	}
	code, metrics := r.get(t, "http://"+r.MetricsAddr().String()+"/metrics")
	if code != http.StatusOK || !strings.Contains(metrics, `mlpolicy_webhook_last_reload_successful{what="certificate"} 1`) {
		t.Errorf("status %d: %s", code, metrics)
	}
	for _, reload := range []string{`"success",what="policy"`, `"success",what="certificate"`, `"failure",what="policy"`} {
		if !strings.Contains(metrics, `mlpolicy_webhook_reloads_total{result=`+reload+`} 0`) {
			t.Errorf("something was reloaded that nobody has changed: %s", reload)
		}
	}

	// Old TLS is refused, HTTP/2 is not offered.
	for _, settings := range []*tls.Config{
		{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		{InsecureSkipVerify: true, NextProtos: []string{"h2"}},
	} {
		if connection, err := tls.Dial("tcp", r.Addr().String(), settings); err == nil {
			connection.Close()
			t.Errorf("TLS %+v is accepted", connection.ConnectionState().NegotiatedProtocol)
		}
	}

	r.stop()
	if <-r.ended; r.err != nil {
		t.Error(r.err)
	}
}

// Clients that never end what they send keep nobody waiting.
func TestServerAnswersBesideSlowClients(t *testing.T) {
	r := started(t, func(options *Options) { options.MaxInFlight = 4 })
	r.log.wait(t, `"msg":"ready"`, 1)
	for i := range 100 {
		connection, err := tls.Dial("tcp", r.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		begun := "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		if i%2 == 0 {
			begun += "Content-Length: 8000000\r\n\r\n{"
		}
		if _, err := io.WriteString(connection, begun); err != nil {
			t.Fatal(err)
		}
	}
	if response, body := r.review(t); response.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", response.StatusCode, body)
	}
}

// An API server that keeps its connections busy would never send anything to the pods that
// come when it has enough of them.
func TestServerClosesOldConnections(t *testing.T) {
	for _, test := range []struct {
		name  string
		age   time.Duration
		close bool
	}{
		{"young", time.Hour, false},
		{"old", 0, true},
	} {
		r := started(t, nil, func(s *Server) { s.connections.age = test.age })
		for range 3 {
			response, body := r.review(t)
			if response.StatusCode != http.StatusOK || response.Close != test.close {
				t.Errorf("%s: status %d, close %v: %s", test.name, response.StatusCode, response.Close, body)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, certificate, key, 1)
	good := Options{Address: "127.0.0.1:0", Certificate: certificate, Key: key, Log: slog.New(slog.DiscardHandler),
		Load: func(context.Context) (*Policy, []string, error) { return policyOf(t, ""), nil, nil }}

	var ofCertificate *CertificateError
	missing := good
	missing.Key = filepath.Join(dir, "gone")
	if _, err := New(t.Context(), missing); !errors.As(err, &ofCertificate) {
		t.Errorf("missing key: %v", err)
	}
	mixed := good
	mixed.Certificate = filepath.Join(dir, "other.crt")
	writePair(t, mixed.Certificate, filepath.Join(dir, "other.key"), 2)
	if _, err := New(t.Context(), mixed); !errors.As(err, &ofCertificate) {
		t.Errorf("halves of two pairs: %v", err)
	}
	expired := good
	expired.Certificate, expired.Key = filepath.Join(dir, "expired.crt"), filepath.Join(dir, "expired.key")
	writePairUntil(t, expired.Certificate, expired.Key, 3, time.Now().Add(-time.Minute))
	if _, err := New(t.Context(), expired); !errors.As(err, &ofCertificate) || !strings.Contains(err.Error(), "the certificate expired on ") {
		t.Errorf("a certificate that has expired: %v", err)
	}
	bad := good
	bad.Load = func(context.Context) (*Policy, []string, error) {
		return nil, nil, errors.New("configuration:1:1: bad")
	}
	if _, err := New(t.Context(), bad); err == nil || err.Error() != "configuration:1:1: bad" {
		t.Errorf("bad policy: %v", err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := good
	busy.MetricsAddress = taken.Addr().String()
	if _, err := New(t.Context(), busy); err == nil {
		t.Error("a taken address is no error")
	}
}

// What has changed is reloaded; what is bad leaves the last good version in force.
func TestServerReloads(t *testing.T) {
	r := started(t, nil)
	r.log.wait(t, `"msg":"ready"`, 1)
	allowed := func(want bool) {
		t.Helper()
		_, body := r.review(t)
		if got := strings.Contains(body, `"allowed":true`); got != want {
			t.Errorf("allowed %v, want %v: %s", got, want, body)
		}
	}
	serial := func() int64 {
		t.Helper()
		connection, err := tls.Dial("tcp", r.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	allowed(false)
	write(t, r.file("configuration"), "webhook: {mode: warn}")
	r.log.wait(t, `"msg":"reloaded","what":"policy"`, 1)
	allowed(true)
	write(t, r.file("configuration"), "bad")
	r.log.wait(t, `"what":"policy","error":"configuration:1:1: bad"`, 1)
	allowed(true)
	write(t, r.file("configuration"), "webhook: {mode: enforce}")
	r.log.wait(t, `"msg":"reloaded","what":"policy"`, 2)
	allowed(false)

	// A certificate whose key is not there yet is no pair.
	if got := serial(); got != 1 {
		t.Errorf("serial %d", got)
	}
	writePair(t, r.file("new.crt"), r.file("new.key"), 2)
	rename(t, r.file("new.crt"), r.file("tls.crt"))
	r.log.wait(t, `"msg":"reload failed; keeping the last good version","what":"certificate"`, 1)
	if got := serial(); got != 1 {
		t.Errorf("half a pair: serial %d", got)
	}
	rename(t, r.file("new.key"), r.file("tls.key"))
	r.log.wait(t, `"msg":"reloaded","what":"certificate"`, 1)
	if got := serial(); got != 2 {
		t.Errorf("serial %d", got)
	}
	writePairUntil(t, r.file("expired.crt"), r.file("expired.key"), 3, time.Now().Add(-time.Minute))
	rename(t, r.file("expired.key"), r.file("tls.key"))
	rename(t, r.file("expired.crt"), r.file("tls.crt"))
	r.log.wait(t, "the certificate expired on ", 1)
	if got := serial(); got != 2 {
		t.Errorf("a certificate that has expired: serial %d", got)
	}
	_, metrics := r.get(t, "http://"+r.MetricsAddr().String()+"/metrics")
	for _, want := range []string{
		`mlpolicy_webhook_reloads_total{result="success",what="certificate"} 1`,
		`mlpolicy_webhook_last_reload_successful{what="certificate"} 0`,
		`mlpolicy_webhook_last_reload_successful{what="policy"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// Once its context is done a server is not ready, asks to close the connection with each
// answer, and ends when the last review is answered.
func TestServerDrains(t *testing.T) {
	waiting, release := make(chan struct{}, 1), make(chan struct{})
	var slow atomic.Bool
	delay := make(chan time.Time)
	r := started(t, func(options *Options) {
		load := options.Load
		options.Load = func(ctx context.Context) (*Policy, []string, error) {
			policy, files, err := load(ctx)
			if err != nil {
				return nil, files, err
			}
			enforces := policy.Enforces
			policy.Enforces = func(namespace string) bool {
				if slow.Load() && namespace == "scoring" {
					waiting <- struct{}{}
					<-release
				}
				return enforces(namespace)
			}
			return policy, files, nil
		}
	}, func(s *Server) { s.after = func(time.Duration) <-chan time.Time { return delay } })
	r.log.wait(t, `"msg":"ready"`, 1)
	if response, _ := r.review(t); response.Close {
		t.Error("a connection is closed without need")
	}
	r.stop()
	r.log.wait(t, "shutting down", 1)
	if code, body := r.get(t, "https://"+r.Addr().String()+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "shutting down") {
		t.Errorf("readyz: status %d: %s", code, body)
	}
	response, body := r.review(t)
	if response.StatusCode != http.StatusOK || !response.Close || !strings.Contains(body, `"uid":"7"`) {
		t.Errorf("status %d, close %v: %s", response.StatusCode, response.Close, body)
	}
	slow.Store(true)
	answered := make(chan int, 1)
	go func() {
		response, err := r.client.Post("https://"+r.Addr().String()+"/validate", "application/json", strings.NewReader(reviewOf(gpuOnVirtualNode)))
		if err != nil {
			answered <- 0
			return
		}
		response.Body.Close()
		answered <- response.StatusCode
	}()
	<-waiting
	close(delay)
	go func() {
		// The review goes on until the listener is gone.
		for {
			connection, err := net.Dial("tcp", r.Addr().String())
			if err != nil {
				close(release)
				return
			}
			connection.Close()
		}
	}()
	if code := <-answered; code != http.StatusOK {
		t.Errorf("the last review: status %d", code)
	}
	if <-r.ended; r.err != nil {
		t.Error(r.err)
	}
	r.log.wait(t, "stopped; every review was answered", 1)
}

// A review that does not end holds up the end no longer than the drain may take.
func TestServerSaysWhatItLeavesUnanswered(t *testing.T) {
	waiting, release := make(chan struct{}, 1), make(chan struct{})
	defer close(release)
	r := started(t, func(options *Options) {
		load := options.Load
		options.Load = func(ctx context.Context) (*Policy, []string, error) {
			policy, files, err := load(ctx)
			policy.Enforces = func(namespace string) bool {
				if namespace == "scoring" {
					waiting <- struct{}{}
					<-release
				}
				return true
			}
			return policy, files, err
		}
	}, func(s *Server) { s.drainTimeout = time.Millisecond })
	r.log.wait(t, `"msg":"ready"`, 1)
	go func() {
		if response, err := r.client.Post("https://"+r.Addr().String()+"/validate", "application/json", strings.NewReader(reviewOf(gpuOnVirtualNode))); err == nil {
			response.Body.Close()
		}
	}()
	<-waiting
	r.stop()
	if <-r.ended; !errors.Is(r.err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", r.err)
	}
	r.log.wait(t, `"level":"ERROR","msg":"stopped before every review was answered"`, 1)
}

// A server whose reviews fail is not ready.
func TestServerIsNotReadyBeforeAReview(t *testing.T) {
	r := started(t, func(options *Options) {
		load := options.Load
		options.Load = func(ctx context.Context) (*Policy, []string, error) {
			policy, files, err := load(ctx)
			policy.Enforces = func(string) bool { panic("out of order") }
			return policy, files, err
		}
	})
	r.log.wait(t, `"msg":"not ready"`, 1)
	if code, body := r.get(t, "https://"+r.Addr().String()+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("status %d: %s", code, body)
	}
	if code, _ := r.get(t, "https://"+r.Addr().String()+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz: status %d", code)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:8443": "localhost:8443", "[::]:8443": "localhost:8443", "127.0.0.1:1": "127.0.0.1:1", "[::1]:1": "[::1]:1"} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := loopback(at); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// A mounted ConfigMap is a folder of links into a folder that is swapped.
func TestDigestSeesASwap(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"1", "2"} {
		if err := os.Mkdir(filepath.Join(dir, "..v"+version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "..v"+version, "rule.rego"), version)
	}
	link := func(from, to string) {
		t.Helper()
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	link("..v1", filepath.Join(dir, "..data"))
	link("..data/rule.rego", filepath.Join(dir, "rule.rego"))
	folders := []string{dir, filepath.Join(dir, "rule.rego"), filepath.Join(dir, "gone")}
	var seen []string
	look := func() {
		t.Helper()
		now := digest(folders)
		for _, before := range seen {
			if now == before {
				t.Error("the digest is one that was there before")
			}
		}
		if now != digest(folders) {
			t.Error("the digest is another without a change")
		}
		seen = append(seen, now)
	}
	look()
	link("..v2", filepath.Join(dir, "..next"))
	rename(t, filepath.Join(dir, "..next"), filepath.Join(dir, "..data"))
	look()
	write(t, filepath.Join(dir, "gone"), "")
	look()
	linked := filepath.Join(t.TempDir(), "policies")
	link(dir, linked)
	folders = []string{linked}
	look()
	write(t, filepath.Join(dir, "another.rego"), "")
	look()
}

// A certificate that expires while it serves is no longer good for a review: the webhook says so
// and is not ready until it has another.
func TestServerIsNotReadyWithAnExpiredCertificate(t *testing.T) {
	var offset atomic.Int64
	r := started(t, nil, func(s *Server) {
		s.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	})
	r.log.wait(t, `"msg":"ready"`, 1)
	offset.Store(int64(2 * time.Hour))
	r.log.wait(t, `"level":"ERROR","msg":"not ready","error":"the certificate expired on `, 1)
	if code, body := r.get(t, "https://"+r.Addr().String()+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "the certificate has expired") {
		t.Errorf("readyz: status %d: %s", code, body)
	}
	if code, _ := r.get(t, "https://"+r.Addr().String()+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz: status %d", code)
	}
	writePairUntil(t, r.file("tls.crt"), r.file("tls.key"), 2, time.Now().Add(4*time.Hour))
	r.log.wait(t, `"msg":"reloaded","what":"certificate"`, 1)
	if code, body := r.get(t, "https://"+r.Addr().String()+"/readyz"); code != http.StatusOK {
		t.Errorf("with a new certificate: status %d: %s", code, body)
	}
	if lines := strings.Count(r.log.String(), "the certificate expired on "); lines != 1 {
		t.Errorf("%d lines about it", lines)
	}
}
