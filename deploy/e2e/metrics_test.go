package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// What the webhook counts and tells.
const (
	reviewsTotal   = "mlpolicy_webhook_reviews_total"         // that it answered
	denialsTotal   = "mlpolicy_webhook_denials_total"         // errors that denied
	exemptedTotal  = "mlpolicy_webhook_exempted_total"        // errors that did not deny
	shedTotal      = "mlpolicy_webhook_shed_total"            // reviews that it turned away at once
	failuresTotal  = "mlpolicy_webhook_failures_total"        // that it answered without a verdict
	abandonedTotal = "mlpolicy_webhook_abandoned_total"       // on which the API server gave up
	unknownClients = "mlpolicy_webhook_unknown_clients_total" // what others do
	inFlight       = "mlpolicy_webhook_in_flight"
	policyInfo     = "mlpolicy_webhook_policy_info" // what is in force
	reloadsTotal   = "mlpolicy_webhook_reloads_total"
	lastReload     = "mlpolicy_webhook_last_reload_successful"
	expiry         = "mlpolicy_webhook_certificate_expiry_timestamp_seconds"
)

// What the API server counts of webhooks.
const (
	requests   = "apiserver_admission_webhook_request_total" // that it sent, by the code of what came of them
	failOpen   = "apiserver_admission_webhook_fail_open_count"
	rejections = "apiserver_admission_webhook_rejection_count" // what it refused because of them

	conditionErrors = "apiserver_admission_match_condition_evaluation_errors_total" // match conditions that failed
)

// series are the values of metrics, each by its name and labels as they are exposed, such as
// mlpolicy_webhook_denials_total{rule="memory"}.
type series map[string]float64

// parseSeries reads the text format of Prometheus.
// https://prometheus.io/docs/instrumenting/exposition_formats
func parseSeries(t *testing.T, text string) series {
	t.Helper()
	parsed := series{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		end := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			t.Fatalf("metric %q: %v", line, err)
		}
		parsed[line[:end]] = value
	}
	return parsed
}

// label returns the value of a label of a metric that has one series.
func (s series) label(t *testing.T, metric, label string) string {
	t.Helper()
	for key := range s {
		if name, labels, _ := strings.Cut(key, "{"); name == metric {
			_, value, _ := strings.Cut(","+labels, ","+label+`="`)
			value, _, ok := strings.Cut(value, `"`)
			if !ok {
				t.Fatalf("%s has no %s", key, label)
			}
			return value
		}
	}
	t.Fatalf("no %s", metric)
	return ""
}

// sum adds the values of a metric, of those that have all of some labels, such as code="503".
func (s series) sum(name string, labels ...string) float64 {
	total := 0.0
	for key, value := range s {
		metric, of, _ := strings.Cut(strings.TrimSuffix(key, "}"), "{")
		if metric != name {
			continue
		}
		has := true
		for _, label := range labels {
			has = has && strings.Contains(","+of+",", ","+label+",")
		}
		if has {
			total += value
		}
	}
	return total
}

// added is by how much the sum of a metric grew.
func added(before, after series, name string, labels ...string) float64 {
	return after.sum(name, labels...) - before.sum(name, labels...)
}

// unanswered counts the reviews without a verdict that the API server knows of.
func unanswered(metrics series) float64 {
	return metrics.sum(failOpen) + metrics.sum(rejections) - metrics.sum(rejections, `error_type="no_error"`)
}
