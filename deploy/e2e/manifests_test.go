package e2e

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// onVirtualNode is of a pod for AKS's virtual node, which is Azure Container Instances.
const onVirtualNode = "nodeSelector: {kubernetes.io/role: agent, type: virtual-kubelet}, tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}], "

// twoFaults are of a pod that breaks two rules.
var twoFaults = onVirtualNode + oneContainer("nvidia.com/gpu: 1, memory: 64Gi")

// violating is denied wherever it is reviewed.
var violating = deploymentOf("violating", "", onVirtualNode+oneContainer("nvidia.com/gpu: 1"))

// deploymentOf is a Deployment with annotations and with what its pods are to have, in YAML.
func deploymentOf(name, annotations, pod string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, annotations: {%[2]s}}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {%[3]s}
`, name, annotations, pod)
}

// containers are of a pod for the virtual node.
func containers(list ...string) string {
	return onVirtualNode + "containers: [" + strings.Join(list, ", ") + "]"
}

// containerOf is a container of a name with limits.
func containerOf(name, limits string) string {
	return fmt.Sprintf("{name: %s, image: contoso.azurecr.io/scorer:4, resources: {limits: {%s}}}", name, limits)
}

// oneContainer is of a pod with a container of limits.
func oneContainer(limits string) string { return "containers: [" + containerOf("scorer", limits) + "]" }

// image is a container of a name and an image.
func image(name, image string) string { return fmt.Sprintf("{name: %s, image: '%s'}", name, image) }

// imagesOf are so many containers, %d in the image being the number of each.
func imagesOf(number int, format string) string {
	var list []string
	for i := range number {
		list = append(list, image(fmt.Sprintf("scorer-%d", i), fmt.Sprintf(format, i)))
	}
	return "containers: [" + strings.Join(list, ", ") + "]"
}

// scorerOf is a Deployment of an image on AKS's virtual node, with a GPU or without.
func scorerOf(t *testing.T, image string, gpu bool) *appsv1.Deployment {
	t.Helper()
	limits := "memory: 1Gi"
	if gpu {
		limits += ", nvidia.com/gpu: 1"
	}
	container := fmt.Sprintf("{name: scorer, image: '%s', resources: {limits: {%s}}}", image, limits)
	return asDeployment(t, deploymentOf("scorer", "", containers(container)))
}

// asDeployment reads a manifest.
func asDeployment(t *testing.T, manifest string) *appsv1.Deployment {
	t.Helper()
	deployment := &appsv1.Deployment{}
	if err := yaml.UnmarshalStrict([]byte(manifest), deployment); err != nil {
		t.Fatal(err)
	}
	return deployment
}

// podOnVirtualNode is a pod with a container of a memory and an image.
func podOnVirtualNode(name, memory, image string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {%scontainers: [{name: scorer, image: '%s', resources: {requests: {cpu: 1, memory: %s}, limits: {cpu: 2, memory: %[4]s}}}]}}\n",
		name, onVirtualNode, image, memory)
}

// reviewOf wraps an object, as JSON, into the review of its creation.
func reviewOf(object string) string {
	return `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "hostile", "operation": "CREATE",
		"kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "default", "name": "scorer", "object": ` + object + `}}`
}

// podOf is a pod on AKS's virtual node, as JSON, with so many containers of a GPU each.
func podOf(containers int) string {
	one := `{"name": "scorer", "image": "scorer", "resources": {"limits": {"nvidia.com/gpu": 1}}}`
	return `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "scorer"}, "spec": {"nodeSelector": {"type": "virtual-kubelet"},
		"containers": [` + strings.TrimSuffix(strings.Repeat(one+",", containers), ",") + `]}}`
}

// workload is an object of which a controller makes pods. Its name and the label app of its pods
// are the resource.
type workload struct {
	resource   string
	kind       string // with apiVersion, in YAML
	spec       string // the template aside
	scales     bool   // to as many replicas as are wanted
	rollsOut   bool   // a change of the template replaces the pods
	controller string // service account that makes the pods
}

var workloads = []workload{
	{
		resource: "deployment", kind: "apiVersion: apps/v1, kind: Deployment", spec: "selector: {matchLabels: {app: deployment}}",
		scales: true, rollsOut: true, controller: "replicaset-controller",
	},
	{
		resource: "statefulset", kind: "apiVersion: apps/v1, kind: StatefulSet", spec: "serviceName: none, selector: {matchLabels: {app: statefulset}}",
		scales: true, rollsOut: true, controller: "statefulset-controller",
	},
	{
		resource: "daemonset", kind: "apiVersion: apps/v1, kind: DaemonSet", spec: "selector: {matchLabels: {app: daemonset}}",
		rollsOut: true, controller: "daemon-set-controller",
	},
	{
		resource: "replicaset", kind: "apiVersion: apps/v1, kind: ReplicaSet", spec: "selector: {matchLabels: {app: replicaset}}",
		scales: true, controller: "replicaset-controller",
	},
	{
		resource: "replicationcontroller", kind: "apiVersion: v1, kind: ReplicationController", spec: "selector: {app: replicationcontroller}",
		scales: true, controller: "replication-controller",
	},
}

func (w workload) manifest() string {
	return fmt.Sprintf("{%s, metadata: {name: %s}, spec: {%s, template: {metadata: {labels: {app: %[2]s}}, spec: {%[4]s}}}}\n", w.kind, w.resource, w.spec, twoFaults)
}

func (w workload) String() string { return w.resource + "/" + w.resource }

// %[1]s is the name of a job or of a cron job, and %[2]s what its pods have.
const (
	job = `{apiVersion: batch/v1, kind: Job, metadata: {name: %[1]s}, spec: {parallelism: 1, template: {
  metadata: {labels: {app: %[1]s}}, spec: {restartPolicy: Never, %[2]s}}}}`
	cronJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: %[1]s}, spec: {schedule: "* * * * *", suspend: true, jobTemplate: {spec: {template: {
  metadata: {labels: {app: %[1]s}}, spec: {restartPolicy: Never, %[2]s}}}}}}`
)
