package lint_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// mutation is an edit that must make one rule speak of a deployment or a compute,
// or none.
type mutation struct {
	name string
	rule string // that speaks, empty for none
	also string // a rule that cannot but speak too
	// deployment and compute return the edit of a file that describes one; false
	// where the mutation is not for it. One of the two is set.
	deployment func(*facts.Deployment) (edit, bool)
	compute    func(*facts.Compute) (edit, bool)
	// took counts what the inserted text states, to check that it is understood:
	// not every format has a place for it. Nil where a value is replaced, which
	// must be understood.
	took func(*extract.Extraction) int
	// alone leaves out files that describe several deployments, of all of which the
	// inserted text may be.
	alone bool
	// beside are files that the edit adds to the file's folder.
	beside map[string]string
}

func mutations() []mutation {
	hasGPU := countDeployments(func(d *facts.Deployment) bool { return d.GPUs.Value > 0 })
	hasFPGA := countDeployments(func(d *facts.Deployment) bool { return d.FPGAs.Value > 0 })
	isDesigner := countDeployments(func(d *facts.Deployment) bool { return d.Designer.Value })
	isProduction := countDeployments(func(d *facts.Deployment) bool { return d.Stage.Value == facts.Production })
	scores := countDeployments(func(d *facts.Deployment) bool { return d.Workload.Value == facts.BatchScoring })
	hasModelSize := countDeployments(func(d *facts.Deployment) bool {
		return slices.ContainsFunc(d.Models, func(m *facts.Model) bool { return m.SizeBytes.Known })
	})
	isLow := countComputes(func(c *facts.Compute) bool { return c.VMPriority.Value == facts.LowPriority })
	scales := countComputes(func(c *facts.Compute) bool { return c.ClusterAutoscaling.Value })
	return []mutation{
		{name: "48 GiB on ACI", rule: "memory", deployment: on(memory("48"), facts.ACI)},
		{name: "a little less than 48 GiB on ACI", deployment: on(onlyMemory("47.9"), facts.ACI)},
		{name: "memory to be filled in", deployment: on(memoryText(`"${MEMORY}"`), facts.ACI)},
		{name: "memory that is no quantity", rule: "syntax", deployment: memoryText(`"lots"`)},
		{name: "memory written twice", rule: "syntax", deployment: memoryTwice},

		{name: "GPU for a web service", rule: "gpu-web-service", took: hasGPU,
			deployment: off(serving(addGPU, facts.WebService), facts.AKS)},
		{name: "GPU for a web service on AKS", took: hasGPU, deployment: on(serving(addGPU, facts.WebService), facts.AKS)},
		{name: "GPU for what nobody knows on ACI", rule: "cpu-only", took: hasGPU,
			deployment: on(serving(addGPU, ""), facts.ACI)},
		{name: "GPU for batch scoring stated to run on AKS", rule: "gpu-batch-scoring", also: "workload", took: hasGPU,
			deployment: batchWithGPU(facts.AKS)},
		{name: "GPU for batch scoring stated to run on AML compute", took: hasGPU, deployment: batchWithGPU(facts.AMLCompute)},
		{name: "GPU for an IoT module", rule: "gpu-not-offered", took: hasGPU,
			deployment: on(serving(moduleWithGPU, facts.IoTModule), facts.IoTEdge, facts.DataBoxEdge)},
		{name: "AKS to ACI with GPU", rule: "gpu-web-service", took: hasGPU, deployment: on(toACI, facts.AKS)},
		{name: "FPGA", rule: "fpga", took: hasFPGA, deployment: off(inferring(addFPGA), facts.AKS, facts.DataBoxEdge)},
		{name: "FPGA for what is not known to be inference", took: hasFPGA, deployment: off(serving(addFPGA, ""), facts.AKS, facts.DataBoxEdge)},

		{name: "the designer's tag", rule: "designer", took: isDesigner, deployment: off(inferring(designer), facts.AKS)},
		{name: "the designer's tag on AKS", took: isDesigner, deployment: on(designer, facts.AKS)},
		{name: "a statement of 1 GB on ACI", rule: "model-size", took: hasModelSize, deployment: on(modelSize("1GB"), facts.ACI)},
		{name: "a statement of less than 1 GB on ACI", took: hasModelSize, deployment: on(modelSize("999999999"), facts.ACI)},
		{name: "an MLmodel of 1 GB on ACI", rule: "model-size", deployment: on(modelBeside, facts.ACI), took: hasModelSize,
			beside: map[string]string{"mutated/MLmodel": "flavors: {sklearn: {}}\nmodel_size_bytes: 1000000000\n"}},
		{name: "a git-lfs pointer of 1 GB on ACI", rule: "model-size", deployment: on(modelBeside, facts.ACI), took: hasModelSize,
			beside: map[string]string{"mutated": "version https://git-lfs.github.com/spec/v1\n" +
				"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 1000000000\n"}},
		{name: "in production on ACI", rule: "production-target", took: isProduction,
			deployment: on(production, facts.ACI, facts.Local, facts.ComputeInstance)},
		{name: "in production on AKS", took: isProduction, deployment: on(production, facts.AKS)},
		{name: "batch scoring on ACI", rule: "workload", took: scores, deployment: on(batch, facts.ACI)},
		{name: "a function image", rule: "preview-target", deployment: functionImage, took: isOn(facts.Functions)},
		{name: "a target that contradicts", rule: facts.ContradictionRule, deployment: contradicted, took: contradictions},
		{name: "batch scoring stated to run on AKS", alone: true, rule: "workload", took: isOn(facts.AKS),
			deployment: statedOn(facts.AKS, facts.BatchScoring)},
		{name: "a web service stated to run on Arc", alone: true, rule: "unlisted-target", took: isOn(facts.Kubernetes),
			deployment: statedOn(facts.Kubernetes, facts.WebService)},
		{name: "a web service stated to run on AKS", alone: true, took: isOn(facts.AKS), deployment: statedOn(facts.AKS, facts.WebService)},

		{name: "low priority", rule: "low-priority", took: isLow, compute: computeOff(lowPriority, facts.AMLCompute)},
		{name: "low priority on AML compute", took: isLow, compute: computeOn(lowPriority, facts.AMLCompute)},
		{name: "nodes that scale on AKS", rule: "cluster-autoscaling", took: scales, compute: computeOn(autoscaling, facts.AKS)},
	}
}

