package extract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/iotedge"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// manifest is an IoT Edge manifest of one module with these settings.
func manifest(settings string) string {
	return `{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {"m": {"settings": ` + settings + `}}}}}}`
}

// Names of modules and of images, and the word of them that tells inference.
func TestInferenceWords(t *testing.T) {
	tests := []struct{ name, image, want string }{
		{"classifier", "", "classifier"},
		{"ImageClassifier", "", "imageclassifier"},
		{"imageclassifier", "", "imageclassifier"},
		{"image-classifier-service", "", "classifier"},
		{"inferencemodule", "", "inference"},
		{"InferenceModule", "", "inference"},
		{"inference_server2", "", "inference"},
		{"predictmodule", "", "predict"},
		{"PredictionService", "", "prediction"},
		{"ovms-server", "", "ovms"},
		{"ovmsserver", "", "ovms"},
		{"azureml-host", "", "azureml"},
		{"machinelearningmodule", "", "machinelearning"},
		{"Object_Detection", "", "object detection"},
		{"objectDetector", "", "objectdetector"},
		{"ML-Model", "", "ml model"},
		{"YOLOv8", "", "yolov"},
		{"yolov3-tiny", "", "yolov"},
		{"ResNet50", "", "resnet"},
		{"ONNXRuntime", "", "onnxruntime"},
		{"ONNXScorer", "", "onnx"},
		{"onnxruntime", "", "onnxruntime"},
		{"a", "tensorflow/serving:2.14", "tensorflow"},
		{"a", "registry.example.com/a/scikit-learn:1", "scikit learn"},
		{"a", "registry.example.com:5000/a:onnx", "onnx"},
		{"a", "localhost/onnx", "onnx"},
		{"a", "onnx", "onnx"},
		{"a", "$REGISTRY/classifier:1", "classifier"},
		{"a", "${MODULES.Classifier.arm64v8}", "classifier"},

		{"fruitclassifier", "", "classifier"},
		{"catdogclassifier", "", "classifier"},
		{"fruitclassifiermodule", "", "classifier"},
		{"sentimentpredictor", "", "predictor"},
		{"edgeinference", "", "inference"},
		{"aiinference", "", "inference"},
		{"pytorchserve", "", "torchserve"},
		{"fastobjectdetector", "", "objectdetector"},
		{"a", "registry.example.com/fruitclassifier:1", "classifier"},
		{"tinyyolov4", "", "yolo"},
		{"tiny-yolov4", "", "yolov"},
		{"yolodetect", "", "yolo"},
		{"myyolox", "", "yolo"},
		{"edgemobilenet", "", "mobilenet"},
		{"ssdmobilenetv2", "", "mobilenet"},
		{"mobilenetv2", "", "mobilenet"},
		{"fasterrcnn", "", "rcnn"},
		{"a", "registry.example.com/vision/tinyyolov3:latest-amd64", "yolo"},

		{"fruitclassifierv2", "", "classifier"},
		{"classifierv2", "", "classifier"},
		{"sentimentpredictorv3", "", "predictor"},
		{"fruitclassifiermodulev2", "", "classifier"},
		{"a", "registry.example.com/edgeinferencev10:1", "inference"},
		{"inceptionv3", "", "inception"},
		{"edgeinceptionresnetv2", "", "inception"},
		{"facenet", "", "facenet"},
		{"myfacenetv2", "", "facenet"},
		{"mnasnet", "", "mnasnet"},
		{"edgeposenet", "", "posenet"},

		{"declassifierv2", "sourcev2/inception:3", ""},
		{"interfacenet", "surfacenetwork:1", ""},
		{"composenet", "general-purposenet:1", ""},
		{"inceptionv3trainer", "facenettraining:1", ""},
		{"edgeresnet50", "", "resnet"},
		{"myresnet50v2", "", "resnet"},
		{"EdgeResNet101", "", "resnet"},
		{"a", "registry.example.com/edge_fastresnet18:1.0", "resnet"},

		{"edgeresnet", "edgeresnet:50", ""},
		{"edgeresnet51", "edgeresnet500:1", ""},
		{"coresnet-18", "wiresnet2:1", ""},
		{"edgeresnet50trainer", "", ""},
		{"declassifier", "", ""},
		{"reclassifier", "", ""},
		{"classifierstats", "", ""},
		{"mobilenetwork", "mobilenetworks/probe:1", ""},
		{"automobilenet", "tmobilenet/gateway:1", ""},
		{"efficientnetworking", "", ""},
		{"arroyolodge", "", ""},
		{"sensoresnet", "wiresnet/coresnet:1", ""},
		{"ssdmonitor", "ssd/ssdhealth:1", ""},
		{"htmlmodel", "", ""},
		{"yolotrainer", "", ""},
		{"temperature-sensor", "mcr.microsoft.com/azureiotedge-simulated-temperature-sensor:1.5", ""},
		{"tempFilter", "mcr.microsoft.com/azureiotedge-temperature-filter:1.5", ""},
		{"training-wheels", "", ""},
		{"inferno", "predictable:1", ""},
		{"keynote-scorer", "model-railway/score-board", ""},
		{"classified-messages", "unpredictable/onnxify", ""},
		{"torch", "flashlight/torch", ""},
		{"metal-detector", "anomaly-detection", ""},
		{"image-resizer", "object-store", ""},
		{"machine", "learning", ""},
		{"machine2", "3-learning", ""},
		{"server", "module", ""},
		{"ml", "mlops-agent:1", ""},
		{"modelmanager", "a/modelserviceagent", ""},
		{"vision", "mcr.microsoft.com/media/live-video-analytics:2", ""},
		{"a", "onnx.azurecr.io/wheels:1", ""},
		{"a", "$ONNX/wheels:1", ""},
		{"a", "wheels@sha256:0000onnx", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		d := only(t, extract(t, nil, Options{}, "d.json", strings.Replace(
			manifest(fmt.Sprintf(`{"image": %q}`, test.image)), `"m"`, fmt.Sprintf("%q", test.name), 1)))
		_, word, _ := strings.Cut(d.Workload.Location.Why, " contains the word ")
		if word != test.want {
			t.Errorf("module %q of image %q: word %q, want %q", test.name, test.image, word, test.want)
		}
	}
}

// Images of the containers of Azure AI services infer, the tools beside them do not.
func TestAzureAIServices(t *testing.T) {
	for image, want := range map[string]bool{
		"mcr.microsoft.com/azure-cognitive-services/vision/read:3.2":                         true,
		"mcr.microsoft.com/azure-cognitive-services/textanalytics/language:1":                true,
		"registry.example.com/mirror/azure-cognitive-services/vision/spatial-analysis:1.0":   true,
		"containerpreview.azurecr.io/microsoft/cognitive-services-read:1":                    true,
		"mcr.microsoft.com/azure-cognitive-services/diagnostic:latest":                       false,
		"mcr.microsoft.com/azure-cognitive-services/vision/spatial-analysis/diagnostics:1.0": false,
		"registry.example.com/cognitive-services:1":                                          false,
		"azure-cognitive-services.example.com/proxy:1":                                       false,
		"mcr.microsoft.com/azureiotedge-hub:1.4":                                             false,
	} {
		d := only(t, extract(t, nil, Options{}, "d.json", manifest(fmt.Sprintf(`{"image": %q}`, image))))
		if got := d.Workload.Value == facts.IoTModule; got != want {
			t.Errorf("%s: %t", image, got)
		}
	}
}

// A display adapter computes where something selects its GPU for that.
func TestDisplayAdapters(t *testing.T) {
	dri := func(rest string) string {
		return `{"image": "a", "createOptions": {"HostConfig": {"Devices": [{"PathOnHost": "/dev/dri"}]}` + rest + `}}`
	}
	env := func(variable string) string { return dri(fmt.Sprintf(`, "Env": ["A=B", %q]`, variable)) }
	args := func(list string) string { return dri(`, "Cmd": ` + list) }
	tests := map[string]bool{
		env("DEVICE=GPU"):           true,
		env("device=gpu"):           true,
		env("TARGET_DEVICE=GPU.1"):  true,
		env("DEVICE_TYPE=GPU_FP16"): true,
		env("GST_PIPELINE=gvadetect model=m.xml device=GPU ! fakesink"): true,
		env("INFERENCE_DEVICE=MULTI:CPU,GPU"):                           true,
		env("DETECTION_DEVICE=HETERO:GPU,CPU"):                          true,
		env(`PIPELINE_PARAMETERS={"detection-device":"GPU"}`):           true,
		env(`PARAMETERS={\"detection-device\" : \"GPU\"}`):              true,
		args(`["--target_device", "GPU"]`):                              true,
		args(`["--device=GPU", "--port", "9000"]`):                      true,
		args(`["python3", "app.py", "-d", "GPU"]`):                      true,
		args(`"python3 app.py --device GPU --port 1"`):                  true,
		dri(`, "Entrypoint": ["run", "--device", "GPU"]`):               true,
		dri(`}, "env": {"DEVICE": {"value": "GPU"}}, "x": {`):           false, // the settings have no env

		env("USE_GPU=true"):                             true,
		env("use_gpu=1"):                                true,
		env("UseGPU=Yes"):                               true,
		env("USEGPU=on"):                                true,
		env("ENABLE_GPU=True"):                          true,
		env("GPU_ENABLED=true"):                         true,
		env("GPU=true"):                                 true,
		env("RUN_ON_GPU=true"):                          true,
		env("OPENVINO_ENABLE_GPU_INFERENCE=true"):       true,
		env(`CONFIG={"model": "m", "useGpu": true}`):    true,
		env(`CONFIG={\"use_gpu\": \"true\", \"a\": 1}`): true,
		env("APP_ARGS=--port 1 --use-gpu"):              true,
		env("APP_ARGS=--device gpu --port 1"):           true,
		env("ACCELERATOR=gpu"):                          true,
		env("INFERENCE_TARGET=GPU"):                     true,
		env("COMPUTE_MODE=gpu"):                         true,
		args(`["--use-gpu"]`):                           true,
		args(`["--use-gpu", "--port", "1"]`):            true,
		args(`["--use_gpu=true"]`):                      true,
		args(`["--use-gpu", "true"]`):                   true,
		args(`["python3", "app.py", "-gpu"]`):           true,
		args(`"python3 app.py --enable-gpu --port 1"`):  true,
		args(`["sh", "-c", "run --device gpu"]`):        true,
		dri(`, "Entrypoint": ["run", "--gpu-enabled"]`): true,

		env("USE_GPU=false"):             false,
		env("USE_GPU=0"):                 false,
		env("USE_GPU=CPU"):               false,
		env("USE_GPU=10"):                false,
		env("USE_GPU="):                  false,
		env("USE_GPU"):                   false,
		env("DISABLE_GPU=true"):          false,
		env("NO_GPU=1"):                  false,
		env("DONT_USE_GPU=true"):         false,
		env("ENABLE_GPU_METRICS=true"):   false,
		env("USE_GPU_DECODER=true"):      false,
		env("VIDEO_DECODE_USE_GPU=true"): false,
		env("GPU_ID=1"):                  false,
		env("USE_CPU=true"):              false,
		env("DEVICE=CPU // GPU=maybe"):   false,
		env("RENDER_TARGET=GPU"):         false,
		env(`CONFIG={"useGpu": false}`):  false,
		env("APP_ARGS=--use-gpu false"):  false,
		args(`["--use-gpu", "false"]`):   false,
		args(`["--use-gpu=false"]`):      false,
		args(`["--use-gpu", "0"]`):       false,
		args(`["--no-gpu"]`):             false,
		args(`["--disable-gpu"]`):        false,
		args(`["use-gpu"]`):              false,
		args(`"run --gpu-memory 1"`):     false,
		`{"image": "a", "createOptions": {"Env": ["USE_GPU=true"]}}`: false,

		dri(""):                           false,
		env("DEVICE=CPU"):                 false,
		env("DEVICE=GPULESS"):             false,
		env("DEVICE=/dev/dri/renderD128"): false,
		env("DEVICE_ID=GPU"):              false,
		env("DEVICE_NAME=GPU"):            false,
		env("GST_PIPELINE=vaapih264dec ! gvadetect device=CPU"):    false,
		env("VIDEO_DECODE_DEVICE=GPU"):                             false,
		env("DISPLAY_DEVICE=GPU"):                                  false,
		env("HWACCEL_DEVICE=gpu"):                                  false,
		env("LIBVA_DRIVER_NAME=iHD"):                               false,
		args(`["--render-device", "GPU"]`):                         false,
		args(`["--device", "CPU", "GPU"]`):                         false,
		`{"image": "a", "createOptions": {"Env": ["DEVICE=GPU"]}}`: false,
	}
	for settings, want := range tests {
		d := only(t, extract(t, nil, Options{}, "d.json", manifest(settings)))
		if got := d.GPUs.Value == 1 && d.Workload.Value == facts.IoTModule; got != want || !want && (d.GPUs.Known || d.Workload.Known) {
			t.Errorf("%s: %t, GPUs %+v, workload %+v", settings, got, d.GPUs, d.Workload)
		}
	}
	bound := strings.Replace(env("DEVICE=GPU"), `"Devices": [{"PathOnHost": "/dev/dri"}]`, `"Binds": ["/dev/dri:/dev/dri"]`, 1)
	if d := only(t, extract(t, nil, Options{}, "d.json", manifest(bound))); d.GPUs.Value != 1 {
		t.Errorf("%s: %+v", bound, d.GPUs)
	}
	overridden := strings.Replace(manifest(env("USE_GPU=true")), `"settings"`, `"env": {"USE_GPU": {"value": "false"}}, "settings"`, 1)
	if d := only(t, extract(t, nil, Options{}, "d.json", overridden)); d.GPUs.Known {
		t.Errorf("a variable of the module over the container's: %+v", d.GPUs)
	}
	switched := strings.Replace(manifest(dri("")), `"settings"`, `"env": {"USE_GPU": {"value": true}}, "settings"`, 1)
	if d := only(t, extract(t, nil, Options{}, "d.json", switched)); d.GPUs.Value != 1 || d.Workload.Value != facts.IoTModule {
		t.Errorf("a switch of the module: %+v", d.GPUs)
	}
	module := strings.Replace(manifest(dri("")), `"settings"`, `"env": {"TARGET_DEVICE": {"value": "GPU"}}, "settings"`, 1)
	if d := only(t, extract(t, nil, Options{}, "d.json", module)); d.GPUs.Value != 1 || d.Workload.Value != facts.IoTModule {
		t.Errorf("a variable of the module: %+v", d.GPUs)
	}
}

// The GPU of a Windows host, in each way to give it to a container.
func TestWindowsGPU(t *testing.T) {
	for host, want := range map[string]bool{
		`{"Devices": [{"PathOnHost": "/dev/dxg"}]}`:                                          true,
		`{"Binds": ["/usr/lib/wsl:/usr/lib/wsl"]}`:                                           true,
		`{"Binds": ["/usr/lib/wsl/lib:/lib/wsl:ro"]}`:                                        true,
		`{"Mounts": [{"Type": "bind", "Source": "/usr/lib/wsl", "Target": "/usr/lib/wsl"}]}`: true,
		`{"Binds": ["/dev/dxg:/dev/dxg"]}`:                                                   true,
		`{"Binds": ["/usr/lib/wslg:/x", "/data:/usr/lib/wsl"]}`:                              false,
		`{"Devices": [{"PathOnHost": "/dev/dxgkrnl"}, {"PathInContainer": "/dev/dxg"}]}`:     false,
	} {
		object := `{"image": "a", "createOptions": {"HostConfig": ` + host + `}}`
		for _, settings := range []string{object, fmt.Sprintf(`{"image": "a", "createOptions": %q}`, `{"HostConfig": `+host+`}`)} {
			d := only(t, extract(t, nil, Options{}, "d.json", manifest(settings)))
			if got := d.GPUs.Value == 1 && d.Workload.Value == facts.IoTModule; got != want || d.GPUs.Known != want {
				t.Errorf("%s: GPUs %+v", settings, d.GPUs)
			}
		}
	}
}

func TestInferenceWordListIsSorted(t *testing.T) {
	for name, list := range map[string]string{"iotedge_words.txt": iotedge.InferenceWordList, "functions_packages.txt": azure.InferencePackageList, "functions_packages_node.txt": azure.NodePackageList,
		"iotedge_endings.txt": iotedge.CompoundEndingList, "iotedge_networks.txt": iotedge.NetworkList} {
		lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
		if len(lines) < 10 || !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("%s: %d lines, sorted %t", name, len(lines), slices.IsSorted(lines))
		}
		for _, line := range lines {
			if line == "" || line != strings.ToLower(strings.TrimSpace(line)) {
				t.Errorf("%s: line %q", name, line)
			}
		}
	}
}

