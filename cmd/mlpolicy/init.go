package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const (
	printFlag  = "print"
	dryRunFlag = "dry-run"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write the configuration and the pre-commit hook of a repository",
		UsageText: "mlpolicy init [FLAGS] [DIR]",
		Description: `Write .mlpolicy.yaml into DIR, the current folder by default, and add the hook to
.pre-commit-config.yaml in the root of the repository. The configuration has an edition of the table
that lists the targets in use, stages for folders with names such as prod and dev, and the cluster of
Kubernetes manifests if others identify it; a comment gives the reason for each. Existing files are
never overwritten, and what cannot be added safely is printed. Pipelines are printed, not written: of
the CI host that DIR has files of, or of --print.

Exit codes: 0 written, or there was nothing to do; 2 the command line or an existing configuration is
invalid; 3 a file could not be read or written.`,
		Flags: []cli.Flag{
			choice(printFlag, "print the pipeline for `HOST`: github, gitlab or azure", "", hosts()),
			&cli.BoolFlag{Name: dryRunFlag, Usage: "print what would be written, and write nothing", DisableDefaultText: true},
		},
		Action: p.init,
	}
}

// initial is a run of init.
type initial struct {
	*program
	cli    *cli.Context
	folder string // as the command line names it
	root   string // of the repository; empty without one
	dryRun bool
	output strings.Builder
	wrote  bool
}

func (p *program) init(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("init takes at most one folder").seeHelp(c.Command.Name)
	}
	i := &initial{program: p, cli: c, folder: filepath.Clean(cmp.Or(c.Args().First(), ".")), dryRun: c.Bool(dryRunFlag)}
	absolute, err := absolutePath(i.folder)
	if err != nil {
		return err
	}
	switch info, err := os.Stat(i.folder); {
	case err != nil:
		return usagef("%s", unreadable(i.folder, err))
	case !info.IsDir():
		return usagef("%s: not a folder", filepath.ToSlash(i.folder))
	}
	i.root = repository(absolute)
	failure := i.run()
	if err := p.print(i.output.String()); err != nil {
		return err
	}
	return failure
}

func (i *initial) say(format string, args ...any) { fmt.Fprintf(&i.output, format+"\n", args...) }

func (i *initial) run() error {
	incomplete, err := i.configure()
	if err != nil {
		return err
	}
	if err := i.addHook(); err != nil {
		return err
	}
	i.pipeline()
	if err := i.next(); err != nil {
		return err
	}
	if incomplete {
		return errIncomplete
	}
	return nil
}

// filesOf returns the files of the folder and a session to read them.
func (i *initial) filesOf() (*files, *session, error) {
	files := &files{paths: []string{i.folder}, stdin: i.stdin, stdinName: unnamedStdin}
	session, err := i.sessionOf(i.cli, files.named())
	if err != nil {
		return nil, nil, err
	}
	files.resolver, session.files = session.resolver, files
	return files, session, nil
}

// configure writes the configuration. incomplete is set if a file could not be read that may describe deployments.
func (i *initial) configure() (incomplete bool, err error) {
	files, session, err := i.filesOf()
	if err != nil {
		return false, err
	}
	name := shortest(filepath.Join(i.folder, config.FileName))
	if stated := session.resolver.OfFolder(i.folder).Files(); len(stated) > 0 {
		i.say("%s: kept, it applies to %s", shortest(stated[0]), shortest(i.folder))
		return false, nil
	}
	if _, err := os.Lstat(name); err == nil {
		i.say("%s: kept, it exists", name) // an empty file
		return false, nil
	}
	extraction, errs, err := session.linter.Facts(i.cli.Context, session.tree(), files.inputs(i.cli.Context))
	if err != nil {
		return false, err
	}
	for _, err := range errs {
		i.complain(err.Error())
	}
	decided := decide(extraction, session.policies, i.folder)
	err = i.create(name, decided.text(), "written: "+decided.summary())
	return len(errs) > 0, err
}

// create writes a new file, which must not exist.
func (i *initial) create(name, text, done string) error {
	if i.dryRun {
		i.say("%s: would be %s\n\n%s", shortest(name), done, text)
		return nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write to %s: %s", filepath.ToSlash(name), unwritable(err))
	}
	_, err = io.WriteString(file, text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write to %s: %s", filepath.ToSlash(name), unwritable(err))
	}
	i.wrote = true
	i.say("%s: %s", shortest(name), done)
	return nil
}

// decisions are the settings of a new configuration, each with the reason.
type decisions struct {
	edition, editionWhy string
	production          []string // names of folders
	development         []string
	mixed               []string // names of folders of both stages that are within each other
	cluster, clusterWhy string   // empty if it is not known
	await               int      // deployments without a cluster
}

