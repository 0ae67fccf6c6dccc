package link

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MaxParametersFiles limits the parameters files of one template, since the template is read once
// for each. Larger numbers are generated files.
const MaxParametersFiles = 20

// parametersFilesOf returns the parameters files in a reading: one for each document, or the file
// itself if it looks like a parameters file and cannot be parsed.
func parametersFilesOf(of *Reading) []*arm.Parameters {
	var files []*arm.Parameters
	for _, part := range of.Parts[read.ARMParameters] {
		files = append(files, &arm.Parameters{Root: part.Location().Node})
	}
	if problem := brokenParameters(of); problem != nil {
		files = append(files, &arm.Parameters{Root: of.File.Mark(problem.Span), Broken: problem})
	}
	return files
}

// brokenParameters returns the syntax error of a file that looks like a parameters file and has no
// document of any format. It is nil for any other file.
func brokenParameters(of *Reading) *source.Problem {
	if of.File == nil || len(of.Readers) > 0 || of.File.IsForeign() || !arm.ParametersFile.Marked(of.File.Text) {
		return nil
	}
	problems := of.File.Problems
	if len(problems) == 0 { // files of the run lack problems of auxiliary formats
		problems = source.Parse(of.File.Name, of.File.Text).Problems
	}
	if len(problems) == 0 {
		return nil
	}
	return &problems[0]
}

// applyParameters reads the templates of a file again with the values of each of their parameters
// files.
func (l *Linker) applyParameters(ctx context.Context, of *Reading) {
	if l.options.Alone || !hasTemplate(of) {
		return
	}
	for i, r := range of.Readers {
		if !isTemplate(r) || r.Parameters != nil || len(r.Variants) > 0 {
			continue
		}
		files := l.parametersOf(ctx, of.File.Name, r.Root)
		if len(files) == 0 {
			continue
		}
		of.Readers[i] = readWith(r, files)
		of.Readers[i].Unit = r.Unit
		if foundAny(r) || foundAny(of.Readers[i]) {
			for _, file := range files {
				l.reportParameters(file, r.Root)
			}
		}
	}
	of.Gather()
}

// readWith reads a template again with each of its parameters files. Above MaxParametersFiles, the
// parameters are unknown.
func readWith(r *read.Reader, files []*arm.Parameters) *read.Reader {
	const unknown = "the values of its parameters: "
	if len(files) > MaxParametersFiles {
		link := parametersLink(r.Root, files)
		link.Why = fmt.Sprintf("%d files match; more than %d are not evaluated, so their values are unknown", len(files), MaxParametersFiles)
		again := arm.WithParameters(r, arm.UnsetBy(r.Root, files), true)
		addLink(again, link)
		again.Unknown = unknown + link.Why
		return again
	}
	variants := make([]*read.Reader, len(files))
	for i, file := range files {
		values, known := file.Given(r.Root)
		variants[i] = arm.WithParameters(r, values, !known)
		addLink(variants[i], parametersLink(r.Root, []*arm.Parameters{file}))
	}
	again := variants[0]
	if len(variants) > 1 {
		again = &read.Reader{Format: r.Format, Root: r.Root, Lists: r.Lists, Variants: variants}
		for _, variant := range variants {
			variant.MarkParameters()
		}
	}
	if at := slices.IndexFunc(files, func(file *arm.Parameters) bool { return file.Values() == nil }); at >= 0 && again.Unknown == "" {
		again.Unknown = unknown + path.Base(files[at].Root.File().Name) + " cannot be read"
	}
	return again
}

// foundAny reports whether a template describes anything with any of its parameters files.
func foundAny(r *read.Reader) bool {
	return len(r.Deployments)+len(r.Computes) > 0 || slices.ContainsFunc(r.Variants, foundAny)
}

// reportParameters reports the problems of a template's parameters file.
func (l *Linker) reportParameters(file *arm.Parameters, template *source.Node) {
	if file.Broken != nil && l.inRun[file.Root.File()] && len(file.Root.File().Problems) > 0 {
		return // reported like any other file
	}
	for _, problem := range file.Problems(template) {
		problem.Location.Related = []facts.Location{{Node: template, Why: "the template that is deployed with it"}}
		l.report(problem)
	}
}

