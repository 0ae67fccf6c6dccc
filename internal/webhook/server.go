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
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

const (
	// readHeaderTimeout and readTimeout bound how long a client may take to send a
	// request; the API server takes milliseconds.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	// writeTimeout is longer than any review may take.
	writeTimeout = maxTimeout + 5*time.Second
	// idleTimeout is longer than that of the API server's client, 90 s, which so never
	// sends on a connection that is being closed here.
	idleTimeout = 2 * time.Minute
	// maxHeader is in bytes.
	maxHeader = 32 << 10
	// drainTimeout bounds the wait for the last reviews. Most end within milliseconds.
	drainTimeout = 15 * time.Second
	// connectionAge is the least age at which a connection is closed after an answer, and
	// half the greatest: an API server that never had to connect anew would never send
	// anything to pods that came later.
	connectionAge = 5 * time.Minute
	// selfReviewInterval is the time between attempts to get ready.
	selfReviewInterval = 200 * time.Millisecond

	// DefaultPoll is the time between looks at the files. A kubelet brings a changed
	// ConfigMap within a minute or so; a certificate is renewed weeks before its end.
	DefaultPoll = 5 * time.Second
	// DefaultDrainDelay is longer than it takes until no node sends new connections to a
	// pod that is not ready any more.
	DefaultDrainDelay = 10 * time.Second
)

// Options say how to serve.
type Options struct {
	Address        string // of the TLS listener
	MetricsAddress string // of the metrics, plain HTTP; none if empty
	// Certificate and Key are PEM files.
	Certificate, Key string
	// Load reads the policy anew, and names the files and folders that it is read from,
	// also where it fails.
	Load func(context.Context) (policy *Policy, files []string, err error)

	Poll        time.Duration // between looks at the files
	DrainDelay  time.Duration // between the end of ctx and the refusal of connections
	MaxInFlight int           // see NewHandler
	LogAllowed  bool
	Log         *slog.Logger
}

// Server answers reviews. Make it with New, run it with Serve.
type Server struct {
	options  Options
	metrics  *Metrics
	listener net.Listener
	exposed  net.Listener // of the metrics, nil without
	handler  http.Handler

	policy      atomic.Pointer[Policy]
	certificate atomic.Pointer[tls.Certificate]
	ready       atomic.Bool
	draining    atomic.Bool

	policies     watch
	certificates watch

	drainTimeout, connectionAge time.Duration
}

// CertificateError says that the certificate or its key cannot be used.
type CertificateError struct{ err error }

func (e *CertificateError) Error() string { return e.err.Error() }
func (e *CertificateError) Unwrap() error { return e.err }

// New reads policy and certificate, and listens. Its error is that of Options.Load, a
// *CertificateError, or that of listening.
func New(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: options, drainTimeout: drainTimeout, connectionAge: connectionAge}
	s.policies = watch{what: policyReload, load: s.loadPolicy}
	s.certificates = watch{what: certificateReload, load: s.loadCertificate}
	if err := s.policies.start(ctx); err != nil {
		return nil, err
	}
	if err := s.certificates.start(ctx); err != nil {
		return nil, &CertificateError{err}
	}
	s.metrics = NewMetrics(func(group, kind string) bool { return s.policy.Load().Covers(group, kind) })
	s.metrics.reloaded.WithLabelValues(policyReload).Set(1)
	s.metrics.reloaded.WithLabelValues(certificateReload).Set(1)
	s.tell()
	s.handler = s.routes()

	var err error
	if s.listener, err = net.Listen("tcp", options.Address); err != nil {
		return nil, err
	}
	if options.MetricsAddress != "" {
		if s.exposed, err = net.Listen("tcp", options.MetricsAddress); err != nil {
			s.listener.Close()
			return nil, err
		}
	}
	return s, nil
}

