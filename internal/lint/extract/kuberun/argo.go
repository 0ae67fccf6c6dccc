package kuberun

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ArgoWorkflow are Argo's workflows: each of their templates that runs a pod is one deployment, and so is each reference to a
// WorkflowTemplate.
// https://argo-workflows.readthedocs.io/en/latest/fields/
var ArgoWorkflow = read.Format{
	Name:      "argo-workflow",
	Title:     "Argo's Workflow and CronWorkflow: each template that runs a pod, with `podSpecPatch`, and the objects that a template creates from a `manifest`",
	Signs:     "`apiVersion` of `argoproj.io`, and the `kind`",
	Reference: "https://argo-workflows.readthedocs.io/en/latest/fields/",
	Links:     true,
	Marks:     [][]string{{"apiVersion"}, {"Workflow"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"Workflow":     read.Under(argoSpecShape, "spec"),
		"CronWorkflow": read.Under(argoSpecShape, "spec", "workflowSpec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "argoproj.io" && (kind == "Workflow" || kind == "CronWorkflow") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *runReader) {
		spec, metadata := r.Root.Get("spec"), (*source.Node)(nil)
		if r.Identity().Kind == "CronWorkflow" {
			metadata, spec = spec.Get("workflowMetadata"), spec.Get("workflowSpec")
		}
		called := callsOf(spec)
		for _, template := range append(slices.Clone(spec.Get("templates").Items()), called.inline...) {
			name := r.Text(template.Get("name"))
			switch {
			case name.Known && !called.has(name.Value):
			case runsPod(template):
				d := r.Object(template)
				d.Component = name
				r.Metadata(d, metadata)
				r.argoPod(d, spec, template)
			default:
				r.argoManifest(template.Get("resource"))
			}
		}
		if of := spec.Get("workflowTemplateRef"); !of.IsNull() {
			r.argoReference(of, r.Text(of.Get("name")), "")
		}
		for _, of := range called.references {
			r.argoReference(of, r.Text(of.Get("name")), r.Text(of.Get("template")).Value)
		}
		r.OneCluster()
		if len(r.Deployments)+len(r.Inner) == 0 && len(r.Misread) == 0 {
			r.Completes = "nothing: none of its templates runs a pod"
		}
	}),
}

var (
	argoTemplateShape = read.MappingOf(map[string]*read.Shape{
		"container": read.ContainerShape, "script": read.ContainerShape, "containerSet": read.MappingOf(map[string]*read.Shape{"containers": read.ListOf(read.ContainerShape)}),
		"initContainers": read.ListOf(read.ContainerShape), "sidecars": read.ListOf(read.ContainerShape), "metadata": read.MetadataShape,
	}).With(read.SchedulingFields)
	argoSpecShape = read.MappingOf(map[string]*read.Shape{
		"templates": read.ListOf(argoTemplateShape), "podMetadata": read.MetadataShape, "workflowTemplateRef": read.MappingShape,
	}).With(read.SchedulingFields)
)

// runsPod reports whether a template runs a pod. Others order templates, wait, or create objects.
func runsPod(template *source.Node) bool {
	return template.Has("container") || template.Has("script") || template.Has("containerSet")
}

// argoPod reads the pod of a template. With a patch that is not understood, sums are unknown.
func (r *runReader) argoPod(d *read.Draft, spec, template *source.Node) {
	r.Metadata(d, template.Get("metadata"))
	r.Metadata(d, spec.Get("podMetadata"))
	pod, whole := r.argoPodOf(spec, template)
	r.Pod(d, pod)
	if !whole {
		d.CPUCores, d.MemoryGiB, d.MemoryLimitGiB = facts.Fact[float64]{}, facts.Fact[float64]{}, facts.Fact[float64]{}
	}
	var s scheduling.Pods
	s.Pod(pod)
	r.RunsIn(d, s, template.Get("metadata"))
}

// argoManifest reads the whole objects in the manifest of a template that creates or replaces them.
func (r *runReader) argoManifest(resource *source.Node) {
	switch action, _ := resource.Get("action").Scalar(); action {
	case "create", "apply", "replace":
	default:
		return
	}
	r.whole(resource.Get("manifest").Embedded())
}

// membersOf returns the members of a mapping with some keys.
func membersOf(n *source.Node, keys ...string) []source.Member {
	var members []source.Member
	for _, member := range n.Members() {
		for _, key := range keys {
			if member.Key.Text() == key {
				members = append(members, member)
			}
		}
	}
	return members
}

// calls are the templates that a workflow names.
type calls struct {
	all        bool // of which a name is not known
	names      map[string]bool
	references []*source.Node // to templates of a WorkflowTemplate, without duplicates
	inline     []*source.Node // templates that stand where they are called
}

func (c *calls) has(template string) bool { return c.all || c.names[template] }

// callsOf returns the templates that a workflow names anywhere in its specification.
func callsOf(spec *source.Node) *calls {
	c := &calls{names: map[string]bool{}, all: spec.Get("entrypoint").IsNull()}
	seen := map[*source.Node]bool{}
	referenced := map[[2]string]bool{}
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		if n.IsNull() || n.Kind < source.Sequence || seen[n] {
			return
		}
		seen[n] = true
		for _, item := range n.Items() {
			walk(item)
		}
		for key, value := range n.Pairs() {
			switch name := key.Text(); name {
			case "entrypoint", "onExit", "template":
				if text, ok := value.Scalar(); ok {
					c.names[text] = true
					c.all = c.all || strings.ContainsAny(text, "{$<")
				}
			case "inline":
				c.inline = append(c.inline, value)
			case "templateRef":
				of, _ := value.Get("name").Scalar()
				template, _ := value.Get("template").Scalar()
				if key := [2]string{of, template}; !referenced[key] {
					referenced[key] = true
					c.references = append(c.references, value)
				}
				continue // its template is another document's
			}
			walk(value)
		}
	}
	walk(spec)
	return c
}

