# Prepares an environment and runs the `returntrail` command and the tests in it. `make help` lists the targets.
#
# PYTHON=python3.12 chooses the Python of the environment, VENV=DIR its folder, and ARGS="..." adds options to the command
# or to pytest.

PYTHON ?= python3
VENV ?= .venv
UV := $(shell command -v uv 2>/dev/null)

ifdef UV
MAKE_VENV = uv venv --quiet --clear --python "$$(command -v $(PYTHON))" $(VENV)
PIP_INSTALL = uv pip install --quiet --python $(VENV)/bin/python
else
MAKE_VENV = $(PYTHON) -m venv --clear $(VENV)
PIP_INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
endif

LOCK = uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml

.DEFAULT_GOAL := demo

.PHONY: help
help:  # This list
	@awk -F ':.*  # ' '/^### /{print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*  # /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

### Use it

.PHONY: install demo app
install: $(VENV)/run.done  # The environment alone, in .venv

demo: install  # A demo: an invented season of logs, loaded, built, reported and shown on 127.0.0.1
	$(VENV)/bin/returntrail demo $(ARGS)

app: install  # The dashboard on your own data
	$(VENV)/bin/returntrail app $(ARGS)

### Test it

.PHONY: lint test test-wheel test-duckdb15 test-spark spreadsheets
lint: $(VENV)/test.done  # ruff, mypy, and the import rules of pyproject.toml
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Each worker has one test file at a time; tests/conftest.py says how many workers there are and which files come first.
test: $(VENV)/test.done chromium  # All tests except those of the targets below; installs Chromium if it is missing
	$(VENV)/bin/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS)

test-wheel: $(VENV)/test.done  # Installs the wheel in an empty environment and runs every command
	$(VENV)/bin/python -m pytest tests/wheel $(ARGS)

test-duckdb15: $(VENV)/test.done $(VENV)/duckdb15.done  # DuckDB 1.5 reads the same rows from the warehouse (half a minute)
	PYTHONPATH=.:tests $(VENV)/bin/python tests/tools/duckdb15.py $(VENV)/duckdb15/bin/python

test-spark: $(VENV)/spark.done  # Spark gives the same rows, on two executors (Java 17 or 21; three minutes)
	$(VENV)/bin/python -m pytest tests/spark $(ARGS)

spreadsheets: $(VENV)/test.done  # LibreOffice evaluates no cell of a hostile log (a minute; installs LibreOffice by apt)
	tests/tools/libreoffice.sh
	$(VENV)/bin/python -m pytest tests/tools/libreoffice_opens.py $(ARGS)

### Measure it

.PHONY: faults killed bench bench-spark screens
faults: $(VENV)/test.done chromium  # All faults in full, and the table of docs/faults.md (an hour; FAULT="F4 S6" selects)
	FAULTS=full FAULT="$(FAULT)" KILLS=100 PYTHONPATH=.:tests $(VENV)/bin/python -m faults.table $(ARGS)

killed: $(VENV)/test.done  # Kills the writing of reports a hundred times (two minutes)
	KILLS=100 $(VENV)/bin/python -m pytest tests/reports/test_runs_killed.py $(ARGS)

# BENCH_FULL=1 adds 30 million events; ARGS="--sizes 1 --only questions" measures a part; ARGS=--write writes the page.
# Spark is one of the compared engines if it is installed (make test-spark installs it) and Java is too.
bench: $(VENV)/test.done  # The figures of docs/performance.md, 1 to 10 million events (half an hour, 12 GB of disk)
	$(VENV)/bin/python -m tests.bench $(ARGS)

bench-spark: $(VENV)/spark.done  # The figures of docs/scale.md, 10 million events (a quarter of an hour, 4 GB of disk)
	$(VENV)/bin/python tests/bench/spark_scale.py --events 10000000 --data build/bench-spark $(ARGS)

screens: $(VENV)/test.done chromium  # The screenshots in docs/screens, from the demo
	PYTHONPATH=.:tests $(VENV)/bin/python tests/tools/screens.py

### Package and audit it

.PHONY: wheel lock sbom audit clean
wheel: $(VENV)/test.done  # The wheel, in dist/
	$(VENV)/bin/python -m build --wheel --no-isolation --outdir dist

lock:  # The lock files again, after a change of pyproject.toml (needs uv; ARGS=--upgrade takes newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv." >&2; exit 1; }
	$(LOCK) --group build -o requirements.lock $(ARGS)
	$(LOCK) --group build --group dev --extra excel --extra signin -c requirements.lock -o requirements-dev.lock $(ARGS)
	$(LOCK) --group build --extra signin -c requirements-dev.lock -o requirements-signin.lock $(ARGS)
	$(LOCK) --group build --extra spark -c requirements.lock -o requirements-spark.lock $(ARGS)
	$(subst pyproject.toml,,$(LOCK)) --group pyproject.toml:audit -o tests/tools/audit.lock $(ARGS)

# The same lock file gives the same bytes.
sbom: $(VENV)/audit.done  # build/sbom.json: the packages of an installation with versions and hashes (CycloneDX)
	@mkdir -p build
	$(VENV)/audit/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible -o build/sbom.json

audit: $(VENV)/audit.done  # Fails if a locked package has a known vulnerability or cannot be checked (needs a network)
	$(VENV)/audit/bin/python tests/tools/audit.py $(wildcard requirements*.lock tests/tools/*.lock)

clean:  # Removes the environment and caches, never data
	rm -rf $(VENV) build returntrail.egg-info .pytest_cache .hypothesis
	find app.py dashboard etl tests -name __pycache__ -prune -exec rm -rf {} +

# What the targets above need. The build backend is locked too, so that every download is checked against its hash.

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "returntrail needs\
	 Python 3.11 or newer, and $(PYTHON) is older or missing. Choose another one, for example: make PYTHON=python3.12" >&2; exit 1; }
	@$(MAKE_VENV) || { echo "The environment could not be created. Install your system's package for it (python3-venv on\
	 Debian and Ubuntu) and run make again." >&2; exit 1; }

$(VENV)/run.done: requirements.lock pyproject.toml $(VENV)/bin/python
	@echo "Installing the packages of returntrail into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.done: requirements-dev.lock pyproject.toml $(VENV)/bin/python
	@echo "Installing the packages of the tests into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/spark.done: $(VENV)/test.done requirements-spark.lock
	@echo "Installing Spark into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-spark.lock
	@touch $@

# The audit tools and DuckDB 1.5 each have an environment of their own: the tools must not be installed with what they
# audit, and one environment cannot contain two versions of DuckDB.
.PHONY: audit-tools duckdb15 chromium
$(VENV)/audit.done: tests/tools/audit.lock $(VENV)/bin/python
	@$(MAKE) --no-print-directory VENV=$(VENV)/audit PYTHON=$(VENV)/bin/python audit-tools
	@touch $@

audit-tools: $(VENV)/bin/python
	@$(PIP_INSTALL) --require-hashes -r tests/tools/audit.lock

$(VENV)/duckdb15.done: tests/tools/duckdb15.lock $(VENV)/bin/python
	@$(MAKE) --no-print-directory VENV=$(VENV)/duckdb15 PYTHON=$(VENV)/bin/python duckdb15
	@touch $@

duckdb15: $(VENV)/bin/python
	@$(PIP_INSTALL) --require-hashes -r tests/tools/duckdb15.lock

# The Chromium of the Linux distribution, for the browser tests.
chromium:
	@tests/tools/chromium.sh
