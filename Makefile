# Two commands to a result: `make run`, `make test`. Each creates the environment when it is absent or outdated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
READY := $(VENV)/.ready
PACKED := build/environment.tar.gz

.DEFAULT_GOAL := help
.PHONY: help setup run dev test lint types unit test-cluster test-faults environment cluster s3 lock clean

help:  ## Show this help
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## Create the environment in .venv

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11 to 3.13 is needed, found $$($(PYTHON) --version 2>&1): run make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip sync --quiet --compile-bytecode --python $(VENV) requirements.lock
	$(UV) pip install --quiet --python $(VENV) --no-deps --editable .
	@$(BIN)/python -m image_assets.spark.class_archive 2>.venv/class_archive.log || tail -n 1 .venv/class_archive.log
	@touch $(READY)

run: $(READY)  ## Materialize all chains on the sample data, or on IMAGE_ASSETS_SOURCE, _SCENES and _RECORDINGS
	@$(BIN)/image-assets run

dev: $(READY)  ## Open the Dagster UI
	@$(BIN)/dagster dev

test: lint types unit  ## Run lint, types and tests

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest

test-cluster: $(READY) $(PACKED)  ## Run the chain on a Spark cluster of separate processes, with everything on S3
	$(BIN)/pytest -m '' image_assets_tests/cluster

test-faults: $(READY) $(PACKED)  ## Show what happens when processes, machines, networks, disks and pictures are bad
	$(BIN)/pytest -m '' image_assets_tests/cluster image_assets_tests/faults

environment: $(PACKED)  ## Pack what Spark executors need of Python into build/environment.tar.gz

$(PACKED): deploy/executor.txt requirements.lock | $(READY)
	rm -rf build/environment && mkdir -p build
	$(UV) venv --quiet --relocatable --python $(BIN)/python build/environment
	$(UV) pip install --quiet --link-mode copy --python build/environment --requirement deploy/executor.txt --constraint requirements.lock
	tar -czf $@.part -C build/environment . && mv $@.part $@

cluster: $(READY)  ## Run a Spark master, two workers and an S3 server; prints the variables that point the project to it
	@$(BIN)/python -m image_assets_tests.cluster.local_cluster .cluster

s3: $(READY)  ## Serve S3 on 127.0.0.1:8333, data in .s3; prints the variables that point the project to it
	@$(BIN)/python -m image_assets_tests.s3.server .s3

lock:  ## Resolve requirements.lock anew from pyproject.toml
	$(UV) pip compile --quiet --universal --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		--python-version 3.11 --group dev --output-file requirements.lock pyproject.toml

clean:  ## Remove what runs have made, but not the environment
	rm -rf data/warehouse .dagster/history .dagster/storage .dagster/schedules .dagster/logs 2>/dev/null || true
