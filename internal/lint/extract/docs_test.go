package extract

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep"
)

// TestFormatsAreDescribed checks that each format has what docs/formats.md prints of it.
func TestFormatsAreDescribed(t *testing.T) {
	for _, format := range formats() {
		if format.Title == "" || format.Signs == "" || format.Reference == "" {
			t.Errorf("%s: title is %q, signs are %q, reference is %q", format.Name, format.Title, format.Signs, format.Reference)
		}
	}
}

// TestFormatsPage checks docs/formats.md against the formats and their examples: the page
// lists only facts that an example shows.
func TestFormatsPage(t *testing.T) {
	deployments, computes := table{columns: columns(reflect.TypeFor[facts.Deployment]())}, table{columns: columns(reflect.TypeFor[facts.Compute]())}
	completes := map[string]string{}
	for _, format := range formats() {
		files, err := filepath.Glob("../../../testdata/formats/" + format.Name + "/*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no examples: %v", format.Name, err)
		}
		deployments.row(format.Name)
		computes.row(format.Name)
		for _, file := range files {
			if strings.HasSuffix(file, ".facts") {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			extraction := extract(t, os.DirFS(filepath.Dir(file)), Options{}, filepath.Base(file), string(data))
			for _, d := range extraction.Deployments {
				deployments.add(d.Format, reflect.ValueOf(d).Elem(), func(_ string, location facts.Location) string { return mark(d, location) })
			}
			for _, c := range extraction.Computes {
				computes.add(c.Format, reflect.ValueOf(c).Elem(), func(string, facts.Location) string { return tells })
			}
			for _, r := range readWhole(context.Background(), parseAs(file, data), read.Lists{}).Readers {
				for _, part := range r.Parts {
					completes[r.Format] = r.Completes
					if part.Facts != nil && part.Facts.Pods != nil {
						part.Facts.Target = part.Facts.Pods.Locate(scheduling.InFile()).Target
					}
					deployments.add(r.Format, reflect.ValueOf(&part.Facts.Deployment).Elem(), func(string, facts.Location) string { return adds })
				}
			}
		}
	}
	golden.Check(t, "../../../docs/formats.md", formatsPage(deployments, computes, completes))
}

// The marks of a cell, the strongest last.
const (
	states = "○"
	finds  = "→"
	adds   = "+"
	tells  = "✓"
)

// mark says how a deployment's document comes to a fact that was read at a location.
func mark(d *facts.Deployment, location facts.Location) string {
	switch {
	case location.Node != nil && strings.Contains(location.Node.Path()+location.Why, "mlpolicy.dev"):
		return states
	case !location.In(d.Subject.File):
		return finds
	}
	return tells
}

// eachFact visits the facts of a deployment, a compute or a model that are known.
func eachFact(object reflect.Value, prefix string, visit func(name string, location facts.Location)) {
	for i := range object.NumField() {
		column, ok := columnOf(object.Type().Field(i), prefix)
		if !ok {
			continue
		}
		switch value := object.Field(i).Interface().(type) {
		case []*facts.Model:
			for _, model := range value {
				eachFact(reflect.ValueOf(model).Elem(), "model ", visit)
			}
		case []facts.Fact[string]:
			for _, fact := range value {
				visit(column, fact.Location)
			}
		case map[string]facts.Fact[string]:
			for key, label := range value {
				if _, ours := read.StatementName(key); !ours {
					visit(column, label.Location)
				}
			}
		case *facts.Compute:
			if value != nil {
				visit(column, value.Location)
			}
		case interface {
			Any() (any, bool)
			Origin() facts.Location
		}:
			if _, known := value.Any(); known {
				visit(column, value.Origin())
			}
		}
	}
}

// columns are the facts that a type has, in the order of its fields.
func columns(object reflect.Type) []string {
	var names []string
	for i := range object.NumField() {
		field := object.Field(i)
		name, ok := columnOf(field, "")
		switch {
		case !ok:
		case field.Type == reflect.TypeFor[[]*facts.Model]():
			for i := range field.Type.Elem().Elem().NumField() {
				if name, ok := columnOf(field.Type.Elem().Elem().Field(i), "model "); ok {
					names = append(names, name)
				}
			}
		default:
			names = append(names, name)
		}
	}
	return names
}

// columnOf is the heading of a field; the name and the format, which every object
// has, and the source of a size have none.
func columnOf(field reflect.StructField, prefix string) (column string, ok bool) {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case name == "", name == "-", name == "format", name == "size_source", name == "name" && prefix == "":
		return "", false
	}
	return prefix + strings.ReplaceAll(name, "_", " "), true
}

