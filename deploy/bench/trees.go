//go:build unix

package main

import (
	"bufio"
	"fmt"
	"strings"
)

// deployments are files of one Deployment each, 50 in a folder, at least one.
func deployments(files int) func(t *tree, eighths int) {
	return func(t *tree, eighths int) {
		for i := range max(1, files*eighths/whole) {
			t.yaml(fmt.Sprintf("apps/%04d/%05d.yaml", i/50, i), t.deployment(i))
		}
	}
}

// kserve is a tree like KServe's: 40 MB of definitions, RBAC and ConfigMaps in install files, and 300 workloads.
func kserve(t *tree, eighths int) {
	for i := range 5 * eighths {
		var documents []object
		for j := range 3 {
			documents = append(documents, t.customResourceDefinition(3*i+j))
		}
		for j := range 60 {
			documents = append(documents, t.other(100*i+j))
		}
		documents = append(documents, t.deployment(100*i+1))
		t.yaml(fmt.Sprintf("install/v0.%d/kserve.yaml", i), documents...)
	}
	for i := range 300 * eighths / whole {
		document := t.inferenceService(i)
		if i%3 == 0 {
			document = t.deployment(i)
		}
		t.yaml(fmt.Sprintf("docs/samples/%02d/%d.yaml", i/8, i), document)
	}
}

// stream is one file of 130,000 documents.
func stream(t *tree, eighths int) {
	t.file("stream.yaml", func(w *bufio.Writer) {
		y := yamlWriter{Writer: w}
		for i := range 130_000 * eighths / whole {
			y.document(t.mixed(i))
		}
	})
}

// listYAML is one List of 125,000 objects whose strings have escapes.
func listYAML(t *tree, eighths int) {
	t.file("list.yaml", func(w *bufio.Writer) {
		y := yamlWriter{Writer: w, escapes: true}
		w.WriteString("apiVersion: v1\nkind: List\nitems:\n")
		for i := range 125_000 * eighths / whole {
			w.WriteString("- ")
			y.object(t.mixed(i), 2, true)
		}
	})
}

// listJSON is one List of 85,000 objects of a cluster.
func listJSON(t *tree, eighths int) {
	t.file("list.json", func(w *bufio.Writer) {
		j := jsonWriter{Writer: w, step: " "}
		w.WriteString("{\n \"apiVersion\": \"v1\",\n \"items\": [")
		for i := range 85_000 * eighths / whole {
			if i > 0 {
				w.WriteByte(',')
			}
			j.line(2)
			j.value(t.live(t.mixed(i)), 2)
		}
		w.WriteString("\n ],\n \"kind\": \"List\"\n}\n")
	})
}

// oneline is a List of Deployments on one line, each with a finding.
func oneline(t *tree, eighths int) {
	t.file("list.json", func(w *bufio.Writer) {
		j := jsonWriter{Writer: w}
		w.WriteString(`{"apiVersion":"v1","kind":"List","items":[`)
		for i := range onelineFindings * eighths / whole {
			if i > 0 {
				w.WriteByte(',')
			}
			j.value(of("apiVersion", "apps/v1", "kind", "Deployment", "metadata", of("name", t.name(i)), "spec", of("template", of("spec", of(
				"nodeSelector", of("type", "virtual-kubelet"),
				"containers", list{of("name", "server", "image", "registry.example.com/server", "resources", of("limits", of("nvidia.com/gpu", 1)))},
			)))), 0)
		}
		w.WriteString("]}\n")
	})
}

