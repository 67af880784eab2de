# Prepares an environment and calls the command: every verb belongs to `returntrail`.
#
#   make demo       an invented season of logs, loaded, built, reported and shown on 127.0.0.1
#   make test       everything that the tests need, then the tests
#   make faults     every fault at its full amount, and the table of docs/faults.md (an hour; FAULT="F4 S6" tries some)
#   make killed     reports killed a hundred times while they are written (two minutes)
#   make test-duckdb15  the proof that an analyst's DuckDB 1.5 reads the same rows (half a minute)
#   make test-spark the proof that Spark gives the same rows, on two executors (needs Java 17 or 21; three minutes)
#   make bench      the figures of docs/performance.md: 1, 4 and 10 million events (half an hour, 12 GB of disk; BENCH_FULL=1
#                   adds 30 million; ARGS="--sizes 1 --only questions" measures a part, ARGS=--write writes the page)
#   make bench-spark  the figures of docs/scale.md, at ten million events (a quarter of an hour, 4 GB of disk)
#   make install    the environment alone, in .venv
#   make app        the dashboard on your own data
#   make screens    the pictures of the pages in docs/screens, from the demo
#   make spreadsheets  LibreOffice opens every file of a hostile log and evaluates no cell (a minute; installs it by apt)
#   make audit      whether a vulnerability is known of any locked package; fails where it could not ask (needs a network)
#   make sbom       build/sbom.json: every package that an installation has, with version and hashes (CycloneDX)
#   make lock       the lock files again, after a change of pyproject.toml (needs uv; ARGS=--upgrade renews the pins)
#   make clean      removes the environment and caches, never data
#
# PYTHON=python3.12 names the Python of the environment, ARGS="..." adds options to the command or to pytest.

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

.PHONY: demo test bench killed test-duckdb15 duckdb15 test-spark test-wheel wheel lint bench-spark install app spreadsheets audit audit-tools sbom lock clean chromium screens

demo: install
	$(VENV)/bin/returntrail demo $(ARGS)

app: install
	$(VENV)/bin/returntrail app $(ARGS)

# A core each, a file of tests at a time: most of the time goes by in browsers and child processes.
test: $(VENV)/test.done chromium
	$(VENV)/bin/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)

.PHONY: faults
faults: $(VENV)/test.done chromium
	FAULTS=full FAULT="$(FAULT)" KILLS=100 PYTHONPATH=.:tests $(VENV)/bin/python -m faults.table $(ARGS)

killed: $(VENV)/test.done
	KILLS=100 $(VENV)/bin/python -m pytest tests/reports/test_runs_killed.py $(ARGS)

test-duckdb15: $(VENV)/test.done $(VENV)/duckdb15.done
	PYTHONPATH=.:tests $(VENV)/bin/python tests/tools/duckdb15.py $(VENV)/duckdb15/bin/python

test-spark: $(VENV)/spark.done
	$(VENV)/bin/python -m pytest tests/spark $(ARGS)

# Spark is one of the peers where its extra is here (make test-spark installs it) and Java is too.
bench: $(VENV)/test.done
	$(VENV)/bin/python -m tests.bench $(ARGS)

# Builds the wheel into dist/.
wheel: $(VENV)/test.done
	$(VENV)/bin/python -m build --wheel --no-isolation --outdir dist

test-wheel: $(VENV)/test.done
	$(VENV)/bin/python -m pytest tests/wheel $(ARGS)

# What the linters say: ruff, mypy, and the import rules of pyproject.toml.
lint: $(VENV)/test.done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench-spark: $(VENV)/spark.done
	$(VENV)/bin/python tests/bench/spark_scale.py --events 10000000 --data build/bench-spark $(ARGS)

screens: $(VENV)/test.done chromium
	PYTHONPATH=.:tests $(VENV)/bin/python tests/tools/screens.py

install: $(VENV)/run.done

# The build backend comes from the lock too, so nothing is fetched that is not pinned with its hash.
$(VENV)/run.done: requirements.lock pyproject.toml $(VENV)/bin/python
	@echo "Installing what returntrail needs into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.done: requirements-dev.lock pyproject.toml $(VENV)/bin/python
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/spark.done: $(VENV)/test.done requirements-spark.lock
	@echo "Installing Spark into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-spark.lock
	@touch $@

spreadsheets: $(VENV)/test.done
	tests/tools/libreoffice.sh
	$(VENV)/bin/python -m pytest tests/tools/libreoffice_opens.py $(ARGS)

audit: $(VENV)/audit.done
	$(VENV)/audit/bin/python tests/tools/audit.py $(wildcard requirements*.lock tests/tools/*.lock)

# The same lock file gives the same bytes.
sbom: $(VENV)/audit.done
	@mkdir -p build
	$(VENV)/audit/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible -o build/sbom.json

$(VENV)/audit.done: tests/tools/audit.lock $(VENV)/bin/python
	@$(MAKE) --no-print-directory VENV=$(VENV)/audit PYTHON=$(VENV)/bin/python audit-tools
	@touch $@

audit-tools: $(VENV)/bin/python
	@$(PIP_INSTALL) --require-hashes -r tests/tools/audit.lock

# DuckDB 1.5 stands in an environment of its own, since two versions cannot share one.
$(VENV)/duckdb15.done: tests/tools/duckdb15.lock $(VENV)/bin/python
	@$(MAKE) --no-print-directory VENV=$(VENV)/duckdb15 PYTHON=$(VENV)/bin/python duckdb15
	@touch $@

duckdb15: $(VENV)/bin/python
	@$(PIP_INSTALL) --require-hashes -r tests/tools/duckdb15.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "returntrail needs\
	 Python 3.11 or newer, and $(PYTHON) is not: name one, for example make PYTHON=python3.12." >&2; exit 1; }
	@$(MAKE_VENV) || { echo "No environment could be made: install your system's package for it (on Debian and\
	 Ubuntu python3-venv) and run make again." >&2; exit 1; }

# The browser tests drive the distribution's Chromium.
chromium:
	@tests/tools/chromium.sh

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv." >&2; exit 1; }
	$(LOCK) --group build -o requirements.lock $(ARGS)
	$(LOCK) --group build --group dev --extra excel --extra signin -c requirements.lock -o requirements-dev.lock $(ARGS)
	$(LOCK) --group build --extra signin -c requirements-dev.lock -o requirements-signin.lock $(ARGS)
	$(LOCK) --group build --extra spark -c requirements.lock -o requirements-spark.lock $(ARGS)
	$(subst pyproject.toml,,$(LOCK)) --group pyproject.toml:audit -o tests/tools/audit.lock $(ARGS)

LOCK = uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml

clean:
	rm -rf $(VENV) build returntrail.egg-info .pytest_cache .hypothesis
	find app.py dashboard etl tests -name __pycache__ -prune -exec rm -rf {} +
