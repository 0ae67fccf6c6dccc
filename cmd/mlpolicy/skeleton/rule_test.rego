package mlpolicy.rules["RULE_test"]

import data.mlpolicy.rules["RULE"] as rule

facts(known) := {
	"edition": "2020-06",
	"deployments": [object.union({"name": "churn", "format": "test"}, known)],
	"computes": [],
}

test_deny_more_than_the_limit if {
	rule.deny == {{
		"path": ["deployments", 0, "replicas"],
		"message": "churn has 101 replicas; at most 100 are allowed",
	}} with input as facts({"replicas": 101})
}

test_allow_the_limit if {
	rule.deny == set() with input as facts({"replicas": 100})
}

test_allow_an_unknown_number if {
	rule.deny == set() with input as facts({})
}
