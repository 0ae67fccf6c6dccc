package webhook

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	admissionv1 "k8s.io/api/admission/v1"
)

// metrics are the metrics of the webhook.
type metrics struct {
	registry  *prometheus.Registry
	covers    func(group, kind string) bool
	lists     func(group, version, kind string) bool
	inFlight  prometheus.Gauge
	shed      prometheus.Counter
	reviews   *prometheus.CounterVec
	denials   *prometheus.CounterVec
	exempted  *prometheus.CounterVec
	waived    *prometheus.CounterVec
	partial   prometheus.Counter
	failures  *prometheus.CounterVec
	abandoned prometheus.Counter
	unknown   *prometheus.CounterVec
	versions  *prometheus.CounterVec
	durations prometheus.Histogram
	policy    *prometheus.GaugeVec
	reloads   *prometheus.CounterVec
	reloaded  *prometheus.GaugeVec
	expiry    prometheus.Gauge
}

// The values of the label for the object of a reload.
const (
	certificateReload = "certificate"
	policyReload      = "policy"
)

// newMetrics returns metrics. Kinds that are not covered share one label, because any client can send any kind.
func newMetrics(covers func(group, kind string) bool, lists func(group, version, kind string) bool) *metrics {
	name := func(name string) string { return "mlpolicy_webhook_" + name }
	counter := func(of, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name(of), Help: help}, labels)
	}
	gauge := func(of, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name(of), Help: help}, labels)
	}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		covers:    covers,
		lists:     lists,
		inFlight:  prometheus.NewGauge(prometheus.GaugeOpts{Name: name("in_flight"), Help: "Reviews that are being evaluated or waiting."}),
		shed:      prometheus.NewCounter(prometheus.CounterOpts{Name: name("shed_total"), Help: "Reviews shed with status 503 because too many were in flight."}),
		abandoned: prometheus.NewCounter(prometheus.CounterOpts{Name: name("abandoned_total"), Help: "Reviews without a verdict because the client gave up before its answer."}),
		unknown:   counter("unknown_clients_total", "Requests without a verdict of clients that are not known to be an API server, by HTTP status code; 499 if the client gave up, 0 for connections without a request.", "code"),
		reviews:   counter("reviews_total", "Reviews by verdict and kind of object.", "verdict", "kind"),
		denials:   counter("denials_total", "Errors that denied an object, by rule.", "rule"),
		exempted:  counter("exempted_total", "Errors that did not deny an object, by rule and reason: deleting, controller, changed-after-owner, mode or unchanged.", "rule", "reason"),
		waived:    counter("waived_total", "Findings that a waiver of the configuration covers, by rule and waiver, such as waivers[0].", "rule", "waiver"),
		partial:   prometheus.NewCounter(prometheus.CounterOpts{Name: name("partial_reviews_total"), Help: "Reviews in which a rule or a part of the object could not be evaluated, but the verdict does not depend on it."}),
		versions:  counter("unlisted_versions_total", "Reviews of objects in a version of their kind that this release does not list, by kind.", "kind"),
		failures:  counter("failures_total", "Requests answered without a verdict, by HTTP status code.", "code"),
		policy:    gauge("policy_info", "The edition, the policies and the configuration in use; always 1.", "edition", "digest", "configuration"),
		reloads:   counter("reloads_total", "Attempts to reload the certificate or the policy after a change.", "what", "result"),
		reloaded:  gauge("last_reload_successful", "Whether the last reload of the certificate or the policy succeeded.", "what"),
		expiry:    prometheus.NewGauge(prometheus.GaugeOpts{Name: name("certificate_expiry_timestamp_seconds"), Help: "When the certificate in use expires."}),
		durations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name("review_duration_seconds"), Help: "How long reviews took, from the header of the request to its answer.",
			// Up to the default timeout of API servers.
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	m.registry.MustRegister(m.inFlight, m.shed, m.reviews, m.denials, m.exempted, m.waived, m.partial, m.failures, m.abandoned, m.unknown, m.versions, m.policy, m.reloads, m.reloaded, m.expiry, m.durations,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Alerts need a series that exists before its first event.
	for _, what := range []string{certificateReload, policyReload} {
		m.reloads.WithLabelValues(what, "success")
		m.reloads.WithLabelValues(what, "failure")
	}
	for _, code := range failureCodes() {
		m.failures.WithLabelValues(strconv.Itoa(code))
		m.unknown.WithLabelValues(strconv.Itoa(code))
	}
	// A known client that gives up is counted in abandoned_total only.
	for _, code := range []int{0, http.StatusForbidden, statusGone} {
		m.unknown.WithLabelValues(strconv.Itoa(code))
	}
	return m
}

// failureCodes are the HTTP status codes that end a request for a review without a verdict.
func failureCodes() []int {
	return []int{
		http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
}

// ServeHTTP writes the metrics.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

func (m *metrics) decided(request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
	kind := "other"
	if m.covers(request.Kind.Group, request.Kind.Kind) {
		kind = request.Kind.Kind
		if !m.lists(request.Kind.Group, request.Kind.Version, request.Kind.Kind) {
			m.versions.WithLabelValues(kind).Inc()
		}
	}
	m.reviews.WithLabelValues(string(d.Verdict), kind).Inc()
	for _, rule := range d.Denials {
		m.denials.WithLabelValues(rule).Inc()
	}
	for _, exempted := range d.Exempted {
		m.exempted.WithLabelValues(exempted.Rule, string(exempted.Reason)).Inc()
	}
	for _, waived := range d.Waived {
		m.waived.WithLabelValues(waived.Rule, waived.Waiver).Inc()
	}
	if d.Failed != nil {
		m.partial.Inc()
	}
	m.durations.Observe(duration.Seconds())
}

// failed counts a request without a verdict. Requests of unknown clients are counted separately, so that only an API
// server can increase the other counters.
func (m *metrics) failed(code int, known bool) {
	switch {
	case !known:
		m.unknown.WithLabelValues(strconv.Itoa(code)).Inc()
	case code == statusGone:
		m.abandoned.Inc()
	default:
		m.failures.WithLabelValues(strconv.Itoa(code)).Inc()
		if code == http.StatusServiceUnavailable {
			m.shed.Inc()
		}
	}
}

// setPolicy records the current policy.
func (m *metrics) setPolicy(policy *Policy) {
	m.policy.Reset()
	m.policy.WithLabelValues(policy.Edition, policy.Digest, policy.Configuration).Set(1)
}

// recordReload records the result of a reload.
func (m *metrics) recordReload(what string, err error) {
	result, successful := "success", 1.0
	if err != nil {
		result, successful = "failure", 0
	}
	m.reloads.WithLabelValues(what, result).Inc()
	m.reloaded.WithLabelValues(what).Set(successful)
}
