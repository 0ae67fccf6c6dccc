package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2Endpoint is an online or a batch endpoint. What runs behind it is in
// documents of its own.
var azureMLv2Endpoint = format{
	name:      "azureml-v2-endpoint",
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"nlineEndpoint", "nlineendpoint", "atchEndpoint", "atchendpoint"}},
	matches: func(root *source.Node) bool {
		kind := azureMLSchema(root)
		return strings.HasSuffix(kind, "onlineendpoint") || strings.HasSuffix(kind, "batchendpoint")
	},
	read: func(r *reader) { r.completes = "nothing: the endpoint's deployments are documents of their own" },
}
