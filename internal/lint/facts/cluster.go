package facts

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// cluster reads from a pod where it runs: on an ACI virtual node, on AKS or on a
// cluster that is not AKS. Only what the pod requires of its node, or what its
// authors write for one cloud alone, tells; a toleration of virtual nodes or a
// preference does not. Evidence for more than one is none. metadata is the
// template's; the object's own is looked at too.
func (r *reader) cluster(d *Deployment, spec, metadata *source.Node) {
	var e evidence
	e.pod(spec)
	r.runsIn(d, e, metadata)
}

// runsIn judges evidence together with what the metadata of the pod's template and
// of the object tell.
func (r *reader) runsIn(d *Deployment, e evidence, metadata *source.Node) {
	if metadata != r.identity().metadata {
		e.metadata(metadata)
	}
	e.also(r.ownEvidence())
	r.runsOn(d, e)
}

// runsOn sets the target that evidence tells.
func (r *reader) runsOn(d *Deployment, e evidence) {
	if bound := e.bound(); bound != nil {
		d.bound = &Deployment{Target: d.Target, anyCluster: d.anyCluster}
		r.runsBy(d.bound, *bound)
	}
	r.runsBy(d, e)
}

func (r *reader) runsBy(d *Deployment, e evidence) {
	target, place := e.target()
	switch {
	case target != "":
		r.carry(place.Node)
		d.Target = Know(target, place)
	case e.virtual.Node == nil:
		d.anyCluster = true
	}
}

// ownEvidence is what the object tells outside its pods' templates.
func (r *reader) ownEvidence() *evidence {
	if r.own == nil {
		r.own = &evidence{}
		r.own.metadata(r.identity().metadata)
		for _, claim := range r.root.At("spec", "volumeClaimTemplates").Elements() {
			r.own.claim(claim)
		}
	}
	return r.own
}

// oneCluster gives the deployments of one object, which run in one cluster, the
// target of those of them that tell what cluster that is.
func (r *reader) oneCluster() {
	if slices.ContainsFunc(r.deployments, func(d *Deployment) bool { return d.bound != nil }) {
		var bound []*Deployment
		for _, d := range r.deployments {
			if d.bound == nil {
				d.bound = &Deployment{Target: d.Target, anyCluster: d.anyCluster}
			}
			bound = append(bound, d.bound)
		}
		shareCluster(bound)
	}
	shareCluster(r.deployments)
}

func shareCluster(deployments []*Deployment) {
	var told Fact[Target]
	for _, d := range deployments {
		if d.Target.Value != AKS && d.Target.Value != Kubernetes {
			continue
		}
		if told.Known && told.Value != d.Target.Value {
			return
		}
		if !told.Known {
			told = d.Target
		}
	}
	if !told.Known {
		return
	}
	told.Place.Why += "; all parts of the object run in that cluster"
	for _, d := range deployments {
		if d.anyCluster {
			d.Target, d.anyCluster = told, false
		}
	}
}

// evidence is what tells where a pod runs. A Place without a node tells nothing.
type evidence struct {
	virtual Place // it runs on an ACI virtual node
	aks     Place // it runs on a node of AKS
	likely  Place // it is written for AKS, where it may run on a virtual node
	other   Place // it runs on a node of another cloud
	claimed Place // it is said to run in another cloud
	bursts  bool  // it may run on a virtual node
	foreign bool  // its virtual node is not one of Azure
}

func (e *evidence) target() (Target, Place) {
	azure, other := e.aks, e.other
	if other.Node == nil {
		other = e.claimed
	}
	if azure.Node == nil && !e.bursts {
		azure = e.likely
	}
	switch {
	case e.virtual.Node != nil && e.foreign,
		other.Node != nil && (e.virtual.Node != nil || e.aks.Node != nil || e.likely.Node != nil):
		return "", Place{}
	case other.Node != nil:
		return Kubernetes, other
	case e.virtual.Node != nil:
		return ACI, e.virtual
	case azure.Node != nil:
		return AKS, azure
	}
	return "", Place{}
}

