package webhook

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// apiServer answers with one status after another, the last one from then on.
func apiServer(t *testing.T, statuses ...int) (cluster Cluster, requests *[]string) {
	t.Helper()
	requests = &[]string{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := statuses[min(len(*requests), len(statuses)-1)]
		*requests = append(*requests, fmt.Sprintf("%s %s %s", r.Method, r.URL.EscapedPath(), r.Header.Get("Authorization")))
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"kind": "Status", "message": "this is %d"}`, status)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"token":  "secret\n",
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host, port, err := net.SplitHostPort(address.Host)
	if err != nil {
		t.Fatal(err)
	}
	return Cluster{Host: host, Port: port, Dir: dir, Patience: time.Minute, Pause: time.Millisecond}, requests
}

func TestUnregister(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int

		existed bool
		problem string
		asked   int
	}{
		{name: "there", statuses: []int{200}, existed: true, asked: 1},
		{name: "deleted later", statuses: []int{202}, existed: true, asked: 1},
		{name: "not there", statuses: []int{404}, asked: 1},
		{name: "not allowed", statuses: []int{403}, problem: "the API server answered with status 403: this is 403", asked: 1},
		{name: "a token that has expired", statuses: []int{401}, problem: "status 401", asked: 1},
		{name: "busy at first", statuses: []int{429, 500, 503, 200}, existed: true, asked: 4},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cluster, requests := apiServer(t, test.statuses...)
			existed, err := cluster.Unregister(t.Context(), "mlpolicy")
			if existed != test.existed || (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("existed %t, %v", existed, err)
			}
			const want = "DELETE /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/mlpolicy Bearer secret"
			if len(*requests) != test.asked || (*requests)[0] != want {
				t.Errorf("the requests are %q", *requests)
			}
		})
	}
}

// A name is one segment of the path, whatever is in it.
func TestUnregisterEscapes(t *testing.T) {
	cluster, requests := apiServer(t, 404)
	if _, err := cluster.Unregister(t.Context(), "../a/b?c"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains((*requests)[0], "/validatingwebhookconfigurations/..%2Fa%2Fb%3Fc ") {
		t.Errorf("the requests are %q", *requests)
	}
}

func TestUnregisterFails(t *testing.T) {
	cluster, requests := apiServer(t, 503)
	cluster.Patience = 0
	tests := map[string]struct {
		change  func(*Cluster)
		problem string
	}{
		"out of patience": {func(*Cluster) {}, "status 503"},
		"no Pod":          {func(c *Cluster) { c.Host = "" }, "this is not a Pod"},
		"no token":        {func(c *Cluster) { c.Dir = t.TempDir() }, "token"},
		"no certificate": {func(c *Cluster) {
			c.Dir = t.TempDir()
			for _, name := range []string{"token", "ca.crt"} {
				if err := os.WriteFile(filepath.Join(c.Dir, name), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}, "ca.crt contains no certificate"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for name, test := range tests {
		changed := cluster
		test.change(&changed)
		if _, err := changed.Unregister(t.Context(), "mlpolicy"); err == nil || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(*requests) != 1 {
		t.Errorf("the requests are %q", *requests)
	}
}
