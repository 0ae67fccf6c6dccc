package mlpolicy.rules["preview-target_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["preview-target"] as rule

previews[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.preview == true
}

test_functions_and_iot_edge_are_previews if object.keys(previews) == {"functions", "iot-edge"}

test_deny_a_preview[name] if {
	some target, row_name in previews
	some workload in {"web-service", "batch-scoring", "iot-module"}
	name := concat("/", [target, workload])

	rule.deny == {{
		"path": ["deployments", 0, "target"],
		"message": sprintf(
			"churn runs on %s, which is in preview",
			[row_name],
		),
	}} with input as fixture.deployment({"target": target, "workload": workload})
}

test_allow_other_targets[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.preview == false}

	rule.deny == set() with input as fixture.deployment({"target": target, "workload": "web-service"})
}

test_allow_training if {
	rule.deny == set() with input as fixture.deployment({"target": "functions", "workload": "training"})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload"}
	stated := object.remove({"target": "functions", "workload": "web-service"}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "workload": "web-service"})
}

test_allow_without_preview_column if {
	rule.deny == set() with input as fixture.deployment({"target": "functions", "workload": "web-service"})
		with data.mlpolicy.editions as fixture.without("preview")
}
