package mlpolicy.rules.designer_test

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules.designer as rule

refused[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.designer == false
}

unlisted := {
	"managed-online": "Azure Machine Learning managed online endpoints",
	"kubernetes": "Kubernetes other than AKS",
}

test_unsupported_are_all_targets_but_aks if {
	object.keys(refused) == object.keys(editions["2020-06"].targets) - {"aks"}
	count(refused) == 7
}

test_deny_targets_without_designer_support[target] if {
	some target, name in object.union(refused, unlisted)
	facts := fixture.deployment({"target": target, "workload": "web-service", "designer": true})

	rule.deny == found(name, "2020-06", "Azure Kubernetes Service (AKS)") with input as facts
}

test_deny_web_services_and_modules[workload] if {
	some workload in {"web-service", "iot-module"}
	denied := rule.deny with input as fixture.deployment({"target": "aci", "workload": workload, "designer": true})

	count(denied) == 1
}

test_deny_an_unknown_workload_on_targets_without_batch_scoring[target] if {
	some target, name in object.remove(refused, ["aml-compute"])

	rule.deny == found(name, "2020-06", "Azure Kubernetes Service (AKS)") with input as fixture.deployment({
		"target": target,
		"designer": true,
	})
}

test_allow_an_unknown_workload_on_targets_with_batch_scoring[target] if {
	some target in {"aml-compute", "kubernetes", "managed-online"}

	rule.deny == set() with input as fixture.deployment({"target": target, "designer": true})
}

test_deny_targets_without_designer_support_in_a_later_edition if {
	facts := fixture.under("2020-12", {"target": "local", "designer": true})
	offering := "Azure Container Instances or Azure Kubernetes Service (AKS)"

	rule.deny == found("Local web service", "2020-12", offering) with input as facts
}

test_allow_aks if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "web-service", "designer": true})
}

test_allow_container_instances_from_2020_12_on[edition] if {
	some edition in {"2020-12", "2021-05", "2021-08", "2021-10", "2022-06", "2023-03", "2024-01"}

	rule.deny == set() with input as fixture.under(edition, {"target": "aci", "workload": "web-service", "designer": true})
}

test_allow_any_target_without_a_statement[target] if {
	some target in {"local", "aks", "kubernetes", "functions"}
	facts := fixture.under("2022-06", {"target": target, "workload": "web-service", "designer": true})

	rule.deny == set() with input as facts
}

test_allow_targets_without_a_row_without_the_only_statement if {
	facts := fixture.under("2020-12", {"target": "functions", "workload": "web-service", "designer": true})

	rule.deny == set() with input as facts
}

test_allow_batch_scoring_and_training[workload] if {
	some workload in {"batch-scoring", "training"}

	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": workload, "designer": true})
}

test_allow_other_models if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "web-service", "designer": false})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "designer"}

	rule.deny == set() with input as fixture.deployment(object.remove({"target": "aci", "designer": true}, [absent]))
}

test_allow_without_designer_column[target] if {
	some target in {"aci", "kubernetes"}
	facts := fixture.deployment({"target": target, "workload": "web-service", "designer": true})

	rule.deny == set() with input as facts
		with data.mlpolicy.editions as fixture.without("designer")
}

found(target, edition, offering) := {{
	"path": ["deployments", 0, "target"],
	"message": sprintf(
		"churn is a designer model on %s; in edition %s the designer deploys to %s",
		[target, edition, offering],
	),
}}
