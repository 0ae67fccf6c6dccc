package facts

import (
	"bytes"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// format is a kind of document that mlpolicy recognises. It is one file of this
// package and one line of the table below.
type format struct {
	name string
	// marks are the quick look: a file can hold the format only if each group has
	// a word that stands in its bytes. Upper and lower case differ.
	marks [][]string
	// auxiliary documents are never at fault themselves: they are no deployments, or
	// only train. What cannot be read of them is passed over in silence.
	auxiliary bool
	// matches tells whether a document is of the format.
	matches func(root *source.Node) bool
	// read adds what the document says.
	read func(*reader)
}

// formats are asked in this order; the first that matches reads the document.
func formats() []format {
	return []format{
		modelDeployment,
		kubernetesWorkload,
		kserveInferenceService,
		azureMLv1DeploymentConfig,
		azureMLv1InferenceConfig,
		azureMLv2OnlineDeployment,
		azureMLv2BatchDeployment,
		azureMLv2Endpoint,
		azureMLv2Compute,
		azureMLv2Job,
		azureMLv2Model,
		azureMLv2Environment,
		aciContainerGroup,
		iotEdgeManifest,
		azureFunctionsProject,
		mlflowModel,
	}
}

// Formats lists the names of the formats that are read.
func Formats() []string {
	var names []string
	for _, format := range formats() {
		names = append(names, format.name)
	}
	return names
}

// Recognition is what a quick look at the bytes of a file tells.
type Recognition uint8

const (
	// Unrecognized bytes hold no document of a known format.
	Unrecognized Recognition = iota
	// Auxiliary bytes hold at most documents that are never at fault themselves.
	Auxiliary
	// Recognized bytes may hold a deployment or a compute.
	Recognized
)

// Recognize tells by a quick look at the bytes what a file can hold.
func Recognize(data []byte) Recognition {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		// In UTF-16 each ASCII character has a zero byte beside it.
		data = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	recognition := Unrecognized
	for _, format := range formats() {
		switch {
		case format.auxiliary && recognition != Unrecognized, !format.marked(data):
		case format.auxiliary:
			recognition = Auxiliary
		default:
			return Recognized
		}
	}
	return recognition
}

func (f format) marked(data []byte) bool {
	for _, group := range f.marks {
		if !containsAny(data, group) {
			return false
		}
	}
	return true
}

func containsAny(data []byte, words []string) bool {
	for _, word := range words {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}
