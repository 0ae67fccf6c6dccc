package mlpolicy.table_test

import data.mlpolicy.editions
import data.mlpolicy.table

# Asserts that the editions exist, because a loop over an empty table passes without cases.
test_editions_and_their_rows if {
	rows := {
		"2020-06": 8,
		"2020-12": 4,
		"2021-05": 4,
		"2021-08": 4,
		"2021-10": 5,
		"2022-06": 4,
		"2023-03": 5,
		"2024-01": 5,
	}
	rows == {id: count(editions[id].targets) | some id, _ in rows}
}

test_rows_have_the_declared_columns[name] if {
	some id, edition in editions
	some target, row in edition.targets
	name := concat("/", [id, target])

	object.keys(row) - {"note"} == {"name"} | {column | some column in edition.columns}
}

test_editions_are_dated_by_their_id[id] if {
	some id, edition in editions

	startswith(edition.date, id)
}

test_targets_are_the_rows_of_the_edition[id] if {
	some id in {"2020-06", "2020-12", "2021-05", "2021-08", "2021-10"}

	table.targets == editions[id].targets with input.edition as id
}

test_merged_targets_have_the_merged_row if {
	rows := editions["2023-03"].targets

	merged := {"aks": rows.kubernetes, "aml-compute": rows["batch-endpoint"]}

	table.targets == object.union(rows, merged) with input.edition as "2023-03"
}

test_only_lists_the_statements_of_the_edition[id] if {
	some id, statements in {
		"2020-06": ["gpu-web-service", "gpu-batch-scoring", "fpga", "designer"],
		"2020-12": ["gpu-web-service", "gpu-batch-scoring", "fpga"],
		"2021-05": ["gpu-web-service", "gpu-batch-scoring", "fpga"],
		"2021-08": ["gpu-web-service", "gpu-batch-scoring", "fpga"],
		"2021-10": ["gpu-web-service", "gpu-batch-scoring", "fpga"],
		"2022-06": ["gpu-web-service", "gpu-batch-scoring"],
		"2023-03": [],
		"2024-01": [],
	}

	table.only == statements with input.edition as id
}

test_training_is_not_inference if table.inference == {"web-service", "batch-scoring", "iot-module"}

test_offering[column] if {
	some column, targets in {
		"production": {"aks", "aml-compute", "functions", "iot-edge", "data-box-edge"},
		"preview": {"functions", "iot-edge"},
		"cpu_only": {"aci"},
		"fpga": {"aks", "data-box-edge"},
		"designer": {"aks"},
		"low_priority": {"aml-compute"},
		"no such column": set(),
	}

	table.offering(column) == targets with input.edition as "2020-06"
}

test_offering_gpu[name] if {
	some name, case in {
		"2020-06 web-service": {"aks"},
		"2020-06 batch-scoring": {"aml-compute"},
		"2020-06 iot-module": set(),
		"2021-10 web-service": {"kubernetes", "aks"},
		"2021-10 batch-scoring": {"aml-compute"},
		"2022-06 web-service": {"kubernetes", "aks"},
		"2024-01 batch-scoring": {"kubernetes", "aks", "batch-endpoint", "aml-compute"},
		"2023-03 web-service": {"kubernetes", "aks", "managed-online"},
		"2023-03 batch-scoring": {"kubernetes", "aks", "batch-endpoint", "aml-compute"},
	}
	[edition, workload] := split(name, " ")

	table.offering_gpu(workload) == case with input.edition as edition
}

# The facts of a deployment; the workload may be "unknown".
stated(target, workload) := {"target": target, "workload": workload} if workload != "unknown"

stated(target, "unknown") := {"target": target}

test_gpu_rule[name] if {
	some name, expected in {
		"2020-06 aci web-service": "gpu-web-service",
		"2020-06 aci batch-scoring": "gpu-batch-scoring",
		"2020-06 aci iot-module": "cpu-only",
		"2020-06 aci unknown": "cpu-only",
		"2020-06 aci training": "none",
		"2020-06 aks web-service": "none",
		"2020-06 aks batch-scoring": "gpu-batch-scoring",
		"2020-06 aml-compute batch-scoring": "none",
		"2020-06 aml-compute web-service": "gpu-web-service",
		"2020-06 aml-compute iot-module": "none", # the cell is not blank
		"2020-06 local iot-module": "gpu-not-offered",
		"2020-06 local unknown": "none",
		"2020-06 local training": "none",
		"2020-06 kubernetes web-service": "gpu-web-service", # no row, and an "only" statement
		"2020-06 kubernetes batch-scoring": "gpu-batch-scoring",
		"2020-06 kubernetes iot-module": "none",
		"2020-06 kubernetes unknown": "none",
		"2023-03 aci web-service": "gpu-web-service",
		"2023-03 aci batch-scoring": "cpu-only",
		"2023-03 aci iot-module": "cpu-only",
		"2023-03 local web-service": "none",
		"2023-03 functions web-service": "none",
		"2023-03 functions batch-scoring": "none",
	}
	[edition, target, workload] := split(name, " ")
	rules := {rule | rule := table.gpu_rule(stated(target, workload))} with input.edition as edition

	rules == {expected} - {"none"}
}

