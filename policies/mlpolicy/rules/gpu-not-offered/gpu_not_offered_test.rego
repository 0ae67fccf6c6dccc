package mlpolicy.rules["gpu-not-offered_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["gpu-not-offered"] as rule

blank[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.gpu == []
	row.cpu_only == false # the others are reported by cpu-only
}

test_blank_are_the_edge_targets_among_others if {
	object.keys(blank) == {"local", "compute-instance", "functions", "iot-edge", "data-box-edge"}
}

test_deny_where_the_gpu_cell_is_blank[target] if {
	some target, name in blank

	rule.deny == {{
		"path": ["deployments", 0, "gpus"],
		"message": sprintf("churn requests 2 GPUs as an IoT module on %s, which offers no GPU", [name]),
	}} with input as fixture.deployment({"target": target, "workload": "iot-module", "gpus": 2})
}

test_allow_where_the_gpu_cell_is_not_blank_or_for_the_cpu[target] if {
	some target in {"aks", "aml-compute", "aci"}

	rule.deny == set() with input as fixture.deployment({"target": target, "workload": "iot-module", "gpus": 1})
}

test_allow_without_gpu if {
	rule.deny == set() with input as fixture.deployment({"target": "iot-edge", "workload": "iot-module", "gpus": 0})
}

test_allow_other_workloads[workload] if {
	some workload in {"web-service", "batch-scoring", "training"}

	rule.deny == set() with input as fixture.deployment({"target": "iot-edge", "workload": workload, "gpus": 1})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "workload", "gpus"}
	stated := object.remove({"target": "iot-edge", "workload": "iot-module", "gpus": 1}, [absent])

	rule.deny == set() with input as fixture.deployment(stated)
}

test_allow_targets_without_a_row if {
	rule.deny == set() with input as fixture.deployment({"target": "kubernetes", "workload": "iot-module", "gpus": 1})
}

test_allow_without_gpu_column if {
	rule.deny == set() with input as fixture.deployment({"target": "iot-edge", "workload": "iot-module", "gpus": 1})
		with data.mlpolicy.editions as fixture.without("gpu")
}
