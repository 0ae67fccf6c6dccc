package mlpolicy.rules["gpu-web-service_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["gpu-web-service"] as rule

# The cases come from the table, so a target with a new row is covered at once.
refused[target] := row if {
	some target, row in editions["2020-06"].targets
	not "web-service" in row.gpu
}

test_unsupported_are_all_targets_but_aks if {
	object.keys(refused) == object.keys(editions["2020-06"].targets) - {"aks"}
	count(refused) == 7
}

test_deny_targets_without_web_service_in_the_gpu_cell[target] if {
	some target, row in refused
	facts := fixture.deployment({"target": target, "workload": "web-service", "gpus": 2})
	described := concat(" ", [row.name, object.get(quoted, target, "")])

	rule.deny == found(trim_space(described), "2020-06", "Azure Kubernetes Service (AKS)") with input as facts
}

# The message contains only the part of the note about CPUs or acceleration.
quoted := {
	"aci": "(for low-scale CPU-based workloads)",
	"local": "(hardware acceleration depends on the libraries of the local system)",
}

test_deny_targets_without_a_row[target] if {
	some target, name in {
		"managed-online": "Azure Machine Learning managed online endpoints",
		"kubernetes": "Kubernetes other than AKS",
	}
	facts := fixture.deployment({"target": target, "workload": "web-service", "gpus": 2})

	rule.deny == found(name, "2020-06", "Azure Kubernetes Service (AKS)") with input as facts
}

test_deny_only_cpu_targets_without_the_only_statement[target] if {
	some target in {"local", "aci", "managed-online", "aks", "kubernetes", "aml-compute", "functions"}
	denied := rule.deny with input as fixture.under("2023-03", {"target": target, "workload": "web-service", "gpus": 2})

	denied == {finding | some finding in not_only; target == "aci"}
}

not_only := found(
	"Azure Container Instances (for low-scale CPU-based workloads)",
	"2023-03",
	"Azure Machine Learning Kubernetes or Azure Machine Learning managed online endpoints",
)

test_message_of_a_row_without_a_note if {
	facts := fixture.deployment({"target": "aci", "workload": "web-service", "gpus": 2})

	rule.deny == found("Azure Container Instances", "2020-06", "Azure Kubernetes Service (AKS)") with input as facts
		with data.mlpolicy.editions as fixture.without("note")
}

test_allow_aks if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "web-service", "gpus": 4})
}

test_allow_aks_in_the_row_of_kubernetes if {
	rule.deny == set() with input as fixture.under("2022-06", {"target": "aks", "workload": "web-service", "gpus": 4})
}

test_allow_without_gpu if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "web-service", "gpus": 0})
}

test_allow_other_workloads[workload] if {
	some workload in {"batch-scoring", "iot-module", "training"}

	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": workload, "gpus": 1})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload", "gpus"}
	stated := object.remove({"target": "aci", "workload": "web-service", "gpus": 1}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_without_gpu_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "web-service", "gpus": 1})
		with data.mlpolicy.editions as fixture.without("gpu")
}

found(target, edition, offering) := {{
	"path": ["deployments", 0, "gpus"],
	"message": sprintf(
		"churn requests 2 GPUs on %s; edition %s supports GPU for web services on %s",
		[target, edition, offering],
	),
}}
