package lint_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// TestRemedies states the remedies of findings: the targets that would do.
func TestRemedies(t *testing.T) {
	const (
		memory = "Request less memory, or deploy to "
		work   = "Deploy to %s, or correct the declared workload."

		managed = "2023-03, which lists Azure Machine Learning managed online endpoints and accepts the deployment."
	)
	cases := []struct {
		name, config, spec string
		rule, want         string
	}{
		{"targets where it would do, short of previews", "", "workload: web-service, target: aci, memory: 64GiB", "memory", memory + "Azure Kubernetes Service (AKS)."},
		{"all that it asks for counts", "", "workload: web-service, target: aci, memory: 64GiB, gpus: 1", "memory", memory + "Azure Kubernetes Service (AKS)."},
		{"those for testing, too, where it is for development", "", "workload: web-service, target: aci, memory: 64GiB, stage: development", "memory",
			memory + "Azure Functions, Azure Kubernetes Service (AKS), Azure Machine Learning compute instance web service or Local web service."},
		{"never a preview in production", "", "workload: web-service, target: aci, memory: 64GiB, stage: production", "memory", memory + "Azure Kubernetes Service (AKS)."},
		{"a rule that is off rules out nothing", "rules: {gpu-web-service: off}", "workload: web-service, target: aci, memory: 64GiB, gpus: 1", "memory", memory + "Azure Kubernetes Service (AKS)."},
		{"a row that stands for several targets once", "edition: 2023-03", "workload: batch-scoring, target: aci, memory: 1GiB", "workload",
			fmt.Sprintf(work, "Azure Machine Learning Kubernetes or Azure Machine Learning batch endpoints")},
		{"warnings that it has already", "", "workload: iot-module, target: local, gpus: 1", "workload", fmt.Sprintf(work, "Azure Data Box Edge")},
		{"an error is worse than a warning", "", "workload: batch-scoring, target: aml-compute, fpgas: 1", "fpga", "Deploy to Azure Data Box Edge or Azure Kubernetes Service (AKS), with warnings, or remove the FPGA request."},
		{"but a warning is not", "rules: {workload: error}", "workload: batch-scoring, target: aml-compute, fpgas: 1", "fpga",
			"Deploy to a target with FPGA support, or remove the FPGA request. As it is, no target of edition 2020-06 is suitable."},
		{"a note is no reason to go where a warning is", "", "workload: iot-module, target: iot-edge, gpus: 1", "preview-target", "Make sure that a preview is acceptable, or deploy to a target that is generally available."},
		{"a workload that is not known", "", "target: aci, memory: 64GiB", "memory", memory + "a target without a memory limit."},
		{"training", "", "workload: training, target: aci, memory: 64GiB", "memory", memory + "a target without a memory limit."},
		{"a rule that no target fixes", "", "workload: iot-module, target: data-box-edge, gpus: 1", "gpu-not-offered", "Run the module on the CPU, or turn the rule off if the devices have a GPU."},
		{"a target with an error that it has already", "", "workload: iot-module, target: local, designer: true", "workload",
			fmt.Sprintf(work, "a target that the table lists for the workload") + " As it is, no target of edition 2020-06 is suitable for this and designer."},
		{"and the other one names the target", "", "workload: iot-module, target: local, designer: true", "designer", "Deploy the designer model to Azure Kubernetes Service (AKS)."},
		{"two others that name targets", "", "workload: iot-module, target: local, designer: true, fpgas: 1", "workload",
			fmt.Sprintf(work, "a target that the table lists for the workload") + " As it is, no target of edition 2020-06 is suitable for this, designer and fpga."},
		{"a target that fixes all", "", "workload: web-service, target: aci, designer: true, gpus: 1", "designer",
			"Deploy the designer model to Azure Kubernetes Service (AKS)."},
		{"two findings that no target fixes", "rules: {workload: error}", "workload: iot-module, target: local, designer: true", "designer",
			"Deploy the designer model to a target that the designer supports. As it is, no target of edition 2020-06 is suitable."},
		{"as few warnings as possible", "edition: 2020-12", "workload: iot-module, target: aci, stage: production, memory: 64GiB", "memory",
			memory + "Azure Kubernetes Service (AKS) or Azure Machine Learning compute clusters."},
		{"a later edition with warnings", "", "workload: web-service, target: batch-endpoint, gpus: 1", "gpu-web-service",
			"Deploy the web service to Azure Kubernetes Service (AKS), or remove the GPU request, or set edition: 2023-03, which lists Azure Machine Learning batch endpoints and accepts the deployment, with warnings."},
		{"a compute's rule", "", "workload: web-service, target: aks, gpus: 0, compute: {target: aci, managed_by: azure-ml, vm_priority: low}", "low-priority", "Use dedicated VMs, or a compute cluster."},
		{"a target that a later edition lists", "", "workload: web-service, target: managed-online, gpus: 1", "gpu-web-service",
			"Deploy the web service to Azure Kubernetes Service (AKS), or remove the GPU request, or set edition: " + managed},
		{"and the note says the same", "", "workload: web-service, target: managed-online, gpus: 1", "unlisted-target", "Deploy to Azure Kubernetes Service (AKS), or set edition: " + managed},
		{"a target that a later edition lists and does not accept", "", "workload: batch-scoring, target: kubernetes, gpus: 1", "gpu-batch-scoring",
			"Score on Machine Learning compute clusters, or remove the GPU request, or set edition: 2023-03, which lists Azure Machine Learning Kubernetes and accepts the deployment."},
		{"a target that no later edition lists", "edition: 2023-03", "workload: web-service, target: functions, gpus: 1", "unlisted-target",
			"Deploy to Azure Machine Learning Kubernetes or Azure Machine Learning managed online endpoints."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys, names := files(map[string]string{"m.yaml": "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {" + c.spec + "}\n"})
			result := lintFiles(t, newLinter(t, c.config), fsys, names...)
			index := slices.IndexFunc(result.Findings, func(f lint.Finding) bool { return f.Rule == c.rule })
			if index < 0 {
				t.Fatalf("no finding of %s: %+v", c.rule, result.Findings)
			}
			finding := result.Findings[index]
			if finding.Remedy != c.want {
				t.Errorf("got  %s\nwant %s", finding.Remedy, c.want)
			}
			for _, s := range finding.Suggestions {
				named := s.Name
				if s.Change == whatif.ChangeEdition {
					named = "set edition: " + s.Value + ","
				}
				if s.Value == "" || !strings.Contains(finding.Remedy, named) {
					t.Errorf("%+v is not in the remedy %s", s, finding.Remedy)
				}
			}
		})
	}
}

