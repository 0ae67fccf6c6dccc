package terraform

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform/eval"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// evaluate adds the documents of the module in a folder, once.
func (r *Reader) evaluate(name string) {
	m := r.module(name)
	m.evaluated.Do(func() {
		if !r.isRelevant(name) {
			return
		}
		readings := r.readings(name)
		for _, e := range m.files {
			f := &e.file
			if !e.isMarked() {
				e.declare()
			}
			if !e.isMarked() || f.body == nil {
				continue // others may have got it already
			}
			var members []source.Member
			if hasDirective(f.Text) {
				members = written(f)
			}
			if members = append(members, described(f, readings)...); len(members) > 0 {
				f.Add(f.Mapping(members, 0, len(f.Text)))
			}
		}
	})
}

// reading is the resources of a root module with the values of one file of variables.
type reading struct {
	chosen     *file        // nil for none
	parameters *source.Node // of the file, nil for none
	resources  map[*file][]*source.Node
}

// described returns what a file describes in the readings of its module: the resources, of which those of a reading with a file of variables
// that is chosen name it, and all such files.
func described(f *file, readings []*reading) []source.Member {
	var all, variants []*source.Node
	for _, each := range readings {
		all = append(all, each.resources[f]...)
		if each.parameters != nil {
			variants = append(variants, each.parameters)
		}
	}
	if len(all) == 0 {
		return nil
	}
	end := len(f.Text)
	start := all[0].Span().Start.Offset
	if len(variants) > 0 { // a node is found by its place
		slices.SortStableFunc(all, func(a, b *source.Node) int { return a.Span().Start.Offset - b.Span().Start.Offset })
	}
	members := []source.Member{{Key: f.Scalar(source.String, "resource_changes", end, end), Value: f.Sequence(all, start, end)}}
	if len(variants) > 0 {
		members = append(members, source.Member{Key: f.Scalar(source.String, "variants", end, end), Value: f.Sequence(variants, end, end)})
	}
	return members
}

// maxChosen is the number of files of variables with which a root module is read. More files are generated ones, and their values
// are not known.
const maxChosen = 20

// readings returns the resources of a root module: first with the files of variables that are always read, then with each of the
// others that makes a difference.
func (r *Reader) readings(name string) []*reading {
	w := &walker{
		Reader: r, name: name,
		builder: &treeBuilder{Evaluator: &eval.Evaluator{Steps: eval.MaxSteps, Text: r.text, Files: r.known}},
		modules: map[tool]map[string]*folder{},
	}
	base := w.reading(nil)
	readings := []*reading{base}
	root := w.module(name, openTofu)
	files := chosenIn(root)
	if len(files) > maxChosen {
		return readings
	}
	for _, file := range files {
		if w.differs(root, file) {
			readings = append(readings, w.reading(file))
		}
	}
	return readings
}

