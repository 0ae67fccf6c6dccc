package lint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// settings are policies and a configuration.
type settings struct {
	policies      *policy.Policies
	configuration *config.Config
}

func settingsOf(t testing.TB, text string, extra ...policy.Folder) settings {
	t.Helper()
	configuration, err := config.Parse([]byte(text), config.Origin{Name: config.FileName})
	if err != nil {
		t.Fatal(err)
	}
	return settings{policytest.Load(t, extra...), configuration}
}

// evaluator evaluates an object, or a file that has it.
type evaluator func(ctx context.Context, input lint.Input) (*lint.Result, error)

// object evaluates an object that is sent to an API server.
func (s settings) object(t testing.TB, trusted ...string) evaluator {
	return s.objectIn(t, "", trusted...)
}

func (s settings) objectIn(t testing.TB, namespace string, trusted ...string) evaluator {
	t.Helper()
	admission, err := lint.NewAdmission(s.policies, s.configuration, trusted...)
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, input lint.Input) (*lint.Result, error) {
		return admission.Review(ctx, namespace, input)
	}
}

// file evaluates an object in a file.
func (s settings) file(t testing.TB) evaluator {
	t.Helper()
	linter := linterOf(t, s.policies, s.configuration, lint.Options{NoLink: true})
	return func(ctx context.Context, input lint.Input) (*lint.Result, error) {
		return linter.Lint(ctx, nil, slices.Values([]lint.Input{input}))
	}
}

// lintObject returns the findings about an object, as rule and message.
func lintObject(t testing.TB, evaluate evaluator, object string) []string {
	t.Helper()
	result, err := evaluate(t.Context(), lint.Input{Name: "object", Read: func([]byte) ([]byte, error) { return []byte(object), nil }})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	var found []string
	for _, finding := range result.Findings {
		found = append(found, finding.Rule+" "+finding.Message)
	}
	return found
}

