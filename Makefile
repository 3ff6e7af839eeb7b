SHELL := bash
.SHELLFLAGS := -euo pipefail -c
# cdk.json runs the app with the Python of the active environment: it must be this one.
export VIRTUAL_ENV := $(CURDIR)/.venv
# What config/local.yaml reads beside .local/env: the emulator runs the functions on this Python and machine.
export LOCAL_RUNTIME = python$(shell sed -n 's/^version = \([0-9]*\.[0-9]*\).*/\1/p' .venv/pyvenv.cfg 2>/dev/null)
export LOCAL_ARCHITECTURE = $(shell uname -m | sed 's/aarch64/arm64/; s/amd64/x86_64/')
# The Node.js versions of which jsii shall not say at every CDK command, in eleven lines, that their time is over.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20,21,22,23
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON_BIN := .venv/bin/python
CDK := node_modules/.bin/cdk
FAST_TESTS := tests/unit tests/property tests/template tests/conformance

# One thing after the other, whatever -j says: what is left to run side by side is said where it is.
.NOTPARALLEL:

.PHONY: help setup demo test lint types unit integration bench quickstart record reference picture costs up events down synth deploy destroy clean require-stage

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  make /'

setup: ## Make .venv and node_modules (every other target does it by itself)
	@bin/setup

demo: setup ## Deploy to the local AWS emulator, run the story, print what happened, stop everything
	@$(PYTHON_BIN) -m local demo

# Integration tests wait most of their time. The others fill that, at a priority that leaves them in peace.
test: lint ## Every check and test
	@mkdir -p build; echo "mypy and the tests that need no emulator run beside the others, and tell at the end."; \
	nice -n 15 $(MAKE) -k types unit >build/unit-tests.log 2>&1 & unit=$$!; trap 'kill $$unit 2>/dev/null || true' EXIT; \
	failed=0; $(MAKE) integration || failed=1; \
	wait $$unit || failed=1; cat build/unit-tests.log; exit $$failed

lint: setup ## ruff: rules and format
	$(PYTHON_BIN) -m ruff check .
	$(PYTHON_BIN) -m ruff format --check .

types: setup ## mypy --strict over everything
	$(PYTHON_BIN) -m mypy .

unit: setup ## The tests that need no emulator, on all cores
	$(PYTHON_BIN) -m pytest -n auto $(FAST_TESTS)

integration: setup ## The tests on the deployed stacks, on the local AWS emulator with IAM enforced
	$(PYTHON_BIN) -m pytest tests/integration

bench: setup ## Measure calls, own code and imports, as ratios against a baseline of the same run
	@PYTHONPATH=.:lambdas/layers/shared/python $(PYTHON_BIN) -m bench

quickstart: setup ## Run the commands of the README's own text, as they stand (what is up meanwhile is stopped)
	@$(PYTHON_BIN) -m local.quickstart

record: setup ## Record `make demo` and `sellerbus messages compose` anew, in docs/recordings
	@$(PYTHON_BIN) -m local.recording_demo
	@$(PYTHON_BIN) -m local.recording

reference: setup ## Write docs/REFERENCE.md, the list of all commands, anew
	@PYTHONPATH=.:lambdas/layers/shared/python $(PYTHON_BIN) -m ops.reference

picture: setup ## Draw docs/recordings/dashboard.svg anew, from the dashboard's definition
	@$(PYTHON_BIN) -m local.dashboard_picture

costs: setup ## Compute the tables of docs/cost.md anew
	@PYTHONPATH=.:lambdas/layers/shared/python $(PYTHON_BIN) -m bench.cost --write

up: setup ## The local deployment, kept running; writes .local/env to source
	@$(PYTHON_BIN) -m local up

events: setup ## What lies in the example consumer's queue and the dead-letter queues of `make up`; it stays there
	@$(PYTHON_BIN) -m local events --dead-letters

# Nothing is installed to stop nothing.
down: ## Stop what `make up` started
	@if [ -e .local/up/deployment.json ]; then bin/setup && $(PYTHON_BIN) -m local down; \
	else rm -f .local/env; echo "Nothing was running."; fi

synth: require-stage setup ## STAGE=x: write the CloudFormation templates of config/x.yaml to cdk.out
	$(CDK) synth --quiet --context stage=$(STAGE) --context sellerbus:only-synth=true
	@echo "The templates are in cdk.out"

deploy: require-stage setup ## STAGE=x: deploy config/x.yaml to the AWS account of your credentials
	@$(PYTHON_BIN) -m local deploy $(STAGE)

destroy: require-stage setup ## STAGE=x: remove that deployment (says what is kept, then CDK asks)
	@$(PYTHON_BIN) -m local destroy $(STAGE)

clean: ## Remove what the targets above made, .venv and node_modules included
	@if [ -x $(PYTHON_BIN) ]; then $(MAKE) down; fi
	rm -rf .venv node_modules cdk.out build .local .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

require-stage:
	@if [ -z "$(STAGE)" ]; then \
		echo "Say which deployment: make $(firstword $(MAKECMDGOALS)) STAGE=<name>, where config/<name>.yaml describes it." >&2; \
		exit 2; \
	fi
	@if [ ! -f "$${SELLERBUS_CONFIG_FOLDER:-config}/$(STAGE).yaml" ]; then \
		echo "There is no $${SELLERBUS_CONFIG_FOLDER:-config}/$(STAGE).yaml: copy config/example.yaml to it and fill it in." >&2; \
		exit 2; \
	fi