// TestCorpusMutations edits each real file in each way that must trip a rule: this
// rule and no other is new, and stands where the edit is.
func TestCorpusMutations(t *testing.T) {
	corpus, rows := corpusRows(t)
	linter := newLinter(t)
	all := mutations()
	done, passed := make([]int, len(all)), make([][]string, len(all))
	for _, row := range rows {
		t.Run(row["file"], func(t *testing.T) {
			s := readSpecimen(t, linter, os.DirFS(corpus), row["file"])
			for i, m := range all {
				edits := m.edits(s.facts)
				understood := false
				for _, e := range edits {
					understood = s.try(t, m, e) || understood
				}
				switch {
				case understood:
					done[i]++
				case len(edits) > 0 && !slices.Contains(passed[i], row["format"]):
					passed[i] = append(passed[i], row["format"])
				}
			}
		})
	}
	for i, m := range all {
		t.Logf("%s: %d files; not understood in %q", m.name, done[i], passed[i])
		if done[i] == 0 {
			t.Errorf("%s: no file", m.name)
		}
	}
}

// edits returns the edits of a file that describes one thing or more.
func (m mutation) edits(extraction *extract.Extraction) []edit {
	var edits []edit
	if m.alone && len(extraction.Deployments) > 1 {
		return nil
	}
	for _, d := range extraction.Deployments {
		if m.deployment != nil {
			if e, ok := m.deployment(d); ok {
				edits = append(edits, e)
			}
		}
	}
	for _, c := range extraction.Computes {
		if m.compute != nil {
			if e, ok := m.compute(c); ok {
				edits = append(edits, e)
			}
		}
	}
	return edits
}

// specimen is a file as it is.
type specimen struct {
	linter *lint.Linter
	fsys   fs.FS
	name   string
	facts  *extract.Extraction
	rules  map[string]int // how many findings each has
}

func readSpecimen(t *testing.T, linter *lint.Linter, fsys fs.FS, name string) specimen {
	t.Helper()
	return specimen{linter, fsys, name, readable(t, linter, fsys, name), rulesOf(lintFiles(t, linter, fsys, name))}
}