func parametersLink(template *source.Node, files []*arm.Parameters) facts.Link {
	link := facts.Link{What: read.ARMParameters.String(), Location: facts.Location{Node: template}}
	for _, file := range files[:min(len(files), maxFound)] {
		at := facts.Location{Node: file.Root}
		if names, _ := file.Undeclared(template); len(names) > 0 {
			at.Why = "the template does not declare " + strings.Join(names[:min(len(names), maxFound)], ", ")
		}
		if _, known := file.Given(template); !known {
			at.Why = "it cannot be read, so its values are unknown"
		}
		link.Found = append(link.Found, at)
	}
	return link
}

// addLink adds a link to all deployments of a document.
func addLink(r *read.Reader, link facts.Link) {
	for _, d := range r.Deployments {
		d.Links = append(d.Links, link)
	}
}

func isTemplate(r *read.Reader) bool { return r.Format == arm.Template.Name }

func hasTemplate(of *Reading) bool { return slices.ContainsFunc(of.Readers, isTemplate) }

// parametersOf returns the parameters files with which a template may be deployed, sorted by name.
// They are beside the template, in a folder there named parameters, env or similar, or in the
// folders of that folder, each of which may be an environment.
//
// A file whose name starts with that of a template belongs to it: main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json belong to main.json. That includes files
// that set undeclared parameters: Azure rejects such a deployment, so the declared ones are
// evaluated.
//
// A file with the name of azuredeploy.json also belongs to main.bicep, unless that template is not compiled from it.
//
// A file without a template's name, such as prod.parameters.json, belongs to the only template of
// the folder. It must set declared parameters only, and all without a default. If no other file
// belongs to that template, parameters.json does.
//
// A file that sets only undeclared parameters belongs to another template.
//
// A file written in Bicep belongs to the template that it names, and the files of the run may do so from any folder.
func (l *Linker) parametersOf(ctx context.Context, file string, template *source.Node) []*arm.Parameters {
	folder := read.FolderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	candidates := l.values[folder]
	files := slices.Concat(candidates.using[file], candidates.using[arm.SourceOf(template.File())], l.fitting(candidates.named[arm.Stem(file)], template, ofItsName))
	if candidates.templates == 1 && !l.IsCalled(template.File()) {
		files = append(files, l.fitting(candidates.others, template, ofAnyName)...)
		if len(files) == 0 {
			files = l.fitting(candidates.nameless, template, ofItsName)
		}
	}
	for _, own := range files {
		delete(l.unlinked, own.Root)
		l.linked[own.Root] = true
	}
	slices.SortStableFunc(files, func(a, b *arm.Parameters) int {
		return strings.Compare(a.Root.File().Name, b.Root.File().Name)
	})
	return slices.CompactFunc(files, func(a, b *arm.Parameters) bool { return a.Root == b.Root })
}

// Whether the name of a parameters file refers to the template.
const (
	ofAnyName = false
	ofItsName = true
)

// fitting returns the files that set parameters as the template requires. It records the reason for
// the others.
func (l *Linker) fitting(files []*arm.Parameters, template *source.Node, named bool) []*arm.Parameters {
	return slices.DeleteFunc(slices.Clone(files), func(file *arm.Parameters) bool {
		why := unfit(file, template, named)
		if why != "" && !l.linked[file.Root] {
			l.unlinked[file.Root] = why
		}
		return why != ""
	})
}

// unfit returns why a parameters file does not belong to a template, empty where it may.
func unfit(file *arm.Parameters, template *source.Node, named bool) string {
	if file.Values() == nil {
		return "" // its values are unknown
	}
	name := path.Base(template.File().Name)
	undeclared, all := file.Undeclared(template)
	if all || len(undeclared) > 0 && !named {
		return "it sets " + undeclared[0] + ", which " + name + " does not declare"
	}
	if named {
		return ""
	}
	if missing := file.Missing(template); len(missing) > 0 {
		return "it does not set " + missing[0] + ", which " + name + " requires"
	}
	return ""
}

// parametersFiles are the parameters files that may belong to the templates of a folder.
type parametersFiles struct {
	templates int                          // the number in the folder, without those that others include
	using     map[string][]*arm.Parameters // by the name of the template that they name
	named     map[string][]*arm.Parameters // by the stem of the template in their names
	others    []*arm.Parameters            // without a template's name
	nameless  []*arm.Parameters            // those of others that are named parameters.json or similar
}

