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

// MaxParametersFiles is how many parameters files of one template are judged. The
// template is read once for each; who has more generates them.
const MaxParametersFiles = 20

// parametersFilesOf returns the parameters files that a reading holds: one for each document,
// or the file itself where its text has the signs of one and cannot be parsed.
func parametersFilesOf(of *Reading) []*arm.Parameters {
	var files []*arm.Parameters
	for _, part := range of.Parts[read.ARMParameters] {
		files = append(files, &arm.Parameters{Root: part.Place().Node})
	}
	if problem := brokenParameters(of); problem != nil {
		files = append(files, &arm.Parameters{Root: of.File.Mark(problem.Span), Broken: problem})
	}
	return files
}

// brokenParameters returns why the text of a file that has the signs of a parameters file, and
// holds no document of any format, cannot be parsed; nil for any other file.
func brokenParameters(of *Reading) *source.Problem {
	if of.File == nil || len(of.Readers) > 0 || !arm.ParametersFile.Marked(of.File.Text) {
		return nil
	}
	problems := of.File.Problems
	if len(problems) == 0 { // a file of the run is without those of auxiliary formats
		problems = source.Parse(of.File.Name, of.File.Text).Problems
	}
	if len(problems) == 0 {
		return nil
	}
	return &problems[0]
}

// ApplyParameters reads the templates of a file again with the values of each parameters
// file that belongs to them.
func (l *Linker) ApplyParameters(ctx context.Context, of *Reading) {
	if l.options.Alone || !holdsTemplate(of) {
		return
	}
	for i, r := range of.Readers {
		if !isTemplate(r) || r.Parameters != nil || len(r.Variants) > 0 {
			continue
		}
		files := l.parametersOf(ctx, of.File.Name, r.Root)
		switch {
		case len(files) == 0:
		case len(files) == 1:
			values, known := files[0].Given(r.Root)
			of.Readers[i] = arm.WithParameters(r, values, !known)
			addLink(of.Readers[i], parametersLink(r.Root, files))
		case len(files) <= MaxParametersFiles:
			template := &read.Reader{Format: r.Format, Root: r.Root, Lists: r.Lists}
			for _, file := range files {
				values, known := file.Given(r.Root)
				variant := arm.WithParameters(r, values, !known)
				separate(variant)
				addLink(variant, parametersLink(r.Root, []*arm.Parameters{file}))
				template.Variants = append(template.Variants, variant)
			}
			of.Readers[i] = template
		default:
			link := parametersLink(r.Root, files)
			link.Why = fmt.Sprintf("%d files match; more than %d are not evaluated, so their values are unknown", len(files), MaxParametersFiles)
			of.Readers[i] = arm.WithParameters(r, arm.UnsetBy(r.Root, files), true)
			addLink(of.Readers[i], link)
			of.Readers[i].Unknown = "the values of its parameters: " + link.Why
		}
		for _, file := range files {
			if _, known := file.Given(r.Root); !known && of.Readers[i].Unknown == "" {
				of.Readers[i].Unknown = "the values of its parameters: " + path.Base(file.Root.File().Name) + " cannot be read"
			}
			if len(r.Deployments)+len(r.Computes) > 0 || foundAny(of.Readers[i]) {
				l.reportParameters(file, r.Root)
			}
		}
	}
	of.Gather()
}

// foundAny reports whether a template describes anything with any of its parameters files.
func foundAny(r *read.Reader) bool {
	return len(r.Deployments)+len(r.Computes) > 0 || slices.ContainsFunc(r.Variants, foundAny)
}

// reportParameters adds the problems of a parameters file of a template.
func (l *Linker) reportParameters(file *arm.Parameters, template *source.Node) {
	if file.Broken != nil && l.inRun[file.Root.File()] && len(file.Root.File().Problems) > 0 {
		return // it is reported as any other file
	}
	for _, problem := range file.Problems(template) {
		problem.Place.Related = []facts.Place{{Node: template, Why: "the template that is deployed with it"}}
		l.report(problem)
	}
}

