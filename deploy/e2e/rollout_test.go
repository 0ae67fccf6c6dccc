package e2e

import (
	"crypto/tls"
	"fmt"
	"testing"
)

// balance has the connections to a release steered by a balancer, as kube-proxy does.
func (r *release) balance(t *testing.T) *balancer {
	t.Helper()
	b := newBalancer(t, proxyLag)
	for _, p := range r.running() {
		p.backend = b.add(p.address)
	}
	for _, p := range r.running() {
		eventually(t, "a pod that gets connections", func() bool { return b.state(p.backend).steered })
	}
	r.steer(b.dial)
	return b
}

// each waits until something holds for each of the pods.
func (r *release) each(t *testing.T, what string, holds func(*pod) bool) {
	t.Helper()
	pods := r.running()
	if len(pods) == 0 {
		t.Fatal("no pod runs")
	}
	for _, p := range pods {
		eventually(t, what, func() bool { return holds(p) })
	}
}

// trust changes which authorities the API server believes, and waits until it has connected anew
// to each of the pods: it verifies only then.
func (r *release) trust(t *testing.T, b *balancer, authorities ...*authority) {
	t.Helper()
	before, bundle := map[*pod]int{}, ""
	for _, p := range r.running() {
		before[p] = b.state(p.backend).opened
	}
	for _, each := range authorities {
		bundle += each.pem
	}
	r.upgrade(t, values{"certificate.existing.caBundle": bundle})
	r.each(t, "a new connection of the API server", func(p *pod) bool { return b.state(p.backend).opened > before[p] })
}

// serves tells which certificate a pod shows, by its serial number.
func (p *pod) serves(t *testing.T) string {
	t.Helper()
	connection, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// rotate has the pods take over a new certificate of an authority.
func (r *release) rotate(t *testing.T, ca *authority) {
	t.Helper()
	certificate, key := ca.issue(t, r.host())
	r.show(t, certificate, key)
}

// show has the pods take over a certificate.
func (r *release) show(t *testing.T, certificate, key string) {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	r.storeCertificate(t, certificate, key)
	for _, p := range r.running() {
		r.mount(t, p)
	}
	r.each(t, "the new certificate", func(p *pod) bool {
		return p.serves(t) == pair.Leaf.SerialNumber.String() && p.metrics(t)[expiry] == float64(pair.Leaf.NotAfter.Unix())
	})
}

// digest is that of the policies in force.
func (p *pod) digest(t *testing.T) string {
	t.Helper()
	return p.metrics(t).label(t, policyInfo, "digest")
}

func (p *pod) reloaded(t *testing.T, what string) bool {
	t.Helper()
	return p.metrics(t).sum(lastReload, fmt.Sprintf("what=%q", what)) == 1
}
