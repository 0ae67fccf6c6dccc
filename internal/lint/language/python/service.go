package python

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// service returns the v1 document of a service that a call deploys.
func (b *builder) service(o *object) *source.Node {
	config := b.argument(o, "deployment_config", 0)
	switch target := b.argument(o, "deployment_target", 0); {
	case config != nil && config.kind == objectValue && config.object.construct.role == configures:
		return b.serviceOf(o, nil, config.object)
	case config != nil && config.kind != nullValue:
		return b.serviceOf(o, b.unknown(config), nil)
	case target != nil && target.kind != nullValue:
		return b.serviceOf(o, b.unknown(target), nil) // the kind of the compute decides
	}
	return b.serviceOf(o, b.word(o.callee(), source.String, "ACI"), nil) // the SDK's default
}

// serviceOf returns the v1 document of a service with a configuration, or without one on a kind of compute. The call deploys it or
// is the configuration itself.
func (b *builder) serviceOf(o *object, kind *source.Node, config *object) *source.Node {
	var first, properties []source.Member
	if config != nil {
		kind = b.word(config.callee(), source.String, config.construct.target)
		properties = b.configuration(config)
		if tags := b.argument(config, "tags", 0); tags != nil && tags.kind == dictValue {
			first = append(first, b.member("tags", b.node(tags)))
		}
	}
	first = append(first, b.member("type", b.word(o.callee(), source.String, "Microsoft.MachineLearningServices/workspaces/services")))
	properties = append(properties, b.member("computeType", kind))
	if o.construct.role == deploys {
		if name := b.argument(o, "name", 0); name != nil && (name.kind == textValue || name.symbol != "") {
			first = append(first, b.member("name", b.node(name)))
		}
		if name := b.linked(o, "deployment_target"); name != nil {
			properties = append(properties, b.member("computeName", b.node(name)))
		}
	}
	properties = append(properties, b.container(o)...)
	return b.group(o.at, append(first, b.member("properties", b.group(o.at, properties...)))...)
}

// configuration returns the properties that a configuration sets.
func (b *builder) configuration(config *object) []source.Member {
	var properties []source.Member
	if requirements := b.members(config); len(requirements) > 0 {
		properties = append(properties, b.member("containerResourceRequirements", b.group(config.at, requirements...)))
	}
	for _, m := range []member{{"gpu_cores", "gpuCores", scalarForm}, {"num_replicas", "numReplicas", scalarForm}} {
		if v := b.argument(config, m.argument, 0); v != nil {
			properties = append(properties, b.member(m.key, b.formed(v, m)))
		}
	}
	if v := b.argument(config, "autoscale_enabled", 0); v != nil {
		scaler := b.group(v.at, b.member("autoscaleEnabled", b.formed(v, member{form: scalarForm})))
		properties = append(properties, b.member("autoScaler", scaler))
	}
	if name := b.argument(config, "compute_target_name", 0); name != nil && (name.kind == textValue || name.symbol != "") {
		properties = append(properties, b.member("computeName", b.node(name)))
	}
	return properties
}

// linked returns the name of what an argument refers to, nil if it is not known.
func (b *builder) linked(o *object, argument string) *value {
	v := b.argument(o, argument, 0)
	switch {
	case v == nil:
		return nil
	case v.kind == objectValue:
		return named(b.nameOf([]*object{v.object}, v.at, 0))
	case v.kind == unknownValue && v.at.From > o.at.From: // an expression in the call
		return named(b.nameOf(b.objectsIn(v.at, 0), v.at, 0))
	}
	return nil
}

// named returns a name that is known or has a symbol, else nil.
func named(name *value) *value {
	if name.kind == textValue || name.symbol != "" {
		return name
	}
	return nil
}

// container returns the properties with the models and the image of a service.
func (b *builder) container(o *object) []source.Member {
	var models []*source.Node
	config := o
	for _, argument := range []string{"inference_config", "image_config", "image"} {
		if v := b.argument(o, argument, 0); v != nil && v.kind == objectValue && v.object.construct.role == infers {
			config = v.object
		}
	}
	if further := b.argument(config, "image_config", 0); config != o && further != nil && further.kind == objectValue { // an image made of it
		models = b.models(config)
		config = further.object
	}
	if o.construct.role == deploys {
		models = append(models, b.models(o)...)
	}
	where := b.span(o.at)
	request := b.group(o.at, b.member("models", b.file.Sequence(models, where.Start, where.End)))
	properties := []source.Member{b.member("environmentImageRequest", request)}
	if config.construct.role == infers {
		properties = append(properties, b.member("inferenceConfig", b.inference(config)))
	}
	return properties
}

