# Two commands matter: `make run` and `make test`. They need Python ≥ 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
VAR ?= var

# Half a dozen processes start at once: where an image switches this off, each would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install install-dev run check test faults bench clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Youhao needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python has no venv module; on Debian: apt-get install python3-venv"; exit 1; }

# A stamp per lock: nothing is installed twice.
$(VENV)/.run: requirements/run.lock pyproject.toml package-lock.json tools/build_assets.py $(wildcard web/translations/*/LC_MESSAGES/*.po) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

install: $(VENV)/.run ## make the environment (.venv) and install Youhao into it

install-dev: $(VENV)/.dev ## the same with the tools of developers

run: install ## start everything with the demonstration city (PORT=8000 VAR=var)
	@exec $(BIN)/youhao up --demo --port $(PORT) --var "$(VAR)"

check: install-dev ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev ## the test suite (minutes)
	@$(BIN)/python tools/need_chromium.py || true
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

faults: install-dev ## the long suite: kills, cuts, floods (most of it waits: two tests at a time)
	$(BIN)/pytest -m faults -n 2 --dist loadfile --no-loadscope-reorder

bench: install ## measure the budgets beside their floors (NAMES="book rush", QUICK=1)
	$(BIN)/youhao bench $(NAMES) $(if $(QUICK),--quick)

clean: ## remove the environment and what was built (keeps var/)
	rm -rf $(VENV) build dist web/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
