package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// compatibility has a folder for each release with what docs/compatibility.md promises to keep: interface.txt, and the
// findings in a project of its time.
const compatibility = "../../testdata/compatibility"

var release = regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+) \(\d{4}-\d{2}-\d{2}\)$`)

// TestCompatibility checks that mlpolicy has what the releases since the last major one had. For a new release in
// CHANGELOG.md, -update writes its folder; it never changes that of an older one.
func TestCompatibility(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	releases := release.FindAllSubmatch(changelog, -1)
	if len(releases) == 0 {
		t.Fatal("CHANGELOG.md has no release")
	}
	var project string
	for i := range releases {
		version := string(releases[len(releases)-1-i][1]) // the oldest first
		folder := filepath.Join(compatibility, version)
		if found := filepath.Join(folder, "project"); isFolder(found) {
			project = found
		}
		keeps(t, version, filepath.Join(folder, "interface.txt"), interfaceLines(t))
		keeps(t, version, filepath.Join(folder, "findings.txt"), findingLines(t, project))
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// keeps checks that each line of a file is among got. If there is no such file, -update writes it.
func keeps(t *testing.T, version, file string, got []string) {
	t.Helper()
	frozen, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && golden.Update() {
		golden.Check(t, file, strings.Join(got, "\n")+"\n")
		return
	}
	if err != nil || len(frozen) == 0 {
		t.Fatalf("%s: %v", file, err)
	}
	has := map[string]bool{}
	for _, line := range got {
		has[line] = true
	}
	for line := range strings.Lines(string(frozen)) {
		if line = strings.TrimSuffix(line, "\n"); !has[line] {
			t.Errorf("release %s has, and docs/compatibility.md promises to keep: %s", version, line)
		}
	}
}

// interfaceLines describes the interface of the command, a sorted line for each part of it.
func interfaceLines(t *testing.T) []string {
	t.Helper()
	lines := []string{
		fmt.Sprintf("exit code %d: no findings", exitClean), fmt.Sprintf("exit code %d: findings", exitFindings),
		fmt.Sprintf("exit code %d: wrong usage", exitUsage), fmt.Sprintf("exit code %d: incomplete", exitFailure),
		fmt.Sprintf("exit code %d: interrupted", exitInterrupted),
	}
	for _, format := range report.ForFindings().Names() {
		lines = append(lines, "command lint --format "+format)
	}
	for line := range strings.Lines(output(t, "rules")) {
		if id := strings.Fields(line)[0]; id != "RULE" {
			lines = append(lines, "rule "+id)
		}
	}
	for _, command := range (&program{builtin: builtin}).app().Commands {
		if command.Hidden {
			continue
		}
		for _, one := range append([]*cli.Command{command}, command.Subcommands...) {
			name := "command " + command.Name
			if one != command {
				name += " " + one.Name
			}
			lines = append(lines, name)
			for _, flag := range one.Flags {
				for _, spelled := range flag.Names() {
					lines = append(lines, name+" --"+spelled)
				}
			}
		}
	}
	for _, name := range schemaNames() {
		var schema map[string]any
		if err := json.Unmarshal([]byte(output(t, "schema", name)), &schema); err != nil {
			t.Fatal(err)
		}
		// Readers of an output depend on what is there, writers of an input on what may be left out.
		lines = append(lines, schemaLines("document "+name, schema, schema, name == "lint" || name == "facts", nil)...)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// schemaLines describes what a JSON Schema says of the values at a path.
func schemaLines(path string, schema, document map[string]any, isOutput bool, within []string) []string {
	var lines []string
	each := func(path string, value any) {
		if child, ok := value.(map[string]any); ok {
			lines = append(lines, schemaLines(path, child, document, isOutput, within)...)
		}
	}
	if reference, ok := schema["$ref"].(string); ok {
		if slices.Contains(within, reference) {
			return nil
		}
		within = append(slices.Clip(within), reference)
		var target any = document
		for _, key := range strings.Split(strings.TrimPrefix(reference, "#/"), "/") {
			object, _ := target.(map[string]any)
			target = object[key]
		}
		each(path, target)
	}
	switch kind := schema["type"].(type) {
	case string:
		lines = append(lines, path+" is "+kind)
	case []any:
		for _, one := range kind {
			lines = append(lines, fmt.Sprint(path, " is ", one))
		}
	}
	values, _ := schema["enum"].([]any)
	if constant, ok := schema["const"]; ok {
		values = append(values, constant)
	}
	for _, value := range values {
		lines = append(lines, fmt.Sprintf("%s may be %v", path, value))
	}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for name, property := range properties {
		if slices.Contains(required, any(name)) == isOutput {
			lines = append(lines, fmt.Sprintf("%s.%s is %s", path, name, map[bool]string{true: "always there", false: "optional"}[isOutput]))
		}
		each(path+"."+name, property)
	}
	each(path+".*", schema["additionalProperties"])
	each(path+"[]", schema["items"])
	for _, name := range []string{"anyOf", "oneOf", "allOf"} {
		list, _ := schema[name].([]any)
		for _, one := range list {
			each(path, one)
		}
	}
	return lines
}

// findingLines describes the findings in a project, which has waivers of every kind and a baseline.
func findingLines(t *testing.T, project string) []string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	withoutHost(t)
	t.Chdir(dir)
	defer t.Chdir(here)
	var stdout, stderr bytes.Buffer
	args := []string{"mlpolicy", "lint", "--format", "json", "--show-waived", "--show-baseline", "--as-of", "2026-12-01"}
	if code := runLoaded(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != exitFindings || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var document struct {
		Findings []struct {
			Rule, Severity, File, Deployment, Field, Fingerprint string
			Line                                                 int
			Waived                                               *struct{ Reason, Until, Owner, Ticket string }
			Baseline                                             any
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	var lines []string
	waived, baselined := 0, 0
	for _, finding := range document.Findings {
		line := fmt.Sprintf("%s %s %s:%d %s %s %s", finding.Severity, finding.Rule, finding.File, finding.Line, finding.Deployment, finding.Field, finding.Fingerprint)
		if finding.Waived != nil {
			waived++
			line += fmt.Sprintf(" waived %+v", *finding.Waived)
		}
		if finding.Baseline == true {
			baselined++
			line += " baseline"
		}
		lines = append(lines, line)
	}
	if waived == 0 || baselined == 0 || waived+baselined == len(lines) {
		t.Errorf("%s has %d findings, %d waived and %d in the baseline; it must have all three kinds", project, len(lines), waived, baselined)
	}
	slices.Sort(lines)
	return lines
}