// stageFolders are names of folders that are the stage of the deployments in them.
func stageFolders() map[string]facts.Stage {
	return map[string]facts.Stage{
		"prod": facts.Production, "production": facts.Production, "prd": facts.Production, "live": facts.Production,
		"dev": facts.Development, "development": facts.Development, "test": facts.Development, "testing": facts.Development,
		"sandbox": facts.Development, "staging": facts.Development, "stage": facts.Development, "qa": facts.Development, "uat": facts.Development,
	}
}

// decide returns the settings for what the files of a folder describe.
func decide(extraction *extract.Extraction, policies *policy.Policies, folder string) decisions {
	var d decisions
	var targets []string
	clusters := map[facts.Target]int{}
	stages, mixed := map[string]bool{}, map[string]bool{}
	for _, deployment := range extraction.Deployments {
		if target := string(deployment.Target.Value); deployment.Target.Known && !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
		switch {
		case deployment.AwaitsCluster():
			d.await++
		case deployment.InCluster && (deployment.Target.Value == facts.AKS || deployment.Target.Value == facts.Kubernetes):
			clusters[deployment.Target.Value]++
		}
		if relative, err := filepath.Rel(folder, filepath.FromSlash(deployment.Subject.File)); err == nil {
			named := map[facts.Stage][]string{}
			for name := range foldersAbove(filepath.ToSlash(relative)) {
				if stage, is := stageFolders()[path.Base(name)]; is {
					named[stage] = append(named[stage], path.Base(name))
					stages[path.Base(name)] = true
				}
			}
			if len(named) > 1 { // two patterns that contradict each other
				for _, names := range named {
					for _, name := range names {
						mixed[name] = true
					}
				}
			}
		}
	}
	for _, compute := range extraction.Computes {
		if target := string(compute.Target.Value); compute.Target.Known && !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	slices.Sort(targets)
	d.edition, d.editionWhy = editionFor(targets, policies)
	for name, stage := range stageFolders() {
		switch {
		case !stages[name]:
		case mixed[name]:
			d.mixed = append(d.mixed, name)
		case stage == facts.Production:
			d.production = append(d.production, name)
		default:
			d.development = append(d.development, name)
		}
	}
	slices.Sort(d.production)
	slices.Sort(d.development)
	slices.Sort(d.mixed)
	if d.await > 0 && len(clusters) == 1 {
		for target, n := range clusters {
			d.cluster = config.ClusterWord(target)
			d.clusterWhy = fmt.Sprintf("%s the cluster as %s; %s not identify theirs", identify(n), d.cluster, manifests(d.await, "does", "do"))
		}
	}
	return d
}

func identify(n int) string { return manifests(n, "identifies", "identify") }

func manifests(n int, one, many string) string {
	if n == 1 {
		return "1 manifest " + one
	}
	return fmt.Sprintf("%d manifests %s", n, many)
}

// editionFor returns the default edition if it lists all targets, else the newest of the editions that list most of
// them, and the reason.
func editionFor(targets []string, policies *policy.Policies) (id, why string) {
	if len(targets) == 0 {
		return config.DefaultEdition, "the default, as no deployment with a known target was found"
	}
	missing := func(edition policy.Edition) []string {
		return slices.DeleteFunc(slices.Clone(targets), func(target string) bool { _, listed := edition.Row(target); return listed })
	}
	var chosen policy.Edition
	for _, edition := range policies.Editions() { // oldest first
		if edition.ID == config.DefaultEdition && len(missing(edition)) == 0 {
			return edition.ID, "the default, which lists the targets in use: " + strings.Join(targets, ", ")
		}
		if chosen.ID == "" || len(missing(edition)) <= len(missing(chosen)) {
			chosen = edition
		}
	}
	if left := missing(chosen); len(left) > 0 {
		return chosen.ID, "the newest that lists most of the targets in use; it does not list " + strings.Join(left, ", ")
	}
	return chosen.ID, "the newest that lists the targets in use: " + strings.Join(targets, ", ") + "; " + config.DefaultEdition + ", the default, does not"
}

// summary names the settings in one line.
func (d decisions) summary() string {
	parts := []string{"edition " + d.edition + ", " + d.editionWhy}
	if names := slices.Concat(d.production, d.development); len(names) > 0 {
		parts = append(parts, "stages by the folders "+strings.Join(names, ", "))
	}
	if len(d.mixed) > 0 {
		parts = append(parts, "no stages by the folders "+strings.Join(d.mixed, ", ")+", which are within each other")
	}
	if d.cluster != "" {
		parts = append(parts, "cluster "+d.cluster+", since "+d.clusterWhy)
	}
	return strings.Join(parts, "; ")
}

// text returns the configuration. It has no text of files.
func (d decisions) text() string {
	var text strings.Builder
	text.WriteString("# Configuration of mlpolicy. Every key is optional: https://github.com/mlpolicy/mlpolicy/blob/main/docs/configuration.md\n\n")
	fmt.Fprintf(&text, "# The edition of the table: %s.\nedition: %s\n", d.editionWhy, d.edition)
	if len(d.production)+len(d.development) > 0 {
		text.WriteString("\n# Folders with deployments have these names. Folders such as staging, which serve no users, count as development.\nstages:\n")
		for _, stage := range []struct {
			name    facts.Stage
			folders []string
		}{{facts.Production, d.production}, {facts.Development, d.development}} {
			if len(stage.folders) == 0 {
				continue
			}
			patterns := make([]string, len(stage.folders))
			for i, folder := range stage.folders {
				patterns[i] = `"**/` + folder + `/**"`
			}
			fmt.Fprintf(&text, "  %s: [%s]\n", stage.name, strings.Join(patterns, ", "))
		}
	}
	if len(d.mixed) > 0 {
		fmt.Fprintf(&text, "\n# The folders %s are within each other, so their names do not say the stage. Set stages by longer paths.\n", strings.Join(d.mixed, ", "))
	}
	switch {
	case d.cluster != "":
		fmt.Fprintf(&text, "\n# %s.\nkubernetes: {cluster: %s}\n", d.clusterWhy, d.cluster)
	case d.await > 0:
		fmt.Fprintf(&text, "\n# %s not identify the cluster, so no rule about targets applies. Set it if all of them run on one: aks or other.\n# kubernetes: {cluster: aks}\n",
			manifests(d.await, "does", "do"))
	}
	return text.String()
}

// hookFile is the configuration of pre-commit.
const hookFile = ".pre-commit-config.yaml"

// addHook adds the hook to the configuration of pre-commit in the root of the repository.
func (i *initial) addHook() error {
	if i.root == "" {
		i.say("%s: not written, %s is not in a Git repository", hookFile, shortest(i.folder))
		return nil
	}
	name := filepath.Join(i.root, hookFile)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return i.create(name, "# https://pre-commit.com\nrepos:\n"+hookEntry("  "), "written with the hook mlpolicy; enable it once with: pre-commit install")
	case err != nil:
		return unreadable(name, err)
	}
	file := source.Parse(shortest(name), data)
	if hasHook(file) {
		i.say("%s: kept, it has the hook mlpolicy", file.Name)
		return nil
	}
	text, ok := withHook(file, string(data))
	switch {
	case !ok:
		i.say("%s: kept, the hook cannot be added safely; add it under repos:\n\n%s", file.Name, hookEntry("  "))
		return nil
	case i.dryRun:
		i.say("%s: would get the hook mlpolicy at its end\n\n%s", file.Name, strings.TrimPrefix(text, string(data)))
		return nil
	}
	if err := writeFixed(resolved(name), lint.FixedFile{Before: data, After: []byte(text)}); err != nil {
		return errors.New(writeFailure(name, err))
	}
	i.wrote = true
	i.say("%s: added the hook mlpolicy at the end", file.Name)
	return nil
}

