package main

deny contains {"msg": sprintf("%s: %s", [found.rule, found.denied.message])} if some found in data.mlpolicy.query.findings

deny contains {"msg": problem} if some problem in data.mlpolicy.query.problems

deny contains {"msg": "mlpolicy's rules are not loaded: pass their folder with --policy and --data"} if not data.mlpolicy.query.problems
