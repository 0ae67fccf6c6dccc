package extract

import (
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

const hostJSON = `{"version": "2.0", "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle"}}`

// A Functions app is a web service where a package runs models and a function answers
// HTTP requests; of any other app nothing is known.
func TestFunctionsWorkload(t *testing.T) {
	const (
		requirements = "azure-functions\n# The scorer's.\nNumPy==1.26\nonnxruntime==1.17.1\n"
		http         = `{"scriptFile": "__init__.py", "bindings": [{"type": "httpTrigger", "direction": "in"}, {"type": "http", "direction": "out"}]}`
		timer        = `{"bindings": [{"type": "timerTrigger", "schedule": "0 * * * * *"}]}`
		python       = "import azure.functions as func\n\n# @app.route(route='old')\napp = func.FunctionApp()\n\"\"\"\n@app.route\"\"\"\n@app.route(route='score')\ndef score(req): pass\n"
		disabled     = `{"disabled": true, "bindings": [{"type": "httpTrigger"}]}`
	)
	tests := []struct {
		name  string
		files map[string]string
		want  string // location and reason of the workload
	}{
		{"both", map[string]string{"requirements.txt": requirements, "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 4 of app/requirements.txt installs onnxruntime)`},
		{"the first trigger", map[string]string{"requirements.txt": "torch", "a/function.json": timer, "b/function.json": http, "c/function.json": http},
			`app/b/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 1 of app/requirements.txt installs torch)`},
		{"a wheel", map[string]string{"requirements.txt": "azure-functions\n./wheels/torch-2.2.0-cp311-cp311-linux_x86_64.whl\n", "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 2 of app/requirements.txt installs torch)`},
		{"included requirements", map[string]string{"requirements.txt": "numpy\n-r base.txt\n--requirement=req/ml.txt\n", "base.txt": "pandas", "req/ml.txt": "\ntorch\n", "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 2 of app/req/ml.txt installs torch)`},
		{"included by what is included", map[string]string{"requirements.txt": "-r base.txt", "base.txt": "-r ml.txt", "ml.txt": "torch", "score/function.json": http}, ""},
		{"included from outside", map[string]string{"requirements.txt": "-r ../ml.txt", "../ml.txt": "torch", "score/function.json": http}, ""},
		{"constraints", map[string]string{"requirements.txt": "-c ml.txt", "ml.txt": "torch", "score/function.json": http}, ""},
		{"no requirements", map[string]string{"score/function.json": http}, ""},
		{"other requirements", map[string]string{"requirements.txt": "azure-functions\nnumpy\n", "score/function.json": http}, ""},
		{"clients of Azure ML", map[string]string{"requirements.txt": "azureml-core\nazure-ai-ml\nmlflow\n", "train/function.json": http}, ""},
		{"a timer", map[string]string{"requirements.txt": requirements, "score/function.json": timer}, ""},
		{"disabled", map[string]string{"requirements.txt": requirements, "score/function.json": disabled}, ""},
		{"Python's own way", map[string]string{"requirements.txt": requirements, "function_app.py": python},
			`app/host.json 1:13 version (line 7 of app/function_app.py answers HTTP requests, and line 4 of app/requirements.txt installs onnxruntime)`},
		{"a timer in Python", map[string]string{"requirements.txt": requirements, "function_app.py": strings.Replace(python, "\n@app.route(route='score", "\n@app.timer_trigger(route='score", 1)}, ""},
		{"a web application of another kind", map[string]string{"requirements.txt": requirements, "function_app.py": "from flask import Flask\n@app.route('score')\n"}, ""},
		{"pyproject.toml", map[string]string{"pyproject.toml": "[project]\nname = \"a\"\ndependencies = [\"torch\"]\n", "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 3 of app/pyproject.toml installs torch)`},
		{"Pipfile", map[string]string{"Pipfile": "[packages]\ntorch = \"*\"\n", "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 2 of app/Pipfile installs torch)`},
		{"package.json", map[string]string{"package.json": `{"dependencies": {"onnxruntime-node": "^1.17.0"}}`, "score/function.json": http},
			`app/score/function.json 1:53 bindings[0].type (the function answers HTTP requests, and line 1 of app/package.json installs onnxruntime-node)`},
		{"not in a folder of the app", map[string]string{"requirements.txt": requirements, "function.json": http, "a/b/function.json": http}, ""},
		{"requirements elsewhere", map[string]string{"score/requirements.txt": requirements, "score/function.json": http}, ""},
		{"broken function.json", map[string]string{"requirements.txt": requirements, "score/function.json": `{"bindings": [`}, ""},
		{"another shape", map[string]string{"requirements.txt": requirements, "score/function.json": `{"bindings": {"type": "httpTrigger"}}`}, ""},
		{"too big", map[string]string{"requirements.txt": requirements + strings.Repeat("#", read.MaxLinkedFile), "score/function.json": http}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range test.files {
				files[path.Join("app", name)] = &fstest.MapFile{Data: []byte(text)}
			}
			extraction := extract(t, files, Options{}, "app/host.json", hostJSON)
			d := only(t, extraction)
			got := ""
			if d.Workload.Known {
				got = d.Workload.Location.Node.File().Name + strings.TrimPrefix(location(d.Workload.Location), " @")
			}
			equal(t, got, test.want)
			if d.Target.Value != facts.Functions || len(extraction.Documents) != 1 || (len(extraction.Problems) != 0) != (test.name == "another shape") {
				t.Error(describe(extraction))
			}
			if d := only(t, extract(t, nil, Options{}, "app/host.json", hostJSON)); d.Workload.Known {
				t.Error("a workload without a file system")
			}
			if d := only(t, extract(t, files, Options{}, read.StandardInput, hostJSON)); d.Workload.Known {
				t.Error("standard input was linked with the file system")
			}
		})
	}
}

// A host.json without a setting that is the host's alone is one where a function is beside it.
func TestFunctionsAreConfirmed(t *testing.T) {
	const (
		timer  = `{"bindings": [{"type": "timerTrigger", "schedule": "0 * * * * *"}]}`
		python = "import azure.functions as func\napp = func.FunctionApp()\n@app.route(route='score')\ndef score(req): pass\n"
		asgi   = "import azure.functions as func\nfrom web import api\napp = func.AsgiFunctionApp(app=api)\n"
	)
	tests := []struct {
		name, host string
		files      map[string]string
		want       bool
	}{
		{"a trigger", `{"version": "2.0"}`, map[string]string{"a/function.json": timer}, true},
		{"levels of the log", `{"version": "2.0", "logging": {"logLevel": {"default": "Information"}}}`, map[string]string{"a/function.json": timer}, true},
		{"extensions", `{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}`, map[string]string{"a/function.json": timer}, true},
		{"a custom handler", `{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "a"}}}`, map[string]string{"a/function.json": timer}, true},
		{"a route in Python", `{"version": "2.0"}`, map[string]string{"function_app.py": python}, true},
		{"a web application in Python", `{"version": "2.0"}`, map[string]string{"function_app.py": asgi}, true},

		{"nothing", `{"version": "2.0"}`, nil, false},
		{"no trigger", `{"version": "2.0"}`, map[string]string{"a/function.json": `{"bindings": [{"type": "http"}]}`}, false},
		{"a function of something else", `{"version": "2.0"}`, map[string]string{"a/function.json": `{"name": "f", "runtime": "python"}`}, false},
		{"a function further below", `{"version": "2.0"}`, map[string]string{"a/b/function.json": timer}, false},
		{"another version", `{"version": "2.0.1", "port": "2.0"}`, map[string]string{"a/function.json": timer}, false},
		{"a package", `{"name": "host", "version": "2.0"}`, map[string]string{"a/function.json": timer}, false},
		{"Python of something else", `{"version": "2.0"}`, map[string]string{"function_app.py": "from flask import Flask\n@app.route('/')\n"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range test.files {
				files["app/"+name] = &fstest.MapFile{Data: []byte(text)}
			}
			extraction := extract(t, files, Options{}, "app/host.json", test.host)
			if got := len(extraction.Deployments) == 1 && len(extraction.Documents) == 1; got != test.want {
				t.Errorf("%t: %s", got, describe(extraction))
			}
			for _, other := range []*Extraction{
				extract(t, files, Options{}, "app/site.json", test.host), extract(t, nil, Options{}, "app/host.json", test.host),
				extract(t, files, Options{Alone: true}, "app/host.json", test.host), extract(t, files, Options{}, read.StandardInput, test.host),
			} {
				if len(other.Deployments)+len(other.Documents) > 0 {
					t.Error(describe(other))
				}
			}
		})
	}
}

// A host.json that cannot be read is no deployment's fault.
func TestBrokenHostJSONIsSilent(t *testing.T) {
	if got := Recognize([]byte(`{"version": "2.0", "extensionBundle": `)); got != Auxiliary {
		t.Errorf("recognition %d", got)
	}
	if got := Recognize([]byte(`{"version": "2.0.1"}`)); got != Unrecognized {
		t.Errorf("recognition %d of a file that may be anything", got)
	}
}
