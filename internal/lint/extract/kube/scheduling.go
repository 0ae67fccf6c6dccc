package kube

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Cluster reads where a pod runs. metadata is that of the template; the object's own metadata
// counts too.
func (r *ObjectReader) Cluster(d *read.Draft, spec, metadata *source.Node) {
	var s scheduling.Pods
	s.Pod(spec)
	if group, kind := GroupKind(r.Root); group == virtualDaemonSets && kind == "VirtualDaemonSet" {
		s.Virtual = r.KindLocation("the pods of a VirtualDaemonSet run on virtual nodes, which are ACI")
	}
	r.RunsIn(d, s, metadata)
}

// RunsIn adds to the scheduling of a deployment's pods what the metadata of their template and of
// the object declare.
func (r *ObjectReader) RunsIn(d *read.Draft, s scheduling.Pods, metadata *source.Node) {
	if metadata != r.Identity().metadata {
		s.Metadata(metadata)
	}
	s.Also(r.ownHints())
	r.RunsOn(d, s)
}

// RunsOn sets the scheduling of a deployment.
func (r *ObjectReader) RunsOn(d *read.Draft, s scheduling.Pods) {
	d.Pods = &s
	r.markUsed(s.Alone(scheduling.InFile()))
	if s.Foreign.Node != nil {
		r.markUsed(s.Alone(scheduling.Interpretation{Other: true, Foreign: true}))
	}
}

func (r *ObjectReader) markUsed(at scheduling.Outcome) {
	for _, location := range [...]facts.Location{at.Target.Location, at.May.Location, at.Hint.Location, at.OnACI.Location} {
		if location.Node != nil {
			r.MarkUsed(location.Node)
		}
	}
}

// ownHints returns the scheduling that the object declares outside its pod templates.
func (r *ObjectReader) ownHints() *scheduling.Pods {
	if r.own == nil {
		r.own = &scheduling.Pods{}
		r.own.Metadata(r.Identity().metadata)
		for _, claim := range r.Root.At("spec", "volumeClaimTemplates").Items() {
			r.own.Claim(claim)
		}
	}
	return r.own
}

// OneCluster records that the deployments of the object run in one cluster.
func (r *ObjectReader) OneCluster() {
	object := &scheduling.SharedCluster{}
	for _, d := range r.Deployments {
		if d.Pods != nil {
			object.Members = append(object.Members, d.Pods)
		}
	}
	if len(object.Members) < 2 {
		return
	}
	for _, member := range object.Members {
		member.Object = object
	}
}
