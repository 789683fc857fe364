# Each target sets up what it needs on a fresh Debian machine with Python 3.11.
PORT ?= 8501
HOST ?= 127.0.0.1
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)
# Some images set it: every process would compile the whole source again, and pytest rewrite every test.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast soak check lint-deploy bench lock

run: .venv/runtime
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(HOST)

# Everything that a change must pass; TESTS names files instead of all. WORKERS=1 runs them in one process; by default
# in more than a small machine has cores, as many tests wait for a server or a browser.
WORKERS ?= 3
test: .venv/development .venv/browser
	$(BIN)/pytest --processes $(WORKERS) $(TESTS)

# No page, no server, nothing that starts processes or computes for seconds: under a minute. These tests wait for
# nothing, so that a third process would gain nothing.
test-fast: .venv/development
	$(BIN)/pytest --processes 2 -m "not browser and not crash and not slow" $(TESTS)

# The long forms: fuzzing, kill runs, load, simulations, repeats. SOAK names parts instead of all.
soak: .venv/development .venv/browser
	$(BIN)/python -m tests.soak $(SOAK)

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Linters of images and manifests, in an environment of their own.
lint-deploy: .venv/development
	$(BIN)/uv run --no-project --with-requirements tests/deploy/linters.txt --with pyyaml python -m tests.deploy.lint

bench: .venv/development .venv/browser
	$(BIN)/python -m benchmarks

# Pins every package for all supported versions of Python; UPGRADE=--upgrade takes newer releases.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock"
EXPORT := $(COMPILE) --no-annotate --constraint requirements.lock
lock: .venv/development
	$(COMPILE) $(UPGRADE) --all-extras --output-file requirements.lock
	$(EXPORT) --extra postgresql --output-file requirements.txt
	$(EXPORT) --extra postgresql --extra dev --output-file requirements-dev.txt
	$(EXPORT) --extra train --output-file demo/requirements.txt
	$(EXPORT) --extra postgresql --extra storage --extra cluster --output-file deploy/requirements.txt

.venv/created:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	touch $@

.venv/runtime: .venv/created requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/development: .venv/runtime requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# The browser tests drive Debian's own chromium, the one without a window if it is there; without root, install it first.
.venv/browser: .venv/created
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium chromium-headless-shell >/dev/null)
	touch $@
