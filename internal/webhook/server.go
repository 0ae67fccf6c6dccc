package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

const (
	// readTimeout limits the time for a request, header and body, to arrive: a slow one uses capacity that others
	// need, and the API server takes milliseconds.
	readTimeout = 5 * time.Second
	// writeTimeout is longer than any review may take.
	writeTimeout = maxTimeout + 5*time.Second
	// idleTimeout is longer than that of the API server's client, 90 s, so that the client never sends on a
	// connection that is being closed.
	idleTimeout = 2 * time.Minute
	// maxHeader is in bytes.
	maxHeader = 32 << 10
	// drainTimeout limits the wait for the last reviews: no API server waits longer. Most end within milliseconds.
	drainTimeout = maxTimeout
	// connectionAge is the minimum age at which a connection is closed after an answer, and half the maximum. An API
	// server that never has to reconnect would never use new pods.
	connectionAge = 5 * time.Minute
	// selfReviewInterval is the time between attempts to become ready, and selfReviewTimeout limits each of them.
	selfReviewInterval = 200 * time.Millisecond
	selfReviewTimeout  = 5 * time.Second

	// DefaultReloadInterval is the time between checks of the files. A kubelet delivers a changed ConfigMap within
	// about a minute; a certificate is renewed weeks before it expires.
	DefaultReloadInterval = 5 * time.Second
	// DefaultShutdownDelay is longer than it takes until nodes stop sending new connections to a pod that is no
	// longer ready.
	DefaultShutdownDelay = 10 * time.Second
)

// Options configure a Server.
type Options struct {
	Address        string // of the TLS listener
	MetricsAddress string // of the metrics, plain HTTP; none if empty
	// Certificate and Key are PEM files.
	Certificate, Key string
	// ClientCA is a PEM file with the authorities of clients; if it is empty, any client may send reviews.
	// ClientNames are the allowed names of clients; any if empty.
	ClientCA    string
	ClientNames []string
	// Load reads the policy, and returns the files and folders from which it is read, even if it fails. It is called
	// by one goroutine at a time.
	Load func(context.Context) (policy *Policy, files []string, err error)

	ReloadInterval time.Duration // between checks of the files
	ShutdownDelay  time.Duration // from the end of Serve's context until connections are refused
	MaxInFlight    int           // reviews that are being evaluated or waiting; more are shed
	LogAllowed     bool          // also log reviews that are allowed without a warning
	Log            *slog.Logger
}

// Server answers reviews. Create it with New, run it with Serve.
type Server struct {
	options         Options
	metrics         *metrics
	log             *decisionLog
	connections     *connections
	listener        net.Listener
	metricsListener net.Listener // nil if there are no metrics
	handler         http.Handler

	policy      atomic.Pointer[Policy]
	certificate atomic.Pointer[tls.Certificate]
	clients     atomic.Pointer[clients] // nil if any client may send reviews
	ready       atomic.Bool
	draining    atomic.Bool

	policies     watch
	certificates watch

	drainTimeout time.Duration
	after        func(time.Duration) <-chan time.Time // time.After
	now          func() time.Time                     // time.Now
}

// CertificateError reports that the certificate or its key cannot be used or, with OfClients, the client CA.
type CertificateError struct {
	err       error
	OfClients bool
}

func (e *CertificateError) Error() string { return e.err.Error() }
func (e *CertificateError) Unwrap() error { return e.err }

