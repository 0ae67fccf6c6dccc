package facts

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
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
		want  string // place and reason of the workload
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
		{"too big", map[string]string{"requirements.txt": requirements + strings.Repeat("#", maxLinkedFile), "score/function.json": http}, ""},
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
				got = d.Workload.Place.Node.File().Name + strings.TrimPrefix(place(d.Workload.Place), " @")
			}
			equal(t, got, test.want)
			if d.Target.Value != Functions || len(extraction.Documents) != 1 || (len(extraction.Problems) != 0) != (test.name == "another shape") {
				t.Error(describe(extraction))
			}
			if d := only(t, extract(t, nil, Options{}, "app/host.json", hostJSON)); d.Workload.Known {
				t.Error("a workload without a file system")
			}
			if d := only(t, extract(t, files, Options{}, standardInput, hostJSON)); d.Workload.Known {
				t.Error("standard input was linked with the file system")
			}
		})
	}
}

func TestInferencePackage(t *testing.T) {
	tests := []struct {
		requirement, want string
	}{
		{"torch", "torch"}, {"torch==2.2.0", "torch"}, {"torch>=2", "torch"}, {"torch~=2.2", "torch"}, {"torch!=2", "torch"}, {"torch<3", "torch"},
		{"  Torch  ", "torch"}, {"torch # the model's", "torch"}, {"torch;python_version<'3.12'", "torch"}, {"torch @ https://example.com/torch.whl", "torch"},
		{"tensorflow[and-cuda]", "tensorflow"}, {"tensorflow (>=2)", "tensorflow"}, {"Scikit_Learn", "scikit-learn"}, {"scikit.learn", "scikit-learn"},
		{"scikit--learn", "scikit-learn"}, {"sklearn", "sklearn"}, {"torch\t==2", "torch"}, {"torch==2 \\", "torch"},
		{"\xef\xbb\xbftorch", "torch"}, {"\xff\xfet\x00o\x00r\x00c\x00h\x00=\x00=\x002\x00", "torch"},
		{"https://download.pytorch.org/whl/cpu/torch-1.8.1%2Bcpu-cp38-cp38-linux_x86_64.whl", "torch"}, {"https://example.com/torch-2.2-cp311.whl", "torch"},
		{"./wheels/onnxruntime-1.17.1-cp311-cp311-manylinux_2_27_x86_64.whl", "onnxruntime"}, {"onnxruntime_gpu-1.17.1-cp311-cp311-win_amd64.whl\r\n", "onnxruntime-gpu"},
		{`.\wheels\scikit_learn-1.4.0-cp311-cp311-win_amd64.whl ; sys_platform == "win32"`, "scikit-learn"}, {"file:///srv/Torch-2.2-cp311-cp311-any.whl#sha256=0a", "torch"},
		{"https://example.com/torch-2.2-cp311-cp311-any.whl?sig=a-b # the model's", "torch"}, {"torch@https://example.com/torch-2.2-cp311-cp311-any.whl", "torch"},
		{"torch @ https://download.pytorch.org/whl/cpu/torch-1.8.1%2Bcpu-cp38-cp38-linux_x86_64.whl", "torch"},
		{"llama_cpp_python", "llama-cpp-python"}, {"dlib==19.24", "dlib"}, {"face_recognition", "face-recognition"},
		{"numpy\r\nonnxruntime==1\r\n", "onnxruntime"},

		{"", ""}, {"# torch", ""}, {"#torch", ""}, {"-r torch", ""}, {"--find-links https://download.pytorch.org/whl/torch", ""}, {"-e ./torch", ""},
		{"git+https://example.com/torch#egg=torch", "torch"}, {"git+https://example.com/torch", ""}, {"./wheels/torch.whl", ""},
		{"--find-links https://example.com/torch-2.2-cp311-cp311-linux_x86_64.whl", ""}, {"-f ./torch-2.2.whl", ""}, {"# ./torch-2.2.whl", ""},
		{"https://example.com/numpy-1.26-cp311-cp311-linux_x86_64.whl#torch-2.2.whl", ""}, {"https://example.com/torch-2.2.tar.gz", ""},
		{"https://example.com/torch-2.2/numpy-1.26-cp311-cp311-linux_x86_64.whl", ""}, {"onnx==1.15", ""},
		{"pytorch-ignite-client", ""}, {"torchless", ""}, {"azure-functions", ""}, {"azureml-core", ""}, {"azureml_sdk", ""}, {"azure-ai-ml", ""}, {"numpy", ""}, {"pandas", ""},
		{"opentelemetry-instrumentation-tensorflow", ""},
	}
	for _, test := range tests {
		if got, _ := requirement([]byte(test.requirement)); got != test.want {
			t.Errorf("%q: %q, want %q", test.requirement, got, test.want)
		}
	}
}

