package extract

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// One schema and one type for each kind of document, and the words around them.
func TestAzureMLKinds(t *testing.T) {
	const host = "https://azuremlschemas.azureedge.net/latest/"
	tests := []struct{ text, format string }{
		{"$schema: " + host + "managedOnlineDeployment.schema.json", "azureml-v2-online-deployment"},
		{"$schema: " + host + "kubernetesOnlineDeployment.schema.json", "azureml-v2-online-deployment"},
		{"$schema: https://AzureMLSchemas.azureedge.net/latest/MANAGEDONLINEDEPLOYMENT.SCHEMA.JSON", "azureml-v2-online-deployment"},
		{"$schema: '" + host + "managedOnlineDeployment.schema.json#  '", "azureml-v2-online-deployment"},
		{"$schema: http://azureml/sdk-2-0/OnlineDeployment.json", "azureml-v2-online-deployment"},
		{"$schema: " + host + "batchDeployment.schema.json", "azureml-v2-batch-deployment"},
		{"$schema: " + host + "modelBatchDeployment.schema.json", "azureml-v2-batch-deployment"},
		{"$schema: " + host + "pipelineComponentBatchDeployment.schema.json", "azureml-v2-batch-deployment"},
		{"$schema: " + host + "managedOnlineEndpoint.schema.json", "azureml-v2-endpoint"},
		{"$schema: " + host + "kubernetesOnlineEndpoint.schema.json", "azureml-v2-endpoint"},
		{"$schema: " + host + "batchEndpoint.schema.json", "azureml-v2-endpoint"},
		{"$schema: " + host + "amlCompute.schema.json", "azureml-v2-compute"},
		{"$schema: " + host + "computeInstance.schema.json", "azureml-v2-compute"},
		{"$schema: " + host + "kubernetesCompute.schema.json", "azureml-v2-compute"},
		{"$schema: " + host + "vmCompute.schema.json", "azureml-v2-compute"},
		{"$schema: " + host + "synapseSparkCompute.schema.json", "azureml-v2-compute"},
		{"{name: c, type: AmlCompute}", "azureml-v2-compute"},
		{"{name: c, type: computeinstance}", "azureml-v2-compute"},
		{"$schema: " + host + "pipelineJob.schema.json", "azureml-v2-job"},
		{"$schema: " + host + "commandJob.schema.json", "azureml-v2-job"},
		{"$schema: " + host + "sweepJob.schema.json", "azureml-v2-job"},
		{"$schema: " + host + "sparkJob.schema.json", "azureml-v2-job"},
		{"$schema: " + host + "autoMLForecastingJob.schema.json", "azureml-v2-job"},
		{"$schema: " + host + "model.schema.json", "azureml-v2-model"},
		{"$schema: " + host + "environment.schema.json", "azureml-v2-environment"},

		{"{inference_entry_script: score.py}", "azureml-v1-action-deploy"},
		{"{inference_source_directory: src}", "azureml-v1-action-deploy"},
		{"{deployment_compute_target: aks, skip_deployment: false}", "azureml-v1-action-deploy"},
		{"{compute_type: amlcluster}", "azureml-v1-action-compute"},
		{"COMPUTE_TYPE: AmlCompute\nCOMPUTE_CONFIG:", "azureml-v1-toolkit"},
		{"command: c\nframework: Python\nenvironment: {docker: {baseDockerfile: f}}", "azureml-v1-runconfig"},
		{"pipeline: {steps: {S: {databricks_step: {}}}}", "azureml-v1-pipeline"},
		{"pipeline: {steps: {S: {runconfig: r, module: {name: m}}}}", "azureml-v1-pipeline"},

		// What has to do with Azure ML and is none of them.
		{"$schema: " + host + "serverlessEndpoint.schema.json", ""},
		{"$schema: " + host + "azureBlob.schema.json", ""},
		{"$schema: " + host + "data.schema.json", ""},
		{"$schema: " + host + "commandComponent.schema.json", ""},
		{"$schema: " + host + "workspace.schema.json", ""},
		{"$schema: http://azureml/sdk-2-0/ModelVersionPackage.json", ""},
		{"{name: c, type: kubernetes, resource_id: /subscriptions/0/providers/Microsoft.Web/sites/s}", ""},
		{"{name: c, type: virtualmachine, resource_id: vm}", ""},
		{"{name: c, type: synapsespark}", ""},
		{"{type: amlcompute}", ""},
		{"{name: d, endpoint_name: e, instance_type: Standard_NC6, instance_count: 1}", ""},
		{"{name: d, endpoint_name: e, type: managed-by-us, instance_type: i, request_settings: {}}", ""},
		{"{name: d, endpoint_name: e, scale_settings: {}}", ""},
		{"{name: d, mini_batch_size: 10}", ""},

		// What has nothing to do with it.
		{"$schema: https://example.com/managedOnlineDeployment.schema.json\nendpoint_name: e\nname: d\ninstance_type: Standard_NC6\nrequest_settings: {}", ""},
		{"$schema: https://json.schemastore.org/tsconfig\ncompilerOptions: {}", ""},
		{"computeType: gpu", ""},
		{"computeType: GPU_ML\nkind: CloudWorkspace", ""},
		{"$schema: s\ncomputeType: ACI", ""},
		{"computeType: AKS\nresources: {}", ""},
		{"computeType: AKS\nproperties: {}", ""},
		{"type: Microsoft.MachineLearningServices/workspaces/computes\ncomputeType: AKS", ""},
		{"computeType: ${TYPE}", ""},
		{"- computeType: ACI", ""},
		{"entryScript: index.js", ""},
		{"entryScript: main.py\n$schema: s\nruntime: python", ""},

		// Words that others use too.
		{"COMPUTE_TYPE: float16\nCOMPUTE_CONFIG: {}\nWHISPER_MODEL: base # on AciWebservice", ""},
		{"COMPUTE_TYPE: AciWebservice", ""},
		{"variables: {COMPUTE_TYPE: AksCompute, COMPUTE_CONFIG: c}", ""},
		{"compute_type: float16\nmodel: large-v2", ""},
		{"compute_type: amlcluster", ""},
		{"{compute_type: aks, compute_target: akscluster}", ""},
		{"parameters: [{name: compute_type, values: [amlcluster, akscluster]}]", ""},
		{"{deployment_compute_target: aks}", ""},
		{"{test_enabled: true, memory_gb: 64}", ""},
		{"inference_entry_script: score.py\ninference_source_directory: src\nmemory_gb: 64", ""},
		{"deployment_compute_target: aks\ntest_enabled: true", ""},
		{"{properties: {inference_entry_script: {type: string}, deployment_compute_target: {type: string}}}", ""},
		{"[{inference_entry_script: score.py}]", ""},
		{"script: train.py\nframework: pytorch\nenvironment: {python: '3.8', docker: true}", ""},
		{"script: [npm test]\nenvironment: {name: production}\nframework: jest", ""},
		{"script: train.py\nenvironment: {python: {interpreterPath: python}}", ""},
		{"pipeline: {build: {image: golang, commands: [go test]}}", ""},
		{"pipeline: {steps: [{python_script_step: {}}]}", ""},
		{"pipeline: {steps: {build: {module: {name: core}}}}", ""},
		{"pipeline: {stages: {train: {python_script_step: {}}}}", ""},
		{"steps: {Train: {python_script_step: {}}}\npipeline: p", ""},
		{"type: Microsoft.ContainerInstance/containerGroups\nproperties: {osType: Linux}", ""},
		{"apiVersion: 2021-09-01\nproperties: {containers: [{}]}", ""},
		{"apiVersion: v1\nproperties: {osType: Linux, containers: [{}]}", ""},
		{"type: Microsoft.App/containerApps\napiVersion: 2021-09-01\nproperties: {osType: Linux, containers: [{}]}", ""},
		{"kind: ContainerGroup\napiVersion: 2021-09-01\nproperties: {osType: Linux, containers: [{}]}", ""},
		{"flavors: [python, java]\nmodel_size_bytes: 3", ""},
		{"flavors: {python_function: {}}\nmlflow_version: 1.30.0", ""},
		{"just text", ""},
		{"[1, 2]", ""},
	}
	for _, test := range tests {
		var got string
		if documents := extract(t, nil, Options{}, "file.yaml", test.text+"\n").Documents; len(documents) > 0 {
			got = documents[0].Format
		}
		if got != test.format {
			t.Errorf("%s\nis %q, want %q", test.text, got, test.format)
		}
	}
}

