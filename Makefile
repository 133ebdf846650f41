# `make up` and `make test` need Python 3.11 or newer, make and git; everything else comes from the locks.
# ARGS is passed on: make up ARGS="--port 9000", make test ARGS="-k signing".

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
REQUIREMENTS := requirements
VERSIONS := 3.13 3.12 3.11 3.14
BEST := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# The tools of `make check` load the settings, which want secrets and a database. Nothing connects to it.
UNUSED := 0000000000000000000000000000000000000000000
CHECK_ENV := POSTBOX_SECRET_KEY=$(UNUSED) POSTBOX_BOUNCE_SECRET=$(UNUSED) POSTBOX_MASTER_KEYS=$(UNUSED)= \
	DATABASE_URL=postgresql://nobody@127.0.0.1:1/none BROKER_URL=redis://127.0.0.1:1/0
CHECKED := manage.py postbox webhooks outbound reputation tests

# A file at a time, in the order of tests/spread.py: xdist's own, by how many tests a file has, leaves the longest to the
# end. Three together on two cores: tests that start whole systems mostly wait for them.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help up test check lock bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1  \2/p' $(MAKEFILE_LIST)

up: $(VENV)/.embedded $(BIN)/postbox ## run everything here, with PostgreSQL and Valkey of its own
	@exec $(BIN)/postbox up $(ARGS)

# The systems that tests start compile everything at each start where that variable is set.
test: $(VENV)/.dev $(BIN)/postbox ## run the tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(SPREAD) $(ARGS)

check: $(VENV)/.dev $(BIN)/postbox ## lint, types, imports, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports
	$(CHECK_ENV) $(BIN)/python -W "ignore::RuntimeWarning" -m postbox makemigrations --check --dry-run

bench: $(VENV)/.dev $(BIN)/postbox ## run the benchmark: one JSON line
	@$(BIN)/postbox bench $(ARGS)

lock: $(VENV)/bin/python ## resolve pyproject.toml anew into requirements/
	$(PIP) install --upgrade uv
	for extra in base embedded s3 dev; do \
		case $$extra in base) set -- ;; dev) set -- --extra embedded --extra s3 --extra dev ;; \
			*) set -- --extra $$extra ;; esac; \
		$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
			--python-version 3.11 "$$@" pyproject.toml --output-file $(REQUIREMENTS)/$$extra.txt || exit 1; \
	done

clean: ## remove the virtual environment and caches; never a home folder
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Valkey's package is for Python 3.11 to 3.13, so one of these is preferred to a newer one.
$(BIN)/python:
	@for test in '$(BEST)' '$(ENOUGH)'; do for python in python3 $(VERSIONS:%=python%); do \
		if [ -z "$$found" ] && $$python -c "$$test" 2>/dev/null; then found=$$python; fi; \
	done; done; \
	if [ -z "$$found" ]; then \
		echo "Postbox needs Python 3.11 or newer; found $$(python3 --version 2>&1). Install one, for instance as python3.12."; \
		exit 1; \
	fi; \
	$$found -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$$found has no working venv module; Debian and Ubuntu have it in the package python3-venv."; exit 1; }

# Stamps: what a lock holds is installed again when the lock has changed, and only then.
$(VENV)/.embedded: $(REQUIREMENTS)/embedded.txt | $(BIN)/python
	@echo "Installing what Postbox needs into $(VENV) …"
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS)/dev.txt | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) …"
	@$(PIP) install --require-hashes --requirement $<
	@touch $@ $(VENV)/.embedded

# An installation of this folder without a build: nothing is fetched, so there is nothing that a lock could not cover.
$(BIN)/postbox: Makefile | $(BIN)/python
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/postbox.pth"
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m postbox "$$@"\n' "$$(pwd)" > $@
	@chmod +x $@
