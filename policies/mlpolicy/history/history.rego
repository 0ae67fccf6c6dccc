# METADATA
# title: The table in other editions
# description: |
#   Functions over all editions, for the rule unlisted-target. The package table reads the selected edition.
# schemas:
#   - input: schema.facts
package mlpolicy.history

import data.mlpolicy.editions
import data.mlpolicy.table

# METADATA
# description: |
#   The end of the message that the selected edition does not list a target: which later editions list it,
#   and whether all of them support GPU for a workload on it.
listing(target, workload) := sprintf("%s %s%s", [id, do(named), gpu(named, target, workload)]) if {
	[date, id] := min({edition | some edition in listed_in(target); edition[0] > now})
	since := {edition | some edition in dated; edition[0] >= date}
	named := {edition | some edition in since; since - listed_in(target) == set()} | {[date, id]}
}

listing(target, _) := sprintf("%sno later edition does", [did]) if {
	every edition in listed_in(target) { edition[0] <= now }
	did := concat("", [sprintf("%s did, and ", [id]) |
		[_, id] := max({edition | some edition in listed_in(target); edition[0] < now})
	])
}

# METADATA
# description: The date of the selected edition.
now := editions[input.edition].date

# METADATA
# description: Every edition as [date, id], so that they sort by date.
dated := {[edition.date, id] | some id, edition in editions}

# METADATA
# description: The editions that have a row for a target.
listed_in(target) := {edition | some edition in dated; table.rows(editions[edition[1]])[target]}

# METADATA
# description: The verb, for one edition that lists a target or for that edition and all later ones.
do(named) := "does" if {
	count(named) == 1
} else := "and later do"

# METADATA
# description: A phrase if all of the editions support GPU for a workload on a target, else empty.
gpu(named, target, workload) := ", with GPU" if {
	every edition in named { workload in table.rows(editions[edition[1]])[target].gpu }
} else := ""
