package extract

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/link"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const schemas = "$schema: https://azuremlschemas.azureedge.net/latest/"

// project makes one project of all files of a file system.
func project(fsys fstest.MapFS) func(string) *Project {
	all := &Project{Root: ".", Files: func(context.Context) ([]string, bool) { return slices.Sorted(maps.Keys(fsys)), true }}
	return func(string) *Project { return all }
}

// linkFiles extracts some files of a project, of which the others are looked up.
func linkFiles(t *testing.T, fsys fstest.MapFS, run ...string) *Extraction {
	t.Helper()
	var files []string
	for _, name := range run {
		files = append(files, name, string(fsys[name].Data))
	}
	return extract(t, fsys, Options{Project: project(fsys)}, files...)
}

func data(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

const batch = schemas + "modelBatchDeployment.schema.json\nname: score\ntype: model\nmodel: azureml:churn:7\ncompute: azureml:gpu-cluster\n"

const cluster = schemas + "amlCompute.schema.json\nname: gpu-cluster\ntype: amlcompute\nsize: Standard_NC6\ntier: low_priority\nmax_instances: 2\n"

func TestLinkCompute(t *testing.T) {
	extraction := linkFiles(t, fstest.MapFS{"deploy/batch.yml": data(batch), "compute/gpu.yml": data(cluster)}, "deploy/batch.yml")
	equal(t, describe(extraction), `
document azureml-v2-batch-deployment @ 1:1
deployment score azureml-v2-batch-deployment @ 1:1
  name: "score" @ 2:7 name
  target: "aml-compute" @ 3:7 type (it runs on the compute gpu-cluster) + @ 5:10 compute (referenced here)
  api: "v2" @ 1:1 (the format azureml-v2-batch-deployment belongs to this version)
  workload: "batch-scoring" @ 3:7 type (a batch endpoint scores batches)
  gpus: 1 @ 4:7 size (VM size Standard_NC6 has 1 GPU) + @ 5:10 compute (referenced here)
  fpgas: 0 @ 4:7 size (VM size Standard_NC6 has no FPGA) + @ 5:10 compute (referenced here)
  models[0]
    name: "churn" @ 4:8 model
    version: "7" @ 4:8 model
  compute
    name: "gpu-cluster" @ 2:7 name
    target: "aml-compute" @ 3:7 type (type of the document)
    managed_by: "azure-ml" @ 3:7 type (type of the document)
    vm_size: "Standard_NC6" @ 4:7 size
    gpus: 1 @ 4:7 size (VM size Standard_NC6 has 1 GPU)
    fpgas: 0 @ 4:7 size (VM size Standard_NC6 has no FPGA)
    vm_priority: "low" @ 5:7 tier
    max_nodes: 2 @ 6:16 max_instances
  link compute gpu-cluster @ 5:10 compute -> @ 1:1
  link model churn @ 4:8 model: no document of the project defines it
`)
}

// What is defined elsewhere reaches a deployment whatever the way to it.
func TestLinks(t *testing.T) {
	online := func(lines string) string {
		return schemas + "kubernetesOnlineDeployment.schema.json\nname: blue\n" + lines
	}
	tests := []struct {
		name  string
		files fstest.MapFS
		want  string // what d says
		say   func(d *facts.Deployment) string
	}{
		{"the endpoint's compute", fstest.MapFS{
			"d.yml":    data(online("endpoint_name: churn\n")),
			"e/e.yml":  data(schemas + "kubernetesOnlineEndpoint.schema.json\nname: churn\ncompute: azureml:aks\n"),
			"c/c.yaml": data("name: aks\ntype: kubernetes\nresource_id: /x/providers/Microsoft.ContainerService/managedClusters/aks\n"),
		}, "aks, c/c.yaml < e/e.yml < d.yml", func(d *facts.Deployment) string {
			text := string(d.Target.Value) + ", " + d.Target.Location.Node.File().Name
			for _, related := range d.Target.Location.Related {
				text += " < " + related.Node.File().Name
			}
			return text
		}},
		{"the endpoint's statements", fstest.MapFS{
			"d.yml": data(online("endpoint_name: churn\n")),
			"e.yml": data(schemas + "onlineEndpoint.schema.json\nname: churn\ntags: {mlpolicy.dev/stage: production}\n"),
		}, "production", func(d *facts.Deployment) string { return string(d.Stage.Value) }},
		{"an instance of a typed model asset", fstest.MapFS{
			"d.yml": data(online("model: azureml:churn@latest\n")),
			"m.yml": data(schemas + "model.schema.json\nname: churn\nversion: 7\npath: ./files\ntags: {CreatedByAMLStudio: true}\n"),
		}, "7 ./files true", func(d *facts.Deployment) string {
			return fmt.Sprint(d.Models[0].Version.Value, " ", d.Models[0].Path.Value, " ", d.Designer.Value)
		}},
		{"the version that is asked for", fstest.MapFS{
			"d.yml": data(online("model: azureml:churn:8\n")),
			"m.yml": data(schemas + "model.schema.json\nname: churn\nversion: 7\npath: seven\n---\n" + schemas + "model.schema.json\nname: churn\nversion: 8\npath: eight\n"),
		}, "eight", func(d *facts.Deployment) string { return d.Models[0].Path.Value }},
		{"a model in a file", fstest.MapFS{
			"d/d.yml":     data(online("model: file:../m/model.yml\n")),
			"m/model.yml": data(schemas + "model.schema.json\nname: churn\npath: here\n"),
		}, "here", func(d *facts.Deployment) string { return d.Models[0].Path.Value }},
		{"the environment's conda file", fstest.MapFS{
			"d/d.yml":     data(online("environment: azureml:env:1\n")),
			"e/env.yml":   data(schemas + "environment.schema.json\nname: env\nconda_file: ../conda/c.yml\n"),
			"conda/c.yml": data("dependencies: [pip: [azureml-designer-serving]]\n"),
		}, "true", func(d *facts.Deployment) string { return fmt.Sprint(d.Designer.Value) }},
		{"an environment in a file", fstest.MapFS{
			"d/d.yml":   data(online("environment: file:../e/env.yml\n")),
			"e/env.yml": data(schemas + "environment.schema.json\nname: AzureML-Designer\n"),
		}, "true", func(d *facts.Deployment) string { return fmt.Sprint(d.Designer.Value) }},
		{"a conda file of one's own", fstest.MapFS{
			"d.yml":     data(online("environment: {image: a, conda_file: env/c.yml}\n")),
			"env/c.yml": data("dependencies: [azureml-designer-serving]\n"),
		}, "true", func(d *facts.Deployment) string { return fmt.Sprint(d.Designer.Value) }},
		{"an MLmodel, by a document of ours", fstest.MapFS{
			"d.yml":     data("apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: {path: m}}\n"),
			"m/MLmodel": data("flavors: {a: {}}\nmodel_size_bytes: 5\n"),
		}, "5", func(d *facts.Deployment) string { return fmt.Sprint(d.Models[0].SizeBytes.Value) }},
		{"what stands in the same file", fstest.MapFS{
			"d.yml": data(batch + "---\n" + strings.Replace(cluster, "NC6", "NC24", 1)),
			"c.yml": data(cluster),
		}, "4", func(d *facts.Deployment) string { return fmt.Sprint(d.GPUs.Value) }},
		{"a runtime of the namespace", fstest.MapFS{
			"d.yaml": data("apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a, namespace: one}\nspec: {predictor: {model: {runtime: r}}}\n"),
			"r.yaml": data(servingRuntimeOf("ServingRuntime", "two", 2) + "---\n" + servingRuntimeOf("ServingRuntime", "one", 1) + "---\n" + servingRuntimeOf("ClusterServingRuntime", "", 3)),
		}, "1", func(d *facts.Deployment) string { return fmt.Sprint(d.GPUs.Value) }},
		{"a runtime of the cluster", fstest.MapFS{
			"d.yaml": data("apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\nspec: {predictor: {model: {runtime: r, resources: {requests: {memory: 2Gi}}}}}\n"),
			"r.yaml": data(servingRuntimeOf("ServingRuntime", "one", 1) + "---\n" + servingRuntimeOf("ClusterServingRuntime", "", 3)),
		}, "3 GPUs, 2 GiB", func(d *facts.Deployment) string {
			return fmt.Sprintf("%d GPUs, %v GiB", d.GPUs.Value, d.MemoryGiB.Value)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run := "d.yml"
			for name := range test.files {
				if strings.HasPrefix(name, "d") {
					run = name
				}
			}
			extraction := linkFiles(t, test.files, run)
			if got := test.say(only(t, extraction)); got != test.want {
				t.Errorf("got %s, want %s\n%s", got, test.want, describe(extraction))
			}
		})
	}
}

func servingRuntimeOf(kind, namespace string, gpus int) string {
	return fmt.Sprintf("apiVersion: serving.kserve.io/v1alpha1\nkind: %s\nmetadata: {name: r, namespace: %q}\n"+
		"spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: %d, memory: 9Gi}}}]}\n", kind, namespace, gpus)
}

// What is not found once is not taken, and the evidence says so.
func TestNoLink(t *testing.T) {
	tests := []struct {
		name  string
		files fstest.MapFS
		want  string
	}{
		{"two definitions", fstest.MapFS{"d.yml": data(batch), "a.yml": data(cluster), "b.yml": data(cluster)},
			"compute gpu-cluster: 2 found, it is defined 2 times, so no definition is used"},
		{"two in one file", fstest.MapFS{"d.yml": data(batch), "a.yml": data(cluster + "---\n" + cluster)},
			"compute gpu-cluster: 2 found, it is defined 2 times, so no definition is used"},
		{"none", fstest.MapFS{"d.yml": data(batch)},
			"compute gpu-cluster: 0 found, no document of the project defines it"},
		{"another name", fstest.MapFS{"d.yml": data(batch), "a.yml": data(strings.Replace(cluster, "name: gpu-cluster", "name: GPU-cluster", 1))},
			"compute gpu-cluster: 0 found, no document of the project defines it"},
		{"a name that is only the file's", fstest.MapFS{"d.yml": data(batch), "gpu-cluster": data(strings.Replace(cluster, "name: gpu-cluster\n", "", 1))},
			"compute gpu-cluster: 0 found, no document of the project defines it"},
		{"a broken document", fstest.MapFS{"d.yml": data(batch), "a.yml": data("a: [\n" + cluster)},
			"compute gpu-cluster: 0 found, no document of the project defines it"},
		{"outside of the project", fstest.MapFS{"d.yml": data(schemas + "managedOnlineDeployment.schema.json\nname: a\nenvironment: {conda_file: ../c.yml}\n")},
			"conda file ../c.yml: 0 found, it is outside the project"},
		{"nothing there", fstest.MapFS{"d.yml": data(schemas + "managedOnlineDeployment.schema.json\nname: a\nenvironment: {conda_file: c.yml}\n"), "c.yml": data("dependencies: [numpy]\n")},
			"conda file c.yml: 0 found, not found, or without facts"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := only(t, linkFiles(t, test.files, "d.yml"))
			if len(d.Links) == 0 {
				t.Fatal("no link is told of")
			}
			got := fmt.Sprintf("%s: %d found, %s", d.Links[0].What, len(d.Links[0].Found), d.Links[0].Why)
			if got != test.want || d.Compute != nil || d.Target.Value == facts.AMLCompute {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestLinkKeepsEvidence(t *testing.T) {
	d := only(t, linkFiles(t, fstest.MapFS{
		"d.yml": data(schemas + "batchDeployment.schema.json\nname: a\ncompute: gpu-cluster\nresources: {instance_type: Standard_NC24}\n"),
		"c.yml": data(cluster),
	}, "d.yml"))
	if d.GPUs.Value != 4 || d.GPUs.Location.Node.File().Name != "d.yml" {
		t.Errorf("%d GPUs by %s", d.GPUs.Value, d.GPUs.Location.Node.File().Name)
	}
}

// Each document stands by itself when that is asked for.
func TestAlone(t *testing.T) {
	fsys := fstest.MapFS{"c.yml": data(cluster), "inferenceconfig.yml": data("entryScript: s.py\nenableGpu: true\n"), "m/MLmodel": data("flavors: {a: {}}\nmodel_size_bytes: 5\n")}
	extraction := extract(t, fsys, Options{Project: project(fsys), Alone: true}, "d.yml", batch, "c.yml", cluster,
		"deploymentconfig.yml", "computeType: ACI\n", "o.yml", schemas+"managedOnlineDeployment.schema.json\nmodel: {path: m}\n")
	if len(extraction.Deployments) != 3 {
		t.Fatal(describe(extraction))
	}
	for _, d := range extraction.Deployments {
		if d.Compute != nil || d.GPUs.Known || d.Links != nil || d.Models != nil && d.Models[0].SizeBytes.Known {
			t.Error(describe(extraction))
		}
	}
	if dependents := extraction.Dependents; len(dependents.Deployments) > 0 {
		t.Errorf("%d dependents", len(dependents.Deployments))
	}
}

func TestTooLargeToLink(t *testing.T) {
	options := Options{Project: func(string) *Project {
		return &Project{Root: ".", Files: func(context.Context) ([]string, bool) { return nil, false }}
	}}
	d := only(t, extract(t, fstest.MapFS{}, options, "d.yml", batch))
	if len(d.Links) == 0 || d.Links[0].Why != "the project has too many files to search, and no file of the run defines it" {
		t.Errorf("links are %v", d.Links)
	}
}

// Standard input is a project of its own: what stands in one stream belongs together.
func TestLinkInStandardInput(t *testing.T) {
	d := extract(t, fstest.MapFS{"c.yml": data(cluster)}, Options{}, read.StandardInput, batch+"---\n"+strings.Replace(cluster, "NC6", "NC24", 1)).Deployments[0]
	if d.GPUs.Value != 4 {
		t.Errorf("%d GPUs", d.GPUs.Value)
	}
}

// Files of the run are read once, and those that are of no format never again.
func TestLinkReadsNoFileTwice(t *testing.T) {
	files := fstest.MapFS{"d.yml": data(batch), "c.yml": data(cluster), "other.yml": data("a: 1\n"), "far.yml": data("b: 1\n")}
	counting := &countingFS{MapFS: files, reads: map[string]int{}}
	options := Options{Project: project(files), Unrecognized: map[string]bool{"other.yml": true}}
	extraction, err := Extract(t.Context(), counting, []*source.File{
		source.Parse("d.yml", files["d.yml"].Data), source.Parse("d.yml", files["d.yml"].Data),
	}, options)
	if err != nil || len(extraction.Deployments) != 2 || extraction.Deployments[1].Compute == nil {
		t.Fatalf("%v\n%s", err, describe(extraction))
	}
	if want := map[string]int{"c.yml": 1, "far.yml": 1}; !maps.Equal(counting.reads, want) {
		t.Errorf("files were read %v, want %v", counting.reads, want)
	}
}

type countingFS struct {
	fstest.MapFS
	mutex sync.Mutex
	reads map[string]int
}

func (c *countingFS) ReadFile(name string) ([]byte, error) {
	c.mutex.Lock()
	c.reads[name]++
	c.mutex.Unlock()
	return c.MapFS.ReadFile(name)
}

// A change of what others refer to concerns those others.
func TestDependents(t *testing.T) {
	fsys := fstest.MapFS{
		"deploy/batch.yml":        data(batch),
		"deploy/other.yml":        data(strings.Replace(batch, "gpu-cluster", "cpu-cluster", 1)),
		"compute/gpu.yml":         data(cluster),
		"v1/deploymentconfig.yml": data("computeType: ACI\n"),
		"v1/inferenceconfig.yml":  data("entryScript: s.py\nenableGpu: true\n"),
		"online.yml":              data(schemas + "managedOnlineDeployment.schema.json\nname: online\nmodel: {path: model}\n"),
		"model/MLmodel":           data("flavors: {a: {}}\nmodel_size_bytes: 5\n"),
	}
	for file, want := range map[string]string{
		"compute/gpu.yml":        "score deploy/batch.yml",
		"v1/inferenceconfig.yml": "deploymentconfig.yml v1/deploymentconfig.yml",
		"model/MLmodel":          "online online.yml",
		"deploy/batch.yml":       "",
	} {
		extraction := linkFiles(t, fsys, file)
		var got []string
		for _, d := range extraction.Dependents.Deployments {
			got = append(got, d.Name.Value+" "+d.Subject.File)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("dependents of %s are %q, want %q", file, got, want)
		}
	}
}

// TestLinksIsOfWhatLinks holds each format's word on linking against its examples.
func TestLinksIsOfWhatLinks(t *testing.T) {
	for _, f := range formats() {
		files, err := filepath.Glob("../../../testdata/formats/" + f.Name + "/*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no examples: %v", f.Name, err)
		}
		links := false
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range readWhole(t.Context(), parseAs(file, content), read.Lists{}).Readers {
				links = links || r.Format == f.Name && (len(link.Defined(r)) > 0 ||
					slices.ContainsFunc(r.Deployments, func(d *read.Draft) bool {
						return slices.ContainsFunc(d.References, func(mention *read.Reference) bool { return !mention.OfClaim() && !mention.OfClass() }) || d.Format == azure.MLv1DeploymentConfig.Name ||
							slices.ContainsFunc(d.Models, func(m *facts.Model) bool { return m.Path.Known })
					}))
			}
		}
		if links != f.Links {
			t.Errorf("%s links: %t, of its examples %t", f.Name, f.Links, links)
		}
	}
}

// armGroup is a template of one container group, whose memory and deployment are parameters.
const armGroup = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
 "parameters": {"memory": {"type": "int", "defaultValue": 1}, "deploy": {"type": "bool", "defaultValue": true}},
 "resources": [{"type": "Microsoft.ContainerInstance/containerGroups", "name": "a", "condition": "[parameters('deploy')]", "properties": {"containers": [
  {"properties": {"resources": {"requests": {"memoryInGB": "[parameters('memory')]"}}}}]}}]}`

func armValues(values string) *fstest.MapFile {
	return data(`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {` + values + `}}`)
}

// A template is read with the parameters files that are its own: once with each, and
// what is equal with all of them is one deployment.
func TestParametersFiles(t *testing.T) {
	memory := func(gib string) *fstest.MapFile { return armValues(`"memory": {"value": ` + gib + `}`) }
	required := strings.Replace(armGroup, `"type": "int", "defaultValue": 1`, `"type": "int"`, 1)
	many := fstest.MapFS{}
	for i := range link.MaxParametersFiles + 1 {
		many[fmt.Sprintf("main.parameters.%d.json", i)] = memory("2")
	}
	few := maps.Clone(many)
	delete(few, "main.parameters.0.json")
	tests := []struct {
		name     string
		template string
		files    fstest.MapFS
		want     string // of each deployment the memory and the parameters file; why the link is not followed
	}{
		{"of its name", armGroup, fstest.MapFS{"main.parameters.json": memory("2"), "Other.parameters.json": data(`{}`)}, "2"},
		{"of its name, sets nothing", armGroup, fstest.MapFS{"main.parameters.json": armValues("")}, "1"},
		{"of its name, sets nothing, and one of a stage", armGroup, fstest.MapFS{"main.parameters.json": armValues(""), "main.parameters.dev.json": memory("4")},
			"4 main.parameters.dev.json, 1 main.parameters.json"},
		{"of its name and a stage, sets nothing", armGroup, fstest.MapFS{"main.parameters.json": memory("4"), "main.parameters.prod.json": armValues("")},
			"4 main.parameters.json, 1 main.parameters.prod.json"},
		{"of a stage, sets nothing, beside one template", armGroup, fstest.MapFS{"dev.parameters.json": armValues(""), "prod.parameters.json": memory("4")},
			"1 dev.parameters.json, 4 prod.parameters.json"},
		{"of a stage, sets nothing, and a value is missing", required, fstest.MapFS{"dev.parameters.json": armValues(""), "prod.parameters.json": memory("4")}, "4"},
		{"of a stage, sets nothing, beside two templates", armGroup,
			fstest.MapFS{"dev.parameters.json": armValues(""), "main.parameters.prod.json": memory("4"), "b.json": data(armGroup)}, "4"},
		{"of another template by its name, sets nothing", armGroup,
			fstest.MapFS{"main.parameters.json": memory("4"), "b.parameters.json": armValues(""), "b.json": data(armGroup)}, "4"},
		{"of its name and a stage", armGroup, fstest.MapFS{"main.parameters.dev.json": memory("2")}, "2"},
		{"before the word", armGroup, fstest.MapFS{"main.dev.parameters.json": memory("2")}, "2"},
		{"without a name, beside one template", armGroup, fstest.MapFS{"parameters.json": memory("2")}, "2"},
		{"without a name, and not complete", required, fstest.MapFS{"parameters.json": armValues(`"deploy": {"value": true}`)}, "0"},
		{"of a stage, beside one template", armGroup, fstest.MapFS{"prod.parameters.json": memory("2")}, "2"},
		{"of a stage, after the word", armGroup, fstest.MapFS{"parameters-prod.json": memory("2")}, "2"},
		{"of a stage, complete", required, fstest.MapFS{"prod.parameters.json": memory("2")}, "2"},
		{"of a stage, not complete", required, fstest.MapFS{"prod.parameters.json": armValues(`"deploy": {"value": true}`)}, "0"},
		{"of a stage, beside two templates", armGroup, fstest.MapFS{"prod.parameters.json": memory("2"), "b.json": data(armGroup)}, "1"},
		{"in the folder parameters", armGroup, fstest.MapFS{"parameters/prod.json": memory("2")}, "2"},
		{"in the folder Parameters, with the word", armGroup, fstest.MapFS{"Parameters/prod.parameters.json": memory("2")}, "2"},
		{"in the folder params, of its name", armGroup, fstest.MapFS{"params/main.parameters.json": memory("2"), "b.json": data(armGroup)}, "2"},
		{"in the folder parameters, of two stages", armGroup, fstest.MapFS{"parameters/dev.json": memory("2"), "parameters/prod.json": memory("3")},
			"2 parameters/dev.json, 3 parameters/prod.json"},
		{"in a folder of environments", armGroup, fstest.MapFS{"env/prod.parameters.json": memory("2")}, "2"},
		{"in a folder of environments, of two", armGroup, fstest.MapFS{"Environments/dev.json": memory("2"), "Environments/prod.json": memory("3")},
			"2 Environments/dev.json, 3 Environments/prod.json"},
		{"in a folder for each environment", armGroup, fstest.MapFS{"envs/dev/main.parameters.json": memory("2"), "envs/prod/main.parameters.json": memory("3")},
			"2 envs/dev/main.parameters.json, 3 envs/prod/main.parameters.json"},
		{"in a folder for each environment, without a name", armGroup, fstest.MapFS{"envs/dev/parameters.json": memory("2"), "envs/prod/parameters.json": memory("3")},
			"2 envs/dev/parameters.json, 3 envs/prod/parameters.json"},
		{"in a folder of parameters for each environment", armGroup, fstest.MapFS{"parameters/prod/main.parameters.json": memory("2")}, "2"},
		{"in a folder for each environment, beside two templates", armGroup, fstest.MapFS{"envs/prod/prod.parameters.json": memory("2"), "b.json": data(armGroup)}, "1"},
		{"in a folder for each environment, of a template there", armGroup,
			fstest.MapFS{"envs/prod/main.json": data(armGroup), "envs/prod/main.parameters.json": memory("2"), "envs/dev/main.parameters.json": memory("3")}, "3"},
		{"in a folder for each environment, not complete", required, fstest.MapFS{"envs/prod/prod.parameters.json": armValues(`"deploy": {"value": true}`)}, "0"},
		{"too deep", armGroup, fstest.MapFS{"envs/prod/west/main.parameters.json": memory("2")}, "1"},
		{"in another folder", armGroup, fstest.MapFS{"stage/main.parameters.json": memory("2")}, "1"},
		{"of another template by what it sets", armGroup, fstest.MapFS{"main.parameters.json": armValues(`"disk": {"value": 2}`)}, "1"},
		{"of another template by its name", armGroup, fstest.MapFS{"other.parameters.json": memory("2"), "other.json": data(armGroup)}, "1"},
		{"none", armGroup, fstest.MapFS{}, "1"},
		{"of its name, sets one that is not declared", armGroup,
			fstest.MapFS{"main.parameters.json": armValues(`"memory": {"value": 2}, "old": {"value": 1}`)}, "2"},
		{"of its name and a stage, sets one that is not declared", armGroup,
			fstest.MapFS{"main.dev.json": memory("2"), "main.prod.json": armValues(`"old": {"value": 1}, "memory": {"value": 3}`)}, "2 main.dev.json, 3 main.prod.json"},
		{"of its name in a folder, sets one that is not declared", armGroup,
			fstest.MapFS{"parameters/main.prod.json": armValues(`"memory": {"value": 3}, "Old": {"value": 1}`)}, "3"},
		{"without a name, sets one that is not declared", armGroup,
			fstest.MapFS{"parameters.json": armValues(`"memory": {"value": 2}, "old": {"value": 1}`)}, "2"},
		{"without a name, sets one that is not declared, beside two templates", armGroup,
			fstest.MapFS{"parameters.json": armValues(`"memory": {"value": 2}, "old": {"value": 1}`), "b.json": data(armGroup)}, "1"},
		{"of a stage, sets one that is not declared", armGroup,
			fstest.MapFS{"prod.parameters.json": armValues(`"memory": {"value": 2}, "old": {"value": 1}`)}, "1"},

		{"one for each stage", armGroup, fstest.MapFS{"main.parameters.dev.json": memory("2"), "main.parameters.prod.json": memory("3")},
			"2 main.parameters.dev.json, 3 main.parameters.prod.json"},
		{"equal for each stage", armGroup, fstest.MapFS{"main.parameters.dev.json": memory("2"), "main.parameters.prod.json": memory("2")}, "2"},
		{"equal to the default", armGroup, fstest.MapFS{"main.parameters.dev.json": memory("1"), "main.parameters.prod.json": armValues(`"deploy": {"value": true}`)}, "1"},
		{"of its name and of a stage", armGroup, fstest.MapFS{"main.parameters.json": memory("2"), "prod.parameters.json": memory("3")},
			"2 main.parameters.json, 3 prod.parameters.json"},
		{"two of three are equal", armGroup, fstest.MapFS{"main.parameters.1.json": memory("2"), "main.parameters.2.json": memory("3"), "main.parameters.3.json": memory("2")},
			"2 main.parameters.1.json, 3 main.parameters.2.json, 2 main.parameters.3.json"},
		{"one leaves the default", armGroup, fstest.MapFS{"main.parameters.dev.json": armValues(`"deploy": {"value": true}`), "main.parameters.prod.json": memory("3")},
			"1 main.parameters.dev.json, 3 main.parameters.prod.json"},
		{"a secret in one", armGroup, fstest.MapFS{"main.parameters.dev.json": armValues(`"memory": {"reference": {"keyVault": {"id": "k"}}}`), "main.parameters.prod.json": memory("3")},
			"0 main.parameters.dev.json, 3 main.parameters.prod.json"},
		{"none deploys it", armGroup, fstest.MapFS{"main.parameters.dev.json": armValues(`"deploy": {"value": false}`), "main.parameters.prod.json": armValues(`"deploy": {"value": false}`)}, ""},
		{"one deploys it", armGroup, fstest.MapFS{"main.parameters.dev.json": armValues(`"deploy": {"value": false}`), "main.parameters.prod.json": memory("3")},
			"3 main.parameters.prod.json"},
		{"as many as are judged", armGroup, few, "2"},
		{"more than are judged", strings.Replace(armGroup, `"condition": "[parameters('deploy')]", `, "", 1), many,
			"0 21 files match; more than 20 are not evaluated, so their values are unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.files["main.json"] = data(test.template)
			var got []string
			for _, d := range extract(t, test.files, Options{}, "main.json", test.template).Deployments {
				text := fmt.Sprint(d.MemoryGiB.Value, " ", d.Parameters.Value)
				for _, link := range d.Links {
					text += link.Why
				}
				got = append(got, strings.TrimSpace(text))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What a parameters file sets that cannot be read is not known, and what is wrong with it is
// reported where the file belongs to a template.
func TestUnreadableParametersFiles(t *testing.T) {
	const schema = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", `
	const network = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
 "parameters": {"memory": {"type": "int"}}, "resources": [{"type": "Microsoft.Network/virtualNetworks", "name": "n"}], "metadata": {"t": "Microsoft.ContainerInstance/x"}}`
	unconditional := strings.Replace(armGroup, `"condition": "[parameters('deploy')]", `, "", 1)
	tests := []struct {
		name, template string
		files          fstest.MapFS
		want           string // of each deployment the memory and the parameters file, then the problems
	}{
		{"ends early", unconditional, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": {"memory": {"value": 64}`)},
			"unknown; error main.parameters.json: the file ends within a JSON value"},
		{"no JSON", unconditional, fstest.MapFS{"main.parameters.dev.json": data(schema + `"parameters": {broken`)},
			"unknown; error main.parameters.dev.json: invalid character 'b' at start of value"},
		{"to be rendered", unconditional, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": {"memory": {"value": {{ memory }} }}}`)},
			"unknown; warning main.parameters.json: parameters.memory.value is a template that has not been rendered"},
		{"one of two", unconditional, fstest.MapFS{"main.parameters.dev.json": armValues(`"memory": {"value": 4}`), "main.parameters.prod.json": data(schema + `"parameters": [`)},
			"4 main.parameters.dev.json, unknown main.parameters.prod.json; error main.parameters.prod.json: the file ends within a JSON value"},
		{"in a folder", unconditional, fstest.MapFS{"parameters/prod.json": data(schema + `"parameters": {]}`)},
			"unknown; error parameters/prod.json: invalid character ']' at start of value"},
		{"of what may not be deployed", armGroup, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": {`)},
			"; error main.parameters.json: the file ends within a JSON value"},
		{"of another template", unconditional, fstest.MapFS{"b.parameters.json": data(schema + `"parameters": {`), "b.json": data(network)}, "1"},
		{"of a template without deployments", network, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": {`)}, ""},
		{"not a parameters file", unconditional, fstest.MapFS{"main.parameters.json": data(`{"memory": `)}, "1"},

		{"parameters are a list", unconditional, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": [{"memory": {"value": 64}}]}`)},
			"unknown; warning main.parameters.json: parameters must be a mapping, not a list"},
		{"parameters are a value", unconditional, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": "none"}`)},
			"unknown; warning main.parameters.json: parameters must be a mapping, not a single value"},
		{"parameters are a placeholder", unconditional, fstest.MapFS{"main.parameters.json": data(schema + `"parameters": "${PARAMETERS}"}`)}, "unknown"},
		{"a number instead of a parameter", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"memory": 4`)},
			"unknown; warning main.parameters.json: parameters.memory must be a mapping, not a single value"},
		{"a list instead of a parameter", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"memory": [4]`)},
			"unknown; warning main.parameters.json: parameters.memory must be a mapping, not a list"},
		{"without value", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"memory": {"vaule": 4}`)},
			"unknown; warning main.parameters.json: parameters.memory has no value"},
		{"not declared, without value", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"old": 4, "memory": {"value": 4}`)}, "4"},
		{"a reference", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"memory": {"reference": {"keyVault": {"id": "k"}}}`)}, "unknown"},
		{"a placeholder", unconditional, fstest.MapFS{"main.parameters.json": armValues(`"memory": "__MEMORY__"`)}, "unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.files["main.json"] = data(test.template)
			files := []*source.File{}
			for _, name := range slices.Sorted(maps.Keys(test.files)) {
				file := source.Parse(name, test.files[name].Data)
				file.Problems = nil // as the linter does with those of auxiliary formats
				files = append(files, file)
			}
			extraction, err := Extract(t.Context(), test.files, files, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var deployments, problems []string
			for _, d := range extraction.Deployments {
				text := "unknown"
				if d.MemoryGiB.Known {
					text = fmt.Sprint(d.MemoryGiB.Value)
				}
				deployments = append(deployments, strings.TrimSpace(text+" "+d.Parameters.Value))
			}
			for _, problem := range extraction.Problems {
				problems = append(problems, fmt.Sprintf("; %s %s: %s", problem.Severity, problem.Location.Node.File().Name, problem.Message))
			}
			if got := strings.Join(deployments, ", ") + strings.Join(problems, ""); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// With more parameters files than are judged, what may not be deployed is not judged.
func TestTooManyParametersFiles(t *testing.T) {
	files := fstest.MapFS{"main.json": data(armGroup)}
	for i := range link.MaxParametersFiles + 1 {
		files[fmt.Sprintf("main.parameters.%d.json", i)] = armValues(`"deploy": {"value": false}`)
	}
	extraction := extract(t, files, Options{}, "main.json", armGroup)
	if len(extraction.Deployments) > 0 || !strings.Contains(extraction.Documents[0].Unknown, "21 files") {
		t.Errorf("%d deployments, unknown: %s", len(extraction.Deployments), extraction.Documents[0].Unknown)
	}
}

// What a template mentions is looked up among what it defines with the same parameters.
func TestParametersFilesAndLinks(t *testing.T) {
	template := `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
 "parameters": {"size": {"type": "string"}},
 "resources": [
  {"type": "Microsoft.MachineLearningServices/workspaces/computes", "name": "w/scoring", "properties": {"computeType": "AmlCompute",
   "properties": {"vmSize": "[parameters('size')]"}}},
  {"type": "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments", "name": "w/e/d", "properties": {
   "compute": "[resourceId('Microsoft.MachineLearningServices/workspaces/computes', 'w', 'scoring')]"}}]}`
	size := func(name string) *fstest.MapFile { return armValues(`"size": {"value": "` + name + `"}`) }
	tests := []struct {
		name      string
		dev, prod string
		want      string // the GPUs and the parameters file of each deployment, then of each compute
	}{
		{"sizes differ", "Standard_DS3_v2", "Standard_NC6s_v3", "0 main.parameters.dev.json, 1 main.parameters.prod.json; 0 main.parameters.dev.json, 1 main.parameters.prod.json"},
		{"sizes are equal", "Standard_NC12s_v3", "Standard_NC12s_v3", "2 ; 2 "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"main.json": data(template), "main.parameters.dev.json": size(test.dev), "main.parameters.prod.json": size(test.prod)}
			extraction := extract(t, files, Options{}, "main.json", template)
			var deployments, computes []string
			for _, d := range extraction.Deployments {
				if d.Target.Value != facts.AMLCompute {
					t.Errorf("%s is on %q", d.Name.Value, d.Target.Value)
				}
				deployments = append(deployments, fmt.Sprint(d.GPUs.Value, " ", d.Parameters.Value))
			}
			for _, c := range extraction.Computes {
				computes = append(computes, fmt.Sprint(c.GPUs.Value, " ", c.Parameters.Value))
			}
			if got := strings.Join(deployments, ", ") + "; " + strings.Join(computes, ", "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			// Others find a compute that is the same with all parameters.
			other := "$schema: https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json\nname: o\ncompute: azureml:scoring\n"
			o := only(t, extract(t, files, Options{}, "o.yml", other))
			if same := test.dev == test.prod; o.GPUs.Known != same {
				t.Errorf("another file's deployment on it has %+v GPUs", o.GPUs)
			}
		})
	}
}

// Twice as many files that all mention the same names are twice the work, whether the
// names are defined once or in each folder.
func TestLinkingIsLinear(t *testing.T) {
	inputs := map[string]func(i int) map[string]string{
		"definitions in each folder": func(i int) map[string]string {
			return map[string]string{fmt.Sprintf("%d/d.yml", i): batch, fmt.Sprintf("%d/c.yml", i): cluster}
		},
		"one folder of configurations": func(i int) map[string]string {
			return map[string]string{fmt.Sprintf("d%d.yml", i): "computeType: ACI\n", fmt.Sprintf("i%d.yml", i): "entryScript: s.py\nenableGpu: true\n"}
		},
		"one folder of templates": func(i int) map[string]string {
			return map[string]string{
				fmt.Sprintf("t%d.json", i): `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "parameters": {"a": {"type": "int"}},
"resources": [{"type": "Microsoft.ContainerInstance/containerGroups", "name": "a", "properties": {"containers": []}}]}`,
				fmt.Sprintf("t%d.parameters.json", i): `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {"a": {"value": 1}}}`,
			}
		},
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			bytes := func(count int) float64 {
				var files []*source.File
				for i := range count {
					for name, text := range input(i) {
						files = append(files, source.Parse(name, []byte(text)))
					}
				}
				options := Options{Project: project(fstest.MapFS{})}
				var before, after goruntime.MemStats
				goruntime.ReadMemStats(&before)
				if _, err := Extract(t.Context(), nil, files, options); err != nil {
					t.Fatal(err)
				}
				goruntime.ReadMemStats(&after)
				return float64(after.TotalAlloc - before.TotalAlloc)
			}
			bytes(100) // what is made once
			if once, twice := bytes(400), bytes(800); twice > 2.5*once {
				t.Errorf("twice the files allocate %.1f times as much", twice/once)
			}
		})
	}
}
