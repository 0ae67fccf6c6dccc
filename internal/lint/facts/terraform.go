package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// terraformPlan is what terraform show -json or tofu show -json prints of a plan.
// It is judged by what will be there once the plan is applied: resources that the
// plan leaves as they are count, those that it destroys or forgets and data sources,
// which others own, do not. Without changes, as tools print it that show less, what is
// planned counts. The JSON of a state has neither and is none.
var terraformPlan = format{
	name: "terraform-plan",
	title: "Plan of Terraform or OpenTofu as JSON (`terraform show -json`): resources of the providers azurerm 2 to 4, azapi and kubernetes; " +
		"values that are sensitive or known only after apply are not read",
	signs:     "`format_version` with `resource_changes` or `planned_values`",
	reference: "https://developer.hashicorp.com/terraform/internals/json-format#plan-representation",
	links:     true,
	marks:     [][]string{{"format_version"}, {"resource_changes", "planned_values"}, terraformMarks},
	shapes:    terraformShapes,
	matches: func(root *source.Node) bool {
		return root.Has("format_version") && (root.Has("resource_changes") || root.Has("planned_values"))
	},
	read: func(r *reader) {
		changes := r.root.Get("resource_changes").Elements()
		for _, object := range changes {
			change := object.Get("change")
			if stays(change.Get("actions")) {
				r.planned(object, redacted(change.Get("after"), change.Get("after_unknown")), change.Get("after_sensitive"))
			}
		}
		if len(changes) == 0 {
			r.plannedModule(r.root.At("planned_values", "root_module"))
		}
		r.ground()
	},
}

var terraformShapes = map[string]*shape{"": mappingOf(map[string]*shape{
	"resource_changes": listOf(under(mappingShape, "change")),
	"planned_values":   under(listOf(mappingShape), "root_module", "resources"),
})}

// plannedModule reads what a module holds once the plan is applied, and the modules in it.
func (r *reader) plannedModule(module *source.Node) {
	for _, object := range module.Get("resources").Elements() {
		r.planned(object, object.Get("values"), object.Get("sensitive_values"))
	}
	for _, child := range module.Get("child_modules").Elements() {
		r.plannedModule(child)
	}
}

// planned reads a resource with its attributes once the plan is applied.
func (r *reader) planned(object, after, sensitive *source.Node) {
	kind, _ := object.Get("type").Scalar()
	if after = redacted(after, sensitive); !object.Get("mode").Is("data") && !after.IsNull() {
		r.terraformResource(terraformResource{kind: kind, object: object, after: after})
	}
}

// terraformMarks stand in the types of the resources that are read.
var terraformMarks = []string{
	"azurerm_container_group", "azurerm_machine_learning_", "azurerm_kubernetes_cluster",
	"azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_function_app", "azapi_resource",
	"kubernetes_manifest", "kubernetes_pod", "kubernetes_deployment", "kubernetes_stateful_set", "kubernetes_daemon",
	"kubernetes_replication_controller", "kubernetes_job", "kubernetes_cron_job",
}

// Confidential tells by a quick look at its text whether a file is a plan or a state
// of Terraform. Both hold passwords and keys in clear, and not all are marked as
// sensitive, so that nothing of the text may be shown.
// https://developer.hashicorp.com/terraform/language/manage-sensitive-data
func Confidential(text []byte) bool {
	return containsAny(text, []string{"format_version", "terraform_version"}) &&
		containsAny(text, []string{"resource_changes", "planned_values", "sensitive_values", "sensitive_attributes"})
}

// stays reports whether a resource is there once these actions are done.
func stays(actions *source.Node) bool {
	for _, action := range actions.Elements() {
		if !action.Is("delete") && !action.Is("forget") {
			return true
		}
	}
	return false
}

// redacted returns a value with null for each part of it for which marks, which has
// the value's shape, holds true: it is sensitive, or not known before the plan is applied.
func redacted(value, marks *source.Node) *source.Node {
	switch {
	case value.IsNull() || marks.IsNull():
		return value
	case marks.Is("true"):
		return value.With(source.Node{Kind: source.Null})
	case len(marks.Items) > 0 && len(value.Items) > 0:
		items := append([]*source.Node(nil), value.Items...)
		for i, mark := range marks.Items[:min(len(marks.Items), len(items))] {
			items[i] = redacted(items[i], mark)
		}
		return value.With(source.Node{Kind: source.Sequence, Items: items})
	case len(marks.Members) > 0 && len(value.Members) > 0:
		marked := make(map[string]*source.Node, len(marks.Members))
		for _, member := range marks.Members {
			marked[member.Key.Text] = member.Value
		}
		members := append([]source.Member(nil), value.Members...)
		for i, member := range members {
			members[i].Value = redacted(member.Value, marked[member.Key.Text])
		}
		return value.With(source.Node{Kind: source.Mapping, Members: members})
	}
	return value
}

// terraformResource is a resource of a plan.
type terraformResource struct {
	kind   string       // such as azurerm_container_group
	object *source.Node // what the plan says of the resource
	after  *source.Node // its attributes once the plan is applied, redacted
}

// name is what other files refer to the resource by.
func (t terraformResource) name() *source.Node { return t.after.Get("name") }

// block returns the block of a name that the resource has at most one of.
func (t terraformResource) block(name string) *source.Node { return block(t.after.Get(name)) }

// terraformPlace is the type of a resource, which decides what it is.
func (r *reader) terraformPlace(t terraformResource, why string) Place {
	return because(r.carry(t.object.Get("type")), why)
}

