package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// withoutVerdict adds up what the webhook counts of reviews that end without a verdict.
func withoutVerdict(before, after series) float64 {
	return added(before, after, failuresTotal) + added(before, after, abandonedTotal) + added(before, after, unknownClients)
}

// many creates an object so often at once, as dry runs, and returns how many creates were admitted.
func many(t *testing.T, number int, ns string, object *appsv1.Deployment) int {
	t.Helper()
	client := creator(t)
	var all sync.WaitGroup
	admitted := make(chan bool, number)
	for range number {
		all.Go(func() { admitted <- dryRun(context.Background(), client, ns, object) == nil })
	}
	all.Wait()
	close(admitted)
	count := 0
	for is := range admitted {
		if is {
			count++
		}
	}
	return count
}

// Half-sent bodies of any pod once switched all reviews off. Now every create beside them gets its
// verdict, and no counter is raised that is alerted on.
func TestHalfSentBodiesSwitchNoReviewsOff(t *testing.T) {
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Ignore"})
	p := r.running()[0]
	l := startLoad(t, namespace(t))
	l.more(t, 20)
	server, webhook := serverMetrics(t), p.metrics(t)
	for _, connections := range []struct{ number, size int }{{3, maxBody - 1}, {110, 256 << 10}} {
		l.begin(t, fmt.Sprintf("%d bodies of %d bytes are half sent", connections.number, connections.size))
		for range connections.number {
			_, _ = begin(t, p, header+length).Write(bytes.Repeat([]byte(" "), connections.size)) // some are sent away meanwhile
		}
		l.more(t, 100)
	}
	large := reviewOf(`{"kind": "ConfigMap", "data": {"text": "` + strings.Repeat("x", 1<<20) + `"}}`)
	if code, answer, err := r.post(p, strings.NewReader(large), len(large)); err != nil || code != http.StatusOK {
		t.Errorf("a large review of a client that is new: status %d: %.200s, %v", code, answer, err)
	}
	l.spotless(t)
	after := p.metrics(t)
	if got := added(server, serverMetrics(t), failOpen); got != 0 {
		t.Errorf("%v objects were admitted without a review", got)
	}
	for _, counter := range []string{failuresTotal, abandonedTotal, shedTotal} {
		if got := added(webhook, after, counter); got != 0 {
			t.Errorf("%s rose by %v", counter, got)
		}
	}
	if added(webhook, after, unknownClients, `code="503"`) == 0 {
		t.Error("nobody was sent away: the bodies did not fill the room")
	}
}

// Every review that an API server misses is counted by the webhook, too.
func TestFloodsAreCounted(t *testing.T) {
	r := install(t, values{
		"mode": "enforce", "webhook.failurePolicy": "Ignore", "webhook.timeoutSeconds": 1,
		"policies": map[string]string{"slow/slow.rego": slowRule},
	})
	p, ns := r.running()[0], namespace(t)
	tests := []struct {
		name, image string
		gpu         bool
		flood       func(t *testing.T, image string, gpu bool) int
	}{
		{"more reviews than the processors can do", "scorer:slow", false, func(t *testing.T, image string, gpu bool) int {
			return many(t, 24, ns, scorerOf(t, image, gpu))
		}},
		{"a process that stands still", "scorer:4", true, func(t *testing.T, image string, gpu bool) int {
			if got := many(t, 16, ns, scorerOf(t, image, gpu)); got != 0 {
				t.Errorf("%d creates are admitted before", got)
			}
			if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a process that is stopped", func() bool {
				state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
				return err == nil && bytes.Contains(state, []byte(") T "))
			})
			defer func() {
				if err := p.command.Process.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
			}()
			return many(t, 16, ns, scorerOf(t, image, gpu))
		}},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, webhook := serverMetrics(t), p.metrics(t)
			admitted := test.flood(t, test.image, test.gpu)
			if missed := checkCounts(t, p, server, webhook, admitted); missed == 0 || float64(admitted) < missed {
				t.Errorf("%d creates were admitted, %v without a review", admitted, missed)
			}
		})
	}
}

// checkCounts compares what API server and webhook count of reviews without a verdict since they were read.
// It returns how many reviews the API server missed.
func checkCounts(t *testing.T, p *pod, server, webhook series, admitted int) (missed float64) {
	t.Helper()
	missed = added(server, serverMetrics(t), failOpen)
	eventually(t, "no review in flight", func() bool { return p.metrics(t)[inFlight] == 0 })
	var counted float64
	eventually(t, "as many reviews without a verdict as the API server missed", func() bool {
		counted = withoutVerdict(webhook, p.metrics(t))
		return counted >= missed
	})
	after := p.metrics(t)
	t.Logf("%d objects were admitted; the API server missed %v reviews; the webhook counts %v: %v failed, %v were abandoned, %v were of clients that are new",
		admitted, missed, counted, added(webhook, after, failuresTotal), added(webhook, after, abandonedTotal), added(webhook, after, unknownClients))
	// Connections that never had a request may be spare ones.
	if spare := added(webhook, after, unknownClients, `code="0"`); counted-spare > missed {
		t.Errorf("the webhook counts %v reviews without a verdict, the API server %v", counted-spare, missed)
	}
	return missed
}

// A tenant once switched reviews of large objects off by creating many of them at once. Now each is denied or, on a machine that
// has no time for it, counted by API server and webhook alike. Small ones beside them get their verdicts.
func TestLargeCreatesOfATenant(t *testing.T) {
	const number, variables = 16, 8000
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Ignore"})
	p, ns := r.running()[0], namespace(t)
	large := scorerOf(t, "scorer:4", true)
	container := &large.Spec.Template.Spec.Containers[0]
	for i := range variables {
		container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("VARIABLE_%d", i), Value: strings.Repeat("x", 100)})
	}
	l := startLoad(t, namespace(t))
	l.more(t, 20)
	server, webhook := serverMetrics(t), p.metrics(t)
	l.begin(t, "a tenant creates large objects")
	admitted := many(t, number, ns, large)
	l.more(t, 50)
	l.spotless(t)
	if missed := checkCounts(t, p, server, webhook, admitted); float64(admitted) > missed {
		t.Errorf("%d of %d large objects were admitted, %v without a review", admitted, number, missed)
	}
}