// TestSuggestions states the changes of some remedies.
func TestSuggestions(t *testing.T) {
	aks := lint.Suggestion{Change: whatif.ChangeTarget, Value: "aks", Name: "Azure Kubernetes Service (AKS)"}
	for _, c := range []struct {
		spec, rule string
		want       []lint.Suggestion
	}{
		{"workload: web-service, target: aci, memory: 64GiB", "memory", []lint.Suggestion{aks}},
		{"workload: web-service, target: aci, memory: 64GiB, stage: development", "memory", []lint.Suggestion{
			{Change: whatif.ChangeTarget, Value: "functions", Name: "Azure Functions"}, aks,
			{Change: whatif.ChangeTarget, Value: "compute-instance", Name: "Azure Machine Learning compute instance web service"},
			{Change: whatif.ChangeTarget, Value: "local", Name: "Local web service"},
		}},
		{"workload: web-service, target: managed-online, gpus: 1", "unlisted-target", []lint.Suggestion{aks, {Change: whatif.ChangeEdition, Value: "2023-03"}}},
		{"workload: iot-module, target: data-box-edge, gpus: 1", "gpu-not-offered", nil},
		{"workload: training, target: aci, memory: 64GiB", "memory", nil},
	} {
		fsys, names := files(map[string]string{"m.yaml": fmt.Sprintf(model, c.spec)})
		result := lintFiles(t, newLinter(t), fsys, names...)
		index := slices.IndexFunc(result.Findings, func(f lint.Finding) bool { return f.Rule == c.rule })
		if index < 0 || !reflect.DeepEqual(result.Findings[index].Suggestions, c.want) {
			t.Errorf("%s: %+v, want %+v", c.spec, result.Findings, c.want)
		}
	}
}

// TestRemedyOfAnOrganisation has a rule that fails elsewhere: then nobody knows where a
// deployment would do.
func TestRemedyOfAnOrganisation(t *testing.T) {
	const spec = "target: aci, memory: 64GiB, component: three"
	fsys, names := files(map[string]string{"m.yaml": fmt.Sprintf(model, spec)})
	for condition, want := range map[string]string{
		"deployment.target == \"aci\"":                                      "Use Azure Kubernetes Service (AKS), or something else.",
		"deployment.target != \"\"":                                         "Use what we use, or something else. As it is, no target of edition 2020-06 is suitable.",
		"deployment.target == \"aci\"\n\tdeployment.component == \"three\"": "Use Azure Kubernetes Service (AKS), or something else.",
		"fails(deployment)\n}\n\nfails(d) if d.target == \"aci\"\n\nfails(d) if {\n\td.target != \"aci\"\n\tto_number(d.component) == 3": "Use what we use, or something else.",
	} {
		result := lintFiles(t, extended(t, map[string]string{"ours": condition}), fsys, names...)
		index := slices.IndexFunc(result.Findings, func(f lint.Finding) bool { return f.Rule == "ours" })
		if index < 0 || result.Findings[index].Remedy != want {
			t.Errorf("%s: %+v, want %s", condition, result.Findings, want)
		}
	}
}

// TestRemedyNamesPreviewsLast has a rule that leaves Azure Functions, a preview, as the only target.
func TestRemedyNamesPreviewsLast(t *testing.T) {
	linter := extended(t, map[string]string{"ours": `not deployment.target in {"aci", "functions"}`})
	for stage, want := range map[string]string{
		"":                     "Request less memory, or deploy to Azure Functions (in preview).",
		", stage: development": "Request less memory, or deploy to Azure Functions.",
		", stage: production":  "Request less memory, or deploy to a target without a memory limit. As it is, only previews of edition 2020-06 are suitable.",
	} {
		fsys, names := files(map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, memory: 64GiB"+stage)})
		result := lintFiles(t, linter, fsys, names...)
		index := slices.IndexFunc(result.Findings, func(f lint.Finding) bool { return f.Rule == "memory" })
		if index < 0 || result.Findings[index].Remedy != want {
			t.Errorf("%q: %+v, want %s", stage, result.Findings, want)
		}
	}
}
