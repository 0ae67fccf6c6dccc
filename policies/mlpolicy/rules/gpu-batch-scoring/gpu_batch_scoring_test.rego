package mlpolicy.rules["gpu-batch-scoring_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["gpu-batch-scoring"] as rule

refused[target] := row.name if {
	some target, row in editions["2020-06"].targets
	not "batch-scoring" in row.gpu
}

unlisted := {
	"managed-online": "Azure Machine Learning managed online endpoints",
	"kubernetes": "Kubernetes other than AKS",
}

test_unsupported_are_all_targets_but_compute_clusters if {
	object.keys(refused) == object.keys(editions["2020-06"].targets) - {"aml-compute"}
	count(refused) == 7
}

test_deny_outside_compute_clusters[target] if {
	some target, name in object.union(refused, unlisted)
	facts := fixture.deployment({"target": target, "workload": "batch-scoring", "gpus": 2})

	rule.deny == found(name, "2020-06", "Machine Learning compute clusters") with input as facts
}

test_deny_kubernetes_whose_gpu_is_for_web_services if {
	facts := fixture.under("2022-06", {"target": "aks", "workload": "batch-scoring", "gpus": 2})
	offering := "Azure Machine Learning compute clusters"

	rule.deny == found("Azure Machine Learning Kubernetes", "2022-06", offering) with input as facts
}

test_allow_compute_clusters if {
	rule.deny == set() with input as fixture.deployment({"target": "aml-compute", "workload": "batch-scoring", "gpus": 4})
}

test_allow_without_the_only_statement[target] if {
	some target in {"local", "aci", "kubernetes", "functions"}

	rule.deny == set() with input as fixture.under("2023-03", {"target": target, "workload": "batch-scoring", "gpus": 1})
}

test_allow_without_gpu if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "batch-scoring", "gpus": 0})
}

test_allow_other_workloads[workload] if {
	some workload in {"web-service", "iot-module", "training"}

	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": workload, "gpus": 1})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload", "gpus"}
	stated := object.remove({"target": "aks", "workload": "batch-scoring", "gpus": 1}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_without_gpu_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "batch-scoring", "gpus": 1})
		with data.mlpolicy.editions as fixture.without("gpu")
}

found(target, edition, offering) := {{
	"path": ["deployments", 0, "gpus"],
	"message": sprintf(
		"churn requests 2 GPUs for batch scoring on %s; edition %s supports this only on %s",
		[target, edition, offering],
	),
}}
