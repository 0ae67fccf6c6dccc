package scheduling

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// note sets a location unless it is set already.
func note(location *facts.Location, n *source.Node, why string) {
	if location.Node == nil {
		*location = facts.Location{Node: n, Why: why}
	}
}

// Also adds the hints of other. Hints that are known already are kept.
func (s *Pods) Also(other *Pods) {
	s.azure, s.claimed = firstOf(s.azure, other.azure), firstOf(s.claimed, other.claimed)
	s.onACI, s.Foreign = firstOf(s.onACI, other.onACI), firstOf(s.Foreign, other.Foreign)
}

// Pod reads the specification of a pod.
func (s *Pods) Pod(spec *source.Node) {
	s.NodeName(spec.Get("nodeName"))
	s.Selector(spec.Get("nodeSelector"))
	s.Affinity(spec.At("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"))
	s.Tolerations(spec.Get("tolerations"))
	for _, volume := range spec.Get("volumes").Items() {
		s.Claim(volume.At("ephemeral", "volumeClaimTemplate"))
	}
}

// NodeName reads the name of the node to which the pods are bound.
func (s *Pods) NodeName(name *source.Node) {
	if text, ok := name.Scalar(); ok && text != "" && s.node == nil {
		s.node = name
	}
}

// Selector reads a node selector.
func (s *Pods) Selector(labels *source.Node) {
	var all term
	for label, value := range labels.Pairs() {
		if !value.IsNull() { // else a patch deletes the label
			all = append(all, nodeRequirement{key: label, op: in, values: []*source.Node{value}})
		}
	}
	s.require(all)
}

// require adds requirements that every node must meet.
func (s *Pods) require(all term) {
	s.labels = s.labels.and(all)
	if location := all.provider(); location.Node != nil {
		note(&s.Foreign, location.Node, location.Why)
	}
}

// provider returns the location of a label in the term that only virtual nodes of another provider
// have.
func (t term) provider() facts.Location {
	for _, q := range t {
		name, ok := q.key.Scalar()
		switch {
		case !ok || q.field || q.op != in && q.op != exists:
		case providerKey(name) && !placeholder.InScalar(q.key, name):
			return facts.Location{Node: q.key, Why: "virtual nodes of another provider have the label " + name}
		case isInstanceType(name) && all(q.values, isEklet):
			return facts.Location{Node: q.values[0], Why: "virtual nodes of Tencent Cloud are of the instance type " + q.values[0].Text()}
		}
	}
	return facts.Location{}
}

// isInstanceType reports whether a label declares the machine type of nodes.
func isInstanceType(label string) bool {
	return label == "node.kubernetes.io/instance-type" || label == "beta.kubernetes.io/instance-type"
}

// isEklet reports whether an instance type is that of Tencent Cloud's virtual nodes.
// https://www.tencentcloud.com/document/product/457/36162
func isEklet(machine string) bool { return machine == "eklet" }

// LabelSelector reads a label selector for nodes.
func (s *Pods) LabelSelector(selector *source.Node) {
	s.Selector(selector.Get("matchLabels"))
	s.require(requirements(selector.Get("matchExpressions"), false))
}

// Machine reads the name of a requested machine type. A VM size of Azure is not evidence of AKS,
// since clusters connected by Azure Arc have them too.
func (s *Pods) Machine(size *source.Node) {
	if text, ok := size.Scalar(); ok && otherCloudMachine().MatchString(text) {
		note(&s.other, size, text+" is a machine of another cloud")
	}
}

// Affinity reads the terms of a required node affinity. A node must meet one of them; no node meets
// an empty term.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#NodeAffinity
func (s *Pods) Affinity(terms *source.Node) {
	s.Terms(slices.DeleteFunc(slices.Clone(terms.Items()), matchesNothing), "matchExpressions", "matchFields")
}

func matchesNothing(term *source.Node) bool {
	return none(term.Get("matchExpressions")) && none(term.Get("matchFields")) &&
		(term.IsNull() || term.Kind == source.Mapping && !placeholder.IsTemplate(term))
}

