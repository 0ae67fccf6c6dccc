// Package kubeml reads the objects of operators that serve and train models on Kubernetes.
package kubeml

import (
	"math"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// operatorReader reads an operator's object.
type operatorReader struct{ *kube.ObjectReader }

func newReader(r *read.Reader) *operatorReader {
	return &operatorReader{ObjectReader: kube.NewReader(r)}
}

// factor is a number by which pods are multiplied.
type factor struct {
	node    *source.Node
	missing int64 // what the operator uses without a value; 0 if that is not known
}

// pods returns the number of pods as a product. It is unknown if a factor is unknown or if none is declared.
func (r *operatorReader) pods(why string, factors ...factor) facts.Fact[int64] {
	product := int64(1)
	var locations []facts.Location
	for _, f := range factors {
		value := f.missing
		if !f.node.IsNull() {
			count := r.Count(f.node)
			if !count.Known {
				return facts.Fact[int64]{}
			}
			value = count.Value
			locations = append(locations, count.Location)
		} else if f.missing == 0 {
			return facts.Fact[int64]{}
		}
		if value > 0 && product > math.MaxInt32 {
			return facts.Fact[int64]{}
		}
		product *= value
	}
	if len(locations) == 0 {
		return facts.Fact[int64]{}
	}
	location := locations[0]
	for _, further := range locations[1:] {
		location.Why = why
		location.Related = append(location.Related, facts.Because(further, "a factor"))
	}
	return facts.Know(product, location)
}

// multiplied returns a number of pods for each of several copies. A count that is not declared is 1.
func (r *operatorReader) multiplied(pods facts.Fact[int64], copies *source.Node, why string) facts.Fact[int64] {
	if copies.IsNull() || !pods.Known {
		return pods
	}
	count := r.Count(copies)
	if !count.Known || pods.Value > math.MaxInt32 {
		return facts.Fact[int64]{}
	}
	location := facts.Because(pods.Location, why)
	location.Related = append(slices.Clip(location.Related), facts.Because(count.Location, "a factor"))
	return facts.Know(pods.Value*count.Value, location)
}

// model adds the model whose name is the value of key in node.
func (r *operatorReader) model(d *read.Draft, node *source.Node, key string) {
	if name := r.Text(node.Get(key)); name.Known {
		d.Models = append(d.Models, &facts.Model{Name: name, Location: facts.Location{Node: node}})
	}
}

// atLeastOneGPU makes a deployment one with GPUs of which a value shows no number, unless their number is known.
func (r *operatorReader) atLeastOneGPU(d *read.Draft, n *source.Node, why string) {
	if d.GPUs.Known && d.GPUs.Value > 0 {
		return
	}
	d.GPUs = facts.Know(int64(1), facts.Because(r.MarkUsed(n), read.AtLeast+why+"; their number is unknown"))
	d.GPUs.AtLeast, d.Uncounted = true, true
}
