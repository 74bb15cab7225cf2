# What there is to do: `make help`. It takes Python 3.11 or newer and make; all else goes into .venv.

MAKEFLAGS += --no-print-directory
BIN := .venv/bin
CONSTRAINTS := $(wildcard constraints.txt)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint ,$(CONSTRAINTS))
SOURCES := src tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help run test torture bench check format clean

help: ## list what there is to do
	@sed -n 's/^\([a-z]*\):.*## /  make \1 	/p' $(firstword $(MAKEFILE_LIST))

run: .venv/.run ## start a gateway, show what becomes of example orders, stay up (ONCE=1: end there)
	@exec $(BIN)/ordergate demo $(if $(filter-out 0 no false,$(ONCE)),--once)

# Each process has a mongod of its own, so there are few; the tests of a file share a gateway.
test: check ## check, then run every test
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

torture: .venv/.dev ## kill a gateway and its MongoDB again and again (ORDERS=5000 SEED=1 HOURS=2)
	@PYTHONPATH=tests exec $(BIN)/python -m torture \
	    $(if $(ORDERS),--orders $(ORDERS)) $(if $(SEED),--seed $(SEED)) $(if $(HOURS),--hours $(HOURS))

check: .venv/.dev ## formatting, lint, types, and who may import whom
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev ## measure into benchmarks/README.md (FULL=1: a million orders, too; PEERS=1: other servers, too)
	$(BIN)/python -m benchmarks --keep $(if $(filter-out 0 no false,$(FULL)),--full) $(if $(filter-out 0 no false,$(PEERS)),--peers)

format: .venv/.dev ## format the code
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

clean: ## take .venv and the caches away; .ordergate, the data of `make run`, stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Stamps: installed again only when what is asked for has changed.
.venv/.run: .venv/.made pyproject.toml $(CONSTRAINTS)
	@echo "Installing ordergate into .venv"
	@$(PIP_INSTALL) --editable '.[embedded]'
	@touch $@

.venv/.dev: .venv/.made pyproject.toml $(CONSTRAINTS)
	@echo "Installing ordergate and its tools into .venv"
	@$(PIP_INSTALL) --editable '.[embedded,dev]'
	@touch $@ .venv/.run

# A python3 may be a shim that can't run, so each is asked for its version.
.venv/.made:
	@for python in python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        $$python -m venv .venv && touch $@; exit; \
	    fi; \
	done; \
	echo "Ordergate takes Python 3.11 or newer: none of python3, python3.13, python3.12, python3.11 is." >&2; \
	exit 1
