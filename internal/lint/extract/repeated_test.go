package extract

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestDistinctComparesOnlyModules holds that nothing is compared where no module can be called twice: most files.
func TestDistinctComparesOnlyModules(t *testing.T) {
	yaml := source.Parse("a.yaml", []byte("a: 1\n")).Documents[0].Root
	module := source.Decode("a.bicep", []byte("once twice"))
	once, twice := module.Scalar(source.String, "once", 0, 4), module.Scalar(source.String, "twice", 5, 10)
	compared := 0
	kept := distinct([]*source.Node{yaml, yaml, once, twice, twice},
		func(n *source.Node) facts.Location { return facts.Location{Node: n} },
		func(n *source.Node) any {
			compared++
			return n.Text()
		})
	if len(kept) != 4 || compared != 2 {
		t.Errorf("kept %d of 5, compared %d", len(kept), compared)
	}
}
