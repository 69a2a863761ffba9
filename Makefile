# Two commands: `make demo` runs the main job on the embedded study, `make test` runs every check of the gate.
# Both make their environment, and are quick the second time. `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUTPUT ?= output
CARGO := cargo
# The extension must not link libpython; set for every cargo call, so that nothing is built twice.
export PYO3_BUILD_EXTENSION_MODULE := 1
export PYTHONHASHSEED := 0
export MPLBACKEND := Agg

# Scales and frameworks under python/ are compiled into the core.
RUST_SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find src -type f 2>/dev/null; find python/steelyard/data -name '*.toml' 2>/dev/null)
PY_SOURCES := pyproject.toml $(shell find python -name '*.py' -o -name '*.pyi' -o -name '*.toml' -o -name '*.csv' -o -name '*.j2' -o -name '*.json' 2>/dev/null)

.PHONY: help demo test fmt lint rust pytest stubs notebooks study-coverage study-verdicts bench axe display-outputs docs jupyter wheel clean toolchain

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

toolchain:
	@command -v $(CARGO) >/dev/null || { echo "Steelyard needs a Rust toolchain (cargo, 1.89 or newer): install it with rustup, then run make again."; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "Steelyard needs Python 3.11 or newer as '$(PYTHON)': install it, or name another with 'make PYTHON=python3.12'."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Steelyard needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version). Name another with 'make PYTHON=python3.12'."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python lacks venv: install it (Debian: apt-get install python3-venv)."; exit 1; }

$(BIN)/.environment: pyproject.toml | toolchain
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet 'maturin>=1.9.4,<2' 'numpy>=1.26' 'pandas>=2.1' 'narwhals>=2.0' 'matplotlib>=3.8' 'jinja2>=3.1' 'tqdm>=4.66'
	@touch $@

$(BIN)/.test-environment: $(BIN)/.environment
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

# The package is installed in place: Python files are read where they stand, the core is built with the gate's profile.
$(BIN)/.built: $(BIN)/.environment $(RUST_SOURCES)
	$(BIN)/maturin develop --quiet --locked --profile gate
	@touch $@

demo: $(BIN)/.built  ## run the main job on the embedded study and write a report
	$(BIN)/python -m steelyard demo --output $(OUTPUT)

test: lint rust pytest stubs notebooks  ## every check of the gate
	@echo "make test: all checks passed. Left to targets of their own (make help): speed (bench), documentation (docs), JupyterLab in a browser (jupyter), axe-core on displays (axe), Word and LaTeX files opened (display-outputs), offline installation (wheel), long simulations (study-coverage, study-verdicts)."

fmt: $(BIN)/.test-environment  ## format Rust and Python
	$(CARGO) fmt
	$(BIN)/ruff format python tests/python benches
	$(BIN)/ruff check --fix python tests/python benches

lint: $(BIN)/.test-environment
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --profile gate --all-targets --features python -- -D warnings
	$(BIN)/ruff format --check python tests/python benches
	$(BIN)/ruff check python tests/python benches

rust: | toolchain
	$(CARGO) test --locked --profile gate
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --profile gate --no-deps --document-private-items

pytest: $(BIN)/.built $(BIN)/.test-environment
	$(BIN)/python -m pytest

stubs: $(BIN)/.built $(BIN)/.test-environment
	$(BIN)/mypy
	$(BIN)/stubtest --mypy-config-file pyproject.toml --allowlist tests/stubtest.txt steelyard._core

notebooks: $(BIN)/.built $(BIN)/.test-environment
	$(BIN)/python -m pytest --nbmake --override-ini testpaths=notebooks --override-ini filterwarnings=default notebooks

study-coverage: $(BIN)/.built  ## simulate the coverage of the default interval (resumes where it stopped)
	$(BIN)/python -m benches.study_coverage

