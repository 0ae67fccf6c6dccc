package extract

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Trust, highest first: evidence in the document, the configuration's statements,
// annotations, the cluster of the command line.
func TestTrust(t *testing.T) {
	const evidence, annotation = "nodeSelector: {type: virtual-kubelet}", "annotations: {mlpolicy.dev/target: functions}"
	stated := statement(t, "target: compute-instance")
	cluster := facts.Know(facts.AKS, facts.Location{Why: "--cluster"})
	tests := []struct {
		name          string
		node          string // the document's evidence
		annotation    string
		stated        []*read.Statement
		cluster       facts.Fact[facts.Target]
		want          string
		contradicting string // what is stated against it, most trusted first
	}{
		{"nothing", "", "", nil, facts.Fact[facts.Target]{}, "", ""},
		{"cluster", "", "", nil, cluster, "aks", ""},
		{"annotation above cluster", "", annotation, nil, cluster, "functions", ""},
		{"configuration above annotation", "", annotation, []*read.Statement{stated}, cluster, "compute-instance", "functions"},
		{"evidence above configuration", evidence, annotation, []*read.Statement{stated}, cluster, "aci", "compute-instance functions"},
		{"evidence above cluster", evidence, "", nil, cluster, "aci", ""},
		{"the first of two statements", "", "", []*read.Statement{statement(t, "target: local"), stated}, cluster, "local", "compute-instance"},
		{"agreement", evidence, "annotations: {mlpolicy.dev/target: aci}", []*read.Statement{statement(t, "target: aci")}, cluster, "aci", ""},
		{"statement of another fact", evidence, "", []*read.Statement{statement(t, "stage: production")}, cluster, "aci", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options := with(Settings{Cluster: test.cluster, Statements: func(facts.Subject) []*read.Statement { return test.stated }})
			extraction := extract(t, nil, options, "pod.yaml",
				"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  "+test.annotation+"\nspec:\n  containers: []\n  "+test.node+"\n")
			if got := string(only(t, extraction).Target.Value); got != test.want {
				t.Errorf("target %q, want %q", got, test.want)
			}
			var against []string
			for _, problem := range extraction.Problems {
				if problem.Rule != facts.ContradictionRule || problem.Severity != facts.Warning || problem.Deployment != "p" {
					t.Errorf("%+v", problem)
				}
				_, rest, _ := strings.Cut(problem.Message, "is declared as ")
				word, _, _ := strings.Cut(rest, " ")
				against = append(against, word)
			}
			equal(t, strings.Join(against, " "), test.contradicting)
		})
	}
}

func statement(t *testing.T, words string) *read.Statement {
	t.Helper()
	statement, problems := read.ReadStatement(parse(t, words))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return statement
}

// A contradiction stands in the document that is judged and names both locations.
func TestContradiction(t *testing.T) {
	config := source.Parse(".mlpolicy.yaml", []byte("facts:\n  - set: {stage: development, memory: 4GiB}\n"))
	stated, problems := read.ReadStatement(config.Documents[0].Root.Get("facts").Items()[0].Get("set"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	extraction := extract(t, nil, with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }}), "pod.yaml", `apiVersion: v1
kind: Pod
metadata:
  name: churn
  annotations: {mlpolicy.dev/stage: production}
spec:
  containers: [{resources: {requests: {memory: 8Gi}}}]
`)
	var got strings.Builder
	for _, p := range extraction.Problems {
		fmt.Fprintf(&got, "%s:%s: %s\n", p.Location.Node.File().Name, at(p.Location.Node), p.Message)
		for _, related := range p.Location.Related {
			fmt.Fprintf(&got, "  %s:%s: %s\n", related.Node.File().Name, at(related.Node), related.Why)
		}
	}
	equal(t, got.String(), `
pod.yaml:7:48: memory of churn is declared as 4 but is 8 in spec.containers[0].resources.requests.memory
  .mlpolicy.yaml:2:39: declared here
pod.yaml:5:37: stage of churn is declared as production but is development in facts[0].set.stage
  .mlpolicy.yaml:2:18: contradicts this value
`)
}

