package facts

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// seldon are the kinds of Seldon Core that serve. Of a SeldonDeployment, which is
// Seldon Core 1's, each pod and each explainer of each predictor is one deployment;
// of the orchestrator that Seldon adds to a pod only what the document states counts.
// Of Seldon Core 2 a Server is one, and a Model, which some server loads. Pipelines
// and experiments only connect models, and a ServerConfig serves nothing by itself.
// https://docs.seldon.io/projects/seldon-core/en/latest/reference/seldon-deployment.html
var seldon = format{
	name:      "seldon",
	title:     "Seldon Core 1 SeldonDeployment; Seldon Core 2 Model and Server",
	signs:     "`apiVersion` of `machinelearning.seldon.io` or `mlops.seldon.io`, and the `kind`",
	reference: "https://docs.seldon.ai/seldon-core-2/user-guide/kubernetes-resources",
	marks:     [][]string{{"machinelearning.seldon.io/v", "mlops.seldon.io/v"}, {"SeldonDeployment", "Model", "Server"}},
	shapes: map[string]*shape{
		"SeldonDeployment": under(mappingOf(map[string]*shape{"predictors": listOf(seldonPredictorShape)}), "spec"),
		"Server":           under(mappingOf(map[string]*shape{"podSpec": podShape, "imageOverrides": mapOf(containerShape)}), "spec"),
		"":                 under(mappingShape, "spec"),
	},
	matches: func(root *source.Node) bool {
		switch group, kind := groupKind(root); group {
		case "machinelearning.seldon.io":
			return kind == "SeldonDeployment" && root.Has("spec")
		case "mlops.seldon.io":
			return (kind == "Model" || kind == "Server") && root.Has("spec")
		}
		return false
	},
	read: func(r *reader) {
		workload := r.workloadOfKind()
		spec := r.root.Get("spec")
		switch r.identity().kind {
		case "SeldonDeployment":
			replicas := spec.Get("replicas")
			for _, predictor := range r.elements(spec.Get("predictors")) {
				r.seldonPredictor(predictor, replicas)
			}
			for _, d := range r.deployments {
				r.metadata(d, spec) // has annotations
			}
		case "Model":
			r.seldonModel(spec)
		case "Server":
			r.seldonServer(spec)
		}
		for _, d := range r.deployments {
			d.Workload = workload
		}
		r.oneCluster()
	},
}

var seldonPredictorShape = metadataShape.with(map[string]*shape{
	"componentSpecs": listOf(podTemplateShape.with(map[string]*shape{"hpaSpec": mappingShape, "kedaSpec": mappingShape})),
	"graph":          mappingOf(map[string]*shape{"name": scalarShape, "modelUri": scalarShape, "children": listOf(mappingShape)}),
	"explainer":      under(containerShape, "containerSpec"),
	"svcOrchSpec":    containerShape,
})