// Addr is the address of the TLS listener, MetricsAddr that of the metrics, nil without.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// MetricsAddr is the address of the metrics, nil without.
func (s *Server) MetricsAddr() net.Addr {
	if s.exposed == nil {
		return nil
	}
	return s.exposed.Addr()
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/validate", NewHandler(s.policy.Load, s.metrics, s.options.Log, s.options.LogAllowed, s.options.MaxInFlight))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case s.draining.Load():
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
		case !s.ready.Load():
			http.Error(w, "no review of its own has been answered yet", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if end, ok := r.Context().Value(connectionEnd{}).(time.Time); s.draining.Load() || ok && time.Now().After(end) {
			// Whoever comes again comes to another replica.
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}

// connectionEnd is the key of a connection's context under which stands when it is to be
// closed, a time.Time.
type connectionEnd struct{}

// aging notes when a connection is to be closed. Those that were opened together are not
// closed together.
func (s *Server) aging(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionEnd{}, time.Now().Add(s.connectionAge+rand.N(s.connectionAge+1)))
}

// Serve answers until ctx ends, and then in an orderly way no more: it says that it is not
// ready, answers what still comes for DrainDelay, each time with the wish to close the
// connection, and ends with the last review. The error is one of serving.
func (s *Server) Serve(ctx context.Context) error {
	// HTTP/1.1 alone: the API server never speaks HTTP/2 to a Service.
	var http1 http.Protocols
	http1.SetHTTP1(true)
	errorLog := slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn)
	reviews := &http.Server{
		Handler: s.handler, Protocols: &http1, ErrorLog: errorLog, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ConnContext: s.aging,
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.Load(), nil },
		},
	}
	failed := make(chan error, 2)
	go func() { failed <- reviews.ServeTLS(s.listener, "", "") }()
	if s.exposed != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics)
		exposing := &http.Server{
			Handler: mux, Protocols: &http1, ErrorLog: errorLog, MaxHeaderBytes: maxHeader,
			ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		}
		go func() { failed <- exposing.Serve(s.exposed) }()
		defer exposing.Close()
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	go s.getReady(working)
	go s.follow(working)

	select {
	case err := <-failed:
		reviews.Close()
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.options.Log.Info("shutting down", "delay", s.options.DrainDelay.String())
	select {
	case err := <-failed:
		return err
	case <-time.After(s.options.DrainDelay):
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drainTimeout)
	defer cancel()
	if err := reviews.Shutdown(ending); err != nil {
		s.options.Log.Error("ended, and not every review was answered", "error", err.Error())
		return errors.Join(fmt.Errorf("wait for the last reviews: %w", err), reviews.Close())
	}
	s.options.Log.Info("ended, and every review was answered")
	return nil
}

// getReady asks for a review over the listener, as the API server does, until one is answered.
func (s *Server) getReady(ctx context.Context) {
	tick := time.NewTicker(selfReviewInterval)
	defer tick.Stop()
	said := ""
	for {
		err := s.reviewSelf(ctx)
		if err == nil {
			s.ready.Store(true)
			policy := s.policy.Load()
			s.options.Log.Info("ready", "address", s.listener.Addr().String(),
				"edition", policy.Edition, "policy_digest", policy.Digest, "configuration_digest", policy.Configuration)
			return
		}
		if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.options.Log.Error("not ready", "error", said)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// selfReview is of a pod that has facts, so that the policies are asked.
const selfReview = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "readiness", "operation": "CREATE",
	"kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
	"name": "readiness", "dryRun": true, "userInfo": {"username": "mlpolicy"},
	"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "readiness"}, "spec": {"containers": [{"name": "readiness", "image": "readiness"}]}}}}`

func (s *Server) reviewSelf(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readHeaderTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			// Which name and which authority the API server expects is not known here. That
			// the certificate is the one in force is.
			InsecureSkipVerify: true,
			VerifyConnection: func(state tls.ConnectionState) error {
				if !bytes.Equal(state.PeerCertificates[0].Raw, s.certificate.Load().Leaf.Raw) {
					return errors.New("somebody else answers at the address of the webhook")
				}
				return nil
			},
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+loopback(s.listener.Addr())+"/validate", strings.NewReader(selfReview))
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
		return fmt.Errorf("a review of its own: status %d: %s", response.StatusCode, bytes.TrimSpace(body))
	}
	if err := stdjson.Unmarshal(body, &review); err != nil {
		return err
	}
	if review.Response == nil || review.Response.UID != "readiness" {
		return errors.New("a review of its own: not the answer to what was asked")
	}
	return nil
}