// Every word of a statement fills its gap.
func TestStatementFillsEveryGap(t *testing.T) {
	stated := statement(t, `
component: predictor
target: aci
workload: web-service
stage: production
designer: true
gpus: 1
fpgas: 2
cpu: 500m
memory: 4GiB
replicas: 3
autoscales: true
delivery: iot-edge
labels: {team: risk, app: other}
images: [acme/score:1]
model: {name: churn, version: 7, size: 1GB}
compute: {name: pool, vm_priority: low}
`)
	subjects := map[facts.Subject]bool{}
	options := with(Settings{Statements: func(subject facts.Subject) []*read.Statement {
		subjects[subject] = true
		return []*read.Statement{stated}
	}})
	extraction := extract(t, nil, options, "deploy/pod.yaml",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: risk, labels: {app: bare}}\nspec: {containers: []}\n")
	equal(t, describe(extraction), `
document kubernetes-workload @ 1:1
deployment bare kubernetes-workload (Pod risk/bare) @ 1:1
  name: "bare" @ 3:18 metadata.name
  component: "predictor" @ 2:12 component
  target: "aci" @ 3:9 target
  workload: "web-service" @ 4:11 workload
  stage: "production" @ 5:8 stage
  designer: true @ 6:11 designer
  gpus: 1 @ 7:7 gpus
  fpgas: 2 @ 8:8 fpgas
  cpu_cores: 0.5 @ 9:6 cpu
  memory_gib: 4 @ 10:9 memory
  replicas: 3 @ 11:11 replicas
  autoscales: true @ 12:13 autoscales
  delivery: "iot-edge" @ 13:11 delivery
  models[0]
    name: "churn" @ 16:15 model.name
    version: "7" @ 16:31 model.version
    size_bytes: 1000000000 @ 16:40 model.size
    size_source: "statement" @ 16:40 model.size
  compute
    name: "pool" @ 17:17 compute.name
    stage: "production" @ 5:8 stage
    vm_priority: "low" @ 17:36 compute.vm_priority
  images[0]: "acme/score:1" @ 15:10 images[0]
  labels.app: "bare" @ 3:55 metadata.labels.app
  labels.team: "risk" @ 14:16 labels.team
compute pool kubernetes-workload (Pod risk/pool) @ 17:10
  name: "pool" @ 17:17 compute.name
  stage: "production" @ 5:8 stage
  vm_priority: "low" @ 17:36 compute.vm_priority
`)
	for _, name := range []string{"bare", "pool"} {
		if want := (facts.Subject{File: "deploy/pod.yaml", Namespace: "risk", Kind: "Pod", Name: name}); len(subjects) != 2 || !subjects[want] {
			t.Errorf("statements were asked for of %v, want %v", subjects, want)
		}
	}
}

// A statement is of every deployment that it selects; what one of them makes of it
// is not the others'.
func TestStatementIsSharedByValue(t *testing.T) {
	stated := statement(t, "model: {name: churn}\ncompute: {name: pool}\nlabels: {team: risk}")
	options := with(Settings{
		Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} },
		ModelSize: func(name, _ string) facts.Fact[int64] {
			return facts.Know(int64(len(name)), facts.Location{Why: "inventory"})
		},
	})
	const pod = "apiVersion: v1\nkind: Pod\nspec: {containers: []}\n"
	extraction := extract(t, nil, options, "a.yaml", pod, "b.yaml", pod)
	a, b := extraction.Deployments[0], extraction.Deployments[1]
	if a.Models[0] == b.Models[0] || a.Compute == b.Compute {
		t.Error("two deployments share a model or a compute")
	}
	if stated.Facts.Models[0].SizeBytes.Known {
		t.Error("the inventory changed the statement")
	}
	a.Labels["team"] = facts.Fact[string]{}
	if b.Labels["team"].Value != "risk" || stated.Facts.Labels["team"].Value != "risk" {
		t.Error("two deployments share their labels")
	}
}

// What is said of a model goes to the model of its name.
func TestStatementOfAModel(t *testing.T) {
	tests := []struct{ name, models, stated, want string }{
		{"none yet", "", "{size: 1GB}", "=1000000000"},
		{"the only one", "{name: churn}", "{size: 1GB}", "churn=1000000000"},
		{"by name", "[{name: churn}, {name: fraud}]", "{name: fraud, size: 1GB}", "churn=? fraud=1000000000"},
		{"another name", "{name: churn}", "{name: fraud, size: 1GB}", "churn=? fraud=1000000000"},
		{"one of two, not which", "[{name: churn}, {name: fraud}]", "{size: 1GB}", "churn=? fraud=? !"},
		{"agreement", "{name: churn, size: 1000MB}", "{size: 1GB}", "churn=1000000000"},
		{"contradiction", "{name: churn, size: 2GB}", "{size: 1GB}", "churn=2000000000 !"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stated := statement(t, "model: "+test.stated)
			options := with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }})
			extraction := extract(t, nil, options, "d.yaml",
				"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: "+test.models+"}\n")
			var got []string
			for _, model := range only(t, extraction).Models {
				size := "?"
				if model.SizeBytes.Known {
					size = fmt.Sprint(model.SizeBytes.Value)
				}
				got = append(got, model.Name.Value+"="+size)
			}
			for range extraction.Problems {
				got = append(got, "!")
			}
			equal(t, strings.Join(got, " "), test.want)
		})
	}
}

func TestStateStage(t *testing.T) {
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement {
		return []*read.Statement{read.StageStatement(facts.Production, facts.Location{Why: "stages: deploy/prod/**"})}
	}})
	const text = "apiVersion: v1\nkind: Pod\nspec: {containers: []}\n"
	if d := only(t, extract(t, nil, options, "pod.yaml", text)); d.Stage.Value != facts.Production || d.Stage.Location.Why != "stages: deploy/prod/**" {
		t.Errorf("stage %q (%s)", d.Stage.Value, d.Stage.Location.Why)
	}
}

