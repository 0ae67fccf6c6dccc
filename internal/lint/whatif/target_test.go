package whatif

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestOnTarget moves what documents describe: what is asked for goes along, what belongs to
// the current target does not.
func TestOnTarget(t *testing.T) {
	const (
		spec    = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: "
		managed = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n" +
			"name: m\nendpoint_name: e\ninstance_type: Standard_NC24\n"
	)
	tests := []struct {
		name, text string
		to         facts.Target
		want       string // words that the facts as JSON have, and !words that they do not
	}{
		{"what is asked for", spec + "{target: aci, workload: web-service, stage: production, designer: true, gpus: 1, fpgas: 2, cpu: 3, memory: 4GiB, replicas: 5, model: {size: 6GB}}", facts.AKS,
			`"target":"aks" "workload":"web-service" "stage":"production" "designer":true "gpus":1 "fpgas":2 "cpu_cores":3 "memory_gib":4 "replicas":5 "size_bytes":6000000000`},
		{"a target where there was none", spec + "{workload: web-service}", facts.AKS, `"target":"aks"`},
		{"the memory of a machine stays, its GPUs go along", managed, facts.AKS, `"gpus":4 "fpgas":0 !memory_gib !cpu_cores`},
		{"and nothing stays behind on the own target", managed, facts.ManagedOnline, `"gpus":4 "memory_gib":224 "cpu_cores":24`},
		{"the delivery stays", spec + "{target: iot-edge, delivery: iot-edge}", facts.DataBoxEdge, "!delivery"},
		{"but one that is of no target", spec + "{delivery: kubernetes}", facts.DataBoxEdge, `"delivery":"kubernetes"`},
		{"the compute stays", spec + "{target: aks, compute: {nodes: 3}}", facts.Local, "!compute"},
		{"on the own target it is there", spec + "{target: aks, compute: {nodes: 3}}", facts.AKS, `"nodes":3`},
		{"and on its own", spec + "{target: aci, compute: {nodes: 3, target: aks}}", facts.AKS, `"nodes":3`},
		{"and where nothing tells whose it is", spec + "{compute: {nodes: 3}}", facts.AKS, `"nodes":3`},
		{"but on no other", spec + "{compute: {nodes: 3, target: aks}}", facts.ACI, "!nodes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := []*source.File{source.Parse("a.yaml", []byte(test.text))}
			extraction, err := extract.Extract(t.Context(), nil, files, extract.Options{})
			if err != nil || len(extraction.Deployments) != 1 {
				t.Fatalf("%v, %v", extraction, err)
			}
			d := extraction.Deployments[0]
			before := read.Comparable([]any{d})
			got := read.Comparable([]any{onTarget(d, test.to)})
			for want := range strings.FieldsSeq(test.want) {
				word, not := strings.CutPrefix(want, "!")
				if strings.Contains(got, word) == not {
					t.Errorf("%s in\n%s", want, got)
				}
			}
			if read.Comparable([]any{d}) != before {
				t.Error("the deployment itself has changed")
			}
		})
	}
}
