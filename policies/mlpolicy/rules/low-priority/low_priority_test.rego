package mlpolicy.rules["low-priority_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["low-priority"] as rule

dedicated[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.low_priority == false
}

test_only_compute_clusters_have_low_priority_vms if {
	object.keys(dedicated) == object.keys(editions["2020-06"].targets) - {"aml-compute"}
	count(dedicated) == 7
}

test_deny_targets_without_low_priority_vms[target] if {
	some target, name in dedicated

	rule.deny == {{
		"path": ["computes", 0, "vm_priority"],
		"message": sprintf(
			"trainer requests low-priority VMs on %s; edition 2020-06 supports them only on %s",
			[name, "Machine Learning compute clusters"],
		),
	}} with input as fixture.compute({"target": target, "managed_by": "azure-ml", "vm_priority": "low"})
}

test_allow_compute_clusters if {
	facts := fixture.compute({"target": "aml-compute", "managed_by": "azure-ml", "vm_priority": "low"})

	rule.deny == set() with input as facts
}

test_allow_dedicated_vms if {
	facts := fixture.compute({"target": "aks", "managed_by": "azure-ml", "vm_priority": "dedicated"})

	rule.deny == set() with input as facts
}

test_allow_computes_that_others_manage[manager] if {
	some manager in {"azure", "kubernetes"}

	rule.deny == set() with input as fixture.compute({"target": "aks", "managed_by": manager, "vm_priority": "low"})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "managed_by", "vm_priority"}
	stated := object.remove({"target": "aks", "managed_by": "azure-ml", "vm_priority": "low"}, [absent])

	rule.deny == set() with input as fixture.compute(stated)
}

test_allow_targets_without_a_row if {
	facts := fixture.compute({"target": "kubernetes", "managed_by": "azure-ml", "vm_priority": "low"})

	rule.deny == set() with input as facts
}

test_allow_without_low_priority_column if {
	rule.deny == set() with input as fixture.compute({"target": "aks", "managed_by": "azure-ml", "vm_priority": "low"})
		with data.mlpolicy.editions as fixture.without("low_priority")
}
