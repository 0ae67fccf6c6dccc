package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const (
	baselineName  = "baseline" // of the command
	writeBaseline = "write"
	pruneBaseline = "prune"

	baselineFlag = "baseline"
	forceFlag    = "force"
)

func (p *program) baselineCommand() *cli.Command {
	return &cli.Command{
		Name:      baselineName,
		Usage:     "record the findings that a repository already has",
		UsageText: "mlpolicy baseline [FLAGS] write|prune [PATH...]",
		Description: `Record findings in .mlpolicy-baseline.json in the folder of the project, so that mlpolicy lint counts
them and fails for others only.

write lists the findings in PATHs. An existing baseline is replaced only with --force, and keeps the
entries of files outside PATHs. What could not be evaluated cannot be listed. prune removes entries
that no finding in PATHs needs any more, and adds none. PATHs and flags are those of mlpolicy lint.

Exit codes: 0 the baseline is as it should be; 2 the command line, the configuration, a policy or the
baseline is invalid; 3 something could not be read, evaluated or written, and the baseline is unchanged.`,
		Flags: slices.Concat([]cli.Flag{
			baselineFlagOf(),
			&cli.BoolFlag{Name: forceFlag, Usage: "write: replace the baseline if there is one", DisableDefaultText: true},
			editionFlagOf(),
			clusterFlagOf(),
			asOfFlagOf(),
		}, configFlags(), fileFlags()),
		Action: p.baseline,
	}
}

func baselineFlagOf() cli.Flag {
	return &cli.StringFlag{Name: baselineFlag, Usage: "use the baseline `FILE` instead of .mlpolicy-baseline.json in the project's folder"}
}

// usesBaselines reports whether a command knows baselines.
func usesBaselines(c *cli.Context) bool { return hasFlag(c.Command.Flags, baselineFlag) }

// baselines reads the baselines of projects, each once.
type baselines struct {
	session *session
	flag    string        // the file of --baseline, empty for that of each project
	written baselinePlace // of the baseline that is written or pruned, the only one then
	// rewritten reports whether nothing of the baseline is kept, so that it may be broken.
	rewritten bool

	mutex sync.Mutex
	read  map[baselinePlace]*lint.Baseline // nil where there is none
	err   error                            // the first one
}

// baselinePlace is where the baseline of some files is.
type baselinePlace struct {
	project string // absolute path of the folder that paths count from
	file    string // path of the file
	named   bool   // by the configuration or the command line
}

// placeOf returns the place for the files of a project with a configuration.
func (b *baselines) placeOf(project string, configuration *config.Config) baselinePlace {
	switch stated := configuration.Baseline; {
	case b.flag != "":
		return baselinePlace{project, b.flag, true}
	case stated.Known:
		return baselinePlace{project, filepath.Join(stated.Folder, filepath.FromSlash(stated.Value)), true}
	}
	return baselinePlace{project, filepath.Join(project, baseline.FileName), false}
}

// newBaselines returns the baselines of a session. Those of the paths must be valid, unless they are to be written.
func newBaselines(s *session, paths []string) (*baselines, error) {
	if s.cli.Bool(noBaselineFlag) && s.cli.IsSet(baselineFlag) {
		return nil, usagef("--%s and --%s contradict each other", baselineFlag, noBaselineFlag)
	}
	b := &baselines{session: s, flag: s.cli.String(baselineFlag), read: map[baselinePlace]*lint.Baseline{}}
	if s.cli.Command.Name == baselineName {
		if err := b.onlyOf(paths); err != nil {
			return nil, err
		}
		b.at(b.written)
		return b, nil
	}
	if s.cli.Bool(noBaselineFlag) {
		return b, nil
	}
	for _, path := range paths {
		b.at(b.placeOfPath(path))
	}
	return b, b.err
}

// placeOfPath returns the place for a path of the command line.
func (b *baselines) placeOfPath(path string) baselinePlace {
	resolver := b.session.resolver
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return b.placeOf(resolver.ProjectOfFolder(path), resolver.OfFolder(path))
	}
	return b.placeOf(resolver.Project(path), resolver.Of(path))
}

// onlyOf makes the baseline of the paths the only one.
func (b *baselines) onlyOf(paths []string) error {
	for _, path := range paths {
		place := b.placeOfPath(path)
		whole := b.session.resolver.Absolute(path) == place.project
		b.rewritten = b.rewritten || whole && b.session.cli.Bool(forceFlag)
		switch {
		case path == unnamedStdin:
			return usagef("a baseline lists files, not standard input")
		case b.written == baselinePlace{}:
			b.written = place
		case b.written.project != place.project:
			return usagef("the paths are in different projects, %s and %s: each has its own baseline", shortest(b.written.project), shortest(place.project))
		case b.written != place:
			return usagef("the paths have different baselines, %s and %s", shortest(b.written.file), shortest(place.file))
		}
	}
	return nil
}

