// Package terraform reads the configuration of Terraform and OpenTofu: .tf, .tofu, their JSON, and the values of
// variables. The files of a folder are one module. It makes documents in the structure of a plan, with what is known
// before Terraform is run: literals, defaults of variables, files of variables, locals, and pure functions of these.
//
// Nothing is executed, and no provider, state or other file is read. Whatever else a value depends on, it is unknown, part by
// part.
package terraform

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Suffixes returns those of the names of files.
func Suffixes() []string {
	return []string{".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json"}
}

// provider has texts in the types of a provider's resources that are read.
type provider struct {
	prefix string
	types  []string // without the prefix
}

func providers() []provider {
	return []provider{
		{"azurerm_", []string{"container_group", "machine_learning_", "kubernetes_cluster", "linux_function_app", "windows_function_app", "function_app"}},
		{"azapi_", []string{"resource"}},
		{"kubernetes_", []string{"manifest", "pod", "deployment", "stateful_set", "daemon", "replication_controller", "job", "cron_job"}},
		{"kubectl_", []string{"manifest"}},
	}
}

// Marked reports whether a file may describe a resource that is read, or call a local module, or give a value to what
// other files describe.
func Marked(name string, data []byte) bool {
	if isDownloaded(name) {
		return false
	}
	if is, _ := isVariables(path.Base(name)); is {
		return true
	}
	return describes(data) || len(localPaths(data)) > 0 || bytes.Contains(data, []byte("variable")) || bytes.Contains(data, []byte("locals"))
}

// isDownloaded reports whether a file is in a folder in which Terraform or Terragrunt keeps modules of others.
func isDownloaded(name string) bool {
	name = "/" + name
	return strings.Contains(name, "/.terraform/") || strings.Contains(name, "/.terragrunt-cache/")
}

// describes reports whether a file may describe a resource that is read.
func describes(data []byte) bool {
	return slices.ContainsFunc(providers(), func(p provider) bool { return p.isIn(data) }) && bytes.Contains(data, []byte("resource"))
}

func (p provider) isIn(data []byte) bool {
	for {
		// bytes.Index looks for the first byte, and a is frequent.
		mark := strings.TrimPrefix(p.prefix, "a")
		at := bytes.Index(data, []byte(mark))
		if at < 0 {
			return false
		}
		data = data[at+len(mark):]
		if slices.ContainsFunc(p.types, func(kind string) bool { return bytes.HasPrefix(data, []byte(kind)) }) {
			return true
		}
	}
}

// isRead reports whether resources of a type may be read.
func isRead(kind string) bool {
	return slices.ContainsFunc(providers(), func(p provider) bool {
		of, ok := strings.CutPrefix(kind, p.prefix)
		return ok && slices.ContainsFunc(p.types, func(start string) bool { return strings.HasPrefix(of, start) })
	})
}

// localPaths returns the texts in quotes that may be the source of a local module.
func localPaths(data []byte) []string {
	if !bytes.Contains(data, []byte("module")) {
		return nil
	}
	var paths []string
	for {
		at := bytes.Index(data, []byte(`".`))
		if at < 0 {
			return paths
		}
		data = data[at+1:]
		if end := bytes.IndexAny(data, "\"\n"); end > 0 && data[end] == '"' && isLocal(string(data[:end])) {
			paths = append(paths, string(data[:end]))
		}
	}
}

// Includes returns the texts in quotes that may be the source of a local module.
func Includes(data []byte) []string { return localPaths(data) }

// Decides reports whether the other files of a module may describe something else without a file: it has values of variables, changes
// blocks of others, or makes the module a root module.
func Decides(name string, data []byte) bool {
	base := path.Base(name)
	if is, _ := isVariables(base); is {
		return true
	}
	stem, configuration := configures(base)
	return configuration && (isOverride(stem) || bytes.Contains(data, []byte("backend")) || bytes.Contains(data, []byte("cloud")))
}

// isLocal reports whether the source of a module is a folder beside the one of the call.
func isLocal(from string) bool {
	return strings.HasPrefix(from, "./") || strings.HasPrefix(from, "../")
}

// Files are the files of a project, as language.Files.
type Files interface {
	Resolve(from, path string) (name string, ok bool)
	Read(name string) (data []byte, ok bool)
	List(folder string) []string
	Folders(folder string) []string
}

// Reader reads the files of one run. It is safe for concurrent use.
type Reader struct {
	project Files // nil if each file is read on its own

	mutex   sync.Mutex
	files   map[string]*entry
	folders map[string]*module
	callers map[string]map[string]bool // the folders of the modules with which a module was read, by its folder
}

// Open returns a reader of files and of those in a project that belong to them, which may be nil.
func Open(project Files) *Reader {
	return &Reader{project: project, files: map[string]*entry{}, folders: map[string]*module{}, callers: map[string]map[string]bool{}}
}

// entry is a file that was read.
type entry struct {
	file
	once     sync.Once // for its body
	declared sync.Once // for the document of what it declares
}

