package mlpolicy.rules["model-size_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["model-size"] as rule

limits := {[edition, target]: row.model.below_bytes |
	some edition, table in editions
	some target, row in table.targets
}

test_container_instances_are_limited_in_every_edition if {
	limits == {[edition, "aci"]: 1000000000 | some edition, table in editions; "model" in table.columns}
	count(limits) > 0
}

test_deny_at_the_limit[name] if {
	some [edition, target], limit in limits
	name := concat("/", [edition, target])
	facts := fixture.under(edition, {"target": target, "models": [{"size_bytes": limit}]})

	rule.deny == found(0, "1", editions[edition].targets[target].name) with input as facts
}

test_allow_one_byte_below_the_limit[name] if {
	some [edition, target], limit in limits
	name := concat("/", [edition, target])

	rule.deny == set() with input as fixture.under(edition, {"target": target, "models": [{"size_bytes": limit - 1}]})
}

test_deny_each_large_model if {
	sizes := [1400000000, 900000000, 1125354982]
	facts := fixture.deployment({"target": "aci", "models": [{"size_bytes": size} | some size in sizes]})
	target := "Azure Container Instances"

	rule.deny == found(0, "1.4", target) | found(2, "1.125354982", target) with input as facts
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}
	facts := fixture.deployment({"target": "aci", "workload": workload, "models": [{"size_bytes": 2000000000}]})

	rule.deny == found(0, "2", "Azure Container Instances") with input as facts
}

test_allow_training if {
	facts := fixture.deployment({"target": "aci", "workload": "training", "models": [{"size_bytes": 2000000000}]})

	rule.deny == set() with input as facts
}

test_allow_any_size_without_a_limit[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.model == {}}

	rule.deny == set() with input as fixture.deployment({"target": target, "models": [{"size_bytes": 70000000000}]})
}

test_allow_unknown_facts[name] if {
	some name, stated in {
		"size": {"target": "aci", "models": [{"name": "churn"}]},
		"models": {"target": "aci"},
		"target": {"models": [{"size_bytes": 2000000000}]},
	}

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "models": [{"size_bytes": 2000000000}]})
}

test_allow_without_model_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "models": [{"size_bytes": 2000000000}]})
		with data.mlpolicy.editions as fixture.without("model")
}

found(index, gigabytes, target) := {{
	"path": ["deployments", 0, "models", index, "size_bytes"],
	"message": sprintf(
		"churn serves a model of %s GB on %s, which allows less than 1 GB",
		[gigabytes, target],
	),
}}