test_gpu_rule_needs_a_target[workload] if {
	some workload in {"web-service", "batch-scoring", "iot-module"}

	not table.gpu_rule({"workload": workload}) with input.edition as "2020-06"
}

# An "only" statement without GPU on any target would exclude all targets and name none.
test_gpu_rule_needs_a_target_that_offers_it[workload] if {
	some workload in {"web-service", "batch-scoring"}
	nowhere := json.patch(editions, [{"op": "replace", "path": ["2020-06", "targets", target, "gpu"], "value": []} |
		some target in ["aks", "aml-compute"]
	])

	not table.gpu_rule({"target": "functions", "workload": workload}) with input.edition as "2020-06"
		with data.mlpolicy.editions as nowhere
}

test_served[name] if {
	some name, expected in {
		"aci web-service": true,
		"aml-compute web-service": true,
		"aml-compute iot-module": true,
		"aci batch-scoring": false,
		"aci training": false,
		"aci unknown": true,
		"aml-compute unknown": false,
		"kubernetes unknown": false, # no row
		"kubernetes web-service": true,
	}
	[target, workload] := split(name, " ")
	results := {true | table.served(stated(target, workload))} with input.edition as "2020-06"

	results == {true | expected == true}
}

# Cells of one row that differ by version of the API.
split_cells := json.patch(editions, [
	{"op": "replace", "path": ["2020-06", "targets", "aks", "used_for"], "value": {
		"v1": ["web-service"],
		"v2": ["batch-scoring", "web-service"],
	}},
	{"op": "replace", "path": ["2020-06", "targets", "aks", "gpu"], "value": {"v1": [], "v2": ["web-service"]}},
])

test_row_is_that_of_the_version_of_the_api[api] if {
	some api, cells in {
		"v1": {"used_for": ["web-service"], "gpu": []},
		"v2": {"used_for": ["web-service", "batch-scoring"], "gpu": ["web-service"]},
		"": {"used_for": ["web-service", "batch-scoring"], "gpu": ["web-service"]},
	}
	deployment := object.union({"target": "aks"}, {"api": api | api != ""})
	row := table.row(deployment) with input.edition as "2020-06" with data.mlpolicy.editions as split_cells

	row == object.union(editions["2020-06"].targets.aks, cells)
}

test_row_with_one_cell_that_differs[name] if {
	some column in ["used_for", "gpu"]
	some api, workloads in {"v1": [], "v2": ["web-service"], "": ["web-service"]}
	name := concat("/", [column, api])
	tables := json.patch(editions, [{
		"op": "replace",
		"path": ["2020-06", "targets", "aks", column],
		"value": {"v1": [], "v2": ["web-service"]},
	}])
	deployment := object.union({"target": "aks"}, {"api": api | api != ""})
	row := table.row(deployment) with input.edition as "2020-06" with data.mlpolicy.editions as tables

	row == object.union(editions["2020-06"].targets.aks, {column: workloads})
}

test_targets_have_the_workloads_of_both_versions if {
	rows := table.targets with input.edition as "2020-06" with data.mlpolicy.editions as split_cells

	rows.aks.used_for == ["web-service", "batch-scoring"]
	object.remove(rows, ["aks"]) == object.remove(editions["2020-06"].targets, ["aks"])
}

test_rows_of_2024_01_differ_by_version_of_the_api[api] if {
	some api, workloads in {
		"v1": ["web-service"],
		"v2": ["web-service", "batch-scoring"],
		"": ["web-service", "batch-scoring"],
	}
	deployment := object.union({"target": "aks"}, {"api": api | api != ""})
	row := table.row(deployment) with input.edition as "2024-01"

	[row.used_for, row.gpu] == [workloads, workloads]
}

test_largest_memory[name] if {
	some name, case in {
		"request": {"facts": {"memory_gib": 4}, "largest": ["memory_gib", 4]},
		"limit": {"facts": {"memory_gib": 4, "memory_limit_gib": 8}, "largest": ["memory_limit_gib", 8]},
		"limit below": {"facts": {"memory_gib": 4, "memory_limit_gib": 2}, "largest": ["memory_gib", 4]},
		"other bounds": {"facts": {"memory_gib": 4, "lower_bounds": ["gpus"]}, "largest": ["memory_gib", 4]},
	}

	table.largest_memory(case.facts) == case.largest
}

test_largest_memory_is_unknown[name] if {
	some name, facts in {
		"nothing": {},
		"request": {"memory_gib": 4, "memory_limit_gib": 8, "lower_bounds": ["memory_gib"]},
		"limit": {"memory_gib": 4, "memory_limit_gib": 8, "lower_bounds": ["memory_limit_gib"]},
	}

	not table.largest_memory(facts)
}

