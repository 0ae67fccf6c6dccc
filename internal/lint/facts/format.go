package facts

import (
	"bytes"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// format is a kind of document that mlpolicy recognises. It is one file of this
// package and one line of the table below.
type format struct {
	name string
	// title says in docs/formats.md what the format is, signs by what a document of
	// it is recognised, both in Markdown and without a final stop.
	title, signs string
	// reference is the URL of the format's own documentation, as docs/formats.md links to it.
	reference string
	// marks are the quick look: a file can hold the format only if each group has
	// a word that stands in its bytes. Upper and lower case differ.
	marks [][]string
	// auxiliary documents are never at fault themselves: they are no deployments, or
	// only train. What cannot be read of them is passed over in silence.
	auxiliary bool
	// links reports whether documents of the format define what others refer to, or refer to
	// what others define. Any pod may refer to resource claims.
	links bool
	// shapes are what documents of the format must be, by their kind; an empty kind stands for any
	// other. A wrong shape is reported of an auxiliary document, too.
	shapes map[string]*shape
	// matches reports whether a document is of the format.
	matches func(root *source.Node) bool
	// read adds what the document says.
	read func(*reader)
}

// formats are asked in this order; the first that matches reads the document.
func formats() []*format {
	return []*format{
		&modelDeployment,
		&kubernetesWorkload,
		&kserveInferenceService,
		&kserveServingRuntime,
		&resourceClaim,
		&seldon,
		&kuberay,
		&kaito,
		&vllmProductionStack,
		&kubeflowTraining,
		&azureMLInstanceType,
		&knativeService,
		&jobSet,
		&leaderWorkerSet,
		&azureMLv1DeploymentConfig,
		&azureMLv1InferenceConfig,
		&azureMLv1ActionDeploy,
		&azureMLv1ActionCompute,
		&azureMLv1Toolkit,
		&azureMLv1RunConfig,
		&azureMLv1Pipeline,
		&azureMLv1Service,
		&azureMLv2EndpointDeployments,
		&azureMLv2OnlineDeployment,
		&azureMLv2BatchDeployment,
		&azureMLv2Endpoint,
		&azureMLv2Compute,
		&azureMLv2Job,
		&azureMLv2Model,
		&azureMLv2Environment,
		&condaEnvironment,
		&aciContainerGroup,
		&iotEdgeManifest,
		&azureFunctionsProject,
		&azureServiceOperator,
		&crossplaneAzure,
		&armTemplate,
		&armParametersFile,
		&terraformPlan,
		&mlflowModel,
		otherKind(ofOtherFormat),
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
	data = narrow(data)
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

func recognized(data []byte) bool { return Recognize(data) != Unrecognized }

// links tells by a quick look at the bytes whether a file can complete others, or be
// completed.
func links(data []byte) bool {
	data = narrow(data)
	pods := bytes.Contains(data, []byte("resourceClaims")) || bytes.Contains(data, []byte(deviceClassPrefix))
	for _, format := range formats() {
		if (format.links || pods) && format.marked(data) {
			return true
		}
	}
	return false
}

// narrow returns the ASCII characters of UTF-16, each of which has a zero byte beside
// it, and any other bytes as they are.
func narrow(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return bytes.ReplaceAll(data, []byte{0}, nil)
	}
	return data
}

func (f *format) marked(data []byte) bool {
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
