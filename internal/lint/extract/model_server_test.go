package extract

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestModelServerTable(t *testing.T) {
	servers := kube.ModelServers()
	if len(servers) < 20 {
		t.Fatalf("%d rows", len(servers))
	}
	for i, server := range servers {
		if strings.Count(server.Repository, "/") == 0 || strings.ContainsAny(server.Repository, ":@") {
			t.Errorf("%q is not at least two components of a repository", server.Repository)
		}
		if len(server.Start) == 0 {
			t.Errorf("%s has no start words", server.Repository)
		}
		for _, pattern := range append(server.ExcludedTags, server.Repository) {
			if _, err := path.Match(pattern, ""); err != nil {
				t.Errorf("%s: %v", pattern, err)
			}
		}
		if slices.ContainsFunc(servers[:i], func(other read.ModelServer) bool { return other.Repository == server.Repository }) {
			t.Errorf("%s is there twice", server.Repository)
		}
	}
}

// Main containers, and whether they make a web service of a Deployment.
func TestModelServers(t *testing.T) {
	for _, test := range []struct {
		container string
		want      bool
	}{
		{"image: vllm/vllm-openai", true},
		{"image: vllm/vllm-openai:v0.8.5", true},
		{"image: 'docker.io/vllm/vllm-openai@sha256:0123456789abcdef'", true},
		{"image: 'registry.example.com:5000/mirror/vllm/vllm-openai:v0.8.5'", true},
		{"image: 'vllm/vllm-openai:$TAG'", true},
		{"image: vllm/vllm-openai-rocm:v0.14.0", true},
		{"image: vllm/vllm-openai, args: [--model, churn]", true},
		{"image: vllm/vllm-openai, command: []", true},
		{"image: vllm/vllm-openai, command: [vllm, serve, churn]", true},
		{"image: vllm/vllm-openai, command: [/bin/sh, -c], args: ['cd /models && exec vllm  serve churn --port 80']", true},
		{"image: vllm/vllm-openai, command: [/bin/sh, -c, \"python3 -m\\n vllm.entrypoints.openai.api_server\"]", true},
		{"image: vllm/vllm-openai, command: [python3, -m], args: [vllm.entrypoints.openai.api_server]", true},
		{"image: vllm/vllm-openai, command: [python3, -m, vllm.entrypoints.openai.run_batch]", false},
		{"image: vllm/vllm-openai, command: [vllm, bench, serve]", false},
		{"image: vllm/vllm-openai, command: [vllm, serve-files]", false},
		{"image: vllm/vllm-openai, command: [my-vllm, serve]", false},
		{"image: vllm/vllm-openai, command: [sleep, infinity]", false},
		{"image: vllm/vllm-openai, command: [ray, start, --block]", false},
		{"image: vllm/vllm-openai, command: ['$COMMAND']", false},
		{"image: 'vllm/vllm-openai-cpu:v0.23.0', command: [vllm, launch, render]", false},
		{"image: 'ghcr.io/llm-d/llm-d-cuda:v0.5.1'", true},
		{"image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.6.0'", false},
		{"image: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.11.0'", false},
		{"image: acme/vllm-openai", false},
		{"image: acme-vllm/vllm-openai", false},
		{"image: vllm-openai", false},
		{"image: acme/app:vllm", false},
		{"image: 'acme/vllm/vllm-openai/app:1'", false},
		{"image: '$REGISTRY/vllm/vllm-openai'", true},
		{"name: vllm, image: nvidia/cuda:12.4.1-runtime", false},
		{"image: nvcr.io/nvidia/tritonserver:24.05-py3", true},
		{"image: nvcr.io/nvidia/tritonserver:24.05-trtllm-python-py3, args: [tritonserver, --model-repository=/models]", true},
		{"image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/opt/tritonserver/bin/tritonserver]", true},
		{"image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/opt/tritonserver/bin/perf_analyzer]", false},
		{"image: nvcr.io/nvidia/tritonserver:24.05-py3-sdk", false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [bash, -c, "perf_analyzer -u tritonserver:8000"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [bash, -c, "perf_analyzer -u tritonserver"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [perf_analyzer, -u, tritonserver]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [ls, /opt/tritonserver]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [bash, -c, "cd /opt/tritonserver && ./qa.sh"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [curl, "http://tritonserver"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "# tritonserver\nsleep 1d"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [bash, -c, "echo tritonserver"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/opt/tritonserver/bin/tritonserver, --model-repository, /models]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "/opt/tritonserver/bin/tritonserver --model-repository /models"]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "exec tritonserver --model-repository=/models"]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, tritonserver]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/opt/nvidia/nvidia_entrypoint.sh], args: [tritonserver]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "sleep 5; LD_PRELOAD=/a.so numactl --cpunodebind 0 tritonserver"]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [mpirun, -n, "1", /opt/tritonserver/bin/tritonserver]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "if [ -d /models ]; then tritonserver; fi"]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: ["tritonserver --model-repository=/models"]`, true},
		{`image: vllm/vllm-openai, command: [bash, -c, "vllm serve x"]`, true},
		{`image: vllm/vllm-openai, command: [sh, -c, "pip install a && vllm serve x"]`, true},
		{`image: vllm/vllm-openai, command: [sh, -c, "su app -c 'vllm serve x'"]`, true},
		{`image: vllm/vllm-openai, command: [sh, -c, "vllm \\\n serve x"]`, true},
		{`image: vllm/vllm-openai, command: [/opt/venv/bin/vllm, serve], args: [x]`, true},
		{`image: vllm/vllm-openai, command: [uv, run, vllm, serve]`, true},
		{`image: vllm/vllm-openai, command: [grep, vllm, serve]`, false},
		{`image: vllm/vllm-openai, command: [/scripts/wait-for-model.sh, vllm, serve, churn]`, true},
		{`image: vllm/vllm-openai, command: [/scripts/run.sh, --verbose, vllm, serve, churn]`, true},
		{`image: vllm/vllm-openai, command: [/wait-for-it.sh, "db:5432", -t, "30", --, vllm, serve, churn]`, true},
		{`image: vllm/vllm-openai, command: [/start.sh], args: [vllm, serve, churn]`, true},
		{`image: vllm/vllm-openai, command: [bash, -c, "ray start --head && trap 'exit' TERM; /root/wait.sh vllm serve churn --port 80"]`, true},
		{`image: vllm/vllm-openai, command: [bash, -c, "echo starting; dockerize -wait tcp://db:1 vllm serve churn"]`, true},
		{`image: vllm/vllm-openai, command: [doppler, run, --, python3, -m, vllm.entrypoints.openai.api_server]`, true},
		{`image: vllm/vllm-openai, command: [ld.so, /usr/bin/vllm, serve, churn]`, true},
		{`image: vllm/vllm-openai, command: [bash, -c, "[[ -f /m ]] || exit 1; (vllm serve m 2>&1 | tee /log)"]`, true},
		{`image: vllm/vllm-openai, command: [bash, -c, "sleep 1d # vllm serve m"]`, false},
		{`image: vllm/vllm-openai, command: [bash, -c, "./qa.sh # not vllm serve m"]`, false},
		{`image: vllm/vllm-openai, command: [sh, -c, "echo vllm serve; sleep 1d"]`, false},
		{`image: vllm/vllm-openai, command: [printf, "%s", vllm, serve]`, false},
		{`image: vllm/vllm-openai, command: [/scripts/wait.sh, echo, vllm, serve]`, false},
		{`image: vllm/vllm-openai, command: [sh, -c, "exec timeout 5 cat vllm serve"]`, false},
		{`image: vllm/vllm-openai, command: [sh, -c, "which vllm serve"]`, false},
		{`image: vllm/vllm-openai, command: [test, vllm, serve]`, false},
		{`image: vllm/vllm-openai, command: [vllm, serve, --help]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "command -v tritonserver && sleep 1d"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "tritonserver --help; sleep 1d"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [sh, -c, "test -x /opt/tritonserver/bin/tritonserver; sleep 1d"]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [python3, qa.py, /opt/tritonserver]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [python3, client.py, --host, tritonserver]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/wait-for.sh, tritonserver, --, python3, client.py]`, false},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/scripts/wait.sh, tritonserver, --model-repository=/models]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [/scripts/wait.sh, /opt/tritonserver/bin/tritonserver]`, true},
		{`image: nvcr.io/nvidia/tritonserver:24.05-py3, command: [python3, /backend/scripts/launch_triton_server.py, --world_size=1]`, true},
		{"image: ghcr.io/huggingface/text-generation-inference:3.0, command: [/tgi-entrypoint.sh], args: [--model-id, churn]", true},
		{"image: ghcr.io/huggingface/text-embeddings-inference:1.7, command: [./entrypoint.sh]", true},
		{"image: 'tensorflow/serving:2.18.0-gpu', command: [/usr/bin/tf_serving_entrypoint.sh]", true},
		{"image: 'pytorch/torchserve:latest-gpu', command: [/usr/local/bin/dockerd-entrypoint.sh, serve]", true},
		{"image: 'pytorch/torchserve:latest-gpu', command: [/usr/local/bin/dockerd-entrypoint.sh, sleep, 1d]", false},
		{"image: 'deepjavalibrary/djl-serving:0.30.0', command: [/usr/local/bin/dockerd-entrypoint.sh], args: [serve]", true},
		{"image: 'localai/localai:latest', command: [/build/entrypoint.sh]", true},
		{"image: '${REG}/vllm/vllm-openai:v1'", true},
		{"image: '<acr>.azurecr.io/nvidia/tritonserver:23.10-py3'", true},
		{"image: '${REG:-docker.io}/vllm/vllm-openai:${TAG:-v1}'", true},
		{"image: '{{ .Values.registry }}/vllm/vllm-openai:v1'", true},
		{"image: '__REGISTRY__/vllm/vllm-openai:v1'", true},
		{"image: 'acme.azurecr.io/${MIRROR}/vllm/vllm-openai'", true},
		{"image: 'vllm/vllm-openai${SUFFIX}:v1'", false},
		{"image: 'vllm/vllm-openai{{ .Values.suffix }}'", false},
		{"image: '${REG}/vllm/$IMAGE'", false},
		{"image: '${ORG}/vllm-openai'", false},
		{"image: 'nvcr.io/nim/<org>/llama'", false},
		{"image: '<acr>.azurecr.io/nvidia/tritonserver:<tag>'", false},
		{"image: '{{ .Values.registry }}/nvidia/tritonserver:{{ .Values.tag }}'", false},
		{"image: '{{ .Values.image }}'", false},
		{`image: vllm/vllm-openai, command: [python3, -u, -m, vllm.entrypoints.openai.api_server]`, true},
		{"image: 'nvcr.io/nvidia/tritonserver:$TAG'", false},
		{"image: nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.3", true},
		{"image: mirror.example.com/nim/nvidia/nv-embedqa-e5-v5", true},
		{"image: nimlang/nim:2", false},
		{"image: ghcr.io/huggingface/text-generation-inference:3.0", true},
		{"image: ghcr.io/huggingface/text-generation-inference:3.0, command: [text-generation-launcher, --model-id, churn]", true},
		{"image: ghcr.io/huggingface/text-generation-inference:3.0, command: [text-generation-server, download-weights]", false},
		{"image: 'lmsysorg/sglang:latest', command: [python3, -m, sglang.launch_server]", true},
		{"image: 'lmsysorg/sglang:latest', command: [python3, -m, sglang_router.launch_router]", false},
		{"image: ollama/ollama", true},
		{"image: ollama/ollama, command: [sh, -c, 'ollama serve & ollama pull a; wait']", true},
		{"image: ollama/ollama, command: [ollama, pull, llama3]", false},
		{"image: 'ghcr.io/ggml-org/llama.cpp:server-cuda'", true},
		{"image: 'ghcr.io/ggml-org/llama.cpp:full-cuda'", false},
		{"image: 'tensorflow/serving:2.18.0-gpu'", true},
		{"image: 'tensorflow/serving:latest-devel-gpu'", false},
		{"image: nginx:1.27", false},
	} {
		d := only(t, extract(t, nil, Options{}, "d.yaml",
			"apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: proxy, image: envoy:1}, {"+test.container+"}]}}}\n"))
		if got := d.Workload.Value == facts.WebService; got != test.want || d.Workload.Known != got {
			t.Errorf("%s: workload %q, want a web service: %t", test.container, d.Workload.Value, test.want)
		}
	}
}

