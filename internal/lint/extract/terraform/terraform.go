package terraform

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/operators"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Plan is the output of terraform show -json or tofu show -json for a plan. It is evaluated as if
// it were applied. Unchanged resources count; destroyed and forgotten resources and data sources,
// which others own, do not. Without resource changes, as in the output of some tools, the planned
// values count. The JSON of a state has neither and does not match.
var Plan = read.Format{
	Name:     "terraform-plan",
	RootKeys: []string{"resource_changes"},
	Title: "Plan of Terraform or OpenTofu as JSON (`terraform show -json`): resources of the providers azurerm 2 to 4, azapi and kubernetes; " +
		"values that are sensitive or known only after apply are not read",
	Signs:     "`format_version` with `resource_changes` or `planned_values`",
	Reference: "https://developer.hashicorp.com/terraform/internals/json-format#plan-representation",
	Links:     true,
	Marks:     [][]string{{"format_version"}, {"resource_changes", "planned_values"}, terraformMarks},
	Shapes:    terraformShapes,
	Matches: func(root *source.Node) bool {
		return root.Has("format_version") && (root.Has("resource_changes") || root.Has("planned_values"))
	},
	Read: read.Using(newReader, func(r *planReader) {
		changes := r.Root.Get("resource_changes").Items()
		for _, object := range changes {
			change := object.Get("change")
			if stays(change.Get("actions")) {
				r.planned(object, redacted(change.Get("after"), change.Get("after_unknown")), change.Get("after_sensitive"))
			}
		}
		if len(changes) == 0 {
			r.plannedModule(r.Root.At("planned_values", "root_module"))
		}
		r.ResolveLocations()
	}),
}

var terraformShapes = map[string]*read.Shape{"": read.MappingOf(map[string]*read.Shape{
	"resource_changes": read.ListOf(read.Under(read.MappingShape, "change")),
	"planned_values":   read.Under(read.ListOf(read.MappingShape), "root_module", "resources"),
})}

// plannedModule reads the planned resources of a module and of its child modules.
func (r *planReader) plannedModule(module *source.Node) {
	for _, object := range module.Get("resources").Items() {
		r.planned(object, object.Get("values"), object.Get("sensitive_values"))
	}
	for _, child := range module.Get("child_modules").Items() {
		r.plannedModule(child)
	}
}

// planned reads a resource with its attributes after the plan is applied.
func (r *planReader) planned(object, after, sensitive *source.Node) {
	kind, _ := object.Get("type").Scalar()
	if after = redacted(after, sensitive); !object.Get("mode").Is("data") && !after.IsNull() {
		deployments, computes, parts, problems := len(r.Deployments), len(r.Computes), len(r.Parts), len(r.Problems)
		if !r.terraformResource(resource{kind: kind, object: object, after: after}) {
			return
		}
		address, _ := object.Get("address").Scalar()
		r.ByResource = append(r.ByResource, &read.Resource{
			Address:     address,
			Deployments: slices.Clone(r.Deployments[deployments:]), Computes: slices.Clone(r.Computes[computes:]), Parts: slices.Clone(r.Parts[parts:]),
			FirstProblem: problems, EndProblem: len(r.Problems),
		})
	}
}

// terraformMarks are texts in the types of the resources that are read.
var terraformMarks = []string{
	"azurerm_container_group", "azurerm_machine_learning_", "azurerm_kubernetes_cluster",
	"azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_function_app", "azapi_resource",
	"kubernetes_manifest", "kubernetes_pod", "kubernetes_deployment", "kubernetes_stateful_set", "kubernetes_daemon",
	"kubernetes_replication_controller", "kubernetes_job", "kubernetes_cron_job",
}

// Confidential reports whether a text looks like a plan or a state of Terraform. Both contain
// passwords and keys in clear text, not all of which are marked as sensitive. Do not show any part
// of such a text.
// https://developer.hashicorp.com/terraform/language/manage-sensitive-data
func Confidential(text []byte) bool {
	return read.ContainsAny(text, []string{"format_version", "terraform_version"}) &&
		read.ContainsAny(text, []string{"resource_changes", "planned_values", "sensitive_values", "sensitive_attributes"})
}

// stays reports whether a resource exists after the actions.
func stays(actions *source.Node) bool {
	for _, action := range actions.Items() {
		if !action.Is("delete") && !action.Is("forget") {
			return true
		}
	}
	return false
}

