package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2OnlineDeployment is a deployment of a managed or a Kubernetes online endpoint. Its type
// overrides its $schema.
var MLv2OnlineDeployment = read.Format{
	Name:      "azureml-v2-online-deployment",
	RootKeys:  []string{"$schema", "name", "endpoint_name"},
	Title:     "Azure ML CLI v2 deployment of a managed or a Kubernetes online endpoint",
	Signs:     "`$schema`; or `name` and `endpoint_name` with `type` or `instance_type` and a setting that only online deployments have",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-managed-online",
	Links:     true,
	Marks: [][]string{
		{"$schema", "endpoint_name"},
		append([]string{"endpoint_name"}, onlineSchemaMarks...),
		append([]string{"code_configuration", "inference_config", "request_settings", "scale_settings"}, onlineSchemaMarks...),
	},
	Matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return strings.HasSuffix(azureMLSchema(root), "onlinedeployment")
		}
		switch read.LowerScalar(root.Get("type")) {
		case "", "managed", "kubernetes":
		default:
			return false
		}
		return root.Has("name") && root.Has("endpoint_name") && (root.Has("type") || root.Has("instance_type")) &&
			(root.Has("code_configuration") || root.Has("request_settings") || root.Has("scale_settings") ||
				root.At("environment", "inference_config") != nil)
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		r.Text(r.Root.Get("type")) // reports a template
		r.onlineDeployment(r.Root, onlineKind(r.Root), discriminator(r.Root))
	}),
}

var onlineDeploymentShape = read.MappingOf(map[string]*read.Shape{
	"instance_type": read.ScalarShape, "resources": read.ResourcesShape, "resource_requirements": read.MappingShape, "scale_settings": read.MappingShape,
})

// onlineDeployment reads a deployment of an online endpoint of a kind; stated declares the kind.
func (r *ServiceReader) onlineDeployment(n *source.Node, kind string, stated *source.Node) *read.Draft {
	d := r.Deployment(n.Get("name"), n)
	d.Workload = facts.Know(facts.WebService, facts.Location{Node: stated, Why: "an online endpoint is a web service"})
	r.CheckShape(n, onlineDeploymentShape)
	switch kind {
	case "kubernetes":
		d.Pods = &scheduling.Pods{}
		r.Resources(d, n.Get("resources"))
		r.KubernetesInstanceType(d, n.Get("instance_type"), stated)
	case "managed":
		d.Target = facts.Know(facts.ManagedOnline, facts.Because(r.MarkUsed(stated), "the endpoint is managed"))
		r.InstanceType(d, n.Get("instance_type"))
	}
	r.endpointReference(d, n)
	d.Replicas = r.Count(n.Get("instance_count"))
	if scale := n.At("scale_settings", "type"); read.LowerScalar(scale) == "target_utilization" {
		d.Autoscales = facts.Know(true, r.MarkUsed(scale))
	}
	r.azureMLModel(d, n.Get("model"))
	r.azureMLEnvironment(d, n.Get("environment"))
	r.Tags(d, n.Get("tags"))
	return d
}

// DefaultInstanceType is the instance type that Azure ML's extension creates in each cluster, for
// deployments that do not name one.
// https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types#default-instance-type
const DefaultInstanceType = "defaultinstancetype"

// KubernetesInstanceType adds a reference to the instance type of a deployment on Kubernetes, else
// to the cluster's default one. stated declares that the deployment runs on Kubernetes.
func (r *ServiceReader) KubernetesInstanceType(d *read.Draft, n, stated *source.Node) {
	if n.IsNull() {
		d.Refer(read.Reference{Kind: read.InstanceType, Name: DefaultInstanceType, Node: stated, Implied: true})
		return
	}
	r.instanceTypeReference(d, n)
}

// instanceTypeReference adds a reference to an instance type of the cluster.
func (r *ServiceReader) instanceTypeReference(d *read.Draft, n *source.Node) {
	if name := r.Text(n); name.Known {
		d.Refer(read.Reference{Kind: read.InstanceType, Name: name.Value, Node: name.Location.Node})
	}
}

// endpointReference adds a reference to the endpoint of a deployment, if it names one.
func (r *ServiceReader) endpointReference(d *read.Draft, n *source.Node) {
	if name := r.LinkName(n.Get("endpoint_name")); name != "" {
		d.Refer(read.Reference{Kind: read.EndpointDefinition, Name: name, Node: n.Get("endpoint_name")})
	}
}

// onlineSchemaMarks are texts of which a deployment with a $schema has one.
var onlineSchemaMarks = []string{
	"nlineDeployment.schema", "nlineDeployment.Schema", "nlinedeployment.schema", "nlineDeployment.json",
}

// onlineKind returns managed or kubernetes, empty for another type or a placeholder.
func onlineKind(root *source.Node) string {
	if kind := root.Get("type"); !kind.IsNull() {
		switch kind := read.LowerScalar(kind); kind {
		case "managed", "kubernetes":
			return kind
		}
		return ""
	}
	switch azureMLSchema(root) {
	case "kubernetesonlinedeployment", "k8sonlinedeployment":
		return "kubernetes"
	}
	return "managed" // the default of the CLI
}
