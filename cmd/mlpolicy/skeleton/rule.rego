# METADATA
# title: More replicas than we allow
# description: |
#   Why the rule exists.
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   remediation: Reduce the number of replicas to at most 100.
package mlpolicy.rules["RULE"]

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.replicas > 100

	path := ["deployments", i, "replicas"]
	message := sprintf("%s has %v replicas; at most 100 are allowed", [deployment.name, deployment.replicas])
}
