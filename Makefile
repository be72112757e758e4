# Which Python makes .venv; `make install PYTHON=python3.11` names another.
PYTHON ?= python3
PY := .venv/bin/python

help:            ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14
install: .venv/.installed  ## make .venv with the pinned requirements and this checkout in it
demo: install    ## a real purchase history becomes points; keeps serving until Ctrl-C
	@.venv/bin/shuke demo
test: install    ## every test, on a real PostgreSQL and Valkey that it starts by itself
	@$(PY) -m pytest -n auto -m "not alone"
	@$(PY) -m pytest -m alone
test-fast: install  ## the tests that need under a second each
	@$(PY) -m pytest -n auto -m "not slow and not alone"
check: install   ## all static checks: format, lint, types, imports, deploy files
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m mypy && .venv/bin/lint-imports
	@.venv/bin/hadolint deploy/Dockerfile && .venv/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
bench: install   ## how fast it is, as ratios in one run
	@$(PY) -m benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))
soak: install    ## the long race and fault runs
	@$(PY) -m pytest -n 2 tests/races tests/faults --soak
lock: install    ## pin the requirements anew, with hashes and without addresses
	@sh requirements/lock.sh

.venv/.installed: pyproject.toml requirements/dev.txt requirements/data.txt $(wildcard plugins/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Shuke needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing the pinned requirements into .venv ..."
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/data.txt
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . $(foreach p,$(wildcard plugins/*/pyproject.toml),-e ./$(dir $(p)))
	@touch $@

.PHONY: help install demo test test-fast check bench soak lock
.DEFAULT_GOAL := help