// none reports whether a list is missing or empty.
func none(list *source.Node) bool {
	return list.IsNull() || list.Kind == source.Sequence && len(list.Items()) == 0
}

// Terms reads terms as Affinity does, with the names of their keys for expressions and fields.
func (s *Pods) Terms(terms []*source.Node, expressions, fields string) {
	if len(terms) == 0 {
		return
	}
	group := make([]term, len(terms))
	for i, alternative := range terms {
		group[i] = append(requirements(alternative.Get(expressions), false), requirements(alternative.Get(fields), true)...)
	}
	s.groups = append(slices.Clip(s.groups), group)
	s.Foreign = firstOf(s.Foreign, providerOf(group))
}

// providerOf returns the location of the first label of another provider's virtual nodes. Each
// alternative that names virtual nodes must require such a label. If no alternative names them,
// each alternative must.
func providerOf(alternatives []term) facts.Location {
	naming := slices.DeleteFunc(slices.Clone(alternatives), func(t term) bool {
		return !slices.ContainsFunc(t, func(q nodeRequirement) bool {
			return q.op == in && nodeKey{q.key.Text(), q.field}.namesVirtual()
		})
	})
	if len(naming) == 0 {
		naming = alternatives
	}
	var first facts.Location
	for _, alternative := range naming {
		location := alternative.provider()
		if location.Node == nil {
			return facts.Location{}
		}
		first = firstOf(first, location)
	}
	return first
}

func requirements(list *source.Node, field bool) term {
	var all term
	for _, item := range list.Items() {
		key := item.Get("key")
		if key.IsNull() {
			continue
		}
		q := nodeRequirement{key: key, field: field, values: item.Get("values").Items()}
		switch op := item.Get("operator"); {
		case op.Is("In"):
			q.op = in
		case op.Is("NotIn"):
			q.op = notIn
		case op.Is("Exists"), op.Is("Gt"), op.Is("Lt"):
			q.op, q.values = exists, nil
		case op.Is("DoesNotExist"):
			q.op, q.values = doesNotExist, nil
		}
		all = append(all, q)
	}
	return all
}

// Tolerations reads the tolerations of a pod. A manifest for several clouds tolerates the taints of
// each.
func (s *Pods) Tolerations(list *source.Node) {
	var aks *source.Node
	others := false
	for _, toleration := range list.Items() {
		key := toleration.Get("key")
		name, _ := key.Scalar()
		value := toleration.Get("value")
		switch provider, _ := value.Scalar(); {
		case name == virtualNodeTaint && provider == "azure", name == "azure.com/aci":
			s.bursts = true
		case name == virtualNodeTaint && provider != "" && !placeholder.InScalar(value, provider):
			note(&s.Foreign, value, provider+" provides the virtual node")
		case name == virtualNodeTaint:
			s.bursts = true
		case providerKey(name) && !placeholder.InScalar(key, name):
			note(&s.Foreign, key, "virtual nodes of another provider have the taint "+name)
		case aksLabel(name):
			aks = key
		case otherCloudLabel(name):
			others = true
		}
	}
	if aks != nil && !others {
		note(&s.azure, aks, "only nodes of AKS have the taint "+aks.Text())
	}
}

// virtualNodeTaint is the taint of virtual nodes. Its value is their provider.
const virtualNodeTaint = "virtual-kubelet.io/provider"

