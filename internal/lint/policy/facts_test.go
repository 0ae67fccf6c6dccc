package policy_test

import (
	"reflect"
	"strings"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

type fstestFS = fstest.MapFS

// full returns facts with one deployment and one compute that have every fact.
func full() *facts.Facts {
	compute := func() *facts.Compute {
		return &facts.Compute{
			Name: known("cluster"), Format: "test", Target: known(facts.AKS), ManagedBy: known(facts.ByAzureML),
			Stage: known(facts.Development), VMSize: known("Standard_NC6"), GPUs: known(int64(1)), FPGAs: known(int64(1)),
			VMPriority: known(facts.LowPriority), Nodes: known(int64(3)), MinNodes: known(int64(2)), MaxNodes: known(int64(4)),
			ClusterAutoscaling: known(true),
		}
	}
	return &facts.Facts{
		Edition: "2020-06",
		Deployments: []*facts.Deployment{{
			Name: known("churn"), Format: "test", Component: known("predictor"), Target: known(facts.AKS),
			Workload: known(facts.WebService), Stage: known(facts.Production), Designer: known(true),
			GPUs: known(int64(1)), FPGAs: known(int64(1)), CPUCores: known(2.0), MemoryGiB: known(47.5), MemoryLimitGiB: known(47.75),
			API:      known(facts.V1),
			Replicas: known(int64(3)), Autoscales: known(true), Delivery: known("iot-edge"),
			Models: []*facts.Model{{
				Name: known("churn"), Version: known("7"), SizeBytes: known(int64(1_200_000_000)), SizeSource: known("MLmodel"),
			}},
			Compute: compute(),
			Images:  []facts.Fact[string]{known("acme.azurecr.io/churn:7")},
			Labels:  map[string]facts.Fact[string]{"team": known("risk")},
		}},
		Computes: []*facts.Compute{compute()},
	}
}

// optional returns the paths of all optional facts of f.
func optional(f *facts.Facts) []string {
	var paths []string
	visit(reflect.ValueOf(f), "", func(path string, _ reflect.Value) { paths = append(paths, path) })
	return paths
}

// forget makes the facts at path unknown in every deployment or compute of f.
func forget(f *facts.Facts, path string) (found bool) {
	visit(reflect.ValueOf(f), "", func(here string, fact reflect.Value) {
		if here == path {
			fact.SetZero()
			found = true
		}
	})
	return found
}

// visit calls do with each known optional fact and its path without indexes, such as
// deployments.models.size_bytes.
func visit(value reflect.Value, path string, do func(string, reflect.Value)) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			visit(value.Elem(), path, do)
		}
	case reflect.Slice:
		for i := range value.Len() {
			visit(value.Index(i), path, do)
		}
	case reflect.Struct:
		if fact, ok := value.Interface().(interface{ Any() (any, bool) }); ok {
			if _, known := fact.Any(); known {
				do(strings.TrimSuffix(path, "."), value)
			}
			return
		}
		for i := range value.NumField() {
			name, options, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
			if name == "" || name == "-" {
				continue
			}
			field := value.Field(i)
			// A whole list, map or object is optional too.
			if strings.Contains(options, "omitempty") && !field.IsZero() {
				do(path+name, field)
			}
			if options != "" || field.Kind() == reflect.Slice {
				visit(field, path+name+".", do)
			}
		}
	}
}