test_stage_of_the_compute_if_the_deployment_has_none if {
	table.stage({"stage": "production", "compute": {"stage": "development"}}) == "production"
	table.stage({"compute": {"stage": "development"}}) == "development"
	not table.stage({"compute": {}})
}

test_several_nodes[fact] if {
	some fact, case in {
		"nodes": {"compute": {"nodes": 2, "max_nodes": 3, "min_nodes": 4}, "phrase": "2 nodes"},
		"max_nodes": {"compute": {"nodes": 1, "max_nodes": 3, "min_nodes": 2}, "phrase": "up to 3 nodes"},
		"min_nodes": {"compute": {"min_nodes": 2}, "phrase": "at least 2 nodes"},
	}

	table.several_nodes(case.compute) == [fact, case.phrase]
}

test_one_node_is_not_several[name] if {
	some name, compute in {"one": {"nodes": 1}, "at most one": {"min_nodes": 0, "max_nodes": 1}, "unknown": {}}

	not table.several_nodes(compute)
}

test_quoted[target] if {
	some target, phrase in {
		"aks": "Azure Kubernetes Service (AKS)",
		"aci": "Azure Container Instances (for low-scale CPU-based workloads)",
		"local": "Local web service (hardware acceleration depends on the libraries of the local system)",
		"kubernetes": "Kubernetes other than AKS",
	}

	table.quoted(target) == phrase with input.edition as "2020-06"
}

test_gib if table.gib(48.42877388000488) == 48.43

test_gib_differ_when_printed[name] if {
	some name, case in {
		"far apart": [4, 6, 4, 6],
		"two decimals": [48.42877388000488, 48, 48.43, 48],
		"three decimals": [48.001, 48, 48.001, 48],
		"just below": [2.791, 2.7939677238464355, 2.791, 2.794],
		"a byte apart": [48.000000000931323, 48, 48.000000001, 48],
		"equal": [2.7939677238464355, 2.7939677238464355, 2.79, 2.79],
	}

	table.gib_apart(case[0], case[1]) == [case[2], case[3]]
}

test_unsupported[name] if {
	some name, unsupported in {
		"2020-06 aci fpga": true,
		"2020-06 aks fpga": false,
		"2020-06 kubernetes fpga": true, # no row, and an "only" statement
		"2020-06 aks production": false, # the cell is true
		"2020-06 kubernetes production": false, # no row, and no "only" statement
		"2020-12 functions designer": false,
		"2021-10 kubernetes fpga": true, # N/A
		"2022-06 aci fpga": false, # no column
	}
	[edition, target, column] := split(name, " ")
	results := {true | table.unsupported(target, column)} with input.edition as edition

	results == {true | unsupported == true}
}

# An "only" statement on a column without a true cell would exclude all targets and name none.
test_unsupported_requires_a_target_with_support if {
	nowhere := json.patch(editions, [
		{"op": "replace", "path": ["2020-06", "targets", "aks", "fpga"], "value": false},
		{"op": "replace", "path": ["2020-06", "targets", "data-box-edge", "fpga"], "value": false},
	])

	not table.unsupported("kubernetes", "fpga") with input.edition as "2020-06" with data.mlpolicy.editions as nowhere
}

test_name[name] if {
	some name, expected in {
		"2020-06 aml-compute": "Machine Learning compute clusters",
		"2020-12 aml-compute": "Azure Machine Learning compute clusters",
		"2023-03 aml-compute": "Azure Machine Learning batch endpoints",
		"2020-12 functions": "Azure Functions", # the name in an earlier edition
		"2020-06 managed-online": "Azure Machine Learning managed online endpoints", # the name in a later edition
		"2020-06 kubernetes": "Kubernetes other than AKS", # not the name in a later edition
		"2021-10 kubernetes": "Azure Arc enabled Kubernetes",
		"2022-06 kubernetes": "Azure Machine Learning Kubernetes",
		"2020-06 batch-endpoint": "Azure Machine Learning batch endpoints",
		"2020-06 mainframe": "mainframe",
	}
	[edition, target] := split(name, " ")

	table.name(target) == expected with input.edition as edition
}

test_phrase_names_a_shared_row_once if {
	phrase := table.phrase({"aks", "kubernetes", "local"}) with input.edition as "2023-03"

	phrase == "Azure Machine Learning Kubernetes or Local web service"
}

test_phrase_of_no_target if table.phrase(set()) == "another target"

test_devices[phrase] if {
	some phrase, deployment in {
		"1 GPU": {"gpus": 1},
		"2 GPUs": {"gpus": 2, "lower_bounds": ["memory_gib"]},
		"at least 1 GPU": {"gpus": 1, "lower_bounds": ["gpus"]},
		"at least 2 GPUs": {"gpus": 2, "lower_bounds": ["gpus", "memory_gib"]},
	}

	table.devices(deployment, "gpus", "GPU") == phrase
}

test_counted[number] if {
	some number, phrase in {0: "0 GPUs", 1: "1 GPU", 2: "2 GPUs"}

	table.counted(number, "GPU") == phrase
}

test_gb if table.gb(1125354982) == 1.125354982
