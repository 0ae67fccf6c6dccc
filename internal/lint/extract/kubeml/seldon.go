package kubeml

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Seldon are the kinds of Seldon Core that serve.
//
// In Seldon Core 1, each pod and each explainer of each predictor of a SeldonDeployment is one
// deployment. Seldon adds an orchestrator to a pod, of which only declared values count.
//
// In Seldon Core 2, a Server is one deployment, and a Model, which a server loads, is another.
// Pipelines and experiments only connect models, and a ServerConfig does not serve by itself.
// https://docs.seldon.io/projects/seldon-core/en/latest/reference/seldon-deployment.html
var Seldon = read.Format{
	Name:      "seldon",
	Title:     "Seldon Core 1 SeldonDeployment; Seldon Core 2 Model and Server",
	Signs:     "`apiVersion` of `machinelearning.seldon.io` or `mlops.seldon.io`, and the `kind`",
	Reference: "https://docs.seldon.ai/seldon-core-2/user-guide/kubernetes-resources",
	Marks:     [][]string{{"machinelearning.seldon.io/v", "mlops.seldon.io/v"}, {"SeldonDeployment", "Model", "Server"}},
	Shapes: map[string]*read.Shape{
		"SeldonDeployment": read.Under(read.MappingOf(map[string]*read.Shape{"predictors": read.ListOf(seldonPredictorShape)}), "spec"),
		"Server":           read.Under(read.MappingOf(map[string]*read.Shape{"podSpec": read.PodShape, "imageOverrides": read.MapOf(read.ContainerShape)}), "spec"),
		"":                 read.Under(read.MappingShape, "spec"),
	},
	Matches: func(root *source.Node) bool {
		switch group, kind := kube.GroupKind(root); group {
		case "machinelearning.seldon.io":
			return kind == "SeldonDeployment" && root.Has("spec")
		case "mlops.seldon.io":
			return (kind == "Model" || kind == "Server") && root.Has("spec")
		}
		return false
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		workload := r.WorkloadOfKind()
		spec := r.Root.Get("spec")
		switch r.Identity().Kind {
		case "SeldonDeployment":
			replicas := spec.Get("replicas")
			for _, predictor := range r.Elements(spec.Get("predictors")) {
				r.seldonPredictor(predictor, replicas)
			}
			for _, d := range r.Deployments {
				r.Metadata(d, spec) // has annotations
			}
		case "Model":
			r.seldonModel(spec)
		case "Server":
			r.seldonServer(spec)
		}
		for _, d := range r.Deployments {
			d.Workload = workload
		}
		r.OneCluster()
	}),
}

var seldonPredictorShape = read.MetadataShape.With(map[string]*read.Shape{
	"componentSpecs": read.ListOf(read.PodTemplateShape.With(map[string]*read.Shape{"hpaSpec": read.MappingShape, "kedaSpec": read.MappingShape})),
	"graph":          read.MappingOf(map[string]*read.Shape{"name": read.ScalarShape, "modelUri": read.ScalarShape, "children": read.ListOf(read.MappingShape)}),
	"explainer":      read.Under(read.ContainerShape, "containerSpec"),
	"svcOrchSpec":    read.ContainerShape,
})

// seldonPredictor adds the pods of a predictor: one for each component, and those of its orchestrator and its explainer that
// are pods of their own.
func (r *operatorReader) seldonPredictor(predictor, replicas *source.Node) {
	if own := predictor.Get("replicas"); !own.IsNull() {
		replicas = own
	}
	engine := r.seldonOrchestrator(predictor)
	separate := read.LowerScalar(r.Root.At("spec", "annotations", "seldon.io/engine-separate-pod")) == "true"
	for i, component := range r.seldonComponents(predictor) {
		if i == 0 && !separate && !component.hasEngine {
			component.added = append(component.added, engine...)
		}
		r.seldonComponent(predictor, component, replicas)
	}
	if separate && len(engine) > 0 {
		r.seldonPart(predictor, "orchestrator", engine[0], engine[0], replicas)
	}
	if explainer := predictor.Get("explainer"); len(explainer.Members()) > 0 {
		r.seldonPart(predictor, "explainer", explainer, explainer.Get("containerSpec"), replicas)
	}
}

// seldonComponent is one of the pods of a predictor.
type seldonComponent struct {
	node      *source.Node   // the pod; nil if the predictor has none
	described *source.Node   // the pod or, if there is none, the predictor
	suffix    string         // of its name; empty for the only one
	added     []*source.Node // containers that Seldon adds; nil for a model server, of which nothing is stated
	models    []*facts.Model
	hasEngine bool // it has the container of the orchestrator
}

// seldonComponents returns the pods of a predictor. Seldon adds the containers of its model servers to the first one that has
// a container of the server's name, else to the first pod.
func (r *operatorReader) seldonComponents(predictor *source.Node) []*seldonComponent {
	nodes := r.Elements(predictor.Get("componentSpecs"))
	if len(nodes) == 0 {
		nodes = []*source.Node{nil}
	}
	var components []*seldonComponent
	containers := map[string]*seldonComponent{} // by the names of their containers
	for i, node := range nodes {
		component := &seldonComponent{node: node, described: node}
		if node == nil {
			component.described = predictor
		}
		if len(nodes) > 1 {
			component.suffix = strconv.Itoa(i)
			if own, ok := node.At("metadata", "name").Scalar(); ok {
				component.suffix = own
			}
		}
		for _, container := range node.At("spec", "containers").Items() {
			if name, ok := container.Get("name").Scalar(); ok {
				containers[name] = component
			}
		}
		components = append(components, component)
	}
	r.seldonModels(predictor.Get("graph"), func(model *facts.Model) {
		component := containers[model.Name.Value]
		if component == nil {
			component = components[0]
			component.added = append(component.added, nil)
		}
		component.models = append(component.models, model)
	})
	if component := containers[seldonEngine]; component != nil {
		component.hasEngine = true
	}
	return components
}