// terraformResource reads a resource, of the provider azurerm by its documentation.
// https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs
func (r *reader) terraformResource(t terraformResource) {
	switch t.kind {
	case "azurerm_container_group":
		d := r.terraformDeployment(t, ACI, "the resource is a container group")
		r.terraformContainers(d, t.after)
	case "azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_function_app_flex_consumption",
		"azurerm_function_app_slot", "azurerm_linux_function_app_slot", "azurerm_windows_function_app_slot":
		r.terraformDeployment(t, Functions, "the resource is a function app")
	case "azurerm_machine_learning_compute_cluster":
		c := r.terraformCompute(t, ByAzureML, "Azure ML creates the cluster")
		c.Target = Know(AMLCompute, c.ManagedBy.Place)
		r.vmSize(c, t.after.Get("vm_size"))
		c.VMPriority = r.priority(t.after.Get("vm_priority"), "priority", "Dedicated or LowPriority")
		scale := t.block("scale_settings")
		r.scale(c, scale.Get("min_node_count"), scale.Get("max_node_count"))
	case "azurerm_machine_learning_compute_instance":
		c := r.terraformCompute(t, ByAzureML, "Azure ML creates the instance")
		c.Target = Know(ComputeInstance, c.ManagedBy.Place)
		r.vmSize(c, t.after.Get("virtual_machine_size"))
	case "azurerm_machine_learning_inference_cluster":
		c := r.terraformCompute(t, ByAzure, "an inference cluster is an attached AKS cluster")
		c.Target = Know(AKS, c.ManagedBy.Place)
		c.Stage = r.clusterPurpose(t.after.Get("cluster_purpose"))
	case "azurerm_machine_learning_synapse_spark":
		r.terraformCompute(t, ByAzure, "the Spark pool is attached")
	case "azurerm_kubernetes_cluster":
		pool := t.block("default_node_pool")
		r.terraformPool(t, t.name(), pool.Get("name"), pool)
	case "azurerm_kubernetes_cluster_node_pool":
		r.terraformPool(t, t.after.Get("kubernetes_cluster_id"), t.name(), t.after)
	case "azapi_resource":
		r.azapiResource(t)
	default:
		if kind, ok := strings.CutPrefix(t.kind, "kubernetes_"); ok {
			r.kubernetesResource(t, strings.TrimSuffix(kind, "_v1"))
		}
	}
}

// terraformDeployment adds the deployment that a resource is.
func (r *reader) terraformDeployment(t terraformResource, target Target, why string) *Draft {
	d := r.deployment(t.name(), t.object)
	r.nameByAddress(t, &d.Name, &d.Subject)
	d.Target = Know(target, r.terraformPlace(t, why))
	r.tags(d, t.after.Get("tags"))
	return d
}

// terraformCompute adds the compute of an Azure ML workspace that a resource is.
func (r *reader) terraformCompute(t terraformResource, manager Manager, why string) *Compute {
	c := r.compute(t.name(), t.object)
	r.nameByAddress(t, &c.Name, &c.Subject)
	c.InWorkspace = true
	c.ManagedBy = Know(manager, r.terraformPlace(t, why))
	return c
}

// nameByAddress gives what has no known name the address of its resource, by which
// people find it.
func (r *reader) nameByAddress(t terraformResource, name *Fact[string], subject *Subject) {
	address := t.object.Get("address")
	if text, ok := address.Scalar(); ok && name.Place.Node == r.root {
		*name = Know(text, Place{Node: address, Why: "the name is unknown or secret; this is the address"})
		subject.Name = text
	}
}

// terraformContainers reads the containers of a container group. What they ask for is
// required: a limit does not stand for it.
func (r *reader) terraformContainers(d *Draft, group *source.Node) {
	var sum demand
	r.shaped(group.Get("container"), listOf(mappingShape))
	r.shaped(group.Get("init_container"), listOf(mappingShape))
	for _, container := range group.Get("container").Elements() {
		d.image(container.Get("image"))
		sum.add(ask{
			cpu: r.number(container.Get("cpu")),
			// Azure writes GB and allocates GiB.
			memory: r.number(container.Get("memory")),
			gpus:   larger(r.groupGPUs(block(container.Get("gpu"))), r.groupGPUs(block(container.Get("gpu_limit")))),
		})
	}
	for _, container := range group.Get("init_container").Elements() {
		d.image(container.Get("image"))
	}
	sum.state(d)
}

// terraformPool adds a pool of AKS nodes. Version 4 of the provider renamed
// enable_auto_scaling to auto_scaling_enabled.
func (r *reader) terraformPool(t terraformResource, cluster, name, pool *source.Node) {
	place := r.terraformPlace(t, "the resource is an AKS cluster or a part of one")
	c := Compute{
		Format: r.format, Name: r.name(t.name()), Subject: Subject{File: r.root.File().Name},
		Target: Know(AKS, place), ManagedBy: Know(ByAzure, place),
	}
	c.Subject.Name = c.Name.Value
	r.nameByAddress(t, &c.Name, &c.Subject)
	autoscaling := pool.Get("auto_scaling_enabled")
	if autoscaling.IsNull() {
		autoscaling = pool.Get("enable_auto_scaling")
	}
	nodes := pool.Get("node_count")
	if autoscaling.IsNull() && !pool.Get("max_count").IsNull() {
		nodes = nil // whether the pool scales is not known yet
	}
	r.aksPool(c, cluster, name, t.object, nodePool{
		vmSize: pool.Get("vm_size"), priority: pool.Get("priority"), autoscaling: autoscaling,
		nodes: nodes, least: pool.Get("min_count"), most: pool.Get("max_count"),
	})
}
