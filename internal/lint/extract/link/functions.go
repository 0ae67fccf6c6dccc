package link

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// confirmFunctions removes documents that may be a host.json of Azure Functions if there is no
// function beside them.
func (l *Linker) confirmFunctions(ctx context.Context, of *Reading) {
	of.Readers = slices.DeleteFunc(of.Readers, func(r *read.Reader) bool {
		if !r.Unconfirmed {
			return false
		}
		folder := read.FolderOf(of.File.Name)
		if l.options.Alone || l.fsys == nil || folder == read.StandardInput {
			return true
		}
		functions, _ := l.functions(ctx, folder)
		return !functions
	})
}

// completeFunctions sets the workload of a Functions app that serves a model. A package that runs
// models must be installed, and a function must have an HTTP trigger. For other triggers the table
// has no row.
func (l *Linker) completeFunctions(ctx context.Context, d *read.Draft) {
	folder := read.FolderOf(d.Subject.File)
	if folder == read.StandardInput || l.fsys == nil {
		return
	}
	installs := l.inferencePackage(folder)
	if installs == "" {
		return
	}
	if _, http := l.functions(ctx, folder); http.Known {
		d.Workload = facts.Know(facts.WebService, facts.Location{Node: http.Location.Node, Why: http.Location.Why + ", and " + installs})
		if http.Location.Node == nil {
			d.Workload.Location.Node = d.Target.Location.Node
		}
	}
}

// functions looks for the functions of an app: folders with a function.json, or declarations in
// function_app.py. http is known if one of them answers HTTP requests. Its location has no node for a
// function in Python.
func (l *Linker) functions(ctx context.Context, app string) (found bool, http facts.Fact[bool]) {
	name := path.Join(app, "function_app.py")
	if line := azure.RouteLine(l.bytes(name)); line > 0 {
		found = true
		http = facts.Know(true, facts.Location{Why: fmt.Sprintf("line %d of %s answers HTTP requests", line, name)})
	}
	folders, err := fs.ReadDir(l.fsys, app)
	if err != nil {
		return found, http
	}
	for _, entry := range folders {
		if !entry.IsDir() || ctx.Err() != nil {
			continue
		}
		name := path.Join(app, entry.Name(), "function.json")
		for _, document := range source.Parse(name, l.bytes(name)).Documents {
			disabled, _ := document.Root.Get("disabled").Bool()
			found = l.misshapenBindings(document.Root.Get("bindings")) || found
			for _, binding := range document.Root.Get("bindings").Items() {
				kind := binding.Get("type")
				found = found || strings.HasSuffix(read.LowerScalar(kind), "trigger")
				if read.LowerScalar(kind) == "httptrigger" && !disabled && !http.Known {
					http = facts.Know(true, facts.Location{Node: kind, Why: "the function answers HTTP requests"})
				}
			}
		}
	}
	return found, http
}

// misshapenBindings reports whether a function's bindings have the wrong shape, and reports the
// problems once.
func (l *Linker) misshapenBindings(bindings *source.Node) bool {
	r := &read.Reader{Format: azure.FunctionsProject.Name, Root: bindings}
	r.CheckShape(bindings, read.ListOf(read.MappingOf(map[string]*read.Shape{"type": read.ScalarShape})))
	for _, problem := range r.Problems {
		l.report(problem)
	}
	return len(r.Problems) > 0
}

// inferencePackage returns which package that runs models the files of a folder install, for
// messages. It is empty where there is none.
func (l *Linker) inferencePackage(folder string) string {
	type packageFile struct {
		name string
		find func([]byte) (string, int)
	}
	requirements := path.Join(folder, "requirements.txt")
	files := []packageFile{{requirements, azure.Requirement}}
	for _, name := range azure.IncludedRequirements(requirements, l.bytes(requirements)) {
		files = append(files, packageFile{name, azure.Requirement})
	}
	files = append(files,
		packageFile{path.Join(folder, "pyproject.toml"), azure.ProjectDependency},
		packageFile{path.Join(folder, "Pipfile"), azure.PipfilePackage},
		packageFile{path.Join(folder, "package.json"), azure.NodeDependency},
	)
	for _, file := range files {
		if found, line := file.find(l.bytes(file.name)); found != "" {
			return fmt.Sprintf("line %d of %s installs %s", line, file.name, found)
		}
	}
	return ""
}
