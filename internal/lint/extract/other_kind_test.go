package extract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// An object of a known kind is read by the reader of the kind in any version, and by its
// structure where that finds nothing and the version is not known.
func TestUnknownVersions(t *testing.T) {
	const gpus = "containers: [{image: a, resources: {limits: {nvidia.com/gpu: 2}}}]"
	for _, test := range []struct{ name, version, kind, spec, want string }{
		{"the structure that is known", "serving.kserve.io/v9", "InferenceService", "{predictor: {" + gpus + "}}", "kserve-inference-service web-service 2 predictor"},
		{"another structure", "serving.kserve.io/v9", "InferenceService", "{roles: [{name: a, pod: {" + gpus + "}}]}", "kubernetes-other-kind web-service 2"},
		{"a part that is known and empty", "serving.kserve.io/v9", "InferenceService", "{predictor: {}, pods: {" + gpus + "}}", "kubernetes-other-kind web-service 2"},
		{"a part that asks for nothing", "serving.kserve.io/v9", "InferenceService", "{predictor: {containers: [{image: a}]}, pods: {" + gpus + "}}", "kserve-inference-service web-service - predictor"},
		{"a reader that always finds a deployment", "serving.kserve.io/v9", "LLMInferenceService", "{replicas: 2, roles: [{template: {spec: {" + gpus + "}}}]}", "kubernetes-other-kind web-service 2"},
		{"two pods", "ray.io/v9", "RayService", "{head: {" + gpus + "}, workers: {" + gpus + "}}", "kubernetes-other-kind web-service 2 head, kubernetes-other-kind web-service 2 workers"},
		{"a kind that may do anything", "ray.io/v9", "RayCluster", "{head: {" + gpus + "}}", "kubernetes-other-kind - 2"},
		{"a kind that trains", "kubeflow.org/v9", "PyTorchJob", "{replicas: {worker: {" + gpus + "}}}", "kubernetes-other-kind training 2"},
		{"a model server", "machinelearning.seldon.io/v9", "SeldonDeployment", "{components: [{" + gpus + "}]}", "kubernetes-other-kind web-service 2"},
		{"a kind that ends in Runtime", "production-stack.vllm.ai/v9", "VLLMRuntime", "{engine: {" + gpus + "}}", "kubernetes-other-kind web-service 2"},
		{"Kubernetes' own", "apps/v9", "Deployment", "{pods: {" + gpus + "}}", "kubernetes-other-kind - 2"},
		{"Kubernetes' core", "v9", "Pod", "{sandbox: {" + gpus + "}}", "kubernetes-other-kind - 2"},
		{"nothing", "serving.kserve.io/v9", "InferenceService", "{roles: []}", ""},
		{"no GPUs", "serving.kserve.io/v9", "LLMInferenceService", "{roles: [{containers: [{image: a}]}]}", "kserve-inference-service web-service -"},

		{"a version that is known", "serving.kserve.io/v1beta1", "InferenceService", "{roles: [{pod: {" + gpus + "}}]}", ""},
		{"a version that is known, of Kubernetes' own", "apps/v1", "Deployment", "{pods: {" + gpus + "}}", ""},
	} {
		for _, list := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, list), func(t *testing.T) {
				text := "apiVersion: " + test.version + "\nkind: " + test.kind + "\nmetadata: {name: a}\nspec: " + test.spec + "\n"
				if list {
					text = "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(text, "\n", "\n  ")
				}
				var got []string
				for _, d := range extract(t, nil, with(Settings{Cluster: facts.Know(facts.Kubernetes, facts.Location{})}), "a.yaml", text).Deployments {
					workload, count := "-", "-"
					if d.Workload.Known {
						workload = string(d.Workload.Value)
					}
					if d.GPUs.Known {
						count = fmt.Sprint(d.GPUs.Value)
					}
					got = append(got, strings.TrimSpace(strings.Join([]string{d.Format, workload, count, d.Component.Value}, " ")))
				}
				equal(t, strings.Join(got, ", "), test.want)
			})
		}
	}
}

