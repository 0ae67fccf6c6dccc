package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// deployment is a manifest of about 850 bytes on an AKS node pool.
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: churn-%[1]d
  namespace: scoring
  labels:
    app.kubernetes.io/name: churn
    app.kubernetes.io/instance: churn-%[1]d
  annotations:
    mlpolicy.dev/workload: web-service
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/instance: churn-%[1]d
  template:
    metadata:
      labels:
        app.kubernetes.io/name: churn
        app.kubernetes.io/instance: churn-%[1]d
    spec:
      nodeSelector:
        kubernetes.azure.com/agentpool: scoring
      containers:
        - name: server
          image: registry.example.com/churn:1.4.%[1]d
          args: ["--port", "8080", "--workers", "4"]
          ports:
            - containerPort: 8080
          resources:
            requests: {cpu: 500m, memory: 1Gi}
            limits: {cpu: "2", memory: 4Gi}
`

// values is a file of the same size that describes no deployment.
const values = `global:
  environment: staging-%[1]d
  domain: example.com
ingress:
  enabled: true
  className: nginx
  hosts:
    - host: churn-%[1]d.example.com
      paths: [{path: /, pathType: Prefix}]
  tls:
    - secretName: churn-tls
      hosts: [churn-%[1]d.example.com]
service:
  type: ClusterIP
  port: 80
  targetPort: 8080
autoscaling:
  enabled: true
  minReplicas: 2
  maxReplicas: 12
  targetCPUUtilizationPercentage: 70
persistence:
  enabled: true
  storageClassName: fast
  size: 20Gi
monitoring:
  enabled: true
  interval: 30s
  labels: {team: risk, tier: backend}
logging:
  level: info
  format: json
  sampling: {initial: 100, thereafter: 100}
featureFlags:
  newCheckout: true
  darkMode: false
  batchExport: true
  retries: {max: 5, backoff: 200ms}
`

// faulty is a deployment of about the same size that breaks two rules.
var faulty = strings.NewReplacer(
	"kubernetes.azure.com/agentpool: scoring", "type: virtual-kubelet",
	"limits: {cpu", "limits: {nvidia.com/gpu: 1, cpu",
	"memory: 1Gi", "memory: 64Gi",
).Replace(deployment)

// tree writes files: every stride-th is a deployment, the others are none.
func tree(b *testing.B, deployment string, files, stride int) []string {
	b.Helper()
	dir := b.TempDir()
	var names []string
	for i := range files {
		text := values
		if i%stride == 0 {
			text = deployment
		}
		name := filepath.Join(dir, fmt.Sprintf("%05d.yaml", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, text, i), 0o644); err != nil {
			b.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// BenchmarkLint lints trees and reports how long that takes against reading the same
// files and parsing them into YAML nodes on all cores, measured in turn.
func BenchmarkLint(b *testing.B) {
	linter := newLinter(b)
	for _, bench := range []struct {
		name, text    string
		files, stride int
		findings      int // of each deployment
	}{
		{"deployments", deployment, 1000, 1, 0},
		{"mixed", deployment, 1000, 10, 0},
		{"faulty", faulty, 1000, 1, 2},
		{"mixed-faulty", faulty, 1000, 10, 2},
	} {
		b.Run(bench.name, func(b *testing.B) {
			names := tree(b, bench.text, bench.files, bench.stride)
			var inputs []lint.Input
			for _, name := range names {
				inputs = append(inputs, lint.Input{Name: name, Read: func([]byte) ([]byte, error) { return os.ReadFile(name) }})
			}
			var reference, ours []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer() // the allocations that are reported are Lint's
				start := time.Now()
				parseNodes(b, names)
				middle := time.Now()
				b.StartTimer()
				result, err := linter.Lint(b.Context(), nil, slices.Values(inputs))
				if deployments := bench.files / bench.stride; err != nil || result.Deployments != deployments ||
					len(result.Findings) != bench.findings*deployments {
					b.Fatalf("%d deployments, %d findings, %v", result.Deployments, len(result.Findings), err)
				}
				reference, ours = append(reference, middle.Sub(start)), append(ours, time.Since(middle))
			}
			b.ReportMetric(float64(median(reference).Microseconds()), "µs-reference")
			b.ReportMetric(float64(median(ours).Microseconds()), "µs-lint")
			b.ReportMetric(float64(median(ours))/float64(median(reference)), "x-reference")
		})
	}
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}

// parseNodes reads the files and parses them into YAML nodes on all cores.
func parseNodes(b *testing.B, names []string) {
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
				if err := yaml.Unmarshal(data, &node); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	workers.Wait()
}