// inference returns an inference configuration.
func (b *builder) inference(config *object) *source.Node {
	var members []source.Member
	for _, m := range config.construct.members {
		v := b.argument(config, m.argument, 0)
		switch {
		case v == nil:
		case m.argument == "environment":
			if v.kind == objectValue && strings.HasPrefix(v.object.construct.name, "Environment") {
				members = append(members, b.member("environment", b.mapping(v.object)))
				if file := b.argument(v.object, "file_path", 0); file != nil {
					members = append(members, b.member("condaFile", b.formed(file, member{form: scalarForm})))
				}
			}
		case m.argument == "conda_file":
			if file := b.condaFile(config, v); file != nil {
				members = append(members, b.member("condaFile", file))
			}
		default:
			members = append(members, b.member(m.key, b.formed(v, m)))
		}
	}
	return b.group(config.at, members...)
}

// condaFile returns the path of a conda file, which is relative to the folder of the source.
func (b *builder) condaFile(config *object, file *value) *source.Node {
	folder := b.argument(config, "source_directory", 0)
	switch {
	case file.kind != textValue:
		return nil
	case folder == nil, folder.kind == nullValue:
		return b.node(file)
	case folder.kind == textValue:
		return b.word(file.at, source.String, path.Join(folder.text, file.text))
	}
	return nil
}

// models returns the models of a service that are known.
func (b *builder) models(o *object) []*source.Node {
	var models []*source.Node
	for _, argument := range []string{"models", "model_paths"} {
		list := b.argument(o, argument, 0)
		if list == nil || list.kind != listValue {
			continue
		}
		for _, item := range list.items {
			if model := b.model(item); model != nil {
				models = append(models, model)
			}
		}
	}
	return models
}

// model returns a model of a service, nil if it is not known.
func (b *builder) model(v *value) *source.Node {
	if v.kind == textValue {
		return b.group(v.at, b.member("path", b.node(v)))
	}
	if v.kind != objectValue {
		return nil
	}
	o := v.object
	switch {
	case o.construct.role == registers:
		return b.mapping(o, b.requirements(o)...)
	case o.construct.name != "Model":
		return nil
	}
	var members []source.Member
	for _, key := range []string{"name", "version"} {
		if v := b.argument(o, key, 0); v != nil && (v.kind == textValue || v.kind == numberValue) {
			members = append(members, b.member(key, b.node(v)))
		}
	}
	if id := b.argument(o, "id", 0); len(members) == 0 && id != nil && id.kind == textValue {
		name, version, _ := strings.Cut(id.text, ":")
		members = append(members, b.member("name", b.word(id.at, source.String, name)))
		if version != "" {
			members = append(members, b.member("version", b.word(id.at, source.String, version)))
		}
	}
	return b.group(o.at, members...)
}

// requirements returns the resources with which a model is registered.
func (b *builder) requirements(o *object) []source.Member {
	v := b.argument(o, "resource_configuration", 0)
	if v == nil || v.kind != objectValue || v.object.construct.role != detail {
		return nil
	}
	return []source.Member{b.member("resourceRequirements", b.mapping(v.object))}
}

// compute returns the v1 document of a compute with a configuration. The call creates it or is the configuration itself.
func (b *builder) compute(o, config *object) *source.Node {
	class, _, _ := strings.Cut(config.construct.name, ".")
	members := b.members(config)
	if o != config {
		if name := b.argument(o, "name", 0); name != nil && (name.kind == textValue || name.symbol != "") {
			members = append(members, b.member("name", b.node(name)))
		}
	}
	return b.group(o.at,
		b.member("COMPUTE_TYPE", b.word(config.callee(), source.String, class)),
		b.member("COMPUTE_CONFIG", b.group(config.at, members...)))
}

// step returns the v1 document of a pipeline with a step that runs in parallel, which may train or score.
func (b *builder) step(o *object) *source.Node {
	step := b.group(o.at, b.member("parallel_run_step", b.group(o.at)))
	steps := b.group(o.at, b.member("ParallelRunConfig", step))
	members := []source.Member{b.member("steps", steps)}
	name := b.linked(o, "compute_target")
	if v := b.argument(o, "compute_target", 0); name == nil && v != nil {
		name = named(v) // a text, too
	}
	if name != nil {
		members = append(members, b.member("default_compute", b.node(name)))
	}
	return b.group(o.at, b.member("pipeline", b.group(o.at, members...)))
}
