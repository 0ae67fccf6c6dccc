.DEFAULT_GOAL := help
.PHONY: help check build test lint fmt generate bench cover fuzz mutate pre-commit dist opa conftest schema startup peers load chart image e2e contract yaml-suite pairs

GO         ?= go
TOOL       := $(GO) tool -modfile=.ci/tools.mod
OPA        := bin/opa
FUZZTIME   ?= 10m
BENCHTIME  ?= 1s
# Packages whose tests hold golden files and know -update.
GOLDEN     := ./deploy ./policies ./internal/webhook ./internal/lint ./internal/lint/report ./cmd/mlpolicy

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: lint test opa ## everything that a change must pass

build: ## build bin/mlpolicy
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/mlpolicy ./cmd/mlpolicy

test: ## run all tests with the race detector
	$(GO) test -race ./...

lint: ## gofmt, vet, staticcheck, go.mod tidy, banned phrases, workflows of docs
	.ci/language
	.ci/workflows
	@test -z "$$(gofmt -l cmd deploy internal policies testdata)" || { gofmt -l cmd deploy internal policies testdata; echo 'run: make fmt'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags pairs ./internal/lint/extract
	$(GO) vet -tags rates ./deploy/rates
	$(GO) test -tags rates ./deploy/rates
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff
	@for mod in go.mod .ci/tools.mod; do $(GO) list -m -modfile=$$mod github.com/open-policy-agent/opa; done | uniq | wc -l | grep -qx 1 || { echo 'go.mod and .ci/tools.mod have different versions of opa'; exit 1; }
	@for module in deploy/load deploy/dist deploy/bench; do \
		GOWORK=off $(GO) -C $$module vet -tags dist . && \
		GOWORK=off $(GO) -C $$module tool -modfile=../../.ci/tools.mod staticcheck -tags dist . && \
		GOWORK=off $(GO) -C $$module mod tidy -diff || exit 1; \
	done

# Of the version that .ci/tools.mod pins, with WebAssembly as in OPA's releases.
bin/opa: .ci/tools.mod
	CGO_ENABLED=0 $(GO) build -modfile=.ci/tools.mod -trimpath -tags opa_wasm -o $@ github.com/open-policy-agent/opa

fmt: $(OPA) ## format Go and Rego
	gofmt -w cmd deploy internal policies testdata
	$(OPA) fmt --write policies

generate: ## write golden files, schemas and generated pages anew
	$(GO) test -short ./internal/lint/extract -update # the schemas, which other packages embed
	$(GO) test -short $(GOLDEN) -update

contract: ## perform the walk-throughs of CONTRIBUTING.md in a copy of the tree and run the tests
	$(GO) vet -tags contract ./internal/contract
	$(TOOL) staticcheck -tags contract ./internal/contract
	$(GO) test -tags contract -count 1 -timeout 20m -v -run TestContract ./internal/contract

opa: $(OPA) ## check, test, build and ask the policies with the stock opa binary
	$(OPA) check --strict --bundle --schema policies/schemas policies
	$(OPA) test --bundle policies
	$(OPA) fmt --fail --list policies
	$(GO) run ./cmd/mlpolicy facts testdata/project | $(OPA) eval --bundle policies --stdin-input --fail 'n := count(data.mlpolicy.query.findings); n == 5'
	.ci/opa-build $(OPA)

schema: build ## validate documents with ajv by the schemas that the program prints
	.ci/schema

yaml-suite: ## read the public YAML test suite with both readers of YAML
	.ci/yaml-suite

conftest: ## run a real Conftest, built here, on facts with the shipped package main
	.ci/conftest

chart: ## check the Helm chart with helm built here; UPDATE=-update writes install.yaml anew
	.ci/chart $(UPDATE)

image: build ## build the image twice with buildah and run it
	.ci/image

e2e: build ## run the webhook against a real API server built here; RUN=TestName runs one test
	.ci/e2e $(if $(RUN),-run '$(RUN)')

bench: build ## run the benchmarks, references beside them; ROWS="examples kserve" measures some generated trees alone, ROWS=all all
	$(if $(ROWS),,$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...)
	GOWORK=off CGO_ENABLED=0 $(GO) -C deploy/bench build -o $(CURDIR)/bin/bench .
	bin/bench $(BENCHFLAGS) $(filter-out all,$(ROWS))

peers: build ## measure lint beside Conftest, gator and kubeconform, built here
	CGO_ENABLED=0 GOWORK=off $(GO) build -modfile=.ci/conftest.mod -o bin/conftest github.com/open-policy-agent/conftest
	CGO_ENABLED=0 GOWORK=off $(GO) build -modfile=.ci/peers.mod -o bin/ tool
	GOWORK=off CGO_ENABLED=0 $(GO) -C deploy/bench build -o $(CURDIR)/bin/bench .
	bin/bench -peers bin

startup: build ## time one small file from process start to exit
	.ci/startup bin/mlpolicy testdata/project/churn/deploymentconfig.json

load: build ## measure the webhook under load beside a handler that allows everything; four minutes
	GOWORK=off CGO_ENABLED=0 $(GO) -C deploy/load build -o $(CURDIR)/bin/load .
	bin/load -mlpolicy bin/mlpolicy

pairs: ## compare Bicep sources with the templates compiled from them: CHECKOUT=FOLDER EXCEPT=PART
	MLPOLICY_PAIRS=$(CHECKOUT) MLPOLICY_PAIRS_EXCEPT=$(EXCEPT) $(GO) test -tags pairs -count 1 -v -run TestPairs ./internal/lint/extract

cover: ## show the coverage of the Go tests
	$(GO) test -coverprofile cover.out -coverpkg ./... ./...
	$(GO) tool cover -func cover.out | tail -n 1

fuzz: ## fuzz each target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

mutate: ## negate each condition of each rule; a test must fail each time
	MLPOLICY_SWEEP=all $(GO) test -count 1 -run Mutation -v ./policies

dist: ## write the files of a release of HEAD to dist, for all platforms
	rm -rf dist
	GOWORK=off $(GO) -C deploy/dist run .
	GOWORK=off $(GO) -C deploy/dist test -count 1 -tags dist . -dist $(CURDIR)/dist -helm "$$(.ci/helm)"

pre-commit: ## install each hook with the real pre-commit and commit through it
	.ci/dist
	.ci/pre-commit-test
