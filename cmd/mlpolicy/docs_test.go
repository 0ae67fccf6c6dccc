package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// output returns the standard output of mlpolicy in the project's folder.
func output(t *testing.T, args ...string) string {
	t.Helper()
	withoutHost(t)
	t.Chdir("../..")
	var stdout, stderr bytes.Buffer
	code := runLoaded(t.Context(), append([]string{"mlpolicy"}, args...), strings.NewReader(""), &stdout, &stderr)
	if code > exitFindings || stderr.Len() > 0 {
		t.Fatalf("mlpolicy %v: exit code %d, %s", args, code, &stderr)
	}
	t.Chdir("cmd/mlpolicy")
	return stdout.String()
}

// TestRulePages compares docs/rules with the output of explain. There must be no other pages.
func TestRulePages(t *testing.T) {
	pages := map[string]bool{}
	for line := range strings.Lines(output(t, "rules")) {
		id := strings.Fields(line)[0]
		if id == "RULE" {
			continue
		}
		page := filepath.Join("../../docs/rules", id+".md")
		pages[page] = true
		golden.Check(t, page, output(t, "explain", "--format", "markdown", id))
	}
	found, err := filepath.Glob("../../docs/rules/*")
	if err != nil || len(pages) < 16 || len(found) != len(pages) {
		t.Errorf("%d pages in docs/rules for %d rules (%v)", len(found), len(pages), err)
	}
}

// TestReadme compares each generated block of the README and of the pages in docs with the output of
// the command. A block is between <!-- mlpolicy ARGS --> and <!-- end -->.
func TestReadme(t *testing.T) {
	blocks := regexp.MustCompile(`(?s)(<!-- mlpolicy (.*?) -->\n).*?(<!-- end -->)`)
	for _, file := range []string{"../../README.md", "../../docs/targets.md", "../../docs/ci.md", "../../docs/waivers.md", "../../docs/fixes.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		got := blocks.ReplaceAllStringFunc(string(page), func(block string) string {
			count++
			match := blocks.FindStringSubmatch(block)
			text := output(t, strings.Fields(match[2])...)
			if !strings.HasPrefix(text, "|") {
				fence := "```"
				if strings.HasPrefix(text, "<!--") {
					fence += "markdown"
				}
				text = fence + "\n" + text + "```\n"
			}
			return match[1] + text + match[3]
		})
		if count == 0 {
			t.Fatalf("%s has no generated block", file)
		}
		golden.Check(t, file, got)
	}
}

// TestCommandLinesOfCI runs each command line that docs/ci.md shows in a block, in a copy of the sample project.
func TestCommandLinesOfCI(t *testing.T) {
	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ *(?:\$ |- |- run: |- script: )(mlpolicy lint .*)$`).FindAllStringSubmatch(string(page), -1)
	if len(lines) < 7 || strings.Count(string(page), "mlpolicy lint --") != len(lines)+strings.Count(string(page), "<!-- mlpolicy lint --") {
		t.Fatalf("%d command lines: %q", len(lines), lines)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	withoutHost(t)
	formats := map[string]bool{report.Text: true, report.JSON: true}
	for _, line := range lines {
		dir := t.TempDir()
		if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS("../../testdata/project")); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		commitWithoutFiles(t, "origin/main")
		args := strings.Fields(strings.ReplaceAll(line[1], "$(Build.ArtifactStagingDirectory)", "."))
		var stdout, stderr bytes.Buffer
		if code := runLoaded(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != exitFindings || stderr.Len() > 0 || stdout.Len() == 0 {
			t.Errorf("%s: exit code %d, %s%s", line[1], code, &stdout, &stderr)
		}
		for i, arg := range args {
			name, file, toFile := strings.Cut(arg, "=")
			if args[max(i-1, 0)] != "--"+formatFlag {
				continue
			}
			formats[name] = true
			if info, err := os.Stat(file); toFile && (err != nil || info.Size() == 0) {
				t.Errorf("%s: %v", line[1], err)
			}
		}
		t.Chdir(here)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(string(page), -1)
	if len(rows) < len(formats) {
		t.Errorf("docs/ci.md describes %d formats and shows %d", len(rows), len(formats))
	}
	for _, row := range rows {
		if !formats[row[1]] || !slices.Contains(report.ForFindings().Names(), row[1]) {
			t.Errorf("docs/ci.md describes the format %s, which no command line shows", row[1])
		}
	}
}

func TestAdoptingPage(t *testing.T) { checkCommands(t, "../../docs/adopting.md", 9) }

// checkCommands runs the commands in the blocks of a page one after another, in a repository with a copy of the sample
// project, and compares what they print. There must be a number of commands.
func checkCommands(t *testing.T, file string, atLeast int) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	samples := "../../testdata/project"
	err = filepath.WalkDir(samples, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files["deploy"+strings.TrimPrefix(filepath.ToSlash(path), samples)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	newRepository(t, files)
	commands := 0
	got := regexp.MustCompile("(?s)```console\n(.*?)```\n").ReplaceAllStringFunc(string(page), func(block string) string {
		text := "```console\n"
		for line := range strings.Lines(block) {
			command, is := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ ")
			if !is {
				continue
			}
			commands++
			text += line + outputOf(t, command)
		}
		return text + "```\n"
	})
	if commands < atLeast {
		t.Fatalf("%d commands", commands)
	}
	t.Chdir(here)
	golden.Check(t, file, got)
}

// commitWithoutFiles makes the working directory a repository whose files are newer than a branch of the remote.
func commitWithoutFiles(t *testing.T, branch string) {
	t.Helper()
	for _, args := range []string{
		"init -q", "-c user.name=a -c user.email=a@example.com commit -q --allow-empty -m first", "update-ref refs/remotes/" + branch + " HEAD",
	} {
		if out, err := exec.CommandContext(t.Context(), "git", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
}

func TestReadmeNamesEveryCommand(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range (&program{}).app().Commands {
		if !command.Hidden && !strings.Contains(string(readme), fmt.Sprintf("mlpolicy %s", command.Name)) {
			t.Errorf("the README does not name mlpolicy %s", command.Name)
		}
	}
}
