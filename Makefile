# Everything runs from .venv, which is made here on first use; each target installs only what it
# needs. `make help` lists the targets.

VENV := .venv
BIN := $(VENV)/bin
# The interpreter that .venv is made with; python3.11 and newer are found by themselves.
PYTHON ?= python3
# Which tests `make test` runs, as regular expressions over their names.
TESTS ?= ^tests[.](unit|functional|integration|chaos)[.]

EXTRAS_demo := embedded
EXTRAS_test := embedded,mysql,postgresql,test
EXTRAS_lint := embedded,mysql,postgresql,test,lint
EXTRAS_docs := docs
EXTRAS_libvirt := libvirt

# stestr and pre-commit run a program named by $PYTHON, if set: theirs is the one in .venv.
unexport PYTHON

.DEFAULT_GOAL := help
# Two pips must not write to one environment.
.NOTPARALLEL:
.SECONDARY:
.PHONY: help venv demo cluster cluster-down chaos chaos-real mutations test lint lint-style \
        lint-format lint-types lint-floors lint-shell docs bench exposure clean distclean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r target does; do \
	    printf '  make %-12s %s\n' "$$target" "$$does"; done

venv: $(VENV)/.with-demo $(VENV)/.with-test $(VENV)/.with-lint $(VENV)/.with-docs ## make .venv with all that a developer needs

demo: $(VENV)/.with-demo ## run a whole cloud in one process
	@$(BIN)/understudy demo

cluster: $(VENV)/.with-test ## run a cloud of separate processes and real servers, until Ctrl-C
	@tools/install-packages integration
	@$(BIN)/python -m tests.integration.support.cluster

cluster-down: $(VENV)/.with-test ## end what `make cluster` runs
	@$(BIN)/python -m tests.integration.support.cluster --down

chaos: $(VENV)/.with-test ## run simulated worlds, on all cores: SEEDS=N, FIRST=S, JOBS=J
	@$(BIN)/python -m tests.chaos $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST)) \
	    $(if $(JOBS),--jobs $(JOBS))

chaos-real: $(VENV)/.with-test ## kill processes of a real cloud under load: KILLS=N, SEED=S
	@tools/install-packages integration
	@$(BIN)/python -m tests.chaos.real $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

mutations: $(VENV)/.with-test ## undo each safeguard, and find a simulated world that notices: SEEDS=N
	@$(BIN)/python -m tests.chaos.mutations $(if $(SEEDS),--seeds $(SEEDS))

test: $(VENV)/.with-test ## run all tests, one worker a core; as root, install the servers they need
	@$(if $(findstring integration,$(TESTS)),tools/install-packages integration)
	@# Built from source, so only where that can be done; the tests that need it say so otherwise.
	@$(if $(findstring integration,$(TESTS)),! $(BIN)/bindep --brief libvirt >/dev/null \
	    || $(MAKE) --no-print-directory $(VENV)/.with-libvirt)
	@# Where none ran yet, stestr hears how long the long ones take, and deals them out evenly.
	@[ -d .stestr ] || $(BIN)/python -m tools.test_times | $(BIN)/stestr load --force-init >/dev/null
	@$(BIN)/stestr run '$(TESTS)'

lint: lint-style lint-format lint-types lint-floors lint-shell ## check style, format, types, import contracts, shell

lint-style: $(VENV)/.with-lint
	@$(BIN)/ruff check --quiet .

lint-format: $(VENV)/.with-lint
	@$(BIN)/ruff format --quiet --check . \
	    || { echo "Not formatted; mend it with: $(BIN)/ruff format ."; exit 1; }

lint-types: $(VENV)/.with-lint
	@$(BIN)/mypy

lint-floors: $(VENV)/.with-lint
	@PYTHONPATH=.typing $(BIN)/lint-imports --no-logo

lint-shell: $(VENV)/.with-lint
	@PATH="$(BIN):$$PATH" tools/lint-shell

docs: $(VENV)/.with-docs ## build the pages into doc/build/html
	@$(BIN)/sphinx-build -q -W --keep-going -b html doc/source doc/build/html
	@echo "doc/build/html/index.html"

bench: $(VENV)/.with-test ## run every program in benchmarks/
	@for program in $(filter-out __init__ reporting,$(basename $(notdir $(wildcard benchmarks/*.py)))); do \
	    echo "== $$program"; $(BIN)/python -m benchmarks.$$program || exit; done

exposure: ## print what systemd says that each unit of etc/systemd exposes
	@for unit in etc/systemd/*.service; do \
	    systemd-analyze security --offline=true --no-pager "$$unit" || exit; done

clean: ## remove what was built, but keep .venv
	@rm -rf build dist cover doc/build releasenotes/build .stestr .tox .hypothesis \
	    .mypy_cache .ruff_cache .import_linter_cache .coverage*
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	@rm -rf $(VENV) *.egg-info

$(BIN)/pip:
	@PYTHON='$(PYTHON)' tools/make-venv $(VENV)

# One stamp for each set of extras; the editable install is made anew when what it maps changes.
$(VENV)/.with-%: setup.py pyproject.toml | $(BIN)/pip
	@echo "Installing understudy[$(EXTRAS_$*)] into $(VENV)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	    --editable '.[$(EXTRAS_$*)]'
	@touch $@
