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
	// bodyTimeout bounds how long a body may take to come: those that are slow hold the room
	// for others, and the API server takes milliseconds.
	bodyTimeout = 3 * time.Second
	// maxBodies is in bytes, over all bodies that are being read or wait: beyond it
	// requests are shed, so that nobody fills the memory. Bodies above largeBody may take
	// maxLargeBodies of it: a handful of them, slow to come or to judge, leaves the rest alone.
	maxBodies      = 96 << 20
	maxLargeBodies = 3 * maxBody
	// largeBody is in bytes. Of larger ones, which are rare, one is judged at a time: the
	// nodes of a document take up to fifty times its size.
	largeBody = 256 << 10
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

// Handler answers POST requests with an AdmissionReview by the policy in force.
type Handler struct {
	policy  func() *Policy
	metrics *Metrics
	log     *decisionLog

	maxInFlight int64
	inFlight    atomic.Int64  // reviews that run or wait
	running     chan struct{} // holds one for each review that runs: more than cores gain nothing
	large       chan struct{} // holds the one of a large body
	bodies      atomic.Int64  // bytes of bodies in memory
	largeBodies atomic.Int64  // of these, bytes of the large ones
	buffers     sync.Pool
}

// NewHandler makes a Handler. policy returns the one in force, and maxInFlight bounds the
// reviews that run or wait; more are shed.
func NewHandler(policy func() *Policy, metrics *Metrics, log *slog.Logger, logAllowed bool, maxInFlight int) *Handler {
	return &Handler{
		policy: policy, metrics: metrics, log: &decisionLog{Logger: log, allowed: logAllowed},
		maxInFlight: int64(maxInFlight), running: make(chan struct{}, 2*runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// failure is an answer that is no verdict: the API server then does what its failurePolicy says.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }

func failf(code int, format string, args ...any) *failure {
	return &failure{code, fmt.Errorf(format, args...)}
}

var errBusy = failf(http.StatusServiceUnavailable, "too many reviews at once")

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	defer func() {
		if fault := recover(); fault != nil {
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			h.log.panicked(r, fault, debug.Stack())
			h.fail(w, r, failf(http.StatusInternalServerError, "the review failed inside"))
		}
	}()
	answer, err := h.answer(w, r, started)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A reader that went away is no concern of ours.
	_, _ = w.Write(answer)
}

// fail answers without a verdict, and never with Retry-After: the API server would wait.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusInternalServerError
	var known *failure
	if errors.As(err, &known) {
		code = known.code
	}
	if code == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	h.metrics.failed(code)
	if code == http.StatusServiceUnavailable {
		h.log.shed(r)
	} else {
		h.log.failed(r, code, err)
	}
	http.Error(w, short(err.Error(), maxLine), code)
}

// answer returns the review with its response.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, started time.Time) ([]byte, error) {
	timeout, err := timeoutOf(r)
	if err != nil {
		return nil, err
	}
	buffer := h.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		h.hold(buffer.Len(), 0)
		if buffer.Cap() <= 64<<10 { // a large one would stay for ever
			h.buffers.Put(buffer)
		}
	}()
	// A writer that cannot set one has none of its own.
	_ = http.NewResponseController(w).SetReadDeadline(started.Add(bodyTimeout))
	if err := h.read(r, buffer); err != nil {
		return nil, err
	}

	if h.inFlight.Add(1) > h.maxInFlight {
		h.inFlight.Add(-1)
		h.metrics.Shed.Inc()
		return nil, errBusy
	}
	defer h.inFlight.Add(-1)
	h.metrics.InFlight.Inc()
	defer h.metrics.InFlight.Dec()
	ctx, cancel := context.WithDeadline(r.Context(), started.Add(timeout))
	defer cancel()
	turns := []chan struct{}{h.running}
	if buffer.Len() > largeBody {
		turns = []chan struct{}{h.large, h.running}
	}
	for _, turn := range turns {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			h.metrics.Shed.Inc()
			return nil, errBusy
		}
	}

	request, err := decode(buffer.Bytes())
	if err != nil {
		return nil, err
	}
	decision, err := h.policy().Review(ctx, request)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("the review took too long: %w", ctx.Err())
		}
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

// timeoutOf is how long the review may take: what the API server waits, less a margin.
func timeoutOf(r *http.Request) (time.Duration, error) {
	timeout := defaultTimeout
	if text := r.URL.Query().Get("timeout"); text != "" {
		var err error
		if timeout, err = time.ParseDuration(text); err != nil || timeout <= 0 {
			return 0, failf(http.StatusBadRequest, "timeout is %q, which is no duration such as 3s", text)
		}
	}
	timeout = min(timeout, maxTimeout)
	return timeout - min(timeout/10, maxMargin), nil
}

// read fills the buffer with the body.
func (h *Handler) read(r *http.Request, buffer *bytes.Buffer) error {
	if r.Method != http.MethodPost {
		return failf(http.StatusMethodNotAllowed, "method %s: reviews are posted", r.Method)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return failf(http.StatusUnsupportedMediaType, "content type %q: a review is application/json", r.Header.Get("Content-Type"))
	}
	tooLarge := failf(http.StatusRequestEntityTooLarge, "the body is larger than %d MiB", maxBody>>20)
	if r.ContentLength > maxBody {
		return tooLarge
	}
	_, err := buffer.ReadFrom(&budgeted{from: io.LimitReader(r.Body, maxBody+1), hold: h.hold})
	switch {
	case errors.Is(err, errBusy):
		h.metrics.Shed.Inc()
		return errBusy
	case err != nil:
		return failf(http.StatusBadRequest, "read the body: %w", err)
	case buffer.Len() > maxBody:
		return tooLarge
	case buffer.Len() == 0:
		return failf(http.StatusBadRequest, "the body is empty")
	}
	return nil
}

// hold counts a body that grows or shrinks between two sizes in bytes, and tells whether
// there is room for it.
func (h *Handler) hold(before, after int) bool {
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
		return n, errBusy
	}
	return n, err
}

// decode reads a review.
func decode(body []byte) (*admissionv1.AdmissionRequest, error) {
	var review admissionv1.AdmissionReview
	if err := readJSON(body, &review); err != nil {
		return nil, failf(http.StatusBadRequest, "the body is no AdmissionReview: %w", err)
	}
	switch version := admissionv1.SchemeGroupVersion.String(); {
	case review.APIVersion != version || review.Kind != "AdmissionReview":
		return nil, failf(http.StatusBadRequest, "the body is %q of %q, and an AdmissionReview of %s is answered", review.Kind, review.APIVersion, version)
	case review.Request == nil:
		return nil, failf(http.StatusBadRequest, "the review has no request")
	}
	return review.Request, nil
}

// readJSON reads JSON as the API server itself does: keys have their case, and what is not
// known is passed over. k8s.io/apimachinery/pkg/util/json takes five times as long for it.
func readJSON(data []byte, into any) error {
	return json.Unmarshal(data, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