// table is what the examples of formats show.
type table struct {
	columns []string
	rows    []string // formats
	cells   map[[2]string]string
}

func (t *table) row(format string) { t.rows = append(t.rows, format) }

// add marks what an object of a format tells.
func (t *table) add(format string, object reflect.Value, mark func(fact string, location facts.Location) string) {
	if t.cells == nil {
		t.cells = map[[2]string]string{}
	}
	strength := []string{"", states, finds, adds, tells}
	eachFact(object, "", func(column string, location facts.Location) {
		cell := [2]string{format, column}
		if mark := mark(column, location); slices.Index(strength, mark) > slices.Index(strength, t.cells[cell]) {
			t.cells[cell] = mark
		}
	})
}

// markdown writes the columns that are not empty, and of the formats those that
// fill one of them.
func (t *table) markdown(columns []string) string {
	columns = slices.DeleteFunc(slices.Clone(columns), func(column string) bool {
		return !slices.ContainsFunc(t.rows, func(row string) bool { return t.cells[[2]string{row, column}] != "" })
	})
	text := "| format | " + strings.Join(columns, " | ") + " |\n|---|" + strings.Repeat(":-:|", len(columns)) + "\n"
	for _, row := range t.rows {
		line, filled := "| `"+row+"` |", false
		for _, column := range columns {
			mark := t.cells[[2]string{row, column}]
			line, filled = line+" "+mark+" |", filled || mark != ""
		}
		if filled {
			text += line + "\n"
		}
	}
	return text
}

// legend explains the marks that the table has.
func (t *table) legend() string {
	has := map[string]bool{}
	for _, mark := range t.cells {
		has[mark] = true
	}
	var text strings.Builder
	for _, line := range []struct{ mark, meaning string }{
		{tells, "the document declares it"},
		{adds, "the document adds it to the deployments that it completes"},
		{finds, "a file that the document refers to declares it"},
		{states, "only an annotation, a label or a tag `mlpolicy.dev/…` of the document can declare it"},
	} {
		if has[line.mark] {
			fmt.Fprintf(&text, "- %s %s\n", line.mark, line.meaning)
		}
	}
	return text.String()
}

// devicesSection lists what counts as a GPU and as an FPGA.
func devicesSection() string {
	var text strings.Builder
	text.WriteString(`
## Devices

Kubernetes resources count as devices by their name. The first row that matches decides; ` + "`*`" + ` stands for any characters
except a slash. A share counts as one GPU, whatever its number; so do memory and cores of a GPU if no GPUs are counted beside them.

| device | resource |
|---|---|
`)
	words := map[read.DeviceKind]string{
		read.NoDevice: "neither", read.GPUDevice: "GPU", read.GPUShare: "share of a GPU", read.GPUPart: "memory or cores of a GPU", read.FPGADevice: "FPGA",
	}
	for _, pattern := range kube.DevicePatterns() {
		fmt.Fprintf(&text, "| %s | `%s` |\n", words[pattern.Kind], pattern.Resource)
	}
	text.WriteString(`
Accelerators that are neither, such as Gaudi, TPU, Neuron and Ascend, are not GPUs: the table of compute targets makes no statement
about them. ` + "`devices: {gpu: [PATTERN], fpga: [PATTERN]}`" + ` in the configuration adds resources that this list lacks. A device class
of Dynamic Resource Allocation is ` + "`deviceclass.resource.kubernetes.io/CLASS`" + ` here, whether a pod requests it by that name or by a claim. A class
that this list lacks counts if a DeviceClass of the project defines it and its CEL requires a driver in this list, as ` + "`device.driver == \"gpu.nvidia.com\"`" + ` does, whatever else it requires.
Containers may also request it as ` + "`deviceclass.resource.kubernetes.io/CLASS`" + ` or by the ` + "`extendedResourceName`" + ` of the class.

A pod also has at least one GPU if its ` + "`runtimeClassName` is `nvidia`, `nvidia-cdi` or `nvidia-legacy`" + `, or if a volume is a host path
` + "`/dev/nvidia*`" + `, unless it declares a number of GPUs or every container sets ` + "`NVIDIA_VISIBLE_DEVICES` to `void` or `none`" + `.
`)
	return text.String()
}

