# METADATA
# title: The query of all rules
# description: |
#   For plain OPA and tools that are based on it. mlpolicy itself queries each rule by name. The ID of a rule is
#   the last part of its package.
# schemas:
#   - input: schema.facts
package mlpolicy.query

# METADATA
# description: |
#   Every result of every rule for the facts in input, with the rule's ID. Undefined if there are problems, so
#   that an invalid query does not look like one without findings.
# entrypoint: true
findings := {{"rule": rule, "denied": denied} |
	some rule
	some denied in data.mlpolicy.rules[rule].deny
} if {
	count(problems) == 0
}

# METADATA
# description: The reasons why the rules cannot be evaluated, one sentence each; empty if they can.
# entrypoint: true
problems contains "data.mlpolicy.editions is missing: load the bundle's data beside its rules" if not loaded

problems contains sprintf("%s; editions are %s", [unknown, concat(", ", sort(ids))]) if {
	loaded
	ids := object.keys(editions)
	not edition in ids
}

problems contains `input.deployments is missing or not a list: the input must be what "mlpolicy facts" prints` if {
	not is_array(deployments)
}

problems contains `input.computes is not a list: the input must be what "mlpolicy facts" prints` if not is_array(computes)

editions := data.mlpolicy.editions

loaded if some _ in editions

# Defaults, because a function of an undefined value is undefined, and so is its negation.
default edition := null

edition := input.edition

default unknown := "input.edition is missing"

unknown := sprintf("unknown edition %v", [input.edition])

default deployments := null

deployments := input.deployments

computes := input.computes
