package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2Job is a job or a pipeline of jobs. Sweeps, automated ML and fine-tuning train. A command, a
// Spark job or a pipeline may run any workload. So may a parallel step, which runs one script on
// many files, often to train.
var MLv2Job = read.Format{
	Name:      "azureml-v2-job",
	Title:     "Azure ML CLI v2 job or pipeline of jobs, which may train or score",
	Signs:     "`$schema`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-pipeline",
	Auxiliary: true,
	Marks:     [][]string{{"$schema"}, {"azureml"}, {"Job.schema.json", "job.schema.json", "Job.json"}},
	Matches:   func(root *source.Node) bool { return strings.HasSuffix(azureMLSchema(root), "job") },
	Read: read.Using(NewReader, func(r *ServiceReader) {
		name := r.Root.Get("name")
		if name.IsNull() {
			name = r.Root.Get("display_name")
		}
		d := r.Deployment(name, r.Root)
		if trains(r.Root) {
			d.Workload = facts.Know(facts.Training, facts.Because(r.MarkUsed(discriminator(r.Root)), "jobs of this type train"))
		}
		r.InstanceType(d, r.Root.At("resources", "instance_type"))
		r.azureMLEnvironment(d, r.Root.Get("environment"))
		r.Tags(d, r.Root.Get("tags"))
	}),
}

func trains(job *source.Node) bool {
	kind := read.LowerScalar(job.Get("type"))
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