// known returns the baselines that were read so far.
func (b *baselines) known() []*lint.Baseline {
	return slices.DeleteFunc(slices.Collect(maps.Values(b.read)), func(of *lint.Baseline) bool { return of == nil })
}

// files returns the absolute paths of the files that were read or looked for so far.
func (b *baselines) files() map[string]bool {
	files := map[string]bool{}
	if b != nil {
		for place := range b.read {
			files[b.session.resolver.Absolute(place.file)] = true
		}
	}
	return files
}

// failed returns the first error of a baseline that was looked up.
func (b *baselines) failed() error {
	if b == nil {
		return nil
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.err
}

// of returns the baseline of the project of a file and the path of the file there.
func (b *baselines) of(file string) (*lint.Baseline, string) {
	if file == unnamedStdin {
		return nil, ""
	}
	place := b.placeOf(b.session.resolver.Project(file), b.session.resolver.Of(file))
	if b.written != (baselinePlace{}) && place != b.written {
		return nil, ""
	}
	of := b.at(place)
	if of == nil {
		return nil, ""
	}
	relative, err := filepath.Rel(place.project, b.session.resolver.Absolute(file))
	if err != nil || !filepath.IsLocal(relative) {
		return nil, ""
	}
	return of, filepath.ToSlash(relative)
}

// at returns the baseline at a place. One that the configuration names is empty until it is written.
func (b *baselines) at(place baselinePlace) *lint.Baseline {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if known, read := b.read[place]; read {
		return known
	}
	read, err := readBaseline(place.file)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case err == nil:
	case missing && (b.written != baselinePlace{} || place.named && b.flag == ""), b.rewritten && errors.As(err, new(config.Errors)):
		read = &baseline.Baseline{Name: shortest(place.file)}
	case missing && b.flag == "":
	case b.err == nil && missing:
		b.err = usagef("--%s: %s: no such file", baselineFlag, b.flag)
	case b.err == nil:
		b.err = err
	}
	if read == nil {
		b.read[place] = nil
		return nil
	}
	b.read[place] = &lint.Baseline{
		Baseline: read, Folder: place.project, Named: place.named,
		Exists: func(path string) bool {
			_, err := os.Lstat(filepath.Join(place.project, filepath.FromSlash(path)))
			return !errors.Is(err, fs.ErrNotExist)
		},
	}
	return b.read[place]
}

// readBaseline reads a baseline. The error of a file that cannot be read has no position.
func readBaseline(file string) (*baseline.Baseline, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	read := func() ([]byte, error) { return readFile(file, nil) }
	if err == nil && !info.Mode().IsRegular() {
		read = func() ([]byte, error) { return readStream(context.Background(), file) }
	}
	name := shortest(file)
	data, err := read()
	var unread *pathError
	if errors.As(err, &unread) {
		return nil, config.Errors{{File: name, Message: unread.reason}}
	}
	return baseline.Parse(name, data)
}

// explainBaselines writes a line about the entries that are not needed any more, if everything was read that a baseline
// can list.
func (s *session) explainBaselines(result *lint.Result) {
	for _, of := range result.Baselines {
		if n := len(of.Unneeded); n > 0 && s.complete(of.Folder) {
			hint := "mlpolicy baseline prune"
			if s.baselines.flag != "" {
				hint += " --" + baselineFlag + " " + of.Name
			}
			s.program.complain(fmt.Sprintf("%s: %d of %s no longer needed (%s)", of.Name, n, entriesCounted(len(of.Entries)), hint))
		}
	}
}

func (p *program) baseline(c *cli.Context) error {
	actions := []string{writeBaseline, pruneBaseline}
	action := c.Args().First()
	switch {
	case action == "":
		return usagef("baseline needs write or prune").seeHelp(c.Command.Name)
	case !slices.Contains(actions, action):
		return unknownName("action", action, actions).seeHelp(c.Command.Name)
	case action == pruneBaseline && c.Bool(forceFlag):
		return usagef("prune has no --%s", forceFlag).seeHelp(c.Command.Name)
	}
	files, session, err := p.openPaths(c, c.Args().Tail())
	if err != nil {
		return err
	}
	file := session.baselines.written.file
	exists, err := session.baselineExists(file, action)
	if err != nil {
		return err
	}
	result, err := session.lint(files)
	if err != nil {
		return err
	}
	p.explainNested(files)
	if len(result.Errors) > 0 {
		for _, err := range result.Errors {
			p.complain(err.Error())
		}
		p.complain(shortest(file) + " is unchanged, since not everything could be evaluated")
		return errIncomplete
	}
	of := result.Baselines[0]
	if action == pruneBaseline {
		return p.pruneBaseline(file, of)
	}
	if err := p.writeBaseline(file, of, exists); err != nil {
		return err
	}
	session.explainUnlisted(result, of)
	return nil
}