// Of the files that a requirements.txt includes, those in its folder or below it are read.
func TestIncludedRequirements(t *testing.T) {
	tests := []struct {
		line string
		want []string
	}{
		{"-r base.txt", []string{"app/base.txt"}}, {"-r req/base.txt # ours", []string{"app/req/base.txt"}}, {"-rbase.txt\r\n", []string{"app/base.txt"}},
		{"--requirement base.txt", []string{"app/base.txt"}}, {"--requirement=./base.txt", []string{"app/base.txt"}}, {`-r req\base.txt`, []string{"app/req/base.txt"}},
		{"-r 'base.txt'\n-r ./base.txt\n-r ml.txt", []string{"app/base.txt", "app/ml.txt"}}, {"-r a/../../app/base.txt", []string{"app/base.txt"}},
		{"-r ../base.txt", nil}, {"-r ../application/base.txt", nil}, {"-r /app/base.txt", nil}, {"-r requirements.txt", nil}, {"# -r base.txt", nil},
		{"-c base.txt", nil}, {"--require-hashes", nil}, {"--requirements base.txt", nil}, {"-r", nil}, {"torch -r base.txt", nil},
	}
	for _, test := range tests {
		if got := includedRequirements("app/requirements.txt", []byte(test.line)); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
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
				extract(t, files, Options{Alone: true}, "app/host.json", test.host), extract(t, files, Options{}, standardInput, test.host),
			} {
				if len(other.Deployments)+len(other.Documents) > 0 {
					t.Error(describe(other))
				}
			}
		})
	}
}

