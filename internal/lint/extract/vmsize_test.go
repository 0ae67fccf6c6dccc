package extract

import (
	"testing"
)

func TestVMSizeLeavesStatedDevices(t *testing.T) {
	for _, order := range []string{
		"gpus: 4, fpgas: 2, vm_size: Standard_NC6",
		"vm_size: Standard_NC6, gpus: 4, fpgas: 2",
	} {
		d := only(t, extract(t, nil, Options{}, "model.yaml",
			"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {compute: {"+order+"}}\n"))
		if d.Compute.GPUs.Value != 4 || d.Compute.FPGAs.Value != 2 {
			t.Errorf("%s: %d GPUs, %d FPGAs", order, d.Compute.GPUs.Value, d.Compute.FPGAs.Value)
		}
	}
}
