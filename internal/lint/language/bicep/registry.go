package bicep

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
)

// registered is a module of the public registry, of which the parameters have the shape of the resources that it makes.
// https://github.com/Azure/bicep-registry-modules/tree/main/avm/res
type registered struct {
	kind string
	// names are the parameters that are parts of the resource's name.
	names []string
	// top and properties are the parameters that are members of the resource and of its properties, by the names of these members.
	top, properties map[string]string
	// children are lists of child resources.
	children []registeredChildren
}

// registeredChildren is a parameter that is a list of child resources.
type registeredChildren struct {
	parameter, kind string
	// properties are the members of an item that are those of the child's properties; nil for all.
	properties []string
	// condition is a member of an item that decides whether there is such a child; empty for none.
	condition string
}

// registeredModules are the modules that are read, by their path below avm/res.
var registeredModules = map[string]registered{
	"container-instance/container-group": {
		kind: "Microsoft.ContainerInstance/containerGroups", names: []string{"name"}, top: map[string]string{"tags": "tags"},
		properties: map[string]string{"containers": "containers", "initContainers": "initContainers"},
	},
	"container-service/managed-cluster": {
		kind: "Microsoft.ContainerService/managedClusters", names: []string{"name"}, top: map[string]string{"tags": "tags"},
		properties: map[string]string{"agentPoolProfiles": "primaryAgentPoolProfiles"},
		children:   []registeredChildren{{parameter: "agentPools", kind: "Microsoft.ContainerService/managedClusters/agentPools"}},
	},
	"container-service/managed-cluster/agent-pool": {
		kind: "Microsoft.ContainerService/managedClusters/agentPools", names: []string{"managedClusterName", "name"},
		properties: map[string]string{
			"vmSize": "vmSize", "count": "count", "minCount": "minCount", "maxCount": "maxCount", "enableAutoScaling": "enableAutoScaling",
			"scaleSetPriority": "scaleSetPriority",
		},
	},
	"machine-learning-services/workspace": {
		kind: "Microsoft.MachineLearningServices/workspaces", names: []string{"name"},
		children: []registeredChildren{{
			parameter: "computes", kind: "Microsoft.MachineLearningServices/workspaces/computes",
			properties: []string{"computeType", "properties", "resourceId"}, condition: "deployCompute",
		}},
	},
	"machine-learning-services/workspace/compute": {
		kind: "Microsoft.MachineLearningServices/workspaces/computes", names: []string{"machineLearningWorkspaceName", "name"},
		properties: map[string]string{"computeType": "computeType", "properties": "properties", "resourceId": "resourceId"},
	},
	"web/site": {
		kind: "Microsoft.Web/sites", names: []string{"name"}, top: map[string]string{"kind": "kind", "tags": "tags"},
	},
}

// RegistryModules returns the names of the modules of the public registry that are read, sorted.
func RegistryModules() []string { return slices.Sorted(maps.Keys(registeredModules)) }

// formerParameters are the names that parameters had in earlier versions of a module.
var formerParameters = map[string]string{"primaryAgentPoolProfiles": "primaryAgentPoolProfile"}

// registryModule returns the module of the public registry at a path such as br/public:avm/res/web/site:0.1.0, nil for any other one.
func (r *Reader) registryModule(path string, from *unit) *registered {
	if !strings.HasPrefix(path, "br") {
		return nil
	}
	if name, ok := strings.CutPrefix(r.expand(path, from), "br:"+publicRegistry+"/avm/res/"); ok {
		name, _, _ = strings.Cut(name, ":")
		if known, ok := registeredModules[name]; ok {
			return &known
		}
	}
	return nil
}

// registered adds the resources that a module of the registry makes, as if they were written in place of the call.
func (e *emitter) registered(d *syntax.Declaration, m *registered, s scope) {
	body, conditions, loop := parts(d)
	params := body.Member("params")
	if params == nil || params.Kind != syntax.ObjectKind || isSpread(params) {
		params = &syntax.Expression{Kind: syntax.ObjectKind, Start: body.Start, End: body.End} // nothing is known of the values
	}
	wrap := func(body *syntax.Expression) *syntax.Expression {
		for _, condition := range conditions {
			body = conditional(condition, body)
		}
		if loop != nil {
			body = &syntax.Expression{Kind: syntax.LoopKind, Text: loop.Text, Index: loop.Index, Parts: []*syntax.Expression{loop.Parts[0], body}, Start: loop.Start, End: loop.End}
		}
		return body
	}
	head := func(kind string) *syntax.Expression {
		return &syntax.Expression{Kind: syntax.StringKind, Text: kind, Start: d.Head.Start, End: d.Head.End}
	}
	own := *d
	own.Word, own.Head = "resource", head(m.kind)
	own.Value = wrap(m.body(params))
	e.resource(&own, s, nil)
	for _, children := range m.children {
		for _, child := range children.of(params, m.names[0], loop != nil) {
			declared := *d
			declared.Word, declared.Head = "resource", head(children.kind)
			declared.Start, declared.End = child.Start, child.End
			declared.Value = child
			if child.Kind != syntax.LoopKind {
				declared.Value = wrap(child)
			}
			e.resource(&declared, s, nil)
		}
	}
}

