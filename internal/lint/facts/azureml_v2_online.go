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
	signs:     "`$schema`, else `name` and `endpoint_name` with `type` or `instance_type` and a setting that only online deployments have",
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
		d := r.deployment(r.root.Get("name"), r.root)
		d.Workload = Know(WebService, Place{Node: discriminator(r.root), Why: "an online endpoint is a web service"})
		r.text(r.root.Get("type"))
		switch onlineKind(r.root) {
		case "kubernetes":
			d.anyCluster = true
			r.resources(d, r.root.Get("resources"))
			if name := r.text(r.root.Get("instance_type")); name.Known {
				d.refer(reference{kind: instanceType, name: name.Value, node: name.Place.Node})
			}
		case "managed":
			d.Target = Know(ManagedOnline, because(r.carry(discriminator(r.root)), "the endpoint is a managed one"))
			r.instanceType(d, r.root.Get("instance_type"))
		}
		r.endpointReference(d)
		d.Replicas = r.count(r.root.Get("instance_count"))
		if scale := r.root.At("scale_settings", "type"); lowerScalar(scale) == "target_utilization" {
			d.Autoscales = Know(true, r.carry(scale))
		}
		r.azureMLModel(d, r.root.Get("model"))
		r.azureMLEnvironment(d, r.root.Get("environment"))
		r.tags(d, r.root.Get("tags"))
	},
}

// endpointReference notes the endpoint that a deployment is behind.
func (r *reader) endpointReference(d *Deployment) {
	if name := r.text(r.root.Get("endpoint_name")); name.Known {
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
	if azureMLSchema(root) == "kubernetesonlinedeployment" {
		return "kubernetes"
	}
	return "managed" // the CLI's default
}
