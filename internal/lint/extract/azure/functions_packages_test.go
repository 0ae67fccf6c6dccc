package azure

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

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
		if got, _ := Requirement([]byte(test.requirement)); got != test.want {
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
		if got := IncludedRequirements("app/requirements.txt", []byte(test.line)); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
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
		{"one line", ProjectDependency, "[project]\ndependencies = ['numpy', \"Torch>=2\"]\n", "torch 2"},
		{"several lines", ProjectDependency, "[build-system]\nrequires = ['setuptools']\n\n[project]\nname = 'a'\ndependencies = [\n  'numpy',\n  # 'keras',\n  'scikit_learn ~= 1.4',\n]\n", "scikit-learn 9"},
		{"Poetry", ProjectDependency, "[tool.poetry.dependencies]\npython = '^3.11'\nonnxruntime = {version = '1.17'}\n", "onnxruntime 3"},
		{"a table for each", ProjectDependency, "[tool.poetry.dependencies]\n[tool.poetry.dependencies.torch]\nversion = '2'\n", "torch 2"},
		{"a table for each in Pipfile", PipfilePackage, "[packages.torch]\nversion = '2'\n", "torch 1"},
		{"tables in the project", ProjectDependency, "[project]\ndependencies = []\n[project.urls]\ntorch = 'https://example.com'\n[project.scripts]\na = 'torch'\n", " 0"},
		{"quoted table and key", ProjectDependency, "[ tool . \"poetry\" . dependencies ] # here\n\"onnxruntime\" = '*'\n", "onnxruntime 2"},
		{"of a group", ProjectDependency, "[tool.poetry.group.ml.dependencies]\ntorch = '*'\n", "torch 2"},
		{"of a group, with a table", ProjectDependency, "[tool.poetry.group.inference.dependencies.torch]\nversion = '*'\n", "torch 1"},
		{"of a group, its options", ProjectDependency, "[tool.poetry.group.ml]\ntorch = true\n", " 0"},
		{"of a repository", Requirement, "git+https://example.com/a/fork.git@main#egg=torch\n", "torch 1"},
		{"of a repository, editable", Requirement, "flask\n-e git+https://example.com/a/fork.git#subdirectory=a&egg=Torch[extra]\n", "torch 2"},
		{"of a repository, in a comment", Requirement, "flask # https://example.com/a#egg=torch\n", " 0"},
		{"for development", ProjectDependency, "[tool.poetry.group.dev.dependencies]\ntorch = '*'\n[dependency-groups]\ndev = ['torch']\n", " 0"},
		{"optional", ProjectDependency, "[project]\ndependencies = []\n[project.optional-dependencies]\ntrain = [\n'torch']\n", " 0"},
		{"keywords", ProjectDependency, "[project]\nkeywords = [\n'torch']\nname = 'torch'\n", " 0"},
		{"a description", ProjectDependency, "[project]\ndescription = \"\"\"\n[tool.poetry.dependencies]\ntorch = 1\n\"\"\"\n", " 0"},
		{"after the list", ProjectDependency, "[project]\ndependencies = [\n'numpy',\n]\nkeywords = ['torch']\n", " 0"},
		{"dotted keys", ProjectDependency, "[tool]\npoetry.dependencies.torch = '2'\n", "torch 2"},
		{"an inline table", ProjectDependency, "[tool.poetry]\nname = 'a'\ndependencies = {numpy = '*', torch = '2'}\n", "torch 3"},
		{"before an error", ProjectDependency, "[project]\ndependencies = ['torch']\n= 1\n", "torch 2"},
		{"nested too deep", ProjectDependency, "a = " + strings.Repeat("[", 1<<20), " 0"},
		{"no TOML", ProjectDependency, "torch\n]]][[=\n", " 0"},
		{"Pipfile", PipfilePackage, "[[source]]\nname = 'pypi'\n[packages]\nnumpy = '*'\nTensorFlow = \"*\"\n", "tensorflow 5"},
		{"Pipfile for development", PipfilePackage, "[dev-packages]\ntorch = '*'\n[requires]\npython_version = '3.11'\n", " 0"},
		{"npm", NodeDependency, "{\n\"dependencies\": {\n\"@tensorflow/tfjs-node\": \"4\"}}", "@tensorflow/tfjs-node 3"},
		{"npm for development", NodeDependency, `{"devDependencies": {"onnxruntime-node": "1"}, "dependencies": {"@azure/functions": "3"}}`, " 0"},
		{"npm, broken", NodeDependency, `{"dependencies": {"onnxruntime-node"`, " 0"},
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
		for _, find := range []func([]byte) (string, int){Requirement, ProjectDependency, PipfilePackage} {
			if name, line := find(text); line > lines || (name == "") != (line == 0) {
				t.Errorf("%q in line %d of %d", name, line, lines)
			}
		}
		NodeDependency(text)
		for _, file := range IncludedRequirements("app/requirements.txt", text) {
			if !strings.HasPrefix(file, "app/") {
				t.Errorf("includes %s", file)
			}
		}
		if line := RouteLine(append([]byte("import azure.functions\n"), text...)); line > lines+1 {
			t.Errorf("a route in line %d of %d", line, lines)
		}
	})
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
		if got := RouteLine([]byte(head + test.code)); got != test.line {
			t.Errorf("%s: line %d, want %d", test.name, got, test.line)
		}
	}
}
