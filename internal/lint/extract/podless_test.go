package extract

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// podSpec gives an object of apps/v1 what a Deployment needs to be read.
const podSpec = "spec: {template: {spec: {containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n"

func TestPodless(t *testing.T) {
	for name, text := range map[string]string{
		"a ConfigMap with a manifest":    "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  pod.yaml: |\n    apiVersion: v1\n    kind: Pod\n    spec: {containers: []}\n",
		"the other order, with comments": "# Source: chart/templates/secret.yaml\n\n  # indented\nkind: Secret\n# between\n  # and indented\napiVersion: v1\n\n# behind\ntype: Opaque\nstringData: {a: |\n- b}\n",
		"without metadata":               "apiVersion: v1\nkind: ServiceAccount",
		"CR LF":                          "---\r\napiVersion: v1\r\nkind: ConfigMap\r\n\r\ndata:\r\n  a: Deployment\r\n",
		"lists at the margin":            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules:\n- apiGroups: [apps]\n  resources: [deployments]\n-\n  verbs: [get]\n",
		"a definition with pods":         "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  names: {kind: Deployment}\n  containers: \"^[a-z]\\\\.\"\nstatus:\n  conditions: []\n",
		"a Service":                      "apiVersion: v1\nkind: Service\nmetadata: {name: Deployment}\nspec: {selector: {template: a}}\n",
		"a disruption budget":            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: containers}\nspec: {selector: {}}\n",
		"a broken one":                   "apiVersion: v1\nkind: ConfigMap\ndata: [\n",
		"a kind of a group without pods": "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a}\nspec: {selector: {}}\n",
	} {
		if !IsPodless(text) {
			t.Errorf("%s must be parsed:\n%s", name, text)
		}
	}
}