// readable extracts what can be read of a file.
func readable(t *testing.T, linter *lint.Linter, fsys fs.FS, name string) *extract.Extraction {
	t.Helper()
	extraction, _, err := linter.Facts(t.Context(), fsys, inputsOf(fsys, name))
	if err != nil {
		t.Fatal(err)
	}
	return extraction
}

// try lints the edited file. It is false where the format has no place for what
// was inserted.
func (s specimen) try(t *testing.T, m mutation, e edit) bool {
	t.Helper()
	edited, line := e.apply(s.facts.Documents[0].Root.File().Text)
	fsys := overlay{FS: s.fsys, over: fstest.MapFS{s.name: {Data: edited}}}
	for name, text := range m.beside {
		fsys.over[path.Join(path.Dir(s.name), name)] = &fstest.MapFile{Data: []byte(text)}
	}
	if m.took != nil && m.took(readable(t, s.linter, fsys, s.name)) <= m.took(s.facts) {
		return false
	}
	result := lintFiles(t, s.linter, fsys, s.name)
	var added []string
	for rule, count := range rulesOf(result) {
		if count > s.rules[rule] {
			added = append(added, rule)
		}
	}
	want := slices.DeleteFunc([]string{m.rule, m.also}, func(rule string) bool { return rule == "" })
	slices.Sort(added)
	slices.Sort(want)
	there := m.rule == "" || slices.ContainsFunc(result.Findings, func(f lint.Finding) bool {
		return f.Rule == m.rule && f.File.Name == s.name && f.Span.Start.Line == line
	})
	if !slices.Equal(added, want) || !there {
		var list strings.Builder
		for _, f := range result.Findings {
			fmt.Fprintf(&list, "%d: %s [%s]\n", f.Span.Start.Line, f.Message, f.Rule)
		}
		t.Errorf("%s: new is %q, want %q on line %d; findings:\n%sfile:\n%s", m.name, added, want, line, &list, edited)
	}
	if m.rule != "" && m.rule != facts.SyntaxRule {
		checkEdits(t, s.linter, fsys, s.name)
	}
	return true
}

func rulesOf(result *lint.Result) map[string]int {
	counts := map[string]int{}
	for _, finding := range result.Findings {
		counts[finding.Rule]++
	}
	return counts
}

// overlay is a file system of which some files are others or more.
type overlay struct {
	fs.FS
	over fstest.MapFS
}

// Open prefers the files that lie over; a folder of both has those below alone.
func (o overlay) Open(name string) (fs.File, error) {
	if _, ok := o.over[name]; ok {
		return o.over.Open(name)
	}
	file, err := o.FS.Open(name)
	if err != nil {
		return o.over.Open(name)
	}
	return file, nil
}

type deploymentEdit = func(*facts.Deployment) (edit, bool)

// on keeps an edit to deployments on some targets.
func on(mutate deploymentEdit, targets ...facts.Target) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if !slices.Contains(targets, d.Target.Value) {
			return edit{}, false
		}
		return mutate(d)
	}
}

// off keeps an edit to deployments on other known targets.
func off(mutate deploymentEdit, targets ...facts.Target) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if !d.Target.Known || slices.Contains(targets, d.Target.Value) {
			return edit{}, false
		}
		return mutate(d)
	}
}

// serving keeps an edit to deployments of one workload; an empty one is unknown.
func serving(mutate deploymentEdit, workload facts.Workload) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if d.Workload.Value != workload {
			return edit{}, false
		}
		return mutate(d)
	}
}

// inferring keeps an edit to deployments that are known to be inference.
func inferring(mutate deploymentEdit) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if !d.Workload.Known || d.Workload.Value == facts.Training {
			return edit{}, false
		}
		return mutate(d)
	}
}

// quantity matches what memory is written as: a number and perhaps a unit.
var quantity = regexp.MustCompile(`^[0-9.]+(e[0-9]+)?([A-Za-z]*)$`)

// memoryNode returns the value that decides over the memory, nil where it is no
// quantity in the deployment's own file.
func memoryNode(d *facts.Deployment) *source.Node {
	n := d.MemoryGiB.Location.Node
	if !d.MemoryGiB.Known || n.File().Name != d.Subject.File || !quantity.MatchString(n.Text()) || keyOf(n) == nil {
		return nil
	}
	return n
}

