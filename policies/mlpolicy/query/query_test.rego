package mlpolicy.query_test

import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.query

# The name of a rule is the last part of its package. The findings of all rules are included.
test_findings_name_their_rules if {
	facts := fixture.deployment({"target": "aci", "memory_gib": 64, "gpus": 1})
	findings := query.findings with input as facts

	{finding.rule | some finding in findings} == {"cpu-only", "memory"}
	findings == {{"rule": rule, "denied": denied} |
		some rule in ["cpu-only", "memory"]
		some denied in data.mlpolicy.rules[rule].deny with input as facts
	}
}

test_no_findings_without_facts if {
	facts := {"edition": "2020-06", "deployments": [], "computes": []}

	query.findings == set() with input as facts
	query.problems == set() with input as facts
}

test_computes_may_be_absent if {
	facts := {"edition": "2020-06", "deployments": []}

	query.findings == set() with input as facts
	query.problems == set() with input as facts
}

test_problems[name] if {
	some name, case in {
		"no edition": {
			"input": {"deployments": []},
			"problem": concat("", ["input.edition is missing; editions are ", known]),
		},
		"unknown edition": {
			"input": {"edition": "2021-99", "deployments": []},
			"problem": concat("", ["unknown edition 2021-99; editions are ", known]),
		},
		"edition that is a number": {
			"input": {"edition": 2020, "deployments": []},
			"problem": concat("", ["unknown edition 2020; editions are ", known]),
		},
		"no deployments": {
			"input": {"edition": "2020-06", "computes": []},
			"problem": `input.deployments is missing or not a list: the input must be what "mlpolicy facts" prints`,
		},
		"deployments that are a mapping": {
			"input": {"edition": "2020-06", "deployments": {"a": {}}},
			"problem": `input.deployments is missing or not a list: the input must be what "mlpolicy facts" prints`,
		},
		"computes that are a mapping": {
			"input": {"edition": "2020-06", "deployments": [], "computes": {}},
			"problem": `input.computes is not a list: the input must be what "mlpolicy facts" prints`,
		},
	}

	query.problems == {case.problem} with input as case.input
	not query.findings with input as case.input
}

test_problems_of_another_document if {
	problems := query.problems with input as {"computeType": "ACI"}

	count(problems) == 2
	not query.findings with input as {"computeType": "ACI"}
}

test_problem_of_rules_without_data if {
	query.problems == {"data.mlpolicy.editions is missing: load the bundle's data beside its rules"} with input as {"edition": "2020-06", "deployments": []}
		with data.mlpolicy.editions as {}
}

known := concat(", ", object.keys(data.mlpolicy.editions))
