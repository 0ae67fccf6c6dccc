package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2OnlineDeployment is a deployment of a managed or a Kubernetes online
// endpoint. Its type wins over its $schema.
var azureMLv2OnlineDeployment = format{
	name:      "azureml-v2-online-deployment",
	title:     "Azure ML CLI v2 deployment of a managed or a Kubernetes online endpoint",
	signs:     "`$schema`; or `name` and `endpoint_name` with `type` or `instance_type` and a setting that only online deployments have",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-managed-online",
	links:     true,
	marks: [][]string{
		{"$schema", "endpoint_name"},
		append([]string{"endpoint_name"}, onlineSchemaMarks...),
		append([]string{"code_configuration", "inference_config", "request_settings", "scale_settings"}, onlineSchemaMarks...),
	},
	matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return strings.HasSuffix(azureMLSchema(root), "onlinedeployment")
		}
		switch lowerScalar(root.Get("type")) {
		case "", "managed", "kubernetes":
		default:
			return false
		}
		return root.Has("name") && root.Has("endpoint_name") && (root.Has("type") || root.Has("instance_type")) &&
			(root.Has("code_configuration") || root.Has("request_settings") || root.Has("scale_settings") ||
				root.At("environment", "inference_config") != nil)
	},
	read: func(r *reader) {
		r.text(r.root.Get("type")) // may be a template
		r.onlineDeployment(r.root, onlineKind(r.root), discriminator(r.root))
	},
}

var onlineDeploymentShape = mappingOf(map[string]*shape{
	"instance_type": scalarShape, "resources": resourcesShape, "resource_requirements": mappingShape, "scale_settings": mappingShape,
})

// onlineDeployment reads a deployment behind an online endpoint of a kind, which stated says.
func (r *reader) onlineDeployment(n *source.Node, kind string, stated *source.Node) *Draft {
	d := r.deployment(n.Get("name"), n)
	d.Workload = Know(WebService, Place{Node: stated, Why: "an online endpoint is a web service"})
	r.shaped(n, onlineDeploymentShape)
	switch kind {
	case "kubernetes":
		d.pods = &scheduling{}
		r.resources(d, n.Get("resources"))
		r.kubernetesInstanceType(d, n.Get("instance_type"), stated)
	case "managed":
		d.Target = Know(ManagedOnline, because(r.carry(stated), "the endpoint is managed"))
		r.instanceType(d, n.Get("instance_type"))
	}
	r.endpointReference(d, n)
	d.Replicas = r.count(n.Get("instance_count"))
	if scale := n.At("scale_settings", "type"); lowerScalar(scale) == "target_utilization" {
		d.Autoscales = Know(true, r.carry(scale))
	}
	r.azureMLModel(d, n.Get("model"))
	r.azureMLEnvironment(d, n.Get("environment"))
	r.tags(d, n.Get("tags"))
	return d
}

// defaultInstanceType is the name of the instance type that Azure ML's extension creates in each
// cluster, for deployments that name none.
// https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types#default-instance-type
const defaultInstanceType = "defaultinstancetype"

// kubernetesInstanceType notes the instance type of a deployment on Kubernetes: that which it names,
// else the default one of the cluster. stated is what says that it runs on Kubernetes.
func (r *reader) kubernetesInstanceType(d *Draft, n, stated *source.Node) {
	if n.IsNull() {
		d.refer(reference{kind: instanceType, name: defaultInstanceType, node: stated, implied: true})
		return
	}
	r.instanceTypeReference(d, n)
}

// instanceTypeReference notes the instance type of a cluster that a deployment names.
func (r *reader) instanceTypeReference(d *Draft, n *source.Node) {
	if name := r.text(n); name.Known {
		d.refer(reference{kind: instanceType, name: name.Value, node: name.Place.Node})
	}
}

// endpointReference notes the endpoint that a deployment is behind, if it names one.
func (r *reader) endpointReference(d *Draft, n *source.Node) {
	if name := r.text(n.Get("endpoint_name")); name.Known {
		d.refer(reference{kind: endpointDefinition, name: name.Value, node: name.Place.Node})
	}
}

// onlineSchemaMarks stand in the bytes of a deployment that has a $schema.
var onlineSchemaMarks = []string{
	"nlineDeployment.schema", "nlineDeployment.Schema", "nlinedeployment.schema", "nlineDeployment.json",
}

// onlineKind is managed or kubernetes; empty when it is not known yet.
func onlineKind(root *source.Node) string {
	if kind := root.Get("type"); !kind.IsNull() {
		switch kind := lowerScalar(kind); kind {
		case "managed", "kubernetes":
			return kind
		}
		return ""
	}
	switch azureMLSchema(root) {
	case "kubernetesonlinedeployment", "k8sonlinedeployment":
		return "kubernetes"
	}
	return "managed" // the CLI's default
}