// Objects of kinds that no format knows, and the deployments in them.
func TestOtherKinds(t *testing.T) {
	const gpu = "resources: {limits: {nvidia.com/gpu: 1}}"
	object := func(version, kind, spec string) string {
		return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a}\nspec: %s\n", version, kind, spec)
	}
	pod := "{pod: {containers: [{image: a, " + gpu + "}]}}"
	for _, test := range []struct {
		name, text string
		want       string
	}{
		{"a pod", object("example.com/v1", "Thing", pod), "gpus 1"},
		{"of a known group", object("serving.kserve.io/v1alpha1", "Thing", pod), "gpus 1"},
		{"at the top of the spec", object("example.com/v1", "Thing", "{containers: [{image: a, "+gpu+"}]}"), "gpus 1"},
		{"two pods", object("example.com/v1", "Thing", "{a: "+pod+", b: ["+pod+"]}"), "a.pod: gpus 1, b[0].pod: gpus 1"},
		{"a pod beside containers", object("example.com/v1", "Thing", "{containers: [{image: a, "+gpu+"}], workers: [{spec: {containers: [{image: b, resources: {limits: {nvidia.com/gpu: 2}}}]}}]}"),
			"gpus 1, workers[0]: gpus 2"},
		{"a pod beside those of another", object("example.com/v1", "Thing", "{main: {containers: [{image: a, "+gpu+"}], side: {containers: [{image: b, "+gpu+"}]}}}"),
			"main: gpus 1, main.side: gpus 1"},
		{"a pod beside a patch", object("example.com/v1", "Thing", "{containers: [{name: a}], worker: {containers: [{image: b, "+gpu+"}]}}"), "worker: gpus 1"},
		{"an object beside containers", object("example.com/v1", "Thing", "{containers: [{image: a}], objects: [{apiVersion: v1, kind: Pod, spec: {containers: [{image: b, "+gpu+"}]}}]}"), "gpus 1"},
		{"an object below containers", object("example.com/v1", "Thing", "{containers: [{image: a, "+gpu+", with: {apiVersion: v1, kind: Pod, spec: {containers: [{image: b, resources: {limits: {nvidia.com/gpu: 3}}}]}}}]}"), "gpus 1, gpus 3"},
		{"in a list", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(object("example.com/v1", "Thing", pod), "\n", "\n  "), "gpus 1"},
		{"of a known kind whose reader does not know its structure",
			object("kaito.sh/v2", "Workspace", pod), "gpus 1"},
		{"an image that is not known yet", object("example.com/v1", "Thing", "{containers: [{image: $IMAGE, "+gpu+"}]}"), "gpus 1"},
		{"one image of two", object("example.com/v1", "Thing", "{containers: [{"+gpu+"}, {image: a}]}"), "gpus 1"},
		{"a claim", object("example.com/v1", "Thing", "{resourceClaims: [{resourceClaimName: a}], containers: [{image: a}]}"), ""},
		{"no GPUs", object("example.com/v1", "Thing", "{containers: [{image: a, resources: {limits: {nvidia.com/gpu: 0}}}]}"), "none"},
		{"a stated target", object("example.com/v1", "Thing", "{template: {metadata: {annotations: {mlpolicy.dev/target: aci}}, spec: {containers: [{image: a}]}}}"), ""},
		{"a toleration", object("example.com/v1", "Thing", "{tolerations: [{key: virtual-kubelet.io/provider}], containers: [{image: a}]}"), "none"},

		{"images of a pattern", object("example.com/v1", "Thing", "{containers: [{image: '*', "+gpu+"}]}"), "none"},
		{"images of a registry", object("example.com/v1", "Thing", "{containers: [{image: 'acme/*', "+gpu+"}]}"), "none"},
		{"an image in parts", object("example.com/v1", "Thing", "{containers: [{image: {name: a, tag: b}, "+gpu+"}]}"), "none"},
		{"a patch", object("example.com/v1", "Thing", "{containers: [{name: a, "+gpu+"}]}"), "gpus 1"},
		{"names of containers", object("example.com/v1", "Thing", "{containers: [a, b]}"), "none"},
		{"containers by name", object("example.com/v1", "Thing", "{containers: {a: {image: a, "+gpu+"}}}"), "gpus 1"},

		{"a container by itself", object("example.com/v1", "Thing", "{engine: {runner: {image: a, "+gpu+"}}}"), "gpus 1"},
		{"the spec is a container", object("example.com/v1", "Thing", "{image: a, "+gpu+", replicas: 2}"), "gpus 1"},
		{"two containers by themselves", object("example.com/v1", "Thing", "{a: {mainContainer: {image: a, "+gpu+"}}, workers: [{image: b, resources: {requests: {nvidia.com/gpu: 2}}}]}"),
			"a.mainContainer: gpus 1, workers[0]: gpus 2"},
		{"a container without GPUs", object("example.com/v1", "Thing", "{runner: {image: a, resources: {limits: {memory: 64Gi}}}}"), "none"},
		{"a container on a virtual node", object("example.com/v1", "Thing", "{engine: {nodeSelector: {type: virtual-kubelet}, runner: {image: a, resources: {limits: {memory: 64Gi}}}}}"), ""},
		{"a container of another pod than the scheduling", object("example.com/v1", "Thing", "{nodeSelector: {type: virtual-kubelet}, engine: {runner: {image: a, resources: {limits: {memory: 64Gi}}}}}"), "none"},
		{"an image without resources", object("example.com/v1", "Thing", "{image: a, limits: {nvidia.com/gpu: 1}}"), "none"},
		{"resources without an image", object("example.com/v1", "Thing", "{runner: {"+gpu+"}}"), "none"},
		{"resources of another meaning", object("example.com/v1", "Thing", "{image: a, resources: [{limits: {nvidia.com/gpu: 1}}]}"), "none"},
		{"an image in parts beside resources", object("example.com/v1", "Thing", "{image: {repository: a}, "+gpu+"}"), "none"},
		{"a pattern of images beside resources", object("example.com/v1", "Thing", "{image: 'acme/*', "+gpu+"}"), "none"},
		{"a container beside the pod's own", object("example.com/v1", "Thing", "{image: a, "+gpu+", containers: [{image: b, resources: {limits: {nvidia.com/gpu: 2}}}]}"), "gpus 3"},
		{"a container beside a patch", object("example.com/v1", "Thing", "{image: a, "+gpu+", containers: [{name: b, resources: {limits: {nvidia.com/gpu: 2}}}]}"), "gpus 1"},
		{"an init container of a pod", object("example.com/v1", "Thing", "{containers: [{image: a, "+gpu+"}], initContainers: [{image: b, "+gpu+"}]}"), "gpus 1"},
		{"init containers alone", object("example.com/v1", "Thing", "{initContainers: [{image: b, "+gpu+"}]}"), "none"},
		{"behind an alias of a container", object("example.com/v1", "Thing", "{a: &c {image: a, "+gpu+"}, b: *c}"), "gpus 1"},

		{"in a status", object("example.com/v1", "Thing", "{a: {status: "+pod+"}}"), "none"},
		{"in metadata", object("example.com/v1", "Thing", "{a: {metadata: "+pod+"}}"), "none"},
		{"in a schema", object("example.com/v1", "Thing", "{schema: {openAPIV3Schema: {default: "+pod+"}}}"), "none"},
		{"in an example of a schema", object("example.com/v1", "Thing", "{inputSchema: {example: {image: a, "+gpu+"}}}"), "none"},
		{"in a patch of another object", object("example.com/v1", "Thing", "{provider: {patch: {value: "+pod+"}}}"), "none"},
		{"in patches of other objects", object("example.com/v1", "Thing", "{patches: [{target: {kind: Pod}, patch: "+pod+"}]}"), "none"},
		{"outside of the spec", "apiVersion: example.com/v1\nkind: Thing\ncontainers: [{image: a, " + gpu + "}]\nstatus: {containers: [{image: a, " + gpu + "}]}\nspec: {}\n", "none"},
		{"without a kind", "apiVersion: example.com/v1\nspec: {containers: [{image: a, " + gpu + "}]}\n", "none"},

		{"of Kyverno", object("kyverno.io/v1", "Thing", pod), "none"},
		{"of its policies", object("policies.kyverno.io/v1", "Thing", pod), "none"},
		{"of Gatekeeper", object("constraints.gatekeeper.sh/v1beta1", "Thing", pod), "none"},
		{"of a mutation", object("mutations.gatekeeper.sh/v1", "Assign", pod), "none"},
		{"of Kubewarden", object("policies.kubewarden.io/v1", "Thing", pod), "none"},
		{"of an admission policy", object("admissionregistration.k8s.io/v1", "Thing", pod), "none"},
		{"of a definition", object("apiextensions.k8s.io/v1", "CustomResourceDefinition", pod), "none"},
		{"of kustomize", object("kustomize.config.k8s.io/v1beta1", "Kustomization", pod), "none"},
		{"of Flux's kustomize", object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", pod), "none"},
		{"a template", object("example.com/v1", "ThingTemplate", pod), "none"},
		{"an OpenShift template", object("template.openshift.io/v1", "Template", pod), "none"},
		{"a configuration", object("serving.kserve.io/v1alpha1", "LLMInferenceServiceConfig", pod), "none"},
		{"a policy", object("example.com/v1", "PropagationPolicy", pod), "none"},
		{"a runtime", object("ome.io/v1beta1", "ClusterServingRuntime", pod), "none"},
		{"a profile", object("example.com/v1", "EngineRuntimeProfile", pod), "none"},
		{"a definition of a kind", object("kro.run/v1alpha1", "ResourceGraphDefinition", pod), "none"},
		{"a class", object("example.com/v1", "ServerClass", pod), "none"},
		{"of Envoy", object("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy", "{provider: {kubernetes: {envoyDeployment: "+pod+"}}}"), "none"},
		{"a revision of Kubernetes", object("apps/v1", "ControllerRevision", pod), "none"},
		{"a job in Kueue's queue", object("kueue.x-k8s.io/v1beta1", "Workload", "{podSets: [{template: {spec: {containers: [{image: a, "+gpu+"}]}}}]}"), "none"},
		{"values of a release", object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "{values: {image: a, "+gpu+"}}"), "none"},
		{"values of an application", object("argoproj.io/v1alpha1", "Application", "{source: {helm: {valuesObject: {image: a, "+gpu+"}}}}"), "none"},
		{"another kind of the same group", object("argoproj.io/v1alpha1", "Thing", pod), "gpus 1"},
		{"sidecars of other pods", object("apps.kruise.io/v1alpha1", "SidecarSet", "{containers: [{image: a, "+gpu+"}]}"), "none"},
		{"a task", object("tekton.dev/v1beta1", "Task", "{steps: [{image: a, "+gpu+"}]}"), "none"},
		{"a run of a task", object("tekton.dev/v1beta1", "TaskRun", "{taskSpec: {steps: [{image: a, "+gpu+"}]}}"), "gpus 1"},
		{"mlpolicy's own", object("mlpolicy.dev/v1", "Thing", pod), "none"},
		{"a workload that a patch deletes", "$patch: delete\n" + object("apps/v1", "Deployment", "{template: {spec: {containers: [{image: a, "+gpu+"}]}}}"), "none"},
		{"a policy inside", object("example.com/v1", "Thing", "{inner: {apiVersion: kyverno.io/v1, kind: ClusterPolicy, spec: "+pod+"}}"), "none"},
		{"an unknown object inside", object("example.com/v1", "Thing", "{inner: {apiVersion: example.com/v1, kind: Other, spec: "+pod+"}}"), "gpus 1"},
		{"behind aliases", object("example.com/v1", "Thing", "{a: &pod "+pod+", b: *pod, c: *pod}"), "gpus 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range extract(t, nil, with(Settings{Cluster: facts.Know(facts.Kubernetes, facts.Location{})}), "a.yaml", test.text).Deployments {
				text := ""
				if d.GPUs.Known {
					text = fmt.Sprintf("gpus %d", d.GPUs.Value)
				}
				if d.Component.Known {
					text = d.Component.Value + ": " + text
				}
				got = append(got, text)
			}
			text := strings.Join(got, ", ")
			if len(got) == 0 {
				text = "none"
			}
			equal(t, text, test.want)
		})
	}
}
