//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// values is a file of typical size without a deployment.
const values = `global:
  environment: staging-%[1]d
  domain: example.com
ingress:
  enabled: true
  className: nginx
  hosts:
    - host: churn-%[1]d.example.com
      paths: [{path: /, pathType: Prefix}]
service: {type: ClusterIP, port: 80, targetPort: 8080}
autoscaling:
  enabled: true
  minReplicas: 2
  maxReplicas: 12
persistence: {enabled: true, storageClassName: fast, size: 20Gi}
monitoring:
  enabled: true
  interval: 30s
  labels: {team: risk, tier: backend}
logging: {level: info, format: json, sampling: {initial: 100, thereafter: 100}}
featureFlags: {newCheckout: true, darkMode: false, retries: {max: 5, backoff: 200ms}}
`

// BenchmarkCheckout lints a folder of the size of a checkout in a separate process. One file in twenty
// is an example of a format. It reports the time relative to reading the same files and parsing them to
// YAML nodes on all cores, and the peak memory of the process, with one configuration and with 500
// nested ones.
func BenchmarkCheckout(b *testing.B) {
	b.Run("one-configuration", func(b *testing.B) { benchmarkCheckout(b, 0) })
	b.Run("nested-configurations", func(b *testing.B) { benchmarkCheckout(b, 500) })
}

func benchmarkCheckout(b *testing.B, nested int) {
	const files, stride = 20_000, 20
	examples, err := filepath.Glob("../../testdata/formats/*/*")
	if err != nil {
		b.Fatal(err)
	}
	examples = slices.DeleteFunc(examples, func(name string) bool { return strings.HasSuffix(name, ".facts") })
	if len(examples) == 0 {
		b.Fatal("no examples")
	}
	root := b.TempDir()
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		b.Fatal(err)
	}
	var names []string
	for i := range files {
		name, content := fmt.Sprintf("values-%05d.yaml", i), fmt.Appendf(nil, values, i)
		if i%stride == 0 {
			example := examples[i/stride%len(examples)]
			if content, err = os.ReadFile(example); err != nil {
				b.Fatal(err)
			}
			name = filepath.Base(example)
		}
		folder := filepath.Join(root, fmt.Sprintf("%02d", i%100), fmt.Sprintf("%05d", i/10))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
		names = append(names, filepath.Join(folder, name))
		if err := os.WriteFile(names[i], content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	configurations := map[string]string{root: "nested: {may: [stages, models, rules]}\nstages: {production: [\"**/prod/**\"]}\n"}
	for i := range nested {
		configurations[filepath.Dir(names[i*files/nested])] = "stages: {development: [\"**\"]}\nrules: {workload: note}\n"
	}
	for folder, text := range configurations {
		if err := os.WriteFile(filepath.Join(folder, config.FileName), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if len(configurations) != 1+nested {
		b.Fatalf("%d configurations", len(configurations))
	}
	// The test binary is the command if it is called by this name; see TestMain.
	binary, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	command := filepath.Join(b.TempDir(), "mlpolicy")
	if err := os.Symlink(binary, command); err != nil {
		b.Fatal(err)
	}

	var reference, ours []time.Duration
	var peak int64
	for b.Loop() {
		start := time.Now()
		parseAll(b, names)
		middle := time.Now()
		lint := exec.CommandContext(b.Context(), command, "lint", "--fail-on", "never", root)
		var stderr bytes.Buffer
		lint.Stderr = &stderr
		if err := lint.Run(); err != nil {
			b.Fatalf("%v: %s", err, stderr.String())
		}
		reference, ours = append(reference, middle.Sub(start)), append(ours, time.Since(middle))
		if usage, ok := lint.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, int64(usage.Maxrss)) // KiB
		}
	}
	slices.Sort(reference)
	slices.Sort(ours)
	middle := len(ours) / 2
	b.ReportMetric(float64(reference[middle].Milliseconds()), "ms-reference")
	b.ReportMetric(float64(ours[middle].Milliseconds()), "ms-lint")
	b.ReportMetric(float64(ours[middle])/float64(reference[middle]), "x-reference")
	b.ReportMetric(float64(peak)/1024, "MiB-peak")
}

// parseAll reads files and parses them to YAML nodes on all cores.
func parseAll(b *testing.B, names []string) {
	var workers sync.WaitGroup
	work := make(chan string)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range work {
				data, err := os.ReadFile(name)
				if err != nil {
					b.Error(err)
				}
				var node yaml.Node
				// Some examples are invalid or not YAML; the time to read them counts.
				_ = yaml.Unmarshal(data, &node)
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	workers.Wait()
}