// hidden are documents that look like those without pods and are not, or may be other ones.
var hidden = map[string]string{
	"a blank before the colon":            "apiVersion: apps/v1\nkind : Deployment\nmetadata: {name: x, annotations: {a: b,\nkind: ConfigMap,\nc: d}}\n" + podSpec,
	"inside brackets":                     "metadata: {name: x, annotations: {a: b,\napiVersion: v1,\nkind: ConfigMap,\nc: d}}\napiVersion: apps/v1\nkind: Deployment\n" + podSpec,
	"inside a quoted scalar":              "metadata:\n  name: \"\nkind: ConfigMap\n\n  x\"\napiVersion: apps/v1\nkind: Deployment\n" + podSpec,
	"inside a plain scalar in brackets":   "metadata: {name: a\nkind: ConfigMap}\napiVersion: apps/v1\nkind: Deployment\n" + podSpec,
	"behind a line separator":             "apiVersion: apps/v1\nkind: ConfigMap\nmetadata: {name: x}\nstatus: 1\u2028kind: Deployment\n" + podSpec,
	"behind a paragraph separator":        "apiVersion: apps/v1\nkind: ConfigMap\nstatus: 1\u2029kind: Deployment\n" + podSpec,
	"behind a next line":                  "apiVersion: apps/v1\nkind: ConfigMap\nstatus: 1\u0085kind: Deployment\n" + podSpec,
	"behind a carriage return":            "apiVersion: apps/v1\nkind: ConfigMap\nstatus: 1\rkind: Deployment\n" + podSpec,
	"a duplicate":                         "apiVersion: apps/v1\nkind: ConfigMap\nkind: Deployment\n" + podSpec,
	"a duplicate below":                   "apiVersion: apps/v1\nkind: ConfigMap\n" + podSpec + "kind: Deployment\n",
	"a duplicate version":                 "apiVersion: v1\nkind: Deployment\napiVersion: apps/v1\n" + podSpec,
	"a quoted duplicate":                  "apiVersion: apps/v1\nkind: ConfigMap\n\"kind\": Deployment\n" + podSpec,
	"an escaped duplicate":                "apiVersion: apps/v1\nkind: ConfigMap\n\"k\\x69nd\": Deployment\n" + podSpec,
	"a duplicate in single quotes":        "apiVersion: apps/v1\nkind: ConfigMap\n'kind': Deployment\n" + podSpec,
	"an explicit duplicate":               "apiVersion: apps/v1\nkind: ConfigMap\n? kind\n: Deployment\n" + podSpec,
	"an explicit duplicate on more lines": "apiVersion: apps/v1\nkind: ConfigMap\n?\n  kind\n: Deployment\n" + podSpec,
	"a tagged duplicate":                  "apiVersion: apps/v1\nkind: ConfigMap\n!!str kind: Deployment\n" + podSpec,
	"an anchored duplicate":               "apiVersion: apps/v1\nkind: ConfigMap\n&a kind: Deployment\n" + podSpec,
	"an aliased duplicate":                "apiVersion: apps/v1\nkind: ConfigMap\nmetadata: {name: &a kind}\n*a : Deployment\n" + podSpec,
	"a continued kind":                    "apiVersion: v1\nkind: Config\n  Map\n",
	"a continued kind behind a comment":   "apiVersion: v1\nkind: ConfigMap\n\n  Map\n",
	"a continued version":                 "kind: ConfigMap\napiVersion: v\n  1\n",
	"an indented root":                    "  apiVersion: apps/v1\n  kind: Deployment\n  " + podSpec,
	"something before the kind":           "  x: y\napiVersion: v1\nkind: ConfigMap\n",
	"a kind with a comment":               "apiVersion: v1\nkind: ConfigMap # of Deployment\n",
	"a quoted kind":                       "apiVersion: v1\nkind: \"ConfigMap\"\n",
	"an anchored kind":                    "apiVersion: v1\nkind: &a ConfigMap\n",
	"a tagged kind":                       "apiVersion: v1\nkind: !!str ConfigMap\n",
	"a kind in a block":                   "apiVersion: v1\nkind: |-\n  ConfigMap\n",
	"a text on the first line":            "--- {apiVersion: apps/v1, kind: Deployment, spec: {}}\nkind: ConfigMap\n",
	"a comment on the first line":         "--- # a\napiVersion: v1\nkind: ConfigMap\n",
	"an end":                              "apiVersion: v1\nkind: ConfigMap\n...\n",
	"a directive":                         "%YAML 1.1\n---\napiVersion: v1\nkind: ConfigMap\n",
	"a template":                          "apiVersion: v1\n{{- if .a }}\nkind: ConfigMap\n{{- else }}\nkind: Pod\n{{- end }}\n",
	"a tab":                               "apiVersion: v1\nkind: ConfigMap\n\tx: y\n",
	"metadata first":                      "metadata: {name: a}\napiVersion: v1\nkind: ConfigMap\n",
	"a list":                              "- apiVersion: v1\n  kind: ConfigMap\n",
	"no kind":                             "apiVersion: v1\nmetadata: {}\n",
	"no version":                          "kind: ConfigMap\n",
	"nothing":                             "---\n",
	"no colon":                            "apiVersion: v1\nkind: ConfigMap\nx\n",
	"no blank behind the colon":           "apiVersion: v1\nkind: ConfigMap\nmetadata:x\n",
	"a key of another format":             "apiVersion: v1\nkind: ConfigMap\ndependencies: [python]\n",
	"a spec that it cannot have":          "apiVersion: v1\nkind: ConfigMap\nspec: {template: {spec: {containers: [{image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
	"a Service with a pod":                "apiVersion: v1\nkind: Service\nspec: {template: {spec: {containers: [{image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
	"a Service with an escaped pod":       "apiVersion: v1\nkind: Service\nspec: {template: {spec: {\"container\\x73\": [{image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
	"a Service with an object":            "apiVersion: v1\nkind: Service\nspec: {a: {apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, spec: {predictor: {model: {}}}}}\n",
	"a kind of others with a pod":         "apiVersion: example.com/v1\nkind: Server\n" + podSpec,
	"a list of others":                    "apiVersion: example.com/v1\nkind: ServerList\nitems: []\n",
	"a kind that a format reads":          "apiVersion: apps/v1\nkind: Deployment\nspec: 5\n",
	"one in another version":              "apiVersion: serving.kserve.io/v9\nkind: ServingRuntime\nspec: {}\n",
	"a pod behind a tag":                  "apiVersion: example.com/v1\nkind: Widget\nspec:\n  nodeSelector: {type: virtual-kubelet}\n  ? !!binary Y29udGFpbmVycw==\n  : - {image: x, resources: {limits: {nvidia.com/gpu: 1}}}\n",
	"a pod behind an encoded tag":         "apiVersion: example.com/v1\nkind: Widget\nspec:\n  nodeSelector: {type: virtual-kubelet}\n  ? !!b%69nary Y29udGFpbmVycw==\n  : - {image: x, resources: {limits: {nvidia.com/gpu: 1}}}\n",
	"a pod behind an encoded full tag":    "apiVersion: example.com/v1\nkind: Widget\nspec:\n  nodeSelector: {type: virtual-kubelet}\n  ? !<tag:yaml.org,2002:b%69nary> Y29udGFpbmVycw==\n  : - {image: x, resources: {limits: {nvidia.com/gpu: 1}}}\n",
	"an escaped annotation of mlpolicy":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: {\"mlp\\u006flicy.dev/ignore\": cpu-only}}\n",
	"a continued annotation of mlpolicy":  "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations: {\"mlp\\\n    olicy.dev/ignore\": cpu-only}\ndata: {}\n",
	"an aliased annotation of mlpolicy":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: *a}\n",
	"an encoded annotation of mlpolicy":   "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations: {!!b%69nary bWxwb2xpY3kuZGV2L2lnbm9yZQ== : cpu-only}\n",
	"an annotation of mlpolicy":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: {mlpolicy.dev/ignore: cpu-only}}\n",
	"a document of mlpolicy":              "apiVersion: v1\nkind: ConfigMap\nmetadata: mlpolicy.dev/v1\n",
}

