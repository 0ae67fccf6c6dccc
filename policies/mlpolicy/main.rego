# METADATA
# title: The findings of all rules
# description: |
#   The one package that Go queries. It gathers what every rule denies and names the rule after
#   the package that says so: a rule never spells its own ID.
package mlpolicy

# METADATA
# description: Every answer of every rule to the facts in input.
# entrypoint: true
# schemas:
#   - input: schema.facts
findings contains {"rule": rule, "denied": denied} if {
	some rule
	some denied in data.mlpolicy.rules[rule].deny
}