// TestNoStatementTakesAFindingAway tries all sets of statements on objects of several
// kinds under several configurations: what is found with some of them is found with more.
func TestNoStatementTakesAFindingAway(t *testing.T) {
	step := sweep.Step(t, 3)
	values := map[string][]string{
		"workload":   {"training", "web-service", "batch-scoring"},
		"stage":      {"development", "production"},
		"target":     {"aks", "local"},
		"designer":   {"true"},
		"model-size": {"1MB", "2GB"},
	}
	words := facts.StatementWords()
	if len(words) != len(values) {
		t.Fatalf("statements are %q", words)
	}
	objects := []struct{ name, spec string }{
		{"on a virtual node", `nodeSelector: {type: virtual-kubelet}`},
		{"on AKS", `nodeSelector: {agentpool: gpu}`},
		{"anywhere", `hostNetwork: false`},
	}
	lost := 0
	for i, text := range []string{
		"", "kubernetes: {cluster: other}",
		"{edition: 2023-03, kubernetes: {cluster: aks}, stages: {production: [{namespaces: [scoring]}]}}",
	} {
		settings := settingsOf(t, text)
		object, file := settings.object(t), settings.file(t)
		for j, on := range objects {
			if (i+j)%step > 0 {
				continue
			}
			known := map[string][]string{}
			var try func(stated []string, words []string)
			try = func(stated, words []string) {
				if len(words) > 0 {
					try(stated, words[1:])
					for _, value := range values[words[0]] {
						try(append(slices.Clip(stated), "mlpolicy.dev/"+words[0]+": '"+value+"'"), words[1:])
					}
					return
				}
				text := fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: churn, namespace: scoring, annotations: {%s}}
spec: {template: {spec: {%s, containers: [{name: a, image: b, resources: {limits: {nvidia.com/gpu: 1, memory: 64Gi}}}]}}}
`, strings.Join(stated, ", "), on.spec)
				found := lintObject(t, object, text)
				known[strings.Join(stated, ",")] = found
				for i := range stated {
					less := strings.Join(slices.Delete(slices.Clone(stated), i, i+1), ",")
					for _, finding := range known[less] {
						if !slices.Contains(found, finding) {
							t.Errorf("%s, %q: with %s there is no %s", on.name, text, stated[i], finding)
						}
					}
				}
				// Some of the statements remove findings of the object where they are believed.
				if believed := lintObject(t, file, text); len(believed) < len(found) {
					lost++
				}
			}
			try(nil, words)
		}
	}
	if lost < 100/step {
		t.Errorf("only %d objects gain by what they state", lost)
	}
}

// TestOperatorLabelsTakeNoFindingAway tries the labels of operators on an object that has
// errors without them. They make a web service of one that has none.
func TestOperatorLabelsTakeNoFindingAway(t *testing.T) {
	const object = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: churn, namespace: scoring, labels: {%s}}
spec: {template: {spec: {%s, containers: [{name: a, image: b, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
`
	ruleOf := func(finding string) string { rule, _, _ := strings.Cut(finding, " "); return rule }
	for _, label := range []string{
		"ml.azure.com/endpoint-name: churn", "isazuremlapp: 'true'", "serving.kserve.io/inferenceservice: churn",
		"seldon-deployment-id: churn", "ray.io/originated-from-crd: RayService", "kaito.sh/workspace: churn",
	} {
		adds := lintObject(t, settingsOf(t, "kubernetes: {cluster: other}").object(t), fmt.Sprintf(object, label, "hostNetwork: false"))
		if !slices.ContainsFunc(adds, func(finding string) bool { return ruleOf(finding) == "gpu-web-service" }) {
			t.Errorf("%s adds %q", label, adds)
		}
		for _, test := range []struct{ configuration, spec, rule string }{
			{"", "nodeSelector: {type: virtual-kubelet}", "cpu-only"},
			{"{kubernetes: {cluster: aks}, facts: [{namespaces: [scoring], set: {workload: batch-scoring}}]}", "hostNetwork: false", "gpu-batch-scoring"},
		} {
			evaluate := settingsOf(t, test.configuration).object(t)
			if test.configuration == "" {
				// A second container with the image of a model server hides nothing, either.
				server := strings.Replace(fmt.Sprintf(object, "", test.spec), "containers: [", "containers: [{name: s, image: vllm/vllm-openai}, ", 1)
				if found := lintObject(t, evaluate, server); !slices.ContainsFunc(found, func(finding string) bool { return ruleOf(finding) == test.rule }) {
					t.Errorf("an image takes away %s: %q", test.rule, found)
				}
			}
			without := lintObject(t, evaluate, fmt.Sprintf(object, "", test.spec))
			found := lintObject(t, evaluate, fmt.Sprintf(object, label, test.spec))
			if !slices.ContainsFunc(without, func(finding string) bool { return ruleOf(finding) == test.rule }) {
				t.Fatalf("%s: no %s in %q", test.spec, test.rule, without)
			}
			for _, finding := range without {
				if !slices.Contains(found, finding) {
					t.Errorf("%s takes away %s", label, finding)
				}
			}
		}
	}
}

func TestAdmissionTrustsTheWordsThatAreListed(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "training"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}}`
	settings := settingsOf(t, "")
	if found := lintObject(t, settings.object(t), object); len(found) != 1 {
		t.Errorf("untrusted: %q", found)
	}
	if found := lintObject(t, settings.object(t, "workload"), object); len(found) != 0 {
		t.Errorf("trusted: %q", found)
	}
	if found := lintObject(t, settings.object(t, "stage"), object); len(found) != 1 {
		t.Errorf("another is trusted: %q", found)
	}
}

// TestNothingForeignTakesAFindingAway tries every word that the readers of formats know, where
// anybody may write anything without a consequence: the more there is, the more is found.
func TestNothingForeignTakesAFindingAway(t *testing.T) {
	const object = `{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": {"name": "churn", "namespace": "%s", "annotations": {%s}, "labels": {%s}},
		"spec": {"template": {"metadata": {"annotations": {%[2]s}, "labels": {%[3]s}}, "spec": {%[4]s "tolerations": [%[5]s],
			"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "64Gi"}}}]}}}}`
	evaluate := settingsOf(t, `
kubernetes: {cluster: aks}
facts: [{namespaces: [batch], set: {workload: batch-scoring}}]
`).object(t)
	victims := []struct {
		namespace, spec string
		rules           int
	}{
		{"any", `"nodeSelector": {"type": "virtual-kubelet"},`, 2},
		{"any", `"nodeName": "virtual-node-aci-linux", "nodeSelector": {"cloud.google.com/gke-nodepool": "a"},`, 2},
		{"batch", "", 2},
	}
	step := sweep.Step(t, 2*len(victims)) // every other word, on one of them
	words := wordsOfReaders(t)
	if len(words) < 500 {
		t.Fatalf("the readers know %d words", len(words))
	}
	for i, victim := range victims {
		known := lintObject(t, evaluate, fmt.Sprintf(object, victim.namespace, "", "", victim.spec, ""))
		if len(known) != victim.rules {
			t.Fatalf("%s: found %q", victim.namespace, known)
		}
		holds := func(what, object string) {
			t.Helper()
			found := lintObject(t, evaluate, object)
			for _, finding := range known {
				if !slices.Contains(found, finding) {
					t.Errorf("%s: with %s there is no %s", victim.namespace, what, finding)
				}
			}
		}
		for j, word := range words {
			if (i+j)%step > 0 {
				continue
			}
			text, err := json.Marshal(word)
			if err != nil {
				t.Fatal(err)
			}
			annotation := string(text) + `: "x"`
			holds("annotation "+word, fmt.Sprintf(object, victim.namespace, annotation, "", victim.spec, ""))
			holds("label "+word, fmt.Sprintf(object, victim.namespace, "", annotation, victim.spec, ""))
			holds("toleration of "+word, fmt.Sprintf(object, victim.namespace, "", "", victim.spec, `{"key": `+string(text)+`, "value": "x"}`))
		}
	}
}

// wordsOfReaders are the texts in the source of package facts, and keys that begin with them.
func wordsOfReaders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("extract/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				keys := []string{text}
				switch {
				case strings.HasSuffix(text, "/"), strings.HasSuffix(text, "-"):
					keys = []string{text + "x"}
				case strings.Contains(text, "."):
					keys = append(keys, text+"/x")
				}
				for _, key := range keys {
					if len(validation.IsQualifiedName(key)) == 0 {
						found[key] = true
					}
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// All parts of an object run in one cluster: evidence of another cloud in one part does not
// count for the others.
func TestOnePartDoesNotSpeakForAnotherCloud(t *testing.T) {
	const object = `{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "batch-scoring"}}, "spec": {
		"headGroupSpec": {"template": {"metadata": {"annotations": {%s}}, "spec": {"containers": [{"name": "a", "image": "b"}]}}},
		"workerGroupSpecs": [{"groupName": "gpu", "template": {"spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}]}}`
	settings := settingsOf(t, "kubernetes: {cluster: aks}")
	known := lintObject(t, settings.object(t), fmt.Sprintf(object, ""))
	if !slices.ContainsFunc(known, func(finding string) bool { return strings.HasPrefix(finding, "gpu-batch-scoring ") }) {
		t.Fatalf("found %q", known)
	}
	elsewhere := fmt.Sprintf(object, `"run.googleapis.com/x": "y"`)
	if found := lintObject(t, settingsOf(t, "").file(t), elsewhere); !slices.ContainsFunc(found, func(finding string) bool { return strings.Contains(finding, "other than AKS") }) {
		t.Errorf("without a configured cluster lint found %q", found)
	}
	found := lintObject(t, settings.object(t), elsewhere)
	for _, finding := range known {
		if !slices.Contains(found, finding) {
			t.Errorf("there is no %s", finding)
		}
	}
}

// A virtual node that an object says is another provider's is judged as Azure's, too, in whatever
// cluster; a file is believed where the configured cluster is not AKS.
func TestVirtualNodeOfAnotherProviderIsJudgedBothWays(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "web-service"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "tolerations": [{"key": "virtual-kubelet.io/provider", "value": "alibabacloud"}],
		"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1, "memory": "64Gi"}}}]}}`
	const aci, other = "on Azure Container Instances", "on Kubernetes other than AKS"
	tests := []struct {
		cluster       string
		otherInObject int // messages about the other cloud
		inFile, other int // about ACI and the other cloud
	}{
		{"", 1, 0, 1},
		{"kubernetes: {cluster: aks}", 0, 2, 0},
		{"kubernetes: {cluster: other}", 1, 0, 1},
	}
	count := func(found []string, what string) int {
		return len(slices.DeleteFunc(slices.Clone(found), func(finding string) bool {
			return !strings.Contains(finding, what) || strings.HasPrefix(finding, "unlisted-target")
		}))
	}
	for _, test := range tests {
		settings := settingsOf(t, test.cluster)
		found := lintObject(t, settings.object(t), object)
		if got := count(found, aci); got < 2 {
			t.Errorf("%q: an object has %d findings on ACI: %q", test.cluster, got, found)
		}
		if got := count(found, other); got != test.otherInObject {
			t.Errorf("%q: an object has %d findings elsewhere: %q", test.cluster, got, found)
		}
		found = lintObject(t, settings.file(t), object)
		if got := count(found, aci); got != test.inFile {
			t.Errorf("%q: a file has %d findings on ACI: %q", test.cluster, got, found)
		}
		if got := count(found, other); got != test.other {
			t.Errorf("%q: a file has %d findings elsewhere: %q", test.cluster, got, found)
		}
	}
}

// tenant are objects that a tenant may write with what may not take a finding away: POD stands
// in a pod's specification, TOLERATION in its tolerations, META in its metadata.
var tenant = map[string]string{
	"InferenceService": `{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "churn" META}, "spec": {"predictor":
		{"tolerations": [TOLERATION] POD, "model": {"modelFormat": {"name": "onnx"}, "resources": {"limits": {"nvidia.com/gpu": 1}}}}}}`,
	"RayService, in its head": `{"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "churn" META}, "spec": {"rayClusterConfig": {
		"headGroupSpec": {"rayStartParams": {}, "template": {"spec": {"tolerations": [TOLERATION] POD, "containers": [{"name": "head", "image": "a"}]}}},
		"workerGroupSpecs": [{"groupName": "gpu", "template": {"spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}]}}}`,
	"Deployment": `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn", "namespace": "serving" META}, "spec": {"template": {"spec":
		{"tolerations": [TOLERATION] POD, "containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}}`,
	"StatefulSet": `{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "churn", "namespace": "serving" META}, "spec": {
		"volumeClaimTemplates": [{"metadata": {"name": "a"}, "spec": {"storageClassName": "managed-csi"}}], "template": {"spec":
		{"tolerations": [TOLERATION] POD, "containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}}`,
	"LeaderWorkerSet, in its leader": `{"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "churn", "namespace": "serving" META}, "spec": {"leaderWorkerTemplate": {"size": 2,
		"leaderTemplate": {"spec": {"tolerations": [TOLERATION] POD, "containers": [{"name": "a", "image": "b"}]}},
		"workerTemplate": {"spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}}}`,
}

func tenantObject(object, pod, toleration, metadata string) string {
	comma := func(text string) string {
		if text == "" {
			return ""
		}
		return ", " + text
	}
	return strings.NewReplacer("POD", comma(pod), "TOLERATION", toleration, "META", comma(metadata)).Replace(object)
}

func affinity(terms string) string {
	return `"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [` + terms + `]}}}`
}

// TestNoClaimOfAKSTakesAFindingAway tries what a tenant may write to be taken for a deployment on
// AKS in a cluster that the administrator says is another, by either word.
func TestNoClaimOfAKSTakesAFindingAway(t *testing.T) {
	claims := []struct{ name, pod, toleration, metadata string }{
		{name: "label of Azure Workload Identity", metadata: `"labels": {"azure.workload.identity/use": "true"}`},
		{name: "annotation of the Azure load balancer", metadata: `"annotations": {"service.beta.kubernetes.io/azure-x": "y"}`},
		{name: "annotation of virtual nodes", metadata: `"annotations": {"microsoft.containerinstance.virtualnode.injectdns": "false"}`},
		{name: "toleration of a taint of AKS", toleration: `{"key": "kubernetes.azure.com/anything", "operator": "Exists"}`},
		{name: "toleration of a node pool", toleration: `{"key": "agentpool", "operator": "Exists"}`},
		{name: "toleration of Karpenter on Azure", toleration: `{"key": "karpenter.azure.com/zzz", "operator": "Exists"}`},
		{name: "toleration of virtual nodes", toleration: `{"key": "azure.com/aci", "operator": "Exists"}`},
		{name: "storage class of AKS", pod: `"volumes": [{"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "managed-csi"}}}}]`},
		{name: "storage class of Azure Files", pod: `"volumes": [{"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "azurefile-premium"}}}}]`},
		{name: "selector of a node pool", pod: `"nodeSelector": {"agentpool": "gpu"}`},
		{name: "selector of a label of AKS", pod: `"nodeSelector": {"kubernetes.azure.com/mode": "user"}`},
		{name: "selector of a VM size", pod: `"nodeSelector": {"node.kubernetes.io/instance-type": "Standard_NC6s_v3"}`},
		{name: "required affinity", pod: affinity(`{"matchExpressions": [{"key": "agentpool", "operator": "Exists"}]}`)},
		{name: "required affinity in each of two terms", pod: affinity(`{"matchExpressions": [{"key": "agentpool", "operator": "Exists"}]}, {"matchExpressions": [{"key": "kubernetes.azure.com/cluster", "operator": "Exists"}]}`)},
		{name: "terms for two clouds", pod: affinity(`{"matchExpressions": [{"key": "agentpool", "operator": "Exists"}]}, {"matchExpressions": [{"key": "eks.amazonaws.com/nodegroup", "operator": "Exists"}]}`)},
		{name: "a virtual node among others", pod: affinity(`{"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]}, {"matchExpressions": [{"key": "agentpool", "operator": "Exists"}]}`)},
		{name: "the contradiction of two clouds", pod: `"nodeSelector": {"agentpool": "gpu", "eks.amazonaws.com/nodegroup": "gpu"}`},
	}
	for _, configured := range []string{
		"{kubernetes: {cluster: other}, facts: [{namespaces: [serving], set: {workload: web-service}}]}",
		"facts: [{namespaces: [serving], set: {workload: web-service}}, {names: ['*'], set: {target: kubernetes}}]",
	} {
		evaluate := settingsOf(t, configured).object(t)
		for kind, object := range tenant {
			known := lintObject(t, evaluate, tenantObject(object, "", "", ""))
			if !slices.ContainsFunc(known, func(finding string) bool {
				return strings.HasPrefix(finding, "gpu-web-service ") && strings.Contains(finding, "other than AKS")
			}) {
				t.Fatalf("%s: found %q", kind, known)
			}
			for _, claim := range claims {
				t.Run(kind+"/"+claim.name, func(t *testing.T) {
					found := lintObject(t, evaluate, tenantObject(object, claim.pod, claim.toleration, claim.metadata))
					for _, finding := range known {
						if !slices.Contains(found, finding) {
							t.Errorf("there is no %s, only %q", finding, found)
						}
					}
				})
			}
		}
	}
}

// TestNoClaimOfAnotherCloudTakesAFindingAway tries the reverse: a pod on ACI in a cluster that
// the administrator says is AKS.
func TestNoClaimOfAnotherCloudTakesAFindingAway(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn" META}, "spec": {"tolerations": [TOLERATION] POD,
		"containers": [{"name": "a", "image": "b", "resources": {"requests": {"memory": "64Gi"}}}]}}`
	const virtual = `"nodeSelector": {"type": "virtual-kubelet"`
	claims := []struct {
		name, pod, toleration, metadata string
		ofCloud                         bool // it requires a label of another cloud's nodes
	}{
		{"annotation of Alibaba Cloud", virtual + `}`, "", `"annotations": {"k8s.aliyun.com/eci-use-specs": "2-4Gi"}`, false},
		{"label of Alibaba Cloud", virtual + `}`, "", `"labels": {"alibabacloud.com/eci": "true"}`, false},
		{"annotation of Tencent Cloud", virtual + `}`, "", `"annotations": {"eks.tke.cloud.tencent.com/cpu": "2"}`, false},
		{"annotation of Volcano Engine", virtual + `}`, "", `"annotations": {"vke.volcengine.com/burst-to-vci": "enforce"}`, false},
		{"annotation of interLink", virtual + `}`, "", `"annotations": {"slurm-job.vk.io/flags": "-p gpu"}`, false},
		{"toleration of Liqo", virtual + `}`, `{"key": "virtual-node.liqo.io/not-allowed", "operator": "Exists"}`, "", false},
		{"toleration of Tencent Cloud", virtual + `}`, `{"key": "eks.tke.cloud.tencent.com/eklet", "operator": "Exists"}`, "", false},
		{"selector of Liqo", virtual + `, "liqo.io/type": "virtual-node"}`, "", "", false},
		{"selector of Tencent Cloud", virtual + `, "node.kubernetes.io/instance-type": "eklet"}`, "", "", false},
		{"machine of Google Cloud", virtual + `, "node.kubernetes.io/instance-type": "n2-custom-4-8192"}`, "", "", true},
		{"annotation of Cloud Run", virtual + `}`, "", `"annotations": {"run.googleapis.com/x": "y"}`, false},
		{"toleration of another provider", virtual + `}`, `{"key": "virtual-kubelet.io/provider", "value": "alibabacloud"}`, "", false},
		{"selector of EKS", virtual + `, "eks.amazonaws.com/nodegroup": "a"}`, "", "", true},
		{"selector of GKE", virtual + `, "topology.gke.io/zone": "a"}`, "", "", true},
		{"selector of Oracle Cloud", virtual + `, "oci.oraclecloud.com/fault-domain": "a"}`, "", "", true},
		{"machine of EC2", virtual + `, "node.kubernetes.io/instance-type": "g5.xlarge"}`, "", "", true},
		{"the name of the node and a selector of GKE", `"nodeName": "virtual-node-aci-linux", "nodeSelector": {"cloud.google.com/gke-nodepool": "a"}`, "", "", false},
		{"the name of the node and of a node of EC2", `"nodeName": "virtual-kubelet-linux", "nodeSelector": {"kubernetes.io/hostname": "a.ec2.internal"}`, "", "", false},
	}
	for _, config := range []string{"kubernetes: {cluster: aks}", "kubernetes: {cluster: other}", ""} {
		evaluate := settingsOf(t, config).object(t)
		for _, claim := range claims {
			if claim.ofCloud && config != "kubernetes: {cluster: aks}" {
				continue // virtual nodes of Azure do not have that label
			}
			found := lintObject(t, evaluate, tenantObject(object, claim.pod, claim.toleration, claim.metadata))
			if !slices.ContainsFunc(found, func(finding string) bool { return strings.HasPrefix(finding, "memory ") }) {
				t.Errorf("%q: %s: found %q", config, claim.name, found)
			}
		}
	}
}

// TestNoTermIsAWayAroundACI tries scheduling terms that let a pod run on a virtual node and are
// meant to hide it.
func TestNoTermIsAWayAroundACI(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"tolerations": [{"operator": "Exists"}] POD,
		"containers": [{"name": "a", "image": "b", "resources": {"requests": {"memory": "64Gi"}}}]}}`
	const (
		virtual = `{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}`
		nowhere = `{"matchExpressions": [{"key": "no-node-has-this", "operator": "Exists"}]}`
	)
	expressions := func(all ...string) string { return `{"matchExpressions": [` + strings.Join(all, ", ") + `]}` }
	tests := []struct {
		name, pod string
		want      string // the message has it; empty for no finding
	}{
		{"a value that no node has", affinity(expressions(`{"key": "type", "operator": "In", "values": ["virtual-kubelet", "zz"]}`)), "may run on Azure Container Instances: "},
		{"a term that no node meets", affinity(expressions(virtual) + ", " + nowhere), "may run on Azure Container Instances: "},
		{"a term that no node meets, before", affinity(nowhere + ", " + expressions(virtual)), "may run on Azure Container Instances: "},
		{"an operating system that does not exist", affinity(expressions(virtual) + ", " + expressions(`{"key": "kubernetes.io/os", "operator": "In", "values": ["plan9"]}`)), "may run on Azure Container Instances: "},
		{"the hostname beside another", affinity(expressions(`{"key": "kubernetes.io/hostname", "operator": "In", "values": ["virtual-node-aci-linux", "zz"]}`)), "may run on Azure Container Instances: "},
		{"the name as a field", affinity(`{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["virtual-node-aci-linux"]}]}, ` + nowhere), "may run on Azure Container Instances: "},
		{"a node pool in another term", affinity(expressions(virtual) + ", " + expressions(`{"key": "agentpool", "operator": "Exists"}`)), "may run on Azure Container Instances: "},
		{"another cloud in another term", affinity(expressions(virtual) + ", " + expressions(`{"key": "eks.amazonaws.com/nodegroup", "operator": "Exists"}`)), "may run on Azure Container Instances: "},
		{"another cloud in the same term", affinity(expressions(virtual, `{"key": "eks.amazonaws.com/nodegroup", "operator": "Exists"}`) + ", " + nowhere), "may run on Azure Container Instances: "},
		{"the second generation", affinity(expressions(`{"key": "virtualization", "operator": "In", "values": ["virtualnode2", "zz"]}`)), "may run on Azure Container Instances: "},
		{"a selector that a term repeats", `"nodeSelector": {"type": "virtual-kubelet"}, ` + affinity(expressions(virtual)+", "+nowhere), "churn "},
		{"a contradiction beside it", affinity(expressions(virtual) + ", " + expressions(`{"key": "a", "operator": "Exists"}`, `{"key": "a", "operator": "DoesNotExist"}`)), "churn "},
		{"a contradiction of the selector beside it", `"nodeSelector": {"a": "b"}, ` + affinity(expressions(virtual)+", "+expressions(`{"key": "a", "operator": "DoesNotExist"}`)), "churn "},
		{"a label that virtual nodes have", affinity(expressions(virtual, `{"key": "kubernetes.azure.com/role", "operator": "In", "values": ["agent"]}`) + ", " + nowhere), "may run on Azure Container Instances: "},

		{"labels that virtual nodes have, in the selector", `"nodeSelector": {"type": "virtual-kubelet", "kubernetes.azure.com/role": "agent", "kubernetes.azure.com/managed": "false", "kubernetes.io/role": "agent"}`, "churn "},
		{"the cluster's label in the selector", `"nodeSelector": {"type": "virtual-kubelet", "kubernetes.azure.com/cluster": "a"}`, "churn "},
		{"a node pool that must not be", affinity(expressions(virtual, `{"key": "agentpool", "operator": "DoesNotExist"}`)), "churn "},
		{"a node pool that must be another", affinity(expressions(virtual, `{"key": "agentpool", "operator": "NotIn", "values": ["gpu"]}`)), "churn "},
		{"a node pool in another term of two virtual ones", affinity(expressions(virtual, `{"key": "agentpool", "operator": "Exists"}`) + ", " + expressions(virtual)), "may run on Azure Container Instances: "},
		{"the node's name and a node pool", `"nodeName": "virtual-node-aci-linux", "nodeSelector": {"agentpool": "gpu"}`, "churn "},
		{"a size of no VM", `"nodeSelector": {"type": "virtual-kubelet", "node.kubernetes.io/instance-type": "virtual-kubelet"}`, "churn "},

		{"a node pool in the selector alone", `"nodeSelector": {"type": "virtual-kubelet", "agentpool": "gpu"}`, ""},
		{"a node pool beside the name", `"nodeSelector": {"kubernetes.io/hostname": "virtual-node-aci-linux", "kubernetes.azure.com/mode": "user"}`, ""},
		{"a node pool beside the second generation", `"nodeSelector": {"virtualization": "virtualnode2", "kubernetes.azure.com/agentpool": "gpu"}`, ""},
		{"a VM size beside it", `"nodeSelector": {"type": "virtual-kubelet", "beta.kubernetes.io/instance-type": "Standard_NC6s_v3"}`, ""},
		{"a node pool in the only term", affinity(expressions(virtual, `{"key": "agentpool", "operator": "Gt", "values": ["0"]}`)), ""},
		{"a node pool beside the field", affinity(`{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["virtual-node-aci-linux"]}], "matchExpressions": [{"key": "karpenter.azure.com/sku-family", "operator": "Exists"}]}`), ""},
		{"a node pool in the same term", affinity(expressions(virtual, `{"key": "agentpool", "operator": "Exists"}`) + ", " + nowhere), ""},
		{"a node pool in the selector", `"nodeSelector": {"agentpool": "gpu"}, ` + affinity(expressions(virtual)+", "+nowhere), ""},
		{"no virtual node", affinity(expressions(`{"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}`)), ""},
		{"a virtual node and no virtual node", affinity(expressions(virtual, `{"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}`) + ", " + nowhere), ""},
		{"a label that may be anything", affinity(expressions(`{"key": "type", "operator": "Exists"}`)), ""},
	}
	for _, admission := range []bool{true, false} {
		settings := settingsOf(t, "kubernetes: {cluster: aks}")
		evaluate := settings.file(t)
		if admission {
			evaluate = settings.object(t)
		}
		for _, test := range tests {
			if !admission && strings.HasPrefix(test.name, "another cloud in the same") {
				continue // in a file, the term is of another cloud
			}
			t.Run(test.name, func(t *testing.T) {
				found := lintObject(t, evaluate, tenantObject(object, test.pod, "", ""))
				want := "memory " + test.want
				if test.want == "" && len(found) > 0 || test.want != "" && (len(found) != 1 || !strings.HasPrefix(found[0], want)) {
					t.Errorf("found %q, want %q once", found, want)
				}
			})
		}
	}
}

