# METADATA
# title: Target that the edition does not list
# description: |
#   An edition says nothing of targets that it has no row for, so next to nothing can be checked there. A
#   later edition may list the target; choosing it (edition in the configuration, or --edition) is choosing
#   all that it says.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Deploy to a target that the edition lists.
#   elsewhere: a target that the edition lists
package mlpolicy.rules["unlisted-target"]

import data.mlpolicy.editions
import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	target := deployment.target
	not table.targets[target]
	deployment.workload in table.inference

	path := ["deployments", i, "target"]
	message := sprintf("%s runs on %s, which edition %s does not list; %s", [
		deployment.name,
		table.name(target),
		input.edition,
		listed(target, deployment.workload),
	])
}

listed(target, workload) := sprintf("%s %s%s", [id, do(named), gpu(named, target, workload)]) if {
	[date, id] := min({edition | some edition in listing(target); edition[0] > now})
	since := {edition | some edition in dated; edition[0] >= date}
	named := {edition | some edition in since; since - listing(target) == set()} | {[date, id]}
}

listed(target, _) := sprintf("%sno later edition does", [did]) if {
	every edition in listing(target) { edition[0] <= now }
	did := concat("", [sprintf("%s did, and ", [id]) |
		[_, id] := max({edition | some edition in listing(target); edition[0] < now})
	])
}

now := editions[input.edition].date

# Editions are [date, id] here, so that they sort by date.
dated := {[edition.date, id] | some id, edition in editions}

listing(target) := {edition | some edition in dated; table.rows(editions[edition[1]])[target]}

do(named) := "does" if {
	count(named) == 1
} else := "and later do"

gpu(named, target, workload) := ", with GPU" if {
	every edition in named { workload in table.rows(editions[edition[1]])[target].gpu }
} else := ""
