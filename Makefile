# Every command of the project. `make help` explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: help setup up down status test lint format lock

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

setup: $(VENV)/.installed ## install everything into .venv and build the embedded control plane; start nothing
	@$(RUN)/slipway dev build

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

test: setup lint ## lint, then every test on real servers
	@$(RUN)/pytest

lock: ## write requirements/*.txt again from pyproject.toml (needs uv)
	uv pip compile --quiet --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements/dev.txt
	@for s in api scheduler executor; do \
	  uv pip compile --quiet --extra $$s --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements/$$s.txt || exit 1; done
	printf 'hatchling\neditables\n' | uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 - -o requirements/build.txt