func TestNothingHidesADeployment(t *testing.T) {
	for name, text := range hidden {
		if IsPodless(text) {
			t.Errorf("%s is not parsed:\n%s", name, text)
		}
		checkSkip(t, text)
		checkSkip(t, "apiVersion: apps/v1\nkind: Deployment\n"+podSpec+"---\n"+strings.TrimPrefix(text, "---\n"))
	}
}

// checkSkip compares what is read of a stream with and without skipping.
func checkSkip(t *testing.T, stream string) {
	t.Helper()
	read := func(o source.Options) (described string, known bool) {
		file := o.Parse("stream.yaml", []byte(stream))
		extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return describe(extraction), slices.ContainsFunc(file.Documents, func(d *source.Document) bool { return Known(d.Root) })
	}
	want, wantKnown := read(source.Options{})
	got, known := read(source.Options{Skip: IsPodless})
	if got != want || known != wantKnown {
		t.Fatalf("with documents skipped, another result is read of %q: known %t, %t\n%s\nwithout:\n%s", stream, known, wantKnown, got, want)
	}
}

// TestNoFormatReadsPodlessKinds tries the documents of all examples, with their own kind and with others: those that would
// not be parsed must be of no format.
func TestNoFormatReadsPodlessKinds(t *testing.T) {
	kinds := map[string][]string{"monitoring.coreos.com/v1": {"ServiceMonitor"}, "kyverno.io/v1": {"ClusterPolicy"}}
	for _, some := range kube.Podless() {
		version := strings.TrimPrefix(some.Group+"/v1", "/")
		kinds[version] = append(kinds[version], some.Kinds...)
		for _, kind := range some.Kinds {
			if kube.IsKind(some.Group, kind) || slices.Contains(workloadKinds, kind) {
				t.Errorf("%s %s is read", some.Group, kind)
			}
			if !IsPodless("apiVersion: " + version + "\nkind: " + kind + "\n") {
				t.Errorf("%s %s is parsed", version, kind)
			}
		}
	}
	skipped := 0
	check := func(version, kind, rest string) {
		text := "apiVersion: " + version + "\nkind: " + kind + "\n" + rest
		if !IsPodless(text) {
			return
		}
		skipped++
		for _, document := range source.Parse("f.yaml", []byte(text)).Documents {
			if r := readDocument(document.Root, read.Lists{}); r != nil {
				t.Errorf("%s reads:\n%s", r.Format, text)
			}
		}
	}
	for _, document := range exampleDocuments(t) {
		var version, kind string
		var rest strings.Builder
		for i := 0; i < len(document.Content); i += 2 {
			switch key, value := document.Content[i].Value, document.Content[i+1].Value; key {
			case "apiVersion":
				version = value
			case "kind":
				kind = value
			default:
				text, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: document.Content[i : i+2]})
				if err != nil {
					continue // an alias to what is elsewhere
				}
				rest.Write(text)
			}
		}
		check(version, kind, rest.String())
		for version, kinds := range kinds {
			for _, kind := range kinds {
				check(version, kind, rest.String())
			}
		}
	}
	if skipped == 0 {
		t.Error("no document was skipped")
	}
}