// seldonPredictor adds the pods of a predictor. Seldon itself adds the containers of
// its model servers: to the first pod, if there is none of the server's name.
func (r *reader) seldonPredictor(predictor, replicas *source.Node) {
	name := r.text(predictor.Get("name"))
	components := r.elements(predictor.Get("componentSpecs"))
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
	models := make([][]*Model, len(components))
	added := make([][]*source.Node, len(components))
	r.seldonModels(predictor.Get("graph"), func(model *Model) {
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
	separate := lowerScalar(r.root.At("spec", "annotations", "seldon.io/engine-separate-pod")) == "true"
	for i, component := range components {
		d := r.object(places[i])
		d.Component = name
		if len(components) > 1 {
			suffix := strconv.Itoa(i)
			if own, ok := component.At("metadata", "name").Scalar(); ok {
				suffix = own
			}
			d.Component = Know(strings.TrimSpace(name.Value+" "+suffix), or(name, Know("", Place{Node: component})).Place)
		}
		d.Models = models[i]
		r.metadata(d, predictor) // has labels and annotations
		r.metadata(d, component.Get("metadata"))
		if at, own := containers[seldonEngine]; i == 0 && !separate && !(own && at == i) {
			added[i] = append(added[i], engine...)
		}
		r.pod(d, component.Get("spec"), added[i]...)
		r.cluster(d, component.Get("spec"), component.Get("metadata"))
		d.Replicas = either(component.Get("replicas"), replicas, r.count)
		if scaler := component.Get("hpaSpec"); !scaler.IsNull() {
			d.autoscale(r.carry(scaler), r.count(scaler.Get("minReplicas")), r.count(scaler.Get("maxReplicas")))
		}
		if scaler := component.Get("kedaSpec"); !scaler.IsNull() {
			d.autoscale(r.carry(scaler), r.count(scaler.Get("minReplicaCount")), r.count(scaler.Get("maxReplicaCount")))
		}
	}
	if separate && len(engine) > 0 {
		d := r.object(engine[0])
		d.Component = Know(strings.TrimSpace(name.Value+" orchestrator"), Place{Node: engine[0]})
		r.metadata(d, predictor)
		r.pod(d, nil, engine...)
		r.cluster(d, nil, nil)
		d.Replicas = either(engine[0].Get("replicas"), replicas, r.count)
	}
	if explainer := predictor.Get("explainer"); len(explainer.Entries()) > 0 {
		d := r.object(explainer)
		d.Component = Know(strings.TrimSpace(name.Value+" explainer"), Place{Node: explainer})
		r.metadata(d, predictor)
		r.pod(d, nil, explainer.Get("containerSpec"))
		r.cluster(d, nil, nil)
		d.Replicas = either(explainer.Get("replicas"), replicas, r.count)
	}
}

// seldonEngine is the name of the orchestrator's container. Seldon adds none to a pod that
// has it.
const seldonEngine = "seldon-container-engine"

// seldonOrchestrator returns what a predictor states of its orchestrator, which runs in the
// predictor's first pod or, by an annotation, in one of its own; nothing where there is none or
// nothing that matters is stated.
// https://docs.seldon.ai/seldon-core-1/reference/svcorch
func (r *reader) seldonOrchestrator(predictor *source.Node) []*source.Node {
	engine := predictor.Get("svcOrchSpec")
	none := lowerScalar(predictor.At("annotations", "seldon.io/no-engine")) == "true"
	if visible, _ := r.visibleGPU(engine); none || engine.Get("resources").IsNull() && !visible.Known {
		return nil
	}
	return []*source.Node{engine}
}

// seldonModels finds the models of an inference graph: its units that a model server
// of Seldon's runs.
func (r *reader) seldonModels(unit *source.Node, found func(*Model)) {
	if uri, ok := unit.Get("modelUri").Scalar(); ok && uri != "" {
		if name := r.text(unit.Get("name")); name.Known {
			found(&Model{Name: name, Place: Place{Node: unit}})
		}
	}
	for _, child := range unit.Get("children").Elements() {
		r.seldonModels(child, found)
	}
}

func (r *reader) seldonModel(spec *source.Node) {
	d := r.object(r.root)
	d.MemoryGiB = r.memory(spec.Get("memory"))
	d.MemoryGiB.Place.Why = "memory that the model needs of its server"
	if name := r.text(r.identity().name); name.Known {
		d.Models = []*Model{{Name: name, Place: Place{Node: spec}}}
	}
	r.seldonReplicas(d, spec)
	r.cluster(d, nil, nil)
}

// seldonServer reads what a server changes of the pod that its ServerConfig has; that
// makes each sum a lower bound.
func (r *reader) seldonServer(spec *source.Node) {
	d := r.object(r.root)
	containers := []*source.Node{nil}
	for key, container := range spec.Get("imageOverrides").Pairs() {
		if key.Text == "init" {
			d.image(container.Get("image"))
		} else {
			containers = append(containers, container)
		}
	}
	pod := spec.Get("podSpec")
	r.pod(d, pod, containers...)
	r.seldonReplicas(d, spec)
	r.cluster(d, pod, nil)
}

// seldonReplicas reads how many copies there are of a model or a server: with a bound
// that is not 0, Seldon scales them.
func (r *reader) seldonReplicas(d *Draft, spec *source.Node) {
	d.Replicas = r.count(spec.Get("replicas"))
	least, most := r.count(spec.Get("minReplicas")), r.count(spec.Get("maxReplicas"))
	switch {
	case most.Value > 0:
		d.autoscale(most.Place, least, most)
	case least.Value > 0:
		d.autoscale(least.Place, least, most)
	}
}