// A manifest does not tell a Data Box Edge from other devices: that can be stated.
func TestDataBoxEdgeIsStated(t *testing.T) {
	const (
		plain = `{"image": "a"}`
		fpga  = `{"image": "a", "createOptions": {"HostConfig": {"Devices": [{"PathOnHost": "/dev/catapult0"}]}}}`
		later = `{"image": "a", "createOptions": "$OPTIONS"}`
	)
	tests := []struct {
		name, settings, stated string
		want                   facts.Target
		problems               int
	}{
		{"nothing stated", plain, "stage: production", facts.IoTEdge, 0},
		{"narrower", plain, "target: data-box-edge", facts.DataBoxEdge, 0},
		{"the same", plain, "target: iot-edge", facts.IoTEdge, 0},
		{"another", plain, "target: aks", facts.IoTEdge, 1},
		{"the same, by evidence", fpga, "target: data-box-edge", facts.DataBoxEdge, 0},
		{"wider", fpga, "target: iot-edge", facts.DataBoxEdge, 1},
		{"options not known yet", later, "stage: production", "", 0},
		{"options not known yet, stated", later, "target: iot-edge", facts.IoTEdge, 0},
	}
	for _, test := range tests {
		stated := statement(t, test.stated)
		extraction := extract(t, nil, with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }}), "d.json", manifest(test.settings))
		if d := only(t, extraction); d.Target.Value != test.want || len(extraction.Problems) != test.problems {
			t.Errorf("%s: target %q, %d problems, want %q, %d", test.name, d.Target.Value, len(extraction.Problems), test.want, test.problems)
		}
	}
	// What is an IoT Edge device by other documents stays one.
	stated := statement(t, "target: data-box-edge")
	extraction := extract(t, nil, with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }}),
		"d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {target: iot-edge}\n")
	if d := only(t, extraction); d.Target.Value != facts.IoTEdge || len(extraction.Problems) != 1 {
		t.Errorf("target %s, %d problems", d.Target.Value, len(extraction.Problems))
	}
}

