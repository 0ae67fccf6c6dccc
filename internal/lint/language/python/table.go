package python

import (
	"slices"
	"strings"
)

// The modules of both versions of the SDK.
const (
	v1Module = "azureml"
	v2Module = "azure.ai.ml"
)

// role is what a call of the table is for.
type role uint8

const (
	detail       role = iota // an argument of others
	asset                    // v2: a document that others refer to, and an argument of others
	resource                 // v2: a document of its own
	configures               // v1: the configuration of a service
	provisions               // v1: the configuration of a compute
	creates                  // v1: gives a compute its name and its configuration
	deploys                  // v1: a service
	looksUp                  // v1: something that exists, which has a name to link by
	registers                // v1: a model, whose files are in the project
	infers                   // v1: what is in the container of a service
	parallelizes             // v1: a step of a pipeline
)

// construct is a call that the SDK's classes answer.
type construct struct {
	name       string // of the class, and of its method
	role       role
	schema     string   // of the v2 document
	positional []string // the parameters that can be given by position, in order
	members    []member // of the v2 mapping, or of the details of a v1 document
	target     string   // v1: the computeType of a service
}

// member is an argument that becomes a member of a mapping.
type member struct {
	argument, key string
	form          form
}

// form is what an argument can be.
type form uint8

const (
	scalarForm  form = iota
	mappingForm      // a dict
	objectForm       // an object of the table
	assetForm        // a text that refers to an asset, or the asset
	anyForm          // a text or a collection
)

// nameArgument returns the argument that has the name of what a call makes or looks up.
func (c *construct) nameArgument() string {
	switch {
	case c.role == registers:
		return "model_name"
	case c.role == creates, c.role == looksUp, c.role == asset, c.role == resource:
		return "name"
	}
	return ""
}

// constructOf returns the call of a path such as azureml.core.Model.deploy, nil for any other.
func constructOf(path string) *construct {
	table, rest := tableOf(path)
	if table == nil {
		return nil
	}
	last := strings.LastIndexByte(rest, '.')
	class := rest[last+1:]
	if method := class; last > 0 {
		before := strings.LastIndexByte(rest[:last], '.')
		if found := entry(table, rest[before+1:last]+"."+method); found != nil {
			return found
		}
		if owner := rest[before+1 : last]; owner != strings.ToLower(owner) {
			return nil // in a class
		}
	}
	return entry(table, class)
}

func entry(table []construct, name string) *construct {
	at := slices.IndexFunc(table, func(c construct) bool { return c.name == name })
	if at < 0 {
		return nil
	}
	return &table[at]
}

// tableOf returns the calls of the SDK to which a path belongs, and the path without the SDK's module.
func tableOf(path string) (table []construct, rest string) {
	if rest, ok := strings.CutPrefix(path, v2Module+"."); ok {
		return v2Table(), rest
	}
	if rest, ok := strings.CutPrefix(path, v1Module+"."); ok {
		return v1Table(), rest
	}
	return nil, ""
}

// constantOf returns the text of a constant of the SDK, empty for any other path.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.aks.akscompute.clusterpurpose
func constantOf(path string) string {
	if !strings.HasPrefix(path, v1Module+".") {
		return ""
	}
	switch {
	case strings.HasSuffix(path, ".ClusterPurpose.DEV_TEST"):
		return "DevTest"
	case strings.HasSuffix(path, ".ClusterPurpose.FAST_PROD"):
		return "FastProd"
	case strings.HasSuffix(path, ".ClusterPurpose.DENSE_PROD"):
		return "DenseProd"
	}
	return ""
}

// scalars are arguments that become members of the same name.
func scalars(names ...string) []member {
	var members []member
	for _, name := range names {
		members = append(members, member{name, name, scalarForm})
	}
	return members
}