// modelServersSection lists the images that make a web service of a workload.
func modelServersSection() string {
	var text strings.Builder
	text.WriteString(`
## Model servers

A Deployment, a DeploymentConfig, a StatefulSet, a ReplicaSet, a LeaderWorkerSet or a Pod that is always restarted is a web service if one of its main containers
runs a model server. A container does so if the repository of its image ends in one of those below, which includes mirrors, and it either has no
` + "`command`, or its `command` and `args`" + ` run one of the start words by name or path, directly or through a wrapper
(` + "`/scripts/wait.sh vllm serve churn`" + `). Programs that only print or read, such as ` + "`echo`" + ` and ` + "`ls`" + `, are not wrappers. A placeholder before these components (` + "`${REGISTRY}/vllm/vllm-openai`" + `)
does not matter; one within them makes the image unknown. In other kinds, such as Jobs, images are ignored.

| repository | start words | except tags |
|---|---|---|
`)
	quoted := func(list []string) string {
		var quoted []string
		for _, item := range list {
			quoted = append(quoted, "`"+item+"`")
		}
		return strings.Join(quoted, ", ")
	}
	for _, server := range kube.ModelServers() {
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", server.Repository, quoted(server.Start), quoted(server.ExcludedTags))
	}
	text.WriteString(`
` + "`images:`" + ` in the configuration adds to this list, where each entry is a repository or a mapping, or turns it off:

` + "```yaml" + `
images: ["acme/model-server", {repository: acme/llm, start: ["serve-llm"], excluded_tags: ["*-sdk"]}]
` + "```" + `

` + "`images: off`" + ` disables this; labels of operators and statements still count.
`)
	return text.String()
}

// podlessSection lists the kinds whose documents are not parsed, by API group.
func podlessSection() string {
	byGroup := map[string][]string{}
	for _, some := range kube.Podless() {
		byGroup[some.Group] = append(byGroup[some.Group], some.Kinds...)
	}
	var rows strings.Builder
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		slices.Sort(byGroup[group])
		name := "core"
		if group != "" {
			name = "`" + group + "`"
		}
		fmt.Fprintf(&rows, "| %s | %s |\n", name, strings.Join(byGroup[group], ", "))
	}
	return `
## Documents that are not parsed

Files that cannot have a document of a known format, by the words in them, are not parsed. In other YAML files, Kubernetes objects without a pod are skipped: those of
the kinds below, and those of an API group of which no format reads a kind, unless the text has ` + "`containers`, `limits`, `requests`" + ` or a second ` + "`apiVersion`" + `. The first two keys must be
` + "`apiVersion` and `kind`" + `, so that the kind is certain; documents that are written in any other way are parsed. The syntax of a skipped document is not checked, and a
broken one is not a finding; other syntax errors of its file can get other fingerprints.

| API group | kinds |
|---|---|
` + rows.String() + `
Documents that mention mlpolicy are parsed, and so are all documents of a file with a [waiver](waivers.md) in a comment.
`
}

// unstructuredSection lists the kinds that kubernetes-other-kind leaves out.
func unstructuredSection() string {
	var rows strings.Builder
	for _, u := range kube.UnstructuredKinds() {
		quoted := func(list []string, format string) string {
			var quoted []string
			for _, item := range list {
				quoted = append(quoted, "`"+fmt.Sprintf(format, item)+"`")
			}
			return strings.Join(quoted, ", ")
		}
		groups := quoted(u.Groups, "%s")
		if u.Labels != nil {
			groups = "any with the label " + quoted(u.Labels, "%s")
		}
		kinds := "any"
		switch {
		case u.Suffixes != nil:
			groups, kinds = "any", quoted(u.Suffixes, "…%s")
		case u.Kinds != nil:
			kinds = quoted(u.Kinds, "%s")
		}
		fmt.Fprintf(&rows, "| %s | %s | %s |\n", groups, kinds, u.What)
	}
	return `
## Kinds that are not read by their structure

| API group | kinds | reason |
|---|---|---|
` + rows.String()
}

