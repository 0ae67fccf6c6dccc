package mlpolicy.rules.fpga_test

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules.fpga as rule

refused[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.fpga == false
}

unlisted := {
	"managed-online": "Azure Machine Learning managed online endpoints",
	"kubernetes": "Kubernetes other than AKS",
}

test_aks_and_data_box_edge_have_fpga if {
	object.keys(refused) == object.keys(editions["2020-06"].targets) - {"aks", "data-box-edge"}
	count(refused) == 6
}

test_deny_targets_without_fpga[target] if {
	some target, name in object.union(refused, unlisted)
	facts := fixture.deployment({"target": target, "workload": "web-service", "fpgas": 2})

	rule.deny == found(name, "2020-06", "Azure Data Box Edge or Azure Kubernetes Service (AKS)") with input as facts
}

test_deny_targets_that_lost_their_row if {
	facts := fixture.under("2020-12", {"target": "data-box-edge", "workload": "iot-module", "fpgas": 2})

	rule.deny == found("Azure Data Box Edge", "2020-12", "Azure Kubernetes Service (AKS)") with input as facts
}

test_deny_any_inference[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}
	denied := rule.deny with input as fixture.deployment({"target": "aci", "workload": workload, "fpgas": 1})

	count(denied) == 1
}

test_allow_targets_with_fpga[target] if {
	some target in {"aks", "data-box-edge"}

	rule.deny == set() with input as fixture.deployment({"target": target, "workload": "web-service", "fpgas": 1})
}

test_allow_training if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "training", "fpgas": 1})
}

test_allow_without_fpga if {
	rule.deny == set() with input as fixture.deployment({"target": "aci", "workload": "web-service", "fpgas": 0})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload", "fpgas"}
	stated := object.remove({"target": "aci", "workload": "web-service", "fpgas": 1}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_under_editions_without_fpga_column[name] if {
	some edition in {"2022-06", "2023-03", "2024-01"}
	some target in {"aci", "data-box-edge"}
	name := concat("/", [edition, target])

	facts := fixture.under(edition, {"target": target, "workload": "iot-module", "fpgas": 1})

	rule.deny == set() with input as facts
}

test_allow_without_fpga_column[target] if {
	some target in {"aci", "kubernetes"}

	facts := fixture.deployment({"target": target, "workload": "iot-module", "fpgas": 1})

	rule.deny == set() with input as facts
		with data.mlpolicy.editions as fixture.without("fpga")
}

found(target, edition, offering) := {{
	"path": ["deployments", 0, "fpgas"],
	"message": sprintf("churn requests 2 FPGAs on %s; edition %s supports FPGA on %s", [target, edition, offering]),
}}
