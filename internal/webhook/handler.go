package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const (
	// maxPooledBuffer is in bytes: larger buffers are left to the garbage collector.
	maxPooledBuffer = 64 << 10
	// defaultTimeout is the timeout of an API server that does not send one.
	defaultTimeout = 10 * time.Second
	// minTimeout and maxTimeout are the shortest and the longest timeout that can be configured in an API server.
	minTimeout = time.Second
	maxTimeout = 30 * time.Second
	// maxMargin limits the tenth of the timeout that is reserved for delays that cannot be measured here.
	maxMargin = 500 * time.Millisecond
	// maxRecognized is the number of bytes at the beginning of a body in which its kind is looked for.
	maxRecognized = 512
	// statusGone is the status code of a client that did not wait for its answer.
	statusGone = 499
)

// handler answers POST requests with an AdmissionReview, using the current policy.
type handler struct {
	policy  func() *Policy
	metrics *metrics
	log     *decisionLog
	// identify returns the reason why a client may not send reviews, or nil if it may. It is nil if any client may.
	identify func(*tls.ConnectionState) error

	capacity *capacity
	buffers  sync.Pool
}

// newHandler returns a handler. policy returns the current policy. maxInFlight limits the reviews that are being
// evaluated or waiting; more are shed.
func newHandler(policy func() *Policy, metrics *metrics, log *decisionLog, maxInFlight int) *handler {
	return &handler{
		policy: policy, metrics: metrics, log: log, capacity: newCapacity(maxInFlight),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// failure is an answer without a verdict: the API server then applies its failurePolicy.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failf(code int, format string, args ...any) *failure {
	return &failure{code, fmt.Errorf(format, args...)}
}

// errGone reports that the client gave up before the answer.
var errGone = errors.New("the client disconnected")

// exchange is one request.
type exchange struct {
	*http.Request
	connection *connection
	began      time.Time // when the client sent it
	// isReview is set if the body has arrived or is too large, and its beginning contains the kind of a review.
	isReview bool
}

// known reports whether the client is known to be an API server: by its certificate if certificates are required,
// otherwise because it received a verdict before or sent a review.
func (x *exchange) known() bool { return x.connection.known.Load() || x.isReview }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, connection: connectionOf(r.Context())}
	x.began = x.connection.begin()
	defer func() {
		if fault := recover(); fault != nil {
			h.log.panicked(r, fault, debug.Stack())
			h.fail(w, x, failf(http.StatusInternalServerError, "internal error"))
		}
	}()
	if err := h.serve(w, x); err != nil {
		h.fail(w, x, err)
	}
}

// fail answers without a verdict. It never sends Retry-After, because the API server would wait.
func (h *handler) fail(w http.ResponseWriter, x *exchange, err error) {
	if errors.Is(err, errGone) && x.connection.evicted.Load() {
		err = errShed
	}
	code := http.StatusInternalServerError
	var known *failure
	switch {
	case errors.Is(err, errGone):
		code = statusGone
	case errors.As(err, &known):
		code = known.code
	}
	h.metrics.failed(code, x.known())
	h.log.failed(x, code, err)
	if code == statusGone {
		code = http.StatusServiceUnavailable // for a client that still reads
	}
	if code == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	if !x.connection.known.Load() {
		// Only the API server has a reason to keep a connection.
		w.Header().Set("Connection", "close")
	}
	// kubectl prints this text if the failurePolicy is Fail.
	http.Error(w, truncate(report.Inert(err.Error()), maxLine), code)
}