// Twice the input takes twice the memory, and not four times.
func TestManifestIsReadInLinearSpace(t *testing.T) {
	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	modules := func(n int) string {
		return `{"labels": {"mlpolicy.dev/stage": "production"}, "content": {"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {` +
			list(n, `"m%d": {"settings": {"image": "a", "createOptions": "{\"HostConfig\":{\"Runtime\":\"nvidia\"}}"}}`) + `}}}}}}`
	}
	layered := func(n int) string {
		return `{"content": {"modulesContent": {"$edgeAgent": {` +
			list(n, `"properties.desired.modules.m%d": {"settings": {"image": "classifier", "createOptions": {}}}`) + `}}}}`
	}
	chunks := func(n int) string {
		return manifest(`{"createOptions": "{\"Labels\":{\"a\":\"b\"", ` + list(n, `"createOptions0%[1]d": ",\"l%[1]d\":\"c\""`) +
			fmt.Sprintf(`, "createOptions%d": "},\"HostConfig\":{\"Runtime\":\"nvidia\"}}"}`, n))
	}
	devices := func(n int) string {
		return manifest(fmt.Sprintf(`{"createOptions": %q}`, `{"HostConfig":{"Devices":[`+list(n, `{"PathOnHost":"/dev/nvidia%d"}`)+`]}}`))
	}
	for name, text := range map[string]func(n int) string{"modules": modules, "layered": layered, "chunks": chunks, "devices": devices} {
		t.Run(name, func(t *testing.T) {
			allocated := func(n int) uint64 {
				file := source.Parse("d.json", []byte(text(n)))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
				runtime.ReadMemStats(&after)
				if err != nil || len(extraction.Deployments) == 0 || len(extraction.Problems) != 0 {
					t.Fatalf("%v, %d deployments, problems %v", err, len(extraction.Deployments), extraction.Problems)
				}
				for _, d := range extraction.Deployments {
					if d.Workload.Value != facts.IoTModule {
						t.Fatalf("%s has no workload", d.Name.Value)
					}
				}
				return after.TotalAlloc - before.TotalAlloc
			}
			once, twice := allocated(2000), allocated(4000)
			if ratio := float64(twice) / float64(once); ratio > 2.6 {
				t.Errorf("twice the input takes %.1f times the memory", ratio)
			}
		})
	}
}

