package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A certificate that expires while the webhook serves makes it not ready, which its log says, and alive: a new one is taken
// over without a restart.
func TestCertificateExpiresWhileServing(t *testing.T) {
	r := install(t, failClosed)
	p, container := r.running()[0], r.container(t)
	ready := func() int {
		status, err := r.probed(t, p, container, container.ReadinessProbe)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	// Long enough for a machine that is busy to take it over.
	end := time.Now().Add(20 * time.Second)
	certificate, key := r.authority.issueUntil(t, r.host(), end)
	r.show(t, certificate, key)
	if status := ready(); status != http.StatusOK || strings.Contains(p.log.String(), "expired") {
		t.Errorf("before its end: status %d", status)
	}
	eventually(t, "a webhook that is not ready", func() bool { return ready() == http.StatusServiceUnavailable })
	if now := time.Now(); now.Before(end.Truncate(time.Second)) {
		t.Errorf("it is not ready %s before the end", end.Sub(now))
	}
	if status, err := r.probed(t, p, container, container.LivenessProbe); err != nil || status != http.StatusOK {
		t.Errorf("the probe of liveness: status %d, %v", status, err)
	}
	said := `"level":"ERROR","msg":"not ready","error":"the certificate expired on ` + end.UTC().Format(time.RFC3339) + `"`
	eventually(t, "a line in the log", func() bool { return strings.Contains(p.log.String(), said) })
	if got := r.metrics(t)[expiry]; got != float64(end.Unix()) {
		t.Errorf("the metric says %v, want %d", got, end.Unix())
	}
	// The API server goes on with connections that it has, until its configuration changes.
	r.upgrade(t, values{"certificate.existing.caBundle": r.authority.pem + newAuthority(t).pem})
	eventually(t, "an API server that does not trust the certificate", func() bool {
		err := r.canary()
		return err != nil && strings.Contains(err.Error(), "certificate has expired")
	})

	r.rotate(t, r.authority)
	eventually(t, "a webhook that is ready again", func() bool { return ready() == http.StatusOK })
	r.reached(t)
	if got := apply(t, namespace(t), violating); got.code != 1 || !strings.HasPrefix(got.stderr, denied) {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if number := strings.Count(p.log.String(), said); number != 1 {
		t.Errorf("the log says %d times that the certificate expired", number)
	}
}
