package terraform

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azapiResource reads a resource of the provider azapi, which has the structure of Azure Resource
// Manager.
// https://registry.terraform.io/providers/Azure/azapi/latest/docs/resources/resource
func (r *planReader) azapiResource(t resource) {
	typed := t.after.Get("type")
	kind, _, _ := strings.Cut(read.LowerScalar(typed), "@")
	if !arm.IsReadKind(kind) {
		return
	}
	body := r.azapiBody(t.after.Get("body"))
	tags := t.after.Get("tags")
	if tags.IsNull() {
		tags = body.GetFold("tags")
	}
	deployments, computes := len(r.Deployments), len(r.Computes)
	r.Resource(arm.Resource{
		Kind: kind, Typed: typed, Object: t.object, Name: t.name(), Around: t.after.Get("parent_id"),
		Tags: tags, Sku: body.GetFold("sku"), Variant: body.GetFold("kind"), Properties: body.GetFold("properties"),
	})
	for _, d := range r.Deployments[deployments:] {
		r.nameByAddress(t, &d.Name, &d.Subject)
	}
	for _, c := range r.Computes[computes:] {
		r.nameByAddress(t, &c.Name, &c.Subject)
	}
}

// maxBody is Azure's limit for a request, in bytes.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
const maxBody = 4 << 20

// azapiBody returns the body of a resource. In version 1 of the provider it is JSON in a string, in
// version 2 a mapping. A string that is not JSON is ignored.
func (r *planReader) azapiBody(body *source.Node) *source.Node {
	text, ok := body.Scalar()
	if !ok {
		return body
	}
	if len(text) > maxBody {
		return nil
	}
	file := source.Parse("body.json", []byte(text))
	if len(file.Problems) > 0 || len(file.Documents) != 1 {
		return nil
	}
	if r.Texts == nil {
		r.Texts = map[*source.File]*source.Node{}
	}
	r.Texts[file] = body
	r.MarkUsed(body)
	return file.Documents[0].Root
}
