package facts

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// kubernetesWorkload are the kinds that carry one pod template: Kubernetes' own and
// those of others that stand in for them. By itself none of them has to do with
// machine learning as far as anyone knows.
var kubernetesWorkload = format{
	name:      "kubernetes-workload",
	title:     "Kubernetes workload: each kind with a pod template, alone or in a List",
	signs:     "`apiVersion` and `kind` of Pod, PodTemplate, ReplicationController, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob, with containers",
	reference: "https://kubernetes.io/docs/concepts/workloads/",
	marks: [][]string{
		{"apiVersion"}, {"containers", "template", "jobTemplate"}, // below a wrong shape there are no containers
		{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController", "Rollout", "CloneSet"},
	},
	shapes: map[string]*shape{
		"": under(listOf(volumeClaimShape), "spec", "volumeClaimTemplates"),
	},
	matches: func(root *source.Node) bool {
		path, ok := templatePath(root)
		if !ok || takenAway(root) {
			return false
		}
		path = append(path, "spec")
		return root.At(append(path, "containers")...) != nil || brokenPath(root, path...)
	},
	read: func(r *reader) {
		d := r.object(r.root)
		d.Replicas = r.count(r.root.At("spec", "replicas"))
		path, _ := templatePath(r.root)
		template := r.at(r.root, path...)
		r.podTemplate(d, template)
		if group, kind := groupKind(r.root); servesByImage(group, kind, template.At("spec", "restartPolicy")) {
			r.modelServer(d, slices.Collect(present(template.At("spec", "containers"))))
		}
	},
}

// virtualDaemonSets is the group of the kind that makes pods on ACI virtual nodes alone.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances/blob/main/Docs/VirtualDaemonSets.md
const virtualDaemonSets = "virtualdaemonsets.aci.azure.microsoft.com"

// templatePath returns the way to the pod template of an object. It is false for a kind
// that carries none.
func templatePath(object *source.Node) (path []string, ok bool) {
	group, kind := groupKind(object)
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

// groupKind returns the API group, which is empty for the core, and the kind of a
// Kubernetes object; no kind for anything else. An item of a typed list, such as a
// PodList, may leave both to the list.
func groupKind(object *source.Node) (group, kind string) {
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

// listed returns the items of a List, of a PodList or of any other list of Kubernetes objects.
func listed(document *source.Node) (items []*source.Node, ok bool) {
	kind, _ := document.Get("kind").Scalar()
	if !strings.HasSuffix(kind, "List") || !document.Has("apiVersion") || ownVersion(document).Value != nil && kind != ownKind+"List" {
		return nil, false
	}
	list := document.Get("items")
	return list.Elements(), !list.IsNull() && (list.Kind == source.Sequence || listsKnownKind(document))
}

// listsKnownKind reports whether an object is the list of Kubernetes itself, or that of a known kind.
func listsKnownKind(object *source.Node) bool {
	group, kind := groupKind(object)
	of := strings.TrimSuffix(kind, "List")
	return group == "" && of == "" || IsKubernetesKind(group, of)
}

// identity is what names a Kubernetes object.
type identity struct {
	metadata, name  *source.Node
	kind, namespace string
}

// identity looks the object's up once, however many parts it has.
func (r *reader) identity() *identity {
	if r.identified == nil {
		metadata := r.root.Get("metadata")
		of := &identity{metadata: metadata, name: metadata.Get("name")}
		if of.name.IsNull() {
			of.name = metadata.Get("generateName")
		}
		_, of.kind = groupKind(r.root)
		of.namespace, _ = metadata.Get("namespace").Scalar()
		r.identified = of
	}
	return r.identified
}

// object adds a deployment that place, the Kubernetes object or a part of it, describes.
func (r *reader) object(place *source.Node) *Draft {
	of := r.identity()
	d := r.deployment(of.name, place)
	d.Subject.Kind, d.Subject.Namespace = of.kind, of.namespace
	r.metadata(d, of.metadata)
	return d
}

// subject is what configuration can select the object by.
func (r *reader) subject() Subject {
	of := r.identity()
	return Subject{File: r.root.File().Name, Namespace: of.namespace, Kind: of.kind, Name: r.name(of.name).Value}
}

// kindPlace is where an object says what kind it is; an item of a typed list leaves
// that to the list.
func (r *reader) kindPlace(why string) Place {
	kind := r.root.Get("kind")
	if kind == nil {
		kind = r.root
	}
	return Place{Node: kind, Why: why}
}

// workloadOfKind is the workload of every object of the kind, whatever its version is and
// whatever it declares.
func (r *reader) workloadOfKind() Fact[Workload] {
	group, kind := groupKind(r.root)
	switch {
	case kind == "InferenceService" && (group == "serving.kserve.io" || group == "serving.kubeflow.org"),
		kind == "LLMInferenceService" && group == "serving.kserve.io":
		return Know(WebService, r.kindPlace("KServe runs it as a web service"))
	case kind == "SeldonDeployment" && group == "machinelearning.seldon.io",
		(kind == "Model" || kind == "Server") && group == "mlops.seldon.io":
		return Know(WebService, r.kindPlace("Seldon runs it as a web service"))
	case kind == "RayService" && group == "ray.io":
		return Know(WebService, r.kindPlace("KubeRay runs it as a web service"))
	case (kind == "InferenceSet" || kind == "RAGEngine" || kind == "MultiRoleInference") && group == "kaito.sh":
		return Know(WebService, r.kindPlace("KAITO runs it as a web service"))
	case kind == "VLLMRuntime" && group == "production-stack.vllm.ai":
		return Know(WebService, r.kindPlace("vLLM serves the model"))
	case trainingKind(group, kind):
		return Know(Training, r.kindPlace("jobs of this kind train"))
	}
	return Fact[Workload]{}
}

// maxRepeatedLabels bounds the labels of an object that its parts carry, all parts together.
const maxRepeatedLabels = 100_000

// stated is what labels and annotations tell.
type stated struct {
	labels   *source.Node
	said     []*Draft
	workload Fact[Workload]
}

// metadata reads what the labels and annotations of an object or of a template
// state. A label that is known already stays. What several parts of an object have
// in common is read once.
func (r *reader) metadata(d *Draft, metadata *source.Node) {
	if metadata.IsNull() {
		return
	}
	known := r.stated[metadata]
	repeated := known != nil
	if !repeated {
		r.shaped(metadata, metadataShape)
		known = r.readMetadata(metadata.Get("labels"), metadata.Get("annotations"))
		if r.stated == nil {
			r.stated = map[*source.Node]*stated{}
		}
		r.stated[metadata] = known
	}
	if !repeated || r.repeatsLabels(known.labels) {
		d.Labels = addLabels(d.Labels, known.labels)
	}
	d.said = append(d.said, known.said...)
	if !d.Workload.Known {
		d.Workload, d.labelled = known.workload, known.workload.Place.Node
	}
}

// repeatsLabels reports whether one more part may carry labels that others carry too.
// That many of them are too many is a Problem, once.
func (r *reader) repeatsLabels(labels *source.Node) bool {
	before := r.repeatedLabels
	r.repeatedLabels += len(labels.Entries())
	if r.repeatedLabels <= maxRepeatedLabels {
		return true
	}
	if before <= maxRepeatedLabels {
		r.problem(Warning, labels, "Split the object, or give it fewer labels.",
			"the object has too many parts; from here on %s is ignored", labels.Path())
	}
	return false
}

func (r *reader) readMetadata(labels, annotations *source.Node) *stated {
	var read Draft
	r.statements(&read, annotations)
	r.statements(&read, labels)
	for _, member := range labels.Entries() {
		if why := r.serviceLabel(member); why != "" {
			read.Workload = Know(WebService, because(r.carry(member.Value), why))
			break
		}
	}
	return &stated{labels: labels, said: read.said, workload: read.Workload}
}

// serviceLabel returns the operator that gives a label to what it makes of a web service, in
// words; empty for any other label. No label tells of training: operators give the same
// ones to all that they make.
func (r *reader) serviceLabel(label source.Member) string {
	value := label.Value
	if value.IsNull() || value.Is("false") {
		return ""
	}
	group, kind := groupKind(r.root)
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

// autoscale notes an autoscaler that is on, as on says, and its bounds. The replicas
// that the object states are then only what it starts from.
func (d *Draft) autoscale(on Place, least, most Fact[int64]) {
	if least.Known && most.Known && least.Value == most.Value {
		d.Replicas, d.Autoscales = most, Know(false, because(most.Place, "the minimum and the maximum are equal"))
		return
	}
	d.Replicas, d.Autoscales = Fact[int64]{}, Know(true, on)
}

// podTemplate reads a pod template: its metadata, what its pod asks for and where
// that runs. It serves every kind that carries one. more are main containers that stand
// outside the template.
func (r *reader) podTemplate(d *Draft, template *source.Node, more ...*source.Node) {
	r.shaped(template, mappingShape)
	if template != r.root {
		r.metadata(d, template.Get("metadata"))
	}
	r.pod(d, template.Get("spec"), more...)
	r.cluster(d, template.Get("spec"), template.Get("metadata"))
}