// bound is the evidence without what contradicts the rest and binds the pod to no node, nil
// where there is nothing of that. Nor is a virtual node one of another cloud, whatever else
// the pod requires of its node: one that names the node goes past the scheduler.
func (e *evidence) bound() *evidence {
	if e.claimed.Node == nil && !e.foreign && (e.other.Node == nil || e.virtual.Node == nil && e.likely.Node == nil) {
		return nil
	}
	bound := *e
	bound.claimed, bound.foreign = Place{}, false
	if bound.virtual.Node != nil {
		bound.other = Place{}
	}
	if bound.other.Node != nil {
		bound.likely = Place{}
	}
	return &bound
}

// note keeps the first place that tells.
func note(evidence *Place, n *source.Node, why string) {
	if evidence.Node == nil {
		*evidence = Place{Node: n, Why: why}
	}
}

// also keeps what other tells beside what is told already.
func (e *evidence) also(other *evidence) {
	note(&e.virtual, other.virtual.Node, other.virtual.Why)
	note(&e.aks, other.aks.Node, other.aks.Why)
	note(&e.likely, other.likely.Node, other.likely.Why)
	note(&e.other, other.other.Node, other.other.Why)
	note(&e.claimed, other.claimed.Node, other.claimed.Why)
	e.bursts = e.bursts || other.bursts
	e.foreign = e.foreign || other.foreign
}

// pod judges the specification of a pod.
func (e *evidence) pod(spec *source.Node) {
	e.node(spec.Get("nodeName"))
	e.labels(spec.Get("nodeSelector"))
	e.affinity(spec.At("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"))
	e.tolerations(spec.Get("tolerations"))
	for _, volume := range spec.Get("volumes").Elements() {
		e.claim(volume.At("ephemeral", "volumeClaimTemplate"))
	}
}

// labels judges the labels and their values that a node must have.
func (e *evidence) labels(labels *source.Node) {
	for label, value := range entries(labels) {
		if !value.IsNull() { // a patch takes the label away
			e.requires(label, value)
		}
	}
}

// selector judges a label selector that a node must meet.
func (e *evidence) selector(selector *source.Node) {
	e.labels(selector.Get("matchLabels"))
	e.expressions(selector.Get("matchExpressions"))
}

// machine judges the name of a machine type that something calls for. A name of
// Azure's shape is not Azure's alone: clusters connected by Azure Arc have such too.
func (e *evidence) machine(size *source.Node) {
	if text, ok := size.Scalar(); ok && otherCloudMachine().MatchString(text) {
		note(&e.other, size, text+" is a machine of another cloud")
	}
}

// requires judges a label that a node must have, with one of these values; no
// value stands for any.
func (e *evidence) requires(key *source.Node, values ...*source.Node) {
	at := key
	if len(values) > 0 {
		at = values[0]
	}
	switch name := key.Text; {
	case aksLabel(name):
		note(&e.aks, at, "only nodes of AKS have the label "+name)
	case otherCloudLabel(name):
		note(&e.other, at, "nodes of AKS do not have the label "+name)
	case name == "type" && all(values, func(value string) bool { return value == "virtual-kubelet" }),
		// https://github.com/microsoft/virtualnodesOnAzureContainerInstances
		name == "virtualization" && all(values, func(value string) bool { return value == "virtualnode2" }):
		note(&e.virtual, at, "the pod must run on a virtual node, which is ACI")
	case name == "kubernetes.io/hostname" && len(values) == 1:
		e.node(values[0])
	case name == "node.kubernetes.io/instance-type", name == "beta.kubernetes.io/instance-type":
		switch {
		case all(values, func(value string) bool { return strings.HasPrefix(strings.ToLower(value), "standard_") }):
			note(&e.aks, at, at.Text+" is a VM size of Azure")
		case all(values, otherCloudMachine().MatchString):
			note(&e.other, at, at.Text+" is a machine of another cloud")
		}
	}
}

// aksLabel tells whether AKS alone gives a label of this name to its nodes.
func aksLabel(name string) bool {
	return strings.HasPrefix(name, "kubernetes.azure.com/") || strings.HasPrefix(name, "karpenter.azure.com/") ||
		name == "agentpool"
}

// otherCloudLabel tells whether another cloud gives a label of this name to its nodes.
func otherCloudLabel(name string) bool {
	prefix, _, ok := strings.Cut(name, "/")
	if !ok {
		return false
	}
	switch prefix {
	case "cloud.google.com", "eks.amazonaws.com", "alpha.eksctl.io", "karpenter.k8s.aws", "alibabacloud.com",
		"doks.digitalocean.com", "lke.linode.com", "k8s.scaleway.com", "ibm-cloud.kubernetes.io", "node.openshift.io":
		return true
	}
	return false
}

