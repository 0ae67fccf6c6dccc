package terraform

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Covered has the resources of configurations that plans describe, too. A plan has more values, so that it wins.
type Covered struct {
	addresses map[string]map[string]bool // of the resources that a plan has, by the folder of the module
}

// CoveredIn returns the resources of configurations among some documents that plans among them describe. A plan belongs to
// the nearest folder above it with a module that has one of its resources, else to the only module whose resources it has.
func CoveredIn(readers []*read.Reader) *Covered {
	var plans []*read.Reader
	modules := map[string]map[string]bool{}
	for _, r := range readers {
		switch r.Format {
		case Plan.Name:
			plans = append(plans, r)
		case Source.Name:
			folder := path.Dir(r.Root.File().Name)
			if modules[folder] == nil {
				modules[folder] = map[string]bool{}
			}
			for _, object := range r.Root.Get("resource_changes").Items() {
				modules[folder][addressOf(object)] = true
			}
		}
	}
	c := &Covered{map[string]map[string]bool{}}
	if len(modules) == 0 {
		return c
	}
	for _, plan := range plans {
		has := plannedAddresses(plan.Root)
		folder, found := moduleOf(path.Dir(plan.Root.File().Name), has, modules)
		if !found {
			continue
		}
		if c.addresses[folder] == nil {
			c.addresses[folder] = map[string]bool{}
		}
		for address := range has {
			c.addresses[folder][address] = true
		}
	}
	return c
}

// moduleOf returns the folder of the module to which a plan in a folder belongs.
func moduleOf(folder string, has map[string]bool, modules map[string]map[string]bool) (of string, found bool) {
	for at := folder; ; at = path.Dir(at) {
		for address := range modules[at] {
			if has[address] {
				return at, true
			}
		}
		if at == path.Dir(at) {
			break
		}
	}
	for folder, addresses := range modules {
		all := true
		for address := range addresses {
			all = all && has[address]
		}
		if all && found {
			return "", false
		}
		if all {
			of, found = folder, true
		}
	}
	return of, found
}

// Has reports whether a plan describes what a document of a file describes at a node.
func (c *Covered) Has(file *source.File, at *source.Node) bool {
	addresses := c.addresses[path.Dir(file.Name)]
	if len(addresses) == 0 || !IsSource(file) {
		return false
	}
	for n := at; n != nil; n = n.Parent() {
		if n.Has("address") && n.Has("change") {
			return addresses[addressOf(n)]
		}
	}
	return false
}

// plannedAddresses returns the addresses of the managed resources of a plan.
func plannedAddresses(root *source.Node) map[string]bool {
	has := map[string]bool{}
	for _, object := range root.Get("resource_changes").Items() {
		if !object.Get("mode").Is("data") {
			has[addressOf(object)] = true
		}
	}
	var add func(module *source.Node)
	add = func(module *source.Node) {
		for _, object := range module.Get("resources").Items() {
			if !object.Get("mode").Is("data") {
				has[addressOf(object)] = true
			}
		}
		for _, child := range module.Get("child_modules").Items() {
			add(child)
		}
	}
	add(root.At("planned_values", "root_module"))
	return has
}

// instanceKey matches the index or the key of one of several instances in an address.
var instanceKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]`) })

// addressOf returns the address of a resource without the keys of instances.
func addressOf(object *source.Node) string {
	address, _ := object.Get("address").Scalar()
	if strings.Contains(address, "[") {
		return instanceKey().ReplaceAllString(address, "")
	}
	return address
}
