package azure

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2Endpoint is an online or a batch endpoint. Its deployments are separate documents.
var MLv2Endpoint = read.Format{
	Name:      "azureml-v2-endpoint",
	RootKeys:  []string{"$schema", "name"},
	Title:     "Azure ML CLI v2 online or batch endpoint",
	Signs:     "`$schema`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-online",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"$schema"}, {"azureml"}, {"nlineEndpoint", "nlineendpoint", "atchEndpoint", "atchendpoint"}},
	Matches: func(root *source.Node) bool {
		kind := azureMLSchema(root)
		return strings.HasSuffix(kind, "onlineendpoint") || strings.HasSuffix(kind, "batchendpoint")
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := &read.Draft{}
		r.computeReference(d, r.Root.Get("compute"))
		r.AddDeclared(d, r.Root.Get("tags"))
		part := r.Part(read.EndpointDefinition, "the deployments behind the endpoint", d)
		part.Name = r.LinkName(r.Root.Get("name"))
	}),
}

// MLv2EndpointDeployments is an endpoint that contains its deployments, as in the CLI of the
// preview of 2021.
var MLv2EndpointDeployments = read.Format{
	Name:      "azureml-v2-endpoint-deployments",
	Title:     "Azure ML CLI v2 endpoint of the 2021 preview, which contains its deployments",
	Signs:     "`deployments` with `$schema`; or with `type` online or batch and `auth_mode` or `traffic`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-online",
	Links:     true,
	Marks: [][]string{
		{"deployments"}, {"$schema", "auth_mode", "traffic"},
		{"nlineEndpoint", "nlineendpoint", "atchEndpoint", "atchendpoint", "nlineDeployment", "atchDeployment", "online", "batch"},
		{"instance_type", "scoring_script", "local_path", "scale_settings", "mini_batch_size", "azureml:"},
	},
	Matches: func(root *source.Node) bool {
		deployments := root.Get("deployments")
		if text, scalar := deployments.Scalar(); root.Has("$schema") && (scalar && text != "" && !placeholder.InScalar(deployments, text) || len(deployments.Items()) > 0) {
			return endpointKind(root) != "" // other shapes are reported
		}
		inside := slices.Clone(deployments.Items())
		for _, deployment := range deployments.Pairs() { // a mapping is reported
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
	Read: read.Using(NewReader, func(r *ServiceReader) {
		stated := discriminator(r.Root)
		cluster := r.Root.Get("target")
		if cluster.IsNull() {
			cluster = r.Root.Get("compute")
		}
		r.CheckShape(r.Root.Get("deployments"), read.ListOf(read.MappingShape))
		for _, n := range r.Root.Get("deployments").Items() {
			if n.Kind != source.Mapping {
				continue
			}
			var d *read.Draft
			if endpointKind(r.Root) == "batch" {
				d = r.batchDeployment(n, n.Get("compute"), true, stated)
			} else {
				kind := onlineKindInside(r.Root, cluster, n)
				d = r.onlineDeployment(n, kind, stated)
				r.previewScale(d, n.Get("scale_settings"))
				if kind == "kubernetes" {
					r.previewResources(d, n.Get("resource_requirements"))
					r.computeReference(d, cluster)
				}
			}
			r.AddDeclared(d, r.Root.Get("tags"))
		}
	}),
}

// endpointKind returns online or batch, empty for other documents.
func endpointKind(root *source.Node) string {
	schema := azureMLSchema(root)
	if root.Has("$schema") && schema == "" {
		return ""
	}
	kind := read.LowerScalar(root.Get("type"))
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

// onlineKindInside returns the kind of a deployment inside an online endpoint: its own type, else
// kubernetes if the endpoint has a cluster. It is empty where the kind is not known.
func onlineKindInside(root, cluster, deployment *source.Node) string {
	schema := azureMLSchema(root)
	switch kind := read.LowerScalar(deployment.Get("type")); {
	case kind == "managed", kind == "kubernetes":
		return kind
	case kind != "":
		return ""
	case !cluster.IsNull(), strings.HasPrefix(schema, "k8s"), strings.HasPrefix(schema, "kubernetes"):
		return "kubernetes"
	case strings.HasPrefix(schema, "managed"):
		return "managed"
	}
	if _, size := read.MachineOf(read.LowerScalar(deployment.Get("instance_type"))); size {
		return "managed"
	}
	return ""
}

// previewScale reads the number of instances in the structure of the preview.
func (r *ServiceReader) previewScale(d *read.Draft, scale *source.Node) {
	if !d.Replicas.Known {
		d.Replicas = r.Count(scale.Get("instance_count"))
	}
	if kind := scale.Get("scale_type"); read.LowerScalar(kind) == "auto" {
		d.Autoscales = facts.Know(true, r.MarkUsed(kind))
	}
}

// previewResources reads the resource request of a deployment on a cluster in the structure of the
// preview. Memory without a unit is skipped, since the unit is not documented.
func (r *ServiceReader) previewResources(d *read.Draft, request *source.Node) {
	if !d.CPUCores.Known {
		d.CPUCores = r.Quantity(request.Get("cpu"))
	}
	if memory := request.Get("memory"); !d.MemoryGiB.Known && memory != nil && memory.Kind == source.String && !read.IsNumber(strings.ReplaceAll(memory.Text(), ".", "")) {
		d.MemoryGiB = r.Memory(memory)
	}
	if !d.GPUs.Known {
		d.GPUs = r.Count(request.Get("gpu"))
	}
}