// pythonSection describes what is read of Python.
func pythonSection() string {
	return `
## Python and notebooks

Of ` + "`.py` and `.ipynb`" + ` files that import Azure ML's SDK, the calls below become documents of the formats in the table, at the text of the call. Nothing is executed.
A call counts wherever it stands, if the file certainly imports what it calls: under another name too, or one to which it is assigned, but not if the name may have
another value there. ` + "`None`" + ` for a failed import does not count. ` + "`sources: {python: off}`" + ` in the configuration turns this off.

| SDK | call | is read as |
|---|---|---|
| v2 | ` + "`ManagedOnlineDeployment`, `KubernetesOnlineDeployment`" + ` | azureml-v2-online-deployment |
| v2 | ` + "`BatchDeployment`, `ModelBatchDeployment`, `PipelineComponentBatchDeployment`" + ` | azureml-v2-batch-deployment |
| v2 | ` + "`ManagedOnlineEndpoint`, `KubernetesOnlineEndpoint`, `BatchEndpoint`" + ` | azureml-v2-endpoint |
| v2 | ` + "`AmlCompute`, `ComputeInstance`, `KubernetesCompute`" + ` | azureml-v2-compute |
| v2 | ` + "`Model`, `Environment`" + ` | azureml-v2-model, azureml-v2-environment, and a part of the deployments that use the object |
| v2 | ` + "`ResourceRequirementsSettings`, `ResourceSettings`, `ResourceConfiguration`, `JobResourceConfiguration`, `TargetUtilizationScaleSettings`, `DefaultScaleSettings`" + ` | a part of what uses the object |
| v1 | ` + "`Model.deploy`; `deploy`, `deploy_from_model` and `deploy_from_image` of `Webservice`, `AciWebservice`, `AksWebservice` and `LocalWebservice`" + ` | azureml-v1-service. The class of ` + "`deployment_config`" + ` is the target. With neither it nor a ` + "`deployment_target`" + `, the SDK deploys to ACI |
| v1 | ` + "`deploy_configuration` of `AciWebservice`, `AksWebservice`, `AksEndpoint` and `LocalWebservice`" + ` | a part of the services that use it, else azureml-v1-service |
| v1 | ` + "`InferenceConfig`, `ContainerImage.image_configuration`, `ContainerImage.create`, `Image.create`, `Environment`, `Environment.get`, `Environment.from_conda_specification`, `ResourceConfiguration`" + ` | a part of the services that use the object |
| v1 | ` + "`create` of `ComputeTarget`, `AksCompute`, `AmlCompute`, `ComputeInstance` and `KubernetesCompute`, with a `provisioning_configuration` of `AksCompute`, `AmlCompute` or `ComputeInstance`" + ` | azureml-v1-toolkit; the configuration alone too |
| v1 | ` + "`Model.register`" + ` | azureml-v2-model; ` + "`run.register_model`" + ` is not read, since its path is not one of the project |
| v1 | ` + "`ParallelRunConfig`" + ` | azureml-v1-pipeline, on the compute that ` + "`compute_target`" + ` names |
| v1 | ` + "`Model(workspace, name)`, `ComputeTarget(workspace, name)`, `ComputeTarget.attach`" + ` and those of the other classes of computes, ` + "`workspace.compute_targets[name]`" + ` | nothing; they give a name to link by |
| v2 | ` + "`client.online_endpoints.get(name)`, `client.batch_endpoints.get(name)`, `client.compute.get(name)`" + ` | nothing, likewise |

Known values are literals, the constants of ` + "`AksCompute.ClusterPurpose`" + `, lists and dicts of known values, objects of the calls above, and names that the file assigns once to such a
value. Everything else is unknown: formatted strings, other calls, attributes and operations, names that are assigned twice or are also a parameter or the target of a loop, attributes
that are assigned to the object later, names to which other code may assign (` + "`exec`, `globals()`, `from x import *`" + `, and what ` + "`%run`" + ` executes unless the project has it and it does not assign to the name), and with ` + "`**kw`" + ` all arguments that the call does not write. A deployment refers to an endpoint, and a deployment to a compute, also by a name whose value is not known, if
both certainly have the same value: the same name without an assignment in between, or ` + "`endpoint.name`" + ` of the object. What ` + "`create_or_update(object)` or `begin_create_or_update(object).result()`" + ` returns counts as the object. Such names never refer to another file.

Of a notebook the Python cells are read in their order, without lines that are commands of IPython and without the outputs. A cell ` + "`%%writefile NAME.yml`" + ` or ` + "`%%file NAME.yml`" + ` (or ` + "`.yaml`, `.json`" + `) is read as that file unless the project has
the file and does not ignore it. Cells that write different texts to one file are all read, because commands between them may use each text. A file to which a cell appends (` + "`-a`" + `) is not read, because no cell has its whole text. Locations are ` + "`train.ipynb:cell 4:3:5`" + `: the number of the cell, counting all cells from 1, and the line and the column in it. JSON output adds them as ` + "`cell`, `cell_line` and `cell_column`" + `; its ` + "`line` and `column`" + `, SARIF
and annotations have those of the notebook's own text. Copies in ` + "`.ipynb_checkpoints`" + ` are not read. Files and cells that are not Python 3 or have more than 1,000,000 tokens are skipped, and ` + "`--explain-skip`" + ` says why. A notebook that is broken JSON is a ` + "`syntax`" + ` finding if it mentions the SDK.
A finding at the value that a name stands for also names the argument that uses it, and [waivers](waivers.md) in comments of Python work at both. ` + "`--fix`" + ` never changes Python or notebooks.
`
}

