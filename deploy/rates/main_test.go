//go:build rates

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRates(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.py": "from azure.ai.ml.entities import AmlCompute\nAmlCompute(name='a', size=f'b')\nAmlCompute(name='b', size='c')\n",
		"b.py": "print('no SDK')\n",
		"c.md": "azureml",
		"d.bicep": "param size string\nresource a 'Microsoft.MachineLearningServices/workspaces/computes@2023-10-01' = [for i in [1, 2]: {\n" +
			"  name: 'w/a${i}'\n  properties: { computeType: 'AmlCompute', properties: { vmSize: size, scaleSettings: { maxNodeCount: i } } }\n}]\nparam = x\n",
		"e.bicep": "param nodes int\nmodule a 'd.bicep' = {\n  params: { size: nodes > 1 ? 'b' : 'c' }\n}\n" +
			"module b 'd.bicep' = {\n  params: { size: 'b' }\n}\nmodule c 'd.bicep' = {\n  params: { size: uniqueString('b') }\n}\n",
		"main.tf":   "module \"m\" {\n  source = \"./m\"\n  size   = \"Standard_NC6s_v3\"\n}\n",
		"m/main.tf": "variable \"size\" {}\nresource \"azurerm_machine_learning_compute_cluster\" \"x\" {\n  vm_size     = var.size\n  vm_priority = each.value\n}\n",
	} {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := run(&out, []string{folder}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"python: 2 files, 1 with marks, 1 with what is known\n", "\n  AmlCompute 2\n",
		"  name                           2 of     2  100 %  \n", "  size                           1 of     2   50 %  formatted string 1\n",
		"bicep: 2 files, 2 with marks, 1 with what is known\n", "\n  machinelearningservices/workspaces/computes 3, (not understood) 1\n",
		"  maxnodecount                   3 of     3  100 %  \n", "  vmsize                         1 of     3   33 %  function uniqueString 1, parameter without default 1\n",
		"\n  azurerm_machine_learning_compute_cluster 1\n", "  vm_size                        1 of     1  100 %  \n", "  vm_priority                    0 of     1    0 %  each 1\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
	if err := run(&out, []string{filepath.Join(folder, "missing")}); err == nil {
		t.Error("a missing folder is no error")
	}
}
