package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"
)

// identity is a certificate of a client, none if it is empty.
type identity struct{ certificate, key string }

// identityOf makes a certificate for a name and a use.
func identityOf(t *testing.T, by *authority, name string, usage x509.ExtKeyUsage, end time.Time) identity {
	t.Helper()
	certificate, key, err := by.leaf(name, usage, end)
	if err != nil {
		t.Fatal(err)
	}
	return identity{certificate, key}
}

// review asks a pod for a review of a Pod without a fault, as a client with a certificate.
func (i identity) review(t *testing.T, r *release, p *pod) (code int, answer string) {
	t.Helper()
	client := r.client()
	if i.certificate != "" {
		pair, err := tls.X509KeyPair([]byte(i.certificate), []byte(i.key))
		if err != nil {
			t.Fatal(err)
		}
		client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	body := reviewOf(podOf(0))
	code, answer, err := post(client, p, strings.NewReader(body), len(body))
	if err != nil {
		t.Fatal(err)
	}
	return code, strings.TrimSpace(answer)
}

// An API server that shows a certificate is the only client that gets reviews, with the name in it and without.
func TestOnlyTheAPIServerGetsReviews(t *testing.T) {
	const byName = "clients.names"
	r := install(t, merge(failClosed, values{"clients.caBundle": shared.clients.pem, byName: []string{"other", apiServerName}}))
	p, ns, lost := r.running()[0], namespace(t), unanswered(serverMetrics(t))
	client := x509.ExtKeyUsageClientAuth
	known := identityOf(t, shared.clients, apiServerName, client, time.Time{})
	stranger := newAuthority(t)

	if got := apply(t, ns, violating); got.code != 1 || !strings.HasPrefix(got.stderr, denied+"cpu-only: ") {
		t.Errorf("the API server's review: exit code %d\n%s", got.code, got.stderr)
	}
	tests := []struct {
		name string
		identity
		code int
		says string
	}{
		{"a client with the API server's name", known, http.StatusOK, `"allowed":true`},
		{"a client without a certificate", identity{}, http.StatusForbidden, "the client has no certificate"},
		{"a client with another name", identityOf(t, shared.clients, "scorer", client, time.Time{}), http.StatusForbidden, `"scorer" is not a name of --client-name`},
		{"a client of another authority with the API server's name", identityOf(t, stranger, apiServerName, client, time.Time{}), http.StatusForbidden, "unknown authority"},
		{"a server's certificate", identityOf(t, shared.clients, apiServerName, x509.ExtKeyUsageServerAuth, time.Time{}), http.StatusForbidden, "incompatible key usage"},
		{"a certificate that has expired", identityOf(t, shared.clients, apiServerName, client, time.Now().Add(-time.Minute)), http.StatusForbidden, "has expired"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	refused := 0.0
	before := p.metrics(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, answer := test.review(t, r, p)
			if code != test.code || !strings.Contains(answer, test.says) {
				t.Errorf("status %d: %s", code, answer)
			}
		})
		if test.code == http.StatusForbidden {
			refused++
		}
	}
	after := p.metrics(t)
	if got := added(before, after, unknownClients, `code="403"`); got != refused || added(before, after, failuresTotal) != 0 {
		t.Errorf("%v clients were refused, and %v are counted; failures rose by %v", refused, got, added(before, after, failuresTotal))
	}
	if !strings.Contains(p.log.String(), "rejected a client that is not the API server") {
		t.Error("the log does not say so")
	}

	t.Run("without names, any certificate of the authority will do", func(t *testing.T) {
		r.upgrade(t, values{byName: []string{}})
		p = r.replace(t)
		r.reached(t)
		if code, answer := identityOf(t, shared.clients, "scorer", client, time.Time{}).review(t, r, p); code != http.StatusOK {
			t.Errorf("status %d: %s", code, answer)
		}
	})
	t.Run("the authority is replaced while the webhook serves", func(t *testing.T) {
		r.upgrade(t, values{"clients.caBundle": stranger.pem + shared.clients.pem})
		theirs := identityOf(t, stranger, apiServerName, client, time.Time{})
		eventually(t, "a client of the new authority", func() bool {
			code, _ := theirs.review(t, r, p)
			return code == http.StatusOK
		})
		if code, answer := known.review(t, r, p); code != http.StatusOK {
			t.Errorf("the old one: status %d: %s", code, answer)
		}
	})
	if now := unanswered(serverMetrics(t)); now != lost {
		t.Errorf("%v reviews of the API server got no answer", now-lost)
	}
	t.Run("an API server with another name is refused, and the webhook says why", func(t *testing.T) {
		r.upgrade(t, values{byName: []string{"other"}})
		p = r.replace(t)
		eventually(t, "a refusal", func() bool {
			err := r.canary()
			return err != nil && strings.Contains(err.Error(), "is not a name of --client-name")
		})
		if got := p.metrics(t).sum(unknownClients, `code="403"`); got == 0 {
			t.Error("the API server that is refused is not counted")
		}
	})
}

// replace starts a pod in place of those that run.
func (r *release) replace(t *testing.T) *pod {
	t.Helper()
	old, p := r.running(), r.start(t)
	for _, each := range old {
		if code := each.stop(t); code != 0 {
			t.Errorf("a pod ended with exit code %d", code)
		}
	}
	return p
}
