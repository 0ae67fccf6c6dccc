package kube

import (
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// NamespaceOf returns the namespace that an object declares, else UndeclaredNamespace.
func NamespaceOf(object *source.Node) string {
	if namespace, ok := object.At("metadata", "namespace").Scalar(); ok && namespace != "" {
		return namespace
	}
	return UndeclaredNamespace
}

// UndeclaredNamespace stands for the namespace that is given to kubectl. It is not a valid name.
const UndeclaredNamespace = "."

// DefaultNamespace is where kubectl creates objects if neither they nor its options name a
// namespace.
const DefaultNamespace = "default"

// TrainingKind reports whether jobs of a kind train.
func TrainingKind(group, kind string) bool {
	switch kind {
	case "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "MXJob":
		return group == "kubeflow.org"
	case "TrainJob":
		return group == "trainer.kubeflow.org" || group == "kubeflow.org"
	}
	return false
}

// Workload are the kinds with one pod template: those of Kubernetes and their replacements by
// others. The kind alone does not imply machine learning.
var Workload = read.Format{
	Name:      "kubernetes-workload",
	RootKeys:  []string{"apiVersion", "kind", "items"},
	Title:     "Kubernetes workload: each kind with a pod template, alone or in a List",
	Signs:     "`apiVersion` and `kind` of Pod, PodTemplate, ReplicationController, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob, of OpenShift's DeploymentConfig, Argo's Rollout, OpenKruise's workloads, KEDA's ScaledJob or VirtualDaemonSet, with containers",
	Reference: "https://kubernetes.io/docs/concepts/workloads/",
	Marks: [][]string{
		{"apiVersion"}, {"containers", "template", "jobTemplate"}, // other shapes have no containers
		{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController", "Rollout", "CloneSet"},
	},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.VolumeClaimShape), "spec", "volumeClaimTemplates"),
	},
	Matches: func(root *source.Node) bool {
		path, ok := templatePath(root)
		if !ok || isDeletePatch(root) {
			return false
		}
		path = append(path, "spec")
		return root.At(append(path, "containers")...) != nil || read.BrokenPath(root, path...)
	},
	Read: read.Using(NewReader, func(r *ObjectReader) {
		d := r.Object(r.Root)
		d.Replicas = r.Count(r.Root.At("spec", "replicas"))
		path, _ := templatePath(r.Root)
		template := r.At(r.Root, path...)
		r.PodTemplate(d, template)
		if group, kind := GroupKind(r.Root); ServesByImage(group, kind, template.At("spec", "restartPolicy")) {
			r.ModelServer(d, slices.Collect(Present(template.At("spec", "containers"))))
		}
	}),
}

// virtualDaemonSets is the group of the kind whose pods run only on ACI virtual nodes.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances/blob/main/Docs/VirtualDaemonSets.md
const virtualDaemonSets = "virtualdaemonsets.aci.azure.microsoft.com"

// templatePath returns the path to the pod template of an object. ok is false for kinds without
// one.
func templatePath(object *source.Node) (path []string, ok bool) {
	group, kind := GroupKind(object)
	switch {
	case group == "" && kind == "Pod":
		return nil, true
	case group == "" && kind == "PodTemplate":
		return []string{"template"}, true
	case group == "" && kind == "ReplicationController",
		(group == "apps" || group == "extensions") &&
			(kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "ReplicaSet"),
		(group == "batch" || group == "extensions") && kind == "Job",
		group == "apps.openshift.io" && kind == "DeploymentConfig",
		// A Rollout with a workloadRef uses the template of a Deployment.
		group == "argoproj.io" && kind == "Rollout",
		group == virtualDaemonSets && kind == "VirtualDaemonSet",
		group == "apps.kruise.io" && (kind == "CloneSet" || kind == "StatefulSet" || kind == "DaemonSet"):
		return []string{"spec", "template"}, true
	case group == "keda.sh" && kind == "ScaledJob":
		return []string{"spec", "jobTargetRef", "template"}, true
	case group == "batch" && kind == "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template"}, true
	}
	return nil, false
}

// GroupKind returns the API group, which is empty for the core, and the kind of a Kubernetes
// object. kind is empty for anything else. Items of a typed list, such as a PodList, may have them
// from the list.
func GroupKind(object *source.Node) (group, kind string) {
	version, versioned := object.Get("apiVersion").Scalar()
	kind, ok := object.Get("kind").Scalar()
	if !versioned && !ok && object != nil && object.Parent() != nil {
		if list := object.Parent().Parent(); list.Get("items") == object.Parent() {
			version, versioned = list.Get("apiVersion").Scalar()
			kind, _ = list.Get("kind").Scalar()
			kind = strings.TrimSuffix(kind, "List")
		}
	}
	if !versioned {
		return "", ""
	}
	return groupOf(version), kind
}

