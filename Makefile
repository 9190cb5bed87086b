# Agente Vendedor. `make` or `make help` lists what there is.
# Settings come from the environment or .env: make run PORT=8001 FLOWER_PORT=5556 DATA_DIR=.data-b

.DEFAULT_GOAL := help
.PHONY: help run test lint format lock chaos bench setup setup-dev clean

# The first Python that is recent enough; the lock was made for 3.11.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv/bin/python

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup:
	@test -n "$(PYTHON)" || { echo "Error: hace falta Python 3.11 o posterior" >&2; exit 1; }
	@$(PYTHON) bootstrap.py requirements.txt

setup-dev:
	@test -n "$(PYTHON)" || { echo "Error: hace falta Python 3.11 o posterior" >&2; exit 1; }
	@$(PYTHON) bootstrap.py requirements.txt requirements-dev.txt

run: setup  ## Install what is missing, then start everything in the foreground (Ctrl-C stops it)
	@$(VENV) -m core.launcher --tethered

test: setup-dev lint  ## Lint and the whole test suite
	@$(VENV) -m pytest

lint: setup-dev  ## ruff, mypy --strict and the layers
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .
	@$(VENV) -m mypy
	@$(VENV) .venv/bin/lint-imports

format: setup-dev  ## Format the code as `make lint` wants it
	@$(VENV) -m ruff check --fix .
	@$(VENV) -m ruff format .

# --universal keeps the markers: an ARM machine must not try to build what only x86-64 can run.
lock: setup-dev  ## Renew requirements*.txt from requirements*.in
	@$(VENV) -m uv pip compile -q -U requirements.in -o requirements.txt \
		--no-header --no-annotate --universal --python-version 3.11
	@$(VENV) -m uv pip compile -q -U requirements-dev.in -o requirements-dev.txt \
		--no-header --no-annotate --python-version 3.11

chaos: setup-dev  ## Break the running system on purpose and check every promise (about 45 minutes)
	@$(VENV) -m tests.chaos

bench: setup-dev  ## Measure against bare twins of the same work
	@$(VENV) -m tests.bench

clean:  ## Remove .venv and the caches; data stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
