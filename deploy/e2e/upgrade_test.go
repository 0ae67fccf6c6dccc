package e2e

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// generated is the certificate that the chart makes, as it is in the cluster.
type generated struct {
	secret   map[string][]byte
	ca, leaf *x509.Certificate
	trusted  []*x509.Certificate // by the API server
}

func (r *release) generated(t *testing.T) generated {
	t.Helper()
	secret, err := shared.client.CoreV1().Secrets(r.namespace).Get(t.Context(), releaseName+"-generated-tls", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	of := generated{secret: secret.Data, trusted: certificates(t, r.webhook(t).ClientConfig.CABundle)}
	of.ca, of.leaf = certificates(t, secret.Data["ca.crt"])[0], certificates(t, secret.Data["tls.crt"])[0]
	roots := x509.NewCertPool()
	for _, each := range of.trusted {
		roots.AddCert(each)
	}
	if _, err := of.leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: r.host()}); err != nil {
		t.Errorf("the API server does not trust the certificate: %v", err)
	}
	return of
}

// webhook is the first entry of the release's configuration, whose entries trust the same certificates.
func (r *release) webhook(t *testing.T) admissionregistrationv1.ValidatingWebhook {
	t.Helper()
	configuration, err := shared.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(configuration.Webhooks) != 2 {
		t.Fatalf("there are %d webhooks", len(configuration.Webhooks))
	}
	if first, second := configuration.Webhooks[0].ClientConfig, configuration.Webhooks[1].ClientConfig; !reflect.DeepEqual(first, second) {
		t.Errorf("one entry asks %v, another %v", first, second)
	}
	return configuration.Webhooks[0]
}

func certificates(t *testing.T, text []byte) (all []*x509.Certificate) {
	t.Helper()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		t.Fatalf("there is no certificate in %q", text)
	}
	return all
}

func same(a, b []*x509.Certificate) bool { return slices.EqualFunc(a, b, (*x509.Certificate).Equal) }

// With failurePolicy Fail a review that fails is refused, so that every upgrade is held against a
// creation before and after the pods have what it brought.
func TestUpgradeKeepsTheGeneratedCertificate(t *testing.T) {
	r := prepare(t, values{
		"certificate.mode": "generated", "webhook.failurePolicy": "Fail", "mode": "enforce", "replicas": 1,
		"shutdownDelaySeconds": 0, "extraArgs": []string{"--reload-interval=100ms"},
	})
	r.helm(t, "install")
	state := r.generated(t)
	if len(state.trusted) != 1 || !state.trusted[0].Equal(state.ca) {
		t.Fatalf("%d authorities are trusted at first", len(state.trusted))
	}
	r.authority = &authority{pem: string(state.secret["ca.crt"])}
	r.serve(t)

	steps := []struct {
		name string
		left int // days that the certificate is said to have left; 0 leaves it alone
		set  values

		renewed bool
	}{
		{name: "an upgrade without a change"},
		{name: "an upgrade of something else", set: values{"webhook.timeoutSeconds": 5}},
		{name: "61 days left", left: 61},
		{name: "59 days left", left: 59, renewed: true},
		{name: "the upgrade after a renewal"},
		{name: "a renewal on request", set: values{"certificate.generated.revision": 2}, renewed: true},
		{name: "another upgrade with the same request"},
		{name: "a certificate that has expired", left: -1, renewed: true},
		{name: "a renewal right after a renewal", set: values{"certificate.generated.revision": 3}, renewed: true},
		{name: "the last upgrade"},
	}
	if len(steps) == 0 {
		t.Fatal("no cases")
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			before := r.generated(t)
			if step.left != 0 {
				end := time.Now().AddDate(0, 0, step.left).Unix()
				must(t, "annotate", "secret", releaseName+"-generated-tls", "--namespace", r.namespace, "--overwrite", "mlpolicy.dev/not-after="+strconv.FormatInt(end, 10))
			}
			r.values = merge(r.values, step.set)
			r.helm(t, "upgrade")
			after := r.generated(t)
			want := []*x509.Certificate{after.ca}
			if step.renewed {
				want = append(want, before.ca)
			}
			if !same(after.trusted, want) {
				t.Errorf("%d authorities are trusted", len(after.trusted))
			}
			if kept := maps.EqualFunc(before.secret, after.secret, slices.Equal); kept == step.renewed || before.leaf.Equal(after.leaf) == step.renewed {
				t.Errorf("the Secret is kept: %t", kept)
			}
			// The pods have the old certificate yet.
			r.admitted(t)
			r.authority = &authority{pem: string(after.secret["ca.crt"])}
			for _, p := range r.running() {
				r.mount(t, p)
				r.waitReady(t, p) // it shows a certificate of the new authority
			}
			r.admitted(t)
			// A connection that begins now, too.
			for _, p := range r.running() {
				p.kill()
			}
			r.start(t)
			r.admitted(t)
		})
	}
}