// isMarked reports whether the file may describe a resource that is read or call a module.
func (f *entry) isMarked() bool { return describes(f.Text) || len(localPaths(f.Text)) > 0 }

// parse parses the text of the file once.
func (f *entry) parse() { f.once.Do(func() { parse(&f.file) }) }

// hasDirective reports whether a text may have comments that relate to what is written beside or below them.
func hasDirective(text []byte) bool { return bytes.Contains(text, []byte("mlpolicy:")) }

// declare adds a document to a file that is not marked, to which its comments with waivers relate. The caller of Read must not
// get the file before.
func (f *entry) declare() {
	if !hasDirective(f.Text) {
		return
	}
	f.declared.Do(func() {
		f.parse()
		if f.body == nil {
			return
		}
		if members := written(&f.file); len(members) > 0 {
			f.Add(f.Mapping(members, 0, len(f.Text)))
		}
	})
}

// module is a folder that was asked for.
type module struct {
	parsed, evaluated sync.Once
	files             []*entry
	relevant          int8 // whether it describes a resource that is read or calls a module that does: 0 if not asked yet
}

// Read reads a file with the module to which it belongs.
func (r *Reader) Read(name string, data []byte) *source.File {
	f := r.entry(name, data)
	if len(f.Problems) > 0 {
		return f.File
	}
	if f.isMarked() {
		r.evaluate(path.Dir(name))
	} else {
		f.declare()
	}
	return f.File
}

// IsCalled reports whether a root module calls the module of a file in any number of steps, so that it was read with the arguments, and
// makes an instance of it. One with values of variables or a backend of its own is also applied on its own.
func (r *Reader) IsCalled(file *source.File) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if known := r.files[file.Name]; known == nil || known.File != file {
		return false // of another language, in the folder of a module
	}
	folder := path.Dir(file.Name)
	if m := r.folders[folder]; m != nil && slices.ContainsFunc(m.files, isOfRoot) {
		return false
	}
	for caller := range r.callers[folder] {
		if len(r.callers[caller]) == 0 {
			return true
		}
	}
	return false // nothing calls it, or modules that call each other do
}

// isOfRoot reports whether only a root module uses a file, or a block in it.
// https://developer.hashicorp.com/terraform/language/backend
func isOfRoot(f *entry) bool {
	if is, automatic := isVariables(path.Base(f.Name)); is {
		return automatic
	}
	return f.body != nil && slices.ContainsFunc(f.body.Blocks, func(b *hclsyntax.Block) bool {
		return b.Type == "terraform" && slices.ContainsFunc(b.Body.Blocks, func(inner *hclsyntax.Block) bool {
			return inner.Type == "backend" || inner.Type == "cloud"
		})
	})
}