// exampleDocuments returns the mappings that are documents of the examples of formats.
func exampleDocuments(t *testing.T) []*yaml.Node {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/formats/*/*")
	if err != nil {
		t.Fatal(err)
	}
	var documents []*yaml.Node
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(strings.NewReader(string(data)))
		for {
			var node yaml.Node
			if decoder.Decode(&node) != nil {
				break
			}
			if len(node.Content) > 0 && node.Content[0].Kind == yaml.MappingNode {
				documents = append(documents, node.Content[0])
			}
		}
	}
	if len(documents) == 0 {
		t.Fatal("no examples")
	}
	return documents
}

// podlessParts are the parts of which streams are built that may hide a deployment.
var podlessParts = []string{
	"---\n", "apiVersion: v1\nkind: ConfigMap\n", "kind: ConfigMap\napiVersion: v1\n", "apiVersion: apps/v1\n", "apiVersion: v1\n",
	"kind: ConfigMap\n", "kind: Service\n", "kind: Deployment\n", "kind : Deployment\n", "kind: List\n", "kind: ServiceList\n", "  kind: Deployment\n",
	"\"kind\": Deployment\n", "'kind': Deployment\n", "? kind\n", "? \"kind\"\n", ": Deployment\n", "!!str kind: Deployment\n", "&a kind: Deployment\n",
	"metadata: &b {kind: Deployment}\n", "<<: *b\n", "metadata: {name: &c kind}\n", "*c : Deployment\n", "kind: Config\n", "  Map\n", "\n", "# a\n", "  # a\n",
	"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\n", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n", "apiVersion: apps/v1\nkind: Deployment\n",
	podSpec, podSpec, "spec:\n  template:\n    spec:\n      containers:\n      - image: a\n        resources: {limits: {nvidia.com/gpu: 1}}\n", "spec: 5\n", "spec: {}\n",
	"spec: {a: {apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{image: a}]}}}}}\n",
	"metadata: {name: x, annotations: {a: b,\n", "kind: ConfigMap,\n", "c: d}}\n", "data: \"\n", " x\"\n", "data: '\n", " x'\n", "data: |\n", "data: >-\n", "data:\n",
	"metadata:\n", "  name: x\n", "metadata: {name: x}\n", "status: 1\u2028kind: Deployment\n", "status: 1\u0085", "status: 1\r", "\r\n", "\t", " ", "- ", "- x\n", "items: []\n", "items:\n",
	"--- {kind: Deployment}\n", "--- # a\n", "...\n", "%YAML 1.1\n", "\ufeff", "[", "]", "{", "}", "\"", "'", "|", ":", ",", "#", "?", "&d ", "*d ", "!!binary ", "!!b%69nary ", "\\\n", "dependencies: [a]\n",
	"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {model: {modelFormat: {name: a}}}}\n", "kind: Deployment\nspec: 5\n",
}

// podlessStream is the stream of the parts that some bytes name.
func podlessStream(parts []byte) string {
	var stream strings.Builder
	for _, part := range parts {
		stream.WriteString(podlessParts[int(part)%len(podlessParts)])
	}
	return stream.String()
}

// FuzzSkip builds streams of documents and compares what is read of them with and without skipping.
func FuzzSkip(f *testing.F) {
	for i := range podlessParts {
		f.Add([]byte{0, 1, byte(i)})
		f.Add([]byte{31, 32, 0, 3, 5, byte(i), 32})
	}
	f.Fuzz(func(t *testing.T, parts []byte) { checkSkip(t, podlessStream(parts)) })
}

// TestSkipOfRandomStreams is FuzzSkip with parts that are more often those of a document in order.
func TestSkipOfRandomStreams(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 13))
	skipped, deployments := 0, 0
	for range 10_000 {
		var parts []byte
		for range 1 + random.IntN(3) {
			parts = append(parts, 0, []byte{1, 2, 31}[random.IntN(3)])
			for range random.IntN(4) {
				parts = append(parts, byte(random.IntN(len(podlessParts))))
			}
		}
		stream := podlessStream(parts)
		checkSkip(t, stream)
		for document := range strings.SplitSeq(stream, "---\n") {
			switch {
			case IsPodless(document):
				skipped++
			case strings.Contains(document, "kind: Deployment"):
				deployments++
			}
		}
	}
	if skipped < 1000 || deployments < 1000 {
		t.Errorf("%d documents were skipped, %d Deployments were not", skipped, deployments)
	}
}