// admitted holds that a creation is reviewed and admitted.
func (r *release) admitted(t *testing.T) {
	t.Helper()
	before := r.reviews(t)
	if err := r.canary(); err != nil {
		t.Errorf("a creation is refused: %v", err)
	}
	if r.reviews(t) == before {
		t.Error("a creation was not reviewed")
	}
}

// cert-manager's CA injector writes caBundle, which is not among what is rendered: whoever applies
// the chart again leaves it alone.
func TestUpgradeKeepsTheInjectedBundle(t *testing.T) {
	defineUpstream(t)
	bundle := []byte(newAuthority(t).pem)
	tests := map[string]struct {
		install, change func(t *testing.T, r *release)
	}{
		"helm": {
			func(t *testing.T, r *release) { r.helm(t, "install") },
			func(t *testing.T, r *release) { r.helm(t, "upgrade") },
		},
		"kubectl apply":               {applyChart(), applyChart()},
		"kubectl apply --server-side": {applyChart("--server-side"), applyChart("--server-side")},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for name, by := range tests {
		t.Run(name, func(t *testing.T) {
			r := &release{namespace: namespace(t), authority: newAuthority(t), canaries: namespace(t), dir: t.TempDir(), values: values{}}
			t.Cleanup(func() {
				r.uninstall(t)
				must(t, "delete", "validatingwebhookconfiguration", releaseName, "--ignore-not-found")
			})
			by.install(t, r)
			if got := r.webhook(t).ClientConfig.CABundle; len(got) != 0 {
				t.Errorf("caBundle is rendered: %q", got)
			}
			patch := injection(string(bundle))
			must(t, "patch", "validatingwebhookconfiguration", releaseName, "--type=json", "--field-manager=cert-manager-cainjector", "--patch", patch)
			for seconds := range 2 {
				r.values["webhook.timeoutSeconds"] = seconds + 4
				by.change(t, r)
				got := r.webhook(t)
				if string(got.ClientConfig.CABundle) != string(bundle) {
					t.Errorf("caBundle is %q after upgrade %d", got.ClientConfig.CABundle, seconds+1)
				}
				if *got.TimeoutSeconds != int32(seconds+4) {
					t.Errorf("timeoutSeconds is %d", *got.TimeoutSeconds)
				}
			}
		})
	}
}

// applyChart applies what helm template renders.
func applyChart(args ...string) func(*testing.T, *release) {
	return func(t *testing.T, r *release) {
		t.Helper()
		text, err := render(t, r.namespace, r.values, "--no-hooks")
		if err != nil {
			t.Fatal(err)
		}
		if got := applied(t, r.namespace, text, args...); strings.Contains(got.stderr, "Warning") {
			t.Error(got.stderr)
		}
	}
}

// injection is a patch that has both entries trust an authority.
func injection(pem string) string {
	return fmt.Sprintf(`[{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": %[1]q}, {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": %[1]q}]`, encoded(pem))
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