// plan is a Terraform plan of 28,000 resources as terraform show -json prints it, on one line.
func plan(t *tree, eighths int) {
	resources := 28_000 * eighths / whole
	t.file("plan.json", func(w *bufio.Writer) {
		j := jsonWriter{Writer: w}
		w.WriteString(`{"format_version":"1.2","terraform_version":"1.9.5","planned_values":{"root_module":{"resources":[`)
		for i := range resources {
			if i > 0 {
				w.WriteByte(',')
			}
			resource := t.resource(i)
			j.value(append(resource.identity(), of("schema_version", 0, "values", resource.values, "sensitive_values", object{})...), 0)
		}
		w.WriteString(`]}},"resource_changes":[`)
		for i := range resources {
			if i > 0 {
				w.WriteByte(',')
			}
			resource := t.resource(i)
			j.value(append(resource.identity(), of("change", of("actions", list{"create"}, "before", false, "after", resource.values, "after_unknown", of("id", true)))...), 0)
		}
		w.WriteString(`],"configuration":{"root_module":{"resources":[`)
		for i := range resources {
			if i > 0 {
				w.WriteByte(',')
			}
			resource := t.resource(i)
			j.value(append(resource.identity(), of("expressions", of("name", of("constant_value", resource.name)), "schema_version", 0)...), 0)
		}
		w.WriteString("]}}}\n")
	})
}

// resource is one of a Terraform plan.
type resource struct {
	kind, name string
	values     object
}

// resource returns the resource with a number. One in ten is a container group, one in a hundred has a finding.
func (t *tree) resource(number int) resource {
	name := fmt.Sprintf("resource-%d", number)
	values := of("name", name, "location", "westeurope", "resource_group_name", "scoring", "tags", of("team", "risk", "stage", "production"))
	if number%10 > 0 {
		kind := []string{"azurerm_storage_container", "azurerm_role_assignment", "azurerm_key_vault_secret"}[number%3]
		return resource{kind, name, append(values, of("principal_id", "705ab4f5-6393-11e8-b7cc-42010a800002", "enabled", true)...)}
	}
	memory := 4
	if number%100 == 0 {
		memory = 64
	}
	return resource{"azurerm_container_group", name, append(values, of("os_type", "Linux", "container", list{of(
		"name", "server", "image", "registry.example.com/"+name, "cpu", 2, "memory", memory, "ports", list{of("port", 8080, "protocol", "TCP")},
	)})...)}
}

func (r resource) identity() object {
	return of("address", r.kind+"."+r.name, "mode", "managed", "type", r.kind, "name", r.name, "provider_name", "registry.terraform.io/hashicorp/azurerm")
}

// sources are 16,000 files of about 8 KB in languages besides YAML and JSON, none of which describes a deployment.
func sources(t *tree, eighths int) {
	for i := range 16_000 * eighths / whole {
		path := sourceName(i)
		switch i % 4 {
		case 0, 1:
			t.script(path + ".py")
		case 2:
			t.notebook(path + ".ipynb")
		default:
			t.text(path+".tf", strings.Repeat(fmt.Sprintf("resource \"aws_instance\" \"%s\" {\n  ami = \"%s\"\n}\n\n", t.name(i), t.prose(4)), 80))
		}
	}
}

// sourceName is the name of one of the sources, without the extension. The first one is a script.
func sourceName(number int) string { return fmt.Sprintf("src/%03d/%05d", number/50, number) }

// script writes a program that uses no library for machine learning on Azure.
func (t *tree) script(path string) {
	t.file(path, func(w *bufio.Writer) {
		w.WriteString("import json\nfrom pathlib import Path\n\n")
		for i := range 70 {
			fmt.Fprintf(w, "\ndef step_%d(value, size=%d):\n    # %s\n    return {\"text\": \"%s\", \"value\": value[:size]}\n", i, t.IntN(100), t.prose(4), t.prose(3))
		}
	})
}

// notebook writes a notebook of 30 cells, like script.
func (t *tree) notebook(path string) {
	t.file(path, func(w *bufio.Writer) {
		var cells list
		for i := range 30 {
			cells = append(cells, of("cell_type", "code", "execution_count", i, "metadata", object{},
				"outputs", list{of("name", "stdout", "output_type", "stream", "text", list{t.prose(20)})},
				"source", list{"import pandas as pd\n", "frame = pd.DataFrame()\n", "print(frame.describe())  # " + t.prose(4)}))
		}
		jsonWriter{w, " "}.value(of("cells", cells, "metadata", of("language_info", of("name", "python")), "nbformat", 4, "nbformat_minor", 5), 0)
	})
}