// seldonComponent adds a pod of a predictor.
func (r *operatorReader) seldonComponent(predictor *source.Node, component *seldonComponent, replicas *source.Node) {
	d := r.Object(component.described)
	name := r.Text(predictor.Get("name"))
	d.Component = name
	if component.suffix != "" {
		at := facts.Or(name, facts.Know("", facts.Location{Node: component.node})).Location
		d.Component = facts.Know(strings.TrimSpace(name.Value+" "+component.suffix), at)
	}
	d.Models = component.models
	spec, metadata := component.node.Get("spec"), component.node.Get("metadata")
	r.Metadata(d, predictor) // has labels and annotations
	r.Metadata(d, metadata)
	r.Pod(d, spec, component.added...)
	r.Cluster(d, spec, metadata)
	d.Replicas = read.Either(component.node.Get("replicas"), replicas, r.Count)
	if scaler := component.node.Get("hpaSpec"); !scaler.IsNull() {
		kube.Autoscale(d, r.MarkUsed(scaler), r.Count(scaler.Get("minReplicas")), r.Count(scaler.Get("maxReplicas")))
	}
	if scaler := component.node.Get("kedaSpec"); !scaler.IsNull() {
		kube.Autoscale(d, r.MarkUsed(scaler), r.Count(scaler.Get("minReplicaCount")), r.Count(scaler.Get("maxReplicaCount")))
	}
}

// seldonPart adds a pod of one container that a predictor has beside its components.
func (r *operatorReader) seldonPart(predictor *source.Node, what string, part, container, replicas *source.Node) {
	d := r.Object(part)
	d.Component = facts.Know(strings.TrimSpace(r.Text(predictor.Get("name")).Value+" "+what), facts.Location{Node: part})
	r.Metadata(d, predictor)
	r.Pod(d, nil, container)
	r.Cluster(d, nil, nil)
	d.Replicas = read.Either(part.Get("replicas"), replicas, r.Count)
}

// seldonEngine is the name of the orchestrator's container. Seldon does not add one to a pod that
// has it.
const seldonEngine = "seldon-container-engine"

// seldonOrchestrator returns what a predictor declares for its orchestrator, nil where it declares
// neither resources nor GPUs. The orchestrator runs in the first pod or, with an annotation, in a
// pod of its own.
// https://docs.seldon.ai/seldon-core-1/reference/svcorch
func (r *operatorReader) seldonOrchestrator(predictor *source.Node) []*source.Node {
	engine := predictor.Get("svcOrchSpec")
	none := read.LowerScalar(predictor.At("annotations", "seldon.io/no-engine")) == "true"
	if visible, _ := r.VisibleGPU(engine); none || engine.Get("resources").IsNull() && !visible.Known {
		return nil
	}
	return []*source.Node{engine}
}

// seldonModels calls found for each model of an inference graph: the units that run on one of
// Seldon's model servers.
func (r *operatorReader) seldonModels(unit *source.Node, found func(*facts.Model)) {
	if uri, ok := unit.Get("modelUri").Scalar(); ok && uri != "" {
		if name := r.Text(unit.Get("name")); name.Known {
			found(&facts.Model{Name: name, Location: facts.Location{Node: unit}})
		}
	}
	for _, child := range unit.Get("children").Items() {
		r.seldonModels(child, found)
	}
}

func (r *operatorReader) seldonModel(spec *source.Node) {
	d := r.Object(r.Root)
	d.MemoryGiB = r.Memory(spec.Get("memory"))
	d.MemoryGiB.Location.Why = "memory that the model needs of its server"
	if name := r.Text(r.Identity().Name); name.Known {
		d.Models = []*facts.Model{{Name: name, Location: facts.Location{Node: spec}}}
	}
	r.seldonReplicas(d, spec)
	r.Cluster(d, nil, nil)
}

// seldonServer reads what a server overrides in the pod of its ServerConfig. Every sum is therefore
// a lower bound.
func (r *operatorReader) seldonServer(spec *source.Node) {
	d := r.Object(r.Root)
	containers := []*source.Node{nil}
	for key, container := range spec.Get("imageOverrides").Pairs() {
		if key.Text() == "init" {
			d.Image(container.Get("image"))
		} else {
			containers = append(containers, container)
		}
	}
	pod := spec.Get("podSpec")
	r.Pod(d, pod, containers...)
	r.seldonReplicas(d, spec)
	r.Cluster(d, pod, nil)
}

// seldonReplicas reads the replicas of a model or a server. Seldon autoscales them if a bound is
// not 0.
func (r *operatorReader) seldonReplicas(d *read.Draft, spec *source.Node) {
	d.Replicas = r.Count(spec.Get("replicas"))
	least, most := r.Count(spec.Get("minReplicas")), r.Count(spec.Get("maxReplicas"))
	switch {
	case most.Value > 0:
		kube.Autoscale(d, most.Location, least, most)
	case least.Value > 0:
		kube.Autoscale(d, least.Location, least, most)
	}
}