// Files full of the words of Azure ML that are no deployments: however broken they
// are, nobody may hear of it.
func TestQuickLookPassesOver(t *testing.T) {
	files := map[string]string{
		"GitHub workflow": `name: deploy
on: {workflow_dispatch: {inputs: {kind: {type: choice}}}}
jobs:
  deploy:
    uses: Azure/mlops-templates/.github/workflows/create-endpoint.yml@main
    with:
      endpoint_name: ${{ needs.config.outputs.endpoint_name }}
      endpoint_type: online
      size: STANDARD_NC6
      min_instances: 0
    steps:
    - run: az ml compute create --name gpu --type amlcompute --set resource_id=x
    - run: az container create --file deploy-aci.yaml
    - run: az ml online-deployment create --file managedOnlineDeployment.yml
`,
		"Azure DevOps variables": "variables:\n  AML_CLUSTER_PRIORITY: lowpriority\n  ACI_MEMORY_GB: 64\n  instance_type: Standard_NC6\n",
		"Helm values":            "deployment:\n  runtime: nvidia\n  environment: prod\n  resources: {limits: {nvidia.com/gpu: 1}}\n",
		"OpenShift DeploymentConfig": `{"apiVersion": "apps.openshift.io/v1", "kind": "DeploymentConfig",
			"spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"memory": "64Gi"}}}]}}}}`,
		"tsconfig":     `{"$schema": "https://json.schemastore.org/tsconfig", "compilerOptions": {"strict": true}}`,
		"package.json": `{"name": "azureml-ui", "main": "entryScript.js", "type": "module"}`,
		"Azure Policy": `{"properties": {"policyRule": {"if": {"field": "type", "equals": "Microsoft.ContainerInstance/containerGroups"},
			"then": {"effect": "deny"}}, "parameters": {"containers": {"type": "Array"}}}}`,
		"JSON Schema":        `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "description": "compute, resource_id"}`,
		"Terraform plan":     `{"format_version": "0.2", "planned_values": {"resource_id": "x", "type": "azurerm_kubernetes_cluster"}}`,
		"AML datastore":      "$schema: https://azuremlschemas.azureedge.net/latest/azureBlob.schema.json\nname: blob\n",
		"AML component":      "$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\ncommand: python -m computer_vision\nresource_id: 3\n",
		"AML package":        "$schema: http://azureml/sdk-2-0/ModelVersionPackage.json\ncode_configuration: {code: src}\n",
		"parallel component": "$schema: https://azuremlschemas.azureedge.net/latest/parallelComponent.schema.json\nmini_batch_size: 5\n",
		"conda":              "name: model-env\ndependencies:\n- azureml-designer-classic-modules\n- mlflow\n",
		"old MLmodel":        "flavors:\n  python_function: {}\nmlflow_version: 1.30.0\n",
		"Cisco ACI":          "apiVersion: aci.fabricattachment/v1\nosType: n9k\n",
		"Docker Compose":     "services:\n  scoring:\n    runtime: nvidia\n    environment: [A=1]\n",
		"Whisper":            "services:\n  whisper:\n    environment:\n      COMPUTE_TYPE: float16 # int8 on a ComputeInstance\n",
		"Azure pipeline": `parameters:
- name: compute_type
  values: [aci, aks, amlcluster]
- name: deployment_compute_target
steps:
- script: az ml run submit-script -c train
  env: {COMPUTE_TYPE: AksCompute, framework: Python}
`,
		"Woodpecker":       "pipeline:\n  steps:\n    module: {image: golang, environment: {framework: gin}}\n",
		"Terraform":        `{"variable": {"compute_type": {"default": "amlcluster-"}, "inference_entry_scripts": {}}}`,
		"scoring requests": `{"data": [[1, 2]], "endpoint_name": "churn"}`,
	}
	for name, content := range files {
		for _, format := range formats() {
			ours := strings.HasPrefix(format.Name, "azureml-") || format.Name == azure.ContainerGroup.Name || format.Name == azure.MLflowModel.Name
			if ours && format.Marked([]byte(content)) {
				t.Errorf("%s may hold %s by the quick look", name, format.Name)
			}
		}
	}
}

