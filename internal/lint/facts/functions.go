package facts

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureFunctionsProject is the host.json of an Azure Functions app, which is one
// deployment however many functions it has. It says nothing of machine learning:
// completeFunctions looks for that beside it. Without a setting that only the host of
// Functions has it may be anything's, until confirmFunctions finds a function.
var azureFunctionsProject = format{
	name:  "azure-functions-project",
	title: "Azure Functions project: `host.json`, with the package files and functions in its folder",
	signs: "`version` 2.0 with `extensionBundle`, `functionTimeout` or another setting of the host; or the name `host.json` beside a folder with " +
		"a `function.json` or a `function_app.py` with a route",
	reference: "https://learn.microsoft.com/azure/azure-functions/functions-host-json",
	auxiliary: true,
	marks:     [][]string{{"version"}, {`"2.0"`}},
	matches: func(root *source.Node) bool {
		return root.Get("version").Is("2.0") && !root.Has("name") && !root.Has("resources") &&
			(hostSettings(root) || strings.EqualFold(path.Base(root.File().Name), "host.json"))
	},
	read: func(r *reader) {
		r.unconfirmed = !hostSettings(r.root)
		d := r.deployment(nil, r.root)
		d.Target = Know(Functions, Place{Node: r.root.Get("version"), Why: "the document is the host.json of Azure Functions"})
	},
}

// hostSettings reports whether a document has settings that only the host of Functions has.
func hostSettings(root *source.Node) bool {
	bundle, _ := root.At("extensionBundle", "id").Scalar()
	return strings.HasPrefix(bundle, "Microsoft.Azure.Functions.ExtensionBundle") || root.Has("functionTimeout") ||
		root.At("logging", "applicationInsights").Has("samplingSettings")
}

// confirmFunctions leaves out of a file what may be the host.json of Azure Functions
// where no function is beside it.
func (l *linker) confirmFunctions(ctx context.Context, of *reading) {
	of.readers = slices.DeleteFunc(of.readers, func(r *reader) bool {
		if !r.unconfirmed {
			return false
		}
		folder := folderOf(of.file.Name)
		if l.options.Alone || l.fsys == nil || folder == standardInput {
			return true
		}
		functions, _ := l.functions(ctx, folder)
		return !functions
	})
}

// completeFunctions adds that a Functions app is a web service that infers: a package
// that runs models is installed, and a function has an HTTP trigger. An app with other
// triggers may infer too, as no row of the table says.
func (l *linker) completeFunctions(ctx context.Context, d *Draft) {
	folder := folderOf(d.Subject.File)
	if folder == standardInput || l.fsys == nil {
		return
	}
	installs := l.inferencePackage(folder)
	if installs == "" {
		return
	}
	if _, http := l.functions(ctx, folder); http.Known {
		d.Workload = Know(WebService, Place{Node: http.Place.Node, Why: http.Place.Why + ", and " + installs})
		if http.Place.Node == nil {
			d.Workload.Place.Node = d.Target.Place.Node
		}
	}
}

// functions looks for the functions of an app: each has a folder with a function.json, or
// function_app.py declares them. http is known where one of them answers HTTP requests;
// its place has no node where it is in Python.
func (l *linker) functions(ctx context.Context, app string) (found bool, http Fact[bool]) {
	name := path.Join(app, "function_app.py")
	if line := routeLine(l.bytes(name)); line > 0 {
		found = true
		http = Know(true, Place{Why: fmt.Sprintf("line %d of %s answers HTTP requests", line, name)})
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
			for _, binding := range document.Root.Get("bindings").Elements() {
				kind := binding.Get("type")
				found = found || strings.HasSuffix(lowerScalar(kind), "trigger")
				if lowerScalar(kind) == "httptrigger" && !disabled && !http.Known {
					http = Know(true, Place{Node: kind, Why: "the function answers HTTP requests"})
				}
			}
		}
	}
	return found, http
}

// misshapenBindings reports whether something else is in the place of a function's list of
// bindings, and adds that to the problems once.
func (l *linker) misshapenBindings(bindings *source.Node) bool {
	r := &reader{format: azureFunctionsProject.name, root: bindings}
	r.shaped(bindings, listOf(mappingOf(map[string]*shape{"type": scalarShape})))
	for _, problem := range r.problems {
		l.report(problem)
	}
	return len(r.problems) > 0
}

// routeLine returns the line of the first function of a function_app.py that answers
// HTTP requests, or of the web application that it wraps; 0 for none.
// https://learn.microsoft.com/azure/azure-functions/functions-reference-python
func routeLine(text []byte) int {
	if !bytes.Contains(text, []byte("azure.functions")) && !bytes.Contains(text, []byte("azure import functions")) {
		return 0
	}
	code := pythonTexts().ReplaceAllFunc(text, func(text []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(text, []byte("\n")))
	})
	line := 0
	if at := route().FindIndex(code); at != nil {
		line = 1 + bytes.Count(code[:at[1]], []byte("\n"))
	}
	if at := genericTrigger().FindIndex(text); at != nil && bytes.Contains(code, []byte(".generic_trigger")) { // not in a text alone
		if generic := 1 + bytes.Count(text[:at[1]], []byte("\n")); line == 0 || generic < line {
			line = generic
		}
	}
	return line
}

// pythonTexts matches the strings and the comments of a Python file.
var pythonTexts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)""".*?"""|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*`)
})

// genericTrigger matches a decorator that says by its type that the function answers HTTP requests.
var genericTrigger = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[ \t]*@[ \t]*\w+(?:\.\w+)*\.generic_trigger[ \t]*\((?:[^()#"']|"[^"\n]*"|'[^'\n]*')*\btype[ \t]*=[ \t]*["']httptrigger["']`)
})

var route = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*@[ \t]*\w+(?:\.\w+)*\.route[ \t]*\(|\b(?:Asgi|Wsgi)FunctionApp[ \t]*\(`)
})
