package facts

import (
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
		d := &Deployment{}
		r.computeReference(d, r.root.Get("compute"))
		r.statements(d, r.root.Get("tags"))
		part := r.part(endpointDefinition, "the deployments behind the endpoint", d)
		part.name = r.text(r.root.Get("name")).Value
	},
}
