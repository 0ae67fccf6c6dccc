package mlpolicy.rules["cpu-only_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["cpu-only"] as rule

# The editions in which Container Instances are for CPU-based workloads.
for_the_cpu := {edition | some edition, table in editions; table.targets.aci.cpu_only}

test_deny_gpu_on_a_cpu_only_target[edition] if {
	some edition in for_the_cpu

	rule.deny == {{
		"path": ["deployments", 0, "gpus"],
		"message": "churn requests 2 GPUs on Azure Container Instances, which is for CPU-based workloads",
	}} with input as fixture.under(edition, {"target": "aci", "gpus": 2})
}

test_deny_a_lower_bound if {
	rule.deny == {{
		"path": ["deployments", 0, "gpus"],
		"message": "churn requests at least 2 GPUs on Azure Container Instances, which is for CPU-based workloads",
	}} with input as fixture.deployment({"target": "aci", "gpus": 2, "lower_bounds": ["gpus"]})
}

test_some_editions_have_a_cpu_only_target if {
	count(for_the_cpu) > 0
}

test_allow_targets_that_are_not_cpu_only[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.cpu_only == false}

	rule.deny == set() with input as fixture.deployment({"target": target, "gpus": 1})
}

test_one_target_is_cpu_only if {
	{target | some target, row in editions["2020-06"].targets; row.cpu_only == true} == {"aci"}
}

test_allow_without_gpu if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "gpus": 0})
}

test_deny_inference_that_no_other_rule_covers[name] if {
	some edition in for_the_cpu
	some workload in {"batch-scoring", "iot-module"}
	not sprintf("gpu-%s", [workload]) in editions[edition].only
	name := concat("/", [edition, workload])
	denied := rule.deny with input as fixture.under(edition, {"target": "aci", "workload": workload, "gpus": 1})

	count(denied) == 1
}

test_allow_gpus_that_another_rule_covers[workload] if {
	some workload in {"web-service", "batch-scoring"}

	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": workload, "gpus": 1})
}

test_allow_training[edition] if {
	some edition, _ in editions

	rule.deny == set() with input as fixture.under(edition, {"target": "aci", "workload": "training", "gpus": 1})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "gpus"}

	rule.deny == set() with input as fixture.deployment(object.remove({"target": "aci", "gpus": 1}, [absent]))
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "gpus": 1})
}

test_allow_without_cpu_only_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "gpus": 1})
		with data.mlpolicy.editions as fixture.without("cpu_only")
}