// Metadata reads the labels and annotations of a pod or of an object that creates pods.
func (s *Pods) Metadata(metadata *source.Node) {
	for _, annotation := range metadata.Get("annotations").Members() {
		name := annotation.Key.Text()
		switch prefix, _, _ := strings.Cut(name, "/"); {
		case annotation.Value.IsNull(): // a patch deletes the annotation
		case strings.HasPrefix(name, "service.beta.kubernetes.io/azure-"):
			note(&s.azure, annotation.Value, name+" is an annotation for Azure")
		case strings.HasPrefix(name, "microsoft.containerinstance.virtualnode."):
			note(&s.onACI, annotation.Value, name+" is for pods on a virtual node, which is ACI")
		case prefix == "run.googleapis.com":
			note(&s.claimed, annotation.Value, name+" is an annotation of Cloud Run")
		case name == "serving.kserve.io/gke-accelerator", name == "serving.kubeflow.org/gke-accelerator":
			note(&s.claimed, annotation.Value, name+" selects nodes of GKE")
		case providerKey(name):
			note(&s.Foreign, annotation.Value, name+" is for virtual nodes of another provider")
		}
	}
	for _, label := range metadata.Get("labels").Members() {
		switch {
		case label.Value.IsNull():
		case label.Key.Text() == "azure.workload.identity/use" && label.Value.Is("true"):
			note(&s.azure, label.Value, "the pod uses an Azure workload identity")
		case providerKey(label.Key.Text()):
			note(&s.Foreign, label.Value, label.Key.Text()+" is for virtual nodes of another provider")
		}
	}
}

// providerKey reports whether an annotation, a label or a taint has the domain of a provider of
// virtual nodes other than Azure, or a subdomain, as prefix.
func providerKey(name string) bool {
	prefix, _, ok := strings.Cut(name, "/")
	return ok && slices.ContainsFunc(virtualNodeProviders(), func(domain string) bool {
		return prefix == domain || strings.HasSuffix(prefix, "."+domain)
	})
}

// virtualNodeProviders are the domains of the keys that other providers of virtual nodes set on
// nodes and read on pods.
var virtualNodeProviders = sync.OnceValue(func() []string {
	return []string{
		"k8s.aliyun.com", "alibabacloud.com", // https://www.alibabacloud.com/help/en/ack/
		"tke.cloud.tencent.com",           // https://www.tencentcloud.com/document/product/457/36162
		"cci.io",                          // https://support.huaweicloud.com/intl/en-us/usermanual-cce/cce_10_0393.html
		"volcengine.com",                  // https://www.volcengine.com/docs/6460
		"bci.virtual-kubelet.io",          // https://cloud.baidu.com/doc/BCI/
		"elotl.co",                        // https://github.com/elotl/kip
		"multicluster.admiralty.io",       // https://github.com/admiraltyio/admiralty
		"liqo.io",                         // https://docs.liqo.io/
		"vk.io", "virtual-node.interlink", // https://github.com/interlink-hq/interLink
		"runpod.io",
	}
})

// Claim reads the storage class of a volume claim. AKS creates some storage classes by default.
// https://learn.microsoft.com/azure/aks/concepts-storage
func (s *Pods) Claim(claim *source.Node) {
	s.StorageClass(claim.At("spec", "storageClassName"))
}

// StorageClass reads the name of a storage class. AKS creates some storage classes by default.
func (s *Pods) StorageClass(class *source.Node) {
	text, ok := class.Scalar()
	if ok && (strings.HasPrefix(text, "managed-csi") || strings.HasPrefix(text, "azurefile") || strings.HasPrefix(text, "azureblob")) {
		note(&s.azure, class, text+" is a storage class of AKS")
	}
}

// clouds evaluates the labels in a term, except for those that name virtual nodes.
func (t term) clouds(as Interpretation) nodes {
	var all nodes
	for _, requirement := range t {
		all = all.with(requirement.clouds(as))
	}
	return all
}

