package facts

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2Endpoint is an online or a batch endpoint. What runs behind it is in
// documents of its own.
var azureMLv2Endpoint = format{
	name:      "azureml-v2-endpoint",
	title:     "Azure ML CLI v2 online or batch endpoint",
	signs:     "`$schema`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-online",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"nlineEndpoint", "nlineendpoint", "atchEndpoint", "atchendpoint"}},
	matches: func(root *source.Node) bool {
		kind := azureMLSchema(root)
		return strings.HasSuffix(kind, "onlineendpoint") || strings.HasSuffix(kind, "batchendpoint")
	},
	read: func(r *reader) {
		d := &Draft{}
		r.computeReference(d, r.root.Get("compute"))
		r.statements(d, r.root.Get("tags"))
		part := r.part(endpointDefinition, "the deployments behind the endpoint", d)
		part.name = r.text(r.root.Get("name")).Value
	},
}

// azureMLv2EndpointDeployments is an endpoint with its deployments inside, as the CLI took
// it during the preview of 2021.
var azureMLv2EndpointDeployments = format{
	name:      "azureml-v2-endpoint-deployments",
	title:     "Azure ML CLI v2 endpoint of the 2021 preview, which contains its deployments",
	signs:     "`deployments` with `$schema`; or with `type` online or batch and `auth_mode` or `traffic`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-online",
	links:     true,
	marks: [][]string{
		{"deployments"}, {"$schema", "auth_mode", "traffic"},
		{"nlineEndpoint", "nlineendpoint", "atchEndpoint", "atchendpoint", "nlineDeployment", "atchDeployment", "online", "batch"},
		{"instance_type", "scoring_script", "local_path", "scale_settings", "mini_batch_size", "azureml:"},
	},
	matches: func(root *source.Node) bool {
		deployments := root.Get("deployments")
		if text, scalar := deployments.Scalar(); root.Has("$schema") && (scalar && text != "" && !later(deployments, text) || len(deployments.Elements()) > 0) {
			return endpointKind(root) != "" // what is no list of mappings is reported
		}
		inside := slices.Clone(deployments.Elements())
		for _, deployment := range deployments.Pairs() { // which is reported
			inside = append(inside, deployment)
		}
		if !slices.ContainsFunc(inside, func(n *source.Node) bool { return n.Kind == source.Mapping }) {
			return false
		}
		if root.Has("$schema") {
			return endpointKind(root) != ""
		}
		return endpointKind(root) != "" && (root.Has("auth_mode") || root.Has("traffic")) &&
			slices.ContainsFunc(inside, func(n *source.Node) bool { return n.Has("model") })
	},
	read: func(r *reader) {
		stated := discriminator(r.root)
		cluster := r.root.Get("target")
		if cluster.IsNull() {
			cluster = r.root.Get("compute")
		}
		r.shaped(r.root.Get("deployments"), listOf(mappingShape))
		for _, n := range r.root.Get("deployments").Elements() {
			if n.Kind != source.Mapping {
				continue
			}
			var d *Draft
			if endpointKind(r.root) == "batch" {
				d = r.batchDeployment(n, n.Get("compute"), true, stated)
			} else {
				kind := onlineKindInside(r.root, cluster, n)
				d = r.onlineDeployment(n, kind, stated)
				r.previewScale(d, n.Get("scale_settings"))
				if kind == "kubernetes" {
					r.previewResources(d, n.Get("resource_requirements"))
					r.computeReference(d, cluster)
				}
			}
			r.statements(d, r.root.Get("tags"))
		}
	},
}

// endpointKind is online or batch; empty for what is no endpoint.
func endpointKind(root *source.Node) string {
	schema := azureMLSchema(root)
	if root.Has("$schema") && schema == "" {
		return ""
	}
	kind := lowerScalar(root.Get("type"))
	switch {
	case strings.HasSuffix(schema, "onlineendpoint"), strings.HasSuffix(schema, "onlinedeployment"):
		return "online"
	case strings.HasSuffix(schema, "batchendpoint"), strings.HasSuffix(schema, "batchdeployment"):
		return "batch"
	case kind == "online", kind == "batch":
		return kind
	}
	return ""
}

// onlineKindInside is the kind of a deployment inside an online endpoint: that which its
// own type says, else kubernetes where the endpoint is on a cluster. It is empty when it
// is not known.
func onlineKindInside(root, cluster, deployment *source.Node) string {
	schema := azureMLSchema(root)
	switch kind := lowerScalar(deployment.Get("type")); {
	case kind == "managed", kind == "kubernetes":
		return kind
	case kind != "":
		return ""
	case !cluster.IsNull(), strings.HasPrefix(schema, "k8s"), strings.HasPrefix(schema, "kubernetes"):
		return "kubernetes"
	case strings.HasPrefix(schema, "managed"):
		return "managed"
	}
	if _, size := machineOf(lowerScalar(deployment.Get("instance_type"))); size {
		return "managed"
	}
	return ""
}

// previewScale reads the number of instances as the preview wrote it.
func (r *reader) previewScale(d *Draft, scale *source.Node) {
	if !d.Replicas.Known {
		d.Replicas = r.count(scale.Get("instance_count"))
	}
	if kind := scale.Get("scale_type"); lowerScalar(kind) == "auto" {
		d.Autoscales = Know(true, r.carry(kind))
	}
}

// previewResources reads what a deployment on a cluster asks for as the preview wrote it.
// A memory without a unit is left out: no reference says which it had.
func (r *reader) previewResources(d *Draft, asked *source.Node) {
	if !d.CPUCores.Known {
		d.CPUCores = r.quantity(asked.Get("cpu"))
	}
	if memory := asked.Get("memory"); !d.MemoryGiB.Known && memory != nil && memory.Kind == source.String && !isNumber(strings.ReplaceAll(memory.Text, ".", "")) {
		d.MemoryGiB = r.memory(memory)
	}
	if !d.GPUs.Known {
		d.GPUs = r.count(asked.Get("gpu"))
	}
}