// FuzzCreateOptions holds the create options of a module, in each form that they can
// have, to the contract of Facts, and what they tell in one form to what they tell in another.
func FuzzCreateOptions(f *testing.F) {
	for _, text := range []string{
		`{"HostConfig":{"Runtime":"nvidia","Memory":1073741824,"NanoCpus":1500000000}}`,
		`{'Env': ['NVIDIA_VISIBLE_DEVICES=all'], 'HostConfig': {'Binds': ['/home/hcsshares/a:/b']}}`,
		`{"HostConfig":{"DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]},{"DeviceIDs":["0"],"Capabilities":["gpu"]},{"Count":"two","Capabilities":[["gpu"]]}]}}`,
		`{"hostconfig":{"devices":[{"pathonhost":"/dev/catapult0"},{"PathOnHost":"/dev/nvhost-gpu"},{"PathOnHost":"/dev/dri"},{"PathOnHost":"/dev/nvidia0"}]}}`,
		`{"k8s-experimental":{"resources":{"limits":{"nvidia.com/gpu":2,"microsoft.com/fpga_catapult":2,"memory":"1Gi","cpu":"500m"}}}}`,
		`{"Labels":{"mlpolicy.dev/stage":"production","mlpolicy.dev/model-size":"1GB","mlpolicy.dev/other":"x","é":"ü"},"HostConfig":{"Mounts":[{"Source":"/home/hcsshares"}]}}`,
		`{"Env":["DEVICE=GPU"],"HostConfig":{"Devices":[{"PathOnHost":"/dev/dri"},{"PathOnHost":"/dev/dxg"}],"Binds":["/usr/lib/wsl:/usr/lib/wsl"]}}`,
		`{"Env":["USE_GPU=true"],"Cmd":["--use-gpu","0"],"Entrypoint":"run --enable-gpu","HostConfig":{"Binds":["/dev/dri:/dev/dri"]}}`,
		`{"Cmd":["--device","MULTI:GPU,CPU"],"Entrypoint":"-d GPU","HostConfig":{"Devices":[{"PathOnHost":"/dev/dri/renderD128"}]}}`,
		`{"HostConfig":{"Memory":$MEMORY,"Runtime":"<runtime>"}}`, `{"HostConfig":{"Runtime":"{{ runtime }}"}}`,
		`{"HostConfig":{"Runtime":"nvidia"}`, `{"a":&a {"Runtime":"nvidia"},"HostConfig":*a}`, `{"HostConfig":{"Memory":1e309,"NanoCpus":-0}}`,
		"", "null", "{}", "[]", "<create option>", "\uFEFF{}", "{\"Env\":[null,{},[],\"NVIDIA_VISIBLE_DEVICES\"]}",
	} {
		f.Add(text, uint8(1))
		f.Add(text, uint8(7))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		told := map[string]string{}
		for form, settings := range createOptionsForms(t, text, int(size)+1) {
			file := source.Parse("folder/d.json", []byte(manifest(settings)))
			extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range extraction.Problems {
				inside(t, file, problem.Location)
			}
			sound(t, file, reflect.ValueOf(extraction.Facts))
			if len(file.Problems) > 0 { // too deep
				continue
			}
			facts, err := json.Marshal(only(t, extraction))
			if err != nil {
				t.Fatal(err)
			}
			told[form] = string(facts)
		}
		for form, facts := range told {
			if facts != told["string"] {
				t.Errorf("in %s: %s, in one string: %s", form, facts, told["string"])
			}
		}
	})
}