func TestInferencePackagesOfProjects(t *testing.T) {
	type finder = func([]byte) (string, int)
	tests := []struct {
		name string
		find finder
		text string
		want string // the package and its line
	}{
		{"one line", projectDependency, "[project]\ndependencies = ['numpy', \"Torch>=2\"]\n", "torch 2"},
		{"several lines", projectDependency, "[build-system]\nrequires = ['setuptools']\n\n[project]\nname = 'a'\ndependencies = [\n  'numpy',\n  # 'keras',\n  'scikit_learn ~= 1.4',\n]\n", "scikit-learn 9"},
		{"Poetry", projectDependency, "[tool.poetry.dependencies]\npython = '^3.11'\nonnxruntime = {version = '1.17'}\n", "onnxruntime 3"},
		{"a table for each", projectDependency, "[tool.poetry.dependencies]\n[tool.poetry.dependencies.torch]\nversion = '2'\n", "torch 2"},
		{"a table for each in Pipfile", pipfilePackage, "[packages.torch]\nversion = '2'\n", "torch 1"},
		{"tables in the project", projectDependency, "[project]\ndependencies = []\n[project.urls]\ntorch = 'https://example.com'\n[project.scripts]\na = 'torch'\n", " 0"},
		{"quoted table and key", projectDependency, "[ tool . \"poetry\" . dependencies ] # here\n\"onnxruntime\" = '*'\n", "onnxruntime 2"},
		{"of a group", projectDependency, "[tool.poetry.group.ml.dependencies]\ntorch = '*'\n", "torch 2"},
		{"of a group, with a table", projectDependency, "[tool.poetry.group.inference.dependencies.torch]\nversion = '*'\n", "torch 1"},
		{"of a group, its options", projectDependency, "[tool.poetry.group.ml]\ntorch = true\n", " 0"},
		{"of a repository", requirement, "git+https://example.com/a/fork.git@main#egg=torch\n", "torch 1"},
		{"of a repository, editable", requirement, "flask\n-e git+https://example.com/a/fork.git#subdirectory=a&egg=Torch[extra]\n", "torch 2"},
		{"of a repository, in a comment", requirement, "flask # https://example.com/a#egg=torch\n", " 0"},
		{"for development", projectDependency, "[tool.poetry.group.dev.dependencies]\ntorch = '*'\n[dependency-groups]\ndev = ['torch']\n", " 0"},
		{"optional", projectDependency, "[project]\ndependencies = []\n[project.optional-dependencies]\ntrain = [\n'torch']\n", " 0"},
		{"keywords", projectDependency, "[project]\nkeywords = [\n'torch']\nname = 'torch'\n", " 0"},
		{"a description", projectDependency, "[project]\ndescription = \"\"\"\n[tool.poetry.dependencies]\ntorch = 1\n\"\"\"\n", " 0"},
		{"after the list", projectDependency, "[project]\ndependencies = [\n'numpy',\n]\nkeywords = ['torch']\n", " 0"},
		{"no TOML", projectDependency, "torch\n]]][[=\n", " 0"},
		{"Pipfile", pipfilePackage, "[[source]]\nname = 'pypi'\n[packages]\nnumpy = '*'\nTensorFlow = \"*\"\n", "tensorflow 5"},
		{"Pipfile for development", pipfilePackage, "[dev-packages]\ntorch = '*'\n[requires]\npython_version = '3.11'\n", " 0"},
		{"npm", nodeDependency, "{\n\"dependencies\": {\n\"@tensorflow/tfjs-node\": \"4\"}}", "@tensorflow/tfjs-node 3"},
		{"npm for development", nodeDependency, `{"devDependencies": {"onnxruntime-node": "1"}, "dependencies": {"@azure/functions": "3"}}`, " 0"},
		{"npm, broken", nodeDependency, `{"dependencies": {"onnxruntime-node"`, " 0"},
	}
	for _, test := range tests {
		name, line := test.find([]byte(test.text))
		if got := fmt.Sprint(name, " ", line); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// FuzzInferencePackages reads what is no file of packages.
func FuzzInferencePackages(f *testing.F) {
	for _, text := range []string{"torch==2", "./torch-2-cp311.whl", "-r base.txt", "[project]\ndependencies = ['torch']", "[packages]\ntorch = \"*\"", `{"dependencies": {"onnxruntime-node": "1"}}`, "'''\n@a.route(", "\xff\xfe"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Count(text, []byte("\n")) + 1
		for _, find := range []func([]byte) (string, int){requirement, projectDependency, pipfilePackage} {
			if name, line := find(text); line > lines || (name == "") != (line == 0) {
				t.Errorf("%q in line %d of %d", name, line, lines)
			}
		}
		nodeDependency(text)
		for _, file := range includedRequirements("app/requirements.txt", text) {
			if !strings.HasPrefix(file, "app/") {
				t.Errorf("includes %s", file)
			}
		}
		if line := routeLine(append([]byte("import azure.functions\n"), text...)); line > lines+1 {
			t.Errorf("a route in line %d of %d", line, lines)
		}
	})
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

func TestGenericTriggerAnswersRequests(t *testing.T) {
	const head = "import azure.functions as func\napp = func.FunctionApp()\n"
	for _, test := range []struct {
		name, code string
		line       int
	}{
		{"of HTTP", "@app.generic_trigger(arg_name=\"r\", type=\"httpTrigger\")\n", 3},
		{"of HTTP, on several lines", "@app.generic_trigger(\n    arg_name='r',\n    type = 'HttpTrigger',\n)\n", 5},
		{"of a queue", "@app.generic_trigger(arg_name=\"r\", type=\"queueTrigger\")\n", 0},
		{"of a queue, before a binding", "@app.generic_trigger(arg_name=\"r\", type=\"queueTrigger\")\n@app.generic_output_binding(arg_name=\"o\", type=\"http\")\n", 0},
		{"in a comment", "# @app.generic_trigger(arg_name=\"r\", type=\"httpTrigger\")\n", 0},
		{"in a text", "\"\"\"\n@app.generic_trigger(arg_name='r', type='httpTrigger')\n\"\"\"\n", 0},
		{"after a route", "@app.route(route=\"a\")\n@app.generic_trigger(type=\"httpTrigger\")\n", 3},
	} {
		if got := routeLine([]byte(head + test.code)); got != test.line {
			t.Errorf("%s: line %d, want %d", test.name, got, test.line)
		}
	}
}
