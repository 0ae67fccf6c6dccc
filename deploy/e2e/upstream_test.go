package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// upstream are the definitions that the chart's optional objects need, by the module that has
// them. Its version and its checksum are in upstream/go.mod and go.sum.
var upstream = map[string][]string{
	"github.com/cert-manager/cert-manager": {
		"deploy/crds/cert-manager.io_certificates.yaml",
		"deploy/crds/cert-manager.io_issuers.yaml",
	},
	"github.com/prometheus-operator/prometheus-operator": {
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
	},
}

// defineUpstream has the cluster serve the kinds of cert-manager and of the Prometheus operator
// until the end of the test. Neither of them runs.
func defineUpstream(t *testing.T) {
	t.Helper()
	if len(upstream) == 0 {
		t.Fatal("no definitions")
	}
	var files []string
	for module, definitions := range upstream {
		dir := moduleDir(t, module)
		for _, file := range definitions {
			files = append(files, "--filename="+filepath.Join(dir, file))
		}
	}
	// Some are larger than the annotation of a client-side apply.
	must(t, append([]string{"apply", "--server-side"}, files...)...)
	t.Cleanup(func() { must(t, append([]string{"delete", "--ignore-not-found"}, files...)...) })
	must(t, append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, files...)...)
	defineAzureMonitor(t, filepath.Join(moduleDir(t, "github.com/prometheus-operator/prometheus-operator"), upstream["github.com/prometheus-operator/prometheus-operator"][1]))
}

// defineAzureMonitor has the cluster serve the ServiceMonitor of Azure Monitor managed Prometheus, which is that of the
// Prometheus operator in another group.
// https://learn.microsoft.com/azure/azure-monitor/containers/prometheus-metrics-scrape-crd
func defineAzureMonitor(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "servicemonitors.yaml")
	if err := os.WriteFile(moved, bytes.ReplaceAll(text, []byte("monitoring.coreos.com"), []byte("azmonitoring.coreos.com")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "apply", "--server-side", "--filename="+moved)
	t.Cleanup(func() { must(t, "delete", "--ignore-not-found", "--filename="+moved) })
	must(t, "wait", "--for=condition=Established", "--timeout=60s", "--filename="+moved)
}

// moduleDir is where a module of upstream/go.mod is unpacked.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "-C", "upstream", "mod", "download", "-json", module)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	found, err := cmd.Output()
	var downloaded struct{ Dir string }
	if err := errors.Join(err, json.Unmarshal(found, &downloaded)); err != nil || downloaded.Dir == "" {
		t.Fatalf("%s: %v: %s", module, err, found)
	}
	return downloaded.Dir
}
