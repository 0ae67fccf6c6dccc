package webhook

import (
	"net/http"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/mlpolicy/mlpolicy/internal/metrics"
)

// Metrics are what the webhook counts.
type Metrics struct {
	inFlight *metrics.Value
	shed     *metrics.Value

	page      metrics.Set
	covers    func(group, kind string) bool
	reviews   *metrics.Family
	denials   *metrics.Family
	spared    *metrics.Family
	failures  *metrics.Family
	durations *metrics.Histogram
	policy    *metrics.Family
	reloads   *metrics.Family
	reloaded  *metrics.Family
	expiry    *metrics.Value
}

// What a reload is of, as a label.
const (
	certificateReload = "certificate"
	policyReload      = "policy"
)

// NewMetrics makes metrics. Kinds that are not covered share one label: whoever reaches
// the port could send any.
func NewMetrics(covers func(group, kind string) bool) *Metrics {
	m := &Metrics{covers: covers}
	counter := func(name, help string, labels ...string) *metrics.Family {
		return m.page.Counter("mlpolicy_webhook_"+name, help, labels...)
	}
	gauge := func(name, help string, labels ...string) *metrics.Family {
		return m.page.Gauge("mlpolicy_webhook_"+name, help, labels...)
	}
	m.inFlight = gauge("in_flight", "Reviews that run or wait.").With()
	m.shed = counter("shed_total", "Reviews turned away at once since there were too many.").With()
	m.reviews = counter("reviews_total", "Reviews by verdict and kind of object.", "kind", "verdict")
	m.denials = counter("denials_total", "Errors that denied an object, by rule.", "rule")
	m.spared = counter("spared_total", "Errors that denied nothing, by rule and why: deleting, controller, mode or unchanged.", "rule", "why")
	m.failures = counter("failures_total", "Requests answered without a verdict, by HTTP status code.", "code")
	m.policy = gauge("policy_info", "The edition and the policies in force; always 1.", "digest", "edition")
	m.reloads = counter("reloads_total", "Attempts to read the certificate or the policy anew after a change.", "result", "what")
	m.reloaded = gauge("last_reload_successful", "Whether the certificate or the policy that was read last is in force.", "what")
	m.expiry = gauge("certificate_expiry_timestamp_seconds", "When the certificate in force expires.").With()
	m.durations = m.page.Histogram("mlpolicy_webhook_review_duration_seconds", "How long reviews took, from the first byte of the request.",
		// Up to the timeout that API servers have by default.
		.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10)
	m.page.Runtime()
	// A series that is not there cannot be alerted on.
	for _, what := range []string{certificateReload, policyReload} {
		m.reloads.With("success", what)
		m.reloads.With("failure", what)
	}
	for _, code := range []int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		m.failures.With(strconv.Itoa(code))
	}
	return m
}

// ServeHTTP writes the metrics.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.page.ServeHTTP(w, r) }

func (m *Metrics) decided(request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
	kind := "other"
	if m.covers(request.Kind.Group, request.Kind.Kind) {
		kind = request.Kind.Kind
	}
	m.reviews.With(kind, string(d.Verdict)).Add(1)
	for _, rule := range d.Denials {
		m.denials.With(rule).Add(1)
	}
	for _, spared := range d.Spared {
		m.spared.With(spared.Rule, string(spared.Why)).Add(1)
	}
	m.durations.Observe(duration.Seconds())
}

func (m *Metrics) failed(code int) { m.failures.With(strconv.Itoa(code)).Add(1) }

// inForce notes the policy that reviews are judged by from now on.
func (m *Metrics) inForce(policy *Policy) { m.policy.Only(1, policy.Digest, policy.Edition) }

// attempted notes how reading something anew went.
func (m *Metrics) attempted(what string, err error) {
	result, successful := "success", 1.0
	if err != nil {
		result, successful = "failure", 0
	}
	m.reloads.With(result, what).Add(1)
	m.reloaded.With(what).Set(successful)
}