// loopback is the address by which a listener is reached from here.
func loopback(address net.Addr) string {
	at, err := netip.ParseAddrPort(address.String())
	if err != nil || !at.Addr().IsUnspecified() {
		return address.String()
	}
	return net.JoinHostPort("localhost", fmt.Sprint(at.Port()))
}

// follow reads anew what has changed, until ctx ends.
func (s *Server) follow(ctx context.Context) {
	tick := time.NewTicker(s.options.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, watch := range []*watch{&s.certificates, &s.policies} {
			changed, err := watch.poll(ctx)
			if !changed || ctx.Err() != nil {
				continue
			}
			s.metrics.attempted(watch.what, err)
			if err != nil {
				s.options.Log.Error("reload failed, the last good one stays", "what", watch.what, "error", err.Error())
				continue
			}
			s.tell()
			policy := s.policy.Load()
			s.options.Log.Info("reloaded", "what", watch.what,
				"edition", policy.Edition, "policy_digest", policy.Digest, "configuration_digest", policy.Configuration,
				"certificate_expiry", s.certificate.Load().Leaf.NotAfter.UTC().Format(time.RFC3339))
		}
	}
}

// tell brings the metrics up to what is in force.
func (s *Server) tell() {
	s.metrics.inForce(s.policy.Load())
	s.metrics.expiry.Set(float64(s.certificate.Load().Leaf.NotAfter.Unix()))
}

func (s *Server) loadPolicy(ctx context.Context) ([]string, error) {
	policy, files, err := s.options.Load(ctx)
	if err == nil {
		s.policy.Store(policy)
	}
	return files, err
}

// loadCertificate reads certificate and key. Halves of two pairs do not fit, which is an
// error until the other half is there.
func (s *Server) loadCertificate(context.Context) ([]string, error) {
	files := []string{s.options.Certificate, s.options.Key}
	certificate, err := tls.LoadX509KeyPair(s.options.Certificate, s.options.Key)
	var unread *fs.PathError // names its file
	if err != nil && !errors.As(err, &unread) {
		err = fmt.Errorf("%s, %s: %w", s.options.Certificate, s.options.Key, err)
	}
	if err != nil {
		return files, err
	}
	if end := certificate.Leaf.NotAfter; time.Now().After(end) {
		return files, fmt.Errorf("%s: the certificate ended on %s", s.options.Certificate, end.UTC().Format(time.RFC3339))
	}
	s.certificate.Store(&certificate)
	return files, nil
}

// watch reads something anew when the content of its files has changed.
type watch struct {
	what string
	load func(context.Context) (files []string, err error)

	files  []string
	digest string // of the files before they were read last
	seen   string // of the files when they were looked at last
}

// start reads for the first time, until the files stayed what they were meanwhile.
func (w *watch) start(ctx context.Context) error {
	for {
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
}

// poll reads again what has changed and has stayed so since the last look: nobody is
// writing any more. After a failure it waits for the next change.
func (w *watch) poll(ctx context.Context) (changed bool, err error) {
	before := digest(w.files)
	settled := before == w.seen
	w.seen = before
	if before == w.digest || !settled {
		return false, nil
	}
	files, err := w.load(ctx)
	if !slices.Equal(files, w.files) {
		before = "" // of other files: look again
	}
	w.files, w.digest = files, before
	return true, err
}

// digest is of the names and the content of files and of what is in folders, but for what
// a dot hides. What cannot be read counts with its error.
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
		// Its errors are those that it is told.
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
