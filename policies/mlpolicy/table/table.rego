# METADATA
# title: The selected edition of the table
# description: |
#   Documents and functions over the edition that the input selects. The documents are computed once per query.
#   The functions are called only for candidates of a finding.
# schemas:
#   - input: schema.facts
package mlpolicy.table

# METADATA
# description: |
#   The row of each target, under the target's own ID even if the edition has merged rows. A cell that
#   differs by API version contains the workloads of both versions.
targets := rows(data.mlpolicy.editions[input.edition])

# METADATA
# description: |
#   The row of a deployment's target, with the cells for the API version of its document. If the version is
#   unknown, the row is that of targets.
row(deployment) := found if {
	found := rows_of[deployment.api][deployment.target]
} else := targets[deployment.target]

# METADATA
# description: The row of each target by API version.
rows_of[api] := object.union(written, {target: offered(object.get(written, target, {}), [api]) | some target in by_version(written)}) if {
	some api in ["v1", "v2"]
	written := as_written(data.mlpolicy.editions[input.edition])
}

# METADATA
# description: The edition's statements of the form "only on", as IDs of the rules that enforce them.
only := data.mlpolicy.editions[input.edition].only

# METADATA
# description: The workloads to which the table applies; training is not one of them.
inference := {"batch-scoring", "iot-module", "web-service"}

# METADATA
# description: |
#   An edition's rows for documents of unknown API version. The ID of a merged target refers to the row that it
#   is now part of.
rows(edition) := object.union(written, {target: offered(object.get(written, target, {}), ["v1", "v2"]) |
	some target in by_version(written)
}) if {
	written := as_written(edition)
}

# METADATA
# description: An edition's rows, with cells that may differ by API version.
as_written(edition) := object.union(
	edition.targets,
	{target: edition.targets[id] | some target, id in edition.rows_for},
)

# METADATA
# description: The targets with a cell that differs by API version.
by_version(written) := {target | written[target].used_for.v1} | {target | written[target].gpu.v1}

# METADATA
# description: The workloads of some API versions together, in the cells of a row that differ by version.
offered(row, versions) := {column: workloads |
	some column in ["used_for", "gpu"]
	cell := row[column]
	is_object(cell)
	either := {workload | some version in versions; some workload in cell[version]}
	workloads := [workload | some workload in ["web-service", "batch-scoring", "iot-module"]; workload in either]
}

# METADATA
# description: The targets whose cell in a boolean column is true.
offering(column) := {target |
	some target, row in targets
	row[column] == true
}

# METADATA
# description: The targets whose GPU cell contains a workload.
offering_gpu(workload) := {target |
	some target, row in targets
	workload in row.gpu
}

# METADATA
# description: |
#   A target does not support a boolean column if its cell is false, or if it has no row and the edition
#   contains the "only" statement.
unsupported(target, column) if targets[target][column] == false

unsupported(target, column) if {
	column in only
	count(offering(column)) > 0
	not targets[target]
}

# METADATA
# description: |
#   The ID of the one rule that covers the GPUs of a deployment; undefined if no statement applies to them.
#   It depends only on the table, so a severity in the configuration does not affect another rule.
gpu_rule(deployment) := "gpu-web-service" if {
	without_gpu(deployment, "web-service")
	confined(deployment)
} else := "gpu-batch-scoring" if {
	without_gpu(deployment, "batch-scoring")
	"gpu-batch-scoring" in only
} else := "cpu-only" if {
	targets[deployment.target].cpu_only == true
	not deployment.workload == "training"
} else := "gpu-not-offered" if {
	deployment.workload == "iot-module"
	row(deployment).gpu == []
}

# METADATA
# description: |
#   The GPU cell of a deployment's target does not contain its workload, or there is no such row, and the cell of
#   another row contains it.
without_gpu(deployment, workload) if {
	deployment.workload == workload
	deployment.target
	count(offering_gpu(workload)) > 0
	not offers_gpu(deployment, workload)
}

# METADATA
# description: The GPU cell of a deployment's target contains a workload.
offers_gpu(deployment, workload) if workload in row(deployment).gpu

# METADATA
# description: |
#   If the edition contains the "only" statement, GPU web services are reported on every other target, listed
#   or not. Otherwise they are reported only on targets for CPU-based workloads.
confined(_) if "gpu-web-service" in only

