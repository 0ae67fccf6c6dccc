# METADATA
# title: The table in force
# description: |
#   What the rules read of the edition that the input names. The documents are computed once a query;
#   the functions below them are called only where there is something to find fault with.
# schemas:
#   - input: schema.facts
package mlpolicy.table

# METADATA
# description: The row of each target, under the target's own id even where the edition has merged rows.
targets := rows(data.mlpolicy.editions[input.edition])

# METADATA
# description: The edition's statements of the form "only on", each by the ID of the rule that holds it.
only := data.mlpolicy.editions[input.edition].only

# METADATA
# description: The workloads that the table is about; training is none of them.
inference := {"batch-scoring", "iot-module", "web-service"}

# METADATA
# description: An edition's rows, and under the id of each merged target the row that it has become part of.
rows(edition) := object.union(
	edition.targets,
	{target: edition.targets[id] | some target, id in edition.rows_for},
)

# METADATA
# description: The targets whose cell in a yes-or-no column says yes.
offering(column) := {target |
	some target, row in targets
	row[column] == true
}

# METADATA
# description: The targets whose GPU cell names a workload.
offering_gpu(workload) := {target |
	some target, row in targets
	workload in row.gpu
}

# METADATA
# description: The targets to go to with a workload; those for testing are not among them.
suited(workload) := {target |
	some target in offering("production")
	workload in targets[target].used_for
}

# METADATA
# description: |
#   What a yes-or-no column stands for is refused to a target whose cell says no, and to one without a
#   row where the edition says "only".
refused(target, column) if targets[target][column] == false

refused(target, column) if {
	column in only
	count(offering(column)) > 0
	not targets[target]
}

# METADATA
# description: |
#   The table's name of a target. One without a row has its name outside the table, else the one of the
#   oldest edition that lists it, else its id.
name(target) := targets[target].name

name(target) := object.get(outside, target, names[0]) if {
	not targets[target]
	names := array.concat([rows(edition)[target].name | some edition in data.mlpolicy.editions], [target])
}

# METADATA
# description: |
#   Targets that are more than the row which a later edition has for them: a cluster of Google or Amazon is
#   no Azure Machine Learning Kubernetes before an edition calls it so.
outside := {"kubernetes": "Kubernetes other than AKS"}

# METADATA
# description: Several targets as one phrase; those that share a row are named once.
phrase(ids) := concat(" or ", {name(id) | some id in ids}) if count(ids) > 0

phrase(set()) := "another target"

# METADATA
# description: A number of things, as "1 GPU" and "2 GPUs".
counted(1, noun) := sprintf("1 %s", [noun])

counted(number, noun) := sprintf("%v %ss", [number, noun]) if number != 1

# METADATA
# description: Bytes as the table counts them, in units of 10^9.
gb(bytes) := bytes / 1000000000