// hasHook reports whether a configuration of pre-commit has a hook of mlpolicy.
func hasHook(file *source.File) bool {
	for _, document := range file.Documents {
		for _, repo := range document.Root.Get("repos").Items() {
			for _, hook := range repo.Get("hooks").Items() {
				if id, _ := hook.Get("id").Scalar(); id == "mlpolicy" || strings.HasPrefix(id, "mlpolicy-") {
					return true
				}
			}
		}
	}
	return false
}

// hookEntry returns an item of repos for the hook. It runs the installed program, since a version that is not released
// has no tag to name.
func hookEntry(indent string) string {
	entry := `- repo: local
  hooks:
    - id: mlpolicy
      name: mlpolicy
      entry: mlpolicy lint --force-ignore
      language: system
      files: '(?i)\.(ya?ml|jsonc?|runconfig|py|ipynb|bicep(param)?|tf|tofu|tfvars)$|(^|/)(?-i:MLmodel)$'
      types: [text]
      require_serial: true
`
	var text strings.Builder
	for line := range strings.Lines(entry) {
		text.WriteString(indent + line)
	}
	return text.String()
}

// withHook returns a configuration of pre-commit with the hook at its end. It keeps all bytes. ok is false unless the
// last key is repos with a list in block style, and the result has one item more.
func withHook(file *source.File, text string) (with string, ok bool) {
	if len(file.Problems) > 0 || len(file.Documents) != 1 || string(file.Text) != text {
		return "", false
	}
	members := file.Documents[0].Root.Members()
	if len(members) == 0 || members[len(members)-1].Key.Text() != "repos" {
		return "", false
	}
	before := members[len(members)-1].Value.Items()
	if len(before) == 0 {
		return "", false
	}
	start := before[0].Span().Start
	line := text[strings.LastIndexByte(text[:start.Offset], '\n')+1 : start.Offset]
	indent, marker, dashed := strings.Cut(line, "-")
	if !dashed || strings.Trim(indent, " ") != "" || strings.Trim(marker, " ") != "" {
		return "", false
	}
	entry, end := hookEntry(indent), "\n"
	if strings.Contains(text, "\r\n") {
		end = "\r\n"
		entry = strings.ReplaceAll(entry, "\n", end)
	}
	with = text
	if !strings.HasSuffix(with, "\n") {
		with += end
	}
	with += entry
	again := source.Parse(file.Name, []byte(with))
	if len(again.Problems) > 0 || len(again.Documents) != 1 {
		return "", false
	}
	after := again.Documents[0].Root.Get("repos").Items()
	return with, len(after) == len(before)+1 && hasHook(again) && len(again.Documents[0].Root.Members()) == len(members)
}

