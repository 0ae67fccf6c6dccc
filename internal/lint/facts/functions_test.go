package facts

import (
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
		{"no requirements", map[string]string{"score/function.json": http}, ""},
		{"other requirements", map[string]string{"requirements.txt": "azure-functions\nnumpy\n", "score/function.json": http}, ""},
		{"clients of Azure ML", map[string]string{"requirements.txt": "azureml-core\nazure-ai-ml\nmlflow\n", "train/function.json": http}, ""},
		{"a timer", map[string]string{"requirements.txt": requirements, "score/function.json": timer}, ""},
		{"disabled", map[string]string{"requirements.txt": requirements, "score/function.json": disabled}, ""},
		{"no function.json", map[string]string{"requirements.txt": requirements, "function_app.py": "@app.route('score')"}, ""},
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
				files["app/"+name] = &fstest.MapFile{Data: []byte(text)}
			}
			extraction := extract(t, files, Options{}, "app/host.json", hostJSON)
			d := only(t, extraction)
			got := ""
			if d.Workload.Known {
				got = d.Workload.Place.Node.File().Name + strings.TrimPrefix(place(d.Workload.Place), " @")
			}
			equal(t, got, test.want)
			if d.Target.Value != Functions || len(extraction.Documents) != 1 || len(extraction.Problems) != 0 {
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
		{"numpy\r\nonnxruntime==1\r\n", "onnxruntime"},

		{"", ""}, {"# torch", ""}, {"#torch", ""}, {"-r torch", ""}, {"--find-links https://download.pytorch.org/whl/torch", ""}, {"-e ./torch", ""},
		{"git+https://example.com/torch#egg=torch", ""}, {"https://example.com/torch-2.2-cp311.whl", ""}, {"./wheels/torch.whl", ""},
		{"pytorch-ignite-client", ""}, {"torchless", ""}, {"azure-functions", ""}, {"azureml-core", ""}, {"azureml_sdk", ""}, {"azure-ai-ml", ""}, {"numpy", ""}, {"pandas", ""},
		{"opentelemetry-instrumentation-tensorflow", ""},
	}
	for _, test := range tests {
		if got, _ := inferencePackage([]byte(test.requirement)); got != test.want {
			t.Errorf("%q: %q, want %q", test.requirement, got, test.want)
		}
	}
}

// A host.json that cannot be read is no deployment's fault.
func TestBrokenHostJSONIsSilent(t *testing.T) {
	if got := Recognize([]byte(`{"version": "2.0", "extensionBundle": `)); got != Auxiliary {
		t.Errorf("recognition %d", got)
	}
	if got := Recognize([]byte(`{"version": "2.0"}`)); got != Unrecognized {
		t.Errorf("recognition %d of a file that may be anything", got)
	}
}