func parametersLink(template *source.Node, files []*arm.Parameters) facts.Link {
	link := facts.Link{What: read.ARMParameters.String(), Place: facts.Place{Node: template}}
	declared := arm.DeclaredParameters(template)
	for _, file := range files[:min(len(files), maxFound)] {
		at := facts.Place{Node: file.Root}
		if names, _ := file.Strange(declared); len(names) > 0 {
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

func holdsTemplate(of *Reading) bool { return slices.ContainsFunc(of.Readers, isTemplate) }

// parametersOf returns the parameters files that a template may be deployed with, by
// their names: those beside it and in a folder there that is called parameters, env or the like,
// or in the folders in that, of which each may be an environment.
//
// A file belongs to the template whose name it bears, as main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json bear that of main.json, also where it
// sets what the template does not declare: Azure refuses such a deployment, so that what is
// declared is the best reading of it. parameters.json likewise belongs to the only template of
// the folder where there is no other file. Any other one, such as prod.parameters.json, belongs
// to the only template of the folder if it sets nothing that is not declared there and gives a
// value to each parameter without a default. A file that sets only what the template does not
// declare is another's.
func (l *Linker) parametersOf(ctx context.Context, file string, template *source.Node) []*arm.Parameters {
	folder := read.FolderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	candidates := l.values[folder]
	files := l.fitting(candidates.named[arm.Stem(file)], template, ofItsName)
	if candidates.templates == 1 {
		files = append(files, l.fitting(candidates.others, template, ofAnyName)...)
		if len(files) == 0 {
			files = l.fitting(candidates.nameless, template, ofItsName)
		}
	}
	for _, own := range files {
		delete(l.Unlinked, own.Root)
		l.linked[own.Root] = true
	}
	slices.SortStableFunc(files, func(a, b *arm.Parameters) int {
		return strings.Compare(a.Root.File().Name, b.Root.File().Name)
	})
	return files
}

// Whether a parameters file says by its name that it is a template's.
const (
	ofAnyName = false
	ofItsName = true
)

// fitting returns the files that may be a template's by what they set. Of the others it notes why
// they are not.
func (l *Linker) fitting(files []*arm.Parameters, template *source.Node, named bool) []*arm.Parameters {
	declared, required := arm.DeclaredParameters(template), map[string]bool{}
	for name, parameter := range template.GetFold("parameters").Pairs() {
		if parameter.GetFold("defaultValue") == nil && !parameter.GetFold("nullable").Is("true") {
			required[strings.ToLower(name.Text)] = true
		}
	}
	unfit := func(file *arm.Parameters) string {
		if file.Values() == nil {
			return "" // it may set anything
		}
		strange, all := file.Strange(declared)
		switch {
		case all || len(strange) > 0 && !named:
			return "it sets " + strange[0] + ", which " + path.Base(template.File().Name) + " does not declare"
		case named:
			return ""
		}
		given := map[string]bool{}
		for name := range file.Values().Pairs() {
			given[strings.ToLower(name.Text)] = true
		}
		for name := range template.GetFold("parameters").Pairs() {
			if key := strings.ToLower(name.Text); required[key] && !given[key] {
				return "it does not set " + name.Text + ", which " + path.Base(template.File().Name) + " requires"
			}
		}
		return ""
	}
	return slices.DeleteFunc(slices.Clone(files), func(file *arm.Parameters) bool {
		why := unfit(file)
		if why != "" && !l.linked[file.Root] {
			l.Unlinked[file.Root] = why
		}
		return why != ""
	})
}

// parametersFiles are the parameters files that may belong to the templates of a folder.
type parametersFiles struct {
	templates int                          // in the folder
	named     map[string][]*arm.Parameters // by the stem of the template whose name they bear
	others    []*arm.Parameters            // that bear no template's name
	nameless  []*arm.Parameters            // of these those that are called parameters.json or the like
}

// parametersByTemplate sorts the parameters files of a folder by the stems of its templates.
func (l *Linker) parametersByTemplate(ctx context.Context, folder string) *parametersFiles {
	readings := l.inFolder(ctx, folder)
	templates := map[string]bool{}
	for _, reading := range readings {
		if holdsTemplate(reading) {
			templates[arm.Stem(reading.File.Name)] = true
		}
	}
	files := &parametersFiles{templates: len(templates), named: map[string][]*arm.Parameters{}}
	if len(templates) == 0 {
		return files
	}
	for _, below := range l.parametersFolders(folder) {
		inside := l.inFolder(ctx, below)
		if !slices.ContainsFunc(inside, holdsTemplate) { // else its files are for the templates there
			readings = append(readings, inside...)
		}
	}
	for _, reading := range readings {
		parts := parametersFilesOf(reading)
		if len(parts) == 0 {
			continue
		}
		bare, _, _ := strings.Cut(arm.Stem(reading.File.Name), "param")
		bare = strings.TrimRight(bare, ".-_")
		name := bare
		for name != "" && !templates[name] {
			name = name[:max(strings.LastIndexByte(name, '.'), 0)]
		}
		switch {
		case name != "":
			files.named[name] = append(files.named[name], parts...)
		case bare == "":
			files.nameless = append(files.nameless, parts...)
			fallthrough
		default:
			files.others = append(files.others, parts...)
		}
	}
	return files
}

// parametersFolders returns the folders in a folder that are named for parameters files or for
// environments, and the folders in those, one for each environment.
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

// foldersIn returns the folders in a folder with their names, those of the run and those in the
// file system. The path of one may lead up, and so not end in its name.
func (l *Linker) foldersIn(folder string) map[string]string {
	found := map[string]string{}
	for inside := range l.folders {
		for ; path.Dir(inside) != inside; inside = path.Dir(inside) { // a folder may hold folders alone
			if path.Dir(inside) == folder {
				found[inside] = path.Base(inside)
				break
			}
		}
	}
	if l.fsys != nil && folder != read.StandardInput {
		entries, err := fs.ReadDir(l.fsys, folder)
		if err == nil { // else nothing is found there
			for _, entry := range entries {
				if entry.IsDir() {
					found[path.Dir(l.direct(path.Join(folder, entry.Name(), "any")))] = entry.Name()
				}
			}
		}
	}
	return found
}
