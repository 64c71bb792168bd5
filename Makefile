# `make demo` and `make test` do all their set-up themselves; Python 3.11+, make and git are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check conformance torture bench bench-report audit docs clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the virtual environment that the other targets use

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[bench,dev]'
	@touch $@

demo: $(STAMP) ## hold a real sale with bots bidding, about 30 seconds
	@$(BIN)/python -m benchmarks demo

test: $(STAMP) ## every test that ends within minutes
	$(BIN)/python -m pytest -n 2 -m 'not torture'

check: $(STAMP) ## ruff, mypy --strict and the tidy test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_tidy.py

conformance: $(STAMP) ## raw frames against a server, by docs/protocol.md
	$(BIN)/python -m pytest -m conformance

torture: $(STAMP) ## the slow and exhaustive tests
	$(BIN)/python -m pytest -m torture

bench: $(STAMP) ## measure; figures are ratios against ceilings of the same run; about 40 minutes
	@for name in throughput latency fanout fairness engine scale memory recovery peers; do \
	  $(BIN)/python -m benchmarks $$name || exit 1; done

bench-report: $(STAMP) ## make a page of what `make bench` kept
	@$(BIN)/python -m benchmarks report

audit: $(STAMP) ## refuse dependencies with known faults
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit || \
	  echo "pip-audit could not be installed."
	@PYTHONPATH=. $(BIN)/python tests/dependency_audit.py $(VENV)/audit/bin/pip-audit

docs: $(STAMP) ## write the generated parts of docs/ anew
	$(BIN)/python -m docs.generate

clean: ## remove what the targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
