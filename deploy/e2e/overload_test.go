package e2e

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowRule takes long over images of a tag.
const slowRule = `# METADATA
# title: Image that takes long
# description: |
#   It is looked at for longer than the API server waits.
# custom:
#   severity: error
#   remediation: None.
package mlpolicy.rules.slow

deny contains {"path": ["deployments", i, "images", j], "message": "x"} if {
	some i, d in input.deployments
	some j, image in d.images
	endswith(image, ":slow")
	n := numbers.range(1, 3000)
	some a in n
	some b in n
	some c in n
	a + b + c == -1
}
`

// With as many reviews under way as there may be, the next one is turned away at once, and
// failurePolicy decides.
func TestOverload(t *testing.T) {
	const bound = 2
	set := values{
		"mode": "enforce", "webhook.failurePolicy": "Fail", "webhook.timeoutSeconds": 10,
		"policies":  map[string]string{"slow/slow.rego": slowRule},
		"extraArgs": []string{"--reload-interval=100ms", "--max-in-flight=" + strconv.Itoa(bound)},
	}
	r := install(t, set)
	p, ns, client := r.running()[0], namespace(t), creator(t)
	bad, slow := scorerOf(t, "scorer:4", true), scorerOf(t, "scorer:slow", false)
	tests := []struct {
		policy, name string
		counted      string // by the API server
		labels       []string
		admitted     bool
	}{
		{policy: "Fail", name: "Fail refuses what is shed", counted: rejections, labels: []string{`error_type="calling_webhook_error"`, `rejection_code="503"`}},
		{policy: "Ignore", name: "Ignore admits what is shed", counted: failOpen, admitted: true},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r.upgrade(t, values{"webhook.failurePolicy": test.policy})
			eventually(t, "a verdict", func() bool { return isDenial(dryRun(t.Context(), client, ns, bad)) })
			ctx, cancel := context.WithCancel(t.Context())
			var filling sync.WaitGroup
			for range bound {
				filling.Go(func() { _ = dryRun(ctx, client, ns, slow) })
			}
			defer cancel()
			eventually(t, "as many reviews as there may be", func() bool { return p.metrics(t)[inFlight] == bound })
			server, webhook := serverMetrics(t), p.metrics(t)
			started := time.Now()
			err := dryRun(t.Context(), client, ns, bad)
			took := time.Since(started)
			if took > 500*time.Millisecond {
				t.Errorf("it was turned away after %s", took)
			}
			if test.admitted != (err == nil) || err != nil && !strings.Contains(err.Error(), notAnswered) {
				t.Errorf("the create: %v", err)
			}
			if got := added(webhook, p.metrics(t), shedTotal); got != 1 {
				t.Errorf("%v reviews were shed", got)
			}
			after := serverMetrics(t)
			if got := added(server, after, requests, `code="503"`); got != 1 {
				t.Errorf("the API server saw status 503 %v times", got)
			}
			if got := added(server, after, test.counted, test.labels...); got != 1 {
				t.Errorf("the API server counts %v of %s", got, test.counted)
			}
			t.Logf("turned away after %s: %v", took, err)

			cancel()
			filling.Wait()
			eventually(t, "room for reviews", func() bool { return isDenial(dryRun(t.Context(), client, ns, bad)) })
		})
	}
}
