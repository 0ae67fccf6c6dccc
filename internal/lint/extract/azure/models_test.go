package azure

import (
	"testing"
)

func TestModelReference(t *testing.T) {
	tests := []struct{ reference, name, version string }{
		{"azureml:churn:7", "churn", "7"},
		{"azureml:churn@latest", "churn", ""},
		{"azureml:churn", "churn", ""},
		{"azureml://registries/azureml/models/churn/versions/12", "churn", "12"},
		{"azureml://registries/azureml/models/churn/labels/latest", "churn", ""},
		{"azureml://locations/eastus/workspaces/0/models/churn/versions/3", "churn", "3"},
		{"/subscriptions/0/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws/models/churn/versions/4", "churn", "4"},
		{"azureml://jobs/0/outputs/artifacts/paths/model", "", ""},
		{"./models/churn", "", ""},
		{"models/churn/versions/2", "", ""},
		{"churn:7", "", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		if name, version := ModelReference(test.reference); name != test.name || version != test.version {
			t.Errorf("modelReference(%q) = %q, %q, want %q, %q", test.reference, name, version, test.name, test.version)
		}
	}
}