// host is a CI host.
type host struct {
	name, title, where string
	files              []string // by which a repository shows that it uses the host
	snippet            string
}

func hosts() []string {
	var names []string
	for _, host := range ciHosts() {
		names = append(names, host.name)
	}
	return names
}

func ciHosts() []host {
	return []host{
		{"github", "GitHub Actions", "a job in .github/workflows", []string{".github/workflows"}, `- uses: actions/checkout@v7
- run: mlpolicy lint --format github
`},
		{"gitlab", "GitLab", ".gitlab-ci.yml", []string{".gitlab-ci.yml"}, `mlpolicy:
  script:
    - mlpolicy lint --format gitlab=gl-code-quality-report.json --format junit=mlpolicy.xml
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
      junit: mlpolicy.xml
`},
		{"azure", "Azure Pipelines", "the steps of azure-pipelines.yml", []string{"azure-pipelines.yml", "azure-pipelines.yaml", ".azure-pipelines"}, `- script: mlpolicy lint --format azure --format sarif=$(Build.ArtifactStagingDirectory)/mlpolicy.sarif
- publish: $(Build.ArtifactStagingDirectory)/mlpolicy.sarif
  artifact: CodeAnalysisLogs
  condition: succeededOrFailed()
`},
	}
}

// pipeline prints the pipeline of the host that is asked for, or of each that the repository has files of.
func (i *initial) pipeline() {
	found := false
	for _, host := range ciHosts() {
		at := slices.IndexFunc(host.files, func(name string) bool {
			_, err := os.Stat(filepath.Join(cmp.Or(i.root, i.folder), name))
			return err == nil
		})
		why := "as asked"
		switch asked := i.cli.String(printFlag); {
		case asked == host.name:
		case asked != "" || at < 0:
			continue
		default:
			why = "since " + host.files[at] + " exists"
		}
		found = true
		i.say("%s, %s: add to %s where mlpolicy is installed:\n\n%s", host.title, why, host.where, host.snippet)
	}
	if !found {
		i.say("CI: no host found; mlpolicy init --%s %s prints its pipeline", printFlag, strings.Join(hosts(), "|"))
	}
}

// next prints what to do next, by what lint finds now.
func (i *initial) next() error {
	if i.dryRun {
		return nil
	}
	if !i.wrote {
		i.say("nothing was changed")
	}
	files, session, err := i.filesOf()
	if err != nil {
		return err
	}
	result, err := session.linter.Lint(i.cli.Context, session.tree(), files.inputs(i.cli.Context))
	if err != nil {
		return err
	}
	command := "mlpolicy lint"
	if i.folder != "." {
		command += " " + shellWord(filepath.ToSlash(i.folder), "DIR")
	}
	if !strings.HasSuffix(i.output.String(), "\n\n") {
		i.say("")
	}
	switch n := len(result.Findings); {
	case n == 0:
		i.say("Next: %s", command)
	case i.folder == ".":
		i.say("Next: %s, which reports %s; mlpolicy baseline write records them, so that only others fail", command, counted(n, "finding"))
	default:
		i.say("Next: %s, which reports %s; mlpolicy baseline write %s records them, so that only others fail", command, counted(n, "finding"),
			shellWord(filepath.ToSlash(i.folder), "DIR"))
	}
	return nil
}
