package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// session has the Linter of a run, and the configuration and policies of each file.
type session struct {
	// configuration and policies are those of the working directory.
	configuration *config.Config
	policies      *policy.Policies
	linter        *lint.Linter
	resolver      *config.Resolver
	files         *files // that are read; nil for a command without any
	projects      *config.Projects
	listings      *listings
	baselines     *baselines // nil for a command without them

	program *program
	cli     *cli.Context
	mutex   sync.Mutex
	known   map[string]*policy.Policies // by the folders of rules
	byFile  map[*config.Config]*lint.Setting
	noticed map[string]bool
}

// session returns the session of a command without files. The configuration of the working directory must be valid.
func (p *program) session(c *cli.Context) (*session, error) {
	s, err := p.sessionOf(c, nil)
	if err != nil {
		return nil, err
	}
	if err := s.configurationError(s.configuration); err != nil {
		return nil, err
	}
	s.complainOfFaults(s.configuration)
	return s, nil
}

// sessionOf returns the session of a command with paths. The configuration of --config must be valid, and so must the
// configuration in the root folder of a project that is one of the paths.
func (p *program) sessionOf(c *cli.Context, paths []string) (*session, error) {
	s := &session{
		program: p, cli: c, projects: &config.Projects{Named: foldersOf(paths)},
		known: map[string]*policy.Policies{}, byFile: map[*config.Config]*lint.Setting{}, noticed: map[string]bool{},
	}
	var err error
	s.resolver, err = config.NewResolver(config.Options{File: c.String(configFlag), Projects: s.projects, Prepare: s.prepare})
	if err != nil {
		return nil, err
	}
	s.listings = newListings()
	for _, path := range paths {
		configuration := s.resolver.Of(path)
		if slices.Contains(s.projects.Named, s.resolver.Absolute(path)) {
			configuration = s.resolver.OfFolder(path)
		}
		if configuration.InProject() {
			if err := s.configurationError(configuration); err != nil {
				return nil, err
			}
		}
	}
	s.configuration = s.resolver.OfFolder(".")
	usual := s.byFile[s.configuration]
	if usual == nil {
		// The invalid configuration of the working directory does not apply to the paths.
		defaults := flagged(c, config.Default())
		if err := s.prepare(defaults); err != nil {
			return nil, err
		}
		usual = s.byFile[defaults]
	}
	s.policies = s.known[policiesKey(s.configuration)]
	clock, err := clockOf(c)
	if err != nil {
		return nil, err
	}
	without, err := withoutOptimisations()
	if err != nil {
		return nil, err
	}
	if c.Bool(showSuggestionsFlag) {
		without = append(without, lint.Batches) // another edition concerns all inputs
	}
	options := lint.Options{
		Without:   without,
		Namespace: c.String(namespaceFlag), Clock: clock, NoWaivers: c.Bool(noWaiversFlag), Complete: s.complete, Skipped: s.skipped,
		Setting: s.settingOf, NoLink: c.Bool(noLinkFlag), Path: repositoryPaths(),
	}
	if usesBaselines(c) {
		if s.baselines, err = newBaselines(s, paths); err != nil {
			return nil, err
		}
		if !c.Bool(noBaselineFlag) {
			options.Baseline, options.Baselines = s.baselines.of, s.baselines.known()
		}
	}
	if !options.NoLink {
		options.Project = newProjects(s, func(root string) {
			p.complain(fmt.Sprintf("%s: more than %d files; definitions in files that are not on the command line are ignored (--no-link hides this message)", filepath.ToSlash(root), maxProjectFiles))
		}).of
	}
	s.linter = lint.New(usual, options)
	return s, nil
}

// withoutVariable is the environment variable with the optimisations that are not used.
const withoutVariable = "MLPOLICY_WITHOUT"

// withoutOptimisations reads the environment.
func withoutOptimisations() (lint.Without, error) {
	without, err := lint.ParseWithout(os.Getenv(withoutVariable))
	if err != nil {
		return nil, usagef("%s: %s", withoutVariable, err)
	}
	return without, nil
}