// The instance type of a Kubernetes deployment is a name in its cluster, which may
// be that of a VM size; the cluster is what the command line says.
func TestKubernetesOnlineDeploymentCluster(t *testing.T) {
	const text = "$schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json\n" +
		"name: blue\ninstance_type: Standard_NC6\n"
	d := only(t, extract(t, nil, with(Settings{Cluster: facts.Know(facts.AKS, facts.Location{Why: "--cluster"})}), "blue.yml", text))
	if d.Target.Value != facts.AKS || d.Target.Location.Why != "--cluster" || d.GPUs.Known {
		t.Errorf("target %q (%s), GPUs known %t", d.Target.Value, d.Target.Location.Why, d.GPUs.Known)
	}
}

// A batch deployment on a Kubernetes compute has the instance type that it names, or its compute as
// the preview of 2021 wrote it, else the default one of the cluster.
func TestBatchInstanceType(t *testing.T) {
	const (
		schema     = "$schema: https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json\nname: b\nendpoint_name: e\nmodel: azureml:m:1\n"
		nested     = "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nname: e\ntype: batch\ndeployments:\n- name: b\n  model: azureml:m:1\n  "
		kubernetes = "name: c\ntype: kubernetes\nresource_id: /subscriptions/s/resourceGroups/r/providers/Microsoft.Kubernetes/connectedClusters/c\n"
		machines   = "$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json\nname: c\ntype: amlcompute\nsize: Standard_DS3_v2\n"
	)
	object := func(name, gpus string) string {
		return "apiVersion: amlarc.azureml.com/v1alpha1\nkind: InstanceType\nmetadata: {name: " + name + "}\nspec: {resources: {limits: {nvidia.com/gpu: " + gpus + "}}}\n"
	}
	for _, test := range []struct{ name, deployment, compute, gpus string }{
		{"default", schema + "compute: azureml:c\n", kubernetes, "1"},
		{"named", schema + "compute: azureml:c\nresources: {instance_type: two}\n", kubernetes, "2"},
		{"named with the compute", schema + "compute: {target: azureml:c, instance_type: two}\n", kubernetes, "2"},
		{"nested, named with the compute", nested + "compute: {target: azureml:c, instance_type: two}\n", kubernetes, "2"},
		{"nested, default", nested + "compute: {target: azureml:c}\n", kubernetes, "1"},
		{"nested, as a name", nested + "compute: azureml:c\n", kubernetes, "1"},
		{"nested, not known", nested + "compute: {target: azureml:c, instance_type: other}\n", kubernetes, "-"},
		{"nested, filled in later", nested + "compute: {target: azureml:c, instance_type: \"${TYPE}\"}\n", kubernetes, "-"},
		{"a cluster of machines", schema + "compute: azureml:c\n", machines, "0"},
		{"a cluster of machines, nested", nested + "compute: {target: azureml:c}\n", machines, "0"},
		{"no compute", schema, kubernetes, "-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"c.yml": data(test.compute), "one.yaml": data(object(azure.DefaultInstanceType, "1")), "two.yaml": data(object("two", "2"))}
			d := only(t, extract(t, files, Options{}, "b.yml", test.deployment))
			got := "-"
			if d.GPUs.Known {
				got = fmt.Sprint(d.GPUs.Value)
			}
			equal(t, got, test.gpus)
		})
	}
	arm := `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
		{"type": "Microsoft.MachineLearningServices/workspaces/computes", "name": "w/c", "properties": {"computeType": "Kubernetes",
		 "resourceId": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Kubernetes/connectedClusters/c"}},
		{"type": "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments", "name": "w/e/b", "properties": {
		 "compute": "[resourceId('Microsoft.MachineLearningServices/workspaces/computes', 'w', 'c')]"}}]}`
	if d := only(t, extract(t, fstest.MapFS{"type.yaml": data(object(azure.DefaultInstanceType, "1"))}, Options{}, "main.json", arm)); d.GPUs.Value != 1 {
		t.Errorf("in a template: GPUs %+v", d.GPUs)
	}
}

