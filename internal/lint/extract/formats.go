package extract

import (
	"bytes"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/iotedge"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kubeml"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kuberun"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/operators"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
)

// formats returns the formats in the order in which they are tried. The first that matches reads
// the document.
func formats() []*read.Format {
	return []*read.Format{
		&kube.ModelDeployment,
		&kube.Workload,
		&kubeml.KServeInferenceService,
		&kubeml.KServeServingRuntime,
		&kubeml.KServeTrainedModel,
		&kubeml.KServeInferenceGraph,
		&kube.ResourceClaim,
		&kubeml.Seldon,
		&kubeml.KubeRay,
		&kubeml.KAITO,
		&kubeml.VLLMProductionStack,
		&kubeml.KubeflowTraining,
		&kubeml.TrainingRuntime,
		&kubeml.Notebook,
		&kube.AzureMLInstanceType,
		&kubeml.KnativeService,
		&kubeml.JobSet,
		&kubeml.LeaderWorkerSet,
		&kubeml.NIM,
		&kubeml.Dynamo,
		&kubeml.FoundryLocal,
		&kubeml.AIBrix,
		&kubeml.KubeAI,
		&kubeml.KubeAIProfiles,
		&kubeml.OMEInferenceService,
		&kubeml.OMEServingRuntime,
		&kubeml.Llmaz,
		&kubeml.LlmazModel,
		&kubeml.PodCliqueSet,
		&kubeml.DisaggregatedSet,
		&kubeml.BentoDeployment,
		&kuberun.ArgoWorkflow,
		&kuberun.ArgoWorkflowTemplate,
		&kuberun.Volcano,
		&kuberun.AppWrapper,
		&kuberun.OpenShiftTemplate,
		&kuberun.Spark,
		&azure.MLv1DeploymentConfig,
		&azure.MLv1InferenceConfig,
		&azure.MLv1ActionDeploy,
		&azure.MLv1ActionCompute,
		&azure.MLv1Toolkit,
		&azure.MLv1RunConfig,
		&azure.MLv1Pipeline,
		&azure.MLv1Service,
		&azure.MLv2EndpointDeployments,
		&azure.MLv2OnlineDeployment,
		&azure.MLv2BatchDeployment,
		&azure.MLv2Endpoint,
		&azure.MLv2Compute,
		&azure.MLv2Job,
		&azure.MLv2Model,
		&azure.MLv2Environment,
		&azure.CondaEnvironment,
		&azure.ContainerGroup,
		&iotedge.Manifest,
		&azure.FunctionsProject,
		&operators.ServiceOperator,
		&operators.Crossplane,
		&arm.Template,
		&arm.ParametersFile,
		&terraform.Plan,
		&terraform.Source,
		&azure.MLflowModel,
		kube.OtherKind(ofOtherFormat),
	}
}

// Formats returns the names of all formats.
func Formats() []string {
	var names []string
	for _, format := range formats() {
		names = append(names, format.Name)
	}
	return names
}

// Recognition is what a file may contain, by its bytes.
type Recognition uint8

const (
	// Unrecognized files have no document of a known format.
	Unrecognized Recognition = iota
	// Auxiliary files may only have documents that complete others.
	Auxiliary
	// Recognized files may have a deployment or a compute.
	Recognized
)

// RecognizeFile is Recognize for a file in the language of its name.
func RecognizeFile(name string, data []byte) Recognition {
	switch of := language.Of(name); {
	case of == nil:
		return Recognize(data)
	case of.Marked(name, data):
		return Recognized
	}
	return Unrecognized
}

// Recognize returns what YAML or JSON may contain, by its bytes. It searches them for the marks of the formats without
// parsing them.
func Recognize(data []byte) Recognition {
	recognition := Unrecognized
	allMarks().formatsIn(narrow(data), func(f *read.Format) bool {
		if !f.Auxiliary {
			recognition = Recognized
			return false
		}
		recognition = Auxiliary
		return true
	})
	return recognition
}

func recognized(name string, data []byte) bool { return RecognizeFile(name, data) != Unrecognized }

// IsPodless reports whether a document of a stream of YAML need not be parsed, because no format reads it.
func IsPodless(document string) bool { return kube.IsPodless(document) }

// links reports whether a file may complete others or refer to others, by its name and its bytes.
func links(name string, data []byte) bool {
	if of := language.Of(name); of != nil {
		return of.Marked(name, data)
	}
	data = narrow(data)
	pods := bytes.Contains(data, []byte("resourceClaim")) || bytes.Contains(data, []byte(kube.DeviceClassPrefix))
	found := false
	allMarks().formatsIn(data, func(f *read.Format) bool {
		found = f.Links || pods
		return !found
	})
	return found
}

// narrow returns the ASCII characters of UTF-16 without their zero bytes. Other encodings are
// returned unchanged.
func narrow(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return bytes.ReplaceAll(data, []byte{0}, nil)
	}
	return data
}
