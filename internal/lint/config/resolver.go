package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Options are how a Resolver finds configurations.
type Options struct {
	// File is the only configuration for all files; empty for those in the folders.
	File string
	// Projects finds the projects of folders.
	Projects *Projects
	// Prepare completes a configuration, such as by flags, and checks it. It is called once for each.
	Prepare func(*Config) error
}

// Resolver finds the configuration that applies to a file. It is safe for concurrent use.
type Resolver struct {
	options Options

	mutex    sync.Mutex
	dir      workingDir
	projects *Projects
	loader   loader
	byFolder map[string]*stack // by absolute path
	byName   map[string]named  // by a folder as names of files have it
	byBase   map[string]*stack // by the folder that is the project's: what applies where no folder has a configuration
}

// stack is what applies to the files of a folder.
type stack struct {
	layers   []*layer // weakest first
	project  string   // absolute path
	config   *Config  // without overrides
	byScopes map[string]*Config
}

// named is what a folder has that names of files begin with.
type named struct {
	stack   *stack
	project string // absolute path; the project of a stack is that of its root configuration
}

// NewResolver returns a Resolver for the working directory.
func NewResolver(options Options) (*Resolver, error) {
	dir, err := openWorkingDir()
	if err != nil {
		return nil, err
	}
	if options.File != "" {
		options.File = dir.absolute(options.File)
	}
	return &Resolver{
		options: options, dir: dir, projects: options.Projects, loader: loader{dir: dir},
		byFolder: map[string]*stack{}, byName: map[string]named{}, byBase: map[string]*stack{},
	}, nil
}

// Absolute returns the absolute path of a file or folder, as the command line names it.
func (r *Resolver) Absolute(name string) string { return r.dir.absolute(name) }

// Project returns the absolute path of the folder that a file's project has, as the command line names the file: without
// a project the working directory if the file is in it, else the folder of the file.
func (r *Resolver) Project(file string) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.folderOf(file).project
}

// ProjectOfFolder is Project for the files in a folder.
func (r *Resolver) ProjectOfFolder(folder string) string {
	return r.project(r.dir.absolute(folder))
}

func (r *Resolver) project(folder string) string { return r.baseOf(folder, r.projects.Root(folder)) }

// folderOf returns the folder of a file. It is asked several times for each file of a walk.
func (r *Resolver) folderOf(file string) named {
	name, _ := filepath.Split(file) // as it is: two spellings of a folder have two entries
	known, ok := r.byName[name]
	if !ok {
		folder := r.dir.absolute(name)
		known = named{r.stack(folder), r.project(folder)}
		r.byName[name] = known
	}
	return known
}

// Sources are the absolute paths of the files that were read, or looked for because another one extends them.
func (r *Resolver) Sources() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Sorted(maps.Keys(r.loader.tried))
}

// Of returns the configuration that applies to a file, as the command line names it. Files that have the same one get
// the same pointer.
func (r *Resolver) Of(file string) *Config {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	s := r.folderOf(file).stack
	if len(s.config.overrides) == 0 || s.config.Broken {
		return s.config
	}
	return r.forFile(s, file)
}

// OfFolder returns the configuration that applies to files in a folder, without overrides.
func (r *Resolver) OfFolder(folder string) *Config {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.stack(r.dir.absolute(folder)).config
}

// Err returns why a configuration cannot be used, nil if it can be used.
func (c *Config) Err() error {
	switch {
	case !c.Broken:
		return nil
	case c.cause != nil:
		return c.cause
	}
	return c.Faults
}

// InProject reports whether the root configuration is in the project's own folder or given by itself. If it is broken
// then, nothing is evaluated at all.
func (c *Config) InProject() bool { return c.inProject }

// forFile returns the configuration of a stack with the overrides that apply to a file.
func (r *Resolver) forFile(s *stack, file string) *Config {
	scopes := make([]byte, len(s.config.overrides))
	for i, l := range s.config.overrides {
		scopes[i] = '0'
		if matchAny(l.within, r.dir.relative(l.folder, file)) {
			scopes[i] = '1'
		}
	}
	if known := s.byScopes[string(scopes)]; known != nil {
		return known
	}
	c := composeFor(s.layers, s.project, r.dir, func(l *layer) bool {
		return scopes[slices.Index(s.config.overrides, l)] == '1'
	})
	c.Faults = s.config.Faults
	r.prepare(c)
	if s.byScopes == nil {
		s.byScopes = map[string]*Config{}
	}
	s.byScopes[string(scopes)] = c
	return c
}

// stack returns what applies to the files of a folder.
func (r *Resolver) stack(folder string) *stack {
	if known := r.byFolder[folder]; known != nil {
		return known
	}
	root := r.projects.Root(folder)
	var s *stack
	if root == "" || root == folder || r.options.File != "" {
		s = r.base(r.baseOf(folder, root))
	} else {
		s = r.stack(filepath.Dir(folder))
	}
	if r.options.File == "" && root != "" {
		s = r.push(s, folder, root)
	}
	r.byFolder[folder] = s
	return s
}