// chosenIn returns the files of variables that may be chosen for a root module and set one of its variables, in the order of their names.
func chosenIn(root *folder) []*file {
	found := map[*file]bool{}
	for name, values := range root.varied {
		for _, each := range values {
			if root.variables[name] != nil {
				found[each.file] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b *file) int { return strings.Compare(a.Name, b.Name) })
}

// walker reads a root module.
type walker struct {
	*Reader
	name    string
	builder *treeBuilder
	modules map[tool]map[string]*folder
}

// module returns a module as a tool reads it.
func (w *walker) module(name string, by tool) *folder {
	if w.modules[by] == nil {
		w.modules[by] = map[string]*folder{}
	}
	if w.modules[by][name] == nil {
		w.modules[by][name] = w.parse(name, name == w.name, by)
	}
	return w.modules[by][name]
}

// differs reports whether the values of a file are not known to be those without it.
func (w *walker) differs(root *folder, chosen *file) bool {
	without, with := rootInstance(root, nil, w.builder.Evaluator), rootInstance(root, chosen, w.builder.Evaluator)
	for name := range root.varied {
		if with.chosenValue(name) == nil {
			continue
		}
		same, known := eval.SameTexts(without.Variable(name), with.Variable(name))
		if declared := root.variables[name]; declared != nil && !declared.secret && !(same && known) {
			return true
		}
	}
	return false
}

// reading reads the module with a file of variables that is chosen, nil for none, as each tool does. What both read alike is there once.
func (w *walker) reading(chosen *file) *reading {
	made := &reading{chosen: chosen, resources: map[*file][]*source.Node{}}
	if chosen != nil {
		made.parameters = chosen.Mapping(nil, 0, 0)
	}
	w.builder.parameters = made.parameters
	first := w.walk(chosen, openTofu, made)
	if first.ofTools && w.module(w.name, hashicorp).isConfigured() {
		alone := &reading{resources: map[*file][]*source.Node{}}
		w.walk(chosen, hashicorp, alone)
		made.add(alone)
	}
	return made
}

// add adds the resources of another reading that are not alike.
func (r *reading) add(other *reading) {
	known := map[string][]*source.Node{}
	for _, resources := range r.resources {
		for _, each := range resources {
			address := each.Get("address").Text()
			known[address] = append(known[address], each)
		}
	}
	for file, resources := range other.resources {
		for _, each := range resources {
			if !slices.ContainsFunc(known[each.Get("address").Text()], func(same *source.Node) bool { return isAlike(same, each) }) {
				r.resources[file] = append(r.resources[file], each)
			}
		}
	}
}

// isAlike reports whether two nodes have the same content at the same place.
func isAlike(a, b *source.Node) bool {
	if a.File() != b.File() || a.Kind != b.Kind || a.Text() != b.Text() || len(a.Items()) != len(b.Items()) || len(a.Members()) != len(b.Members()) {
		return false
	}
	if x, y := a.Span(), b.Span(); x.Start.Offset != y.Start.Offset || x.End.Offset != y.End.Offset {
		return false
	}
	for i, item := range a.Items() {
		if !isAlike(item, b.Items()[i]) {
			return false
		}
	}
	for i, m := range a.Members() {
		if m.Key.Text() != b.Members()[i].Key.Text() || !isAlike(m.Value, b.Members()[i].Value) {
			return false
		}
	}
	return true
}

// walk collects the resources of the root module and of those that it calls.
func (w *walker) walk(chosen *file, by tool, to *reading) *walk {
	root := w.module(w.name, by)
	collects := &walk{walker: w, tool: by, reading: to, sized: map[string]bool{}}
	w.builder.Reserve = 0
	collects.size(root)
	// Calls nearer to the root module come first, so that no call behind them has any effect on these.
	for next := []visit{{rootInstance(root, chosen, w.builder.Evaluator), nil, []string{w.name}}}; len(next) > 0; next = next[1:] {
		next = append(next, collects.instance(next[0])...)
	}
	return collects
}

// visit is an instance of a module. owner is the file of the root module that calls it, nil for the root module itself. within are the
// folders of the calls around it.
type visit struct {
	*instance
	owner  *file
	within []string
}

// walk collects the resources of a root module and of those that it calls, by the file of the root module that has or calls them.
type walk struct {
	*walker
	*reading
	tool    tool
	sized   map[string]bool // modules whose size is counted
	calls   int
	ofTools bool // a module has files that only one of the tools reads
}

// size allows the work on a module that is read for the first time.
func (w *walk) size(of *folder) {
	if !w.sized[of.name] {
		w.sized[of.name] = true
		w.builder.Steps += of.size()
		w.builder.Reserve += of.size()
	}
}

// instance collects the resources of a module, and returns the modules that it calls.
func (w *walk) instance(in visit) (calls []visit) {
	w.ofTools = w.ofTools || in.folder.ofTools
	for _, b := range in.folder.resources {
		if !isRead(b.Labels[0]) {
			continue
		}
		w.builder.in = in.instance
		w.builder.Allow(b.Range())
		exists, from := in.existenceOf(b)
		if exists == never {
			continue
		}
		of := in.owner
		if of == nil {
			of = b.file
		}
		if w.builder.Allow(b.Range()); !w.builder.Spend(1) {
			return nil
		}
		w.resources[of] = append(w.resources[of], w.builder.resource(b, in.counted || exists == counted, append(from, in.from...)))
	}
	for _, b := range in.calls {
		if called, ok := w.call(b, in); ok {
			calls = append(calls, called)
		}
	}
	return calls
}

// call returns the instance of a local module that a block calls; ok is false if there is none, or too many.
func (w *walk) call(b *block, in visit) (called visit, ok bool) {
	to := calledPath(b)
	name, ok := w.resolve(b.file.Name, to)
	if to == "" || !ok || slices.Contains(in.within, name) || len(in.within) > maxModules || !w.isRelevant(name) {
		return visit{}, false
	}
	w.builder.Allow(b.Range())
	exists, from := in.existenceOf(b)
	if w.calls++; exists == never || w.calls > maxCalls {
		return visit{}, false
	}
	w.addCaller(name, w.name)
	module := w.module(name, w.tool)
	w.size(module)
	inner := newInstance(module, w.builder.Evaluator)
	inner.caller, inner.path = in.instance, in.path+"module."+b.Labels[0]+"."
	inner.args, inner.counted = in.argsOf(b), in.counted || exists == counted
	inner.from = append(from, in.from...)
	owner := in.owner
	if owner == nil {
		owner = b.file
	}
	return visit{inner, owner, append(in.within[:len(in.within):len(in.within)], name)}, true
}

// Completes returns what a file without documents adds to, empty for nothing: the module in its folder, or for a file of variables in a
// folder such as environments the root module above it.
func (r *Reader) Completes(of *source.File) string {
	folder := path.Dir(of.Name)
	is, automatic := isVariables(path.Base(of.Name))
	if !is || automatic {
		if r.isRelevant(folder) {
			return "the module in " + folder
		}
		if !is {
			return ""
		}
	}
	for range 3 {
		if r.isRelevant(folder) && slices.ContainsFunc(chosenIn(r.parse(folder, true, openTofu)), func(f *file) bool { return f.File == of }) {
			return "the module in " + folder + ", for which it may be chosen"
		}
		folder = path.Dir(folder)
	}
	return ""
}
