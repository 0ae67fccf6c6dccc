package extract

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestCluster(t *testing.T) {
	tests := []struct{ name, spec, want string }{
		// Bound to an ACI virtual node.
		{"virtual node", "nodeSelector: {type: virtual-kubelet, kubernetes.io/os: linux}",
			"aci @ nodeSelector.type: the pod must run on a virtual node, which is ACI"},
		{"virtual node of the second generation", "nodeSelector: {virtualization: virtualnode2}",
			"aci @ nodeSelector.virtualization: the pod must run on a virtual node, which is ACI"},
		{"virtual node and toleration", "nodeSelector: {type: virtual-kubelet}\n  tolerations: [{key: virtual-kubelet.io/provider, value: azure}]",
			"aci @ nodeSelector.type: the pod must run on a virtual node, which is ACI"},
		{"virtual node by name", "nodeName: virtual-node-aci-linux",
			"aci @ nodeName: a node with this name is a virtual node, which is ACI"},
		{"virtual node by an old name", "nodeName: vk-aci-prod-linux",
			"aci @ nodeName: a node with this name is a virtual node, which is ACI"},
		{"virtual node by hostname", "nodeSelector: {kubernetes.io/hostname: virtual-node-aci-linux}",
			`aci @ nodeSelector["kubernetes.io/hostname"]: a node with this name is a virtual node, which is ACI`},
		{"virtual node by required affinity", required(`[{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}]`),
			"aci @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].values[0]: the pod must run on a virtual node, which is ACI"},
		{"virtual node by field", required(`[{matchFields: [{key: metadata.name, operator: In, values: [virtual-node-aci-linux]}]}]`),
			"aci @ " + requiredPath + ".nodeSelectorTerms[0].matchFields[0].values[0]: a node with this name is a virtual node, which is ACI"},
		{"virtual node of an AKS cluster", "nodeSelector: {type: virtual-kubelet, kubernetes.azure.com/cluster: a}",
			"aci @ nodeSelector.type: the pod must run on a virtual node, which is ACI"},
		{"labels that a virtual node has", "nodeSelector: {type: virtual-kubelet, kubernetes.azure.com/role: agent, kubernetes.azure.com/managed: 'false'}",
			"aci @ nodeSelector.type: the pod must run on a virtual node, which is ACI"},
		{"virtual node by its name whatever the selector", "nodeName: virtual-node-aci-linux\n  nodeSelector: {agentpool: a}",
			"aci @ nodeName: a node with this name is a virtual node, which is ACI"},
		{"virtual node and no node pool", required(`[{matchExpressions: [{key: agentpool, operator: DoesNotExist}, {key: type, operator: In, values: [virtual-kubelet]}]}]`),
			"aci @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[1].values[0]: the pod must run on a virtual node, which is ACI"},

		{"virtual node of the second generation by name", "nodeName: vn2-virtualnode-0",
			"aci @ nodeName: a node with this name is a virtual node, which is ACI"},
		{"virtual node of the second generation by the name of a release", "nodeName: virtualnode-12",
			"aci @ nodeName: a node with this name is a virtual node, which is ACI"},
		{"terms that no node meets do not count", required(`[{}, {matchExpressions: [], matchFields: []}, null, ` + virtualTerm + `, {matchExpressions: ~}]`),
			"aci @ " + requiredPath + ".nodeSelectorTerms[3].matchExpressions[0].values[0]: the pod must run on a virtual node, which is ACI"},
		{"a term of two values that exclude each other", orVirtual(`{key: a, operator: In, values: [x, y]}, {key: a, operator: In, values: [z]}`), virtualByTerm},
		{"a term that takes and refuses a value", orVirtual(`{key: a, operator: NotIn, values: [x, y]}, {key: a, operator: In, values: [x]}`), virtualByTerm},
		{"a term for a label that is and is not there", orVirtual(`{key: a, operator: DoesNotExist}, {key: a, operator: Exists}`), virtualByTerm},
		{"a term for a value of a label that is not there", orVirtual(`{key: a, operator: In, values: [x]}, {key: a, operator: DoesNotExist}`), virtualByTerm},
		{"a term of two nodes", required("[{matchFields: [{key: metadata.name, operator: In, values: [a]}, {key: metadata.name, operator: In, values: [b]}]}, " + virtualTerm + "]"), virtualByTerm},

		// Perhaps on a virtual node.
		{"a term of values that have one in common", orVirtual(`{key: a, operator: In, values: [x, y]}, {key: a, operator: In, values: [y, z]}`), "any cluster; perhaps aci"},
		{"a term that leaves a value", orVirtual(`{key: a, operator: In, values: [x, y]}, {key: a, operator: NotIn, values: [x]}`), "any cluster; perhaps aci"},
		{"a term for a label that is not there or has another value", orVirtual(`{key: a, operator: DoesNotExist}, {key: a, operator: NotIn, values: [x]}`), "any cluster; perhaps aci"},
		{"a term for two labels", orVirtual(`{key: a, operator: In, values: [x]}, {key: b, operator: In, values: [z]}`), "any cluster; perhaps aci"},
		{"a term for a value that is filled in later", orVirtual(`{key: a, operator: In, values: [$A]}, {key: a, operator: In, values: [x]}`), "any cluster; perhaps aci"},
		{"a term for a value that is not refused yet", orVirtual(`{key: a, operator: In, values: [x]}, {key: a, operator: NotIn, values: [$A]}`), "any cluster; perhaps aci"},
		{"a term that is filled in later", required("[" + virtualTerm + ", $TERM]"), "any cluster; perhaps aci"},
		{"a term of requirements that are filled in later", required("[" + virtualTerm + ", {matchExpressions: $TERM}]"), "any cluster; perhaps aci"},
		{"a term that is not rendered", required("[" + virtualTerm + ", {{ .Values.term }}]"), "any cluster; perhaps aci"},
		{"no term that a node meets", required("[{}]"), "any cluster"},
		{"names like those of virtual nodes", "nodeName: virtualnode", "any cluster"},
		{"a name with virtual node in it", "nodeName: my-virtualnode-0-vm", "any cluster"},
		{"a name that ends like that of a virtual node", "nodeName: notavirtualnode-0", "any cluster"},
		{"toleration alone", "tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}, {key: azure.com/aci, effect: NoSchedule}]", "any cluster"},
		{"preferred affinity", "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, " +
			"preference: {matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}}]}}", "any cluster"},
		{"anything but virtual nodes", required(`[{matchExpressions: [{key: type, operator: NotIn, values: [virtual-kubelet]}]}]`), "any cluster"},
		{"one of two values", required(`[{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet, other]}]}]`), "any cluster; perhaps aci"},
		{"one of two terms", required(`[{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}, {matchExpressions: [{key: gpu, operator: Exists}]}]`), "any cluster; perhaps aci"},
		{"written twice", "nodeSelector: {type: virtual-kubelet, type: gpu}", "any cluster"},
		{"the label with another value", "nodeSelector: {type: gpu}", "any cluster"},
		{"a value that is filled in later", "nodeSelector: {type: $NODE_TYPE}\n  nodeName: ${NODE}", "any cluster"},
		{"a virtual node of another cloud", "nodeSelector: {type: virtual-kubelet}\n  tolerations: [{key: virtual-kubelet.io/provider, value: alibabacloud}]",
			"kubernetes @ nodeSelector.type: the virtual node belongs to another provider"},
		{"a virtual node and a label of another cloud", "nodeSelector: {type: virtual-kubelet, eks.amazonaws.com/nodegroup: a}",
			`kubernetes @ nodeSelector["eks.amazonaws.com/nodegroup"]: nodes of AKS do not have the label eks.amazonaws.com/nodegroup`},

		// On AKS.
		{"label of AKS", "nodeSelector: {kubernetes.azure.com/mode: user}",
			`aks @ nodeSelector["kubernetes.azure.com/mode"]: only nodes of AKS have the label kubernetes.azure.com/mode`},
		{"node pool", "nodeSelector: {agentpool: gpu}", "aks @ nodeSelector.agentpool: only nodes of AKS have the label agentpool"},
		{"node provisioning of AKS", "nodeSelector: {karpenter.azure.com/sku-family: N}",
			`aks @ nodeSelector["karpenter.azure.com/sku-family"]: only nodes of AKS have the label karpenter.azure.com/sku-family`},
		{"label of AKS exists", required(`[{matchExpressions: [{key: kubernetes.azure.com/cluster, operator: Exists}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].key: only nodes of AKS have the label kubernetes.azure.com/cluster"},
		{"VM size", "nodeSelector: {node.kubernetes.io/instance-type: Standard_NC6s_v3}",
			`aks @ nodeSelector["node.kubernetes.io/instance-type"]: Standard_NC6s_v3 is a VM size of Azure`},
		{"VM sizes", required(`[{matchExpressions: [{key: beta.kubernetes.io/instance-type, operator: In, values: [Standard_NC6, Standard_NC12]}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].values[0]: Standard_NC6 is a VM size of Azure"},
		{"taint of AKS", "tolerations: [{key: kubernetes.azure.com/scalesetpriority, value: spot}]",
			"aks @ tolerations[0].key: only nodes of AKS have the taint kubernetes.azure.com/scalesetpriority"},
		{"storage class of AKS", "volumes: [{name: a, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: azurefile-csi-premium}}}}]",
			"aks @ volumes[0].ephemeral.volumeClaimTemplate.spec.storageClassName: azurefile-csi-premium is a storage class of AKS"},
		{"label of AKS in both terms", required(`[{matchExpressions: [{key: agentpool, operator: In, values: [a]}]}, {matchExpressions: [{key: agentpool, operator: In, values: [b]}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].values[0]: only nodes of AKS have the label agentpool"},
		{"label of AKS and perhaps a virtual node", "nodeSelector: {agentpool: a}\n  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]",
			"aks @ nodeSelector.agentpool: only nodes of AKS have the label agentpool"},

		// No virtual node has the labels of node pools.
		{"virtual node and node pool", "nodeSelector: {type: virtual-kubelet, agentpool: a}", "aks @ nodeSelector.agentpool: only nodes of AKS have the label agentpool"},
		{"virtual node and a label of node pools", "nodeSelector: {kubernetes.azure.com/os-sku: AzureLinux, type: virtual-kubelet}",
			`aks @ nodeSelector["kubernetes.azure.com/os-sku"]: only nodes of AKS have the label kubernetes.azure.com/os-sku`},
		{"virtual node by hostname and node provisioning", "nodeSelector: {kubernetes.io/hostname: virtual-node-aci-linux, karpenter.azure.com/sku-family: N}",
			`aks @ nodeSelector["karpenter.azure.com/sku-family"]: only nodes of AKS have the label karpenter.azure.com/sku-family`},
		{"virtual node and VM size", "nodeSelector: {type: virtual-kubelet, node.kubernetes.io/instance-type: Standard_NC6s_v3}",
			`aks @ nodeSelector["node.kubernetes.io/instance-type"]: Standard_NC6s_v3 is a VM size of Azure`},
		{"virtual node and node pool in one term", required(`[{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, {key: agentpool, operator: Exists}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[1].key: only nodes of AKS have the label agentpool"},
		{"virtual node by field and node pool", required(`[{matchFields: [{key: metadata.name, operator: In, values: [virtual-node-aci-linux]}], matchExpressions: [{key: agentpool, operator: In, values: [a]}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].values[0]: only nodes of AKS have the label agentpool"},
		{"virtual node by a term and node pool by the selector", "nodeSelector: {agentpool: a}\n  " + required("["+virtualTerm+"]"), "aks @ nodeSelector.agentpool: only nodes of AKS have the label agentpool"},
		{"virtual node, and virtual node of a node pool", required("[" + virtualTerm + ", {matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, {key: agentpool, operator: Exists}]}]"),
			"aks @ " + requiredPath + ".nodeSelectorTerms[1].matchExpressions[1].key: only nodes of AKS have the label agentpool; perhaps aci"},

		// Not on AKS.
		{"GKE", "nodeSelector: {cloud.google.com/gke-accelerator: nvidia-tesla-t4}",
			`kubernetes @ nodeSelector["cloud.google.com/gke-accelerator"]: nodes of AKS do not have the label cloud.google.com/gke-accelerator`},
		{"EKS", "nodeSelector: {eks.amazonaws.com/nodegroup: gpu}",
			`kubernetes @ nodeSelector["eks.amazonaws.com/nodegroup"]: nodes of AKS do not have the label eks.amazonaws.com/nodegroup`},
		{"Karpenter on AWS", required(`[{matchExpressions: [{key: karpenter.k8s.aws/instance-gpu-count, operator: Gt, values: ["0"]}]}]`),
			"kubernetes @ " + requiredPath + ".nodeSelectorTerms[0].matchExpressions[0].key: nodes of AKS do not have the label karpenter.k8s.aws/instance-gpu-count"},
		{"EC2 instance type", "nodeSelector: {node.kubernetes.io/instance-type: p4d.24xlarge}",
			`kubernetes @ nodeSelector["node.kubernetes.io/instance-type"]: p4d.24xlarge is a machine of another cloud`},
		{"machine type of Google Cloud", "nodeSelector: {node.kubernetes.io/instance-type: a2-highgpu-1g}",
			`kubernetes @ nodeSelector["node.kubernetes.io/instance-type"]: a2-highgpu-1g is a machine of another cloud`},
		{"AKS node", "nodeName: aks-gpupool-12345678-vmss000000", "aks @ nodeName: a node with this name belongs to an AKS node pool"},
		{"AKS node of a machine after the tenth", "nodeName: aks-np1-30261492-vmss00000a", "aks @ nodeName: a node with this name belongs to an AKS node pool"},
		{"AKS node by hostname", "nodeSelector: {kubernetes.io/hostname: aks-gpupool-12345678-vmss000000}",
			`aks @ nodeSelector["kubernetes.io/hostname"]: a node with this name belongs to an AKS node pool`},
		{"AKS node by field", required(`[{matchFields: [{key: metadata.name, operator: In, values: [aks-gpupool-12345678-vmss000000]}]}]`),
			"aks @ " + requiredPath + ".nodeSelectorTerms[0].matchFields[0].values[0]: a node with this name belongs to an AKS node pool"},
		{"a node whose name only begins like one of AKS", "nodeName: aks-gpupool-vm-0", "any cluster"},
		{"a node with a name of other length", "nodeName: aks-gpupool-12345678-vmss0000", "any cluster"},
		{"any node but one of AKS", required(`[{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [aks-gpupool-12345678-vmss000000]}]}]`), "any cluster"},
		{"EC2 node", "nodeName: ip-10-0-1-2.eu-west-1.compute.internal", "kubernetes @ nodeName: a node with this name is an EC2 instance"},

		// Neither.
		{"nothing", "restartPolicy: Always", "any cluster"},
		{"names and images", "serviceAccountName: aks-eks-gke\n  schedulerName: azure", "any cluster"},
		{"taint of another cloud alone", "tolerations: [{key: eks.amazonaws.com/compute-type, operator: Exists}]", "any cluster"},
		{"taints of several clouds", "tolerations: [{key: kubernetes.azure.com/scalesetpriority}, {key: cloud.google.com/gke-spot}]", "any cluster"},
		{"taint of AKS and perhaps a virtual node", "tolerations: [{key: kubernetes.azure.com/scalesetpriority}, {key: azure.com/aci}]", "any cluster"},
		{"labels of two clouds", "nodeSelector: {agentpool: a, cloud.google.com/gke-nodepool: b}", "any cluster"},
		{"terms for two clouds", required(`[{matchExpressions: [{key: agentpool, operator: Exists}]}, {matchExpressions: [{key: cloud.google.com/gke-nodepool, operator: Exists}]}]`), "any cluster"},
		{"not on Fargate", required(`[{matchExpressions: [{key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}]}]`), "any cluster"},
		{"not on AKS system nodes", required(`[{matchExpressions: [{key: kubernetes.azure.com/mode, operator: DoesNotExist}]}]`), "any cluster"},
		{"machine of nobody we know", "nodeSelector: {node.kubernetes.io/instance-type: k3s}", "any cluster"},
		{"machines of two clouds", required(`[{matchExpressions: [{key: node.kubernetes.io/instance-type, operator: In, values: [Standard_NC6, g5.xlarge]}]}]`), "any cluster"},
		{"a storage class of one's own", "volumes: [{name: a, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: fast}}}}]", "any cluster"},
		{"empty selectors", "nodeSelector:\n  tolerations:\n  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}", "any cluster"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := only(t, extract(t, nil, Options{}, "pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: main}]\n  "+test.spec+"\n"))
			equal(t, clusterOf(d), test.want)
		})
	}
}

const requiredPath = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"

const (
	virtualTerm   = `{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}`
	virtualByTerm = "aci @ " + requiredPath + ".nodeSelectorTerms[1].matchExpressions[0].values[0]: the pod must run on a virtual node, which is ACI"
)

// orVirtual requires a node that meets these requirements or a virtual node.
func orVirtual(expressions string) string {
	return required("[{matchExpressions: [" + expressions + "]}, " + virtualTerm + "]")
}

func required(terms string) string {
	return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: " + terms + "}}}"
}

// clusterOf says target, location and reason, or whether any cluster will do, and further targets.
func clusterOf(d *facts.Deployment) string {
	text := "unknown"
	switch {
	case d.Target.Known:
		path := strings.TrimPrefix(d.Target.Location.Node.Path(), "spec.")
		text = string(d.Target.Value) + " @ " + path + ": " + d.Target.Location.Why
	case d.InCluster:
		text = "any cluster"
	}
	for _, target := range d.MayRunOn {
		text += "; perhaps " + string(target.Value)
	}
	return text
}

// What stands outside the pod's spec tells too.
func TestClusterByMetadata(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"workload identity of the template", "kind: Deployment\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {azure.workload.identity/use: 'true'}}, spec: {containers: []}}}",
			`aks @ template.metadata.labels["azure.workload.identity/use"]: the pod uses an Azure workload identity`},
		{"no workload identity", "kind: Deployment\nspec: {template: {metadata: {labels: {azure.workload.identity/use: 'false'}}, spec: {containers: []}}}", "any cluster"},
		{"annotation for Azure", "kind: Deployment\nmetadata: {annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: 'true'}}\nspec: {template: {spec: {containers: []}}}",
			`aks @ metadata.annotations["service.beta.kubernetes.io/azure-load-balancer-internal"]: service.beta.kubernetes.io/azure-load-balancer-internal is an annotation for Azure`},
		{"storage class of a StatefulSet", "kind: StatefulSet\nspec: {volumeClaimTemplates: [{spec: {storageClassName: managed-csi-premium}}], template: {spec: {containers: []}}}",
			"aks @ volumeClaimTemplates[0].spec.storageClassName: managed-csi-premium is a storage class of AKS"},
		{"workload identity and GKE", "kind: Deployment\nspec: {template: {metadata: {labels: {azure.workload.identity/use: 'true'}}, spec: {nodeSelector: {cloud.google.com/gke-spot: 'true'}, containers: []}}}",
			`kubernetes @ template.spec.nodeSelector["cloud.google.com/gke-spot"]: nodes of AKS do not have the label cloud.google.com/gke-spot`},
		{"registry of Azure", "kind: Deployment\nspec: {template: {spec: {containers: [{image: acme.azurecr.io/a}]}}}", "any cluster"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := only(t, extract(t, nil, Options{}, "d.yaml", "apiVersion: apps/v1\n"+test.text+"\n"))
			equal(t, clusterOf(d), test.want)
		})
	}
}

// The configuration's cluster is for the workloads that do not tell theirs.
func TestClusterOfTheConfiguration(t *testing.T) {
	cluster := with(Settings{Cluster: facts.Know(facts.AKS, facts.Location{Why: "--cluster"})})
	tests := []struct{ name, spec, want string }{
		{"tells nothing", "restartPolicy: Always", "aks"},
		{"two clouds", "nodeSelector: {agentpool: a, cloud.google.com/gke-nodepool: b}", "aks"},
		{"evidence against it", "nodeSelector: {eks.amazonaws.com/nodegroup: a}", "kubernetes"},
		{"virtual node", "nodeSelector: {type: virtual-kubelet}", "aci"},
		{"virtual node of another cloud", "nodeSelector: {type: virtual-kubelet}\n  tolerations: [{key: virtual-kubelet.io/provider, value: alibabacloud}]", "aci"},
	}
	for _, test := range tests {
		extraction := extract(t, nil, cluster, "pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n  "+test.spec+"\n")
		if d := only(t, extraction); string(d.Target.Value) != test.want || len(extraction.Problems) != 0 {
			t.Errorf("%s: target %q, want %q; problems %v", test.name, d.Target.Value, test.want, extraction.Problems)
		}
	}
}

// The parts of one object share a cluster; the virtual node of one is not the others'.
func TestOneCluster(t *testing.T) {
	const text = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
spec:
  predictor: {nodeSelector: {PREDICTOR}, model: {}}
  transformer: {nodeSelector: {TRANSFORMER}, containers: []}
  explainer: {art: {}}
`
	tests := []struct{ predictor, transformer, want string }{
		{"agentpool: a", "", "aks aks aks"},
		{"cloud.google.com/gke-spot: a", "disk: ssd", "kubernetes kubernetes kubernetes"},
		{"agentpool: a", "cloud.google.com/gke-spot: a", "aks kubernetes -"},
		{"type: virtual-kubelet", "", "aci - -"},
		{"type: virtual-kubelet", "agentpool: a", "aci aks aks"},
		{"", "", "- - -"},
	}
	for _, test := range tests {
		extraction := extract(t, nil, Options{}, "isvc.yaml", strings.NewReplacer("PREDICTOR", test.predictor, "TRANSFORMER", test.transformer).Replace(text))
		var targets []string
		for _, d := range extraction.Deployments {
			target := string(d.Target.Value)
			if !d.Target.Known {
				target = "-"
			}
			targets = append(targets, target)
		}
		equal(t, strings.Join(targets, " "), test.want)
	}
}

// Pods that the tenant says are for another provider's virtual nodes. In a file they are, unless the
// cluster is configured to be AKS.
func TestVirtualNodesOfOtherProviders(t *testing.T) {
	const virtual = "nodeSelector: {type: virtual-kubelet}"
	annotated := func(name string) string { return "metadata: {annotations: {" + name + ": a}}\nspec: {" + virtual + "}" }
	labelled := func(name string) string { return "metadata: {labels: {" + name + ": a}}\nspec: {" + virtual + "}" }
	tolerating := func(toleration string) string { return "spec: {" + virtual + ", tolerations: [{" + toleration + "}]}" }
	selecting := func(label string) string { return "spec: {nodeSelector: {type: virtual-kubelet, " + label + "}}" }
	terms := func(terms string) string { return "spec: {" + required("["+terms+"]") + "}" }
	const liqo = "{key: liqo.io/type, operator: In, values: [virtual-node]}"
	for _, test := range []struct{ name, text, want string }{
		{"annotation of Volcano Engine", annotated("vke.volcengine.com/burst-to-vci"), "kubernetes"},
		{"annotation of its VCI", annotated("vci.volcengine.com/preferred-instance-types"), "kubernetes"},
		{"annotation of interLink", annotated("slurm-job.vk.io/flags"), "kubernetes"},
		{"annotation of Tencent Cloud", annotated("eks.tke.cloud.tencent.com/gpu-type"), "kubernetes"},
		{"annotation of Baidu", annotated("bci.virtual-kubelet.io/bci-gpu-type"), "kubernetes"},
		{"annotation of RunPod", annotated("runpod.io/gpu"), "kubernetes"},
		{"annotation of Liqo", annotated("liqo.io/remote-cluster-id"), "kubernetes"},
		{"label of Huawei Cloud", labelled("bursting.cci.io/burst-to-cci"), "kubernetes"},
		{"label of Kip", labelled("pod.elotl.co/instance-type"), "kubernetes"},
		{"toleration of Liqo", tolerating("key: virtual-node.liqo.io/not-allowed, operator: Exists"), "kubernetes"},
		{"toleration of interLink", tolerating("key: virtual-node.interlink/no-schedule, operator: Exists"), "kubernetes"},
		{"toleration of Volcano Engine", tolerating("key: vci.vke.volcengine.com/node-type, operator: Equal, value: vci"), "kubernetes"},
		{"toleration of Tencent Cloud", tolerating("key: eks.tke.cloud.tencent.com/eklet, operator: Exists"), "kubernetes"},
		{"toleration of Tencent Cloud for one effect", tolerating("key: eks.tke.cloud.tencent.com/eklet, effect: NoSchedule"), "kubernetes"},
		{"node label of Liqo", selecting("liqo.io/type: virtual-node"), "kubernetes"},
		{"other node label of Liqo", selecting("liqo.io/remote-cluster-id: b"), "kubernetes"},
		{"instance type of Tencent Cloud", selecting("node.kubernetes.io/instance-type: eklet"), "kubernetes"},
		{"the older label of it", selecting("beta.kubernetes.io/instance-type: eklet"), "kubernetes"},
		{"node label in the term", terms("{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, " + liqo + "]}"), "kubernetes"},
		{"node label in the term beside another term",
			terms("{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, " + liqo + "]}, {matchExpressions: [{key: gpu, operator: Exists}]}"), "-"},
		{"node label in the only term", "spec: {" + virtual + ", " + required("[{matchExpressions: ["+liqo+"]}]") + "}", "kubernetes"},
		{"the name of the node", "spec: {nodeName: virtual-kubelet, tolerations: [{key: virtual-node.liqo.io/not-allowed, operator: Exists}]}", "kubernetes"},

		{"node label in one of two terms that name virtual nodes",
			terms(virtualTerm + ", {matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, " + liqo + "]}"), "aci"},
		{"node label in the other term", terms(virtualTerm + ", {matchExpressions: [" + liqo + "]}"), "-; perhaps aci"},
		{"node label that must be missing", terms("{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}, {key: liqo.io/type, operator: DoesNotExist}]}"), "aci"},
		{"another domain with that end", annotated("notvolcengine.com/a"), "aci"},
		{"a domain without a name", annotated("liqo.io"), "aci"},
		{"the domain of Virtual Kubelet", annotated("virtual-kubelet.io/a"), "aci"},
		{"a key that is filled in later", tolerating("key: $TAINT/liqo.io, operator: Exists"), "aci"},
		{"a name of Azure's", "metadata: {annotations: {slurm-job.vk.io/flags: a}}\nspec: {nodeName: virtual-node-aci-linux}", "aci"},
	} {
		for cluster, want := range map[facts.Target]string{"": test.want, facts.Kubernetes: strings.Replace(test.want, "-", "kubernetes", 1), facts.AKS: "aci"} {
			var settings Settings
			if cluster != "" {
				settings.Cluster = facts.Know(cluster, facts.Location{Why: "--cluster"})
			}
			if cluster == facts.AKS && strings.HasPrefix(test.want, "-") {
				want = "aks; perhaps aci"
			}
			d := only(t, extract(t, nil, with(settings), "pod.yaml", "apiVersion: v1\nkind: Pod\n"+
				strings.Replace(test.text, "spec: {", "spec: {containers: [{name: a}], ", 1)+"\n"))
			got := string(d.Target.Value)
			if !d.Target.Known {
				got = "-"
			}
			for _, target := range d.MayRunOn {
				got += "; perhaps " + string(target.Value)
			}
			if got != want {
				t.Errorf("%s, cluster %q: %s, want %s", test.name, cluster, got, want)
			}
		}
	}
}

// A group of a LeaderWorkerSet is one pod if its size is 1: no pod is made of the template of the workers.
func TestWorkersOfGroupsOfOne(t *testing.T) {
	const template = "{spec: {containers: [{image: a, resources: {limits: {nvidia.com/gpu: 8}}}]}}"
	for _, test := range []struct{ spec, want string }{
		{"size: 1, leaderTemplate: " + template + ", workerTemplate: " + template, "leader"},
		{"size: \"1\", leaderTemplate: " + template + ", workerTemplate: " + template, "leader"},
		{"leaderTemplate: " + template + ", workerTemplate: " + template, "leader"},
		{"size: null, leaderTemplate: " + template + ", workerTemplate: " + template, "leader"},
		{"size: 1, workerTemplate: " + template, "worker"},
		{"workerTemplate: " + template, "worker"},
		{"size: 2, leaderTemplate: " + template + ", workerTemplate: " + template, "leader worker"},
		{"size: $SIZE, leaderTemplate: " + template + ", workerTemplate: " + template, "leader worker"},
	} {
		var roles []string
		for _, d := range extract(t, nil, Options{}, "lws.yaml",
			"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nspec: {leaderWorkerTemplate: {"+test.spec+"}}\n").Deployments {
			roles = append(roles, d.Component.Value)
		}
		if got := strings.Join(roles, " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.spec, got, test.want)
		}
	}
}
