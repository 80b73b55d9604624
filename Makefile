# Every target runs with what stands in requirements/*.txt, in environments that are created on first use and renewed
# when their pins change. Needed on the machine: make and Python 3.11 to 3.14 (PYTHON= names one); uv is used if present.

.DEFAULT_GOAL := help
.PHONY: help up test chaos lint format bench build lock clean

python := .venv/bin/python
# Most tests wait most of the time.
processes ?= 3

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

up: .venv/.projects ## Start an embedded store, workers and a scheduler; Ctrl-C stops them
	@.venv/bin/taskhub up

test: .venv/.compiled .venv-oracle/.compiled .venv-ecosystem/.compiled ## Run the whole test suite (arguments="-k name" narrows it)
	@$(python) -m compileall -qq -j 0 src compat/src scheduler/src
	$(python) -m pytest -n $(processes) --dist worksteal $(arguments)

chaos: .venv/.projects ## Break everything while tasks run, and account for all of them (arguments="--seed 7")
	$(python) -m tests.chaos --publish docs/reliability.md $(arguments)

lint: .venv/.projects ## Check style, formatting, types and the floors
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright --warnings
	.venv/bin/lint-imports --no-cache

format: .venv/.projects ## Format the code and mend what can be mended safely
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

bench: .venv/.projects .venv-oracle/.requirements ## Measure taskhub beside Celery and Dramatiq (arguments="..." are passed on)
	$(python) -m benchmarks $(arguments)

build: .venv/.projects ## Build the distributions into dist/
	$(python) -m hatchling build -d "$(CURDIR)/dist"
	cd compat && ../$(python) -m hatchling build -d "$(CURDIR)/dist"
	cd compat/celery-shim && ../../$(python) -m hatchling build -d "$(CURDIR)/dist"
	cd scheduler && ../$(python) -m hatchling build -d "$(CURDIR)/dist"

lock: ## Pin the newest versions that fit anew (needs uv)
	@command -v uv >/dev/null || { echo "error: make lock needs uv" >&2; exit 1; }
	$(compile) --all-extras --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	$(compile) --output-file requirements/oracle.txt requirements/oracle.in
	$(compile) $(addprefix --no-emit-package ,$(celerys)) --output-file requirements/ecosystem.txt \
		pyproject.toml requirements/ecosystem.in

compile = uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

# taskhub-compat takes their place; kombu and billiard stay, because libraries import them themselves.
celerys = celery click-didyoumean click-plugins click-repl

clean: ## Remove environments, caches and what was built (the development store stays)
	rm -rf .venv .venv-oracle .venv-ecosystem dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.requirements: requirements/dev.txt
	@scripts/environment .venv requirements/dev.txt
	@touch $@

.venv/.projects: .venv/.requirements pyproject.toml compat/pyproject.toml scheduler/pyproject.toml
	@scripts/projects .venv
	@touch $@

.venv-oracle/.requirements: requirements/oracle.txt
	@scripts/environment .venv-oracle requirements/oracle.txt
	@touch $@

.venv-ecosystem/.projects: requirements/ecosystem.txt pyproject.toml compat/pyproject.toml scheduler/pyproject.toml
	@scripts/environment .venv-ecosystem requirements/ecosystem.txt --no-deps
	@scripts/projects .venv-ecosystem
	@touch $@

# Tests start hundreds of processes: what these import is compiled to bytecode once, which uv leaves to the first import,
# and PYTHONDONTWRITEBYTECODE to each. What is no Python (templates of packages) is left as it is.
.venv/.compiled: .venv/.projects
.venv-oracle/.compiled: .venv-oracle/.requirements
.venv-ecosystem/.compiled: .venv-ecosystem/.projects
.venv/.compiled .venv-oracle/.compiled .venv-ecosystem/.compiled:
	@$(@D)/bin/python -m compileall -qq -j 0 $(@D)/lib || true
	@touch $@