// serve writes the review with its response. If it returns an error, it has written nothing.
func (h *handler) serve(w http.ResponseWriter, x *exchange) error {
	if h.identify != nil && !x.connection.known.Load() {
		if err := h.identify(x.TLS); err != nil {
			return failf(http.StatusForbidden, "%w", err)
		}
		x.connection.known.Store(true)
	}
	timeout, err := timeoutOf(x.Request)
	if err != nil {
		return err
	}
	body := h.buffers.Get().(*bytes.Buffer)
	body.Reset()
	control := http.NewResponseController(w)
	claim := h.capacity.claim(x.connection.known.Load(), func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
	defer func() {
		claim.end()
		if body.Cap() <= maxPooledBuffer {
			h.buffers.Put(body)
		}
	}()
	if err := h.read(x, body, claim); err != nil {
		return err
	}
	end := deadline(x.began, time.Now(), timeout.usable())
	ctx, cancel := context.WithDeadline(x.Context(), end)
	defer cancel()
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()
	if err := claim.enter(ctx); err != nil {
		return err
	}
	request, err := decode(body.Bytes())
	if err != nil {
		return err
	}
	left := time.Until(end)
	decision, err := h.policy().Review(ctx, request)
	switch {
	case err == nil:
	case isGone(ctx):
		return fmt.Errorf("review %s: %w", request.UID, errGone)
	case errors.Is(err, errNoObject):
		return failf(http.StatusBadRequest, "review %s: %w", request.UID, err)
	case ctx.Err() != nil && left < timeout.usable()/2:
		// The client or the wait took most of the time, not the evaluation.
		return failf(errLate.code, "review %s: %w", request.UID, errLate)
	case ctx.Err() != nil:
		return fmt.Errorf("review %s: took longer than %s: %w", request.UID, timeout.usable(), err)
	default:
		return fmt.Errorf("review %s: %w", request.UID, err)
	}
	answer, err := stdjson.Marshal(&admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: decision.Response,
	})
	if err != nil {
		return fmt.Errorf("write the response: %w", err)
	}
	// A late answer is not read, so it is not counted as a verdict.
	if isGone(ctx) || hasHungUp(x.connection.raw) || time.Since(x.began) >= time.Duration(timeout) {
		return fmt.Errorf("review %s: %w", request.UID, errGone)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if _, err := w.Write(answer); err != nil {
		return fmt.Errorf("review %s: %w", request.UID, errGone)
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("review %s: %w", request.UID, errGone)
	}
	x.connection.known.Store(true)
	duration := time.Since(x.began)
	h.metrics.decided(request, decision, duration)
	h.log.decided(x.Request, request, decision, duration)
	return nil
}

// timeout is the time that an API server waits.
type timeout time.Duration

func timeoutOf(r *http.Request) (timeout, error) {
	waits := defaultTimeout
	if text := r.URL.Query().Get("timeout"); text != "" {
		var err error
		if waits, err = time.ParseDuration(text); err != nil || waits <= 0 {
			return 0, failf(http.StatusBadRequest, "timeout %q is not a duration such as 3s", truncate(text, maxClientString))
		}
	}
	return timeout(min(max(waits, minTimeout), maxTimeout)), nil
}

// usable is the timeout without the margin.
func (t timeout) usable() time.Duration {
	return time.Duration(t) - min(time.Duration(t)/10, maxMargin)
}

// deadline returns the deadline of a review, given when the client began to send the request, when its last byte
// arrived, and the time within which the answer must arrive. The answer may take as long as the request took, but at
// most half of the remaining time.
func deadline(began, arrived time.Time, within time.Duration) time.Time {
	transfer := arrived.Sub(began)
	left := within - transfer
	return arrived.Add(left - min(transfer, max(left, 0)/2))
}

// read reads the body of a request.
func (h *handler) read(x *exchange, body *bytes.Buffer, claim *claim) error {
	if x.Method != http.MethodPost {
		return failf(http.StatusMethodNotAllowed, "method %s: send reviews with POST", x.Method)
	}
	if kind, _, err := mime.ParseMediaType(x.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return failf(http.StatusUnsupportedMediaType, "content type %q: send reviews as application/json", truncate(x.Header.Get("Content-Type"), maxClientString))
	}
	tooLarge := failf(http.StatusRequestEntityTooLarge, "the body is larger than %d MiB", maxBody>>20)
	recognize := func() {
		// With certificates, clients without one do not get here.
		x.isReview = bytes.Contains(body.Bytes()[:min(body.Len(), maxRecognized)], []byte(`"AdmissionReview"`))
	}
	if x.ContentLength > maxBody {
		// The received beginning identifies the sender; the answer does not depend on it.
		_, _ = body.ReadFrom(&budgeted{from: io.LimitReader(x.Body, maxRecognized), claim: claim})
		recognize()
		return tooLarge
	}
	_, err := body.ReadFrom(&budgeted{from: io.LimitReader(x.Body, maxBody+1), claim: claim})
	switch {
	case errors.Is(err, errShed):
		return errShed
	case hungUp(err):
		return errGone
	case err != nil:
		return failf(http.StatusBadRequest, "read the body: %w", err)
	case body.Len() > maxBody:
		recognize()
		return tooLarge
	case body.Len() == 0:
		return failf(http.StatusBadRequest, "the body is empty")
	}
	recognize()
	return nil
}

// hungUp reports whether a body did not arrive because the client closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

// budgeted reads a body and stops if there is no memory for more.
type budgeted struct {
	from  io.Reader
	claim *claim
}

func (b *budgeted) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if !b.claim.grow(n) {
		return n, errShed
	}
	return n, err
}

// decode reads a review.
func decode(body []byte) (*admissionv1.AdmissionRequest, error) {
	var review admissionv1.AdmissionReview
	if err := readJSON(body, &review); err != nil {
		return nil, failf(http.StatusBadRequest, "the body is not an AdmissionReview: %w", err)
	}
	switch version := admissionv1.SchemeGroupVersion.String(); {
	case review.APIVersion != version || review.Kind != "AdmissionReview":
		return nil, failf(http.StatusBadRequest, "unsupported %s of %s, want AdmissionReview of %s", truncate(review.Kind, maxClientString), truncate(review.APIVersion, maxClientString), version)
	case review.Request == nil:
		return nil, failf(http.StatusBadRequest, "the review has no request")
	}
	return review.Request, nil
}

// readJSON reads JSON as the API server does: keys are case-sensitive and unknown fields are ignored.
// k8s.io/apimachinery/pkg/util/json takes five times as long.
func readJSON(data []byte, into any) error {
	return json.Unmarshal(data, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
