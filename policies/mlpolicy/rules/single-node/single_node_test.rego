package mlpolicy.rules["single-node_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["single-node"] as rule

advice[target] := row.single_node_for if {
	some target, row in editions["2020-06"].targets
	row.single_node_for != {}
}

# A deployment that violates the rule. Tests change one fact at a time.
large := {
	"target": "aks",
	"stage": "development",
	"models": [{"size_bytes": 1000000000}],
	"compute": {"nodes": 3},
}

test_the_recommendation_is_for_development_on_aks if {
	advice == {"aks": {"stage": "development", "model_from_bytes": 1000000000}}
}

test_deny_several_nodes[fact] if {
	some fact, compute in {
		"nodes": {"nodes": 2},
		"max_nodes": {"min_nodes": 0, "max_nodes": 2},
		"min_nodes": {"min_nodes": 2},
	}
	phrase := {"nodes": "2 nodes", "max_nodes": "up to 2 nodes", "min_nodes": "at least 2 nodes"}
	facts := fixture.deployment(json.patch(large, [{"op": "replace", "path": "compute", "value": compute}]))

	rule.deny == found("1", phrase[fact], fact) with input as facts
}

test_deny_one_node_that_may_become_several if {
	facts := fixture.deployment(json.patch(large, [
		{"op": "replace", "path": "compute", "value": {"nodes": 1, "min_nodes": 1, "max_nodes": 5}},
	]))

	rule.deny == found("1", "up to 5 nodes", "max_nodes") with input as facts
}

test_deny_once if {
	facts := fixture.deployment(json.patch(large, [{"op": "add", "path": "compute/min_nodes", "value": 2}]))

	rule.deny == found("1", "3 nodes", "nodes") with input as facts
}

test_deny_by_the_largest_model if {
	rule.deny == found("1.4", "3 nodes", "nodes") with input as fixture.deployment(json.patch(large, [
		{"op": "replace", "path": "models", "value": [
			{"size_bytes": 5},
			{"size_bytes": 1400000000},
			{"name": "of unknown size"},
			{"size_bytes": 1100000000},
		]},
	]))
}

test_deny_at_the_stage_of_the_cluster if {
	rule.deny == found("1", "3 nodes", "nodes") with input as fixture.deployment(json.patch(large, [
		{"op": "remove", "path": "stage"},
		{"op": "add", "path": "compute/stage", "value": "development"},
	]))
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}

	rule.deny == found("1", "3 nodes", "nodes") with input as fixture.deployment(object.union(large, {"workload": workload}))
}

test_allow_one_change[name] if {
	some name, change in {
		"one node": [{"op": "replace", "path": "compute/nodes", "value": 1}],
		"at least one node": [{"op": "replace", "path": "compute", "value": {"min_nodes": 1}}],
		"one node at most": [{"op": "replace", "path": "compute", "value": {"min_nodes": 0, "max_nodes": 1}}],
		"nodes unknown": [{"op": "replace", "path": "compute", "value": {"vm_size": "Standard_D3_v2"}}],
		"compute unknown": [{"op": "remove", "path": "compute"}],
		"a small model": [{"op": "replace", "path": "models", "value": [{"size_bytes": 999999999}]}],
		"size unknown": [{"op": "replace", "path": "models", "value": [{"name": "churn"}]}],
		"models unknown": [{"op": "remove", "path": "models"}],
		"production": [{"op": "replace", "path": "stage", "value": "production"}],
		"production on a cluster for tests": [
			{"op": "replace", "path": "stage", "value": "production"},
			{"op": "add", "path": "compute/stage", "value": "development"},
		],
		"stage unknown": [{"op": "remove", "path": "stage"}],
		"training": [{"op": "add", "path": "workload", "value": "training"}],
		"target unknown": [{"op": "remove", "path": "target"}],
		"no row": [{"op": "replace", "path": "target", "value": "kubernetes"}],
		"no advice": [{"op": "replace", "path": "target", "value": "aml-compute"}],
	}

	rule.deny == set() with input as fixture.deployment(json.patch(large, change))
}

test_allow_without_single_node_for_column if {
	rule.deny == set() with input as fixture.deployment(large)
		with data.mlpolicy.editions as fixture.without("single_node_for")
}

found(gigabytes, nodes, fact) := {{
	"path": ["deployments", 0, "compute", fact],
	"message": sprintf(
		concat("", [
			"churn serves a model of %s GB in development on %s of Azure Kubernetes Service (AKS); ",
			"edition 2020-06 recommends a single node for models of 1 GB or more",
		]),
		[gigabytes, nodes],
	),
}}
