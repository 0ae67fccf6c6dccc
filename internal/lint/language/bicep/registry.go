package bicep

import (
	"maps"
	"slices"
	"strings"
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
func (e *emitter) registered(d *declaration, m *registered, s scope) {
	body, conditions, loop := parts(d)
	params := body.member("params")
	if params == nil || params.kind != objectKind || isSpread(params) {
		params = &expression{kind: objectKind, start: body.start, end: body.end} // nothing is known of the values
	}
	wrap := func(body *expression) *expression {
		for _, condition := range conditions {
			body = conditional(condition, body)
		}
		if loop != nil {
			body = &expression{kind: loopKind, text: loop.text, index: loop.index, parts: []*expression{loop.parts[0], body}, start: loop.start, end: loop.end}
		}
		return body
	}
	head := func(kind string) *expression {
		return &expression{kind: stringKind, text: kind, start: d.head.start, end: d.head.end}
	}
	own := *d
	own.word, own.head = "resource", head(m.kind)
	own.value = wrap(m.body(params))
	e.resource(&own, s, nil)
	for _, children := range m.children {
		for _, child := range children.of(params, m.names[0], loop != nil) {
			declared := *d
			declared.word, declared.head = "resource", head(children.kind)
			declared.start, declared.end = child.start, child.end
			declared.value = child
			if child.kind != loopKind {
				declared.value = wrap(child)
			}
			e.resource(&declared, s, nil)
		}
	}
}

// body returns the body of the resource that a module makes of its parameters.
func (m *registered) body(params *expression) *expression {
	body := &expression{kind: objectKind, start: params.start, end: params.end}
	var names []*expression
	for _, name := range m.names {
		if value := params.member(name); value != nil {
			names = append(names, value)
		}
	}
	if len(names) == len(m.names) {
		body.set("name", joined(names))
	}
	for i, key := range params.names {
		if key.kind != stringKind {
			continue
		}
		for member, parameter := range m.top {
			if key.text == parameter {
				body.set(member, params.parts[i])
			}
		}
	}
	properties := &expression{kind: objectKind, start: params.start, end: params.end}
	for i, key := range params.names {
		if key.kind != stringKind {
			continue
		}
		for member, parameter := range m.properties {
			if key.text == parameter || key.text == formerParameters[parameter] {
				properties.set(member, params.parts[i])
			}
		}
	}
	body.set("properties", properties)
	return body
}

// set adds a member to an object, at the position of its value.
func (x *expression) set(name string, value *expression) {
	x.names = append(x.names, &expression{kind: stringKind, text: name, start: value.start, end: value.start})
	x.parts = append(x.parts, value)
}

// joined returns the path of some names.
func joined(names []*expression) *expression {
	last := names[len(names)-1]
	if len(names) == 1 {
		return last
	}
	path := &expression{kind: interpolation, start: last.start, end: last.end}
	for i := range names {
		text := "/"
		if i == 0 {
			text = ""
		}
		path.texts, path.parts = append(path.texts, text), append(path.parts, names[i])
	}
	path.texts = append(path.texts, "")
	return path
}

// of returns the bodies of the child resources in the parameters of a module. A list that is not a literal is a loop, for which there is
// no place inside another one.
func (c *registeredChildren) of(params *expression, parent string, looped bool) []*expression {
	list, name := params.member(c.parameter), params.member(parent)
	switch {
	case list == nil || name == nil:
		return nil
	case list.kind == arrayKind && !isSpread(list):
		var bodies []*expression
		for _, item := range list.parts {
			if item.kind == objectKind && !isSpread(item) {
				bodies = append(bodies, c.body(item, name, item.member))
			}
		}
		return bodies
	case looped || list.kind == loopKind:
		return nil
	}
	const variable = "$item" // cannot be in a file
	item := &expression{kind: nameKind, text: variable, start: list.start, end: list.end}
	member := func(name string) *expression {
		return &expression{kind: safeMemberKind, text: name, parts: []*expression{item}, start: list.start, end: list.end}
	}
	body := c.body(item, name, member)
	none := &expression{kind: arrayKind, start: list.start, end: list.end}
	list = &expression{kind: binaryKind, text: "??", parts: []*expression{list, none}, start: list.start, end: list.end}
	return []*expression{{kind: loopKind, text: variable, parts: []*expression{list, body}, start: list.start, end: list.end}}
}

// body returns the body of a child resource. member returns a member of its item, nil if there is none.
func (c *registeredChildren) body(item, parent *expression, member func(string) *expression) *expression {
	body := &expression{kind: objectKind, start: item.start, end: item.end}
	if name := member("name"); name != nil {
		body.set("name", joined([]*expression{parent, name}))
	}
	properties := item
	if c.properties != nil {
		properties = &expression{kind: objectKind, start: item.start, end: item.end}
		for _, name := range c.properties {
			if value := member(name); value != nil {
				properties.set(name, value)
			}
		}
	}
	body.set("properties", properties)
	if c.condition == "" {
		return body
	}
	if deployed := member(c.condition); deployed != nil {
		if item.kind == nameKind {
			deployed = &expression{
				kind: binaryKind, text: "??", start: item.start, end: item.end,
				parts: []*expression{deployed, {kind: wordKind, text: "true", start: item.start, end: item.end}},
			}
		}
		return conditional(deployed, body)
	}
	return body
}

// conditional returns a body with one more condition.
func conditional(condition, body *expression) *expression {
	if body.kind == conditionKind {
		condition = &expression{
			kind: binaryKind, text: "&&", parts: []*expression{condition, body.parts[0]}, start: condition.start, end: condition.end,
		}
		body = body.parts[1]
	}
	return &expression{kind: conditionKind, parts: []*expression{condition, body}, start: body.start, end: body.end}
}
