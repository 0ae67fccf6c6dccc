package mlpolicy.rules["production-target_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["production-target"] as rule

# The targets for testing, in every edition.
testing := {[edition, target]: row.name |
	some edition, table in editions
	some target, row in table.targets
	row.production == false
}

test_container_instances_are_for_testing_in_all_editions_but_one if {
	listing := {edition | some edition, table in editions; "production" in object.keys(table.targets.aci)}

	# The text of May 2021 mentions neither testing nor development for Container Instances.
	{edition | some [edition, "aci"], _ in testing} == listing - {"2021-05"}
	{target | some ["2020-06", target], _ in testing} == {"local", "compute-instance", "aci"}
}

test_deny_production_on_a_target_for_testing[name] if {
	some [edition, target], row_name in testing
	name := concat("/", [edition, target])
	facts := fixture.under(edition, {"target": target, "workload": "web-service", "stage": "production"})

	rule.deny == found(row_name) with input as facts
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}
	facts := fixture.deployment({"target": "aci", "workload": workload, "stage": "production"})

	rule.deny == found("Azure Container Instances") with input as facts
}

test_allow_targets_for_production[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.production == true}
	facts := fixture.deployment({"target": target, "workload": "web-service", "stage": "production"})

	rule.deny == set() with input as facts
}

test_allow_development if {
	facts := fixture.deployment({"target": "aci", "workload": "web-service", "stage": "development"})

	rule.deny == set() with input as facts
}

test_allow_training if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "training", "stage": "production"})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload", "stage"}
	stated := object.remove({"target": "aci", "workload": "web-service", "stage": "production"}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	facts := fixture.deployment({"target": "kubernetes", "workload": "web-service", "stage": "production"})

	rule.deny == set() with input as facts
}

test_allow_without_production_column if {
	facts := fixture.deployment({"target": "aci", "workload": "web-service", "stage": "production"})

	rule.deny == set() with input as facts
		with data.mlpolicy.editions as fixture.without("production")
}

found(target) := {{
	"path": ["deployments", 0, "target"],
	"message": sprintf("churn is in production on %s, which is for testing and development only", [target]),
}}
