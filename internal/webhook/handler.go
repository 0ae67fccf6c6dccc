package webhook

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// maxBody is in bytes. etcd keeps objects of 1.5 MiB at most, and a review of an update
	// holds two. The API server writes some characters, such as <, as six.
	maxBody = 20 << 20
	// maxBodies is in bytes, over all bodies that are being read or wait: beyond it
	// requests are shed, so that nobody fills the memory. Bodies above largeBody may take
	// maxLargeBodies of it: a handful of them, slow to arrive or to judge, leaves the rest alone.
	maxBodies      = 64 << 20
	maxLargeBodies = 2 * maxBody
	// largeBody is in bytes. Of larger ones, which are rare, one is judged at a time: the
	// nodes of a document take up to fifty times its size.
	largeBody = 256 << 10
	// largeShare is the part of the reviews in flight that may have a large body, as a divisor.
	largeShare = 4
	// maxPooledBuffer is in bytes: the buffer of a larger body is left to the garbage collector.
	maxPooledBuffer = 64 << 10
	// defaultTimeout is what an API server waits that does not say how long.
	defaultTimeout = 10 * time.Second
	// maxTimeout is the longest that an API server may be configured to wait.
	maxTimeout = 30 * time.Second
	// maxMargin bounds the tenth of the timeout that the answer has to travel.
	maxMargin = 500 * time.Millisecond
	// DefaultMaxInFlight bounds the reviews that run or wait. On one core that many take
	// about a tenth of a second.
	DefaultMaxInFlight = 256
)

// handler answers POST requests with an AdmissionReview by the policy in force.
type handler struct {
	policy  func() *Policy
	metrics *metrics
	log     *decisionLog

	maxInFlight   int64
	inFlight      atomic.Int64  // reviews that run or wait
	largeInFlight atomic.Int64  // of these, those with a large body
	running       chan struct{} // holds one for each review that runs
	large         chan struct{} // holds the one of a large body
	bodies        atomic.Int64  // bytes of bodies in memory
	largeBodies   atomic.Int64  // of these, bytes of the large ones
	buffers       sync.Pool
}

// newHandler makes a handler. policy returns the one in force, and maxInFlight bounds the
// reviews that run or wait; more are shed.
func newHandler(policy func() *Policy, metrics *metrics, log *slog.Logger, logAllowed bool, maxInFlight int) *handler {
	return &handler{
		policy: policy, metrics: metrics, log: &decisionLog{Logger: log, allowed: logAllowed},
		maxInFlight: int64(maxInFlight),
		// Two for each processor, so that one goes on while the other writes its log.
		running: make(chan struct{}, 2*runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// failure is an answer that is not a verdict: the API server then does what its failurePolicy says.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failf(code int, format string, args ...any) *failure {
	return &failure{code, fmt.Errorf(format, args...)}
}

var (
	errShed = failf(http.StatusServiceUnavailable, "too many reviews in flight")
	// errGone says that the client does not wait for the answer any more.
	errGone = errors.New("the client went away")
)

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	defer func() {
		if fault := recover(); fault != nil {
			h.log.panicked(r, fault, debug.Stack())
			h.fail(w, r, failf(http.StatusInternalServerError, "internal error"))
		}
	}()
	answer, err := h.answer(r, started)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // a client that went away meanwhile is not an error of ours
}

// fail answers without a verdict, and never with Retry-After: the API server would wait.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errGone) {
		h.log.gone(r)
		return
	}
	code := http.StatusInternalServerError
	var known *failure
	if errors.As(err, &known) {
		code = known.code
	}
	if code == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	h.metrics.failed(code)
	if errors.Is(err, errShed) {
		h.metrics.shed.Inc()
		h.log.shed(r)
	} else {
		h.log.failed(r, code, err)
	}
	http.Error(w, truncate(err.Error(), maxLine), code)
}