// argoReference adds a deployment that a WorkflowTemplate completes: the whole of it, or one of its templates.
func (r *runReader) argoReference(of *source.Node, name facts.Fact[string], template string) {
	if !name.Known {
		return
	}
	d := r.Object(of)
	d.Component = name
	if template != "" {
		d.Component.Value += "/" + template
	}
	reference := read.Reference{Kind: read.WorkflowTemplate, Name: d.Component.Value, Node: name.Location.Node, Namespace: kube.NamespaceOf(r.Root)}
	if of.Get("clusterScope").Is("true") {
		reference.Namespace = ""
	}
	d.Refer(reference)
}

// ArgoWorkflowTemplate is a template of workflows. A WorkflowTemplate is namespaced, a ClusterWorkflowTemplate is not.
var ArgoWorkflowTemplate = read.Format{
	Name:      "argo-workflow-template",
	Title:     "Argo's WorkflowTemplate and ClusterWorkflowTemplate, for the workflows that name them",
	Signs:     "`apiVersion` of `argoproj.io`, and the `kind`",
	Reference: "https://argo-workflows.readthedocs.io/en/latest/workflow-templates/",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"apiVersion"}, {"Workflow"}, {"spec"}},
	Shapes:    map[string]*read.Shape{"": read.Under(argoSpecShape, "spec")},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "argoproj.io" && (kind == "WorkflowTemplate" || kind == "ClusterWorkflowTemplate") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *runReader) {
		spec := r.Root.Get("spec")
		called := callsOf(spec)
		whole := &read.Draft{}
		pods := 0
		for _, template := range spec.Get("templates").Items() {
			if !runsPod(template) {
				continue
			}
			d := &read.Draft{}
			r.argoPod(d, spec, template)
			name := r.Text(template.Get("name")).Value
			if called.has(name) {
				if pods++; pods == 1 {
					whole = d
				} else if d.GPUs.Value > whole.GPUs.Value {
					whole = &read.Draft{Deployment: facts.Deployment{GPUs: d.GPUs}, Uncounted: d.Uncounted}
				} else {
					whole = &read.Draft{Deployment: facts.Deployment{GPUs: whole.GPUs}, Uncounted: whole.Uncounted}
				}
			}
			r.argoPart("/"+name, d)
		}
		if pods > 0 {
			copied := *whole
			r.argoPart("", &copied)
		}
	}),
}

// argoPart adds what a template, or one of its templates, adds to the workflows that name it.
func (r *runReader) argoPart(suffix string, d *read.Draft) {
	part := r.Part(read.WorkflowTemplate, "the workflows that name it", d)
	part.Name = r.Text(r.Root.At("metadata", "name")).Value + suffix
	if _, kind := kube.GroupKind(r.Root); kind == "WorkflowTemplate" {
		part.Namespace = kube.NamespaceOf(r.Root)
	}
}