// bicepSection describes what is read of Bicep.
func bicepSection() string {
	return `
## Bicep

` + "A `.bicep` file is read as the `arm-template` that its compiler makes of it, at the text of the source: a finding is at the default of the parameter, the item of the list or the property that decides the value." + `
Nothing is executed, and no compiler is needed. ` + "`sources: {bicep: off}`" + ` in the configuration turns this off.

- Read are resources with ` + "`if`, `for`, `parent:`, `existing`" + ` and nested resources; variables, defaults of parameters, operators, string interpolation, spreads, lambdas of ` + "`map`, `filter`, `reduce`, `toObject` and `mapValues`" + `, user-defined
  functions, what other files of the project export, and files of the project that ` + "`loadJsonContent`, `loadYamlContent` and `loadTextContent`" + ` load. Unknown are parameters without a value, references to deployed resources, and functions of Azure such as ` + "`uniqueString`" + `.
- Parameters with ` + "`@secure()`" + ` are not read, nor those of a type that contains a secret or cannot be found.
- A local module, also a template in JSON, is evaluated with the parameters of each call, and not by itself. Findings that are equal for several calls are reported once. Its outputs are known if it is known that it is deployed, except secrets.
- Of the public registry (` + "`br/public:avm/res/…`" + `), the parameters of these modules are read as resources: ` + registryModules() + `. Defaults of modules are unknown. Aliases of registries are those of the nearest ` + "`bicepconfig.json`" + ` in the project. Modules of other registries and template specs are skipped.
- ` + "A `.bicepparam` file belongs to the template that it names with `using`. The template is beside it, in the parent folder of `parameters`, `envs/prod` and so on, or among the files of the run. It may use variables, expressions and `extends`; `readEnvironmentVariable` is unknown." + `
  Parameters files in JSON belong to a ` + "`.bicep`" + ` file as they do to a template. Those of ` + "`azuredeploy.json`, such as `azuredeploy.parameters.json`, also belong to `main.bicep`" + ` beside them, unless that template is not compiled from it.
- A template that was compiled from the source beside it (` + "`main.json` beside `main.bicep`" + `) is not reported twice: what both describe alike is reported in the source. What differs is reported in both, since the template may be older and be the one that is
  deployed. ` + "`--explain-skip`" + ` lists templates that add nothing.
- A declaration that is not understood is skipped, up to the next one, and ` + "`--explain-skip`" + ` names its line. Files with lines of a template engine are skipped.

[Waivers](waivers.md) work in comments: above a declaration or at the end of its first line for all of it, and at the end of any other line for what begins there.
` + "`--fix`" + ` never changes Bicep.
`
}

// registryModules lists the modules of the registry in the order of their names.
func registryModules() string {
	var names []string
	for _, name := range bicep.RegistryModules() {
		names = append(names, "`"+name+"`")
	}
	return strings.Join(names, ", ")
}

