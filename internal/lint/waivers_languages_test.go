package lint

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// FuzzWaiversInLanguages checks that a waiver in a comment of any language covers a stretch of the file, which has the comment in its
// text and not in a string.
func FuzzWaiversInLanguages(f *testing.F) {
	const w = `mlpolicy:ignore memory reason="old model"`
	const group = `resource "azurerm_container_group" "a" {
  tags = { "a" = "# ` + "mlpolicy:ignore x" + `" } # ` + w + `
  container { memory = var.m } // ` + w + `
}
variable "m" { default = { a = [64, # ` + w + `
 1] } }`
	for _, seed := range []struct{ name, text string }{
		{"a.tf", "# " + w + "\n" + group},
		{"terraform.tfvars", "m = 64 # " + w + "\n"},
		{"a.bicep", "param m int = 64 // " + w + "\n/* " + w + " */\nresource a 'Microsoft.ContainerInstance/containerGroups@2023-05-01' = {\n  name: 'a' // " + w + "\n}\n"},
		{"a.bicepparam", "using 'a.bicep'\nparam m = { a: 1 // " + w + "\n}\n"},
		{"a.py", "from azureml.core.webservice import *\nM = 64 # " + w + "\nx = AciWebservice.deploy_configuration(memory_gb=M, # " + w + "\n cpu_cores=1)\n# " + w + "\n"},
		{"a.ipynb", `{"cells": [{"cell_type": "code", "source": ["# mlpolicy:ignore memory reason=\"old model\"\n", "from azure.ai.ml.entities import *\n", "AmlCompute(name='a')"]}]}`},
	} {
		f.Add(seed.name, seed.text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		file := parseAlone(name, []byte(text))
		found, mistakes := waiver.Comments(file)
		for _, mistake := range mistakes {
			if mistake.Span.Start.Offset > mistake.Span.End.Offset || mistake.Span.End.Offset > len(file.Text) || mistake.Message == "" {
				t.Errorf("mistake %+v", mistake)
			}
		}
		for _, one := range found {
			if s := one.Scope; s.Start < 0 || s.Start > s.End || s.End > len(file.Text)+1 {
				t.Errorf("%s covers %+v of %d bytes", one, s, len(file.Text))
			}
			if one.Text.Start < 0 || one.Text.Start > one.Text.End || one.Text.End > len(file.Text) {
				t.Errorf("%s stands at %d to %d of %d bytes", one, one.Text.Start, one.Text.End, len(file.Text))
			}
		}
	})
}