// groupOf returns the group of an API version, which is empty for the core.
func groupOf(version string) string {
	if group, _, ok := strings.Cut(version, "/"); ok {
		return group
	}
	return ""
}

// Listed returns the items of a List, of a PodList or of another list of Kubernetes objects.
func Listed(document *source.Node) (items []*source.Node, ok bool) {
	kind, _ := document.Get("kind").Scalar()
	if !strings.HasSuffix(kind, "List") || !document.Has("apiVersion") || ownVersion(document).Value != nil && kind != OwnKind+"List" {
		return nil, false
	}
	list := document.Get("items")
	return list.Items(), !list.IsNull() && (list.Kind == source.Sequence || listsKnownKind(document))
}

// listsKnownKind reports whether an object is a List or the list of a known kind.
func listsKnownKind(object *source.Node) bool {
	group, kind := GroupKind(object)
	of := strings.TrimSuffix(kind, "List")
	return group == "" && of == "" || IsKind(group, of)
}

// Identity identifies a Kubernetes object.
type Identity struct {
	metadata, Name  *source.Node
	Kind, namespace string
}

// Identity returns the object's identity, which is read once.
func (r *ObjectReader) Identity() *Identity {
	if r.identified == nil {
		metadata := r.Root.Get("metadata")
		of := &Identity{metadata: metadata, Name: metadata.Get("name")}
		if of.Name.IsNull() {
			of.Name = metadata.Get("generateName")
		}
		_, of.Kind = GroupKind(r.Root)
		of.namespace, _ = metadata.Get("namespace").Scalar()
		r.identified = of
	}
	return r.identified
}

// Object adds a deployment that a Kubernetes object, or a part of it, describes.
func (r *ObjectReader) Object(node *source.Node) *read.Draft {
	of := r.Identity()
	d := r.Deployment(of.Name, node)
	d.Subject.Kind, d.Subject.Namespace = of.Kind, of.namespace
	r.Metadata(d, of.metadata)
	return d
}

// Subject returns what the configuration can select the object by.
func (r *ObjectReader) Subject() facts.Subject {
	of := r.Identity()
	return facts.Subject{File: r.Root.File().Name, Namespace: of.namespace, Kind: of.Kind, Name: r.Name(of.Name).Value}
}

// KindLocation returns the location of the object's kind. An item of a typed list has its kind from the
// list.
func (r *ObjectReader) KindLocation(why string) facts.Location {
	kind := r.Root.Get("kind")
	if kind == nil {
		kind = r.Root
	}
	return facts.Location{Node: kind, Why: why}
}

// WorkloadOfKind returns the workload that the kind alone implies, in any version.
func (r *ObjectReader) WorkloadOfKind() facts.Fact[facts.Workload] {
	group, kind := GroupKind(r.Root)
	if TrainingKind(group, kind) {
		return facts.Know(facts.Training, r.KindLocation("jobs of this kind train"))
	}
	if server, serves := servers()[[2]string{group, kind}]; serves {
		return facts.Know(facts.WebService, r.KindLocation(server))
	}
	return facts.Fact[facts.Workload]{}
}

// servers are the groups and kinds that serve models, with the reason.
var servers = sync.OnceValue(func() map[[2]string]string {
	all := map[[2]string]string{}
	for _, s := range []struct {
		why, group string
		kinds      []string
	}{
		{"KServe runs it as a web service", "serving.kserve.io", []string{"InferenceGraph", "InferenceService", "LLMInferenceService", "TrainedModel"}},
		{"KServe runs it as a web service", "serving.kubeflow.org", []string{"InferenceService"}},
		{"Seldon runs it as a web service", "machinelearning.seldon.io", []string{"SeldonDeployment"}},
		{"Seldon runs it as a web service", "mlops.seldon.io", []string{"Model", "Server"}},
		{"KubeRay runs it as a web service", "ray.io", []string{"RayService"}},
		{"KAITO runs it as a web service", "kaito.sh", []string{"InferenceSet", "RAGEngine", "MultiRoleInference"}},
		{"vLLM serves the model", "production-stack.vllm.ai", []string{"VLLMRuntime"}},
		{"the NIM Operator runs it as a web service", "apps.nvidia.com", []string{"NIMService", "NIMPipeline"}},
		{"Dynamo serves the model", "nvidia.com", []string{"DynamoGraphDeployment"}},
		{"Foundry Local serves the model", "foundrylocal.azure.com", []string{"ModelDeployment"}},
		{"KubeAI serves the model", "kubeai.org", []string{"Model"}},
		{"OME runs it as a web service", "ome.io", []string{"InferenceService"}},
		{"llmaz runs it as a web service", "inference.llmaz.io", []string{"Playground", "Service"}},
		{"disaggregated sets serve models", "disaggregatedset.x-k8s.io", []string{"DisaggregatedSet"}},
		{"Yatai runs it as a web service", "serving.yatai.ai", []string{"BentoDeployment"}},
		{"AIBrix runs it as a web service", "orchestration.aibrix.ai", []string{"StormService", "RayClusterFleet"}},
	} {
		for _, kind := range s.kinds {
			all[[2]string{s.group, kind}] = s.why
		}
	}
	return all
})

