package extract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// terraformLookalikes are files of Terraform and its kin that are no plan.
var terraformLookalikes = map[string]string{
	"state file": `{"version": 4, "terraform_version": "1.9.8", "serial": 3, "lineage": "a", "resources": [{"mode": "managed",
		"type": "azurerm_container_group", "name": "x", "instances": [{"attributes": {"container": [{"memory": 64}]},
		"sensitive_attributes": []}]}]}`,
	"state as JSON": `{"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {"resources": [{
		"address": "azurerm_container_group.x", "mode": "managed", "type": "azurerm_container_group", "name": "x",
		"values": {"container": [{"memory": 64}]}, "sensitive_values": {}}]}}}`,
	"configuration in JSON": `{"resource": {"azurerm_container_group": {"x": {"container": [{"cpu": 1, "memory": 64}]}}}}`,
	"cost estimate": `{"version": "0.2", "metadata": {"infracostCommand": "breakdown"}, "projects": [{"name": "x", "breakdown":
		{"resources": [{"name": "azurerm_container_group.x", "resourceType": "azurerm_container_group"}]}}]}`,
	"schemas": `{"format_version": "1.0", "provider_schemas": {"registry.terraform.io/hashicorp/azurerm": {"resource_schemas":
		{"azurerm_container_group": {"version": 0, "block": {"attributes": {"memory": {"type": "number"}}}}}}}}`,
	"log of a run": `{"@level":"info","@message":"Terraform 1.9.8","terraform":"1.9.8","type":"version","ui":"1.2"}
{"@level":"info","@message":"azurerm_container_group.x: Plan to create","change":{"resource":{"addr":"azurerm_container_group.x",
"resource_type":"azurerm_container_group"},"action":"create"},"type":"planned_change"}`,
	"plan of another cloud":        `{"format_version": "1.2", "resource_changes": [{"type": "aws_instance", "change": {"actions": ["create"]}}]}`,
	"broken plan of another cloud": `{"format_version": "1.2", "resource_changes": [{"type": "aws_instance", "change": {`,
}