// body returns the body of the resource that a module makes of its parameters.
func (m *registered) body(params *syntax.Expression) *syntax.Expression {
	body := &syntax.Expression{Kind: syntax.ObjectKind, Start: params.Start, End: params.End}
	var names []*syntax.Expression
	for _, name := range m.names {
		if value := params.Member(name); value != nil {
			names = append(names, value)
		}
	}
	if len(names) == len(m.names) {
		body.Set("name", joined(names))
	}
	for i, key := range params.Names {
		if key.Kind != syntax.StringKind {
			continue
		}
		for member, parameter := range m.top {
			if key.Text == parameter {
				body.Set(member, params.Parts[i])
			}
		}
	}
	properties := &syntax.Expression{Kind: syntax.ObjectKind, Start: params.Start, End: params.End}
	for i, key := range params.Names {
		if key.Kind != syntax.StringKind {
			continue
		}
		for member, parameter := range m.properties {
			if key.Text == parameter || key.Text == formerParameters[parameter] {
				properties.Set(member, params.Parts[i])
			}
		}
	}
	body.Set("properties", properties)
	return body
}

// joined returns the path of some names.
func joined(names []*syntax.Expression) *syntax.Expression {
	last := names[len(names)-1]
	if len(names) == 1 {
		return last
	}
	path := &syntax.Expression{Kind: syntax.Interpolation, Start: last.Start, End: last.End}
	for i := range names {
		text := "/"
		if i == 0 {
			text = ""
		}
		path.Texts, path.Parts = append(path.Texts, text), append(path.Parts, names[i])
	}
	path.Texts = append(path.Texts, "")
	return path
}

// of returns the bodies of the child resources in the parameters of a module. A list that is not a literal is a loop, for which there is
// no place inside another one.
func (c *registeredChildren) of(params *syntax.Expression, parent string, looped bool) []*syntax.Expression {
	list, name := params.Member(c.parameter), params.Member(parent)
	switch {
	case list == nil || name == nil:
		return nil
	case list.Kind == syntax.ArrayKind && !isSpread(list):
		var bodies []*syntax.Expression
		for _, item := range list.Parts {
			if item.Kind == syntax.ObjectKind && !isSpread(item) {
				bodies = append(bodies, c.body(item, name, item.Member))
			}
		}
		return bodies
	case looped || list.Kind == syntax.LoopKind:
		return nil
	}
	const variable = "$item" // cannot be in a file
	item := &syntax.Expression{Kind: syntax.NameKind, Text: variable, Start: list.Start, End: list.End}
	member := func(name string) *syntax.Expression {
		return &syntax.Expression{Kind: syntax.SafeMemberKind, Text: name, Parts: []*syntax.Expression{item}, Start: list.Start, End: list.End}
	}
	body := c.body(item, name, member)
	none := &syntax.Expression{Kind: syntax.ArrayKind, Start: list.Start, End: list.End}
	list = &syntax.Expression{Kind: syntax.BinaryKind, Text: "??", Parts: []*syntax.Expression{list, none}, Start: list.Start, End: list.End}
	return []*syntax.Expression{{Kind: syntax.LoopKind, Text: variable, Parts: []*syntax.Expression{list, body}, Start: list.Start, End: list.End}}
}

// body returns the body of a child resource. member returns a member of its item, nil if there is none.
func (c *registeredChildren) body(item, parent *syntax.Expression, member func(string) *syntax.Expression) *syntax.Expression {
	body := &syntax.Expression{Kind: syntax.ObjectKind, Start: item.Start, End: item.End}
	if name := member("name"); name != nil {
		body.Set("name", joined([]*syntax.Expression{parent, name}))
	}
	properties := item
	if c.properties != nil {
		properties = &syntax.Expression{Kind: syntax.ObjectKind, Start: item.Start, End: item.End}
		for _, name := range c.properties {
			if value := member(name); value != nil {
				properties.Set(name, value)
			}
		}
	}
	body.Set("properties", properties)
	if c.condition == "" {
		return body
	}
	if deployed := member(c.condition); deployed != nil {
		if item.Kind == syntax.NameKind {
			deployed = &syntax.Expression{
				Kind: syntax.BinaryKind, Text: "??", Start: item.Start, End: item.End,
				Parts: []*syntax.Expression{deployed, {Kind: syntax.WordKind, Text: "true", Start: item.Start, End: item.End}},
			}
		}
		return conditional(deployed, body)
	}
	return body
}

// conditional returns a body with one more condition.
func conditional(condition, body *syntax.Expression) *syntax.Expression {
	if body.Kind == syntax.ConditionKind {
		condition = &syntax.Expression{
			Kind: syntax.BinaryKind, Text: "&&", Parts: []*syntax.Expression{condition, body.Parts[0]}, Start: condition.Start, End: condition.End,
		}
		body = body.Parts[1]
	}
	return &syntax.Expression{Kind: syntax.ConditionKind, Parts: []*syntax.Expression{condition, body}, Start: body.Start, End: body.End}
}
