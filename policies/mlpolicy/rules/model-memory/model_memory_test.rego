package mlpolicy.rules["model-memory_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["model-memory"] as rule

# A deployment that violates the rule. Tests change one fact at a time. 150 % of the model are 6 GiB.
small := {
	"target": "aks",
	"memory_gib": 4,
	"models": [{"size_bytes": 4294967296}],
}

# The editions with the recommendation.
advising := {id | some id, edition in editions; "ram_percent" in edition.columns}

test_the_recommendation_is_150_percent_and_not_in_the_first_edition if {
	{row.ram_percent | some id in advising; some row in editions[id].targets} == {150}
	not "2020-06" in advising
}

test_deny_less_than_the_share[edition] if {
	some edition in advising

	rule.deny == found("4", "memory_gib", edition) with input as fixture.under(edition, small)
}

test_deny_by_the_larger_of_request_and_limit if {
	facts := fixture.under("2020-12", object.union(small, {"memory_limit_gib": 5.5}))

	rule.deny == found("5.5", "memory_limit_gib", "2020-12") with input as facts
}

test_deny_by_the_sum_of_the_models if {
	facts := fixture.under("2020-12", object.union(small, {"models": [
		{"size_bytes": 3000000000},
		{"name": "of unknown size"},
		{"size_bytes": 1294967296},
	]}))

	rule.deny == found("4", "memory_gib", "2020-12") with input as facts
}

test_deny_a_little_less_than_the_share if {
	facts := fixture.under("2020-12", object.union(small, {"memory_gib": 5.9999}))

	rule.deny == found("5.9999", "memory_gib", "2020-12") with input as facts
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}
	facts := fixture.under("2020-12", object.union(small, {"workload": workload}))

	rule.deny == found("4", "memory_gib", "2020-12") with input as facts
}

test_deny_where_another_fact_is_a_lower_bound if {
	facts := fixture.under("2020-12", object.union(small, {"lower_bounds": ["gpus"]}))

	rule.deny == found("4", "memory_gib", "2020-12") with input as facts
}

test_allow_one_change[name] if {
	some name, change in {
		"enough": [{"op": "replace", "path": "memory_gib", "value": 6}],
		"a limit that is enough": [{"op": "add", "path": "memory_limit_gib", "value": 6}],
		"at least that memory": [{"op": "add", "path": "lower_bounds", "value": ["memory_gib"]}],
		"a limit that is not known exactly": [
			{"op": "add", "path": "memory_limit_gib", "value": 5},
			{"op": "add", "path": "lower_bounds", "value": ["memory_limit_gib"]},
		],
		"memory unknown": [{"op": "remove", "path": "memory_gib"}],
		"size unknown": [{"op": "replace", "path": "models", "value": [{"name": "churn"}]}],
		"models unknown": [{"op": "remove", "path": "models"}],
		"training": [{"op": "add", "path": "workload", "value": "training"}],
		"target unknown": [{"op": "remove", "path": "target"}],
		"no row": [{"op": "replace", "path": "target", "value": "functions"}],
	}

	rule.deny == set() with input as fixture.under("2020-12", json.patch(small, change))
}

test_allow_editions_without_the_column if {
	rule.deny == set() with input as fixture.deployment(small)
}

found(memory, fact, edition) := {{
	"path": ["deployments", 0, fact],
	"message": sprintf(
		"churn has %s GiB of memory for a model of 4.294967296 GB; edition %s recommends 150 %%, which is 6 GiB",
		[memory, edition],
	),
}}