// New reads policy and certificate, and listens. Serve closes the listeners; call it once. The error is that of
// Options.Load, a *CertificateError, or that of listening.
func New(ctx context.Context, options Options) (*Server, error) {
	s := &Server{
		options: options, log: newDecisionLog(options.Log, options.LogAllowed),
		drainTimeout: drainTimeout, after: time.After, now: time.Now,
	}
	s.policies = watch{what: policyReload, load: s.loadPolicy}
	s.certificates = watch{what: certificateReload, load: s.loadCertificate}
	if err := s.policies.start(ctx); err != nil {
		return nil, err
	}
	if err := s.certificates.start(ctx); err != nil {
		var ofClients *clientsError
		return nil, &CertificateError{err: err, OfClients: errors.As(err, &ofClients)}
	}
	s.metrics = newMetrics(
		func(group, kind string) bool { return s.policy.Load().Covers(group, kind) },
		func(group, version, kind string) bool { return s.policy.Load().Lists(group, version, kind) },
	)
	s.connections = newConnections(connectionAge, func() { s.metrics.failed(0, false) })
	s.metrics.reloaded.WithLabelValues(policyReload).Set(1)
	s.metrics.reloaded.WithLabelValues(certificateReload).Set(1)
	s.updateMetrics()
	s.handler = s.routes()

	var err error
	if s.listener, err = net.Listen("tcp", options.Address); err != nil {
		return nil, err
	}
	if options.MetricsAddress != "" {
		if s.metricsListener, err = net.Listen("tcp", options.MetricsAddress); err != nil {
			s.listener.Close()
			return nil, err
		}
	}
	return s, nil
}

// Addr is the address of the TLS listener.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// MetricsAddr is the address of the metrics; nil if there are none.
func (s *Server) MetricsAddr() net.Addr {
	if s.metricsListener == nil {
		return nil
	}
	return s.metricsListener.Addr()
}

func (s *Server) routes() http.Handler {
	reviews := newHandler(s.policy.Load, s.metrics, s.log, s.options.MaxInFlight)
	if s.options.ClientCA != "" {
		reviews.identify = s.identify
	}
	others := http.NewServeMux()
	others.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	others.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case s.draining.Load():
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
		case s.expired():
			http.Error(w, "the certificate has expired", http.StatusServiceUnavailable)
		case !s.ready.Load():
			http.Error(w, "no self-review has been answered yet", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection := connectionOf(r.Context())
		isReview := r.URL.Path == reviewPath
		if s.draining.Load() || !isReview || !connection.end.IsZero() && time.Now().After(connection.end) {
			// A client that reconnects reaches another replica. Only reviews need a connection that stays open.
			w.Header().Set("Connection", "close")
		}
		if isReview {
			reviews.ServeHTTP(w, r)
			return
		}
		connection.begin()
		others.ServeHTTP(w, r)
	})
}

// reviewPath is the path of reviews.
const reviewPath = "/validate"

// identify returns the reason why a client may not send reviews. A client with the webhook's own key is the webhook.
func (s *Server) identify(state *tls.ConnectionState) error {
	if state != nil && len(state.PeerCertificates) > 0 && bytes.Equal(state.PeerCertificates[0].Raw, s.certificate.Load().Leaf.Raw) {
		return nil
	}
	return s.clients.Load().identify(state)
}

// expired reports whether the certificate has expired.
func (s *Server) expired() bool { return s.now().After(s.certificate.Load().Leaf.NotAfter) }

// tlsConfig is the configuration for reviews. The certificate of a client is verified when it sends a review, because
// a kubelet that probes has none.
func (s *Server) tlsConfig() *tls.Config {
	settings := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			connection := connectionOf(hello.Context())
			connection.greeted.Store(int64(time.Since(connection.accepted)))
			return s.certificate.Load(), nil
		},
	}
	if s.options.ClientCA != "" {
		settings.ClientAuth = tls.RequestClientCert
	}
	return settings
}

// Serve answers until ctx ends, then shuts down gracefully: it reports that it is not ready, continues to answer for
// ShutdownDelay, closes connections after their answers, and returns after the last review. The error is one of
// serving.
func (s *Server) Serve(ctx context.Context) error {
	reviews, exposing := s.httpServer(s.handler), s.httpServer(s.metricsHandler())
	reviews.ConnContext, reviews.ConnState = s.connections.context, s.connections.state
	reviews.TLSConfig = s.tlsConfig()
	failed := make(chan error, 2)
	var background sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		reviews.Close()
		exposing.Close()
		background.Wait()
	}()
	background.Go(func() { failed <- reviews.ServeTLS(s.listener, "", "") })
	if s.metricsListener != nil {
		background.Go(func() { failed <- exposing.Serve(s.metricsListener) })
	}
	background.Go(func() { s.becomeReady(working) })
	background.Go(func() { s.reloadLoop(working) })

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.options.Log.Info("shutting down", "delay", s.options.ShutdownDelay.String())
	select {
	case err := <-failed:
		return err
	case <-s.after(s.options.ShutdownDelay):
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drainTimeout)
	defer cancel()
	if err := reviews.Shutdown(ending); err != nil {
		s.options.Log.Error("stopped before every review was answered", "error", err.Error())
		return fmt.Errorf("wait for the last reviews: %w", err)
	}
	s.options.Log.Info("stopped; every review was answered")
	return nil
}

