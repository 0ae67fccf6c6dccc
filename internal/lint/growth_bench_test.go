package lint_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// undeployed is an object without a deployment.
const undeployed = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-%[1]d
  namespace: scoring
data:
  level: info
  endpoint: https://churn-%[1]d.example.com/score
  message: "line one\nline two of %[1]d"
`

// BenchmarkGrowth lints 1, 2, 4 and 8 times the input, of each kind of input that may be large. One object in ten is a
// deployment, except that each file has one. Beside the time it reports the heap that is live at the end and the largest
// one in between, which depends on GOGC.
func BenchmarkGrowth(b *testing.B) {
	const objects = 2500
	for _, bench := range []struct {
		name   string
		inputs func(objects int) []lint.Input
	}{
		{"files", func(n int) []lint.Input { return generatedFiles(n, deployment) }},
		{"files-with-findings", func(n int) []lint.Input { return generatedFiles(n, faulty) }},
		{"stream", func(n int) []lint.Input { return generatedFile("a.yaml", list(mixed(n), false)) }},
		{"yaml-list", func(n int) []lint.Input { return generatedFile("a.yaml", list(mixed(n), true)) }},
		{"json-list", func(n int) []lint.Input { return generatedFile("a.json", jsonList(n)) }},
		{"plan", func(n int) []lint.Input { return generatedFile("a.json", plan(n)) }},
	} {
		for _, times := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/%d", bench.name, times), func(b *testing.B) {
				linter := newLinter(b)
				inputs := bench.inputs(times * objects)
				runtime.GC()
				before := heap()
				var live, peak uint64
				b.ReportAllocs()
				for b.Loop() {
					largest := largestHeap()
					result, err := linter.Lint(b.Context(), nil, slices.Values(inputs))
					peak = max(peak, largest())
					if err != nil || result.Deployments < times*objects/10 {
						b.Fatalf("%d deployments, %v", result.Deployments, err)
					}
					b.StopTimer()
					runtime.GC()
					live = heap()
					runtime.KeepAlive(result)
					b.StartTimer()
				}
				b.ReportMetric(float64(live-min(live, before))/(1<<20), "MiB-live")
				b.ReportMetric(float64(peak-min(peak, before))/(1<<20), "MiB-peak")
			})
		}
	}
}

func generatedFiles(n int, text string) []lint.Input {
	var inputs []lint.Input
	for i := range n {
		inputs = append(inputs, lint.Input{Name: fmt.Sprintf("%d.yaml", i), Read: func([]byte) ([]byte, error) { return fmt.Appendf(nil, text, i), nil }})
	}
	return inputs
}

func generatedFile(name, text string) []lint.Input {
	return []lint.Input{{Name: name, Read: func([]byte) ([]byte, error) { return []byte(text), nil }}}
}

// mixed returns objects, every tenth a deployment.
func mixed(n int) []string {
	items := make([]string, n)
	for i := range items {
		text := undeployed
		if i%10 == 0 {
			text = deployment
		}
		items[i] = fmt.Sprintf(text, i)
	}
	return items
}

func jsonList(n int) string {
	var text strings.Builder
	text.WriteString(`{"apiVersion": "v1", "kind": "List", "items": [` + "\n")
	for i := range n {
		if i > 0 {
			text.WriteString(",\n")
		}
		kind := "ConfigMap"
		if i%10 == 0 {
			kind = "Deployment"
		}
		fmt.Fprintf(&text, `{"apiVersion": "apps/v1", "kind": %q, "metadata": {"name": "churn-%d", "namespace": "scoring", "labels": {"app": "churn"}, `+
			`"annotations": {"mlpolicy.dev/workload": "web-service"}}, "spec": {"replicas": 3, "template": {"spec": {"nodeSelector": {"kubernetes.azure.com/agentpool": "scoring"}, `+
			`"containers": [{"name": "server", "image": "registry.example.com/churn:1.%d", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}}]}}}}`, kind, i, i)
	}
	text.WriteString("\n]}")
	return text.String()
}

func plan(n int) string {
	var text strings.Builder
	text.WriteString(`{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [` + "\n")
	for i := range n {
		if i > 0 {
			text.WriteString(",\n")
		}
		kind := "azurerm_storage_account"
		if i%10 == 0 {
			kind = "azurerm_machine_learning_compute_cluster"
		}
		fmt.Fprintf(&text, `{"address": "%[1]s.c%[2]d", "mode": "managed", "type": %[1]q, "name": "c%[2]d", "change": {"actions": ["create"], "before": null, `+
			`"after": {"name": "cluster-%[2]d", "location": "westeurope", "vm_priority": "Dedicated", "vm_size": "Standard_DS2_v2", `+
			`"scale_settings": [{"min_node_count": 0, "max_node_count": 4}], "tags": {"a": "b"}}, "after_unknown": {"id": true}}}`, kind, i)
	}
	text.WriteString("\n]}")
	return text.String()
}

// heap returns the bytes of the objects in the heap.
func heap() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}

// largestHeap samples the heap until the function that it returns is called, which returns the largest sample.
func largestHeap() (largest func() uint64) {
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		most := uint64(0)
		for {
			most = max(most, heap())
			select {
			case <-tick.C:
			case <-done:
				result <- most
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-result
	}
}
