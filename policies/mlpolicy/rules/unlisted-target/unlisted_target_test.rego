package mlpolicy.rules["unlisted-target_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["unlisted-target"] as rule

test_deny_and_name_editions_that_list_it[name] if {
	some name, case in {
		"managed-online": {
			"edition": "2020-06",
			"facts": {"target": "managed-online", "workload": "web-service"},
			"message": concat("", [
				"churn runs on Azure Machine Learning managed online endpoints, which edition 2020-06 does not list; ",
				"2023-03 and later do, with GPU",
			]),
		},
		"last listed by an earlier edition": {
			"edition": "2024-01",
			"facts": {"target": "iot-edge", "workload": "iot-module"},
			"message": concat("", [
				"churn runs on Azure IoT Edge, which edition 2024-01 does not list; ",
				"2020-06 did, and no later edition does",
			]),
		},
	}

	rule.deny == found(case.message) with input as fixture.under(case.edition, case.facts)
}

test_deny_an_id_that_no_edition_has_a_name_for if {
	rule.deny == found(concat("", [
		"churn runs on managed-online, which edition 2020-06 does not list; ",
		"no later edition does",
	])) with input as fixture.deployment({"target": "managed-online", "workload": "web-service"})
		with data.mlpolicy.editions as {"2020-06": editions["2020-06"]}
}

test_allow_listed_targets[name] if {
	some edition, table in editions
	some target, _ in table.targets
	name := concat("/", [edition, target])

	rule.deny == set() with input as fixture.under(edition, {"target": target, "workload": "web-service"})
}

test_some_targets_are_listed if count(editions["2020-06"].targets) == 8

test_allow_targets_in_a_merged_row[name] if {
	some edition in {"2023-03", "2024-01"}
	some target in {"aks", "aml-compute"}
	name := concat("/", [edition, target])

	rule.deny == set() with input as fixture.under(edition, {"target": target, "workload": "batch-scoring"})
}

test_allow_training if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "workload": "training"})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload"}
	stated := object.remove({"target": "kubernetes", "workload": "web-service"}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_under_an_edition_that_does_not_exist if {
	rule.deny == set() with input as fixture.under("1999-01", {"target": "aks", "workload": "web-service"})
}

found(message) := {{"path": ["deployments", 0, "target"], "message": message}}