// terraformSection describes what is read of Terraform's language.
func terraformSection() string {
	return `
## Terraform and OpenTofu

The ` + "`.tf`, `.tofu`, `.tf.json` and `.tofu.json`" + ` files of a folder are one module, with override files. With ` + "`.tofu`" + ` files it is read twice: as OpenTofu does, which reads such a file in place of the ` + "`.tf`" + ` file of its name, and as Terraform does, which ignores it. Its resources are read as those of a
plan, at the text that decides. A finding at the default of a variable, a local, an argument or a file of variables also names the attribute that uses it. ` + "`sources: {terraform: off}`" + ` in the configuration turns this off.

| value | what is read |
|---|---|
| variable | the argument of the call; in a root module ` + "`terraform.tfvars`, `terraform.tfvars.json` and `*.auto.tfvars(.json)`" + ` in Terraform's order; else the default, and what the declared type converts or adds. Not if it is ` + "`sensitive` or `ephemeral`" + `. What another ` + "`.tfvars`" + ` file sets differently is known only with that file, unless no such file is needed |
| local, operator, condition, ` + "`for`" + `, splat, template | the value, if all that it depends on is known. Of two results of an unknown condition, what they have in common |
| function | pure functions of numbers, texts and collections. Of ` + "`merge`, `concat`, `try`, `coalesce`, `lookup`, `jsonencode` and `yamlencode`" + ` each part that is known. Not functions that read files, the clock or chance, and not ` + "`range`, `setproduct`" + ` and provider's functions |
| ` + "`data`, `module`, `each`, `count.index`, `path`, `self`, `terraform`" + `, other resources | nothing |

Other files named ` + "`.tfvars` or `.tfvars.json`" + ` are chosen on the command line: those of the folder of a root module, of a folder there that is named ` + "`env`, `environments`, `params`, `vars`" + ` or similar and has no module of its own, and of the folders in that. The module is read
without them, and with each of them that sets one of its variables to another value, if there are at most 20. What differs names the file: ` + "`(with environments/production.tfvars)`" + `. A file without a value for a variable that has no default, if another file has one, is used together with others: its values count unless another file has other ones.

A resource or module with ` + "`count`" + ` 0, an empty ` + "`for_each`" + ` or ` + "`enabled = false`" + ` does not exist. With any other ` + "`count` or `for_each`" + ` it is one deployment whose replicas are not known. Blocks that a ` + "`dynamic`" + ` block makes are not known; beside
a ` + "`dynamic \"container\"`" + ` the sums are lower bounds. Local modules are read with the arguments of each call, and not on their own if the project calls them, other than from examples and tests in folders below, unless they have values of variables or a backend of their own; other modules are not read, nor are folders named ` + "`.terraform`" + `.

A resource is read from a plan in the folder of its module, or below it, instead if the plan has all that is known of the resource. A plan of an earlier state, of other variables, or one that destroys the resource has not: then both are read,
equal findings are reported once, and other documents refer to what the configuration says. A plan in any other folder belongs to the only module of which it has everything.

The manifest of a ` + "`kubectl_manifest`" + `, or of a ` + "`kubernetes_manifest`" + ` with ` + "`yamldecode`" + `, is read as YAML if its text is in the file. A file that cannot be parsed, such as one with templates of another tool, is skipped, and ` + "`--explain-skip`" + ` says why;
the other files of the module are read. [Waivers](waivers.md) work in comments. ` + "`--fix`" + ` never changes these files.
`
}

// formatsPage writes docs/formats.md.
func formatsPage(deployments, computes table, completes map[string]string) string {
	var page strings.Builder
	fmt.Fprintln(&page, `# Formats

<!-- Written by make generate from the formats of internal/lint/extract and their examples in testdata/formats. -->

A document has the first of these formats that matches it. File names are ignored, except `+"`host.json`"+` of Azure Functions and as the name
of a deployment that has no other. `+"`mlpolicy facts --why FILE`"+` prints the facts of a file and where each was read.

| format | description | recognised by |
|---|---|---|`)
	var auxiliary []string
	for _, format := range formats() {
		fmt.Fprintf(&page, "| [`%s`](%s) | %s | %s |\n", format.Name, format.Reference, format.Title, format.Signs)
		if format.Auxiliary {
			auxiliary = append(auxiliary, "`"+format.Name+"`")
		}
	}
	fmt.Fprintf(&page, `
Formats that describe training, only complete other documents or may have nothing to do with machine learning are
read leniently: invalid values in them are ignored without a message. These are %s.

`, strings.Join(auxiliary, ", "))
	for _, format := range formats() {
		if completes[format.Name] != "" {
			fmt.Fprintf(&page, "`%s` completes %s.\n", format.Name, completes[format.Name])
		}
	}
	page.WriteString(pythonSection())
	page.WriteString(bicepSection())
	page.WriteString(terraformSection())
	page.WriteString(podlessSection())
	page.WriteString(unstructuredSection())
	page.WriteString(devicesSection())
	page.WriteString(modelServersSection())
	half := slices.Index(deployments.columns, "replicas")
	fmt.Fprintf(&page, `
## Facts

Each mark comes from an example in [testdata/formats](../testdata/formats) that the tests read:

%s
A fact without a mark is unknown, unless the configuration declares it.

### Deployments: location and resources

%s
### Deployments: serving and models

%s
### Computes

%s`, deployments.legend(), deployments.markdown(deployments.columns[:half]), deployments.markdown(deployments.columns[half:]),
		computes.markdown(computes.columns))
	return page.String()
}