confined(deployment) if targets[deployment.target].cpu_only == true

# METADATA
# description: |
#   The deployment is a web service or an IoT module, not batch scoring. An unknown workload counts as such if
#   its target is not used for batch scoring.
served(deployment) if deployment.workload in {"web-service", "iot-module"}

served(deployment) if {
	not deployment.workload
	used_for := row(deployment).used_for
	not "batch-scoring" in used_for
}

# METADATA
# description: The stage of a deployment, or of its compute if it has none.
stage(deployment) := deployment.stage

stage(deployment) := deployment.compute.stage if not deployment.stage

# METADATA
# description: |
#   The first fact that makes a compute have several nodes or scale to several, and that number as a phrase.
several_nodes(compute) := [[fact, sprintf(phrase, [compute[fact]])] |
	some [fact, phrase] in [["nodes", "%v nodes"], ["max_nodes", "up to %v nodes"], ["min_nodes", "at least %v nodes"]]
	compute[fact] > 1
][0]

# METADATA
# description: |
#   The fact with the most memory that a deployment may use, and its value; undefined unless it is known
#   exactly.
largest_memory(deployment) := [fact, gib] if {
	[gib, fact] := max([[deployment[fact], fact] | some fact in ["memory_gib", "memory_limit_gib"]])
	not inexact(deployment, "memory_gib")
	not inexact(deployment, "memory_limit_gib")
}

# METADATA
# description: The value of a fact is a lower bound.
inexact(deployment, fact) if fact in deployment.lower_bounds

# METADATA
# description: |
#   The table's name of a target. For a target without a row, the name in outside, in the oldest edition that
#   lists the target, or its ID, whichever exists first.
name(target) := targets[target].name

name(target) := object.get(outside, target, names[0]) if {
	not targets[target]
	names := array.concat([rows(edition)[target].name | some edition in data.mlpolicy.editions], [target])
}

# METADATA
# description: |
#   The table's name of a target, followed in parentheses by the part of its note about CPUs or acceleration:
#   a local web service may find a GPU.
quoted(target) := concat("", array.concat([name(target)], [sprintf(" (%s)", [trim_space(clause)]) |
	some clause in regex.find_n(`[^,;]*(CPU|acceleration)[^,;]*`, targets[target].note, 1)
]))

# METADATA
# description: |
#   Targets that include more than the row of a later edition: a cluster of Google or Amazon is not Azure Machine
#   Learning Kubernetes in editions without that row.
outside := {"kubernetes": "Kubernetes other than AKS"}

# METADATA
# description: |
#   Several targets as one phrase. Targets that share a row are named once. The names are sorted, because sets
#   have no order in WebAssembly.
phrase(ids) := concat(" or ", sort({name(id) | some id in ids})) if count(ids) > 0

phrase(set()) := "another target"

# METADATA
# description: A number with a noun, such as "1 GPU" and "2 GPUs".
counted(1, noun) := sprintf("1 %s", [noun])

counted(number, noun) := sprintf("%v %ss", [number, noun]) if number != 1

# METADATA
# description: The devices that a deployment requests, as "2 GPUs" or, if that is a lower bound, "at least 2 GPUs".
devices(deployment, fact, noun) := counted(deployment[fact], noun) if not inexact(deployment, fact)

devices(deployment, fact, noun) := sprintf("at least %s", [counted(deployment[fact], noun)]) if inexact(deployment, fact)

# METADATA
# description: Bytes in the unit of the table, 10^9 bytes.
gb(bytes) := bytes / 1000000000

# METADATA
# description: GiB with two decimals at most; 52 GB are 48.42877388000488 GiB.
gib(number) := rounded(number, 100)

# METADATA
# description: |
#   Two amounts of GiB that a message compares, with two decimals, or with as many as make them differ. One byte
#   is about 10^-9 GiB.
gib_apart(number, other) := [rounded(number, unit), rounded(other, unit)] if {
	unit := [unit |
		some unit in [100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000]
		rounded(number, unit) != rounded(other, unit)
	][0]
} else := [gib(number), gib(other)]

# METADATA
# description: A number rounded to a multiple of 1 / parts.
rounded(number, parts) := round(number * parts) / parts