// examples is a tree like that of Azure's azureml-examples: 1,300 small YAML and JSON files, one in five of a known
// format, .gitignore files, and 900 notebooks and scripts that nothing reads.
func examples(t *tree, eighths int) {
	t.text(".gitignore", strings.Repeat("# caches\n__pycache__/\n*.py[cod]\nbuild/\n.venv/\n*.egg-info/\n.ipynb_checkpoints\nsecrets-*.json\n/data/**/*.csv\n!keep.csv\n", 12))
	for i := range 1_300 * eighths / whole {
		number := i / 6 // of the folder
		folder := fmt.Sprintf("%s/%s/%03d", []string{"cli", "sdk", "tutorials"}[number%3], []string{"endpoints", "jobs", "assets"}[number/3%3], number)
		if i%24 == 0 {
			t.text(folder+"/.gitignore", "outputs/\n*.log\nmodel/*.bin\n")
		}
		if i%3 < 2 {
			t.text(fmt.Sprintf("%s/%d.%s", folder, i, pick(t, "py", "ipynb")), t.prose(200)+"\n")
		}
		t.example(folder, i)
	}
}

// example writes one file of examples.
func (t *tree) example(folder string, number int) {
	name := t.name(number)
	yaml := func(document object) { t.yaml(fmt.Sprintf("%s/%d.yml", folder, number), document) }
	switch number % 20 {
	case 0, 10:
		yaml(of("$schema", "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json", "name", "blue", "endpoint_name", name,
			"model", of("path", "../../model-1/model/"), "code_configuration", of("code", "../../model-1/onlinescoring/", "scoring_script", "score.py"),
			"environment", of("conda_file", "../../model-1/environment/conda.yaml", "image", "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"),
			"instance_type", pick(t, "Standard_DS3_v2", "Standard_NC6s_v3"), "instance_count", 1+t.IntN(3)))
	case 5:
		yaml(of("$schema", "https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json", "name", name, "auth_mode", "key"))
	case 15:
		yaml(of("$schema", "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json", "type", "command", "command", "python train.py",
			"code", "src", "compute", "azureml:gpu-cluster", "experiment_name", name, "description", t.prose(20)))
	case 1, 6, 11, 16: // a workflow
		var steps list
		for i := range 25 {
			steps = append(steps, of("name", t.prose(3), "run", "cd "+folder+"\nbash -x run.sh "+fmt.Sprint(i)+"\n", "working-directory", folder))
		}
		yaml(of("name", name, "on", of("workflow_dispatch", object{}, "schedule", list{of("cron", "0 8 * * *")}),
			"jobs", of("build", of("runs-on", "ubuntu-latest", "steps", steps))))
	case 2, 7, 12: // a component
		inputs := object{}
		for i := range 20 {
			inputs = append(inputs, field{fmt.Sprintf("parameter_%d", i), of("type", "number", "default", t.IntN(100), "description", t.prose(8))})
		}
		yaml(of("name", name, "display_name", t.prose(4), "type", "command", "version", 1, "inputs", inputs, "code", "./src"))
	case 3, 8, 13, 18: // a sample request
		t.file(fmt.Sprintf("%s/%d.json", folder, number), func(w *bufio.Writer) {
			var rows list
			for range 40 {
				row := list{}
				for range 12 {
					row = append(row, t.IntN(1000))
				}
				rows = append(rows, row)
			}
			jsonWriter{w, ""}.value(of("input_data", of("columns", list{"age", "balance"}, "data", rows)), 0)
		})
	default: // values
		document := object{}
		for i := range 20 {
			document = append(document, field{fmt.Sprintf("setting_%d", i), of("enabled", i%2 == 0, "level", t.IntN(9), "label", t.prose(3))})
		}
		yaml(document)
	}
}