// A Kubernetes deployment that names no instance type has the default one of its cluster, where the
// project defines it.
func TestDefaultInstanceType(t *testing.T) {
	const (
		schema  = "$schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json\nname: blue\n"
		managed = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: blue\n"
	)
	object := func(name, gpus string) string {
		return "apiVersion: amlarc.azureml.com/v1alpha1\nkind: InstanceType\nmetadata: {name: " + name + "}\nspec: {resources: {limits: {nvidia.com/gpu: " + gpus + "}}}\n"
	}
	for _, test := range []struct {
		name, deployment string
		types            []string
		gpus             string
		links            int
	}{
		{"none is named", schema, []string{object("defaultinstancetype", "1")}, "1", 1},
		{"null", schema + "instance_type: null\n", []string{object("defaultinstancetype", "2")}, "2", 1},
		{"by type", "name: blue\nendpoint_name: churn\ntype: kubernetes\ncode_configuration: {code: .}\n", []string{object("defaultinstancetype", "1")}, "1", 2},
		{"another is named", schema + "instance_type: cpu\n", []string{object("defaultinstancetype", "1"), object("cpu", "0")}, "0", 1},
		{"one is filled in later", schema + "instance_type: ${TYPE}\n", []string{object("defaultinstancetype", "1")}, "-", 0},
		{"the project has none", schema, []string{object("gpu", "1")}, "-", 0},
		{"the project has two", schema, []string{object("defaultinstancetype", "1"), object("defaultinstancetype", "2")}, "-", 1},
		{"the deployment's own resources", schema + "resources: {limits: {nvidia.com/gpu: 4}}\n", []string{object("defaultinstancetype", "1")}, "4", 1},
		{"a managed one", managed, []string{object("defaultinstancetype", "1")}, "-", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for i, text := range test.types {
				files[fmt.Sprintf("type%d.yaml", i)] = data(text)
			}
			d := only(t, extract(t, files, Options{}, "blue.yml", test.deployment))
			got := "-"
			if d.GPUs.Known {
				got = fmt.Sprint(d.GPUs.Value)
			}
			if equal(t, got, test.gpus); len(d.Links) != test.links {
				t.Errorf("links %+v", d.Links)
			}
		})
	}
	arm := `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
		{"type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments", "name": "w/e/blue", "properties": {"endpointComputeType": "Kubernetes"}}]}`
	if d := only(t, extract(t, fstest.MapFS{"type.yaml": data(object("defaultinstancetype", "1"))}, Options{}, "main.json", arm)); d.GPUs.Value != 1 {
		t.Errorf("in a template: GPUs %+v", d.GPUs)
	}
}

