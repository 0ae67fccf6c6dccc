package e2e

import (
	"strings"
	"testing"
)

// A match condition that fails on an object keeps it from being reviewed, which no counter of the webhook has. The API server
// counts it under the name that the alert asks for.
func TestMatchConditionsThatFail(t *testing.T) {
	condition := func(expression string) values {
		return values{"webhook.matchConditions": []map[string]any{{"name": "team", "expression": expression}}}
	}
	const careless, careful = `object.metadata.labels["team"] != "a"`, `!has(object.metadata.labels) || !("team" in object.metadata.labels) || object.metadata.labels["team"] != "a"`
	labelled := strings.Replace(violating, "metadata: {name: violating", "metadata: {labels: {team: b}, name: violating", 1)
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Ignore"})
	ns := namespace(t)
	failed := func() float64 {
		return serverMetrics(t).sum(conditionErrors, `kind="webhook"`, `name="validate.mlpolicy.dev"`)
	}
	open := serverMetrics(t).sum(failOpen)
	r.upgrade(t, condition(careless))
	eventually(t, "an admission without a review", func() bool { return apply(t, ns, violating, "--dry-run=server").code == 0 })

	before := failed()
	if got := apply(t, ns, violating, "--dry-run=server"); got.code != 0 {
		t.Errorf("under Ignore: exit code %d\n%s", got.code, got.stderr)
	}
	if got := failed(); got != before+1 {
		t.Errorf("%v failures are counted", got-before)
	}
	if got := apply(t, ns, labelled, "--dry-run=server"); got.code == 0 || !strings.Contains(got.stderr, denial) {
		t.Errorf("what the condition does not fail on: exit code %d\n%s", got.code, got.stderr)
	}
	r.upgrade(t, values{"webhook.failurePolicy": "Fail"})
	eventually(t, "a refusal", func() bool { return apply(t, ns, violating, "--dry-run=server").code != 0 })
	if got := apply(t, ns, violating, "--dry-run=server"); got.code == 0 || !strings.Contains(got.stderr, "no such key: labels") {
		t.Errorf("under Fail: exit code %d\n%s", got.code, got.stderr)
	}
	r.upgrade(t, condition(careful))
	eventually(t, "a review", func() bool {
		got := apply(t, ns, violating, "--dry-run=server")
		return got.code != 0 && strings.Contains(got.stderr, denial)
	})
	before = failed()
	for _, manifest := range []string{violating, labelled} {
		if got := apply(t, ns, manifest, "--dry-run=server"); got.code == 0 || !strings.Contains(got.stderr, denial) {
			t.Errorf("exit code %d\n%s", got.code, got.stderr)
		}
	}
	if got := apply(t, ns, strings.Replace(labelled, "team: b", "team: a", 1), "--dry-run=server"); got.code != 0 {
		t.Errorf("what the condition leaves out: exit code %d\n%s", got.code, got.stderr)
	}
	if got := failed(); got != before {
		t.Errorf("%v failures are counted", got-before)
	}
	if got := serverMetrics(t).sum(failOpen); got != open {
		t.Errorf("the API server counts %v of them as admitted without a review, too", got-open)
	}
}
