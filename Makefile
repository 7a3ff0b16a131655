export PATH := $(PATH):$(HOME)/.cargo/bin
# In CI the lock file is the law.
locked := $(if $(CI),--locked)
# What the nodes of `make e2e` know the probe by, unless said otherwise.
version := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)
export E2E_PROBE_IMAGE ?= registry.example.gov.cn/common/probe:$(version)
# A proxy is for downloads; the tests talk to this machine alone.
direct := env -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u http_proxy -u https_proxy -u all_proxy

.PHONY: help check test generate accept bench image demo clean-demo e2e e2e-probe clean-e2e
.NOTPARALLEL:

help: ## Lists what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Format, lints, the core built alone, licences
	@tools/ensure-rust
	cargo fmt --all --check
	cargo clippy $(locked) --workspace --all-targets -- -D warnings
	cargo build $(locked) -p yipan-core
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; \
	else echo "licences and sources are not checked: cargo-deny is not installed"; fi

test: ## All tests; they start a control plane of their own
	@tools/ensure-rust
	@tools/build >/dev/null
	cargo build $(locked) -p yipan
	cargo test $(locked) --workspace --all-targets --no-run
	$(direct) cargo test $(locked) --workspace --all-targets --no-fail-fast

generate: ## Writes the definitions of charts/yipan and docs/reference/ from the code
	cargo run -q -p yipan -- crds --dir charts/yipan/definitions
	cargo run -q -p yipan -- reference --dir docs/reference

accept: ## Takes what is planned and rendered now as right in tests/cases and tests/chart; read the difference before you commit it
	YIPAN_ACCEPT=1 cargo test -q -p yipan-tests -- cases:: previews:: chart::values

bench: ## Measures the operator against a plain client; OPTIONS="--tenants 200 --runs 3"
	@tools/ensure-rust
	cargo build --release -p yipan
	$(direct) cargo run --release -q -p yipan-bench -- $(OPTIONS)

image: ## The operator's container image, an OCI archive in target/image; OPTIONS="--name NAME"
	@tools/image $(OPTIONS)

e2e: ## Proves it in a cluster with real nodes: E2E_KUBECONFIG=FILE; docs/operations/end-to-end.md
	@tools/ensure-rust
	cargo build $(locked) -q -p yipan
	cargo run $(locked) -q -p yipan-e2e

e2e-probe: ## The image of the pods of `make e2e`, as an archive for the nodes
	@tools/ensure-rust
	@mkdir -p target/image
	RUSTFLAGS="-C target-feature=+crt-static" cargo run $(locked) -q --profile image -p yipan-e2e-probe \
	  --target $(shell uname -m)-unknown-linux-gnu -- archive $(E2E_PROBE_IMAGE) target/image/probe.tar
	@echo target/image/probe.tar holds $(E2E_PROBE_IMAGE)

clean-e2e: ## Takes away what a `make e2e` left that was killed: E2E_KUBECONFIG=FILE
	cargo build $(locked) -q -p yipan
	cargo run $(locked) -q -p yipan-e2e -- clean

demo: ## A province on this machine; YIPAN_KUBECONFIG=FILE to use a cluster of your own
	@tools/demo up

clean-demo: ## Ends the demo and removes all it made
	@tools/demo down