// createOptionsForms returns the settings of a module whose create options are text,
// in one string, in chunks of so many characters and, where text is JSON, as an object.
func createOptionsForms(t *testing.T, text string, size int) map[string]string {
	quote := func(text string) string {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(quoted)
	}
	text = strings.ToValidUTF8(text, "?")
	forms := map[string]string{"string": `{"createOptions": ` + quote(text) + `}`}
	var chunks []string
	for part := range slices.Chunk([]rune(text), size) {
		key := "createOptions"
		if len(chunks) > 0 {
			key = fmt.Sprintf("createOptions%02d", len(chunks))
		}
		chunks = append(chunks, quote(key)+": "+quote(string(part)))
	}
	slices.Reverse(chunks)
	forms["chunks"] = "{" + strings.Join(chunks, ", ") + "}"
	if object := bytes.TrimSpace([]byte(text)); json.Valid(object) && bytes.HasPrefix(object, []byte("{")) {
		forms["an object"] = `{"createOptions": ` + text + `}`
	}
	return forms
}

// Create options that cannot be read, and values of another shape than one that carries facts, are
// warnings; what is filled in later is none.
func TestEdgeShapes(t *testing.T) {
	const options = "createOptions"
	tests := []struct{ name, modules, want string }{
		{"brace missing", `{"m": {"settings": {"image": "a", "createOptions": "{broken"}}}`, options + " is not valid JSON: "},
		{"not an object", `{"m": {"settings": {"image": "a", "createOptions": "[1]"}}}`, options + " must contain a JSON object"},
		{"a number", `{"m": {"settings": {"image": "a", "createOptions": 5}}}`, options + " must contain a JSON object"},
		{"a list", `{"m": {"settings": {"image": "a", "createOptions": [1]}}}`, options + " must be a mapping, not a list"},
		{"a mapping as a further piece", `{"m": {"settings": {"image": "a", "createOptions": "{", "createOptions01": {}}}}`, options + "01 must be a mapping"},
		{"devices are text", `{"m": {"settings": {"image": "a", "createOptions": {"HostConfig": {"Devices": "/dev/dxg"}}}}}`, "HostConfig.Devices must be a list, not a single value"},
		{"devices are texts", `{"m": {"settings": {"image": "a", "createOptions": {"hostconfig": {"devices": ["/dev/dxg"]}}}}}`, "hostconfig.devices[0] must be a mapping, not a single value"},
		{"devices are text, in text", `{"m": {"settings": {"image": "a", "createOptions": "{\"HostConfig\": {\"Devices\": \"/dev/dxg\"}}"}}}`, "HostConfig.Devices must be a list, not a single value"},
		{"binds are a mapping", `{"m": {"settings": {"image": "a", "createOptions": {"HostConfig": {"Binds": {"/dev/dxg": "/dev/dxg"}}}}}}`, "HostConfig.Binds must be a list, not a mapping"},
		{"the host's part is a list", `{"m": {"settings": {"image": "a", "createOptions": {"HostConfig": [1]}}}}`, "HostConfig must be a mapping, not a list"},
		{"the environment is a mapping", `{"m": {"settings": {"image": "a", "createOptions": {"Env": {"A": "b"}}}}}`, "Env must be a list, not a mapping"},
		{"modules are a list", `["m"]`, "modules must be a mapping, not a list"},
		{"modules are text", `"m"`, "modules must be a mapping, not a single value"},
		{"a module is a list", `{"m": ["a"]}`, "modules.m must be a mapping, not a list"},
		{"settings are a list", `{"m": {"settings": ["a"]}}`, "settings must be a mapping, not a list"},

		{"modules are filled in later", `"${MODULES}"`, ""},
		{"no options", `{"m": {"settings": {"image": "a", "createOptions": null}}}`, ""},
		{"empty options", `{"m": {"settings": {"image": "a", "createOptions": ""}}}`, ""},
		{"options are filled in later", `{"m": {"settings": {"image": "a", "createOptions": "${OPTIONS}"}}}`, ""},
		{"options are rendered later", `{"m": {"settings": {"image": "a", "createOptions": "{{ options }}"}}}`, ""},
		{"devices are null", `{"m": {"settings": {"image": "a", "createOptions": {"HostConfig": {"Devices": null, "Binds": null, "Runtime": null}}}}}`, ""},
		{"devices are filled in later", `{"m": {"settings": {"image": "a", "createOptions": {"HostConfig": {"Devices": "__DEVICES__"}}}}}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := `{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": ` + test.modules + `}}}}`
			problems := extract(t, nil, Options{}, "deployment.json", text).Problems
			if test.want == "" {
				if len(problems) > 0 {
					t.Errorf("got %s", problems[0].Message)
				}
				return
			}
			if len(problems) == 0 || problems[0].Severity != facts.Warning || !strings.Contains(problems[0].Message, test.want) {
				t.Errorf("got %+v, want %s", problems, test.want)
			}
		})
	}
}
