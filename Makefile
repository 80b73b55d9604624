# Every target runs with what stands in requirements/*.txt, in environments that are created on first use and renewed
# when their pins change. Needed on the machine: make and Python 3.11 to 3.14 (PYTHON= names one); uv is fetched if absent.

.DEFAULT_GOAL := help
.PHONY: help up test coverage chaos fuzz lint format docs docs-serve reference bench build release lock clean

python := .venv/bin/python
# Tests wait for two thirds of their time: four processes keep two cores busy.
processes ?= 4

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

up: .venv/.run ## Start an embedded store, workers, a scheduler and the dashboard, or use store=URL; Ctrl-C stops them
	@.venv/bin/taskhub up $(if $(store),--store '$(store)')

test: .venv/.compiled .venv-oracle/.compiled .venv-ecosystem/.compiled .venv-oldest/.requirements .venv-tools/.requirements ## Run the whole test suite (arguments="-k name" narrows it)
	@$(python) -m compileall -qq -j 0 src compat/src scheduler/src tests
	PYTHONDONTWRITEBYTECODE= $(python) -m pytest -n $(processes) --dist worksteal $(arguments)

coverage: .venv/.compiled .venv-oracle/.compiled .venv-ecosystem/.compiled .venv-oldest/.requirements .venv-tools/.requirements ## Measure which branches the tests take, over all processes
	@rm -f .coverage .coverage.*
	$(python) -m coverage run -m pytest -n $(processes) --dist worksteal $(arguments)
	@$(python) -m coverage combine --quiet
	$(python) -m coverage report $(if $(arguments),--fail-under=0)

chaos: .venv/.projects ## Break everything while tasks run, and account for all of them (arguments="--seed 7")
	$(python) -m tests.chaos --publish docs/reliability.md $(arguments)
	$(python) -m tests.chaos --refusals --publish docs/reliability.md $(arguments)

fuzz: .venv/.compiled ## Send 50 times as many odd messages, control messages and result documents at live workers
	@TASKHUB_FUZZ_EXAMPLES=600 .venv/bin/python -m pytest tests/chaos/test_fuzzing.py $(arguments)

lint: .venv/.projects ## Check style, formatting, types and the layers
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright --warnings
	.venv/bin/lint-imports --no-cache

format: .venv/.projects ## Format the code and mend what can be mended safely
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

docs: .venv-tools/.requirements ## Build the documentation's site into site/; a dead link or an unlisted page fails
	NO_MKDOCS_2_WARNING=1 .venv-tools/bin/mkdocs build --strict

docs-serve: .venv-tools/.requirements ## Show the site at http://127.0.0.1:8000/, anew after each change
	.venv-tools/bin/mkdocs serve

reference: .venv/.projects ## Write docs/commands.md from the commands
	$(python) -m tests.docs.command_reference

bench: .venv/.projects .venv-oracle/.requirements ## Measure taskhub beside Celery and Dramatiq (arguments="..." are passed on)
	$(python) -m benchmarks $(arguments)

build: .venv/.projects ## Build the distributions into dist/
	$(python) -m hatchling build -d "$(CURDIR)/dist"
	cd compat && ../$(python) -m hatchling build -d "$(CURDIR)/dist"
	cd compat/celery-shim && ../../$(python) -m hatchling build -t wheel -d "$(CURDIR)/dist"
	cd scheduler && ../$(python) -m hatchling build -d "$(CURDIR)/dist"

release: .venv/.projects .venv-tools/.requirements ## Build, check and try the distributions (version=X.Y.Z signs off and tags; arguments="--dry-run")
	@$(python) -m scripts.release $(if $(version),--version $(version)) $(arguments)

lock: ## Pin the newest versions that fit anew
	$(compile) --output-file requirements/uv.txt requirements/uv.in
	$(compile) --all-extras --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	$(compile) $(addprefix --extra ,embedded mail cache quant report metrics web) --constraint requirements/dev.txt \
		--output-file requirements/run.txt pyproject.toml requirements/run.in
	$(compile) $(addprefix --extra ,metrics web) --constraint requirements/dev.txt \
		--output-file requirements/image.txt pyproject.toml requirements/image.in
	$(compile) --constraint requirements/dev.txt --output-file requirements/wheels.txt requirements/wheels.in
	$(compile) --output-file requirements/oracle.txt requirements/oracle.in
	$(compile) $(addprefix --no-emit-package ,$(celerys)) --output-file requirements/ecosystem.txt \
		pyproject.toml requirements/ecosystem.in
	$(compile) --no-deps --output-file requirements/oldest.txt requirements/oldest.in
	$(compile) --output-file requirements/tools.txt requirements/tools.in

compile = $$(scripts/uv python3) pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

# taskhub-compat takes their place; kombu and billiard stay, because libraries import them themselves.
celerys = celery click-didyoumean click-plugins click-repl

clean: ## Remove environments, caches and what was built (the development store stays)
	rm -rf .venv .venv-uv .venv-oracle .venv-ecosystem .venv-oldest .venv-tools dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What running the shipped tasks needs, and no more; the tools of a developer are added to it when they are needed.
.venv/.run: requirements/run.txt pyproject.toml compat/pyproject.toml scheduler/pyproject.toml
	@scripts/environment .venv requirements/run.txt
	@scripts/projects .venv
	@touch $@

.venv/.requirements: requirements/dev.txt
	@KEEP=$(if $(wildcard $@),,1) scripts/environment .venv requirements/dev.txt
	@touch $@

.venv/.projects: .venv/.requirements pyproject.toml compat/pyproject.toml scheduler/pyproject.toml
	@scripts/projects .venv
	@touch .venv/.run $@

.venv-oracle/.requirements: requirements/oracle.txt
	@scripts/environment .venv-oracle requirements/oracle.txt
	@touch $@

.venv-ecosystem/.projects: requirements/ecosystem.txt pyproject.toml compat/pyproject.toml scheduler/pyproject.toml
	@scripts/environment .venv-ecosystem requirements/ecosystem.txt --no-deps
	@scripts/projects .venv-ecosystem
	@touch $@

# No environment, but what goes before one: the oldest releases of what speaks to the store.
.venv-oldest/.requirements: requirements/oldest.txt .venv/.requirements
	@rm -rf .venv-oldest
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--target .venv-oldest -r requirements/oldest.txt
	@touch $@

.venv-tools/.requirements: requirements/tools.txt
	@scripts/environment .venv-tools requirements/tools.txt
	@touch $@

# Tests start hundreds of processes: what these import is compiled to bytecode once, which uv leaves to the first import,
# and PYTHONDONTWRITEBYTECODE to each. What is no Python (templates of packages) is left as it is. pytest keeps what it
# has made of tests and plugins itself.
.venv/.compiled: .venv/.projects
.venv-oracle/.compiled: .venv-oracle/.requirements
.venv-ecosystem/.compiled: .venv-ecosystem/.projects
.venv/.compiled .venv-oracle/.compiled .venv-ecosystem/.compiled:
	@$(@D)/bin/python -m compileall -qq -j 0 $(@D)/lib || true
	@touch $@
