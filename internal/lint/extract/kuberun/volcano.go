package kuberun

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Volcano are the jobs of Volcano, whose tasks start together.
// https://volcano.sh/en/docs/vcjob/
var Volcano = read.Format{
	Name:      "volcano",
	Title:     "Volcano's Job and CronJob: each of their tasks",
	Signs:     "`apiVersion` of `batch.volcano.sh`, and the `kind`",
	Reference: "https://volcano.sh/en/docs/vcjob/",
	Marks:     [][]string{{"batch.volcano.sh/"}, {"Job"}},
	Shapes: map[string]*read.Shape{
		"Job":     read.Under(volcanoTasksShape, "spec", "tasks"),
		"CronJob": read.Under(volcanoTasksShape, "spec", "jobTemplate", "spec", "tasks"),
	},
	Matches: func(root *source.Node) bool {
		path, ok := volcanoJob(root)
		return ok && (!root.At(append(path, "tasks")...).IsNull() || read.BrokenPath(root, path...))
	},
	Read: read.Using(newReader, func(r *runReader) {
		path, _ := volcanoJob(r.Root)
		for _, task := range r.Root.At(append(path, "tasks")...).Items() {
			d := r.Object(task)
			d.Component = r.Text(task.Get("name"))
			d.Replicas = r.Count(task.Get("replicas"))
			r.PodTemplate(d, task.Get("template"))
		}
		r.OneCluster()
	}),
}

var volcanoTasksShape = read.ListOf(read.Under(read.PodTemplateShape, "template"))

// volcanoJob returns the path to the specification of a job. ok is false for other kinds.
func volcanoJob(root *source.Node) (path []string, ok bool) {
	switch group, kind := kube.GroupKind(root); {
	case group != "batch.volcano.sh":
		return nil, false
	case kind == "Job":
		return []string{"spec"}, true
	case kind == "CronJob":
		return []string{"spec", "jobTemplate", "spec"}, true
	}
	return nil, false
}