func TestTerraformLookalikes(t *testing.T) {
	if len(terraformLookalikes) == 0 {
		t.Fatal("no cases")
	}
	for name, text := range terraformLookalikes {
		if Recognize([]byte(text)) != Unrecognized {
			t.Errorf("%s: recognised", name)
		}
		file := source.Parse("a.json", []byte(text))
		extraction, err := Extract(t.Context(), nil, []*source.File{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(extraction.Deployments)+len(extraction.Computes)+len(extraction.Problems) > 0 {
			t.Errorf("%s:\n%s", name, describe(extraction))
		}
	}
}

func TestConfidential(t *testing.T) {
	plans, err := filepath.Glob("../../../testdata/formats/terraform-plan/*.json")
	if err != nil || len(plans) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for _, name := range plans {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !terraform.Confidential(text) || !terraform.Confidential(text[:len(text)*2/3]) && bytes.Contains(text[:len(text)*2/3], []byte("resource_changes")) {
			t.Errorf("%s may be shown", name)
		}
	}
	for name, text := range terraformLookalikes {
		secret := strings.Contains(name, "state") || strings.Contains(name, "plan")
		if terraform.Confidential([]byte(text)) != secret {
			t.Errorf("%s: confidential is %v", name, !secret)
		}
	}
	others, err := filepath.Glob("../../../testdata/formats/[a-s]*/*")
	if err != nil || len(others) == 0 {
		t.Fatalf("no other files: %v", err)
	}
	for _, name := range others {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if terraform.Confidential(text) {
			t.Errorf("%s may not be shown", name)
		}
	}
}

// TestTerraformPlanInUTF16 reads what > of Windows PowerShell writes.
func TestTerraformPlanInUTF16(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/formats/terraform-plan/sensitive.json")
	if err != nil {
		t.Fatal(err)
	}
	wide := []byte("\xff\xfe")
	for _, b := range text {
		wide = append(wide, b, 0)
	}
	if Recognize(wide) != Recognized {
		t.Error("not recognised")
	}
	file := source.Parse("plan.json", wide)
	if !terraform.Confidential(file.Text) {
		t.Error("it may be shown")
	}
	equal(t, describe(extractFile(t, file)), describe(extract(t, nil, Options{}, "plan.json", string(text))))
}

func extractFile(t *testing.T, file *source.File) *Extraction {
	t.Helper()
	extraction, err := Extract(t.Context(), nil, []*source.File{file}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return extraction
}

// TestTerraformPlanGrowsEvenly holds the work on a plan to its size: with the number of
// resources, of attributes of one resource, and of marks.
func TestTerraformPlanGrowsEvenly(t *testing.T) {
	resource := func(attributes, marks string) string {
		return `{"address": "azurerm_container_group.x", "mode": "managed", "type": "azurerm_container_group", "change": {
			"actions": ["create"], "after": {"name": "x", "container": [{"cpu": 1, "memory": 2}], "tags": {` + attributes + `}},
			"after_unknown": {}, "after_sensitive": {"tags": {` + marks + `}}}}`
	}
	repeat := func(format string, n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ", ")
	}
	shapes := map[string]func(n int) string{
		"resources": func(n int) string {
			return strings.TrimSuffix(strings.Repeat(resource("", "")+",", n), ",")
		},
		"computes": func(n int) string {
			return repeat(`{"address": "x", "type": "azurerm_machine_learning_compute_instance", "change": {"actions": ["no-op"],
				"after": {"name": "x%d", "virtual_machine_size": "Standard_DS3_v2"}}}`, n)
		},
		"bodies": func(n int) string {
			return repeat(`{"address": "azapi_resource.x%d", "type": "azapi_resource", "change": {"actions": ["create"], "after": {
				"type": "Microsoft.ContainerInstance/containerGroups@2023-05-01", "name": "x",
				"body": "{\"properties\": {\"containers\": [{\"properties\": {}}]}}"}}}`, n)
		},
		"attributes": func(n int) string { return resource(repeat(`"t%d": "v"`, n), "") },
		"marks":      func(n int) string { return resource(repeat(`"t%d": "v"`, n), repeat(`"t%d": true`, n)) },
	}
	if len(shapes) == 0 {
		t.Fatal("no cases")
	}
	for name, shape := range shapes {
		bytesOf := func(n int) float64 {
			file := source.Parse("plan.json", []byte(`{"format_version": "1.2", "resource_changes": [`+shape(n)+`]}`))
			if len(file.Problems) > 0 {
				t.Fatal(file.Problems)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			extractFile(t, file)
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc - before.TotalAlloc)
		}
		if ratio := bytesOf(4000) / bytesOf(2000); ratio > 2.5 {
			t.Errorf("twice the %s takes %.1f times the memory", name, ratio)
		}
	}
}

// FuzzTerraformPlan holds what is understood of any plan to the contract of Facts and
// to secrecy: what is marked as sensitive or unknown makes no difference to it.
func FuzzTerraformPlan(f *testing.F) {
	files, err := filepath.Glob("../../../testdata/formats/terraform-plan/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{
		`{"format_version": 1, "resource_changes": [1, null, {"type": {}}, {"type": "azurerm_container_group", "change": {"actions": [[]], "after": []}}]}`,
		`{"format_version": 1, "resource_changes": [{"type": "kubernetes_pod", "change": {"actions": ["create"], "after":
			{"spec": [{"container": [{"resources": [{"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}]}]}]}, "after_sensitive":
			{"spec": [{"container": [{"resources": [{"limits": {"memory": true}}]}]}]}}}]}`,
		`{"format_version": 1, "resource_changes": [{"type": "kubernetes_manifest", "change": {"actions": ["no-op"], "after": {"manifest":
			{"format_version": 1, "apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{}]}}}, "after_sensitive": {"manifest": {"spec": true}}}}]}`,
		`{"format_version": 1, "resource_changes": [{"type": "azurerm_container_group", "change": {"actions": ["create"], "after": {"name": "a", "name": "b"},
			"after": {"name": "c"}, "after_sensitive": {"name": true}, "after_sensitive": {}}}]}`,
		`{"format_version": 1, "resource_changes": [{"type": "azurerm_container_group", "change": {"actions": ["create"],
			"after_sensitive": {"tags": true}, "after_sensitive": {}, "after": {"name": "x", "tags": {"a": 1, "a": 2}}}}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(change bool) *Extraction {
			file := source.Parse("plan.json", data)
			if change {
				for _, document := range file.Documents {
					for _, resource := range document.Root.Get("resource_changes").Items() {
						changeMarked(resource.At("change", "after"), resource.At("change", "after_unknown"))
						changeMarked(resource.At("change", "after"), resource.At("change", "after_sensitive"))
					}
				}
			}
			extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range extraction.Problems {
				inside(t, file, problem.Location)
			}
			sound(t, file, reflect.ValueOf(extraction.Facts))
			return extraction
		}
		plain := describe(read(false))
		// What stands behind an alias of YAML is marked in one place and not in another.
		if json.Valid(data) && plain != describe(read(true)) {
			t.Errorf("what is marked makes a difference to\n%s", plain)
		}
	})
}

// changeMarked gives other content to what marks hold true for.
func changeMarked(value, marks *source.Node) {
	if value == nil || marks == nil {
		return
	}
	if marks.Is("true") {
		if value.Kind != source.Null {
			*value = *value.With(source.Content{Kind: source.String, Text: "changed"})
		}
		return
	}
	for i := range min(len(value.Items()), len(marks.Items())) {
		changeMarked(value.Items()[i], marks.Items()[i])
	}
	for key := range value.Pairs() {
		changeMarked(value.Get(key.Text()), marks.Get(key.Text()))
	}
}

// TestTerraformTypes checks that the language reads the resources of each type that the format reads.
func TestTerraformTypes(t *testing.T) {
	types := terraform.Source.Marks[1]
	if len(types) == 0 {
		t.Fatal("no types")
	}
	for _, kind := range types {
		file := parseAs("main.tf", []byte(`resource "`+kind+`" "x" {}`))
		if len(file.Documents) != 1 || !terraform.Source.Matches(file.Documents[0].Root) {
			t.Errorf("%s is not read: %s", kind, file.Skipped)
		}
	}
	for _, text := range []string{`data "azurerm_container_group" "x" {}`, `resource "aws_instance" "x" {}`, `module "x" { source = "./x" }`} {
		if file := parseAs("main.tf", []byte(text)); len(extractFile(t, file).Deployments) > 0 {
			t.Errorf("%s is read", text)
		}
	}
}

// TestTerraformPlanWins tries plans that belong to a module or to another one, and that say the same as the module or not.
func TestTerraformPlanWins(t *testing.T) {
	const source = `resource "azurerm_container_group" "x" {
  name = "x"
  tags = { "mlpolicy.dev:workload" = "web-service" }
  container {
    image  = "a"
    memory = 4
    cpu    = var.cpu
  }
}
resource "kubernetes_manifest" "m" {
  manifest = { apiVersion = "v1", kind = "Pod", metadata = { name = "m" }, spec = { containers = [{ image = "a" }] } }
}
variable "cpu" {}
`
	plan := func(address, actions, group, pod string) string {
		return `{"format_version": "1.2", "resource_changes": [
			{"address": "` + address + `", "mode": "managed", "type": "azurerm_container_group", "change": {"actions": [` + actions + `], "after": ` + group + `}},
			{"address": "kubernetes_manifest.m", "mode": "managed", "type": "kubernetes_manifest", "change": {"actions": ["create"], "after": {"manifest": {
				"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m"}, "spec": {"containers": [` + pod + `]}}}}}]}`
	}
	const (
		x, create, pod = "azurerm_container_group.x", `"create"`, `{"image": "a"}`
		group          = `{"name": "x", "tags": {"mlpolicy.dev:workload": "web-service", "other": "a"}, "container": [{"image": "a", "memory": 4, "cpu": 2}]}`
		bothPlanned    = "plan x, plan m"
		all            = "main x, main m, plan x, plan m"
	)
	same := plan(x, create, group, pod)
	tests := map[string]struct {
		files []string
		want  string
	}{
		"beside":           {[]string{"a/main.tf", source, "a/plan.json", same}, bothPlanned},
		"below":            {[]string{"a/main.tf", source, "a/out/plan.json", same}, bothPlanned},
		"an instance":      {[]string{"a/main.tf", source, "a/plan.json", plan(x+`[\"k\"]`, create, group, pod)}, bothPlanned},
		"replaced":         {[]string{"a/main.tf", source, "a/plan.json", plan(x, `"delete", "create"`, group, pod)}, bothPlanned},
		"elsewhere":        {[]string{"a/main.tf", source, "plans/plan.json", same}, bothPlanned},
		"of two modules":   {[]string{"a/main.tf", source, "b/main.tf", source, "plans/plan.json", same}, "main x, main m, main x, main m, plan x, plan m"},
		"another address":  {[]string{"a/main.tf", source, "a/plan.json", plan("azurerm_container_group.y", create, group, pod)}, "main x, plan x, plan m"},
		"destroyed":        {[]string{"a/main.tf", source, "a/plan.json", plan(x, `"delete"`, "null", pod)}, "main x, plan m"},
		"of another value": {[]string{"a/main.tf", source, "a/plan.json", plan(x, create, strings.ReplaceAll(group, `4,`, `8,`), pod)}, "main x, plan x, plan m"},
		"of another image": {[]string{"a/main.tf", source, "a/plan.json", plan(x, create, group, `{"image": "b"}`)}, "main m, plan x, plan m"},
		"without a tag":    {[]string{"a/main.tf", source, "a/plan.json", plan(x, create, strings.ReplaceAll(group, "workload", "w"), pod)}, "main x, plan x, plan m"},
		"not known":        {[]string{"a/main.tf", source, "a/plan.json", plan(x, create, `{"name": "x"}`, pod)}, "main x, plan x, plan m"},
		"one instance of two": {[]string{"a/main.tf", source, "a/plan.json", strings.Replace(plan(x+"[0]", create, group, pod), "[\n", "[\n"+`{"address": "`+x+`[1]", "mode": "managed", "type":
			"azurerm_container_group", "change": {"actions": ["create"], "after": {"name": "x"}}}, `, 1)}, "main x, plan x, plan x, plan m"},
		"elsewhere, of another value": {[]string{"a/main.tf", source, "plans/plan.json", plan(x, create, strings.ReplaceAll(group, `4,`, `8,`), pod)}, all},
		"in the folder of another module": {[]string{"a/main.tf", source, "a/b/main.tf", "resource \"azurerm_container_group\" \"y\" {\n name = \"y\"\n}\n", "a/b/plan.json", same},
			"main x, main m, main y, plan x, plan m"},
		"planned values": {[]string{"a/main.tf", source, "a/plan.json", `{"format_version": "1.2", "planned_values": {"root_module": {"resources": [
			{"address": "` + x + `", "mode": "managed", "type": "azurerm_container_group", "values": ` + group + `}]}}}`}, "main m, plan x"},
		"no plan": {[]string{"a/main.tf", source}, "main x, main m"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for name, test := range tests {
		var names []string
		for _, d := range extract(t, nil, Options{}, test.files...).Deployments {
			file := path.Base(d.Subject.File)
			names = append(names, strings.TrimSuffix(file, path.Ext(file))+" "+d.Name.Value)
		}
		if got := strings.Join(names, ", "); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
