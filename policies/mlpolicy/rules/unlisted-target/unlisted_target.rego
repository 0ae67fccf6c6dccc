# METADATA
# title: Target that the edition does not list
# description: |
#   An edition says nothing of targets that it has no row for, so next to nothing can be checked there. A
#   later edition may list the target; choosing it is choosing all that it says.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Choose an edition that lists the target (edition in the configuration, or --edition).
package mlpolicy.rules["unlisted-target"]

import data.mlpolicy.editions
import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	rows := table.targets
	some i, deployment in input.deployments
	target := deployment.target
	not rows[target]
	deployment.workload in table.inference

	path := ["deployments", i, "target"]
	message := sprintf("%s runs on %s, which edition %s does not list; %s", [
		deployment.name,
		table.name(target),
		input.edition,
		advice(target, deployment.workload),
	])
}

advice(target, workload) := sprintf("%s %s: set edition: %s", [id, says(editions[id], target, workload), id]) if {
	[_, id] := min(listing(target))
}

advice(target, _) := "no later edition does: deploy to a target that it lists" if count(listing(target)) == 0

# The later editions with a row for target, as [date, id].
listing(target) := {[edition.date, id] |
	some id, edition in editions
	edition.date > editions[input.edition].date
	table.rows(edition)[target]
}

says(edition, target, workload) := "does, with GPU" if {
	workload in table.rows(edition)[target].gpu
} else := "does"
