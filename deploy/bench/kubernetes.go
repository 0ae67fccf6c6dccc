//go:build unix

package main

import "fmt"

// deployment is a Deployment of about 790 bytes in YAML. One in a hundred requests a GPU on a node of Azure Container
// Instances, which is a finding.
func (t *tree) deployment(number int) object {
	name := t.name(number)
	labels := of("app.kubernetes.io/name", name, "app.kubernetes.io/part-of", pick(t, "risk", "sales", "search"))
	resources := of(
		"requests", of("cpu", pick(t, "500m", "1", "250m"), "memory", pick(t, "1Gi", "2Gi", "512Mi")),
		"limits", of("cpu", "2", "memory", pick(t, "4Gi", "8Gi")),
	)
	selector := of("kubernetes.azure.com/agentpool", "scoring")
	if number%100 == 0 {
		selector = of("type", "virtual-kubelet")
		resources[1].value = append(resources[1].value.(object), field{"nvidia.com/gpu", 1})
	}
	return of(
		"apiVersion", "apps/v1",
		"kind", "Deployment",
		"metadata", of("name", name, "namespace", "scoring", "labels", labels),
		"spec", of(
			"replicas", 1+t.IntN(5),
			"selector", of("matchLabels", of("app.kubernetes.io/name", name)),
			"template", of(
				"metadata", of("labels", labels),
				"spec", of(
					"nodeSelector", selector,
					"containers", list{of(
						"name", "server",
						"image", fmt.Sprintf("registry.example.com/%s:1.%d.%d", name, t.IntN(9), t.IntN(30)),
						"ports", list{of("containerPort", 8080)},
						"resources", resources,
					)},
				),
			),
		),
	)
}

// other is an object of a kind without pods of about 400 bytes in YAML.
func (t *tree) other(number int) object {
	name := t.name(number)
	metadata := of("name", name, "namespace", "scoring", "labels", of("app.kubernetes.io/name", name, "app.kubernetes.io/managed-by", "Helm"))
	switch number % 5 {
	case 0:
		return of("apiVersion", "v1", "kind", "Service", "metadata", metadata, "spec", of(
			"type", "ClusterIP",
			"selector", of("app.kubernetes.io/name", name),
			"ports", list{of("name", "http", "port", 80, "targetPort", 8080, "protocol", "TCP"), of("name", "metrics", "port", 9090, "targetPort", 9090, "protocol", "TCP")},
		))
	case 1:
		return of("apiVersion", "v1", "kind", "Secret", "metadata", metadata, "type", "Opaque", "data", of(
			"password", "c3VwZXJzZWNyZXQ=", "token", fmt.Sprintf("%064x", t.Uint64()), "user", "c2NvcmVy", "endpoint", "aHR0cHM6Ly9leGFtcGxlLmNvbS9zY29yZQ==",
		))
	case 2:
		return of("apiVersion", "rbac.authorization.k8s.io/v1", "kind", "Role", "metadata", metadata, "rules", list{
			of("apiGroups", list{"apps"}, "resources", list{"deployments", "replicasets"}, "verbs", list{"get", "list", "watch"}),
			of("apiGroups", list{"batch"}, "resources", list{"jobs"}, "verbs", list{"get", "create"}),
		})
	case 3:
		return of("apiVersion", "networking.k8s.io/v1", "kind", "NetworkPolicy", "metadata", metadata, "spec", of(
			"podSelector", of("matchLabels", of("app.kubernetes.io/name", name)),
			"ingress", list{of("from", list{of("namespaceSelector", of("matchLabels", of("team", "risk")))}, "ports", list{of("protocol", "TCP", "port", 8080)})},
		))
	}
	return of("apiVersion", "v1", "kind", "ConfigMap", "metadata", metadata, "data", of(
		"settings.ini", "[server]\nport = 8080\nworkers = 4\n\n[model]\npath = /models/"+name+"\n",
		"level", pick(t, "info", "debug", "warning"), "note", t.prose(12)+": see \"Operations\"\n",
	))
}

// mixed is a Deployment, once in ten, or another object.
func (t *tree) mixed(number int) object {
	if number%10 == 0 {
		return t.deployment(number)
	}
	return t.other(number)
}

// live adds to an object what the API server adds.
func (t *tree) live(o object) object {
	for i := range o {
		if o[i].key == "metadata" {
			o[i].value = append(o[i].value.(object), of("uid", fmt.Sprintf("%08x-6393-11e8-b7cc-42010a800002", t.Uint32()), "generation", 1)...)
		}
	}
	return o
}

// customResourceDefinition has a schema with a pod template, of about 400 KB in YAML. Its text has the markers of
// workloads.
func (t *tree) customResourceDefinition(number int) object {
	kind := fmt.Sprintf("%s%d", pick(t, "InferenceService", "ServingRuntime", "TrainedModel", "InferenceGraph"), number)
	var versions list
	for _, version := range []string{"v1alpha1", "v1beta1"} {
		versions = append(versions, of("name", version, "served", true, "storage", version == "v1beta1",
			"schema", of("openAPIV3Schema", of("type", "object", "properties", of(
				"apiVersion", of("type", "string"), "kind", of("type", "string"), "metadata", of("type", "object"),
				"spec", t.schema(4),
			)))))
	}
	return of(
		"apiVersion", "apiextensions.k8s.io/v1",
		"kind", "CustomResourceDefinition",
		"metadata", of("name", fmt.Sprintf("inferenceservices%d.serving.kserve.io", number), "annotations", of("controller-gen.kubebuilder.io/version", "v0.16.2")),
		"spec", of("group", "serving.kserve.io", "names", of("kind", kind, "plural", "inferenceservices", "singular", "inferenceservice"), "scope", "Namespaced", "versions", versions),
	)
}

// schema is the schema of a mapping with some levels of properties.
func (t *tree) schema(depth int) object {
	properties := object{}
	for i, name := range []string{"containers", "image", "resources", "limits", "tolerations", "volumes"} {
		property := of("type", pick(t, "string", "integer", "boolean"))
		if i == 5 { // KServe leaves most descriptions out
			property = of("description", t.prose(12), "type", "array", "items", of("type", "string"), "x-kubernetes-list-type", "atomic")
		}
		switch {
		case depth > 0 && i < 3:
			property = of("type", "array", "items", t.schema(depth-1))
		case i == 3:
			property = of("additionalProperties", of("anyOf", list{of("type", "integer"), of("type", "string")}, "x-kubernetes-int-or-string", true), "type", "object")
		}
		properties = append(properties, field{name, property})
	}
	return of("properties", properties, "required", list{"image"}, "type", "object")
}

// inferenceService is an InferenceService with a model server.
func (t *tree) inferenceService(number int) object {
	return of(
		"apiVersion", "serving.kserve.io/v1beta1",
		"kind", "InferenceService",
		"metadata", of("name", t.name(number)),
		"spec", of("predictor", of("minReplicas", 1, "model", of(
			"modelFormat", of("name", pick(t, "sklearn", "huggingface", "onnx")),
			"storageUri", fmt.Sprintf("gs://models/%d", number),
			"resources", of("limits", of("cpu", "4", "memory", "8Gi", "nvidia.com/gpu", t.IntN(2))),
		))),
	)
}