// maxRepeatedLabels limits the labels that all parts of an object repeat.
const maxRepeatedLabels = 100_000

// stated has the facts that labels and annotations declare.
type stated struct {
	labels   *source.Node
	declared []*read.Draft
	workload facts.Fact[facts.Workload]
}

// Metadata reads the labels and annotations of an object or of a template. Labels that are known
// already are kept. Metadata that parts of an object share is read once.
func (r *ObjectReader) Metadata(d *read.Draft, metadata *source.Node) {
	if metadata.IsNull() {
		return
	}
	known := r.stated[metadata]
	repeated := known != nil
	if !repeated {
		r.CheckShape(metadata, read.MetadataShape)
		known = r.readMetadata(metadata.Get("labels"), metadata.Get("annotations"))
		if r.stated == nil {
			r.stated = map[*source.Node]*stated{}
		}
		r.stated[metadata] = known
	}
	if !repeated || r.repeatsLabels(known.labels) {
		d.Labels = read.AddLabels(d.Labels, known.labels)
	}
	d.Declared = append(d.Declared, known.declared...)
	if !d.Workload.Known {
		d.Workload, d.Labelled = known.workload, known.workload.Location.Node
	}
}

// repeatsLabels reports whether one more part may repeat labels. It reports a problem when the
// limit is first exceeded.
func (r *ObjectReader) repeatsLabels(labels *source.Node) bool {
	before := r.repeatedLabels
	r.repeatedLabels += len(labels.Members())
	if r.repeatedLabels <= maxRepeatedLabels {
		return true
	}
	if before <= maxRepeatedLabels {
		r.Problem(facts.Warning, labels, "Split the object, or give it fewer labels.",
			"the object has too many parts; from here on %s is ignored", labels.Path())
	}
	return false
}

func (r *ObjectReader) readMetadata(labels, annotations *source.Node) *stated {
	var read read.Draft
	r.AddDeclared(&read, annotations)
	r.AddDeclared(&read, labels)
	for _, member := range labels.Members() {
		if why := r.serviceLabel(member); why != "" {
			read.Workload = facts.Know(facts.WebService, facts.Because(r.MarkUsed(member.Value), why))
			break
		}
	}
	return &stated{labels: labels, declared: read.Declared, workload: read.Workload}
}

// serviceLabel returns the reason why a label shows a web service: the operator sets it only on
// objects that serve. It is empty for any other label. Operators have no such labels for training.
func (r *ObjectReader) serviceLabel(label source.Member) string {
	value := label.Value
	if value.IsNull() || value.Is("false") {
		return ""
	}
	group, kind := GroupKind(r.Root)
	if group == "batch" {
		return "" // for example, a load test beside a service
	}
	switch label.Key.Text() {
	case "ml.azure.com/endpoint-name", "ml.azure.com/deployment-name", "isazuremlapp":
		return "Azure ML sets this label on the pods of its online endpoints"
	case "serving.kserve.io/inferenceservice":
		return "KServe sets this label on the objects of an InferenceService"
	case "seldon-deployment-id":
		return "Seldon sets this label on the objects of a SeldonDeployment"
	case "ray.io/originated-from-crd":
		if value.Is("RayService") {
			return "KubeRay sets this label on the objects of a RayService"
		}
	case "kaito.sh/workspace":
		// The Jobs that tune a model for a Workspace have the label too.
		if group == "apps" && (kind == "Deployment" || kind == "StatefulSet") {
			return "KAITO sets this label on the Deployment or StatefulSet that serves the model of a Workspace"
		}
	}
	return ""
}

// Autoscale records an active autoscaler and its bounds. The declared replicas are then only the
// initial number.
func Autoscale(d *read.Draft, on facts.Location, least, most facts.Fact[int64]) {
	if least.Known && most.Known && least.Value == most.Value {
		d.Replicas, d.Autoscales = most, facts.Know(false, facts.Because(most.Location, "the minimum and the maximum are equal"))
		return
	}
	d.Replicas, d.Autoscales = facts.Fact[int64]{}, facts.Know(true, on)
}

// PodTemplate reads a pod template: its metadata, the resource requests of its pod and where the
// pod runs. more are main containers outside the template.
func (r *ObjectReader) PodTemplate(d *read.Draft, template *source.Node, more ...*source.Node) {
	r.CheckShape(template, read.MappingShape)
	if template != r.Root {
		r.Metadata(d, template.Get("metadata"))
	}
	r.Pod(d, template.Get("spec"), more...)
	r.Cluster(d, template.Get("spec"), template.Get("metadata"))
}