// redacted returns a value with null for each part for which marks is true: it is sensitive, or
// known only after the plan is applied. marks has the structure of the value.
func redacted(value, marks *source.Node) *source.Node {
	switch {
	case value.IsNull() || marks.IsNull():
		return value
	case marks.Is("true"):
		return value.With(source.Content{Kind: source.Null})
	case len(marks.Items()) > 0 && len(value.Items()) > 0:
		items := append([]*source.Node(nil), value.Items()...)
		for i, mark := range marks.Items()[:min(len(marks.Items()), len(items))] {
			items[i] = redacted(items[i], mark)
		}
		return value.With(source.Content{Kind: source.Sequence, Items: items})
	case len(marks.Members()) > 0 && len(value.Members()) > 0:
		marked := make(map[string]*source.Node, len(marks.Members()))
		for _, member := range marks.Members() {
			marked[member.Key.Text()] = member.Value
		}
		members := append([]source.Member(nil), value.Members()...)
		for i, member := range members {
			members[i].Value = redacted(member.Value, marked[member.Key.Text()])
		}
		return value.With(source.Content{Kind: source.Mapping, Members: members})
	}
	return value
}

// resource is a resource of a plan.
type resource struct {
	kind   string       // such as azurerm_container_group
	object *source.Node // the resource in the plan
	after  *source.Node // its attributes after the plan is applied, redacted
}

// name returns the name to which other files refer.
func (t resource) name() *source.Node { return t.after.Get("name") }

// planned returns the attributes with what is unknown of them.
func (t resource) planned() planned {
	return planned{value: t.after, unknown: t.object.At("change", "after_unknown")}
}

// block returns the block with a name. The name has at most one block.
func (t resource) block(name string) *source.Node { return operators.Block(t.after.Get(name)) }

// typeLocation returns the location of a resource's type, as evidence for why.
func (r *planReader) typeLocation(t resource, why string) facts.Location {
	return facts.Because(r.MarkUsed(t.object.Get("type")), why)
}

// terraformResource reads a resource, of the provider azurerm by its documentation. It reports whether resources of the type are read.
// https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs
func (r *planReader) terraformResource(t resource) (isRead bool) {
	switch t.kind {
	case "azurerm_container_group":
		d := r.terraformDeployment(t, facts.ACI, "the resource is a container group")
		r.terraformContainers(d, t.after)
	case "azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_function_app_flex_consumption",
		"azurerm_function_app_slot", "azurerm_linux_function_app_slot", "azurerm_windows_function_app_slot":
		r.terraformDeployment(t, facts.Functions, "the resource is a function app")
	case "azurerm_machine_learning_compute_cluster":
		c := r.terraformCompute(t, facts.ByAzureML, "Azure ML creates the cluster")
		c.Target = facts.Know(facts.AMLCompute, c.ManagedBy.Location)
		r.VMSize(c, t.after.Get("vm_size"))
		c.VMPriority = r.Priority(t.after.Get("vm_priority"), "priority", "Dedicated or LowPriority")
		scale := t.block("scale_settings")
		r.Scale(c, scale.Get("min_node_count"), scale.Get("max_node_count"))
	case "azurerm_machine_learning_compute_instance":
		c := r.terraformCompute(t, facts.ByAzureML, "Azure ML creates the instance")
		c.Target = facts.Know(facts.ComputeInstance, c.ManagedBy.Location)
		r.VMSize(c, t.after.Get("virtual_machine_size"))
	case "azurerm_machine_learning_inference_cluster":
		c := r.terraformCompute(t, facts.ByAzure, "an inference cluster is an attached AKS cluster")
		c.Target = facts.Know(facts.AKS, c.ManagedBy.Location)
		c.Stage = r.ClusterPurpose(t.after.Get("cluster_purpose"))
	case "azurerm_machine_learning_synapse_spark":
		r.terraformCompute(t, facts.ByAzure, "the Spark pool is attached")
	case "azurerm_kubernetes_cluster":
		pool := t.planned().block("default_node_pool")
		r.terraformPool(t, t.name(), pool.value.Get("name"), pool)
	case "azurerm_kubernetes_cluster_node_pool":
		r.terraformPool(t, t.after.Get("kubernetes_cluster_id"), t.name(), t.planned())
	case "azapi_resource":
		r.azapiResource(t)
	case "kubectl_manifest":
		if manifest := t.after.Get("yaml_body"); manifest != nil && manifest.Kind == source.Mapping {
			r.manifest(manifest)
		}
	default:
		kind, ok := strings.CutPrefix(t.kind, "kubernetes_")
		if !ok {
			return false
		}
		r.kubernetesResource(t, strings.TrimSuffix(kind, "_v1"))
	}
	return true
}

