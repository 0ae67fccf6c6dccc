package mlpolicy.rules.memory_test

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules.memory as rule

# The cases come from the table, so a target with a new limit is covered at once.
limits := {[edition, target]: row.memory.below_gib |
	some edition, table in editions
	some target, row in table.targets
}

test_container_instances_are_limited_in_every_edition if {
	limits == {[edition, "aci"]: 48 | some edition, table in editions; "memory" in table.columns}
	count(limits) > 0
}

test_deny_at_the_limit_and_above[name] if {
	some [edition, target], limit in limits
	some memory in {limit, limit + 0.5, 4096}
	name := sprintf("%s/%s/%v", [edition, target, memory])

	rule.deny == {{
		"path": ["deployments", 0, "memory_gib"],
		"message": sprintf(
			"churn requests %v GiB of memory on %s, which allows less than %v GiB",
			[memory, editions[edition].targets[target].name, limit],
		),
	}} with input as fixture.under(edition, {"target": target, "memory_gib": memory})
}

test_message_is_rounded[name] if {
	some name, case in {
		"52 GB": {"memory": 48.42877388000488, "limit": 48, "says": ["48.43", "48"]},
		"the limit too": {"memory": 47.006, "limit": 47.0051, "says": ["47.006", "47.005"]},
		"one decimal": {"memory": 64.5, "limit": 48, "says": ["64.5", "48"]},
		"nearly the limit": {"memory": 48.001, "limit": 48, "says": ["48.001", "48"]},
	}
	row := {"name": "ACI", "memory": {"below_gib": case.limit}}
	message := sprintf(
		"churn requests %s GiB of memory on ACI, which allows less than %s GiB",
		case.says,
	)

	rule.deny == {{"path": ["deployments", 0, "memory_gib"], "message": message}}
		with input as fixture.deployment({"target": "aci", "memory_gib": case.memory})
		with data.mlpolicy.editions as {"2020-06": {"targets": {"aci": row}, "rows_for": {}}}
}

test_allow_just_below_the_limit[name] if {
	some [edition, target], limit in limits
	name := concat("/", [edition, target])

	rule.deny == set() with input as fixture.under(edition, {"target": target, "memory_gib": limit - 0.001})
}

test_allow_any_memory_without_a_limit[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.memory == {}}

	rule.deny == set() with input as fixture.deployment({"target": target, "memory_gib": 4096})
}

test_deny_whatever_the_workload[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module", "training"}
	denied := rule.deny with input as fixture.deployment({"target": "aci", "workload": workload, "memory_gib": 48})

	count(denied) == 1
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "memory_gib"}

	rule.deny == set() with input as fixture.deployment(object.remove({"target": "aci", "memory_gib": 64}, [absent]))
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "memory_gib": 4096})
}

test_allow_without_memory_column if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "memory_gib": 64})
		with data.mlpolicy.editions as fixture.without("memory")
}
