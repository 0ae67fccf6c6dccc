package lint_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// resultOf lints files by a configuration, all of their folder.
func resultOf(t testing.TB, configuration string, files fstest.MapFS) *lint.Result {
	t.Helper()
	parsed, err := config.Parse([]byte(configuration), config.Origin{Name: config.FileName, Folder: "/project", WorkingDir: "/project"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	options := lint.Options{Clock: stoppedAt(t, newYear), Complete: func(string) bool { return true }}
	result, err := linterOf(t, policytest.Builtin(t), parsed, options).Lint(t.Context(), files, inputsOf(files, names...))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func ofFindings(findings []lint.Finding) []string {
	var lines []string
	for _, finding := range findings {
		lines = append(lines, fmt.Sprintf("%s %s", finding.Rule, finding.Message))
	}
	return lines
}

// fixAll returns the fixed files, and fails if what remains is not what the result says, or if a second run fixes
// something.
func fixAll(t *testing.T, configuration string, files fstest.MapFS) map[string]string {
	t.Helper()
	result := resultOf(t, configuration, files)
	fixes, err := result.Fix(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	remaining, err := result.WithFixes(t.Context(), fixes)
	if err != nil {
		t.Fatal(err)
	}
	fixed, count := fstest.MapFS{}, 0
	for name, file := range files {
		fixed[name] = file
	}
	texts := map[string]string{}
	for _, file := range fixes {
		if !bytes.Equal(file.Before, files[file.Name].Data) {
			t.Errorf("%s was %q, not %q", file.Name, files[file.Name].Data, file.Before)
		}
		fixed[file.Name] = &fstest.MapFile{Data: file.After}
		texts[file.Name] = string(file.After)
		count += file.Findings
	}
	again := resultOf(t, configuration, fixed)
	if got, want := ofFindings(again.Findings), ofFindings(remaining.Findings); !slices.Equal(got, want) {
		t.Errorf("the fixed files have the findings %q, not %q", got, want)
	}
	if len(again.Waived) != len(result.Waived) {
		t.Errorf("%d findings are waived, not %d", len(again.Waived), len(result.Waived))
	}
	if more, err := again.Fix(t.Context()); err != nil || len(more) > 0 {
		t.Errorf("a second run fixes %d files (%v)", len(more), err)
	}
	if (count > 0) != (len(fixes) > 0) {
		t.Errorf("%d findings are fixed in %d files", count, len(fixes))
	}
	return texts
}

// A file with the text from becomes the text to, in any encoding and with any line breaks. It stays as it is if to is
// empty.
func TestFix(t *testing.T) {
	const head = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec:\n  target: aci\n  workload: web-service\n"
	const pod = `apiVersion: v1
kind: Pod
metadata:
  name: churn
%sspec:
  nodeSelector: {type: virtual-kubelet}
  containers:
  - {name: main, image: example.com/churn, resources: {limits: {memory: %s}}}
`
	const reason = `reason="old model"`
	variants := map[string]func(string) string{
		"lf.yaml":    func(text string) string { return text },
		"crlf.yaml":  func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
		"mark.yaml":  func(text string) string { return "\uFEFF" + text },
		"utf16.yaml": func(text string) string { return inUTF16(text, binary.LittleEndian) },
		"big.yaml":   func(text string) string { return inUTF16(text, binary.BigEndian) },
		"wide.yaml":  func(text string) string { return strings.ReplaceAll(text, "churn", "模型🚀") },
		"end.yaml":   func(text string) string { return strings.TrimSuffix(text, "\n") },
	}
	for _, test := range []struct {
		name, from, to, configuration string
	}{
		{"an unused waiver on its own line", head + "  # mlpolicy:ignore memory " + reason + "\n  memory: 4Gi\n", head + "  memory: 4Gi\n", ""},
		{"an unused waiver at the end of a line", head + "  memory: 4Gi  # mlpolicy:ignore memory " + reason + "\n", head + "  memory: 4Gi\n", ""},
		{"an unused waiver of the file", "# why\n# mlpolicy:ignore-file memory " + reason + "\n# what\n" + head, "# why\n# what\n" + head, ""},
		{"a used waiver", head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", "", ""},
		{"one unused rule, the last", head + "  memory: 64Gi # mlpolicy:ignore memory,fpga " + reason + "\n", head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", ""},
		{"one unused rule, the first", head + "  memory: 64Gi # mlpolicy:ignore fpga, memory " + reason + "\n", head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", ""},
		{"two unused rules around", head + "  memory: 64Gi # mlpolicy:ignore fpga,memory , designer " + reason + "\n", head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", ""},
		{"two unused rules at the end", head + "  memory: 64Gi # mlpolicy:ignore memory,fpga,designer " + reason + "\n", head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", ""},
		{"all of several rules", head + "  memory: 4Gi # mlpolicy:ignore memory,fpga " + reason + "\n", head + "  memory: 4Gi\n", ""},
		{"an unused rule beside an unknown one", head + "  memory: 4Gi # mlpolicy:ignore memory,memry " + reason + "\n", "", ""},
		{"an unused waiver with a mistake", head + "  memory: 4Gi # mlpolicy:ignore memory\n", "", ""},
		{"an expired waiver", head + "  memory: 64Gi # mlpolicy:ignore memory until=2026-12-31 " + reason + "\n", head + "  memory: 64Gi\n", ""},
		{"an expired waiver that covers nothing", head + "  memory: 4Gi # mlpolicy:ignore memory until=2026-12-31 " + reason + "\n", head + "  memory: 4Gi\n", ""},
		{"a waiver that expires soon", head + "  memory: 64Gi # mlpolicy:ignore memory until=2027-01-02 " + reason + "\n", "", ""},
		{"a waiver that is too long", head + "  memory: 64Gi # mlpolicy:ignore memory until=2029-01-02 " + reason + "\n", "", "waiving: {longest: 30d}\n"},
		{"an annotation among others", fmt.Sprintf(pod, "  annotations:\n    a: b\n    mlpolicy.dev/ignore: 'memory "+reason+"'\n", "4Gi"), fmt.Sprintf(pod, "  annotations:\n    a: b\n", "4Gi"), ""},
		{"the only annotation", fmt.Sprintf(pod, "  annotations:\n    mlpolicy.dev/ignore: 'memory "+reason+"'\n", "4Gi"), fmt.Sprintf(pod, "", "4Gi"), ""},
		{"an annotation with one unused rule", fmt.Sprintf(pod, "  annotations: {mlpolicy.dev/ignore: 'memory,fpga "+reason+"'}\n", "64Gi"), fmt.Sprintf(pod, "  annotations: {mlpolicy.dev/ignore: 'memory "+reason+"'}\n", "64Gi"), ""},
		{"an annotation with a comment", fmt.Sprintf(pod, "  annotations:\n    a: b\n    mlpolicy.dev/ignore: 'memory "+reason+"' # why\n", "4Gi"), "", ""},
		{"an annotation in a block scalar", fmt.Sprintf(pod, "  annotations:\n    mlpolicy.dev/ignore: >-\n      memory\n      "+reason+"\n", "4Gi"), fmt.Sprintf(pod, "", "4Gi"), ""},
		{"a waiver of the configuration", head + "  memory: 4Gi\n", "", "waivers: [{paths: ['*.yaml'], waive: 'memory " + reason + "'}]\n"},

		{"a contradicted annotation", fmt.Sprintf(pod, "  annotations:\n    mlpolicy.dev/target: functions\n", "4Gi"), fmt.Sprintf(pod, "", "4Gi"), ""},
		{"a contradicted annotation among others", fmt.Sprintf(pod, "  annotations: {mlpolicy.dev/target: functions, mlpolicy.dev/stage: development}\n", "4Gi"), fmt.Sprintf(pod, "  annotations: {mlpolicy.dev/stage: development}\n", "4Gi"), ""},
		{"a contradicted label", fmt.Sprintf(pod, "  labels: {mlpolicy.dev/target: functions, a: b}\n", "4Gi"), "", ""},
		{"a declaration that is true", fmt.Sprintf(pod, "  annotations: {mlpolicy.dev/target: aci}\n", "4Gi"), "", ""},

		{"two equal keys", head + "  memory: 8Gi\n  memory: 4Gi\n", head + "  memory: 4Gi\n", ""},
		{"three equal keys", head + "  memory: 8Gi\n  cpu_cores: 1\n  memory: 16Gi\n  # four\n  memory: 4Gi\n", head + "  cpu_cores: 1\n  # four\n  memory: 4Gi\n", ""},
		{"equal keys in braces", head + "  compute: {nodes: 1, name: x, nodes: 2}\n", head + "  compute: {name: x, nodes: 2}\n", ""},
		{"an equal key with a comment", head + "  memory: 8Gi # eight\n  memory: 4Gi\n", "", ""},
		{"an equal key with a placeholder", head + "  memory: ${MEMORY}\n  memory: 4Gi\n", "", ""},
		{"an equal key with an anchor in use", head + "  labels: &l {a: b}\n  labels: *l\n", "", ""},
		{"equal keys beside a syntax error", head + "  memory: 8Gi\n  memory: lots\n", head + "  memory: lots\n", ""},
		{"equal keys in a file that cannot be parsed as a whole", head + "  memory: 8Gi\n  memory: 4Gi\n---\n" + head + " [\n", "", ""},

		{"an unused waiver behind an equal key", head + "  memory: 8Gi\n  memory: 4Gi # mlpolicy:ignore memory " + reason + "\n", head + "  memory: 4Gi\n", ""},
		{"everything at once", "# mlpolicy:ignore-file fpga " + reason + "\n" + head + "  memory: 8Gi\n  memory: 64Gi # mlpolicy:ignore memory,designer " + reason + "\n",
			head + "  memory: 64Gi # mlpolicy:ignore memory " + reason + "\n", ""},
		{"a template", head + "  labels: {a: '{{ x }}'}\n  memory: 4Gi # mlpolicy:ignore memory " + reason + "\n", "", ""},
		{"an expression of a pipeline", head + "  labels: {a: '${{ x }}'}\n  memory: 4Gi # mlpolicy:ignore memory " + reason + "\n", head + "  labels: {a: '${{ x }}'}\n  memory: 4Gi\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, of := range variants {
				files[name] = &fstest.MapFile{Data: []byte(of(test.from))}
			}
			fixed := fixAll(t, test.configuration, files)
			for name, of := range variants {
				want := of(test.to)
				if test.to == "" {
					want = ""
				}
				if got := fixed[name]; got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func inUTF16(text string, order binary.AppendByteOrder) string {
	var data []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		data = order.AppendUint16(data, unit)
	}
	return string(data)
}

// A waiver beside an unknown rule cannot be removed. That it cannot must not take an evaluation for each.
func TestFixOfManyWaivers(t *testing.T) {
	var text strings.Builder
	for i := range 400 {
		rules := "memory"
		if i%2 == 0 {
			rules = "memory,memry"
		}
		fmt.Fprintf(&text, "---\napiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: d%d}\nspec: {target: aks} # mlpolicy:ignore %s reason=\"old model\"\n", i, rules)
	}
	fixed := fixAll(t, "", fstest.MapFS{"deploy.yaml": {Data: []byte(text.String())}})
	if left := strings.Count(fixed["deploy.yaml"], "mlpolicy:ignore"); left != 200 {
		t.Errorf("%d waivers are left", left)
	}
}

// A removal that would change what another file reads from this one is left out, and the others are made.
func TestFixKeepsWhatItCannotProve(t *testing.T) {
	const doc = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: %s}\nspec: {target: aci, workload: web-service, memory: 4Gi}%s\n"
	files := fstest.MapFS{}
	for i := range 20 {
		text := fmt.Sprintf(doc, fmt.Sprint("d", i), ` # mlpolicy:ignore memory reason="old model"`)
		if i%5 == 0 {
			text = fmt.Sprintf(doc, fmt.Sprint("d", i), ` # mlpolicy:ignore memory,memry reason="old model"`)
		}
		files[fmt.Sprintf("%02d.yaml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	fixed := fixAll(t, "", files)
	if len(fixed) != 16 {
		t.Errorf("%d files are fixed", len(fixed))
	}
	for name, text := range fixed {
		if strings.Contains(text, "mlpolicy:ignore") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
