package kubeml

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Seldon are the kinds of Seldon Core that serve. Of a SeldonDeployment, which is
// Seldon Core 1's, each pod and each explainer of each predictor is one deployment;
// of the orchestrator that Seldon adds to a pod only what the document states counts.
// Of Seldon Core 2 a Server is one, and a Model, which some server loads. Pipelines
// and experiments only connect models, and a ServerConfig serves nothing by itself.
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
	Read: reading(func(r *operatorReader) {
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

// seldonPredictor adds the pods of a predictor. Seldon itself adds the containers of
// its model servers: to the first pod, if there is none of the server's name.
func (r *operatorReader) seldonPredictor(predictor, replicas *source.Node) {
	name := r.Text(predictor.Get("name"))
	components := r.Elements(predictor.Get("componentSpecs"))
	places := components
	if len(components) == 0 {
		components, places = []*source.Node{nil}, []*source.Node{predictor}
	}
	containers := map[string]int{} // the component that a container is of, by its name
	for i, component := range components {
		for _, container := range component.At("spec", "containers").Elements() {
			if name, ok := container.Get("name").Scalar(); ok {
				containers[name] = i
			}
		}
	}
	models := make([][]*facts.Model, len(components))
	added := make([][]*source.Node, len(components))
	r.seldonModels(predictor.Get("graph"), func(model *facts.Model) {
		at, there := containers[model.Name.Value]
		models[at] = append(models[at], model)
		if !there {
			added[at] = append(added[at], nil)
		}
	})

	if own := predictor.Get("replicas"); !own.IsNull() {
		replicas = own
	}
	engine := r.seldonOrchestrator(predictor)
	separate := read.LowerScalar(r.Root.At("spec", "annotations", "seldon.io/engine-separate-pod")) == "true"
	for i, component := range components {
		d := r.Object(places[i])
		d.Component = name
		if len(components) > 1 {
			suffix := strconv.Itoa(i)
			if own, ok := component.At("metadata", "name").Scalar(); ok {
				suffix = own
			}
			d.Component = facts.Know(strings.TrimSpace(name.Value+" "+suffix), facts.Or(name, facts.Know("", facts.Place{Node: component})).Place)
		}
		d.Models = models[i]
		r.Metadata(d, predictor) // has labels and annotations
		r.Metadata(d, component.Get("metadata"))
		if at, own := containers[seldonEngine]; i == 0 && !separate && !(own && at == i) {
			added[i] = append(added[i], engine...)
		}
		r.Pod(d, component.Get("spec"), added[i]...)
		r.Cluster(d, component.Get("spec"), component.Get("metadata"))
		d.Replicas = read.Either(component.Get("replicas"), replicas, r.Count)
		if scaler := component.Get("hpaSpec"); !scaler.IsNull() {
			kube.Autoscale(d, r.MarkUsed(scaler), r.Count(scaler.Get("minReplicas")), r.Count(scaler.Get("maxReplicas")))
		}
		if scaler := component.Get("kedaSpec"); !scaler.IsNull() {
			kube.Autoscale(d, r.MarkUsed(scaler), r.Count(scaler.Get("minReplicaCount")), r.Count(scaler.Get("maxReplicaCount")))
		}
	}
	if separate && len(engine) > 0 {
		d := r.Object(engine[0])
		d.Component = facts.Know(strings.TrimSpace(name.Value+" orchestrator"), facts.Place{Node: engine[0]})
		r.Metadata(d, predictor)
		r.Pod(d, nil, engine...)
		r.Cluster(d, nil, nil)
		d.Replicas = read.Either(engine[0].Get("replicas"), replicas, r.Count)
	}
	if explainer := predictor.Get("explainer"); len(explainer.Entries()) > 0 {
		d := r.Object(explainer)
		d.Component = facts.Know(strings.TrimSpace(name.Value+" explainer"), facts.Place{Node: explainer})
		r.Metadata(d, predictor)
		r.Pod(d, nil, explainer.Get("containerSpec"))
		r.Cluster(d, nil, nil)
		d.Replicas = read.Either(explainer.Get("replicas"), replicas, r.Count)
	}
}

// seldonEngine is the name of the orchestrator's container. Seldon adds none to a pod that
// has it.
const seldonEngine = "seldon-container-engine"

// seldonOrchestrator returns what a predictor states of its orchestrator, which runs in the
// predictor's first pod or, by an annotation, in one of its own; nothing where there is none or
// nothing that matters is stated.
// https://docs.seldon.ai/seldon-core-1/reference/svcorch
func (r *operatorReader) seldonOrchestrator(predictor *source.Node) []*source.Node {
	engine := predictor.Get("svcOrchSpec")
	none := read.LowerScalar(predictor.At("annotations", "seldon.io/no-engine")) == "true"
	if visible, _ := r.VisibleGPU(engine); none || engine.Get("resources").IsNull() && !visible.Known {
		return nil
	}
	return []*source.Node{engine}
}

// seldonModels finds the models of an inference graph: its units that a model server
// of Seldon's runs.
func (r *operatorReader) seldonModels(unit *source.Node, found func(*facts.Model)) {
	if uri, ok := unit.Get("modelUri").Scalar(); ok && uri != "" {
		if name := r.Text(unit.Get("name")); name.Known {
			found(&facts.Model{Name: name, Place: facts.Place{Node: unit}})
		}
	}
	for _, child := range unit.Get("children").Elements() {
		r.seldonModels(child, found)
	}
}

func (r *operatorReader) seldonModel(spec *source.Node) {
	d := r.Object(r.Root)
	d.MemoryGiB = r.Memory(spec.Get("memory"))
	d.MemoryGiB.Place.Why = "memory that the model needs of its server"
	if name := r.Text(r.Identity().Name); name.Known {
		d.Models = []*facts.Model{{Name: name, Place: facts.Place{Node: spec}}}
	}
	r.seldonReplicas(d, spec)
	r.Cluster(d, nil, nil)
}

// seldonServer reads what a server changes of the pod that its ServerConfig has; that
// makes each sum a lower bound.
func (r *operatorReader) seldonServer(spec *source.Node) {
	d := r.Object(r.Root)
	containers := []*source.Node{nil}
	for key, container := range spec.Get("imageOverrides").Pairs() {
		if key.Text == "init" {
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

// seldonReplicas reads how many copies there are of a model or a server: with a bound
// that is not 0, Seldon scales them.
func (r *operatorReader) seldonReplicas(d *read.Draft, spec *source.Node) {
	d.Replicas = r.Count(spec.Get("replicas"))
	least, most := r.Count(spec.Get("minReplicas")), r.Count(spec.Get("maxReplicas"))
	switch {
	case most.Value > 0:
		kube.Autoscale(d, most.Place, least, most)
	case least.Value > 0:
		kube.Autoscale(d, least.Place, least, most)
	}
}
