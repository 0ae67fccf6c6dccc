package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// hostile has texts that a CI host would execute: Azure Pipelines and GitHub Actions anywhere in a
// line, GitHub Actions at the start of a line.
var hostile = []string{
	"##vso[task.setvariable variable=PATH]evil",
	"churn##[add-matcher]evil.json",
	"::add-mask::evil",
	"\r::set-env name=A::evil\u2028::debug::evil",
}

// written is the output of a run of the command.
type written struct {
	code           int
	stdout, stderr string
}

// withoutHost makes the test independent of the host that it runs in.
func withoutHost(t *testing.T) {
	t.Helper()
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	t.Setenv("AGENT_TEMPDIRECTORY", "")
}

// runSafely runs the command and checks that its output has no commands of CI hosts.
func runSafely(t *testing.T, stdin string, args ...string) written {
	t.Helper()
	withoutHost(t)
	var stdout, stderr bytes.Buffer
	code := runLoaded(t.Context(), append([]string{"mlpolicy"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	commands := hosttest.Commands
	switch format := slices.Index(args, "--format") + 1; args[format] {
	case "github":
		commands = func(log string) []string { return hosttest.Foreign(log, hosttest.GitHub, "error", "warning", "notice") }
	case "azure":
		commands = func(log string) []string { return hosttest.Foreign(log, hosttest.Azure, "task.logissue") }
	}
	for _, log := range []string{stdout.String(), stderr.String()} {
		for i, found := range commands(log) {
			if i == 5 {
				t.Errorf("mlpolicy %q: and more", args)
				break
			}
			t.Errorf("mlpolicy %q: %s", args, found)
		}
	}
	return written{code, stdout.String(), stderr.String()}
}

// commandsOnFiles returns the commands that print text of files.
var commandsOnFiles = [][]string{
	{"lint"},
	{"lint", "--explain-skip", "--color", "always", "--edition", "2020-12"},
	{"lint", "--format", "json"},
	{"lint", "--format", "sarif"},
	{"lint", "--format", "junit"},
	{"lint", "--format", "gitlab"},
	{"lint", "--format", "markdown"},
	{"lint", "--format", "github"},
	{"lint", "--format", "azure"},
	{"where", "--color", "always"},
	{"where", "--format", "markdown"},
	{"where", "--format", "json"},
	{"facts"},
	{"facts", "--why"},
}

// TestFilesDoNotCommandCIHosts puts hostile text into positions of examples of every format and
// rule, and into the names of folders and files.
func TestFilesDoNotCommandCIHosts(t *testing.T) {
	step := sweep.Step(t, 15) // odd, since withHostileText returns its variants in pairs
	dir := t.TempDir()
	variants, written := 0, 0
	for _, pattern := range []string{examplesOfRules(t) + "/*/bad.*", "../../testdata/formats/*/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no examples at %s: %v", pattern, err)
		}
		for i, path := range paths {
			if strings.Contains(pattern, "formats") && i%5 > 0 {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				continue // a folder
			}
			for j, variant := range withHostileText(string(text), filepath.Ext(path)) {
				if variants++; variants%step > 0 {
					continue
				}
				folder := filepath.Join(dir, fmt.Sprintf("%s-%d-%d", hostile[i%3], i, j))
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				name := hostile[(i+j)%4] + filepath.Base(path)
				if err := os.WriteFile(filepath.Join(folder, name), []byte(variant), 0o644); err != nil {
					t.Fatal(err)
				}
				written++
			}
		}
	}
	if variants < 1000 || written < variants/step {
		t.Fatalf("%d of %d variants", written, variants)
	}
	t.Chdir(dir)
	for _, command := range commandsOnFiles {
		out := runSafely(t, "", append(command, "--no-link", ".")...)
		least := max(20/step, 1)
		if format := slices.Index(command, "--format") + 1; command[format] == "github" || command[format] == "azure" {
			least = 1 // of each kind ten findings
		}
		if seen := strings.Count(out.stdout, "vso"); out.code == exitUsage || seen < least {
			t.Errorf("%q: exit code %d, %d hostile texts", command, out.code, seen)
		}
	}
}

// token matches a word of YAML or JSON.
var token = regexp.MustCompile(`[A-Za-z0-9_./-]+`)

// withHostileText returns variants of a text. In each, one word is replaced by hostile text or followed
// by it, or a comment is hostile. The words are spread over the text.
func withHostileText(text, extension string) []string {
	const spread = 4
	places := token.FindAllStringIndex(text, -1)
	step := max(len(places)/spread, 1)
	var variants []string
	for i := 0; i < len(places); i += step {
		word := text[places[i][0]:places[i][1]]
		for j, evil := range []string{hostile[i%4], word + hostile[(i+1)%4]} {
			quoted := strings.NewReplacer("\r", `\r`).Replace(evil)
			inQuotes := places[i][0] > 0 && strings.ContainsRune(`"'`, rune(text[places[i][0]-1]))
			if !inQuotes && (extension != ".json" || j > 0) {
				quoted = `"` + quoted + `"`
			}
			variants = append(variants, text[:places[i][0]]+quoted+text[places[i][1]:])
		}
	}
	if extension == ".yaml" {
		variants = append(variants,
			text+"\n# "+hostile[0]+"\n# "+hostile[1]+"\n",
			strings.ReplaceAll(text, "\n", " # "+hostile[0]+"\n"),
			text+"\n: &##[x] [\n",
			"&##vso[a.b] "+text)
	}
	return variants
}

// JSON output and the YAML output of config do not change values.
func TestDocumentsKeepHostileValues(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for i, evil := range hostile {
		name, err := json.Marshal(evil)
		if err != nil {
			t.Fatal(err)
		}
		deployment := fmt.Sprintf(`{"apiVersion": "mlpolicy.dev/v1", "kind": "ModelDeployment", "metadata": {"name": %s}, "spec": {"target": "aci", "gpus": 1, "workload": "web-service"}}`, name)
		var facts struct {
			Deployments []struct{ Name string }
		}
		out := runSafely(t, deployment, "facts", "-")
		if err := json.Unmarshal([]byte(out.stdout), &facts); err != nil || len(facts.Deployments) != 1 || facts.Deployments[0].Name != evil {
			t.Errorf("facts: %v, %q", err, facts.Deployments)
		}
		var lint struct {
			Findings []struct{ Deployment string }
		}
		out = runSafely(t, deployment, "lint", "--format", "json", "-")
		if err := json.Unmarshal([]byte(out.stdout), &lint); err != nil || len(lint.Findings) == 0 || lint.Findings[0].Deployment != evil {
			t.Errorf("lint: %v, %q", err, lint.Findings)
		}

		file := fmt.Sprintf("%d.yaml", i)
		pattern := "a" + evil
		quoted, err := json.Marshal(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("ignore: ["+string(quoted)+"]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		out = runSafely(t, "", "config", "--config", file)
		var config struct{ Ignore []string }
		if err := yaml.Unmarshal([]byte(out.stdout), &config); err != nil || !slices.Equal(config.Ignore, []string{pattern}) {
			t.Errorf("config: %v, %q\n%s%s", err, config.Ignore, out.stdout, out.stderr)
		}
	}
}

// TestCommandLinesDoNotCommandCIHosts passes hostile text as every argument and flag of every
// command.
func TestCommandLinesDoNotCommandCIHosts(t *testing.T) {
	sweep.Long(t)
	t.Chdir(t.TempDir())
	app := (&program{}).app()
	commands := 0
	for _, evil := range hostile {
		runSafely(t, "", evil)
		runSafely(t, "", "--"+evil)
		runSafely(t, "", "help", evil)
		runSafely(t, evil, "lint", "-", "--stdin-name", evil)
		for _, command := range app.Commands {
			commands++
			lines := [][]string{{evil}, {"--" + evil}, {"--help", evil}, {evil, evil}, {evil, "--" + evil + "=" + evil}, {"--", "word=" + evil, evil}, {"word=", "--" + evil}}
			for _, flag := range command.Flags {
				name := "--" + flag.Names()[0]
				lines = append(lines, []string{name + "=" + evil}, []string{name, evil}, []string{name + "=" + evil, evil})
			}
			if command.Name == "webhook" {
				for _, flag := range command.Flags {
					lines = append(lines, []string{"--tls-cert", evil, "--tls-key", evil, "--" + flag.Names()[0], evil})
				}
			}
			for _, line := range lines {
				runSafely(t, "", append([]string{command.Name}, line...)...)
			}
		}
	}
	if commands < 12*len(hostile) {
		t.Fatalf("%d commands", commands)
	}
}

// TestConfigurationsAndPoliciesDoNotCommandCIHosts puts hostile text into configurations and into
// the rules and editions of an organisation.
func TestConfigurationsAndPoliciesDoNotCommandCIHosts(t *testing.T) {
	step := sweep.Step(t, 4)
	seeds, err := filepath.Glob("../../testdata/admission/*.mlpolicy.yaml")
	if err != nil || len(seeds) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	var configurations []string
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			t.Fatal(err)
		}
		configurations = append(configurations, withHostileText(string(text), ".yaml")...)
	}
	edition, err := fs.ReadFile(os.DirFS("../../policies/mlpolicy/editions"), "2020-06/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`(?m)^( *(?:name|title|note): )[^>].*$`)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, evil := range hostile {
		quoted, err := json.Marshal(evil)
		if err != nil {
			t.Fatal(err)
		}
		configurations = append(configurations,
			evil, "["+evil, "edition: "+string(quoted), string(quoted)+": 1", "fail_on: "+string(quoted),
			"rules: {"+string(quoted)+": off}", "rules: {memory: "+string(quoted)+"}", "policies: ["+string(quoted)+"]",
			"ignore: ["+string(quoted)+"]", "models: {"+string(quoted)+": 1GB}", "kubernetes: {cluster: "+string(quoted)+"}",
			"facts: [{paths: ["+string(quoted)+"], set: {workload: "+string(quoted)+"}}]")
	}
	const deployment = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec: {target: aci, gpus: 1, workload: web-service}\n"
	for i, text := range configurations {
		if i%step > 0 {
			continue
		}
		folder := filepath.Join(dir, fmt.Sprintf("%s-%d", hostile[i%3], i))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, ".mlpolicy.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, command := range [][]string{{"config"}, {"lint", "-"}, {"rules"}, {"where", "-"}} {
			runSafely(t, deployment, append(command, "--config", filepath.Join(filepath.Base(folder), ".mlpolicy.yaml"))...)
		}
		t.Chdir(folder)
		runSafely(t, deployment, "lint", "-")
		t.Chdir(dir)
	}

	for i, evil := range hostile {
		folder := fmt.Sprintf("policy-%d", i)
		rule := filepath.Join(folder, "rules", "evil")
		if err := os.MkdirAll(rule, 0o755); err != nil {
			t.Fatal(err)
		}
		quoted, err := json.Marshal(evil)
		if err != nil {
			t.Fatal(err)
		}
		metadata := strings.NewReplacer("EVIL", string(quoted), "RAW", strings.NewReplacer("\r", "", "\u2028", "").Replace(evil)).Replace(`# METADATA
# title: EVIL
# description: |
#   What it is for:
#
#   RAW
# related_resources:
#   - description: EVIL
#     ref: https://example.com/a
# custom:
#   severity: error
#   remediation: EVIL
package mlpolicy.rules.evil

deny contains {"path": ["deployments", i, "target"], "message": concat("\n", [EVIL, EVIL])} if some i, _ in input.deployments
`)
		if err := os.WriteFile(filepath.Join(rule, "evil.rego"), []byte(metadata), 0o644); err != nil {
			t.Fatal(err)
		}
		table := filepath.Join(folder, "editions", "2019-01")
		if err := os.MkdirAll(table, 0o755); err != nil {
			t.Fatal(err)
		}
		data := words.ReplaceAll(edition, append([]byte("${1}"), quoted...))
		if err := os.WriteFile(filepath.Join(table, "data.yaml"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		for j, command := range [][]string{
			{"lint", "-"}, {"lint", "--format", "json", "-"}, {"where", "-"}, {"where", "--format", "markdown", "-"}, {"where", "--format", "json", "-"},
			{"rules"}, {"rules", "--format", "json"}, {"explain", "evil"}, {"explain", "--format", "markdown", "evil"},
			{"targets"}, {"targets", "--edition", "2019-01"}, {"targets", "--edition", "2019-01", "--format", "markdown"}, {"targets", "--edition", "2019-01", "--format", "json"},
			{"targets", "--diff", "2020-06", "2019-01"}, {"targets", "--diff", "--format", "markdown", "2020-06", "2019-01"},
		} {
			if (i+j)%step > 0 {
				continue
			}
			out := runSafely(t, deployment, append(command, "--policy", folder)...)
			if out.code >= exitUsage {
				t.Errorf("%q: exit code %d, the policy was not used: %s", command, out.code, out.stderr)
			}
		}
		broken := filepath.Join(rule, "evil.rego")
		for _, text := range []string{"package mlpolicy.rules.evil\n", metadata + "\n" + evil, strings.Replace(metadata, "severity: error", "severity: "+string(quoted), 1)} {
			if err := os.WriteFile(broken, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			runSafely(t, deployment, "lint", "--policy", folder, "-")
		}
	}
}

// TestServedTextDoesNotCommandCIHosts reviews hostile objects and compares the answers with lint's.
func TestServedTextDoesNotCommandCIHosts(t *testing.T) {
	dir := t.TempDir()
	for i, evil := range hostile {
		quoted, err := json.Marshal(evil)
		if err != nil {
			t.Fatal(err)
		}
		object := strings.ReplaceAll(`{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": EVIL, "namespace": EVIL, "annotations": {"mlpolicy.dev/stage": EVIL, EVIL: EVIL}},
			"spec": {"predictor": {"containers": [{"name": EVIL, "image": EVIL, "resources": {"limits": {"nvidia.com/gpu": "1", "memory": EVIL}}}]}}}`, "EVIL", string(quoted))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s%d.json", hostile[i%3], i)), []byte(object), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	webhook := serve(t, "--cluster", "other", "--log-allowed")
	t.Chdir(dir)
	for _, args := range [][]string{{"--cluster", "other"}, {"--cluster", "aks", "--linked", "--mode", "warn"}, {"--edition", "2020-12"}} {
		out := runSafely(t, "", append([]string{"parity", "--webhook", webhook.url, "--ca", webhook.ca, "."}, args...)...)
		if !strings.Contains(out.stdout, fmt.Sprintf("%d objects compared", len(hostile))) {
			t.Errorf("exit code %d, %s%s", out.code, out.stdout, out.stderr)
		}
	}
	var log strings.Builder
	for range 3 * len(hostile) {
		log.WriteString(<-webhook.log + "\n")
	}
	for _, found := range hosttest.Commands(log.String()) {
		t.Error(found)
	}
	if !strings.Contains(log.String(), `\u0023#`) {
		t.Errorf("the log has nothing hostile: %s", log.String())
	}
}

// FuzzOutput runs commands on a file with any name and content.
func FuzzOutput(f *testing.F) {
	memory := filepath.Join(examplesOfRules(f), "memory")
	for i, path := range []string{memory + "/bad.aci.json", memory + "/bad.aci-group.yaml", "../../testdata/admission/configured.mlpolicy.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for j, variant := range append(withHostileText(string(text), filepath.Ext(path)), string(text)) {
			f.Add(variant, hostile[j%4], uint8(i+j))
		}
	}
	commands := append(slices.Clone(commandsOnFiles), []string{"config"})
	f.Fuzz(func(t *testing.T, content, name string, choice uint8) {
		command := commands[int(choice)%len(commands)]
		if command[0] == "config" {
			file := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			runSafely(t, "", append(command, "--config", file, "--edition="+name)...)
			return
		}
		runSafely(t, content, append(command, "--no-link", "--stdin-name="+name, "-")...)
	})
}

// Help texts have no text that needs to be escaped.
func TestHelpHasNothingToEscape(t *testing.T) {
	for _, command := range append((&program{}).app().Commands, &cli.Command{Name: "help"}) {
		if out := runSafely(t, "", command.Name, "--help"); strings.Contains(out.stdout, `\u`) {
			t.Errorf("%s: %s", command.Name, out.stdout)
		}
	}
}