// baselineExists reports whether the baseline that is to be written or pruned exists, and checks that it may be replaced.
func (s *session) baselineExists(file, action string) (bool, error) {
	err := s.baselines.failed()
	_, statErr := os.Stat(file)
	missing, force := errors.Is(statErr, fs.ErrNotExist), s.cli.Bool(forceFlag)
	switch {
	case action == pruneBaseline && missing:
		return false, usagef("%s: no such file: mlpolicy baseline write creates it", shortest(file))
	case action == pruneBaseline:
		return true, err
	case !missing && !force:
		return true, usagef("%s already exists: mlpolicy baseline prune removes what is no longer needed, and --%s replaces it", shortest(file), forceFlag)
	}
	return !missing, err
}

func (p *program) writeBaseline(file string, of *lint.BaselineOutcome, exists bool) error {
	if len(of.Recorded) == 0 && !exists {
		return p.print("no findings to list: no baseline written\n")
	}
	entries := slices.Concat(of.Recorded, of.Unseen)
	if err := p.replaceBaseline(file, entries); err != nil {
		return err
	}
	findings, in := 0, map[string]bool{}
	for _, entry := range entries {
		findings += entry.Count
		in[entry.File] = true
	}
	return p.print(fmt.Sprintf("wrote %s: %s in %s\n", shortest(file), counted(findings, "finding"), counted(len(in), "file")))
}

func (p *program) pruneBaseline(file string, of *lint.BaselineOutcome) error {
	total := len(of.Entries)
	if len(of.Unneeded) == 0 {
		return p.print(fmt.Sprintf("%s: nothing to remove from %s\n", shortest(file), entriesCounted(total)))
	}
	var kept []baseline.Entry
	for _, entry := range baseline.Merge(of.Entries) {
		for _, unneeded := range of.Unneeded {
			if baseline.Compare(entry, unneeded) == 0 {
				entry.Count -= unneeded.Count
			}
		}
		if entry.Count > 0 {
			kept = append(kept, entry)
		}
	}
	if err := p.replaceBaseline(file, kept); err != nil {
		return err
	}
	findings := 0
	for _, unneeded := range of.Unneeded {
		findings += unneeded.Count
	}
	return p.print(fmt.Sprintf("%s: removed %s, %s left\n", shortest(file), counted(findings, "finding"), entriesCounted(len(kept))))
}

func (p *program) replaceBaseline(file string, entries []baseline.Entry) error {
	err := replaceFile(file, func(w io.Writer) error {
		_, err := w.Write(baseline.Format(entries))
		return err
	})
	if err != nil {
		p.complain(writeFailure(file, err))
		return errIncomplete
	}
	return nil
}

// maxExplained is how many findings that a baseline cannot list are written.
const maxExplained = 10

// explainUnlisted writes why findings are not in a baseline.
func (s *session) explainUnlisted(result *lint.Result, of *lint.BaselineOutcome) {
	for i, refused := range of.Refused {
		if i == maxExplained {
			s.program.complain(fmt.Sprintf("and %d more", len(of.Refused)-i))
			break
		}
		s.program.complain(fmt.Sprintf("%s: not in the baseline: %s [%s]: %s", locationOf(&refused.Finding), refused.Message, refused.Rule, refused.Reason))
	}
	elsewhere := 0
	for _, finding := range result.Findings {
		if finding.File == nil {
			elsewhere++
		} else if listed, _ := s.baselines.of(finding.File.Name); listed == nil {
			elsewhere++
		}
	}
	if elsewhere > 0 {
		s.program.complain("not in the baseline: " + counted(elsewhere, "finding") + " outside the project")
	}
	if s.projects.Root(of.Folder) != of.Folder || !marked(of.Folder) {
		s.program.complain(fmt.Sprintf("%s has neither .git nor %s: lint the same paths, or create one of them", shortest(of.Folder), config.FileName))
	}
}

// marked reports whether a folder is that of a project whatever the command line names.
func marked(folder string) bool {
	if isRepository(folder) {
		return true
	}
	_, err := os.Lstat(filepath.Join(folder, config.FileName))
	return err == nil
}

func locationOf(f *lint.Finding) string {
	return report.Location(facts.Location{Node: f.File.Mark(f.Span)})
}

func entriesCounted(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
