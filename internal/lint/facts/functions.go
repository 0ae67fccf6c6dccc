package facts

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureFunctionsProject is the host.json of an Azure Functions app, which is one
// deployment however many functions it has. It says nothing of machine learning:
// completeFunctions looks for that beside it.
var azureFunctionsProject = format{
	name:      "azure-functions-project",
	title:     "Azure Functions project: `host.json`, with what installs packages and the functions beside it",
	signs:     "`version` 2.0 with `extensionBundle`, `functionTimeout` or another setting of the host",
	reference: "https://learn.microsoft.com/azure/azure-functions/functions-host-json",
	auxiliary: true,
	marks:     [][]string{{"version"}, {"2.0"}, {"extensionBundle", "functionTimeout", "samplingSettings"}},
	matches: func(root *source.Node) bool {
		if !root.Get("version").Is("2.0") || root.Has("name") || root.Has("resources") {
			return false
		}
		bundle, _ := root.At("extensionBundle", "id").Scalar()
		return strings.HasPrefix(bundle, "Microsoft.Azure.Functions.ExtensionBundle") || root.Has("functionTimeout") ||
			root.At("logging", "applicationInsights").Has("samplingSettings")
	},
	read: func(r *reader) {
		d := r.deployment(nil, r.root)
		d.Target = Know(Functions, Place{Node: r.root.Get("version"), Why: "the document is the host.json of Azure Functions"})
	},
}

// inferencePackageList holds, sorted, the names of the Python packages that run
// models. Clients that register a model or start a job elsewhere, such as azureml-core
// and azure-ai-ml, are not in it, nor is what computes without a model, such as numpy.
//
//go:embed functions_packages.txt
var inferencePackageList string

var inferencePackages = sync.OnceValue(func() map[string]bool {
	packages := map[string]bool{}
	for name := range strings.Lines(inferencePackageList) {
		packages[strings.TrimSpace(name)] = true
	}
	return packages
})

// completeFunctions tells whether a Functions app is a web service that infers: its
// requirements.txt installs a package that runs models, and a function.json has an
// HTTP trigger. An app with other triggers may infer too, as no row of the table says,
// and of one that declares its triggers in Python nothing is known.
func (l *linker) completeFunctions(ctx context.Context, d *Deployment) {
	folder := folderOf(d.Subject.File)
	if folder == standardInput || l.fsys == nil {
		return
	}
	requirements := path.Join(folder, "requirements.txt")
	name, line := inferencePackage(l.bytes(requirements))
	if name == "" {
		return
	}
	if trigger := l.httpTrigger(ctx, folder); trigger != nil {
		d.Workload = Know(WebService, Place{
			Node: trigger,
			Why:  fmt.Sprintf("the function answers HTTP requests, and line %d of %s installs %s", line, requirements, name),
		})
	}
}

// httpTrigger returns the type of the first HTTP trigger among the functions of an
// app, each of which has a folder; nil where there is none.
func (l *linker) httpTrigger(ctx context.Context, app string) *source.Node {
	folders, err := fs.ReadDir(l.fsys, app)
	if err != nil {
		return nil
	}
	for _, entry := range folders {
		if !entry.IsDir() || ctx.Err() != nil {
			continue
		}
		name := path.Join(app, entry.Name(), "function.json")
		for _, document := range source.Parse(name, l.bytes(name)).Documents {
			if disabled, _ := document.Root.Get("disabled").Bool(); disabled {
				continue
			}
			for _, binding := range document.Root.Get("bindings").Elements() {
				if kind := binding.Get("type"); lowerScalar(kind) == "httptrigger" {
					return kind
				}
			}
		}
	}
	return nil
}

// inferencePackage returns the first package of a requirements.txt that runs models,
// and its line; an empty name for none. Files that it includes are not looked into.
// https://pip.pypa.io/en/stable/reference/requirements-file-format/
func inferencePackage(requirements []byte) (name string, line int) {
	// pip freeze in PowerShell writes UTF-16: of ASCII each second byte is zero.
	requirements = bytes.ReplaceAll(requirements, []byte{0}, nil)
	requirements = bytes.TrimLeft(requirements, "\xff\xfe\xef\xbb\xbf")
	number := 0
	for text := range strings.Lines(string(requirements)) {
		number++
		if name := packageName(text); inferencePackages()[name] {
			return name, number
		}
	}
	return "", 0
}

// packageName returns the name that a requirement begins with, as packages are
// compared: in lower case, with - for each run of -, _ and dots.
// https://packaging.python.org/specifications/name-normalization/
func packageName(requirement string) string {
	requirement = strings.TrimSpace(requirement)
	if end := strings.IndexAny(requirement, "[<>=!~; @#\t("); end >= 0 {
		requirement = requirement[:end]
	}
	parts := strings.FieldsFunc(strings.ToLower(requirement), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(parts, "-")
}
