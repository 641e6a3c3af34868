# One command for each thing people do here. `make setup` runs by itself when the lock has changed.
.PHONY: help setup demo test check bench screenshots docs lock clean
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/.locked: requirements-dev.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh

setup: .venv/.locked ## Make .venv with everything in it.

demo: setup ## Run the whole example on real data and leave the server running; FAST=1: less of it.
	@$(PYTHON) examples/flights/demo.py

test: setup ## Run all tests, those that start real servers and a browser included.
	@sh scripts/browser.sh
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q

check: setup ## Lint, types, floor plan.
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/pyright
	@.venv/bin/lint-imports

bench: setup ## Measure, beside peers, into benchmarks/RESULTS.md.
	@$(PYTHON) benchmarks/run.py

screenshots: setup ## Take pictures of the web page on the running demo's data.
	@sh scripts/browser.sh
	@$(PYTHON) scripts/screenshots.py

docs: setup ## Build the documentation into site/.
	@.venv/bin/mkdocs build --strict --quiet && echo "site/index.html"

lock: setup ## Resolve the requirements anew.
	@sh scripts/lock.sh

clean: ## Stop a running demo and remove what these commands made.
	@if [ -x .venv/bin/boathouse ] && [ -d .boathouse ]; then .venv/bin/boathouse down; fi
	rm -rf .boathouse .venv .uv .pytest_cache .ruff_cache .import_linter_cache .hypothesis site build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