// terraformDeployment adds the deployment that a resource describes.
func (r *planReader) terraformDeployment(t resource, target facts.Target, why string) *read.Draft {
	d := r.Deployment(t.name(), t.object)
	r.nameByAddress(t, &d.Name, &d.Subject)
	d.Target = facts.Know(target, r.typeLocation(t, why))
	r.Tags(d, t.after.Get("tags"))
	return d
}

// terraformCompute adds the compute of an Azure ML workspace that a resource describes.
func (r *planReader) terraformCompute(t resource, manager facts.Manager, why string) *facts.Compute {
	c := r.Compute(t.name(), t.object)
	r.nameByAddress(t, &c.Name, &c.Subject)
	c.InWorkspace = true
	c.ManagedBy = facts.Know(manager, r.typeLocation(t, why))
	return c
}

// nameByAddress uses the address of a resource as the name if its name is not known.
func (r *planReader) nameByAddress(t resource, name *facts.Fact[string], subject *facts.Subject) {
	address := t.object.Get("address")
	if text, ok := address.Scalar(); ok && name.Location.Node == r.Root {
		*name = facts.Know(text, facts.Location{Node: address, Why: read.Unnamed + "; this is the address"})
		subject.Name = text
	}
}

// terraformContainers reads the containers of a container group. Requests are required, so that
// limits do not replace them.
func (r *planReader) terraformContainers(d *read.Draft, group *source.Node) {
	var sum kube.RequestSum
	r.CheckShape(group.Get("container"), read.ListOf(read.MappingShape))
	r.CheckShape(group.Get("init_container"), read.ListOf(read.MappingShape))
	for _, container := range group.Get("container").Items() {
		if container.IsNull() {
			sum.AddUnknown()
			continue
		}
		d.Image(container.Get("image"))
		sum.Add(kube.ResourceRequest{
			CPU: r.Number(container.Get("cpu")),
			// Azure writes GB and allocates GiB.
			Memory: r.Number(container.Get("memory")),
			GPUs:   read.Larger(r.GroupGPUs(operators.Block(container.Get("gpu"))), r.GroupGPUs(operators.Block(container.Get("gpu_limit")))),
		})
	}
	for _, container := range group.Get("init_container").Items() {
		d.Image(container.Get("image"))
	}
	sum.State(d)
}

// terraformPool adds an AKS node pool. Version 4 of the provider renamed enable_auto_scaling to
// auto_scaling_enabled.
func (r *planReader) terraformPool(t resource, cluster, name *source.Node, planned planned) {
	pool := planned.value
	location := r.typeLocation(t, "the resource is an AKS cluster or a part of one")
	c := facts.Compute{
		Format: r.Format, Name: r.Name(t.name()), Subject: facts.Subject{File: r.Root.File().Name},
		Target: facts.Know(facts.AKS, location), ManagedBy: facts.Know(facts.ByAzure, location),
	}
	c.Subject.Name = c.Name.Value
	r.nameByAddress(t, &c.Name, &c.Subject)
	autoscaling := pool.Get("auto_scaling_enabled")
	if autoscaling.IsNull() {
		autoscaling = pool.Get("enable_auto_scaling")
	}
	nodes := pool.Get("node_count")
	unknown := isUnknown(planned.unknown, "auto_scaling_enabled") || isUnknown(planned.unknown, "enable_auto_scaling")
	if unknown || autoscaling.IsNull() && !pool.Get("max_count").IsNull() {
		nodes = nil // whether the pool scales is not known yet
	}
	r.AKSPool(c, cluster, name, t.object, azure.NodePool{
		VMSize: pool.Get("vm_size"), Priority: pool.Get("priority"), Autoscaling: autoscaling,
		Nodes: nodes, Least: pool.Get("min_count"), Most: pool.Get("max_count"),
	})
}