// Kinds, and whether an image tells what their pods do.
func TestModelServersByKind(t *testing.T) {
	const pod = "spec: {containers: [{image: vllm/vllm-openai}]}"
	for _, test := range []struct {
		text string
		want bool
	}{
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: {" + pod + "}}", true},
		{"apiVersion: apps/v1\nkind: StatefulSet\nspec: {template: {" + pod + "}}", true},
		{"apiVersion: apps/v1\nkind: ReplicaSet\nspec: {template: {" + pod + "}}", true},
		{"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nspec: {leaderWorkerTemplate: {size: 2, workerTemplate: {" + pod + "}}}", true},
		{"apiVersion: v1\nkind: Pod\n" + pod, true},
		{"apiVersion: v1\nkind: Pod\n" + strings.Replace(pod, "{", "{restartPolicy: Always, ", 1), true},
		{"apiVersion: v1\nkind: Pod\n" + strings.Replace(pod, "{", "{restartPolicy: Never, ", 1), false},
		{"apiVersion: v1\nkind: Pod\n" + strings.Replace(pod, "{", "{restartPolicy: OnFailure, ", 1), false},
		{"apiVersion: batch/v1\nkind: Job\nspec: {template: {" + pod + "}}", false},
		{"apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {" + pod + "}}}}", false},
		{"apiVersion: apps/v1\nkind: DaemonSet\nspec: {template: {" + pod + "}}", false},
		{"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {" + pod + "}}", false},
		{"apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {" + pod + "}}", false},
		{"apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nspec: {replicatedJobs: [{template: {spec: {template: {" + pod + "}}}}]}", false},
		{"apiVersion: ray.io/v1\nkind: RayCluster\nspec: {headGroupSpec: {template: {" + pod + "}}}", false},
		{"apiVersion: v1\nkind: Pod\nspec: {initContainers: [{image: vllm/vllm-openai}], containers: [{image: a}]}", false},
		{"apiVersion: v1\nkind: Pod\nspec: {initContainers: [{image: vllm/vllm-openai, restartPolicy: Always}], containers: [{image: a}]}", false},
		{"apiVersion: v1\nkind: Pod\nspec: {ephemeralContainers: [{image: vllm/vllm-openai}], containers: [{image: a}]}", false},
	} {
		if d := only(t, extract(t, nil, Options{}, "d.yaml", test.text+"\n")); d.Workload.Known != test.want {
			t.Errorf("%s: workload %q", test.text, d.Workload.Value)
		}
	}
}

