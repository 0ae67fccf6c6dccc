package mlpolicy.rules["edge-delivery_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["edge-delivery"] as rule

via := {target: row.via | some target, row in editions["2020-06"].targets}

test_data_box_edge_requires_delivery_via_iot_edge if {
	{target: way | some target, way in via; way != ""} == {"data-box-edge": "iot-edge"}
}

test_deny_another_delivery_method if {
	rule.deny == {{
		"path": ["deployments", 0, "delivery"],
		"message": "churn is delivered to Azure Data Box Edge by ssh; edition 2020-06 requires delivery via iot-edge",
	}} with input as fixture.deployment({"target": "data-box-edge", "delivery": "ssh"})
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}
	facts := fixture.deployment({"target": "data-box-edge", "workload": workload, "delivery": "ssh"})
	denied := rule.deny with input as facts

	count(denied) == 1
}

test_allow_the_delivery_method_of_the_table if {
	rule.deny == set() with input as fixture.deployment({"target": "data-box-edge", "delivery": "iot-edge"})
}

test_allow_any_delivery_method_to_other_targets[target] if {
	some target, "" in via

	rule.deny == set() with input as fixture.deployment({"target": target, "delivery": "ssh"})
}

test_allow_training if {
	facts := fixture.deployment({"target": "data-box-edge", "workload": "training", "delivery": "ssh"})

	rule.deny == set() with input as facts
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "delivery"}
	stated := object.remove({"target": "data-box-edge", "delivery": "ssh"}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "delivery": "ssh"})
}

test_allow_without_via_column if {
	rule.deny == set() with input as fixture.deployment({"target": "data-box-edge", "delivery": "ssh"})
		with data.mlpolicy.editions as fixture.without("via")
}