// httpServer serves only HTTP/1.1: the API server never uses HTTP/2 for a Service.
func (s *Server) httpServer(handler http.Handler) *http.Server {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Server{
		Handler: handler, Protocols: &http1, MaxHeaderBytes: maxHeader,
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: log.New(s.log, "", 0),
	}
}

func (s *Server) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	return mux
}

// becomeReady sends a review to the listener, as the API server does, until one is answered.
func (s *Server) becomeReady(ctx context.Context) {
	tick := time.NewTicker(selfReviewInterval)
	defer tick.Stop()
	logged := ""
	for {
		err := s.reviewSelf(ctx)
		if err == nil {
			s.ready.Store(true)
			policy := s.policy.Load()
			s.options.Log.Info("ready", "address", s.listener.Addr().String(),
				"edition", policy.Edition, "policy_digest", policy.Digest, "configuration_digest", policy.Configuration)
			s.logLeftOut(policy)
			return
		}
		if ctx.Err() == nil && err.Error() != logged {
			logged = err.Error()
			s.options.Log.Error("not ready", "error", logged)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// selfReview uses a pod that has facts, so that the policies are evaluated.
const selfReview = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "readiness", "operation": "CREATE",
	"kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
	"name": "readiness", "dryRun": true, "userInfo": {"username": "mlpolicy"},
	"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "readiness"}, "spec": {"containers": [{"name": "readiness", "image": "readiness"}]}}}}`

func (s *Server) reviewSelf(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, selfReviewTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			// The name and the authority that the API server expects are not known here. Only the identity of the
			// certificate in use can be checked.
			InsecureSkipVerify: true,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return s.certificate.Load(), nil
			},
			VerifyConnection: func(state tls.ConnectionState) error {
				if !bytes.Equal(state.PeerCertificates[0].Raw, s.certificate.Load().Leaf.Raw) {
					return errors.New("another process answers at the webhook's address")
				}
				return nil
			},
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+loopback(s.listener.Addr())+reviewPath, strings.NewReader(selfReview))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	var review admissionv1.AdmissionReview
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("self-review: status %d: %s", response.StatusCode, bytes.TrimSpace(body))
	}
	if err := stdjson.Unmarshal(body, &review); err != nil {
		return err
	}
	if review.Response == nil || review.Response.UID != "readiness" {
		return errors.New("self-review: not the answer to its request")
	}
	return nil
}

// loopback is the local address of a listener.
func loopback(address net.Addr) string {
	at, err := netip.ParseAddrPort(address.String())
	if err != nil || !at.Addr().IsUnspecified() {
		return address.String()
	}
	return net.JoinHostPort("localhost", fmt.Sprint(at.Port()))
}

// reloadLoop reloads changed files until ctx ends.
func (s *Server) reloadLoop(ctx context.Context) {
	tick := time.NewTicker(s.options.ReloadInterval)
	defer tick.Stop()
	expired := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before := expired
		if expired = s.expired(); expired && !before {
			s.options.Log.Error("not ready", "error", "the certificate expired on "+s.expiry())
		}
		for _, watch := range []*watch{&s.certificates, &s.policies} {
			changed, err := watch.poll(ctx)
			if !changed || ctx.Err() != nil {
				continue
			}
			s.metrics.recordReload(watch.what, err)
			if err != nil {
				s.options.Log.Error("reload failed; keeping the last good version", "what", watch.what, "error", err.Error())
				continue
			}
			s.updateMetrics()
			policy := s.policy.Load()
			s.options.Log.Info("reloaded", "what", watch.what,
				"edition", policy.Edition, "policy_digest", policy.Digest, "configuration_digest", policy.Configuration,
				"certificate_expiry", s.expiry())
			s.logLeftOut(policy)
		}
	}
}

