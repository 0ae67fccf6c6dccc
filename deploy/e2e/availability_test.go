package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// workers is how many creates are under way at once.
	workers = 8
	// shutdownDelay is longer than proxyLag, as the default is longer than a real kube-proxy's.
	shutdownDelay = 4 // seconds
)

// without is a rule of an organisation's own: no image of a tag.
func without(tag string) map[string]string {
	return map[string]string{"image-version/image_version.rego": imageRule("image-version", "error", fmt.Sprintf(`endswith(image, ":%s")`, tag), "changes under its name")}
}

// creator makes a client that no rate holds back.
func creator(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	config := rest.CopyConfig(shared.config)
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// dryRun creates an object as a dry run.
func dryRun(ctx context.Context, client *kubernetes.Clientset, namespace string, object *appsv1.Deployment) error {
	_, err := client.AppsV1().Deployments(namespace).Create(ctx, object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// isDenial reports whether an error is the webhook's verdict.
func isDenial(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), denial)
}

// With failurePolicy Fail each create gets its verdict while all is changed that an operator
// changes.
func TestNoReviewFailsWhateverChanges(t *testing.T) {
	const (
		good   = "edition: 2023-03\n"
		broken = "edition: 2023-03\nrules: {cpu-only: never}\n"
	)
	r := install(t, values{
		"mode": "enforce", "webhook.failurePolicy": "Fail", "replicas": 2, "shutdownDelaySeconds": shutdownDelay, "config": good, "policies": without("latest"),
	})
	b, ns, client := r.balance(t), namespace(t), creator(t)
	before := serverMetrics(t)
	l := startLoad(t, ns)
	says := func(image string, deny bool) {
		t.Helper()
		if err := dryRun(t.Context(), client, ns, scorerOf(t, image, false)); err != nil && !isDenial(err) || isDenial(err) != deny {
			t.Errorf("%s is to be denied %v: %v", image, deny, err)
		}
	}
	l.more(t, 100)

	l.begin(t, "the policies are replaced")
	says("scorer:latest", true)
	says("scorer:newest", false)
	first := r.running()[0].digest(t)
	r.upgrade(t, values{"policies": without("newest")})
	r.each(t, "the new policies", func(p *pod) bool { return p.digest(t) != first })
	says("scorer:latest", false)
	says("scorer:newest", true)

	l.begin(t, "bad policies are delivered")
	second := r.running()[0].digest(t)
	r.upgrade(t, values{"policies": map[string]string{"image-version/image_version.rego": "package mlpolicy.rules[\n"}})
	r.each(t, "the failure to read the policies", func(p *pod) bool { return !p.reloaded(t, "policy") && p.digest(t) == second })
	says("scorer:newest", true)
	l.more(t, 200)
	r.upgrade(t, values{"policies": without("newest")})
	r.each(t, "good policies", func(p *pod) bool { return p.reloaded(t, "policy") && p.digest(t) == second })

	l.begin(t, "the configuration is broken")
	r.upgrade(t, values{"config": broken})
	r.each(t, "the failure to read the configuration", func(p *pod) bool { return !p.reloaded(t, "policy") })
	stopped := r.launch(t)
	<-stopped.done
	if code := stopped.command.ProcessState.ExitCode(); code != 2 || !strings.Contains(stopped.log.String(), "mlpolicy.yaml:2") {
		t.Errorf("a pod that starts with it ends with exit code %d\n%s", code, stopped.log)
	}
	l.more(t, 200)
	r.upgrade(t, values{"config": good})
	r.each(t, "a good configuration", func(p *pod) bool { return p.reloaded(t, "policy") })

	l.begin(t, "the pods are replaced one after the other")
	old := r.running()
	for _, p := range old {
		next := r.start(t)
		next.backend = b.add(next.address)
		if code := p.stop(t); code != 0 {
			t.Errorf("a pod ended with exit code %d", code)
		}
	}
	for _, p := range r.running() {
		if slices.Contains(old, p) {
			t.Error("a pod was not replaced")
		}
	}

	l.begin(t, "the certificate is rotated")
	r.rotate(t, r.authority)
	l.begin(t, "the authority is rotated: both are trusted")
	oldAuthority := r.authority
	r.authority = newAuthority(t)
	r.trust(t, b, oldAuthority, r.authority)
	l.begin(t, "the authority is rotated: the new one signs")
	r.rotate(t, r.authority)
	l.begin(t, "the authority is rotated: the new one alone is trusted")
	r.trust(t, b, r.authority)
	answered := map[*pod]float64{}
	for _, p := range r.running() {
		answered[p] = p.metrics(t).sum(reviewsTotal)
	}
	r.each(t, "reviews by both new pods", func(p *pod) bool { return p.metrics(t).sum(reviewsTotal) >= answered[p]+100 })

	eventually(t, "3,000 creates", func() bool { return l.total() >= 3000 })
	l.begin(t, "the end")
	l.spotless(t)
	after := serverMetrics(t)
	if unanswered(after) != unanswered(before) {
		t.Errorf("the API server counts %v reviews without a verdict, and %v before", unanswered(after), unanswered(before))
	}
	for code, count := range map[string]int{"200": l.admitted, "403": l.denied} {
		label := fmt.Sprintf("code=%q", code)
		if got := added(before, after, requests, label); got < float64(count) {
			t.Errorf("the API server asked for %v reviews that ended with %s, and %d creates did", got, code, count)
		}
	}
}

// A pod that is killed takes along what it was asked at that moment, one review for each
// connection at most. What is sent to it while kube-proxy has not followed yet is refused.
func TestKilledPodLosesNoMoreThanItWasAsked(t *testing.T) {
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Fail", "replicas": 2, "shutdownDelaySeconds": shutdownDelay})
	b := r.balance(t)
	l := startLoad(t, namespace(t))
	for _, followed := range []bool{true, false} {
		// The API server connects anew, to both pods and by the balancer alone.
		r.trust(t, b, r.authority, newAuthority(t))
		l.more(t, 200)
		victim := r.running()[0]
		if followed {
			b.remove(victim.backend)
		}
		before, lost := b.state(victim.backend), len(l.failures())
		l.begin(t, "a pod is killed")
		victim.kill()
		if !followed {
			eventually(t, "a balancer that has followed", func() bool { return !b.state(victim.backend).steered })
		}
		eventually(t, "the end of all connections", func() bool { return b.state(victim.backend).open == 0 })
		l.more(t, workers) // the last that may have begun on one of them
		after, failures := b.state(victim.backend), l.failures()[lost:]
		connections := before.open + after.opened - before.opened
		if followed {
			connections = min(connections, workers)
		}
		t.Logf("%d creates failed with %d connections, and %d refused", len(failures), connections, after.refused)
		if len(failures) > connections+after.refused || followed && after.refused > 0 {
			t.Errorf("%d creates failed with %d connections, and %d refused: %s", len(failures), connections, after.refused, failures[0])
		}
		l.begin(t, "one pod is left")
		l.more(t, 500)
		if late := l.failures()[lost+len(failures):]; len(late) > 0 {
			t.Errorf("%d creates failed afterwards, first %s", len(late), late[0])
		}
		next := r.start(t)
		next.backend = b.add(next.address)
		eventually(t, "connections to the next pod", func() bool { return b.state(next.backend).steered })
	}
	if l.stop(); len(l.wrong) > 0 {
		t.Errorf("%d wrong verdicts, first %s", len(l.wrong), l.wrong[0])
	}
}
