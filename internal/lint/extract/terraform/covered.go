package terraform

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Covered relates resources of configurations to the same ones of plans. A plan has more values, so that it wins as far as it has
// all that the configuration has: the plan of an earlier configuration, of one that is destroyed or of another module says something else.
type Covered struct {
	// covered are drafts, computes and parts of configurations that plans describe, too, and the resources with them.
	covered map[any]bool
	// disputed has the resource of a module, by each draft, compute and part that a configuration and a plan of the module describe
	// differently.
	disputed map[any]Disputed
}

// Disputed is a resource that a configuration and a plan describe differently.
type Disputed struct {
	Module, Address string
	Planned         bool // it is the description of the plan
}

// CoveredIn relates the configurations among some documents to the plans among them. A plan belongs to the module in the
// nearest folder above it, else to the only module of which it has all that is described.
func CoveredIn(readers []*read.Reader) *Covered {
	var plans []*read.Reader
	modules := map[string][]*read.Resource{}
	for _, r := range readers {
		switch r.Format {
		case Plan.Name:
			plans = append(plans, r)
		case Source.Name:
			folder := path.Dir(r.Root.File().Name)
			modules[folder] = append(modules[folder], r.ByResource...)
			for _, variant := range r.Variants {
				modules[folder] = append(modules[folder], variant.ByResource...)
			}
		}
	}
	c := &Covered{map[any]bool{}, map[any]Disputed{}}
	if len(modules) == 0 {
		return c
	}
	for _, plan := range plans {
		planned := map[string][]*read.Resource{}
		for _, resource := range plan.ByResource {
			address := withoutKeys(resource.Address)
			planned[address] = append(planned[address], resource)
		}
		if folder, found := moduleOf(plan, modules, planned); found {
			c.add(folder, modules[folder], planned)
		}
	}
	return c
}

// add relates the resources of a module to those of a plan of it.
func (c *Covered) add(folder string, configured []*read.Resource, planned map[string][]*read.Resource) {
	agreed := map[string]bool{} // the addresses
	var others []*read.Resource
	for _, resource := range configured {
		if isCovered(resource, planned) {
			agreed[withoutKeys(resource.Address)] = true
			c.covered[resource] = true
			for described := range all(resource) {
				c.covered[described] = true
			}
		} else {
			others = append(others, resource)
		}
	}
	for _, resource := range others {
		address := withoutKeys(resource.Address)
		if agreed[address] {
			continue // of an instance or with other values of variables
		}
		for described := range all(resource) {
			c.disputed[described] = Disputed{folder, address, false}
		}
		for _, instance := range planned[address] {
			for described := range all(instance) {
				c.disputed[described] = Disputed{folder, address, true}
			}
		}
	}
}

// maxModules is the number of modules to which a plan in any folder is compared.
const maxModules = 100

// moduleOf returns the folder of the module to which a plan belongs.
func moduleOf(plan *read.Reader, modules map[string][]*read.Resource, planned map[string][]*read.Resource) (of string, found bool) {
	for at := path.Dir(plan.Root.File().Name); ; at = path.Dir(at) {
		if modules[at] != nil {
			return at, true
		}
		if at == path.Dir(at) {
			break
		}
	}
	if len(modules) > maxModules {
		return "", false
	}
	for folder, resources := range modules {
		if slices.ContainsFunc(resources, func(resource *read.Resource) bool { return !isCovered(resource, planned) }) {
			continue
		}
		if found {
			return "", false
		}
		of, found = folder, true
	}
	return of, found
}

// isCovered reports whether each instance of a resource in a plan has all that a configuration says about the resource.
func isCovered(resource *read.Resource, planned map[string][]*read.Resource) bool {
	instances := planned[withoutKeys(resource.Address)]
	return len(instances) > 0 && !slices.ContainsFunc(instances, func(instance *read.Resource) bool { return !hasAll(instance, resource) })
}

// hasAll reports whether a resource of a plan has all that a configuration says about it, in the same order.
func hasAll(planned, configured *read.Resource) bool {
	return read.InOrder(configured.Deployments, planned.Deployments, func(d, other *read.Draft) bool {
		same := *d
		same.Format = formatAs(d.Format, other.Format)
		return same.IsPartOf(other)
	}, nil) && read.InOrder(configured.Computes, planned.Computes, func(c, other *facts.Compute) bool {
		same := *c
		same.Format = formatAs(c.Format, other.Format)
		return read.IsPart(facts.ComputeFields(), &same, other)
	}, nil) && read.InOrder(configured.Parts, planned.Parts, (*read.Part).IsPartOf, nil)
}

// formatAs returns the format of a description, that of a plan for one in a configuration.
func formatAs(configured, planned string) string {
	if configured == Source.Name && planned == Plan.Name {
		return planned
	}
	return configured
}

// all yields what a resource describes: drafts, computes and parts.
func all(resource *read.Resource) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		for _, d := range resource.Deployments {
			if !yield(d) {
				return
			}
		}
		for _, c := range resource.Computes {
			if !yield(c) {
				return
			}
		}
		for _, p := range resource.Parts {
			if !yield(p) {
				return
			}
		}
	}
}

// Has reports whether a plan has all that a draft, a compute, a part or a resource of a configuration says.
func (c *Covered) Has(described any) bool { return c.covered[described] }

// HasPart is Has for a part, which may be a compute.
func (c *Covered) HasPart(p *read.Part) bool {
	return c.covered[p] || p.Compute != nil && c.covered[p.Compute]
}

// Dispute returns the resource to which a draft or a compute belongs, if a configuration and a plan describe it differently.
func (c *Covered) Dispute(described any) (resource Disputed, ok bool) {
	resource, ok = c.disputed[described]
	return resource, ok
}

// IsReplaced reports whether a part of a plan is not what others refer to, since the configuration says something else.
func (c *Covered) IsReplaced(p *read.Part) bool {
	return c.disputed[p].Planned || p.Compute != nil && c.disputed[p.Compute].Planned
}

// instanceKey matches the index or the key of one of several instances in an address.
var instanceKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]`) })

// withoutKeys returns the address of a resource without the keys of instances.
func withoutKeys(address string) string {
	if strings.Contains(address, "[") {
		return instanceKey().ReplaceAllString(address, "")
	}
	return address
}
