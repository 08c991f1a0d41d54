# Everything from a fresh clone, with only Python (3.11 or newer) and make. The same without make stands in README.md.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format messages screenshots benchmark constraints clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
RESULTS := build/tests
# Another interpreter: make PYTHON=/path/to/python3.12 test
PYTHON ?=
# Workers of the suite: make WORKERS=4 test; options for pytest: make test ARGS="-k appeal"
WORKERS ?= 2
ARGS ?=
PORT ?= 5000
# A file is one worker's; in the order of tests/plugins.py, so that none waits for the longest at the end.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# Every program that a test starts would compile the whole package anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

demo: $(VENV)/demo  ## a small AI product with sample complaints, on http://127.0.0.1:5000/ (PORT=…)
	@PORT=$(PORT) $(BIN)/python -m example_app --demo

test: $(VENV)/test  ## the suite; without database servers it runs on SQLite, `bash .ci/run` starts them all
	@rm -rf $(RESULTS)
	@# A live Playwright blocks asyncio in its thread, so the browser has a run of its own, which reads its files alone.
	@code=0; \
	$(PYTEST) -m "not browser" --results=$(RESULTS)/main.json $(ARGS) || code=1; \
	$(PYTEST) -m browser --results=$(RESULTS)/browser.json $(or $(ARGS),$$(grep -rl --include='test_*.py' 'mark\.browser' tests)) || code=1; \
	$(BIN)/python tests/closing.py $(RESULTS) || code=1; \
	exit $$code

lint: $(VENV)/test  ## ruff and mypy, both strict
	@code=0; \
	$(BIN)/ruff check --output-format concise . || code=1; \
	$(BIN)/ruff format --check . || code=1; \
	$(BIN)/mypy || code=1; \
	exit $$code

format: $(VENV)/test  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: $(VENV)/test  ## which sentences have no Chinese yet; compiles the catalogue
	@$(BIN)/python tests/messages.py

screenshots: $(VENV)/test  ## pictures of each page into screenshots/, for reading before a change lands
	@$(BIN)/python -m pytest -m browser --screenshots=screenshots $(ARGS)

benchmark: $(VENV)/test  ## measured work, beside other programs
	@$(BIN)/python -m benchmarks submit start

constraints: $(VENV)/test  ## write down the versions of this environment
	@sed -n '/^#/p' constraints.txt > build/constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable --exclude pip >> build/constraints.txt
	@mv build/constraints.txt constraints.txt

clean:  ## remove what the other targets made
	@rm -rf $(VENV) build dist screenshots .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find complaints example_app tests benchmarks migrations -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/demo: $(VENV)/python pyproject.toml constraints.txt
	@echo "installing flask-complaints and what it needs into $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e ".[all]"
	@touch $@

$(VENV)/test: $(VENV)/python pyproject.toml constraints.txt
	@echo "installing flask-complaints and what its tests need into $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e ".[all]" --group test --group dev
	@mkdir -p build
	@touch $@ $(VENV)/demo

$(VENV)/python:
	@set -e; found=; \
	for candidate in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is missing$(if $(PYTHON),: $(PYTHON) is none,); install it, or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$found has no venv module; install it (Debian and Ubuntu: apt-get install python3-venv) and run make again" >&2; \
		exit 1; \
	fi; \
	rm -rf $(VENV); \
	"$$found" -m venv $(VENV); \
	: "dependency groups need pip 25.1"; \
	$(PIP) install --upgrade "pip>=25.1"; \
	touch $@
