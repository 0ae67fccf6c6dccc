package policy_test

import (
	"fmt"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// BenchmarkLoad compares LoadSound, with which a run starts, with Load.
func BenchmarkLoad(b *testing.B) {
	b.Run("sound", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := policy.LoadSound(b.Context(), policies.FS); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("checked", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := policy.Load(b.Context(), policies.FS, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// One deployment in ten has violations. The budget is 150 µs for a single deployment and 25 µs for
// each deployment of a chunk.
func BenchmarkEvaluate(b *testing.B) {
	loaded, err := policy.Load(b.Context(), policies.FS, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, deployments := range []int{1, 100} {
		b.Run(fmt.Sprint(deployments), func(b *testing.B) {
			facts := serving(deployments)
			b.ReportAllocs()
			for b.Loop() {
				denials, err := loaded.Evaluate(b.Context(), facts)
				if err != nil || len(denials) < deployments/10 {
					b.Fatal(denials, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*deployments), "µs/deployment")
		})
	}
}

// serving returns deployments on Azure Container Instances, every tenth of which requests a GPU and
// too much memory.
func serving(count int) *facts.Facts {
	f := &facts.Facts{Edition: "2020-06"}
	for i := range count {
		deployment := &facts.Deployment{
			Name:      known(fmt.Sprintf("churn-%d", i)),
			Format:    "azureml-v1-deployment-config",
			Target:    known(facts.ACI),
			Workload:  known(facts.WebService),
			Stage:     known(facts.Development),
			GPUs:      known(int64(0)),
			CPUCores:  known(2.0),
			MemoryGiB: known(4.0),
			Replicas:  known(int64(1)),
			Models:    []*facts.Model{{Name: known("churn"), Version: known("7"), SizeBytes: known(int64(900_000_000))}},
			Labels:    map[string]facts.Fact[string]{"team": known("risk")},
		}
		if i%10 == 9 {
			deployment.GPUs, deployment.MemoryGiB = known(int64(2)), known(64.0)
		}
		f.Deployments = append(f.Deployments, deployment)
	}
	return f
}

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }
