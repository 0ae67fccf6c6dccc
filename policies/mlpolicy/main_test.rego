# The bundle's root is mlpolicy, so the package cannot stand beside it.
# regal ignore:directory-package-mismatch
package mlpolicy.main_test

import data.mlpolicy
import data.mlpolicy.fixture_test as fixture

# The rule's name is its package's last part; every finding of every rule is there.
test_findings_name_their_rules if {
	mlpolicy.findings == {
		{
			"rule": "memory",
			"denied": {
				"path": ["deployments", 0, "memory_gib"],
				"message": concat("", [
					"churn asks for 64 GiB of memory on Azure Container Instances, which takes less than 48 GiB: ",
					"ask for less or deploy to another target",
				]),
			},
		},
		{
			"rule": "cpu-only",
			"denied": {
				"path": ["deployments", 0, "gpus"],
				"message": concat("", [
					"churn asks for 1 GPU on Azure Container Instances, which is for CPU-based workloads: ",
					"ask for no GPU or deploy to a target that offers it",
				]),
			},
		},
	} with input as fixture.deployment({"target": "aci", "memory_gib": 64, "gpus": 1})
}

test_no_findings_without_facts if {
	mlpolicy.findings == set() with input as {"edition": "2020-06", "deployments": [], "computes": []}
}
