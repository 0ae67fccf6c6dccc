package mlpolicy.history_test

import data.mlpolicy.editions
import data.mlpolicy.history

test_name_the_first_edition_that_lists_it[name] if {
	some name, case in {
		"managed-online": {
			"edition": "2020-06", "target": "managed-online", "workload": "web-service",
			"listing": "2023-03 and later do, with GPU",
		},
		"kubernetes": {
			"edition": "2020-12", "target": "kubernetes", "workload": "web-service",
			"listing": "2021-10 and later do, with GPU",
		},
		"a GPU for another workload": {
			"edition": "2020-06", "target": "kubernetes", "workload": "batch-scoring",
			"listing": "2021-10 and later do",
		},
		"last listed by an earlier edition": {
			"edition": "2024-01", "target": "iot-edge", "workload": "iot-module",
			"listing": "2020-06 did, and no later edition does",
		},
		"listed earlier only": {
			"edition": "2020-12", "target": "iot-edge", "workload": "iot-module",
			"listing": "2020-06 did, and no later edition does",
		},
		"listed by none": {
			"edition": "2020-06", "target": "mainframe", "workload": "web-service",
			"listing": "no later edition does",
		},
	}

	history.listing(case.target, case.workload) == case.listing with input.edition as case.edition
}

test_name_only_editions_that_list_it[name] if {
	kubernetes := {"name": "Kubernetes", "gpu": ["web-service"]}
	some name, case in {
		"one is left": {"rows": [{}, {"kubernetes": kubernetes}], "listing": "2031 does, with GPU"},
		"the last does not": {
			"rows": [{"kubernetes": kubernetes}, {"kubernetes": kubernetes}, {}],
			"listing": "2030 does, with GPU",
		},
		"another of the same day does not": {
			"rows": [{"kubernetes": kubernetes}, {}, {"kubernetes": kubernetes}],
			"dates": ["2030-01-01", "2030-01-01", "2032-01-01"],
			"listing": "2030 does, with GPU",
		},
		"the last without GPU": {
			"rows": [{"kubernetes": kubernetes}, {"kubernetes": {"name": "Kubernetes", "gpu": []}}],
			"listing": "2030 and later do",
		},
	}
	dates := object.get(case, "dates", ["2030-01-01", "2031-01-01", "2032-01-01"])
	later := {id: {"date": dates[i], "targets": rows, "rows_for": {}} |
		some i, rows in case.rows
		id := sprintf("%d", [2030 + i])
	}
	tables := object.union({"2020-06": editions["2020-06"]}, later)

	history.listing("kubernetes", "web-service") == case.listing with input.edition as "2020-06"
		with data.mlpolicy.editions as tables
}

test_name_no_edition_of_the_same_day if {
	twin := object.union(editions["2023-03"], {"date": editions["2020-06"].date})

	history.listing("managed-online", "web-service") == "no later edition does" with input.edition as "2020-06"
		with data.mlpolicy.editions as {"2020-06": editions["2020-06"], "twin": twin}
}