// addCaller records that a module was read with its own calls as one that another one calls. A call from a folder below is an example or a test of it.
func (r *Reader) addCaller(called, caller string) {
	if called == "." || strings.HasPrefix(caller, called+"/") || caller == called {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.callers[called] == nil {
		r.callers[called] = map[string]bool{}
	}
	r.callers[called][caller] = true
}

// entry returns the file of a name, which is read once.
func (r *Reader) entry(name string, data []byte) *entry {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.files[name] == nil {
		f := &entry{file: file{File: source.Decode(name, data)}}
		if len(f.Problems) > 0 {
			f.Skipped, f.Problems = f.Problems[0].Message, nil
		}
		r.files[name] = f
	}
	return r.files[name]
}

// text returns the text of a stretch of a file.
func (r *Reader) text(at hcl.Range) string {
	f := r.known(at.Filename)
	if f == nil {
		return ""
	}
	start := min(at.Start.Byte, len(f.Text))
	return string(f.Text[start:max(start, min(at.End.Byte, len(f.Text)))])
}

func (r *Reader) known(name string) *source.File {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if f := r.files[name]; f != nil {
		return f.File
	}
	return nil
}

// module returns the module in a folder, whose files are read and not parsed.
func (r *Reader) module(name string) *module {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.folders[name] == nil {
		r.folders[name] = &module{}
	}
	return r.folders[name]
}

// load reads the files of a module.
func (r *Reader) load(m *module, name string) {
	m.parsed.Do(func() {
		var names []string
		if r.project != nil {
			names = r.project.List(name)
		}
		r.mutex.Lock()
		for known := range r.files {
			if path.Dir(known) == name && !slices.Contains(names, known) {
				names = append(names, known)
			}
		}
		r.mutex.Unlock()
		slices.Sort(names)
		for _, each := range append(configuring(names), variablesIn(names)...) {
			f := r.entryOf(each)
			if f != nil {
				m.files = append(m.files, f)
			}
		}
	})
}

// entryOf returns a file of the project, nil if it cannot be read.
func (r *Reader) entryOf(name string) *entry {
	r.mutex.Lock()
	known := r.files[name]
	r.mutex.Unlock()
	if known != nil || r.project == nil {
		return known
	}
	data, ok := r.project.Read(name)
	if !ok {
		return nil
	}
	return r.entry(name, data)
}

// variablesIn returns the files of variables in the order in which they count.
func variablesIn(names []string) []string {
	var files []string
	for _, name := range names {
		if is, _ := isVariables(path.Base(name)); is && !hidden(path.Base(name)) {
			files = append(files, name)
		}
	}
	order := func(name string) int {
		switch path.Base(name) {
		case "terraform.tfvars":
			return 0
		case "terraform.tfvars.json":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(files, func(a, b string) int { return order(a) - order(b) })
	return files
}

const (
	// maxModules is the number of calls between a root module and one that it includes.
	maxModules = 32
	// maxCalls is the number of calls in a root module and those that it includes. Modules that call each other twice make more.
	maxCalls = 1000
)

// isRelevant reports whether a module, or one that it calls in any number of steps, may describe a resource that is read.
func (r *Reader) isRelevant(name string) bool {
	reached := []string{name}
	for i := 0; i < len(reached); i++ {
		m := r.module(reached[i])
		r.load(m, reached[i])
		if known := r.relevance(m); known > 0 || slices.ContainsFunc(m.files, func(f *entry) bool { return describes(f.Text) }) {
			r.setRelevance(1, name)
			return true
		} else if known < 0 {
			continue
		}
		for _, f := range m.files {
			for _, from := range localPaths(f.Text) {
				if called, ok := r.resolve(f.Name, from); ok && !slices.Contains(reached, called) {
					reached = append(reached, called)
				}
			}
		}
	}
	r.setRelevance(-1, reached...)
	return false
}

func (r *Reader) relevance(m *module) int8 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return m.relevant
}

func (r *Reader) setRelevance(relevant int8, names ...string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, name := range names {
		r.folders[name].relevant = relevant
	}
}

func (r *Reader) resolve(from, to string) (string, bool) {
	if r.project == nil {
		return "", false
	}
	return r.project.Resolve(from, to)
}

// parse returns the module in a folder with its blocks as a tool reads it. A root module also has the values of variables that may be
// chosen for it.
func (r *Reader) parse(name string, root bool, by tool) *folder {
	m := r.module(name)
	r.load(m, name)
	all := m.files
	if root {
		all = append(all[:len(all):len(all)], r.chosen(name)...)
	}
	var files []*file
	for _, f := range all {
		f.parse()
		files = append(files, &f.file)
	}
	return assemble(name, files, by)
}

// chosen returns the files of variables in the folders that usually have one for each environment, and in the folders of these.
func (r *Reader) chosen(module string) []*entry {
	if r.project == nil {
		return nil
	}
	var files []*entry
	for _, folder := range []string{"env", "envs", "environment", "environments", "params", "parameters", "tfvars", "vars", "variables", "config"} {
		inside := path.Join(module, folder)
		for _, each := range append([]string{inside}, r.project.Folders(inside)...) {
			names := r.project.List(each)
			if len(configuring(names)) > 0 {
				continue // a module of its own
			}
			for _, name := range variablesIn(names) {
				if f := r.entryOf(name); f != nil {
					files = append(files, f)
				}
			}
		}
	}
	return files
}

// parse parses the text of a file. A file that cannot be parsed has no body.
func parse(f *file) {
	if f.Skipped != "" {
		return
	}
	if isJSON(f.Name) {
		parseJSON(f)
		return
	}
	tokens, _ := hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos)
	if f.Skipped = tooDeep(tokens, true); f.Skipped != "" {
		return
	}
	f.SetComments(commentsOf(f, tokens))
	parsed, diagnostics := hclsyntax.ParseConfig(f.Text, f.Name, hcl.InitialPos)
	if diagnostics.HasErrors() {
		f.Skipped = "syntax error: " + diagnostics.Errs()[0].Error()
		return
	}
	f.body, _ = parsed.Body.(*hclsyntax.Body)
}

func parseJSON(f *file) {
	text := source.Parse(f.Name, f.Text)
	if len(text.Problems) > 0 || len(text.Documents) != 1 || text.Documents[0].Root.Kind != source.Mapping {
		f.Skipped = "no object of JSON"
		return
	}
	r := &jsonReader{file: f.Name}
	root := text.Documents[0].Root
	if is, _ := isVariables(path.Base(f.Name)); is {
		f.body = r.block("", root, root).Body
	} else {
		f.body = r.body(root)
	}
	if r.reason != "" {
		f.Skipped, f.body = r.reason, nil
	}
}

// commentsOf returns the comments of a file.
func commentsOf(f *file, tokens hclsyntax.Tokens) []source.Comment {
	var comments []source.Comment
	for _, token := range tokens {
		if token.Type != hclsyntax.TokenComment {
			continue
		}
		start, end := token.Range.Start.Byte, token.Range.End.Byte
		switch {
		case bytes.HasPrefix(token.Bytes, []byte("/*")):
			comments = append(comments, f.CommentAt(start, start+2, max(start+2, end-2)))
		case bytes.HasPrefix(token.Bytes, []byte("//")):
			comments = append(comments, f.CommentAt(start, start+2, end))
		default:
			comments = append(comments, f.CommentAt(start, start+1, end))
		}
	}
	return comments
}
