package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// designerTag is the tag that the designer's own code sets on each model that it registers.
const designerTag = "CreatedByAMLStudio"

// designerTags looks for the designer's tag among the tags of a model or a deployment.
func (r *ServiceReader) designerTags(d *read.Draft, tags *source.Node) {
	tag := tags.Get(designerTag)
	if text, ok := tag.Scalar(); ok && strings.EqualFold(text, "true") {
		r.designed(d, tag, "the designer sets this tag on the models that it registers")
	}
}

// DesignerName looks for the designer's curated environments: AzureML-Designer,
// azureml:AzureML-Designer-Score:1, azureml://registries/azureml/environments/AzureML-Designer/versions/1.
func (r *ServiceReader) DesignerName(d *read.Draft, n *source.Node) {
	text, _ := n.Scalar()
	for _, part := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return c == ':' || c == '/' }) {
		if strings.HasPrefix(part, "azureml-designer") {
			r.designed(d, n, "the environment belongs to the designer")
		}
	}
}

// designerImage looks for the designer's curated image.
func (r *ServiceReader) designerImage(d *read.Draft, n *source.Node) {
	if text, _ := n.Scalar(); strings.Contains(text, "azureml/curated/designer") {
		r.designed(d, n, "the image belongs to the designer")
	}
}

// designerConda looks for the designer's packages in a conda specification.
func (r *ServiceReader) designerConda(d *read.Draft, conda *source.Node) {
	for _, dependency := range conda.Get("dependencies").Items() {
		for _, item := range append(dependency.Get("pip").Items(), dependency) {
			if text, _ := item.Scalar(); strings.HasPrefix(text, "azureml-designer-") {
				r.designed(d, item, "the package belongs to the designer")
			}
		}
	}
}

func (r *ServiceReader) designed(d *read.Draft, n *source.Node, why string) {
	if !d.Designer.Known {
		d.Designer = facts.Know(true, facts.Because(r.MarkUsed(n), why))
	}
}