// The configuration adds images, or turns them off. What a document's kind or labels tell
// comes first, and a statement that differs is a contradiction.
func TestModelServersOfConfiguration(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a%s}\nspec: {template: {spec: {containers: [{%s}]}}}\n"
	lists := read.Lists{ModelServers: []read.ModelServer{{Repository: "acme/scorer", Start: []string{"score serve"}, ExcludedTags: []string{"*-dev"}, Why: "configured"}}}
	for container, want := range map[string]string{
		"image: 'registry.example.com/acme/scorer:1'":                 "configured",
		"image: acme/scorer:1, command: [score, serve]":               "configured",
		"image: acme/scorer:1, command: [score, train]":               "",
		"image: acme/scorer:1-dev":                                    "",
		"image: acme/other:1":                                         "",
		"image: vllm/vllm-openai":                                     "the image of this repository is a model server",
		"image: vllm/vllm-openai, name: main, command: [score serve]": "",
	} {
		d := only(t, extract(t, nil, with(Settings{Lists: lists}), "d.yaml", fmt.Sprintf(deployment, "", container)))
		if d.Workload.Location.Why != want {
			t.Errorf("%s: %q, want %q", container, d.Workload.Location.Why, want)
		}
	}
	lists.NoModelServers = true
	if d := only(t, extract(t, nil, with(Settings{Lists: lists}), "d.yaml", fmt.Sprintf(deployment, "", "image: vllm/vllm-openai"))); d.Workload.Known {
		t.Errorf("off: %q", d.Workload.Value)
	}
	stated := extract(t, nil, Options{}, "d.yaml", fmt.Sprintf(deployment, ", annotations: {mlpolicy.dev/workload: training}", "image: vllm/vllm-openai"))
	if d := only(t, stated); d.Workload.Value != facts.WebService || len(stated.Problems) != 1 || stated.Problems[0].Rule != facts.ContradictionRule {
		t.Errorf("%q, %v", d.Workload.Value, stated.Problems)
	}
}