bench: $(BIN)/.test-environment  ## measure speed beside the peers (ROOMS="resample audit" for some)
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/maturin develop --quiet --locked --release && rm -f $(BIN)/.built
	$(BIN)/python -m benches $(if $(ROOMS),$(ROOMS),--write docs/measured.md)

study-verdicts: $(BIN)/.built  ## size and power of the weighting verdict, coverage of its intervals, by simulation (hours; resumable)
	$(BIN)/python -m benches.study_global_tests
	$(BIN)/python -m benches.study_gains
	$(BIN)/python -m benches.study_verdicts

axe: $(BIN)/.built  ## accessibility of three displays on one page: axe-core in headless Chromium
	@command -v npm >/dev/null && command -v node >/dev/null || { echo "axe-core runs on Node.js: install node and npm (Debian: apt-get install nodejs npm), then run make axe again."; exit 1; }
	@command -v "$${CHROMIUM:-/usr/bin/chromium}" >/dev/null || { echo "No Chromium at '$${CHROMIUM:-/usr/bin/chromium}': install it, or name one with 'make axe CHROMIUM=/path/to/chromium'."; exit 1; }
	mkdir -p $(OUTPUT)/axe && cp tests/browser/package.json tests/browser/axe.mjs $(OUTPUT)/axe
	cd $(OUTPUT)/axe && npm install --no-audit --no-fund --silent
	$(BIN)/python tests/browser/axe_page.py $(OUTPUT)/axe/page.html
	node $(OUTPUT)/axe/axe.mjs $(OUTPUT)/axe/page.html

display-outputs: $(BIN)/.built $(BIN)/.test-environment  ## compile the LaTeX and open the Word files of displays (TeX, LibreOffice)
	@if [ "$$(id -u)" = 0 ] && ! { command -v xelatex && command -v soffice && command -v pdftoppm; } >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends texlive-latex-base \
	    texlive-latex-recommended texlive-latex-extra texlive-xetex texlive-fonts-recommended lmodern poppler-utils \
	    libreoffice-writer-nogui libreoffice-calc-nogui >/dev/null; fi
	@for tool in pdflatex xelatex soffice pdftotext pdftoppm; do command -v $$tool >/dev/null || { echo "$$tool is missing: install TeX Live (with xetex), LibreOffice and poppler-utils, then run make display-outputs again."; exit 1; }; done
	$(BIN)/python tests/browser/display_outputs.py $(OUTPUT)/displays

docs: $(BIN)/.built  ## build the documentation, warnings as errors
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

# A browser is installed where that can be done without asking (root on Debian); elsewhere the check says what it needs.
jupyter: $(BIN)/.built $(BIN)/.test-environment  ## notebook 01 in JupyterLab and headless Chromium
	@if [ "$$(id -u)" = 0 ] && [ -z "$$CHROMIUM" ] && command -v apt-get >/dev/null && ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; fi
	$(BIN)/python -m pip install --quiet --group browser
	OUTPUT=$(OUTPUT) $(BIN)/python -m pytest tests/browser

wheel: $(BIN)/.environment  ## build wheel and sdist, install each offline in a fresh environment, run the main job
	rm -rf dist && mkdir -p dist/offline
	$(BIN)/maturin build --quiet --release --locked --out dist
	$(BIN)/maturin sdist --out dist
	$(BIN)/python -m pip download --quiet --dest dist/offline 'maturin>=1.9.4,<2' dist/*.whl
	for built in dist/*.whl dist/*.tar.gz; do \
	  rm -rf dist/venv && $(PYTHON) -m venv dist/venv && \
	  CARGO_NET_OFFLINE=true dist/venv/bin/python -m pip install --quiet --no-index --find-links dist/offline $$built && \
	  (cd dist && venv/bin/python -m steelyard demo --output demo >/dev/null) && echo "$$built: installs offline and runs" || exit 1; \
	done; rm -rf dist/venv

clean:  ## remove what was built
	rm -rf target $(VENV) $(OUTPUT) docs/_build