// A label of AKS says nothing about the nodes of a cluster that the administrator says is not AKS.
func TestNoNodePoolOfAnotherClusterIsAWayAroundACI(t *testing.T) {
	object := tenantObject(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"tolerations": [] POD,
		"containers": [{"name": "a", "image": "b", "resources": {"requests": {"memory": "64Gi"}}}]}}`,
		`"nodeSelector": {"type": "virtual-kubelet", "agentpool": "gpu"}`, "", "")
	for config, want := range map[string]int{"kubernetes: {cluster: other}": 1, "kubernetes: {cluster: aks}": 0, "": 0} {
		found := lintObject(t, settingsOf(t, config).object(t), object)
		if len(found) != want || want == 1 && !strings.HasPrefix(found[0], "memory churn ") {
			t.Errorf("%q: found %q, want %d", config, found, want)
		}
	}
}

// Of a target on which a deployment may run, errors alone are reported, each once.
func TestMayRunReportsErrorsOnce(t *testing.T) {
	object := tenantObject(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations":
		{"mlpolicy.dev/workload": "web-service", "mlpolicy.dev/stage": "production", "mlpolicy.dev/model-size": "2GB", "mlpolicy.dev/designer": "true"}},
		"spec": {"hostNetwork": false POD, "containers": [{"name": "a", "image": "b", "resources": {"requests": {"memory": "64Gi"}, "limits": {"nvidia.com/gpu": 1}}}]}}`,
		affinity(`{"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet", "gpu"]}]}`), "", "")
	settings := settingsOf(t, "kubernetes: {cluster: aks}")
	for name, evaluate := range map[string]evaluator{"object": settings.object(t), "file": settings.file(t)} {
		var rules []string
		for _, finding := range lintObject(t, evaluate, object) {
			rule, message, _ := strings.Cut(finding, " ")
			if !strings.HasPrefix(message, "may run on Azure Container Instances: churn ") {
				t.Errorf("%s: found %q", name, finding)
			}
			rules = append(rules, rule)
		}
		slices.Sort(rules)
		want := "designer gpu-web-service memory model-size"
		if name == "object" { // without the statement of its workload
			want = "cpu-only " + want
		}
		if got := strings.Join(rules, " "); got != want {
			t.Errorf("%s: found %s, want %s", name, got, want)
		}
	}
}

