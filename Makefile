# Every command of the project. `make help` explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BENCH_VENV := .venv-bench
RUN := $(VENV)/bin
CONSOLE := services/console
CONSOLE_BUILT := services/api/slipway_api/console/index.html
CONSOLE_TYPES := $(CONSOLE)/src/api/schema.d.ts
CONSOLE_SOURCES := $(shell find $(CONSOLE) \( -name node_modules -o -name test-output -o -name e2e -o -name schema.d.ts \) -prune -o -type f -print)
API_SOURCES := $(shell find services/api shared/slipway/domain -name '*.py')
NPM := cd $(CONSOLE) && $(CURDIR)/$(RUN)/python -m slipway.dev.node npm

.PHONY: help setup console up down status test test-node test-images chaos bench lint format docs lock

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Slipway needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Python packages into $(VENV) ..."
	@$(RUN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(RUN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(RUN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.installed console ## install everything into .venv, build console, control plane and Helm engine; start nothing
	@$(RUN)/slipway dev build

console: $(CONSOLE_BUILT) ## build the web console when its sources have changed

$(CONSOLE)/node_modules/.installed: $(CONSOLE)/package-lock.json $(VENV)/.installed
	@echo "installing the console's packages ..."
	@$(NPM) ci --silent --ignore-scripts
	@touch $@

# Written anew only when it differs: most changes of the API change no type.
$(CONSOLE)/node_modules/.document: $(API_SOURCES) $(CONSOLE)/node_modules/.installed
	@$(RUN)/python -m slipway_api.document > $@.new
	@cmp -s $@.new $(CONSOLE)/node_modules/.document.json || mv $@.new $(CONSOLE)/node_modules/.document.json
	@rm -f $@.new; touch $@

$(CONSOLE)/node_modules/.document.json: $(CONSOLE)/node_modules/.document ;

$(CONSOLE_TYPES): $(CONSOLE)/node_modules/.document.json
	@$(NPM) run --silent types -- node_modules/.document.json -o src/api/schema.d.ts > /dev/null

$(CONSOLE_BUILT): $(CONSOLE_SOURCES) $(CONSOLE_TYPES)
	@echo "building the console ..."
	@$(NPM) run --silent build

up: setup ## start everything, deploy the sample over HTTP, stay until Ctrl-C
	@$(RUN)/slipway dev up

status: ## what runs, where, and how much memory it takes
	@$(RUN)/slipway dev status

down: ## stop what `slipway dev up --detach` started
	@$(RUN)/slipway dev down

lint: $(VENV)/.installed ## style, types and import rules
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/lint-imports
	@$(RUN)/pyright

format: $(VENV)/.installed ## put the code into its one format
	@$(RUN)/ruff check --fix-only .
	@$(RUN)/ruff format .

docs: $(VENV)/.installed ## build the documentation into site/; dead links fail
	@$(RUN)/mkdocs build --strict --quiet && echo "site/index.html"

# What Slipway is compared with, in an environment of its own.
$(BENCH_VENV)/.installed: requirements/bench.txt $(VENV)/.installed
	@echo "installing what Slipway is compared with into $(BENCH_VENV) ..."
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

bench: setup $(BENCH_VENV)/.installed ## measure, and write docs/benchmarks.md: RUNG=a for one rung, RUNS=..., RELEASES=1000 (rung d)
	@$(RUN)/python -m bench $(addprefix --rung ,$(RUNG)) $(if $(RUNS),--runs $(RUNS)) $(if $(RELEASES),--releases $(RELEASES))

test: setup lint $(BENCH_VENV)/.installed ## lint, then every test on real servers; most of them wait more than they work
	@$(RUN)/pytest --numprocesses 4 --no-loadscope-reorder

test-node: setup ## tests on a real node (Linux, root): installs containerd and more with apt-get, builds a kubelet once
	@SLIPWAY_TEST_REAL_NODE=1 $(RUN)/pytest tests/realnode

test-images: setup ## build the images and run them, by compose and on a real node (root, and the packages that it names)
	@SLIPWAY_TEST_IMAGES=1 $(RUN)/pytest tests/images

chaos: setup ## random changes while services are killed: SEED=... RUNS=... OPERATIONS=... DEPLOYMENTS=...
	@$(RUN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) --runs $(or $(RUNS),1) --operations $(or $(OPERATIONS),500) --deployments $(or $(DEPLOYMENTS),30)

lock: ## write requirements/*.txt again from pyproject.toml (needs uv)
	uv pip compile --quiet --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements/dev.txt
	@for s in api scheduler executor; do \
	  uv pip compile --quiet --extra $$s --constraints requirements/dev.txt --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements/$$s.txt || exit 1; done
	uv pip compile --quiet --group bench --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 -o requirements/bench.txt
	printf 'hatchling\neditables\n' | uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 - -o requirements/build.txt
