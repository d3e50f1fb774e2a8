# Two commands matter: `make demo` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= .build/demo
RECIPIENTS ?= 1000
SECONDS ?= 300

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev servers demo test fuzz check bench docs lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.setup ## .venv from the lock file, with .venv/bin/livemerge in it

$(VENV)/.setup: requirements.lock pyproject.toml scripts/make-venv
	scripts/make-venv $(PYTHON) $(VENV) requirements.lock
	@touch $@

setup-dev: $(VENV)/.setup-dev ## the same, with what tests and checks need

$(VENV)/.setup-dev: requirements-dev.lock pyproject.toml scripts/make-venv
	scripts/make-venv $(PYTHON) $(VENV) requirements-dev.lock
	@touch $(VENV)/.setup $@

servers: ## real servers and a browser for the tests, from Debian's packages
	scripts/install-servers

demo: setup ## a campaign through a small world on this machine; Ctrl-C ends it
	$(BIN)/livemerge demo --folder $(DEMO) --recipients $(RECIPIENTS)

test: setup-dev servers ## all tests, on all processors
	$(BIN)/pytest --numprocesses auto --maxprocesses 8 --dist worksteal

fuzz: setup-dev ## looks for templates that break the compiler, for SECONDS
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/fuzz/requirements.lock
	$(BIN)/python scripts/fuzz $(SECONDS)

check: setup-dev ## ruff, format, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev bench/.peers/.setup bench/.peers/.feast/.setup bench/node/node_modules/.setup ## ratios against named peers
	scripts/install-servers wrk
	$(BIN)/python bench/rendering.py
	$(BIN)/python bench/compose.py
	$(BIN)/python bench/sending.py
	$(BIN)/python bench/campaign.py
	$(BIN)/python bench/api.py
	$(BIN)/python bench/resolver.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/outages.py

docs: setup-dev ## write docs/reference.md anew from the code
	$(BIN)/python scripts/write-reference

bench/.peers/.setup: bench/peers.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target bench/.peers -r bench/peers.lock
	@touch $@

bench/.peers/.feast/.setup: bench/feast/requirements.in
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r bench/feast/requirements.in
	@touch $@

bench/node/node_modules/.setup: bench/node/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix bench/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; \
	else echo "There is no npm here: the engines of Node are left out." >&2; fi
	@mkdir -p $(@D)
	@touch $@

lock: setup-dev ## write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --extra build --extra demo pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q bench/peers.in -o bench/peers.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-header -q tests/fuzz/requirements.in -o tests/fuzz/requirements.lock

clean: ## remove what the other commands made
	rm -rf $(VENV) .build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench/.peers bench/node/node_modules
