package mlpolicy.rules["cluster-autoscaling_test"]

import data.mlpolicy.editions
import data.mlpolicy.fixture_test as fixture
import data.mlpolicy.rules["cluster-autoscaling"] as rule

fixed[target] := row.name if {
	some target, row in editions["2020-06"].targets
	row.cluster_autoscaling == false
}

test_only_aks_is_not_scaled_through_the_sdk if object.keys(fixed) == {"aks"}

test_deny_scaling_the_cluster[target] if {
	some target, name in fixed

	rule.deny == {{
		"path": ["computes", 0, "cluster_autoscaling"],
		"message": sprintf(
			"trainer scales the nodes of %s through Azure Machine Learning, which is not supported",
			[name],
		),
	}} with input as fixture.compute({"target": target, "managed_by": "azure-ml", "cluster_autoscaling": true})
}

test_allow_targets_that_scale[target] if {
	some target in {id | some id, row in editions["2020-06"].targets; row.cluster_autoscaling == true}
	facts := fixture.compute({"target": target, "managed_by": "azure-ml", "cluster_autoscaling": true})

	rule.deny == set() with input as facts
}

test_allow_a_fixed_number_of_nodes if {
	facts := fixture.compute({"target": "aks", "managed_by": "azure-ml", "cluster_autoscaling": false})

	rule.deny == set() with input as facts
}

test_allow_the_autoscaler_of_a_cluster_that_others_manage[manager] if {
	some manager in {"azure", "kubernetes"}

	rule.deny == set() with input as fixture.compute({"target": "aks", "managed_by": manager, "cluster_autoscaling": true})
}

test_allow_autoscaling_of_the_service if {
	rule.deny == set() with input as fixture.deployment({"target": "aks", "workload": "web-service", "autoscales": true})
}

test_allow_unknown_facts[absent] if {
	some absent in {"target", "managed_by", "cluster_autoscaling"}
	stated := object.remove({"target": "aks", "managed_by": "azure-ml", "cluster_autoscaling": true}, [absent])

	rule.deny == set() with input as fixture.compute(stated)
}

test_allow_targets_without_a_row if {
	facts := fixture.compute({"target": "kubernetes", "managed_by": "azure-ml", "cluster_autoscaling": true})

	rule.deny == set() with input as facts
}

test_allow_without_cluster_autoscaling_column if {
	facts := fixture.compute({"target": "aks", "managed_by": "azure-ml", "cluster_autoscaling": true})

	rule.deny == set() with input as facts
		with data.mlpolicy.editions as fixture.without("cluster_autoscaling")
}
