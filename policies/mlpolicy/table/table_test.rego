package mlpolicy.table_test

import data.mlpolicy.editions
import data.mlpolicy.table

# A loop over an empty table passes without one case: these are the editions and their sizes.
test_editions_and_their_rows if {
	{id: count(edition.targets) | some id, edition in editions} == {
		"2020-06": 8,
		"2020-12": 4,
		"2021-10": 4,
		"2023-03": 5,
		"2026-03": 5,
	}
}

test_rows_have_the_declared_columns[name] if {
	some id, edition in editions
	some target, row in edition.targets
	name := concat("/", [id, target])

	object.keys(row) == {"name", "note"} | {column | some column in edition.columns}
}

test_editions_are_dated_by_their_id[id] if {
	some id, edition in editions

	startswith(edition.date, id)
}

test_targets_are_the_rows_of_the_edition[id] if {
	some id in {"2020-06", "2020-12"}

	table.targets == editions[id].targets with input.edition as id
}

test_merged_targets_have_the_row_that_they_are_part_of if {
	rows := editions["2023-03"].targets

	merged := {"aks": rows.kubernetes, "aml-compute": rows["batch-endpoint"]}

	table.targets == object.union(rows, merged) with input.edition as "2023-03"
}

test_only_is_what_the_edition_says[id] if {
	some id, statements in {
		"2020-06": ["gpu-web-service", "gpu-batch-scoring", "fpga", "designer"],
		"2020-12": ["gpu-web-service", "gpu-batch-scoring", "fpga"],
		"2021-10": ["gpu-web-service", "gpu-batch-scoring"],
		"2023-03": [],
		"2026-03": [],
	}

	table.only == statements with input.edition as id
}

test_training_is_no_inference if table.inference == {"web-service", "batch-scoring", "iot-module"}

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
		"2023-03 web-service": {"kubernetes", "aks", "managed-online"},
		"2023-03 batch-scoring": {"kubernetes", "aks", "batch-endpoint", "aml-compute"},
	}
	[edition, workload] := split(name, " ")

	table.offering_gpu(workload) == case with input.edition as edition
}

test_suited[name] if {
	some name, case in {
		"2020-06 web-service": {"aks", "functions"},
		"2020-06 batch-scoring": {"aml-compute"},
		"2020-06 iot-module": {"iot-edge", "data-box-edge"},
		"2023-03 web-service": {"kubernetes", "aks", "managed-online"},
		"2023-03 iot-module": set(),
	}
	[edition, workload] := split(name, " ")

	table.suited(workload) == case with input.edition as edition
}

test_refused[name] if {
	some name, refused in {
		"2020-06 aci fpga": true,
		"2020-06 aks fpga": false,
		"2020-06 kubernetes fpga": true, # no row, and the edition says only
		"2020-06 aks production": false, # the cell says yes
		"2020-06 kubernetes production": false, # no row, and nothing says only
		"2020-12 functions designer": false,
		"2021-10 aci fpga": false, # no column
	}
	[edition, target, column] := split(name, " ")
	results := {true | table.refused(target, column)} with input.edition as edition

	results == {true | refused == true}
}

# An edition that says "only" of a column without a yes would refuse all targets and name none.
test_refused_needs_a_target_that_is_not if {
	nowhere := json.patch(editions, [
		{"op": "replace", "path": ["2020-06", "targets", "aks", "fpga"], "value": false},
		{"op": "replace", "path": ["2020-06", "targets", "data-box-edge", "fpga"], "value": false},
	])

	not table.refused("kubernetes", "fpga") with input.edition as "2020-06" with data.mlpolicy.editions as nowhere
}

test_name[name] if {
	some name, expected in {
		"2020-06 aml-compute": "Machine Learning compute clusters",
		"2020-12 aml-compute": "Azure Machine Learning compute clusters",
		"2023-03 aml-compute": "Azure Machine Learning batch endpoints",
		"2020-12 functions": "Azure Functions", # as an earlier edition says
		"2020-06 managed-online": "Azure Machine Learning managed online endpoints", # as a later one says
		"2020-06 kubernetes": "Kubernetes other than AKS", # and not as a later one says
		"2021-10 kubernetes": "Azure Machine Learning Kubernetes",
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

test_counted[number] if {
	some number, phrase in {0: "0 GPUs", 1: "1 GPU", 2: "2 GPUs"}

	table.counted(number, "GPU") == phrase
}

test_gb if table.gb(1125354982) == 1.125354982
