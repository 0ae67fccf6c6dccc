package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2Job is a job or a pipeline of jobs. Sweeps, automated ML and fine-tuning
// train; a command, a Spark job or a pipeline may do anything, and so may a parallel
// step: it runs one script over many files, often to train.
var azureMLv2Job = format{
	name:      "azureml-v2-job",
	title:     "Azure ML CLI v2 job or pipeline of jobs, which may train or score",
	signs:     "`$schema`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-pipeline",
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"Job.schema.json", "job.schema.json", "Job.json"}},
	matches:   func(root *source.Node) bool { return strings.HasSuffix(azureMLSchema(root), "job") },
	read: func(r *reader) {
		name := r.root.Get("name")
		if name.IsNull() {
			name = r.root.Get("display_name")
		}
		d := r.deployment(name, r.root)
		if trains(r.root) {
			d.Workload = Know(Training, because(r.carry(discriminator(r.root)), "jobs of this type train"))
		}
		r.instanceType(d, r.root.At("resources", "instance_type"))
		r.azureMLEnvironment(d, r.root.Get("environment"))
		r.tags(d, r.root.Get("tags"))
	},
}

func trains(job *source.Node) bool {
	kind := lowerScalar(job.Get("type"))
	if kind == "" {
		kind = azureMLSchema(job)
	}
	kind = strings.ReplaceAll(kind, "_", "")
	for _, word := range []string{"sweep", "automl", "finetuning"} {
		if strings.HasPrefix(kind, word) {
			return true
		}
	}
	return false
}