// memory writes an amount of GiB in the unit that stands there.
func memory(gib string) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		n := memoryNode(d)
		if n == nil || d.MemoryGiB.Value >= 48 {
			return edit{}, false
		}
		text := gib
		if number, err := strconv.ParseFloat(n.Text(), 64); quantity.FindStringSubmatch(n.Text())[2] != "" {
			text += "Gi"
		} else if err == nil && number > 1e6 { // bytes
			amount, _ := strconv.ParseFloat(gib, 64)
			text = strconv.FormatFloat(amount*(1<<30), 'f', 0, 64)
		}
		if n.Kind != source.Number {
			text = strconv.Quote(text)
		}
		return replace(n, text).foundAt(n), true
	}
}

// onlyMemory is memory where nothing adds to it.
func onlyMemory(gib string) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if len(d.MemoryGiB.Location.Related) > 0 {
			return edit{}, false
		}
		return memory(gib)(d)
	}
}

func memoryText(json string) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		n := memoryNode(d)
		if n == nil {
			return edit{}, false
		}
		return replace(n, json).foundAt(n), true
	}
}

func memoryTwice(d *facts.Deployment) (edit, bool) {
	n := memoryNode(d)
	if n == nil {
		return edit{}, false
	}
	key := keyOf(n)
	e, ok := insert(n.Parent(), member{key.Text(), "1"})
	return e.foundAt(key), ok
}

// azureSize matches the name of a VM size.
var azureSize = regexp.MustCompile(`(?i)^standard_\w+$`)

// accelerate asks for a device: by another VM size, by another number where there
// is one, else beside the memory, which formats call by these keys.
func accelerate(d *facts.Deployment, known facts.Fact[int64], size string, beside func(key, parent string) (member, bool)) (edit, bool) {
	if known.Value > 0 {
		return edit{}, false
	}
	if n := known.Location.Node; known.Known && n.File().Name == d.Subject.File {
		switch {
		case azureSize.MatchString(n.Text()):
			return replace(n, strconv.Quote(size)), true
		case n.Text() == "0":
			return replace(n, "1"), true
		case strings.EqualFold(n.Text(), "false"):
			return replace(n, "true"), true
		}
	}
	n := memoryNode(d)
	if n == nil {
		return edit{}, false
	}
	var parent string
	if key := keyOf(n.Parent()); key != nil {
		parent = key.Text()
	}
	m, ok := beside(keyOf(n).Text(), parent)
	if !ok {
		return edit{}, false
	}
	return put(n.Parent(), nil, m)
}

func addGPU(d *facts.Deployment) (edit, bool) {
	return accelerate(d, d.GPUs, "Standard_NC6s_v3", func(key, parent string) (member, bool) {
		switch {
		case key == "memory_gb":
			return member{"gpu_cores", "1"}, true
		case parent == "containerResourceRequirements", parent == "containerResourceLimits", parent == "containerResourceRequests":
			return member{"gpu", "1"}, true
		case strings.EqualFold(key, "memoryInGB"):
			return member{"gpu", `{"count": 1, "sku": "K80"}`}, true
		case key == "memory" && (parent == "requests" || parent == "limits"):
			return member{"nvidia.com/gpu", "1"}, true
		case key == "memory":
			return member{"gpu", `[{"count": 1, "sku": "K80"}]`}, true
		}
		return member{}, false
	})
}

func addFPGA(d *facts.Deployment) (edit, bool) {
	if d.GPUs.Value > 0 {
		return edit{}, false
	}
	return accelerate(d, d.FPGAs, "Standard_NP10s", func(key, parent string) (member, bool) {
		switch {
		case parent == "containerResourceRequirements":
			return member{"fpga", "1"}, true
		case key == "memory" && (parent == "requests" || parent == "limits"):
			return member{"xilinx.com/fpga-u250", "1"}, true
		}
		return member{}, false
	})
}

// batchWithGPU states the target of batch scoring and gives it machines with GPU.
func batchWithGPU(target facts.Target) deploymentEdit {
	return serving(func(d *facts.Deployment) (edit, bool) {
		if d.Target.Known || d.GPUs.Value > 0 {
			return edit{}, false
		}
		asks, ok := put(d.Location.Node, []string{"resources"}, member{"instance_type", `"Standard_NC6s_v3"`})
		said, stated := state(d, member{"mlpolicy.dev/target", strconv.Quote(string(target))})
		return asks.and(said), ok && stated
	}, facts.BatchScoring)
}