// baseOf returns the folder that patterns of shared configurations count from: the project's; without one the working
// directory if the folder is in it, else the folder.
func (r *Resolver) baseOf(folder, root string) string {
	if root != "" {
		return root
	}
	if relative, err := filepath.Rel(r.dir.path, folder); err == nil && filepath.IsLocal(relative) {
		return r.dir.path
	}
	return folder
}

// base returns what applies in a project where no folder has a configuration.
func (r *Resolver) base(project string) *stack {
	if known := r.byBase[project]; known != nil {
		return known
	}
	s := &stack{project: project}
	r.byBase[project] = s
	if r.options.File == "" {
		s.config = compose(nil, nil, project, r.dir)
		r.prepare(s.config)
		return s
	}
	home := filepath.Dir(r.options.File)
	within := r.projects.Root(home)
	if within == "" {
		within = home
	}
	layers, err := r.loader.load(r.options.File, within, layer{folder: project}, nil)
	for _, l := range layers {
		l.folder = project
	}
	s.set(r, layers, err, r.options.File, true)
	return s
}

// set makes the layers the root configuration of a stack. In case of an error the stack is broken.
func (s *stack) set(r *Resolver, layers []*layer, err error, file string, inProject bool) {
	c, err := root(layers, err, s.project, r.dir)
	if err == nil {
		s.layers, s.config = layers, c
		r.prepare(c)
		c.inProject = inProject
		return
	}
	s.config = compose(nil, nil, s.project, r.dir)
	s.config.breakBy(nil, r.errorsOf(err, file))
	s.config.inProject = inProject
}

// push adds the configuration in a folder to what applies above it.
func (r *Resolver) push(above *stack, folder, project string) *stack {
	file, err := inFolder(folder)
	if file == "" || above.config.Broken {
		return above
	}
	r.loader.try(file)
	s := &stack{project: project}
	if len(above.layers) == 0 { // it is the root configuration
		var layers []*layer
		if err == nil {
			layers, err = r.loader.load(file, project, layer{folder: folder}, nil)
		}
		s.project = folder
		s.set(r, layers, err, file, folder == project)
		return s
	}
	nested := layer{folder: folder, nested: true}
	var layers []*layer
	if err == nil {
		layers, err = r.loader.load(file, project, nested, nil)
	}
	if err != nil {
		s.config = compose(above.layers, nil, above.project, r.dir)
		s.config.breakBy(nil, r.errorsOf(err, file))
		return s
	}
	var faults Errors
	if refused := above.config.refusals(layers); len(refused) > 0 {
		skip := map[*source.Node]bool{}
		for _, refusal := range refused {
			skip[refusal.node] = true
			faults = append(faults, refusal.fault(layers))
		}
		layers, err = r.loader.load(file, project, nested, skip)
	}
	layers = slices.DeleteFunc(layers, func(l *layer) bool { return len(l.members) == 0 })
	if len(layers) == 0 && len(faults) == 0 {
		return above // an empty file
	}
	s.project, s.layers = above.project, slices.Concat(above.layers, layers)
	s.config = composeFor(s.layers, s.project, r.dir, func(*layer) bool { return false })
	s.config.Faults = append(slices.Clip(above.config.Faults), faults...)
	if err != nil {
		s.config.breakBy(nil, r.errorsOf(err, file))
	} else {
		r.prepare(s.config)
	}
	return s
}

// prepare completes and checks a configuration.
func (r *Resolver) prepare(c *Config) {
	if r.options.Prepare == nil {
		return
	}
	if err := r.options.Prepare(c); err != nil {
		file := ""
		if len(c.layers) > 0 {
			file = r.dir.absolute(c.layers[len(c.layers)-1].file.Name)
		}
		c.breakBy(err, r.errorsOf(err, file))
	}
}

// breakBy marks a configuration that cannot be used. The cause is nil if the reasons say all.
func (c *Config) breakBy(cause error, reasons Errors) {
	c.Broken, c.cause, c.Faults = true, cause, append(slices.Clip(c.Faults), reasons...)
}

// errorsOf returns an error about a file as Errors. One that has no position is about the whole file.
func (r *Resolver) errorsOf(err error, file string) Errors {
	var mistakes Errors
	var mistake *Error
	switch {
	case errors.As(err, &mistakes):
		return mistakes
	case errors.As(err, &mistake):
		return Errors{mistake}
	}
	message := err.Error()
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		message = pathError.Err.Error()
	}
	if errors.Is(err, fs.ErrNotExist) {
		message = "no such file"
	}
	if file == "" {
		return Errors{{Message: message}}
	}
	name := r.dir.shortest(file)
	return Errors{{File: name, Message: message, Source: source.Unread(name)}}
}

// fault is the mistake that a refusal is: in a file that a nested one extends it stands at the latter's extends.
func (f refusal) fault(layers []*layer) *Error {
	at, related := f.at, (*source.Node)(nil)
	for _, l := range layers {
		if l.file == at.File() && l.isPart {
			at, related = l.via, f.at
		}
	}
	mistake := At(at, f.message)
	mistake.Remedy, mistake.Related = f.remedy, related
	return mistake
}