func TestFactsOfOtherFiles(t *testing.T) {
	fsys := fstest.MapFS{
		"deploy/inferenceconfig.json":  {Data: []byte(`{"entryScript": "score.py", "runtime": "python", "enableGpu": true}`)},
		"models/churn/MLmodel":         {Data: []byte("flavors: {sklearn: {}}\nmodel_size_bytes: 999999999\n")},
		"several/inferenceconfig.json": {Data: []byte(`{"entryScript": "score.py", "enableGpu": true}`)},
		"several/inference-cpu.yml":    {Data: []byte("entryScript: score.py\nenableGpu: false\n")},
	}
	extraction := extract(t, fsys, Options{},
		"deploy/deploymentconfig.yml", "computeType: ACI\n",
		"deploy/online.yml", "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n"+
			"name: online\nmodel: {path: ../models/churn}\n",
		"several/deploymentconfig.yml", "computeType: ACI\n",
	)
	equal(t, describe(extraction), `
document azureml-v1-deployment-config @ 1:1
document azureml-v2-online-deployment @ 1:1
document azureml-v1-deployment-config @ 1:1
deployment deploymentconfig.yml azureml-v1-deployment-config @ 1:1
  name: "deploymentconfig.yml" @ 1:1 (the document has no name; this is the file name)
  target: "aci" @ 1:14 computeType
  api: "v1" @ 1:1 (the format azureml-v1-deployment-config belongs to this version)
  workload: "web-service" @ 1:14 computeType (a deployment configuration is for a web service)
  gpus: 1 @ 1:63 enableGpu (enableGpu is true) + @ 1:14 computeType (deployed with it)
  link inference configuration @ 1:14 computeType -> @ 1:1
deployment online azureml-v2-online-deployment @ 1:1
  name: "online" @ 2:7 name
  target: "managed-online" @ 1:10 $schema (the endpoint is managed)
  api: "v2" @ 1:1 (the format azureml-v2-online-deployment belongs to this version)
  workload: "web-service" @ 1:10 $schema (an online endpoint is a web service)
  models[0]
    size_bytes: 999999999 @ 2:19 model_size_bytes (size that MLflow measured) + @ 3:15 model.path (path of the model)
    size_source: "MLmodel" @ 2:19 model_size_bytes
    (path): "../models/churn" @ 3:15 model.path
deployment deploymentconfig.yml azureml-v1-deployment-config @ 1:1
  name: "deploymentconfig.yml" @ 1:1 (the document has no name; this is the file name)
  target: "aci" @ 1:14 computeType
  api: "v1" @ 1:1 (the format azureml-v1-deployment-config belongs to this version)
  workload: "web-service" @ 1:14 computeType (a deployment configuration is for a web service)
  link inference configuration @ 1:14 computeType -> @ 1:1 -> @ 1:1: it is defined 2 times, so no definition is used
`)
}