// moduleWithGPU gives all GPUs of a device to an IoT Edge module.
func moduleWithGPU(d *facts.Deployment) (edit, bool) {
	if d.GPUs.Value > 0 {
		return edit{}, false
	}
	return put(d.Location.Node, []string{"env"}, member{"NVIDIA_VISIBLE_DEVICES", `{"value": "all"}`})
}

// functionImage has Azure/aml-deploy make an image for Azure Functions and nothing else.
func functionImage(d *facts.Deployment) (edit, bool) {
	root := d.Location.Node
	if d.Target.Value == facts.Functions || !root.Has("inference_entry_script") {
		return edit{}, false
	}
	makes, ok := put(root, nil, member{"create_image", `"function_http"`})
	skips, too := put(root, nil, member{"skip_deployment", "true"})
	return makes.and(skips), ok && too
}

// toACI moves a web service of Azure ML from AKS to ACI and has it ask for GPU.
func toACI(d *facts.Deployment) (edit, bool) {
	n := d.Target.Location.Node
	if d.Workload.Value != facts.WebService || d.MemoryGiB.Value >= 48 || d.Designer.Value || n.File().Name != d.Subject.File {
		return edit{}, false
	}
	var moved edit
	switch {
	case strings.EqualFold(n.Text(), "AKS"):
		moved = replace(n, `"ACI"`)
	case n.Text() == "AksWebservice":
		moved = replace(n, `"AciWebservice"`)
	case keyOf(n) != nil && keyOf(n).Text() == "deployment_compute_target":
		moved = replace(n, "null")
	default:
		return edit{}, false
	}
	if d.GPUs.Value > 0 && d.GPUs.Location.Node.File().Name == d.Subject.File {
		return moved.foundAt(d.GPUs.Location.Node), true
	}
	asks, ok := addGPU(d)
	return asks.and(moved), ok
}

// state writes statements where a deployment's format has annotations or tags.
func state(d *facts.Deployment, members ...member) (edit, bool) {
	top := d.Location.Node
	for ; top != nil; top = top.Parent() {
		if top.Has("apiVersion") && top.Has("kind") {
			return put(top, []string{"metadata", "annotations"}, members...)
		}
		if top.Has("COMPUTE_CONFIG") {
			return put(top, []string{"COMPUTE_CONFIG", "tags"}, members...)
		}
	}
	return put(d.Location.Node, []string{"tags"}, members...)
}

// atTarget makes the finding stand at what decides over the target, where the file does.
func atTarget(d *facts.Deployment, e edit, ok bool) (edit, bool) {
	n := d.Target.Location.Node
	return e.foundAt(n), ok && n != nil && n.File().Name == d.Subject.File
}

func designer(d *facts.Deployment) (edit, bool) {
	if d.Designer.Known || d.Workload.Value == facts.BatchScoring || d.Workload.Value == facts.Training {
		return edit{}, false
	}
	e, ok := state(d, member{"CreatedByAMLStudio", `"true"`})
	if d.Location.Node.File().Documents[0].Root.Has("kind") {
		e, ok = state(d, member{"mlpolicy.dev/designer", `"true"`})
	}
	return atTarget(d, e, ok)
}

func modelSize(size string) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if len(d.Models) > 0 || d.Workload.Value == facts.Training {
			return edit{}, false
		}
		return state(d, member{"mlpolicy.dev/model-size", strconv.Quote(size)})
	}
}

// modelBeside adds a document to a YAML file: on ACI no other format has a path to a model.
func modelBeside(d *facts.Deployment) (edit, bool) {
	file := d.Location.Node.File()
	if file.Text[file.Documents[0].Root.Span().Start.Offset] == '{' {
		return edit{}, false
	}
	const above = "\n---\n"
	return edit{changes: []change{{len(file.Text), len(file.Text), above +
		`{"apiVersion": "mlpolicy.dev/v1", "kind": "ModelDeployment", "spec": {"target": "aci", "model": {"path": "mutated"}}}` + "\n"}},
		skip: len(above)}, true
}

func production(d *facts.Deployment) (edit, bool) {
	if d.Stage.Known || d.Workload.Value == facts.Training {
		return edit{}, false
	}
	said := []member{{"mlpolicy.dev/stage", "production"}}
	if !d.Workload.Known {
		if d.GPUs.Value > 0 {
			return edit{}, false
		}
		said = append(said, member{"mlpolicy.dev/workload", "web-service"})
	}
	for i := range said {
		said[i].json = strconv.Quote(said[i].json)
	}
	e, ok := state(d, said...)
	return atTarget(d, e, ok)
}

