package mlpolicy.rules.workload_test

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules.workload as rule

inference := {"web-service", "batch-scoring", "iot-module"}

mismatches := {[target, workload] |
	some target, row in editions["2020-06"].targets
	some workload in inference
	not workload in row.used_for
}

test_every_target_has_two_mismatches if {
	count(mismatches) == 2 * count(editions["2020-06"].targets)
	["aks", "batch-scoring"] in mismatches
	["aml-compute", "web-service"] in mismatches
}

test_deny_a_mismatch[name] if {
	some [target, workload] in mismatches
	row := editions["2020-06"].targets[target]
	name := concat("/", [target, workload])

	rule.deny == {{
		"path": ["deployments", 0, "target"],
		"message": sprintf("churn runs the workload %s on %s, which is for %s", [workload, row.name, row.used_for[0]]),
	}} with input as fixture.deployment({"target": target, "workload": workload})
}

test_message_names_both_uses_of_a_merged_row if {
	rule.deny == {{
		"path": ["deployments", 0, "target"],
		"message": concat("", [
			"churn runs the workload iot-module on Azure Machine Learning Kubernetes, ",
			"which is for web-service and batch-scoring",
		]),
	}} with input as fixture.under("2022-06", {"target": "aks", "workload": "iot-module"})
}

test_allow_workloads_of_the_target[name] if {
	some target, row in editions["2020-06"].targets
	some workload in row.used_for
	name := concat("/", [target, workload])

	rule.deny == set() with input as fixture.deployment({"target": target, "workload": workload})
}

test_allow_batch_scoring_on_kubernetes_from_2022_06_on[name] if {
	some edition in {"2022-06", "2023-03", "2024-01"}
	some target in {"aks", "kubernetes"}
	name := concat("/", [edition, target])

	rule.deny == set() with input as fixture.under(edition, {"target": target, "workload": "batch-scoring"})
}

test_deny_batch_scoring_by_version_of_the_api[api] if {
	some api, findings in {"v1": 1, "v2": 0}
	denied := rule.deny with input as fixture.under("2024-01", {
		"target": "kubernetes",
		"workload": "batch-scoring",
		"api": api,
	})

	count(denied) == findings
}

test_allow_training if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "training"})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload"}
	stated := object.remove({"target": "aks", "workload": "batch-scoring"}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "workload": "iot-module"})
}

test_allow_without_used_for_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "batch-scoring"})
		with data.mlpolicy.editions as fixture.without("used_for")
}