// answer returns the review with its response.
func (h *handler) answer(r *http.Request, started time.Time) ([]byte, error) {
	timeout, err := timeoutOf(r)
	if err != nil {
		return nil, err
	}
	body := h.buffers.Get().(*bytes.Buffer)
	body.Reset()
	defer func() {
		h.hold(body.Len(), 0)
		if body.Cap() <= maxPooledBuffer {
			h.buffers.Put(body)
		}
	}()
	if err := h.read(r, body); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(r.Context(), started.Add(timeout))
	defer cancel()
	leave, err := h.enter(ctx, body.Len())
	if err != nil {
		return nil, err
	}
	defer leave()

	request, err := decode(body.Bytes())
	if err != nil {
		return nil, err
	}
	decision, err := h.policy().Review(ctx, request)
	switch {
	case err == nil:
	case isGone(ctx):
		return nil, errGone
	case errors.Is(err, errNoObject):
		return nil, failf(http.StatusBadRequest, "review %s: %w", request.UID, err)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("review %s: took longer than %s: %w", request.UID, timeout, err)
	default:
		return nil, fmt.Errorf("review %s: %w", request.UID, err)
	}
	answer, err := stdjson.Marshal(&admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: decision.Response,
	})
	if err != nil {
		return nil, fmt.Errorf("write the response: %w", err)
	}
	duration := time.Since(started)
	h.metrics.decided(request, decision, duration)
	h.log.decided(r, request, decision, duration)
	return answer, nil
}

// enter waits until a review with a body of a size in bytes may run, and returns what is to
// be called at its end. The error is errShed or errGone.
func (h *handler) enter(ctx context.Context, size int) (leave func(), err error) {
	var undo []func()
	leave = func() {
		for _, undo := range slices.Backward(undo) {
			undo()
		}
	}
	count := func(reviews *atomic.Int64, most int64) bool {
		undo = append(undo, func() { reviews.Add(-1) })
		return reviews.Add(1) <= most
	}
	wait := func(turn chan struct{}) bool {
		select {
		case turn <- struct{}{}:
			undo = append(undo, func() { <-turn })
			return true
		case <-ctx.Done():
			return false
		}
	}
	h.metrics.inFlight.Inc()
	undo = append(undo, h.metrics.inFlight.Dec)
	large := size > largeBody
	if count(&h.inFlight, h.maxInFlight) &&
		(!large || count(&h.largeInFlight, max(1, h.maxInFlight/largeShare)) && wait(h.large)) &&
		wait(h.running) {
		return leave, nil
	}
	leave()
	if isGone(ctx) {
		return nil, errGone
	}
	return nil, errShed
}

// timeoutOf is how long the review may take: as long as the API server waits, less a margin.
func timeoutOf(r *http.Request) (time.Duration, error) {
	timeout := defaultTimeout
	if text := r.URL.Query().Get("timeout"); text != "" {
		var err error
		if timeout, err = time.ParseDuration(text); err != nil || timeout <= 0 {
			return 0, failf(http.StatusBadRequest, "timeout %q is not a duration such as 3s", text)
		}
	}
	timeout = min(timeout, maxTimeout)
	return timeout - min(timeout/10, maxMargin), nil
}

// read reads the body of a request.
func (h *handler) read(r *http.Request, body *bytes.Buffer) error {
	if r.Method != http.MethodPost {
		return failf(http.StatusMethodNotAllowed, "method %s: send reviews with POST", r.Method)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return failf(http.StatusUnsupportedMediaType, "content type %q: send reviews as application/json", r.Header.Get("Content-Type"))
	}
	tooLarge := failf(http.StatusRequestEntityTooLarge, "the body is larger than %d MiB", maxBody>>20)
	if r.ContentLength > maxBody {
		return tooLarge
	}
	_, err := body.ReadFrom(&budgeted{from: io.LimitReader(r.Body, maxBody+1), hold: h.hold})
	switch {
	case errors.Is(err, errShed):
		return errShed
	case err != nil:
		return failf(http.StatusBadRequest, "read the body: %w", err)
	case body.Len() > maxBody:
		return tooLarge
	case body.Len() == 0:
		return failf(http.StatusBadRequest, "the body is empty")
	}
	return nil
}

// hold counts a body that grows or shrinks between two sizes in bytes, and tells whether
// there is room for it.
func (h *handler) hold(before, after int) bool {
	all := h.bodies.Add(int64(after - before))
	large := h.largeBodies.Add(largeSize(after) - largeSize(before))
	return all <= maxBodies && (after <= largeBody || large <= maxLargeBodies)
}

// largeSize is what a body takes in bytes of the room for large ones.
func largeSize(size int) int64 {
	if size <= largeBody {
		return 0
	}
	return int64(size)
}

// budgeted counts what is read for all bodies together and ends where that is too much.
type budgeted struct {
	from io.Reader
	hold func(before, after int) bool
	read int
}

func (b *budgeted) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	before := b.read
	b.read += n
	if !b.hold(before, b.read) {
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

// readJSON reads JSON as the API server does: keys are case-sensitive and unknown fields are
// ignored. k8s.io/apimachinery/pkg/util/json takes five times as long for it.
func readJSON(data []byte, into any) error {
	return json.Unmarshal(data, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