func batch(d *facts.Deployment) (edit, bool) {
	if d.Workload.Known || d.GPUs.Value > 0 {
		return edit{}, false
	}
	e, ok := state(d, member{"mlpolicy.dev/workload", `"batch-scoring"`})
	return atTarget(d, e, ok)
}

func contradicted(d *facts.Deployment) (edit, bool) {
	n := d.Target.Location.Node
	if !d.Target.Known || d.Target.Value == facts.IoTEdge || n == nil || strings.Contains(n.Path(), "mlpolicy.dev/") {
		return edit{}, false
	}
	return state(d, member{"mlpolicy.dev/target", `"iot-edge"`})
}

// statedOn states the target of a deployment that asks for nothing special and does
// not say where it runs.
func statedOn(target facts.Target, workload facts.Workload) deploymentEdit {
	return func(d *facts.Deployment) (edit, bool) {
		if d.Target.Known || d.Workload.Value != workload || d.GPUs.Value > 0 || d.FPGAs.Value > 0 || d.Designer.Value {
			return edit{}, false
		}
		return state(d, member{"mlpolicy.dev/target", strconv.Quote(string(target))})
	}
}

type computeEdit = func(*facts.Compute) (edit, bool)

// computeOn keeps an edit to what Azure ML manages on one target.
func computeOn(mutate computeEdit, target facts.Target) computeEdit {
	return func(c *facts.Compute) (edit, bool) {
		if c.ManagedBy.Value != facts.ByAzureML || c.Target.Value != target {
			return edit{}, false
		}
		return mutate(c)
	}
}

// computeOff keeps an edit to what Azure ML manages on other known targets.
func computeOff(mutate computeEdit, target facts.Target) computeEdit {
	return func(c *facts.Compute) (edit, bool) {
		if c.ManagedBy.Value != facts.ByAzureML || !c.Target.Known || c.Target.Value == target {
			return edit{}, false
		}
		return mutate(c)
	}
}

// priorityWords are the keys that formats have for the priority, by those for the VM
// size, and their words for low priority.
var priorityWords = map[string]member{
	"size":        {"tier", `"low_priority"`},
	"vm_size":     {"vm_priority", `"lowpriority"`},
	"vmSize":      {"vmPriority", `"LowPriority"`},
	"agentVmSize": {"vmPriority", `"LowPriority"`},
}

func lowPriority(c *facts.Compute) (edit, bool) {
	size := c.VMSize.Location.Node
	if c.VMPriority.Value == facts.LowPriority || !c.VMSize.Known || size.File().Name != c.Subject.File || keyOf(size) == nil {
		return edit{}, false
	}
	words, ok := priorityWords[keyOf(size).Text()]
	if !ok {
		return edit{}, false
	}
	return put(size.Parent(), nil, words)
}

func autoscaling(c *facts.Compute) (edit, bool) {
	size := c.VMSize.Location.Node
	if c.ClusterAutoscaling.Known || !c.VMSize.Known || size.File().Name != c.Subject.File || keyOf(size) == nil {
		return edit{}, false
	}
	return put(size.Parent(), nil, member{"max_nodes", "5"}, member{"min_nodes", "1"})
}

// countDeployments makes a took of what is true of a deployment.
func countDeployments(is func(*facts.Deployment) bool) func(*extract.Extraction) int {
	return func(e *extract.Extraction) (count int) {
		for _, d := range e.Deployments {
			if is(d) {
				count++
			}
		}
		return count
	}
}

// countComputes makes a took of what is true of a compute.
func countComputes(is func(*facts.Compute) bool) func(*extract.Extraction) int {
	return func(e *extract.Extraction) (count int) {
		for _, c := range e.Computes {
			if is(c) {
				count++
			}
		}
		return count
	}
}

func isOn(target facts.Target) func(*extract.Extraction) int {
	return countDeployments(func(d *facts.Deployment) bool { return d.Target.Value == target })
}

func contradictions(e *extract.Extraction) (count int) {
	for _, problem := range e.Problems {
		if problem.Rule == facts.ContradictionRule {
			count++
		}
	}
	return count
}
