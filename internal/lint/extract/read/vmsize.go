package read

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// vmSizeTable has Azure's VM sizes, sorted by name without regard to case. The numbers are those of
// Azure's resource SKU API except for its mistakes: it counts the FPGAs of NP as GPUs, none for PB, no
// GPU for some AMD and Grace sizes, which have those of their series here, and 80 vCPUs for
// F64-16ams_v7. The table has retired sizes and sizes that are too small for Azure ML, which the API
// lacks, since files may still contain them.
//
//go:embed vmsize.tsv
var vmSizeTable string

var vmSizes = sync.OnceValue(func() []string {
	return strings.Split(strings.TrimSpace(vmSizeTable), "\n")[1:]
})

// machine has the resources of one VM of a size.
type machine struct {
	vcpus       float64 // 0 when unknown
	memoryGiB   float64 // 0 when unknown
	gpus, fpgas int64
	ofFamily    bool // the devices are those of the size's family: at least one
}

// VMSize reads the name of a VM size and sets the devices of one machine.
func (r *Reader) VMSize(c *facts.Compute, n *source.Node) {
	c.VMSize = r.Text(n)
	machine, ok := MachineOf(c.VMSize.Value)
	if !ok {
		return
	}
	if !c.GPUs.Known {
		c.GPUs = machine.has(n, machine.gpus, "GPU")
	}
	if !c.FPGAs.Known {
		c.FPGAs = machine.has(n, machine.fpgas, "FPGA")
	}
}

// InstanceType reads the size of a VM that only this deployment uses.
func (r *Reader) InstanceType(d *Draft, n *source.Node) {
	size := r.Text(n)
	machine, ok := MachineOf(size.Value)
	if !ok {
		return
	}
	d.GPUs = machine.has(n, machine.gpus, "GPU")
	d.FPGAs = machine.has(n, machine.fpgas, "FPGA")
	if machine.vcpus > 0 {
		location := facts.Location{Node: n, Why: "from the VM size"}
		d.CPUCores = facts.Fact[float64]{Value: machine.vcpus, Known: true, OfMachine: true, Location: location}
		d.MemoryGiB = facts.Fact[float64]{Value: machine.memoryGiB, Known: true, OfMachine: true, Location: location}
	}
}

// has returns the number of devices of a size: a lower bound if only the family of the size is known.
func (m machine) has(size *source.Node, count int64, device string) facts.Fact[int64] {
	if m.ofFamily && count > 0 {
		fact := facts.Know(count, facts.Location{Node: size, Why: fmt.Sprintf("VM size %s has at least %d %s", size.Text(), count, device)})
		fact.AtLeast = true
		return fact
	}
	why := fmt.Sprintf("VM size %s has %d %s", size.Text(), count, device)
	switch count {
	case 0:
		why = fmt.Sprintf("VM size %s has no %s", size.Text(), device)
	case 1:
	default:
		why += "s"
	}
	return facts.Know(count, facts.Location{Node: size, Why: why})
}

// MachineOf looks up a VM size, whatever its case, with or without the prefix Standard_. A size that
// the table lacks has the devices of its family. ok is false for a name that is not a VM size.
func MachineOf(size string) (m machine, ok bool) {
	size = strings.TrimSuffix(strings.ToLower(size), "_promo")
	bare, standard := strings.CutPrefix(size, "standard_")
	bare, basic := strings.CutPrefix(bare, "basic_")
	rows := vmSizes()
	at, found := slices.BinarySearchFunc(rows, "standard_"+bare, func(row, size string) int {
		name, _, _ := strings.Cut(row, "\t")
		return strings.Compare(strings.ToLower(name), size)
	})
	if found && !basic {
		return parseMachine(rows[at]), true
	}
	switch vmFamily(bare) {
	case "nc", "ncc", "nd", "ng", "nv":
		return machine{gpus: 1, ofFamily: true}, true
	case "np", "pb":
		return machine{fpgas: 1, ofFamily: true}, true
	case "a", "b", "d", "dc", "ds", "e", "ec", "f", "fx", "g", "gs", "h", "hb", "hc", "hx", "l", "m":
		// Without the prefix such a name may be of another cloud: m5, e2, g5.
		return machine{}, standard || basic
	}
	return machine{}, false
}

func parseMachine(row string) machine {
	cells := strings.Split(row, "\t")
	number := func(column int) float64 {
		value, err := strconv.ParseFloat(cells[column], 64)
		if err != nil {
			panic("vmsize.tsv: " + err.Error())
		}
		return value
	}
	return machine{vcpus: number(1), memoryGiB: number(2), gpus: int64(number(3)), fpgas: int64(number(4))}
}

// vmFamily returns the letters before the number in a name of the shape of a VM
// size: nc of nc4as_t4_v3, ds of ds11-1_v2; empty for any other shape.
func vmFamily(size string) string {
	number := strings.IndexFunc(size, func(c rune) bool { return c < 'a' || c > 'z' })
	if number < 1 || size[number] < '0' || size[number] > '9' {
		return ""
	}
	for i := number; i < len(size); i++ {
		switch c := size[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
		case c == '-' && i+1 < len(size) && size[i+1] >= '0' && size[i+1] <= '9':
		default:
			return ""
		}
	}
	return size[:number]
}