// expiry is the expiry of the certificate in use, as text.
func (s *Server) expiry() string {
	return s.certificate.Load().Leaf.NotAfter.UTC().Format(time.RFC3339)
}

// logLeftOut logs the current rules that reviews skip.
func (s *Server) logLeftOut(policy *Policy) {
	if len(policy.LeftOut) > 0 {
		s.options.Log.Warn("rules with scope: project are skipped because a review is about one object", "rules", policy.LeftOut)
	}
}

// updateMetrics sets the metrics of the current policy and certificate.
func (s *Server) updateMetrics() {
	s.metrics.setPolicy(s.policy.Load())
	s.metrics.expiry.Set(float64(s.certificate.Load().Leaf.NotAfter.Unix()))
}

func (s *Server) loadPolicy(ctx context.Context) ([]string, error) {
	policy, files, err := s.options.Load(ctx)
	if err == nil {
		s.policy.Store(policy)
	}
	return files, err
}

// loadCertificate reads certificate, key and client CA. A certificate and a key that do not match are an error until
// both have been replaced.
func (s *Server) loadCertificate(context.Context) ([]string, error) {
	files := []string{s.options.Certificate, s.options.Key}
	var authorized *clients
	if s.options.ClientCA != "" {
		files = append(files, s.options.ClientCA)
		var err error
		if authorized, err = loadClients(s.options.ClientCA, s.options.ClientNames); err != nil {
			return files, err
		}
	}
	certificate, err := tls.LoadX509KeyPair(s.options.Certificate, s.options.Key)
	var unread *fs.PathError // contains the name of the file
	if err != nil && !errors.As(err, &unread) {
		err = fmt.Errorf("%s, %s: %w", s.options.Certificate, s.options.Key, err)
	}
	if err != nil {
		return files, err
	}
	if end := certificate.Leaf.NotAfter; time.Now().After(end) {
		return files, fmt.Errorf("%s: the certificate expired on %s", s.options.Certificate, end.UTC().Format(time.RFC3339))
	}
	s.certificate.Store(&certificate)
	s.clients.Store(authorized)
	return files, nil
}

// watch reloads something if the content of its files has changed.
type watch struct {
	what string
	load func(context.Context) (files []string, err error)

	files  []string
	digest string // of the files before they were last read
	seen   string // of the files at the last check
}

// start loads for the first time, and again until the files do not change in the meantime, because the list of files
// is known only after the first load.
func (w *watch) start(ctx context.Context) error {
	for ctx.Err() == nil {
		before := digest(w.files)
		files, err := w.load(ctx)
		if err != nil {
			return err
		}
		known := slices.Equal(files, w.files)
		w.files, w.digest = files, before
		if known && digest(files) == before {
			return nil
		}
	}
	return ctx.Err()
}

// poll reloads files that have changed and are unchanged since the last poll, so that partial writes are not loaded.
// After a failure it waits for the next change.
func (w *watch) poll(ctx context.Context) (changed bool, err error) {
	before := digest(w.files)
	settled := before == w.seen
	w.seen = before
	if before == w.digest || !settled {
		return false, nil
	}
	files, err := w.load(ctx)
	if !slices.Equal(files, w.files) {
		before = "" // of other files: load again
	}
	w.files, w.digest = files, before
	return true, err
}

// digest covers the names and contents of files and, recursively, of folders except dot files. The error of an
// unreadable file is included.
func digest(files []string) string {
	sum := sha256.New()
	add := func(name string, content []byte, err error) {
		fmt.Fprintf(sum, "%q %d %v ", name, len(content), err)
		sum.Write(content)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || !info.IsDir() {
			content, err := os.ReadFile(file)
			add(file, content, err)
			continue
		}
		folder := os.DirFS(file)
		// The callback passes each error to add and returns none.
		_ = fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				add(path.Join(file, name), nil, err)
				return nil
			case name != "." && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir():
				return nil
			}
			content, err := fs.ReadFile(folder, name)
			add(path.Join(file, name), content, err)
			return nil
		})
	}
	return hex.EncodeToString(sum.Sum(nil))
}