// clouds evaluates one requirement. A requirement that a node without the label meets is ignored.
func (q nodeRequirement) clouds(as Interpretation) nodes {
	var of nodes
	if q.op != in && q.op != exists {
		return of
	}
	at := q.key
	if len(q.values) > 0 {
		at = q.values[0]
	}
	switch name := q.key.Text(); {
	case q.isNodeName() && as.Other && all(q.values, isEC2):
		note(&of.other, at, "a node with this name is an EC2 instance")
	case q.isNodeName() && as.aks && all(q.values, isAKSNode):
		note(&of.aks, at, nodeOfAKS)
		of.excluded = true
	case q.field:
	case aksLabel(name) && as.aks:
		note(&of.aks, at, "only nodes of AKS have the label "+name)
		of.excluded = !virtualNodeLabel(name)
	case otherCloudLabel(name) && as.Other:
		note(&of.other, at, "nodes of AKS do not have the label "+name)
		of.excluded = true
	case name == "type" && as.Foreign && as.Other && all(q.values, isVirtualKubelet):
		note(&of.other, at, foreignVirtualNode)
	case !isInstanceType(name):
	case as.aks && all(q.values, isAzureSize):
		note(&of.aks, at, at.Text()+" is a VM size of Azure")
		of.excluded = true
	case as.Other && all(q.values, otherCloudMachine().MatchString):
		note(&of.other, at, at.Text()+" is a machine of another cloud")
		of.excluded = true
	}
	return of
}

const nodeOfAKS = "a node with this name belongs to an AKS node pool"

const foreignVirtualNode = "the virtual node belongs to another provider"

func (q nodeRequirement) isNodeName() bool {
	return q.op == in && q.key.Text() == nodeNameKeys(q.field)
}

// nodeNameKeys returns the label or the field for the name of a node.
func nodeNameKeys(field bool) string {
	if field {
		return "metadata.name"
	}
	return "kubernetes.io/hostname"
}

func isEC2(name string) bool {
	return strings.HasSuffix(name, ".compute.internal") || strings.HasSuffix(name, ".ec2.internal")
}

func isAKSNode(name string) bool { return aksNode().MatchString(name) }

// aksNode matches the names that AKS gives to the nodes of a pool: the name of the scale set and
// the number of the machine in base 36, with six characters.
// https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids
var aksNode = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^aks-[a-z][a-z0-9]{0,11}-[0-9]+-vmss[0-9a-z]{6}$`)
})

func isVirtualKubelet(kind string) bool { return kind == "virtual-kubelet" }

func isAzureSize(machine string) bool {
	return strings.HasPrefix(strings.ToLower(machine), "standard_")
}

// nodeNamed evaluates the name of the node to which a pod is bound.
func nodeNamed(name *source.Node, as Interpretation) nodes {
	var of nodes
	switch text, ok := name.Scalar(); {
	case !ok:
	case virtualNode(nodeKey{name: nodeNameKeys(false)}, text, as):
		note(&of.virtual, name, onVirtualNode)
	case as.aks && isAKSNode(text):
		note(&of.aks, name, nodeOfAKS)
	case isEC2(text):
		note(&of.other, name, "a node with this name is an EC2 instance")
	case as.Foreign && isVirtualKubeletName(text):
		note(&of.other, name, foreignVirtualNode)
	}
	return of
}

// virtualKeys returns the labels and fields that name virtual nodes.
func virtualKeys() [4]nodeKey {
	return [...]nodeKey{
		{name: "type"}, {name: "virtualization"}, {name: nodeNameKeys(false)}, {name: nodeNameKeys(true), field: true},
	}
}

func (k nodeKey) namesVirtual() bool {
	keys := virtualKeys()
	return slices.Contains(keys[:], k)
}

// why returns the reason why pods that require a value of the key run on ACI.
func (k nodeKey) why() string {
	switch k.name {
	case "type", "virtualization":
		return "the pod must run on a virtual node, which is ACI"
	}
	return onVirtualNode
}

const onVirtualNode = "a node with this name is a virtual node, which is ACI"

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return virtualNode(nodeKey{}, name, Interpretation{}) }

// virtualNode reports whether nodes with this label or field are ACI virtual nodes. Not all virtual
// nodes of the second generation have the type virtual-kubelet.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances
func virtualNode(key nodeKey, value string, as Interpretation) bool {
	switch key.name {
	case "type":
		return isVirtualKubelet(value) && !as.Foreign
	case "virtualization":
		return value == "virtualnode2"
	}
	return strings.HasPrefix(value, "virtual-node-aci-") || strings.HasPrefix(value, "vk-aci-") ||
		secondGeneration().MatchString(value) || isVirtualKubeletName(value) && !as.Foreign
}

// isVirtualKubeletName reports whether a name is a default name of Virtual Kubelet's nodes, for any
// provider.
func isVirtualKubeletName(node string) bool {
	return node == "virtual-kubelet" || strings.HasPrefix(node, "virtual-kubelet-")
}

// secondGeneration matches the names of virtual nodes of the second generation. They are the pods of
// a StatefulSet named virtualnode, after its Helm chart, or RELEASE-virtualnode.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances
var secondGeneration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z0-9.-]+-)?virtualnode-[0-9]+$`)
})

