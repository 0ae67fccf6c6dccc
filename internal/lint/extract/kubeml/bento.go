package kubeml

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// BentoDeployment is a service of BentoML that Yatai deploys: its API server and each of its runners are one deployment. Before
// v2alpha1 the names of fields have underscores.
// https://docs.yatai.io/projects/yatai-deployment/en/latest/concepts/bentodeployment_crd.html
var BentoDeployment = read.Format{
	Name:      "bento-deployment",
	Title:     "Yatai's BentoDeployment: its API server and each of its runners",
	Signs:     "`apiVersion` of `serving.yatai.ai`, and the `kind`",
	Reference: "https://docs.yatai.io/projects/yatai-deployment/en/latest/concepts/bentodeployment_crd.html",
	Marks:     [][]string{{"BentoDeployment"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(bentoShape.With(map[string]*read.Shape{"runners": read.ListOf(bentoShape)}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "serving.yatai.ai" && kind == "BentoDeployment" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		r.bentoPods(spec).Component = facts.Know("api-server", facts.Location{Node: spec})
		for _, runner := range spec.Get("runners").Items() {
			d := r.bentoPods(runner)
			d.Component = facts.Know("runner", facts.Location{Node: runner})
			if name := r.Text(runner.Get("name")); name.Known {
				d.Component = facts.Know("runner "+name.Value, name.Location)
			}
		}
		r.OneCluster()
	}),
}

var bentoShape = read.MappingOf(map[string]*read.Shape{
	"resources": resourceItemsShape, "autoscaling": read.MappingShape,
	"extraPodSpec": read.PodShape, "extra_pod_spec": read.PodShape, "extraPodMetadata": read.MetadataShape, "extra_pod_metadata": read.MetadataShape,
})

// bentoPods adds the pods of the API server or of a runner, whose other containers are those of the extra pod specification.
func (r *operatorReader) bentoPods(of *source.Node) *read.Draft {
	d := r.Object(of)
	d.Workload = r.WorkloadOfKind()
	pod, metadata := either(of, "extraPodSpec", "extra_pod_spec"), either(of, "extraPodMetadata", "extra_pod_metadata")
	r.Metadata(d, metadata)
	r.Metadata(d, of) // has labels and annotations
	r.Pod(d, pod, r.bentoContainer(of))
	r.Cluster(d, pod, metadata)
	scaling := of.Get("autoscaling")
	r.replicas(d, either(scaling, "minReplicas", "min_replicas"), either(scaling, "maxReplicas", "max_replicas"))
	return d
}

// bentoContainer returns the container that serves. Runners of v1alpha1 have resources as Kubernetes has.
func (r *operatorReader) bentoContainer(of *source.Node) *source.Node {
	resources := of.Get("resources")
	for _, list := range []string{"requests", "limits"} {
		for _, member := range resources.Get(list).Members() {
			if strings.Contains(member.Key.Text(), "/") {
				return of
			}
		}
	}
	return r.withResourceItems(nil, resources)
}

// either returns the value of the first key that a mapping has.
func either(of *source.Node, key, older string) *source.Node {
	if n := of.Get(key); !n.IsNull() {
		return n
	}
	return of.Get(older)
}
