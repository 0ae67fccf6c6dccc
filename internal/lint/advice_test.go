package lint_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// TestRemedies states the remedies of findings: the targets that would do.
func TestRemedies(t *testing.T) {
	const (
		memory = "Ask for less memory, or deploy to "
		work   = "Deploy to %s, or correct the workload if it is stated wrongly."
	)
	cases := []struct {
		name, config, spec string
		want               string // of the first finding
	}{
		{"targets where it would do", "", "workload: web-service, target: aci, memory: 64GiB", memory + "Azure Functions or Azure Kubernetes Service (AKS)."},
		{"all that it asks for counts", "", "workload: web-service, target: aci, memory: 64GiB, gpus: 1", memory + "Azure Kubernetes Service (AKS)."},
		{"those for testing, too, where it is for development", "", "workload: web-service, target: aci, memory: 64GiB, stage: development",
			memory + "Azure Functions, Azure Kubernetes Service (AKS), Azure Machine Learning compute instance web service or Local web service."},
		{"a rule that is off speaks against nothing", "rules: {gpu-web-service: off}", "workload: web-service, target: aci, memory: 64GiB, gpus: 1", memory + "Azure Functions or Azure Kubernetes Service (AKS)."},
		{"a row that stands for several targets once", "edition: 2023-03", "workload: batch-scoring, target: aci, memory: 1GiB",
			fmt.Sprintf(work, "Azure Machine Learning Kubernetes or Azure Machine Learning batch endpoints")},
		{"warnings that it has already", "", "workload: iot-module, target: local, gpus: 1", fmt.Sprintf(work, "Azure Data Box Edge or Azure IoT Edge")},
		{"an error is worse than a warning", "", "workload: batch-scoring, target: aml-compute, fpgas: 1", "Deploy to Azure Data Box Edge or Azure Kubernetes Service (AKS), with warnings, or ask for no FPGA."},
		{"but a warning is not", "rules: {workload: error}", "workload: batch-scoring, target: aml-compute, fpgas: 1",
			"Deploy to a target with FPGA support, or ask for no FPGA. As it is, no target of edition 2020-06 would do."},
		{"a note is no reason to go where a warning is", "", "workload: iot-module, target: iot-edge, gpus: 1", "Make sure that a preview will do, or deploy to a target that is generally available."},
		{"nobody knows what it does", "", "target: aci, memory: 64GiB", memory + "a target without a memory limit."},
		{"training has its place", "", "workload: training, target: aci, memory: 64GiB", memory + "a target without a memory limit."},
		{"a rule that no target heals", "", "workload: iot-module, target: data-box-edge, gpus: 1", "Run the module on the CPU, or turn the rule off for devices that are known to have a GPU."},
		{"a compute's rule", "", "workload: web-service, target: aks, gpus: 0, compute: {target: aci, managed_by: azure-ml, vm_priority: low}", "Use dedicated VMs, or a compute cluster."},
		{"a target that the edition does not list", "", "workload: web-service, target: managed-online, gpus: 1", "Choose an edition that lists the target (edition in the configuration, or --edition)."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys, names := files(map[string]string{"m.yaml": "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {" + c.spec + "}\n"})
			result := lintFiles(t, newLinter(t, c.config), fsys, names...)
			if len(result.Findings) == 0 {
				t.Fatal("no finding")
			}
			if got := result.Findings[0].Remedy; got != c.want {
				t.Errorf("%s: got  %s\nwant %s", result.Findings[0].Rule, got, c.want)
			}
		})
	}
}

// TestRemedyOfAnOrganisation has a rule that fails elsewhere: then nobody knows where a
// deployment would do.
func TestRemedyOfAnOrganisation(t *testing.T) {
	const spec = "target: aci, memory: 64GiB, component: three"
	fsys, names := files(map[string]string{"m.yaml": fmt.Sprintf(model, spec)})
	for condition, want := range map[string]string{
		"deployment.target == \"aci\"":                                      "Use Azure Functions or Azure Kubernetes Service (AKS), or something else.",
		"deployment.target != \"\"":                                         "Use what we use, or something else. As it is, no target of edition 2020-06 would do.",
		"deployment.target == \"aci\"\n\tdeployment.component == \"three\"": "Use Azure Functions or Azure Kubernetes Service (AKS), or something else.",
		"fails(deployment)\n}\n\nfails(d) if d.target == \"aci\"\n\nfails(d) if {\n\td.target != \"aci\"\n\tto_number(d.component) == 3": "Use what we use, or something else.",
	} {
		result := lintFiles(t, extended(t, map[string]string{"ours": condition}), fsys, names...)
		index := slices.IndexFunc(result.Findings, func(f lint.Finding) bool { return f.Rule == "ours" })
		if index < 0 || result.Findings[index].Remedy != want {
			t.Errorf("%s: %+v, want %s", condition, result.Findings, want)
		}
	}
}
