# One command runs what continuous integration runs: make test. Needed on the machine:
# Go and make; for the tests also git and Node.js. Everything else is installed by them.

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .tools/golangci-lint-$(GOLANGCI_VERSION)
VERSION          := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS          := -s -w -X main.version=$(VERSION)
# Without its MessagePack, which Parley does not use, gin costs 6 MB less. The Dockerfile
# has the same.
TAGS             := nomsgpack
NODE_DIRS        := web cmd/internal/e2e/js
NODE_STAMPS      := $(NODE_DIRS:%=%/node_modules/.package-lock.json)
# Packages whose tests start programs or read the tree: the go command cannot know
# when their results go stale, so they are never taken from its cache.
FRESH            := ./cmd/...
GOTEST           := go test -p 2
# The MongoDB of the tests, a module of its own.
FERRETDB         := storage/mongo/ferretdb
# The reference's own clients, which the tests run against Parley.
REFERENCE        := .tools/reference

.DEFAULT_GOAL := help
.PHONY: help run build check test deps lint vet test-short test-race test-full test-web web web-current bench compat soak fmt docs clean

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and start Parley on http://localhost:3000; settings as ARGS="--server-port=4000"
	@exec bin/parley serve $(ARGS)

build: ## build bin/parley, a static program
	@CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o bin/parley ./cmd/parley

check: vet lint $(NODE_STAMPS) $(REFERENCE) ## the inner loop: vet, lint and the short tests
	$(GOTEST) -short $$(go list ./... | grep -v '^parley/cmd/')
	$(GOTEST) -short -count=1 $(FRESH)

test: ## everything: lint, race detector, conformance, official clients, a real browser
	@.ci/deps
	@$(MAKE) --no-print-directory lint vet web-current test-web test-race test-full
	@echo "make test: all passed"

deps: ## install what the tests need and this machine lacks (apt)
	@.ci/deps

lint: $(GOLANGCI) ## run golangci-lint
	$(GOLANGCI) run --allow-serial-runners ./...

vet: ## run go vet, on the MongoDB of the tests too
	go vet ./...
	cd $(FERRETDB) && go vet -tags ferretdb_sqlite ./...

test-race: $(NODE_STAMPS) $(REFERENCE) ## the short tests under the race detector
	CGO_ENABLED=1 $(GOTEST) -race -short -count=1 -timeout 45m ./...

test-full: $(NODE_STAMPS) $(REFERENCE) ## all tests in full size, without cgo
	@faults=$$(mktemp) && trap 'cat "$$faults"; rm -f "$$faults"' EXIT && \
	CGO_ENABLED=0 PARLEY_PAGE_FAULTS=$$faults $(GOTEST) -count=1 -timeout 45m ./...

test-web: web/node_modules/.package-lock.json ## type check and unit tests of the chat page
	cd web && npm run --silent check

web: web/node_modules/.package-lock.json ## rebuild the chat page into web/dist
	cd web && npm run --silent build

web-current: web/node_modules/.package-lock.json ## fail if web/dist is not what its sources build
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && \
	(cd web && npm run --silent build -- --outDir "$$out" --emptyOutDir --logLevel warn) && \
	diff -r "$$out" web/dist && echo "web/dist is current" || \
	{ echo "web/dist differs from a fresh build: run make web and commit it" >&2; exit 1; }

bench: build cmd/parleyload/peers/node_modules/.package-lock.json ## measure Parley beside a Node.js socket.io server
	CGO_ENABLED=0 go build -trimpath -o bin/parleyload ./cmd/parleyload
	bin/parleyload bench -parley bin/parley -node-peer cmd/parleyload/peers -out bin/bench $(ARGS)

compat: build cmd/parleydiff/reference/node_modules/.package-lock.json ## play one script on Parley and on a real ElizaOS 1.2.0 server and compare
	CGO_ENABLED=0 go build -trimpath -o bin/parleydiff ./cmd/parleydiff
	bin/parleydiff -parley bin/parley -reference cmd/parleydiff/reference $(ARGS)

soak: $(NODE_STAMPS) $(REFERENCE) ## the full-size tests of transport and whole server, three times over
	CGO_ENABLED=0 $(GOTEST) -count=3 -timeout 2h ./realtime/... ./storage/... ./cmd/internal/e2e/...

fmt: $(GOLANGCI) ## format the Go sources
	$(GOLANGCI) fmt ./...

docs: $(NODE_STAMPS) ## renew what is generated: comments, replies, the tables of the README
	@go test ./cmd/internal/comments -count=1 -args -update
	@go test ./cmd/internal/app -count=1 -run TestReferenceRoutes -args -update
	@go test ./cmd/internal/e2e -count=1 -run TestEveryExampleOfTheDocumentationWorks -args -update-replies
	@$(MAKE) --no-print-directory build
	@bin/parley config-doc > bin/config.md
	@bin/parley ops --markdown > bin/ops.md
	@for part in config ops; do \
		sed -i -e "/<!-- $$part:begin -->/,/<!-- $$part:end -->/{//!d}" -e "/<!-- $$part:begin -->/r bin/$$part.md" README.md && rm bin/$$part.md; \
	done

clean: ## remove what was built or installed here; data and sources stay
	rm -rf bin .tools $(NODE_DIRS:%=%/node_modules) cmd/parleyload/peers/node_modules cmd/parleydiff/reference/node_modules

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), once; this takes some minutes"
	@GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .tools/golangci-lint $@

$(REFERENCE): .ci/reference
	.ci/reference $@
	@touch $@

# npm writes this file last, so it is newer than the lock file once all is installed.
%/node_modules/.package-lock.json: %/package-lock.json %/package.json
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
