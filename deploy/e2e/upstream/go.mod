// Modules whose CustomResourceDefinitions the end-to-end tests read. There is no code here, and go mod tidy would take the
// modules away: go mod download checks them against go.sum.
module github.com/mlpolicy/mlpolicy/deploy/e2e/upstream

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
