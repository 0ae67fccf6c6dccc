# METADATA
# title: The question to all rules
# description: |
#   For plain OPA and what builds on it; mlpolicy itself asks each rule by name. A rule never spells its own
#   ID: it is the last part of the rule's package.
# schemas:
#   - input: schema.facts
package mlpolicy.query

# METADATA
# description: |
#   Every answer of every rule to the facts in input, with the rule's ID; undefined while there are problems, so
#   that what could not be asked does not look like what has no findings.
# entrypoint: true
findings := {{"rule": rule, "denied": denied} |
	some rule
	some denied in data.mlpolicy.rules[rule].deny
} if {
	count(problems) == 0
}

# METADATA
# description: Why the rules cannot be asked, a sentence each; empty where they can.
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

# Defaults, since a function of what is undefined is undefined, and its negation too.
default edition := null

edition := input.edition

default unknown := "input.edition is missing"

unknown := sprintf("unknown edition %v", [input.edition])

default deployments := null

deployments := input.deployments

computes := input.computes