// What looks like a template, a placeholder or a patch is what it is in an object of a cluster.
func TestObjectIsNoTemplate(t *testing.T) {
	settings := settingsOf(t, "", imagePolicy)
	const deployment = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn"}, "spec": {"template": {"spec": {
		"nodeSelector": {"type": "virtual-kubelet"}, "containers": [%s]}}}}`
	const workspace = `{"apiVersion": "kaito.sh/v1beta1", "kind": "Workspace", "metadata": {"name": "churn"}, "inference": {"template": {"spec": {
		"nodeSelector": {"type": "virtual-kubelet"}, "containers": [%s]}}}}`
	tests := []struct {
		name, object, container string
		want                    string // rule
	}{
		{"a tag with underscores", deployment, `{"name": "a", "image": "docker.io/churn:1__2__3"}`, "image"},
		{"a tag that is a placeholder", deployment, `{"name": "a", "image": "docker.io/churn:__tag__"}`, "image"},
		{"an image in braces", deployment, `{"name": "a", "image": "docker.io/{{ churn }}"}`, "image"},
		{"an image from a variable", deployment, `{"name": "a", "image": "docker.io/$(churn)"}`, "image"},
		{"a container that a patch would take away", deployment, `{"name": "a", "$patch": "delete", "resources": {"limits": {"nvidia.com/gpu": 1}}}`, "cpu-only"},
		{"the same where a CRD keeps unknown fields", workspace, `{"name": "a", "$patch": "delete", "resources": {"limits": {"nvidia.com/gpu": 1}}}`, "gpu-web-service"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		object := fmt.Sprintf(test.object, test.container)
		if found := lintObject(t, settings.object(t), object); len(found) != 1 || !strings.HasPrefix(found[0], test.want+" ") {
			t.Errorf("%s: found %q, want %s", test.name, found, test.want)
		}
		if found := lintObject(t, settings.file(t), object); len(found) != 0 {
			t.Errorf("%s: lint found %q in a file", test.name, found)
		}
	}
}

// imagePolicy is an organisation's rule on images.
var imagePolicy = policy.Folder{Name: "own", FS: fstest.MapFS{"image/image.rego": {Data: []byte(`# METADATA
# title: Image of another registry
# description: Images come from our registry.
# custom:
#   severity: error
#   remediation: Take an image of our registry.
package mlpolicy.rules.image