// lint evaluates files and shows the progress.
func (s *session) lint(files *files) (*lint.Result, error) {
	return withProgress(s.program, s.cli, files, func() (*lint.Result, error) {
		return s.linter.Lint(s.cli.Context, s.tree(), files.inputs(s.cli.Context))
	})
}

// foldersOf returns the absolute paths of the folders among paths.
func foldersOf(paths []string) []string {
	var folders []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		if absolute, err := absolutePath(path); err == nil {
			folders = append(folders, absolute)
		}
	}
	return folders
}

// configurationError returns the error of a configuration. If the file of --config cannot be read, the error names the
// flag.
func (s *session) configurationError(configuration *config.Config) error {
	err := configuration.Err()
	var mistakes config.Errors
	if errors.As(err, &mistakes) && mistakes[0].Line == 0 && s.cli.String(configFlag) != "" {
		return usagef("--%s: %s", configFlag, err)
	}
	return err
}

// prepare applies the flags to a configuration, loads its policies and checks it against them.
func (s *session) prepare(configuration *config.Config) error {
	flagged(s.cli, configuration)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key := policiesKey(configuration)
	policies := s.known[key]
	if policies == nil {
		var err error
		if policies, err = s.program.policies(s.cli.Context, configuration); err != nil {
			return err
		}
		s.known[key] = policies
	}
	setting, err := lint.NewSetting(policies, configuration)
	if err != nil {
		return err
	}
	s.byFile[configuration] = setting
	if notice := setting.Notice(); notice != "" && !s.noticed[notice] && s.cli.Command.Name != completeName {
		s.noticed[notice] = true
		s.program.complain(notice)
	}
	return nil
}

// policiesKey returns a key that is equal for configurations with the same folders of rules.
func policiesKey(configuration *config.Config) string {
	var key strings.Builder
	for _, dir := range configuration.Policies {
		key.WriteString(policyPath(dir) + "\x00")
	}
	return key.String()
}

// settingOf returns the setting of a file.
func (s *session) settingOf(file string) *lint.Setting {
	configuration := s.resolver.Of(file)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	setting := s.byFile[configuration]
	if setting == nil {
		setting = lint.BrokenSetting(configuration)
		s.byFile[configuration] = setting
	}
	return setting
}

// complainOfFaults writes the faults of the nested configurations that apply to stderr.
func (s *session) complainOfFaults(configuration *config.Config) {
	for _, fault := range configuration.Faults {
		message := fault.Error()
		if fault.Remedy != "" {
			message += ": " + strings.ToLower(fault.Remedy[:1]) + strings.TrimSuffix(fault.Remedy[1:], ".")
		}
		s.program.complain(message)
	}
}

// open returns the files of the command line and the session that reads them.
func (p *program) open(c *cli.Context) (*files, *session, error) {
	return p.openPaths(c, c.Args().Slice())
}

// openPaths is open with the paths among the arguments.
func (p *program) openPaths(c *cli.Context, paths []string) (*files, *session, error) {
	files, err := p.files(c, paths)
	if err != nil {
		return nil, nil, err
	}
	session, err := p.sessionOf(c, files.named())
	if err != nil {
		return nil, nil, err
	}
	files.resolver, files.listings, session.files = session.resolver, session.listings, files
	files.baselines = session.baselines.files()
	return files, session, nil
}

// maxNamed is the largest number of nested configurations that explainNested names.
const maxNamed = 10

// explainNested writes a line with the nested configurations that apply to the files.
func (p *program) explainNested(files *files) {
	names := files.nested()
	if len(names) == 0 {
		return
	}
	rest := ""
	if more := len(names) - maxNamed; more > 0 {
		names, rest = names[:maxNamed], fmt.Sprintf(" and %d more", more)
	}
	p.complain("nested configurations: " + strings.Join(names, ", ") + rest)
}
