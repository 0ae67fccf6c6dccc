package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// stoppedAt returns a clock that stands still at a moment.
func stoppedAt(t testing.TB, moment string) func() time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	return func() time.Time { return at }
}

const newYear = "2027-01-01T12:00:00Z"

// waiverRun lints files by a configuration and returns what it reports, a line each: findings as FILE:LINE RULE, those
// of the rule waiver with their message, waived ones with the reason.
func waiverRun(t testing.TB, configuration string, files fstest.MapFS, options lint.Options) []string {
	t.Helper()
	if options.Clock == nil {
		options.Clock = stoppedAt(t, newYear)
	}
	parsed, err := config.Parse([]byte(configuration), config.Origin{Name: config.FileName, Folder: "/project", WorkingDir: "/project"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	result := lintFiles(t, linterOf(t, policytest.Builtin(t), parsed, options), files, names...)
	var lines []string
	for _, finding := range result.Findings {
		line := fmt.Sprintf("%s:%d %s %s", finding.File.Name, finding.Span.Start.Line, finding.Severity, finding.Rule)
		if finding.Rule == "waiver" {
			line += ": " + finding.Message
			if finding.Remedy == "" {
				t.Errorf("%s: no way out", line)
			}
		}
		lines = append(lines, line)
	}
	for _, finding := range result.Waived {
		lines = append(lines, fmt.Sprintf("%s:%d waived %s: %s", finding.File.Name, finding.Span.Start.Line, finding.Rule, finding.Waived.Reason))
	}
	return lines
}

// manifest is a Deployment on ACI with a GPU and 56 GiB; what stands at the marks is put in.
const manifest = `#TOP
apiVersion: apps/v1
kind: Deployment
metadata:
  name: churn
  #METADATA
spec: #SPEC
  template:
    metadata:
      labels: {app: churn}
      #TEMPLATE
    spec:
      nodeSelector: {type: virtual-kubelet}
      containers:
      #ABOVE
      - name: main #ITEM
        image: example.com/churn
        resources: #RESOURCES
          limits: {nvidia.com/gpu: 1, memory: 56Gi} #LINE
`

func with(mark, text string) string { return strings.Replace(manifest, mark, text, 1) }

func file(text string) fstest.MapFS { return fstest.MapFS{"deploy.yaml": {Data: []byte(text)}} }

func TestWaiversInFiles(t *testing.T) {
	const memory = `memory reason="old model"`
	both := []string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error memory"}
	oneWaived := []string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 waived memory: old model"}
	for _, test := range []struct {
		name, configuration, text string
		want                      []string
	}{
		{"none", "", manifest, both},
		{"end of the line", "", with("#LINE", "# mlpolicy:ignore "+memory), oneWaived},
		{"end of the line, all below", "", with("#RESOURCES", "# mlpolicy:ignore "+memory), oneWaived},
		{"end of the line, an item", "", with("#ITEM", "# mlpolicy:ignore "+memory), oneWaived},
		{"end of the line, the key above", "", with("#SPEC", "# mlpolicy:ignore "+memory), oneWaived},
		{"end of the line, the first key", "", strings.Replace(manifest, "apps/v1", "apps/v1 # mlpolicy:ignore "+memory, 1), both},
		{"own line", "", with("#ABOVE", "# mlpolicy:ignore "+memory), oneWaived},
		{"own line, elsewhere", "", with("#METADATA", "# mlpolicy:ignore fpga reason=\"old board\""), both},
		{"the document", "", with("#TOP", "# mlpolicy:ignore "+memory), oneWaived},
		{"the file", "", with("#TOP", "# mlpolicy:ignore-file "+memory), oneWaived},
		{"annotation", "", with("#METADATA", `annotations: {mlpolicy.dev/ignore: 'memory reason="old model"'}`), oneWaived},
		{"two annotations", "", with("#METADATA", `annotations: {mlpolicy.dev/ignore: 'memory reason="old model"', mlpolicy.dev/ignore.gpu: 'cpu-only reason="moves to AKS"'}`),
			[]string{"deploy.yaml:19 waived cpu-only: moves to AKS", "deploy.yaml:19 waived memory: old model"}},
		{"annotation of the pod template", "", with("#TEMPLATE", `annotations: {mlpolicy.dev/ignore: 'memory reason="old model"'}`), oneWaived},
		{"label", "", strings.Replace(manifest, "{app: churn}", "{mlpolicy.dev/ignore: memory}", 1), append([]string{"deploy.yaml:10 error waiver: a label cannot hold a waiver"}, both...)},
		{"two rules", "", with("#LINE", `# mlpolicy:ignore memory,cpu-only reason="old model"`),
			[]string{"deploy.yaml:19 waived cpu-only: old model", "deploy.yaml:19 waived memory: old model"}},
		{"two rules, one unknown", "", with("#LINE", `# mlpolicy:ignore memory,cpu-onyl reason="old model"`),
			[]string{"deploy.yaml:19 error cpu-only", `deploy.yaml:19 error waiver: unknown rule "cpu-onyl": did you mean "cpu-only"?`, "deploy.yaml:19 waived memory: old model"}},
		{"a waiver of waiver", "", with("#LINE", `# mlpolicy:ignore memory,waiver reason="old model"`),
			[]string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error waiver: findings of rule waiver cannot be waived", "deploy.yaml:19 waived memory: old model"}},
		{"a mistake", "", with("#LINE", `# mlpolicy:ignore memory until=2027-02-30 reason="old model"`),
			[]string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error memory", `deploy.yaml:19 error waiver: invalid day "2027-02-30": write 2027-02-28`}},
		{"a reason without words", "", with("#LINE", `# mlpolicy:ignore memory reason="1234"`),
			[]string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error memory", `deploy.yaml:19 error waiver: the reason "1234" has no word`}},
		{"a string", "", strings.Replace(manifest, "example.com/churn", `"x # mlpolicy:ignore memory reason=old"`, 1), both},
		{"prose", "", with("#LINE", "# never write mlpolicy:ignore "+memory), both},
		{"a block scalar", "", with("#METADATA", "annotations:\n    note: |\n      # mlpolicy:ignore-file "+memory+"\n"),
			[]string{"deploy.yaml:22 error cpu-only", "deploy.yaml:22 error memory"}},
		{"CRLF", "", strings.ReplaceAll(with("#LINE", "# mlpolicy:ignore "+memory), "\n", "\r\n"), oneWaived},
		{"a placeholder", "", with("#METADATA", `annotations: {mlpolicy.dev/ignore: "${WAIVER}"}`), both},

		{"required", "waiving: {require: [until, owner]}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: a waiver needs until and owner here (waiving: require)")},
		{"longest", "waiving: {longest: 180d}", with("#LINE", `# mlpolicy:ignore memory until=2027-07-01 reason="old model"`),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: 2027-07-01 is 181 days ahead and the configuration allows 180 (waiving: longest)")},
		{"not longer than longest", "waiving: {longest: 180d}", with("#LINE", `# mlpolicy:ignore memory until=2027-06-30 reason="old model"`), oneWaived},
		{"longest without until", "waiving: {longest: 180d}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: a waiver needs until here (waiving: longest)")},
		{"length of the reason", "waiving: {reason: 10}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), `deploy.yaml:19 error waiver: the reason "old model" has fewer than 10 characters (waiving: reason)`)},
		{"not in files", "waiving: {in_files: deny}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: the configuration does not allow waivers in files (waiving: in_files: deny)")},
		{"never", "waiving: {rules: {memory: never}}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: the configuration does not allow waivers of memory")},
		{"in the configuration alone", "waiving: {rules: {memory: configuration}}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: the configuration does not allow waivers of memory in files")},
		{"locked", "locked: {memory: error}", with("#LINE", "# mlpolicy:ignore "+memory),
			append(slices.Clone(both), "deploy.yaml:19 error waiver: the configuration does not allow waivers of memory in files")},
	} {
		if got := waiverRun(t, test.configuration, file(test.text), lint.Options{}); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// The last day of a waiver is one of UTC, whole.
func TestWaiversExpire(t *testing.T) {
	until := func(day string) fstest.MapFS {
		return file(with("#LINE", `# mlpolicy:ignore memory,cpu-only until=`+day+` reason="old model"`))
	}
	waived := []string{"deploy.yaml:19 waived cpu-only: old model", "deploy.yaml:19 waived memory: old model"}
	back := []string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error memory"}
	note := func(message string) []string {
		return append([]string{"deploy.yaml:19 note waiver: the waiver of memory, cpu-only expires " + message}, waived...)
	}
	for _, test := range []struct {
		now, until string
		want       []string
	}{
		{"2027-01-16T23:59:59Z", "2027-01-31", waived},
		{"2027-01-17T00:00:00Z", "2027-01-31", note("in 14 days: its last day is 2027-01-31")},
		{"2027-01-30T12:00:00Z", "2027-01-31", note("in 1 day: its last day is 2027-01-31")},
		{"2027-01-31T23:59:59Z", "2027-01-31", note("today: its last day is 2027-01-31")},
		{"2027-02-01T00:59:59+01:00", "2027-01-31", note("today: its last day is 2027-01-31")},
		{"2027-02-01T00:00:00Z", "2027-01-31", append(slices.Clone(back), "deploy.yaml:19 warning waiver: the waiver of memory, cpu-only has expired: its last day was 2027-01-31")},
	} {
		got := waiverRun(t, "", until(test.until), lint.Options{Clock: stoppedAt(t, test.now)})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", test.now, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	got := waiverRun(t, "", until("2027-01-31"), lint.Options{Clock: stoppedAt(t, "2027-02-01T00:00:00Z"), NoWaivers: true})
	if !slices.Equal(got, back) {
		t.Errorf("without waivers: %s", got)
	}
}

func TestWaiversOfTheConfiguration(t *testing.T) {
	both := []string{"deploy/churn.yaml:19 error cpu-only", "deploy/churn.yaml:19 error memory"}
	oneWaived := []string{"deploy/churn.yaml:19 error cpu-only", "deploy/churn.yaml:19 waived memory: old model"}
	const memory = `waive: 'memory reason="old model"'`
	for _, test := range []struct {
		name, configuration, namespace string
		want                           []string
	}{
		{"by paths", "waivers: [{paths: ['deploy/**'], " + memory + "}]", "", oneWaived},
		{"by other paths", "waivers: [{paths: ['other/**'], " + memory + "}]", "", both},
		{"by names", "waivers: [{names: ['ch*'], " + memory + "}]", "", oneWaived},
		{"by kinds", "waivers: [{kinds: [Deployment], names: [churn], " + memory + "}]", "", oneWaived},
		{"by other kinds", "waivers: [{kinds: [Pod], names: [churn], " + memory + "}]", "", both},
		{"by namespaces, of an object without one", "waivers: [{namespaces: ['*'], " + memory + "}]", "", both},
		{"by namespaces, of a namespace that is given", "waivers: [{namespaces: ['*'], " + memory + "}]", "scoring", oneWaived},
		{"by another namespace", "waivers: [{namespaces: [prod], " + memory + "}]", "scoring", both},
		{"of another rule", `waivers: [{names: [churn], waive: 'fpga reason="old board"'}]`, "", both},
		{"of a rule that the configuration alone waives", "waiving: {rules: {memory: configuration}, in_files: deny}\nwaivers: [{names: [churn], " + memory + "}]", "", oneWaived},
		{"of a locked rule", "locked: {memory: error}\nwaivers: [{names: [churn], " + memory + "}]", "", oneWaived},
		{"too long", "waiving: {longest: 30d}\nwaivers: [{names: [churn], waive: 'memory until=2027-03-01 reason=old'}]", "",
			append([]string{".mlpolicy.yaml:2 error waiver: 2027-03-01 is 59 days ahead and the configuration allows 30 (waiving: longest)"}, both...)},
		{"expired", "waivers: [{names: [churn], waive: 'memory until=2026-12-31 reason=old'}]", "",
			append([]string{".mlpolicy.yaml:1 warning waiver: the waiver of memory has expired: its last day was 2026-12-31"}, both...)},
		{"expired, of something else", "waivers: [{names: [fraud], waive: 'memory until=2026-12-31 reason=old'}]", "", both},
		{"of syntax", "waivers: [{paths: ['broken.yaml'], waive: 'syntax reason=\"generated by a tool\"'}]", "", both},
	} {
		files := fstest.MapFS{"deploy/churn.yaml": {Data: []byte(manifest)}}
		got := waiverRun(t, test.configuration, files, lint.Options{Namespace: test.namespace})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	broken := fstest.MapFS{"broken.yaml": {Data: []byte("apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {nodeSelector: {type: virtual-kubelet}, containers: [\n")}}
	got := waiverRun(t, "waivers: [{paths: ['broken.yaml'], waive: 'syntax reason=\"generated by a tool\"'}]", broken, lint.Options{})
	if want := []string{"broken.yaml:3 waived syntax: generated by a tool"}; !slices.Equal(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// A waiver covers findings in other files if the object that describes the deployment is in what it covers.
func TestWaiversCoverTheDeploymentsOfTheirObject(t *testing.T) {
	files := fstest.MapFS{
		"deploymentconfig.yml": {Data: []byte(`# mlpolicy:ignore gpu-web-service reason="moves to AKS"
computeType: aci
containerResourceRequirements: {memoryInGB: 56, cpu: 1}
`)},
		"inferenceconfig.json": {Data: []byte(`{"entryScript": "score.py", "runtime": "python", "enableGpu": true}`)},
	}
	got := waiverRun(t, "", files, lint.Options{})
	want := []string{"deploymentconfig.yml:3 error memory", "inferenceconfig.json:1 waived gpu-web-service: moves to AKS"}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// The same if only the file with the finding is an input.
	result := lintFiles(t, linterOf(t, policytest.Builtin(t), config.Default(), lint.Options{}), files, "inferenceconfig.json")
	if len(result.Findings) != 0 || len(result.Waived) != 1 {
		t.Errorf("%v, waived %v", result.Findings, result.Waived)
	}
}

func TestUnusedWaivers(t *testing.T) {
	all := func(string) bool { return true }
	below := func(folder string) func(string) bool {
		return func(name string) bool { return strings.HasPrefix(name+"/", folder) }
	}
	const unused = `# mlpolicy:ignore fpga,memory reason="old model"`
	says := func(rule string) string {
		return "deploy.yaml:19 warning waiver: the waiver of " + rule + " covers no finding"
	}
	for _, test := range []struct {
		name, configuration, text string
		complete                  func(string) bool
		want                      []string
	}{
		{"one of two rules", "", with("#LINE", unused), all, []string{says("fpga")}},
		{"annotation", "", with("#METADATA", `annotations: {mlpolicy.dev/ignore: 'fpga reason="old board"'}`), all, []string{"deploy.yaml:6 warning waiver: the waiver of fpga covers no finding"}},
		{"single files", "", with("#LINE", unused), nil, nil},
		{"not the whole folder", "", with("#LINE", unused), below("other/"), nil},
		{"a rule that is off", "rules: {fpga: off}", with("#LINE", unused), all, nil},
		{"a rule that the edition does not have", "edition: 2020-06", with("#LINE", `# mlpolicy:ignore model-memory reason="old model"`), all, nil},
		{"the webhook's rule", "waivers: [{paths: ['**'], waive: 'binding reason=debugging'}]", manifest, all, nil},
		{"a file with a fault", "", with("#LINE", unused) + "---\napiVersion: apps/v1\nkind: Deployment\nspec: [\n", all, nil},
		{"a value with a fault", "", strings.Replace(with("#LINE", unused), "memory: 56Gi", "memory: lots", 1), all, nil},
		{"a value with a fault, not reported", "rules: {syntax: off}", strings.Replace(with("#LINE", unused), "memory: 56Gi", "memory: lots", 1), all, nil},
		{"by paths, of a file with a fault", `waivers: [{paths: ["deploy.*"], waive: 'fpga reason="old board"'}]`, manifest + "---\nkind: Deployment\napiVersion: apps/v1\nspec: [\n", all, nil},
		{"by paths, beside a file with a fault", `waivers: [{paths: ["gone.yaml"], waive: 'fpga reason="old board"'}]`, manifest + "---\nkind: Deployment\napiVersion: apps/v1\nspec: [\n", all,
			[]string{".mlpolicy.yaml:1 warning waiver: the waiver of fpga covers no finding"}},
		{"covered by two waivers", "", with("#LINE", `# mlpolicy:ignore memory reason="old model"`) + "", all, nil},
		{"by paths", `waivers: [{paths: ["**"], waive: 'fpga reason="old board"'}]`, manifest, all, []string{".mlpolicy.yaml:1 warning waiver: the waiver of fpga covers no finding"}},
		{"by paths that no file has", `waivers: [{paths: ["gone/**"], waive: 'memory reason="old model"'}]`, manifest, all, []string{".mlpolicy.yaml:1 warning waiver: the waiver of memory covers no finding"}},
		{"by paths, one folder", `waivers: [{paths: ["**"], waive: 'fpga reason="old board"'}]`, manifest, below("/project/deploy/"), nil},
		{"by names, which may be of objects elsewhere", `waivers: [{names: [fraud], waive: 'fpga reason="old board"'}]`, manifest, all, nil},
		{"expired and unused", "", with("#LINE", `# mlpolicy:ignore fpga until=2026-12-01 reason="old board"`), nil, []string{"deploy.yaml:19 warning waiver: the waiver of fpga has expired: its last day was 2026-12-01"}},
		{"a document that describes no deployment", "", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x} # mlpolicy:ignore memory reason=old\n", all, nil},
	} {
		var got []string
		for _, line := range waiverRun(t, test.configuration, file(test.text), lint.Options{Complete: test.complete}) {
			if strings.Contains(line, " waiver: ") {
				got = append(got, line)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// All waivers that cover a finding count as used, and the one that counts is a valid one.
func TestSeveralWaiversOfOneFinding(t *testing.T) {
	text := strings.Replace(with("#LINE", `# mlpolicy:ignore memory until=2026-12-01 reason="expired"`), "#TOP", `# mlpolicy:ignore-file memory reason="old model"`, 1)
	got := waiverRun(t, `waivers: [{names: [churn], waive: 'memory reason="also here"'}]`, file(text), lint.Options{Complete: func(string) bool { return true }})
	want := []string{
		"deploy.yaml:19 error cpu-only",
		"deploy.yaml:19 warning waiver: the waiver of memory has expired: its last day was 2026-12-01",
		"deploy.yaml:19 waived memory: old model",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// A waiver in a part of an object covers the deployment that is described there, and no other one.
func TestWaiversOfPartsAndTags(t *testing.T) {
	const cluster = `apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: ray}
spec:
  headGroupSpec:
    template:
      spec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: head, image: ray, resources: {limits: {memory: 64Gi}}}]}
  workerGroupSpecs:
  - groupName: small
    replicas: 1
    template:
      metadata: {annotations: {mlpolicy.dev/ignore: 'memory reason="small group"'}}
      spec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: worker, image: ray, resources: {limits: {memory: 64Gi}}}]}
`
	got := waiverRun(t, "", file(cluster), lint.Options{})
	if want := []string{"deploy.yaml:7 error memory", "deploy.yaml:13 waived memory: small group"}; !slices.Equal(got, want) {
		t.Errorf("one of two pod templates: %s, want %s", got, want)
	}
	const list = `apiVersion: v1
kind: List
items:
- apiVersion: v1 # mlpolicy:ignore memory reason="the first"
  kind: Pod
  metadata: {name: a}
  spec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: a, image: a, resources: {limits: {memory: 64Gi}}}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: b}
  spec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: a, image: a, resources: {limits: {memory: 64Gi}}}]}
`
	got = waiverRun(t, "", file(list), lint.Options{})
	if want := []string{"deploy.yaml:11 error memory", "deploy.yaml:7 waived memory: the first"}; !slices.Equal(got, want) {
		t.Errorf("items of a list: %s, want %s", got, want)
	}
	const template = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [
{"type": "Microsoft.ContainerInstance/containerGroups", "apiVersion": "2021-09-01", "name": "a", "tags": {"mlpolicy.dev:ignore": "memory reason=\"old model\""},
 "properties": {"osType": "Linux", "containers": [{"name": "a", "properties": {"image": "a", "resources": {"requests": {"cpu": 1, "memoryInGB": 64}}}}]}},
{"type": "Microsoft.ContainerInstance/containerGroups", "apiVersion": "2021-09-01", "name": "b",
 "properties": {"osType": "Linux", "containers": [{"name": "b", "properties": {"image": "b", "resources": {"requests": {"cpu": 1, "memoryInGB": 64}}}}]}}]}
`
	got = waiverRun(t, "", fstest.MapFS{"main.json": {Data: []byte(template)}}, lint.Options{})
	if want := []string{"main.json:5 error memory", "main.json:3 waived memory: old model"}; !slices.Equal(got, want) {
		t.Errorf("tags: %s, want %s", got, want)
	}
	commented := "// mlpolicy:ignore-file memory reason=\"old model\"\n" + template
	got = waiverRun(t, "", fstest.MapFS{"main.json": {Data: []byte(commented)}}, lint.Options{})
	if want := []string{"main.json:4 waived memory: old model", "main.json:6 waived memory: old model"}; !slices.Equal(got, want) {
		t.Errorf("JSON with comments: %s, want %s", got, want)
	}
}

// Adding a waiver takes findings away and adds none but those about waivers.
func TestWaiversOnlyTakeAway(t *testing.T) {
	marks := []string{"#TOP", "#METADATA", "#SPEC", "#TEMPLATE", "#ABOVE", "#ITEM", "#RESOURCES", "#LINE"}
	rules := []string{"memory", "cpu-only", "memory,cpu-only", "fpga", "syntax", "waiver", "unknown"}
	plain := waiverRun(t, "", file(manifest), lint.Options{})
	cases := 0
	for _, mark := range marks {
		for _, rule := range rules {
			for _, until := range []string{"", " until=2026-12-31", " until=2027-01-10", " until=2027-02-30"} {
				cases++
				text := with(mark, "# mlpolicy:ignore "+rule+until+` reason="old model"`)
				reported := waiverRun(t, "", file(text), lint.Options{Complete: func(string) bool { return true }})
				for _, line := range reported {
					_, what, _ := strings.Cut(line, ":")
					if !strings.Contains(line, "waiver: ") && !strings.Contains(line, " waived ") && !slices.Contains(plain, line) {
						t.Errorf("%s %s%s adds %s", mark, rule, until, what)
					}
				}
				for _, line := range plain {
					waived := strings.Replace(line, " error ", " waived ", 1) + ": old model"
					if !slices.Contains(reported, line) && !slices.Contains(reported, waived) {
						t.Errorf("%s %s%s loses %s", mark, rule, until, line)
					}
				}
			}
		}
	}
	if cases != 224 {
		t.Errorf("%d cases", cases)
	}
}

// BenchmarkWaivers shows that the time for a waiver does not depend on their number.
func BenchmarkWaivers(b *testing.B) {
	const pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: a, image: a, resources: {limits: {memory: 64Gi}}}]} # mlpolicy:ignore memory reason=\"old model\"\n"
	for _, n := range []int{500, 1000, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := file(strings.Repeat(pod, n))
			linter := linterOf(b, policytest.Builtin(b), config.Default(), lint.Options{})
			for b.Loop() {
				if result := lintFiles(b, linter, files, "deploy.yaml"); len(result.Waived) == 0 {
					b.Fatal("nothing is waived")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/waiver")
		})
	}
}