// aksLabel reports whether only AKS sets a label of this name on its nodes.
func aksLabel(name string) bool {
	return strings.HasPrefix(name, "kubernetes.azure.com/") || strings.HasPrefix(name, "karpenter.azure.com/") ||
		name == "agentpool"
}

// virtualNodeLabel reports whether virtual nodes may have a label of AKS. Such labels do not
// exclude virtual nodes.
// https://github.com/MicrosoftDocs/azure-docs/issues/104587
func virtualNodeLabel(name string) bool {
	switch name {
	case "kubernetes.azure.com/managed", "kubernetes.azure.com/role", "kubernetes.azure.com/cluster":
		return true
	}
	return false
}

// otherCloudLabel reports whether another cloud sets a label of this name on its nodes.
func otherCloudLabel(name string) bool {
	prefix, _, ok := strings.Cut(name, "/")
	if !ok {
		return false
	}
	switch prefix {
	case "cloud.google.com", "iam.gke.io", "topology.gke.io", "eks.amazonaws.com", "alpha.eksctl.io", "karpenter.k8s.aws",
		"alibabacloud.com", "doks.digitalocean.com", "lke.linode.com", "k8s.scaleway.com", "ibm-cloud.kubernetes.io",
		"node.openshift.io", "oci.oraclecloud.com", "node.coreweave.cloud", "node.coreweave.com":
		return true
	}
	return false
}

// otherCloudMachine matches the machine types of
//   - EC2: g5.8xlarge, p5.48xlarge, u-6tb1.metal,
//   - Google Cloud: a2-highgpu-1g, c3-standard-8-lssd, z3-highmem-88-highlssd, e2-micro and, of
//     memory in MiB, n2-custom-4-40960-ext, custom-4-8192 (https://cloud.google.com/compute/docs/machine-resource),
//   - Oracle Cloud: VM.GPU.A10.1, BM.GPU.H100.8, VM.Standard.E5.Flex,
//   - Alibaba Cloud: ecs.gn6i-c4g1.xlarge,
//   - DigitalOcean: gpu-h100x8-640gb.
var otherCloudMachine = sync.OnceValue(func() *regexp.Regexp {
	const series = `[a-z]{1,3}\d[a-z]{0,2}` // f1, n2d, ct5lp, tpu7x
	return regexp.MustCompile(
		`^(([a-z][a-z0-9-]*|ecs\.[a-z][a-z0-9-]*)\.(nano|micro|small|medium|(\d*x)?large|metal(-\d+xl)?)` +
			`|` + series + `-(micro|small|medium)` +
			`|` + series + `-(standard|high(mem|cpu|gpu|tpu)|(mega|ultra|max|edge)gpu|(mega|ultra|hyper)mem)-\d+[a-z]?(-(standard|high|no)?lssd|-metal)*` +
			`|(` + series + `-)?custom-(\d+|micro|small|medium)-\d+(-ext)?` +
			`|(VM|BM)\.[A-Z][A-Za-z0-9]*(\.[A-Za-z0-9]+)+` +
			`|gpu-[a-z0-9]+x\d+-\d+gb(-[a-z0-9]+)*)$`)
})

func all(values []*source.Node, is func(string) bool) bool {
	for _, value := range values {
		if text, ok := value.Scalar(); !ok || !is(text) {
			return false
		}
	}
	return len(values) > 0
}
