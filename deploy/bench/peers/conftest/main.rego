package main

deny contains msg if {
	input.kind == "Deployment"
	some container in input.spec.template.spec.containers
	container.resources.limits["nvidia.com/gpu"]
	msg := sprintf("%s requests a GPU", [input.metadata.name])
}

deny contains msg if {
	input.kind == "Deployment"
	some container in input.spec.template.spec.containers
	not container.resources.limits.memory
	msg := sprintf("%s has no memory limit", [input.metadata.name])
}