func TestReadStatementProblems(t *testing.T) {
	statement, problems := read.ReadStatement(parse(t, "target: azure\ngpu: 1\nstage: production\nstage: development\ncompute: {target: ak}\n"))
	if more := []facts.Target{"azure", "ak"}; len(statement.CheckTargets(more)) != 0 {
		t.Errorf("rows of editions are no targets: %v", statement.CheckTargets(more))
	}
	var got []string
	for _, problem := range append(problems, statement.CheckTargets([]facts.Target{"azure-fleet"})...) {
		got = append(got, string(problem.Severity)+" "+at(problem.Location.Node)+" "+problem.Message)
	}
	equal(t, strings.Join(got, "\n"), `
warning 2:1 unknown key "gpu" (did you mean "gpus"?)
error 4:1 duplicate key "stage", first on line 3; the last value is used
warning 1:9 unknown value "azure" of target (did you mean "azure-fleet"?)
warning 5:19 unknown value "ak" of compute.target (did you mean "aks"?)
`)
}

// What is stated of a compute completes it, or the compute of a deployment.
func TestStatementOfACompute(t *testing.T) {
	stated := statement(t, "stage: production\ncompute: {target: aks, managed_by: azure, vm_size: Standard_NC12, vm_priority: low, nodes: 3, cluster_autoscaling: true}")
	options := with(Settings{Statements: func(subject facts.Subject) []*read.Statement {
		if subject.File == "" { // a compute that a deployment describes is selected with it
			return nil
		}
		return []*read.Statement{stated}
	}})
	extraction := extract(t, nil, options,
		"c.yml", "$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json\nname: c\ntype: amlcompute\nsize: Standard_NC6\n",
		"d.yml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: d}\nspec: {compute: {name: c, nodes: 4}}\n")
	c, of := extraction.Computes[0], only(t, extraction).Compute
	if c.Stage.Value != facts.Production || c.VMSize.Value != "Standard_NC6" || c.Nodes.Value != 3 || !c.ClusterAutoscaling.Value {
		t.Error(describe(extraction))
	}
	if of.Target.Value != facts.AKS || of.VMSize.Value != "Standard_NC12" || of.Nodes.Value != 4 || of.VMPriority.Value != facts.LowPriority {
		t.Error(describe(extraction))
	}
	var got []string
	for _, problem := range extraction.Problems {
		got = append(got, problem.Location.Node.File().Name+": "+problem.Message)
	}
	slices.Sort(got)
	equal(t, strings.Join(got, "\n"), `
c.yml: managed_by of c is declared as azure but is azure-ml in type
c.yml: target of c is declared as aks but is aml-compute in type
c.yml: vm_size of c is declared as Standard_NC12 but is Standard_NC6 in size
d.yml: nodes of d is declared as 3 but is 4 in spec.compute.nodes
`)
}

// A stage that no file states is contradicted at the annotation.
func TestContradictionOfAFlag(t *testing.T) {
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement {
		return []*read.Statement{read.StageStatement(facts.Production, facts.Location{Why: "stages"})}
	}})
	extraction := extract(t, nil, options, "pod.yaml",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {mlpolicy.dev/stage: development}}\nspec: {containers: []}\n")
	if len(extraction.Problems) != 1 {
		t.Fatal(describe(extraction))
	}
	equal(t, extraction.Problems[0].Message+location(extraction.Problems[0].Location),
		`stage of p is declared as development but is production @ 3:55 metadata.annotations["mlpolicy.dev/stage"]`)
}

// A compute that is stated without a name has its deployment's.
func TestStatedComputeWithoutAName(t *testing.T) {
	stated := statement(t, "compute: {target: aks}")
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }})
	extraction := extract(t, nil, options, "a.yml", "name: web\ncomputeType: aks\n", "b.yml", "name: api\ncomputeType: aks\n")
	if len(extraction.Computes) != 2 || len(extraction.Problems) != 0 {
		t.Fatal(describe(extraction))
	}
	for i, want := range []string{"web", "api"} {
		c := extraction.Computes[i]
		if c != extraction.Deployments[i].Compute || c.Name.Value != want || c.Subject.Name != want || c.Format != "azureml-v1-deployment-config" {
			t.Errorf("%+v", c)
		}
	}
}

// What follows from a VM size that is not believed fills no gap.
func TestSizeThatIsNotBelieved(t *testing.T) {
	stated := statement(t, "compute: {vm_size: Standard_NC12}")
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }})
	extraction := extract(t, nil, options,
		"d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {compute: {vm_size: my-size}}\n")
	if c := only(t, extraction).Compute; c.GPUs.Known || c.FPGAs.Known || len(extraction.Problems) != 1 {
		t.Error(describe(extraction))
	}
}
