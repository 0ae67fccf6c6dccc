package lint_test

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// withoutPods are documents that are not parsed, with the markers of formats in them.
const (
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  note: |\n    # a comment\n    kind: Deployment, containers, spec\n"
	service   = "# Source: chart/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: churn\nspec: {type: ClusterIP}\n"
)

// TestSkippedDocuments compares the findings of streams with documents that need not be parsed, and of the same streams
// parsed as a whole.
func TestSkippedDocuments(t *testing.T) {
	const ignore = `mlpolicy:ignore memory reason="old model"`
	streams := map[string]string{
		"no waivers":                     configMap + "---\n" + manifest + "---\n" + service,
		"a head comment for the next":    "# " + ignore + "\n---\n" + configMap + "---\n" + manifest,
		"a head comment of the file":     "# mlpolicy:ignore-file memory reason=\"old model\"\n---\n" + configMap + "---\n" + manifest,
		"a head comment of a skipped":    "---\n# mlpolicy:ignore-file memory reason=\"old model\"\n" + configMap + "---\n" + manifest,
		"a file comment that is late":    configMap + "---\n# mlpolicy:ignore-file memory reason=\"old model\"\n" + manifest,
		"a comment between":              configMap + "---\n# " + ignore + "\n" + service + "---\n" + manifest,
		"a comment at the end":           configMap + "# " + ignore + "\n---\n" + manifest,
		"a comment in a string":          strings.Replace(configMap, "# a comment", "# "+ignore, 1) + "---\n" + manifest,
		"a waiver of the deployment":     configMap + "---\n" + with("#LINE", "# "+ignore) + "---\n" + service,
		"an annotation":                  strings.Replace(configMap, "{name: a}", "{name: a, annotations: {mlpolicy.dev/ignore: memory}}", 1) + "---\n" + manifest,
		"an unknown annotation":          strings.Replace(configMap, "{name: a}", "{name: a, annotations: {mlpolicy.dev/ignored: memory}}", 1) + "---\n" + manifest,
		"a broken document of a format":  configMap + "---\n" + manifest + "---\n" + manifest + "  a: [\n",
		"a broken document of no format": configMap + "---\nstages: [\n",
		"nothing but skipped ones":       configMap + "---\n" + service,
	}
	for _, e := range examples(t) {
		if path.Ext(e.name) == ".yaml" {
			text, err := fs.ReadFile(e.files, e.name)
			if err != nil {
				t.Fatal(err)
			}
			streams[e.name] = configMap + "---\n" + string(text) + "\n---\n" + service
			streams["first "+e.name] = string(text) + "\n---\n" + service
		}
	}
	for name, text := range streams {
		files := fstest.MapFS{"deploy.yaml": {Data: []byte(text)}, "folder/alone.yaml": {Data: []byte(configMap)}}
		want := waiverRun(t, "", files, lint.Options{Without: lint.Without{lint.DropDocuments}})
		if got := waiverRun(t, "", files, lint.Options{}); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nand parsed as a whole:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestSkippedDocumentsOfLinks checks that linking reads files as the run does: the runtime is between documents that need
// not be parsed.
func TestSkippedDocumentsOfLinks(t *testing.T) {
	files := fstest.MapFS{
		"service.yaml": {Data: []byte("apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\nspec: {predictor: {model: {modelFormat: {name: a}, runtime: gpu}}}\n")},
		"runtime.yaml": {Data: []byte(configMap + "---\n" + "apiVersion: serving.kserve.io/v1alpha1\nkind: ClusterServingRuntime\nmetadata: {name: gpu}\n" +
			"spec: {containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}], nodeSelector: {type: virtual-kubelet}}\n---\n" + service)},
	}
	for name, want := range map[string][]string{"service.yaml": {"service.yaml:4 error gpu-web-service"}, "runtime.yaml": {"runtime.yaml:12 error gpu-web-service"}} {
		for _, without := range []lint.Without{nil, {lint.DropDocuments}} {
			linter := linterOf(t, policytest.Builtin(t), config.Default(), lint.Options{Without: without})
			result := lintFiles(t, linter, files, name)
			var got []string
			for _, finding := range result.Findings {
				got = append(got, fmt.Sprintf("%s:%d %s %s", finding.File.Name, finding.Span.Start.Line, finding.Severity, finding.Rule))
			}
			if !slices.Equal(got, want) {
				t.Errorf("without %s, the findings are %s, want %s", without, got, want)
			}
		}
	}
}

// TestBrokenDocumentThatIsSkipped checks the only difference that skipping makes.
func TestBrokenDocumentThatIsSkipped(t *testing.T) {
	files := file(manifest + "---\n" + configMap + "  broken: [\n")
	deployment := []string{"deploy.yaml:19 error cpu-only", "deploy.yaml:19 error memory"}
	if got := waiverRun(t, "", files, lint.Options{}); !slices.Equal(got, deployment) {
		t.Errorf("findings: %s", got)
	}
	want := append(slices.Clone(deployment), "deploy.yaml:28 error syntax")
	if got := waiverRun(t, "", files, lint.Options{Without: lint.Without{lint.DropDocuments}}); !slices.Equal(got, want) {
		t.Errorf("parsed as a whole: %s, want %s", got, want)
	}
}

// TestFixBesideSkippedDocuments checks that a file is still the same after a fix.
func TestFixBesideSkippedDocuments(t *testing.T) {
	expired := with("#METADATA", `annotations: {mlpolicy.dev/ignore: 'memory until=2026-01-01 reason="old model"', a: b}`)
	for name, text := range map[string]string{
		"an annotation": configMap + "---\n" + expired + "---\n" + service,
		"a comment":     configMap + "---\n" + with("#LINE", `# mlpolicy:ignore memory until=2026-01-01 reason="old model"`) + "---\n" + service,
	} {
		fixed := fixAll(t, "", file(text))
		if strings.Contains(fixed["deploy.yaml"], "2026-01-01") || !strings.HasPrefix(fixed["deploy.yaml"], configMap) {
			t.Errorf("%s: fixed:\n%s", name, fixed["deploy.yaml"])
		}
	}
}
