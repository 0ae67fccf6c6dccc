package extract

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// IgnoredInFiles returns the values in files that no format and no waiver is read from: the record of the fields' owners
// and of the last kubectl apply in objects of Kubernetes, and what stands in a plan of Terraform beside its changes.
func IgnoredInFiles() *source.Ignored { return ignoredInFiles }

// IgnoredInObjects is IgnoredInFiles for objects of an API server.
func IgnoredInObjects() *source.Ignored { return ignoredInObjects }

var (
	ignoredInFiles = &source.Ignored{Members: map[string]*source.Ignored{
		"metadata":       ignoredMetadata,
		"items":          {Items: &source.Ignored{Members: map[string]*source.Ignored{"metadata": ignoredMetadata}}},
		"configuration":  besideChanges,
		"planned_values": besideChanges,
		"prior_state":    besideChanges,
	}}
	ignoredInObjects = &source.Ignored{Members: map[string]*source.Ignored{
		"metadata": {Members: map[string]*source.Ignored{
			"annotations":     ignoredMetadata.Members["annotations"],
			"generation":      wholeValue,
			"managedFields":   wholeValue,
			"resourceVersion": wholeValue,
		}},
		"status": wholeValue,
	}}
	ignoredMetadata = &source.Ignored{Members: map[string]*source.Ignored{
		"annotations":   {Members: map[string]*source.Ignored{"kubectl.kubernetes.io/last-applied-configuration": wholeValue}},
		"managedFields": wholeValue,
	}}
	wholeValue    = &source.Ignored{Whole: true}
	besideChanges = &source.Ignored{Whole: true, Beside: "resource_changes"}
)