// What an inference configuration adds to the deployment configuration beside it,
// which says nothing but computeType.
func TestInferenceConfigCompletes(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"GPU flag", "entryScript: score.py\nenableGpu: True\n", `gpus: 1 @ 2:12 enableGpu (enableGpu is true) + @ 1:14 computeType (deployed with it)`},
		{"no GPU", "entryScript: score.py\nenableGpu: false\nbaseImage:\n", `gpus: 0 @ 2:12 enableGpu (enableGpu is false) + @ 1:14 computeType (deployed with it)`},
		{"GPU flag with an image", "{entryScript: score.py, enableGpu: yes, baseImage: acme/score:1}", `gpus: 1 @ 1:36 enableGpu (enableGpu is true) + @ 1:14 computeType (deployed with it)
  images[0]: "acme/score:1" @ 1:52 baseImage`},
		{"the image decides", "{entryScript: score.py, enableGpu: no, baseImage: acme/cuda:1}", `images[0]: "acme/cuda:1" @ 1:51 baseImage`},
		{"an image called gpu", "{entryScript: score.py, environment: {docker: {baseImage: azureml/base-gpu}}}",
			`images[0]: "azureml/base-gpu" @ 1:59 environment.docker.baseImage`},
		{"designer's environment", "{entryScript: score.py, environment: {name: AzureML-Designer-Score}}",
			`designer: true @ 1:45 environment.name (the environment belongs to the designer) + @ 1:14 computeType (deployed with it)`},
		{"designer's image", "{entryScript: score.py, baseImage: mcr.microsoft.com/azureml/curated/designer:74}",
			`designer: true @ 1:36 baseImage (the image belongs to the designer) + @ 1:14 computeType (deployed with it)
  images[0]: "mcr.microsoft.com/azureml/curated/designer:74" @ 1:36 baseImage`},
		{"designer's package", "{entryScript: s.py, environment: {python: {condaDependencies: {dependencies: [pip, {pip: [azureml-designer-serving]}]}}}}",
			`designer: true @ 1:91 environment.python.condaDependencies.dependencies[1].pip[0] (the package belongs to the designer) + @ 1:14 computeType (deployed with it)`},
		{"not the designer's", "{entryScript: s.py, environment: {name: my-designer, python: {condaDependencies: {dependencies: [mldesigner]}}}}", ""},
		{"placeholders", "{entryScript: s.py, enableGpu: $(gpu), baseImage: <image>}", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			extraction := extract(t, nil, Options{},
				"deploy/deploymentconfig.yml", "computeType: AKS\n", "deploy/inferenceconfig.yml", test.config)
			equal(t, describe(extraction), `
document azureml-v1-deployment-config @ 1:1
document azureml-v1-inference-config, completes the deployment configurations in its folder @ 1:1
deployment deploymentconfig.yml azureml-v1-deployment-config @ 1:1
  name: "deploymentconfig.yml" @ 1:1 (the document has no name; this is the file name)
  target: "aks" @ 1:14 computeType
  api: "v1" @ 1:1 (the format azureml-v1-deployment-config belongs to this version)
  workload: "web-service" @ 1:14 computeType (a deployment configuration is for a web service)
  `+strings.TrimSpace(test.want+"\n  link inference configuration @ 1:14 computeType -> @ 1:1"))
		})
	}
}