deny contains {"path": ["deployments", i, "images", j], "message": image} if {
	some i, deployment in input.deployments
	some j, image in deployment.images
	startswith(image, "docker.io/")
}
`)}}}

// An object of many parts that states everything of itself is an error, and no work
// without end.
func TestTooManyVariantsAreAnError(t *testing.T) {
	var groups []string
	for i := range 100 {
		groups = append(groups, fmt.Sprintf(`{"groupName": "g%d", "template": {"spec": {"containers": [{"image": "a"}]}}}`, i))
	}
	object := `{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "training",
		"mlpolicy.dev/stage": "development", "mlpolicy.dev/target": "aks", "mlpolicy.dev/designer": "false"}}, "spec": {"workerGroupSpecs": [` + strings.Join(groups, ",") + `]}}`
	found := lintObject(t, settingsOf(t, "").object(t), object)
	if len(found) != 1 || !strings.HasPrefix(found[0], "syntax cannot evaluate the object: 100 parts with 4 untrusted statements") {
		t.Errorf("found %q", found)
	}
	if found := lintObject(t, settingsOf(t, "").file(t), object); len(found) != 0 {
		t.Errorf("lint found %q", found)
	}
}

func TestObjectWithoutANamespaceIsInThatOfTheRequest(t *testing.T) {
	settings := settingsOf(t, `{rules: {production-target: error}, stages: {production: [{namespaces: [prod]}]}}`)
	object := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "web-service"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"image": "a"}]}}`
	for namespace, want := range map[string]int{"": 0, "prod": 1, "dev": 0} {
		if found := lintObject(t, settings.objectIn(t, namespace), object); len(found) != want {
			t.Errorf("in %q: %q", namespace, found)
		}
	}
	if found := lintObject(t, settings.objectIn(t, "prod"), strings.Replace(object, `"name"`, `"namespace": "dev", "name"`, 1)); len(found) != 0 {
		t.Errorf("the object's own namespace: %q", found)
	}
}

// What panics inside is the caller's to catch: a server lives on.
func TestAdmissionPanicsInTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nothing to catch")
		}
	}()
	evaluate := settingsOf(t, "").object(t)
	broken := lint.Input{Name: "object", Read: func([]byte) ([]byte, error) { panic("broken") }}
	_, _ = evaluate(context.Background(), broken)
}
