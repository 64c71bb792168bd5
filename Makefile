# `make demo` and `make test` set up all that they need; Python 3.11+, make and git are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCK   := requirements.lock
PIP    := $(BIN)/python -m pip --disable-pip-version-check
EXTRAS := bench,dev,postgres,sheets,tui,web,xlsx
SYSTEM_PACKAGES := chromium fonts-dejavu-core iproute2 nftables postgresql strace tmux
# Debian would start a database server as soon as it is installed; the tests start their own.
NO_CLUSTER := mkdir -p /etc/postgresql-common && { grep -qs "^create_main_cluster" /etc/postgresql-common/createcluster.conf || \
  echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf; }
comma  := ,

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-web quick test check types tidy conformance torture bench bench-report audit lock newest system-packages screenshots docs clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the virtual environment that the other targets use, with the versions in requirements.lock

# Every package, the build backend included, comes from the lock file with its hash, so next year's set-up is the same.
$(STAMP): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install -qq --require-hashes --requirement $(LOCK)
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

demo: $(STAMP) ## hold a real sale with bots bidding, about 30 seconds
	@$(BIN)/python -m benchmarks demo

demo-web: $(STAMP) ## the same sale, shown on phones in this network and on a screen for the room
	@$(BIN)/python -m benchmarks demo --web 0.0.0.0:8080

quick: $(STAMP) ## the tests that start no process and no thread: rules, house, messages, clients; under a minute
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "quick and not thorough"

test: $(STAMP) ## every test that ends within seconds; about five minutes on two cores (four workers: many tests wait)
	$(BIN)/python -m pytest -n 4 --dist worksteal

# mypy has one core; the other one finds all tests meanwhile, which also compiles them for `make test`: each of its
# workers would compile them all.
check: $(STAMP) ## ruff, mypy --strict and the tidy test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 types tidy

types: $(STAMP)
	$(BIN)/mypy

tidy: $(STAMP)
	$(BIN)/python -m pytest -q -k test_tidy

conformance: $(STAMP) ## raw frames against a server, by docs/protocol.md
	$(BIN)/python -m pytest -m conformance

torture: $(STAMP) ## the slow and exhaustive tests
	$(BIN)/python -m pytest -m torture

bench: $(STAMP) ## try each measurement, then measure; figures are ratios against ceilings of the same run; about 50 minutes
	$(BIN)/python -m pytest -m bench
	@for name in throughput latency fanout fairness engine scale memory web recovery postgres takeover peers; do \
	  $(BIN)/python -m benchmarks $$name || exit 1; done

bench-report: $(STAMP) ## make a page of the results that `make bench` kept
	@$(BIN)/python -m benchmarks report

audit: $(STAMP) ## refuse dependencies with known faults
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit || \
	  echo "pip-audit could not be installed."
	@PYTHONPATH=. $(BIN)/python tools/dependency_audit.py $(VENV)/audit/bin/pip-audit

# uv resolves for every Python and system at once; only the versions and hashes are written, no address of an index.
lock: ## write requirements.lock again: the newest versions that pyproject.toml allows, with their hashes
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install -qq --disable-pip-version-check uv
	@$(VENV)-lock/bin/uv pip compile --quiet pyproject.toml $(foreach extra,$(subst $(comma), ,$(EXTRAS)),--extra $(extra)) \
	  --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --output-file $(LOCK)
	@echo "$(LOCK) names $$(grep -c '==' $(LOCK)) packages. Run the tests, then commit it."

newest: ## run the tests on the newest versions that pyproject.toml allows, to find what has changed since the lock
	@$(PYTHON) -m venv --clear $(VENV)-newest
	@$(VENV)-newest/bin/python -m pip install -qq --disable-pip-version-check --upgrade pip
	@$(VENV)-newest/bin/python -m pip install -qq --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@$(VENV)-newest/bin/python -m pip list --disable-pip-version-check
	$(VENV)-newest/bin/python -m pytest -n 2 --dist worksteal

system-packages: ## install what some tests need besides Python (Debian and similar systems; as root or with sudo)
	@$(if $(filter 0,$(shell id -u)),,sudo) sh -c '$(NO_CLUSTER) && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -qq -y --no-install-recommends $(SYSTEM_PACKAGES)' >/dev/null

screenshots: $(STAMP) ## make the pictures of the screens in docs/pictures/ again
	$(BIN)/python -m tools.screenshots

docs: $(STAMP) ## write the generated parts of docs/ again
	$(BIN)/python -m tools.specification

clean: ## remove all that the targets made
	rm -rf $(VENV) $(VENV)-lock $(VENV)-newest build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