// parametersByTemplate groups the parameters files of a folder by the stems of its templates.
func (l *Linker) parametersByTemplate(ctx context.Context, folder string) *parametersFiles {
	readings := l.inFolder(ctx, folder)
	templates, included := map[string]bool{}, 0
	for _, reading := range readings {
		if hasTemplate(reading) && !templates[arm.Stem(reading.File.Name)] {
			templates[arm.Stem(reading.File.Name)] = true
			if l.IsCalled(reading.File) {
				included++
			}
		}
	}
	bicepMain := isCompiledFromMain(readings)
	files := &parametersFiles{templates: len(templates) - included, using: map[string][]*arm.Parameters{}, named: map[string][]*arm.Parameters{}}
	if len(templates) == 0 {
		return files
	}
	for _, below := range l.parametersFolders(folder) {
		inside := l.inFolder(ctx, below)
		if !slices.ContainsFunc(inside, hasTemplate) { // else its files belong to the templates there
			readings = append(readings, inside...)
		}
	}
	for _, reading := range slices.Concat(readings, l.run) {
		l.addUsing(files.using, reading)
	}
	for _, reading := range readings {
		parts := parametersFilesOf(reading)
		if len(parts) == 0 || usedTemplate(parts[0]) != nil {
			continue
		}
		bare, _, _ := strings.Cut(arm.Stem(reading.File.Name), "param")
		bare = strings.TrimRight(bare, ".-_")
		name := bare
		for name != "" && !templates[name] {
			name = name[:max(strings.LastIndexByte(name, '.'), 0)]
		}
		ofSource := bicepMain && (bare == compiledStem || strings.HasPrefix(bare, compiledStem+"."))
		if ofSource {
			files.named["main"] = append(files.named["main"], parts...)
		}
		switch {
		case name != "":
			files.named[name] = append(files.named[name], parts...)
		case ofSource:
		case bare == "":
			files.nameless = append(files.nameless, parts...)
			fallthrough
		default:
			files.others = append(files.others, parts...)
		}
	}
	return files
}

// compiledStem is that of the template that is usually compiled from main.bicep.
const compiledStem = "azuredeploy"

// isCompiledFromMain reports whether a folder has main.bicep, and no azuredeploy.json of another source, so that parameters files of the one
// are those of the other.
func isCompiledFromMain(readings []*Reading) (isCompiled bool) {
	for _, reading := range readings {
		switch base := path.Base(reading.File.Name); {
		case !hasTemplate(reading):
		case strings.EqualFold(base, "main.bicep"):
			isCompiled = true
		case arm.Stem(base) == compiledStem && arm.SourceOf(reading.File) == "":
			return false
		}
	}
	return isCompiled
}

// usedTemplate returns the path of the template that a parameters file names, nil if it names none.
func usedTemplate(file *arm.Parameters) *source.Node { return file.Root.Get("using") }

// addUsing adds a parameters file under the name of the template that it names.
func (l *Linker) addUsing(using map[string][]*arm.Parameters, reading *Reading) {
	for _, file := range parametersFilesOf(reading) {
		text, ok := usedTemplate(file).Scalar()
		if !ok {
			continue
		}
		if name, ok := l.within(reading.File.Name, text); ok {
			using[name] = append(using[name], file)
		}
	}
}

// parametersFolders returns the folders in a folder that are named for parameters files or for
// environments, and their own folders, one for each environment.
func (l *Linker) parametersFolders(folder string) []string {
	found := map[string]bool{}
	for inside, name := range l.foldersIn(folder) {
		switch strings.ToLower(name) {
		case "parameters", "params", "env", "envs", "environment", "environments":
			found[inside] = true
			for below := range l.foldersIn(inside) {
				found[below] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// foldersIn returns the folders in a folder with their names, of the run and of the file system. A
// path may contain .. and therefore not end in the name.
func (l *Linker) foldersIn(folder string) map[string]string {
	found := map[string]string{}
	for inside := range l.folders {
		for ; path.Dir(inside) != inside; inside = path.Dir(inside) { // there may be folders without files in between
			if path.Dir(inside) == folder {
				found[inside] = path.Base(inside)
				break
			}
		}
	}
	if l.fsys != nil && folder != read.StandardInput {
		entries, err := fs.ReadDir(l.fsys, folder)
		if err == nil { // an error means no folders
			for _, entry := range entries {
				if entry.IsDir() {
					found[path.Dir(l.direct(path.Join(folder, entry.Name(), "any")))] = entry.Name()
				}
			}
		}
	}
	return found
}
