package kube

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// NamespaceOf returns the namespace that an object states, else a word that is none.
func NamespaceOf(object *source.Node) string {
	if namespace, ok := object.At("metadata", "namespace").Scalar(); ok && namespace != "" {
		return namespace
	}
	return UnstatedNamespace
}

// UnstatedNamespace stands for the namespace that kubectl is told.
const UnstatedNamespace = "."

// DefaultNamespace is where kubectl puts what states no namespace unless it is told another.
const DefaultNamespace = "default"

// TrainingKind reports whether the jobs of a kind train.
func TrainingKind(group, kind string) bool {
	switch kind {
	case "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "MXJob":
		return group == "kubeflow.org"
	case "TrainJob":
		return group == "trainer.kubeflow.org" || group == "kubeflow.org"
	}
	return false
}

// Workload are the kinds that carry one pod template: Kubernetes' own and
// those of others that stand in for them. By itself none of them has to do with
// machine learning as far as anyone knows.
var Workload = read.Format{
	Name:      "kubernetes-workload",
	RootKeys:  []string{"apiVersion", "kind", "items"},
	Title:     "Kubernetes workload: each kind with a pod template, alone or in a List",
	Signs:     "`apiVersion` and `kind` of Pod, PodTemplate, ReplicationController, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob, with containers",
	Reference: "https://kubernetes.io/docs/concepts/workloads/",
	Marks: [][]string{
		{"apiVersion"}, {"containers", "template", "jobTemplate"}, // below a wrong shape there are no containers
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
	Read: reading(func(r *ObjectReader) {
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

// virtualDaemonSets is the group of the kind that makes pods on ACI virtual nodes alone.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances/blob/main/Docs/VirtualDaemonSets.md
const virtualDaemonSets = "virtualdaemonsets.aci.azure.microsoft.com"

// templatePath returns the way to the pod template of an object. It is false for a kind
// that carries none.
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
		// A Rollout with a workloadRef leaves the template to a Deployment.
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

// GroupKind returns the API group, which is empty for the core, and the kind of a
// Kubernetes object; no kind for anything else. An item of a typed list, such as a
// PodList, may leave both to the list.
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
	if before, _, ok := strings.Cut(version, "/"); ok {
		group = before
	}
	return group, kind
}

// Listed returns the items of a List, of a PodList or of any other list of Kubernetes objects.
func Listed(document *source.Node) (items []*source.Node, ok bool) {
	kind, _ := document.Get("kind").Scalar()
	if !strings.HasSuffix(kind, "List") || !document.Has("apiVersion") || ownVersion(document).Value != nil && kind != OwnKind+"List" {
		return nil, false
	}
	list := document.Get("items")
	return list.Elements(), !list.IsNull() && (list.Kind == source.Sequence || listsKnownKind(document))
}

// listsKnownKind reports whether an object is the list of Kubernetes itself, or that of a known kind.
func listsKnownKind(object *source.Node) bool {
	group, kind := GroupKind(object)
	of := strings.TrimSuffix(kind, "List")
	return group == "" && of == "" || IsKind(group, of)
}

// Identity is what names a Kubernetes object.
type Identity struct {
	metadata, Name  *source.Node
	Kind, namespace string
}

// Identity looks the object's up once, however many parts it has.
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

// Object adds a deployment that place, the Kubernetes object or a part of it, describes.
func (r *ObjectReader) Object(place *source.Node) *read.Draft {
	of := r.Identity()
	d := r.Deployment(of.Name, place)
	d.Subject.Kind, d.Subject.Namespace = of.Kind, of.namespace
	r.Metadata(d, of.metadata)
	return d
}

// Subject is what configuration can select the object by.
func (r *ObjectReader) Subject() facts.Subject {
	of := r.Identity()
	return facts.Subject{File: r.Root.File().Name, Namespace: of.namespace, Kind: of.Kind, Name: r.Name(of.Name).Value}
}

// KindPlace is where an object says what kind it is; an item of a typed list leaves
// that to the list.
func (r *ObjectReader) KindPlace(why string) facts.Place {
	kind := r.Root.Get("kind")
	if kind == nil {
		kind = r.Root
	}
	return facts.Place{Node: kind, Why: why}
}

// WorkloadOfKind is the workload of every object of the kind, whatever its version is and
// whatever it declares.
func (r *ObjectReader) WorkloadOfKind() facts.Fact[facts.Workload] {
	group, kind := GroupKind(r.Root)
	switch {
	case kind == "InferenceService" && (group == "serving.kserve.io" || group == "serving.kubeflow.org"),
		kind == "LLMInferenceService" && group == "serving.kserve.io":
		return facts.Know(facts.WebService, r.KindPlace("KServe runs it as a web service"))
	case kind == "SeldonDeployment" && group == "machinelearning.seldon.io",
		(kind == "Model" || kind == "Server") && group == "mlops.seldon.io":
		return facts.Know(facts.WebService, r.KindPlace("Seldon runs it as a web service"))
	case kind == "RayService" && group == "ray.io":
		return facts.Know(facts.WebService, r.KindPlace("KubeRay runs it as a web service"))
	case (kind == "InferenceSet" || kind == "RAGEngine" || kind == "MultiRoleInference") && group == "kaito.sh":
		return facts.Know(facts.WebService, r.KindPlace("KAITO runs it as a web service"))
	case kind == "VLLMRuntime" && group == "production-stack.vllm.ai":
		return facts.Know(facts.WebService, r.KindPlace("vLLM serves the model"))
	case TrainingKind(group, kind):
		return facts.Know(facts.Training, r.KindPlace("jobs of this kind train"))
	}
	return facts.Fact[facts.Workload]{}
}

// maxRepeatedLabels bounds the labels of an object that its parts carry, all parts together.
const maxRepeatedLabels = 100_000

// stated is what labels and annotations tell.
type stated struct {
	labels   *source.Node
	said     []*read.Draft
	workload facts.Fact[facts.Workload]
}

// Metadata reads what the labels and annotations of an object or of a template
// state. A label that is known already stays. What several parts of an object have
// in common is read once.
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
	d.Declared = append(d.Declared, known.said...)
	if !d.Workload.Known {
		d.Workload, d.Labelled = known.workload, known.workload.Place.Node
	}
}

// repeatsLabels reports whether one more part may carry labels that others carry too.
// That many of them are too many is a Problem, once.
func (r *ObjectReader) repeatsLabels(labels *source.Node) bool {
	before := r.repeatedLabels
	r.repeatedLabels += len(labels.Entries())
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
	r.Statements(&read, annotations)
	r.Statements(&read, labels)
	for _, member := range labels.Entries() {
		if why := r.serviceLabel(member); why != "" {
			read.Workload = facts.Know(facts.WebService, facts.Because(r.MarkUsed(member.Value), why))
			break
		}
	}
	return &stated{labels: labels, said: read.Declared, workload: read.Workload}
}

// serviceLabel returns the operator that gives a label to what it makes of a web service, in
// words; empty for any other label. No label tells of training: operators give the same
// ones to all that they make.
func (r *ObjectReader) serviceLabel(label source.Member) string {
	value := label.Value
	if value.IsNull() || value.Is("false") {
		return ""
	}
	group, kind := GroupKind(r.Root)
	if group == "batch" {
		return "" // such as a load test beside a service
	}
	switch label.Key.Text {
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
		// The Jobs of a Workspace, which tune a model, have it too.
		if group == "apps" && (kind == "Deployment" || kind == "StatefulSet") {
			return "KAITO sets this label on the Deployment or StatefulSet that serves the model of a Workspace"
		}
	}
	return ""
}

// Autoscale notes an autoscaler that is on, as on says, and its bounds. The replicas
// that the object states are then only what it starts from.
func Autoscale(d *read.Draft, on facts.Place, least, most facts.Fact[int64]) {
	if least.Known && most.Known && least.Value == most.Value {
		d.Replicas, d.Autoscales = most, facts.Know(false, facts.Because(most.Place, "the minimum and the maximum are equal"))
		return
	}
	d.Replicas, d.Autoscales = facts.Fact[int64]{}, facts.Know(true, on)
}

// PodTemplate reads a pod template: its metadata, what its pod asks for and where
// that runs. It serves every kind that carries one. more are main containers that stand
// outside the template.
func (r *ObjectReader) PodTemplate(d *read.Draft, template *source.Node, more ...*source.Node) {
	r.CheckShape(template, read.MappingShape)
	if template != r.Root {
		r.Metadata(d, template.Get("metadata"))
	}
	r.Pod(d, template.Get("spec"), more...)
	r.Cluster(d, template.Get("spec"), template.Get("metadata"))
}