// The deployment's own evidence stays, and nobody calls it a contradiction.
func TestInferenceConfigOverridesNothing(t *testing.T) {
	extraction := extract(t, nil, Options{},
		"deploymentconfig.yml", "computeType: AKS\ngpuCores: 0\n", "inferenceconfig.yml", "entryScript: s.py\nenableGpu: true\n")
	if d := only(t, extraction); d.GPUs.Value != 0 || len(extraction.Problems) > 0 {
		t.Error(describe(extraction))
	}
}

// A value of the wrong shape is a warning where a format is known by the rest of the document.
func TestWrongShapesOfAzure(t *testing.T) {
	const (
		endpoint = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\nname: e\n"
		template = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "metadata": {"a": "Microsoft.ContainerInstance/a"}, `
		plan     = `{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"mode": "managed", "type": "azurerm_container_group", "values": {"name": "g", `
	)
	for _, test := range []struct{ name, text, want string }{
		{"e.yml", endpoint + "deployments: blue\n", "deployments must be a list, not a single value"},
		{"e.yml", endpoint + "deployments: [blue]\n", "deployments[0] must be a mapping, not a single value"},
		{"e.yml", endpoint + "deployments: {blue: {model: azureml:m:1}}\n", "deployments must be a list, not a mapping"},
		{"e.yml", endpoint + "deployments: ${DEPLOYMENTS}\n", ""},
		{"e.yml", endpoint + "deployments: null\n", ""},
		{"e.yml", endpoint + "deployments: []\n", ""},
		{"e.yml", endpoint, ""},
		{"d.json", `{"computeType": ["ACI"], "containerResourceRequirements": {"memoryInGB": 64}}`, "computeType must be a single value, not a list"},
		{"d.json", `{"computeType": "ACI", "containerResourceRequirements": [{"memoryInGB": 64}]}`, "containerResourceRequirements must be a mapping, not a list"},
		{"a.json", template + `"resources": "x"}`, "resources must be a list, not a single value"},
		{"a.json", template + `"resources": null}`, ""},
		{"a.json", template + `"resources": "${RESOURCES}"}`, ""},
		{"p.json", plan + `"container": {"memory": 64}}}]}}}`, "container must be a list, not a mapping"},
		{"p.json", plan + `"container": [4]}}]}}}`, "container[0] must be a mapping, not a single value"},
		{"p.json", plan + `"container": null, "init_container": []}}]}}}`, ""},
	} {
		t.Run(test.name+" "+test.want, func(t *testing.T) {
			problems := extract(t, nil, Options{}, test.name, test.text).Problems
			switch {
			case test.want == "" && len(problems) > 0:
				t.Errorf("got %s for %s", problems[0].Message, test.text)
			case test.want != "" && (len(problems) != 1 || problems[0].Severity != facts.Warning || !strings.HasSuffix(problems[0].Message, test.want)):
				t.Errorf("got %+v, want %s", problems, test.want)
			}
		})
	}
	files := fstest.MapFS{"host.json": data(`{"version": "2.0"}`), "p/function.json": data(`{"bindings": {"type": "httpTrigger"}}`)}
	if problems := extract(t, files, Options{}, "host.json", `{"version": "2.0"}`).Problems; len(problems) != 1 || problems[0].Message != "bindings must be a list, not a mapping" {
		t.Errorf("bindings: %+v", problems)
	}
}