// otherCloudMachine matches the machine types of EC2 (g5.8xlarge) and of Google Cloud (a2-highgpu-1g).
var otherCloudMachine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(
		`^([a-z][a-z0-9-]*\.(nano|micro|small|medium|(\d*x)?large|metal(-\d+xl)?)` +
			`|[a-z][a-z0-9]*-(standard|highmem|highcpu|highgpu|megagpu|ultragpu|edgegpu|hightpu|micro|small|medium)(-\d+[a-z]*)?)$`)
})

func all(values []*source.Node, is func(string) bool) bool {
	for _, value := range values {
		if text, ok := value.Scalar(); !ok || !is(text) {
			return false
		}
	}
	return len(values) > 0
}

// secondGeneration matches the names of virtual nodes of the second generation: those of
// the pods of a StatefulSet that has the name of its Helm chart, virtualnode, behind the
// release's or as the release's.
// https://github.com/microsoft/virtualnodesOnAzureContainerInstances
var secondGeneration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z0-9.-]+-)?virtualnode-[0-9]+$`)
})

// node judges the name of the node that a pod is bound to.
func (e *evidence) node(name *source.Node) {
	text, ok := name.Scalar()
	switch {
	case !ok:
	case strings.HasPrefix(text, "virtual-node-aci-"), strings.HasPrefix(text, "vk-aci-"), secondGeneration().MatchString(text):
		note(&e.virtual, name, "the node of this name is a virtual node, which is ACI")
	case strings.HasSuffix(text, ".compute.internal"), strings.HasSuffix(text, ".ec2.internal"):
		note(&e.other, name, "the node of this name is an EC2 instance")
	}
}

// expressions judges what a node must meet all of. An operator that a node without
// the label meets tells nothing.
func (e *evidence) expressions(list *source.Node) {
	for _, expression := range list.Elements() {
		key := expression.Get("key")
		switch operator := expression.Get("operator"); {
		case key.IsNull():
		case operator.Is("In"):
			e.requires(key, expression.Get("values").Elements()...)
		case operator.Is("Exists"), operator.Is("Gt"), operator.Is("Lt"):
			e.requires(key)
		}
	}
}

// affinity judges the terms one of which a node must meet: what all of them that a node
// can meet require is required.
func (e *evidence) affinity(terms *source.Node) {
	possible := slices.DeleteFunc(slices.Clone(terms.Elements()), matchesNothing)
	e.terms(possible, "matchExpressions", "matchFields")
}

// matchesNothing tells whether no node meets a term: none meets an empty one, nor one whose
// requirements contradict each other.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#NodeAffinity
func matchesNothing(term *source.Node) bool {
	expressions, fields := term.Get("matchExpressions"), term.Get("matchFields")
	if none(expressions) && none(fields) {
		return term.IsNull() || term.Kind == source.Mapping && !template(term)
	}
	return contradictory(expressions) || contradictory(fields)
}

// none tells whether a list is missing or empty.
func none(list *source.Node) bool {
	return list.IsNull() || list.Kind == source.Sequence && len(list.Items) == 0
}

// contradictory tells whether no node meets all of some requirements. A value that is filled
// in later may be any.
func contradictory(requirements *source.Node) bool {
	type label struct {
		there, missing    bool
		limited           bool // to the values that are allowed
		allowed, excluded map[string]bool
	}
	labels := map[string]*label{}
	for _, requirement := range requirements.Elements() {
		name := requirement.Get("key")
		key, ok := name.Scalar()
		if !ok || later(name, key) {
			continue
		}
		of := labels[key]
		if of == nil {
			of = &label{excluded: map[string]bool{}}
			labels[key] = of
		}
		values, known := valuesOf(requirement.Get("values"))
		switch operator := requirement.Get("operator"); {
		case operator.Is("In") && known:
			for value := range of.allowed {
				if !values[value] {
					delete(of.allowed, value)
				}
			}
			if !of.limited {
				of.allowed, of.limited = values, true
			}
			of.there = true
		case operator.Is("In"), operator.Is("Exists"), operator.Is("Gt"), operator.Is("Lt"):
			of.there = true
		case operator.Is("NotIn"):
			maps.Copy(of.excluded, values)
		case operator.Is("DoesNotExist"):
			of.missing = true
		}
	}
	for _, of := range labels {
		maps.DeleteFunc(of.allowed, func(value string, _ bool) bool { return of.excluded[value] })
		if of.there && of.missing || of.limited && len(of.allowed) == 0 {
			return true
		}
	}
	return false
}

// valuesOf returns the values of a requirement, and whether they are all there is to know.
func valuesOf(list *source.Node) (values map[string]bool, known bool) {
	values, known = map[string]bool{}, len(list.Elements()) > 0
	for _, value := range list.Elements() {
		text, ok := value.Scalar()
		if !ok || later(value, text) {
			known = false
			continue
		}
		values[text] = true
	}
	return values, known
}

// terms is affinity for terms whose expressions and fields stand under these keys.
func (e *evidence) terms(terms []*source.Node, expressions, fields string) {
	var common evidence
	for i, term := range terms {
		var here evidence
		here.expressions(term.Get(expressions))
		for _, field := range term.Get(fields).Elements() {
			if names := field.Get("values").Elements(); field.Get("operator").Is("In") && len(names) == 1 {
				here.node(names[0])
			}
		}
		if i == 0 {
			common = here
		}
		common.keep(here)
	}
	for _, kind := range []struct{ all, one *Place }{
		{&e.virtual, &common.virtual}, {&e.aks, &common.aks}, {&e.other, &common.other},
	} {
		note(kind.all, kind.one.Node, kind.one.Why)
	}
}

// keep forgets what other does not tell too.
func (e *evidence) keep(other evidence) {
	if other.virtual.Node == nil {
		e.virtual = Place{}
	}
	if other.aks.Node == nil {
		e.aks = Place{}
	}
	if other.other.Node == nil {
		e.other = Place{}
	}
}

// tolerations judges the taints that a pod tolerates. A manifest for several
// clouds tolerates the taints of each.
func (e *evidence) tolerations(list *source.Node) {
	var aks *source.Node
	others := false
	for _, toleration := range list.Elements() {
		key := toleration.Get("key")
		name, _ := key.Scalar()
		switch value, _ := toleration.Get("value").Scalar(); {
		case name == "virtual-kubelet.io/provider" && value != "" && value != "azure":
			e.foreign = true
		case name == "virtual-kubelet.io/provider", name == "azure.com/aci":
			e.bursts = true
		case aksLabel(name):
			aks = key
		case otherCloudLabel(name):
			others = true
		}
	}
	if aks != nil && !others {
		note(&e.likely, aks, "only nodes of AKS have the taint "+aks.Text)
	}
}

func (e *evidence) metadata(metadata *source.Node) {
	for _, annotation := range metadata.Get("annotations").Entries() {
		switch name := annotation.Key.Text; {
		case annotation.Value.IsNull(): // a patch takes it away
		case strings.HasPrefix(name, "service.beta.kubernetes.io/azure-"):
			note(&e.likely, annotation.Value, name+" is an annotation for Azure")
		case strings.HasPrefix(name, "run.googleapis.com/"):
			note(&e.claimed, annotation.Value, name+" is an annotation of Cloud Run")
		case name == "serving.kserve.io/gke-accelerator", name == "serving.kubeflow.org/gke-accelerator":
			note(&e.claimed, annotation.Value, name+" selects nodes of GKE")
		}
	}
	if use := metadata.At("labels", "azure.workload.identity/use"); use.Is("true") {
		note(&e.likely, use, "the pod uses an Azure workload identity")
	}
}

// claim judges the storage class of a volume claim: AKS brings some along.
// https://learn.microsoft.com/azure/aks/concepts-storage
func (e *evidence) claim(claim *source.Node) {
	e.storageClass(claim.At("spec", "storageClassName"))
}

func (e *evidence) storageClass(class *source.Node) {
	text, ok := class.Scalar()
	if ok && (strings.HasPrefix(text, "managed-csi") || strings.HasPrefix(text, "azurefile") || strings.HasPrefix(text, "azureblob")) {
		note(&e.likely, class, text+" is a storage class of AKS")
	}
}
