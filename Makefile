# Everything a person or CI runs. On a fresh machine only Python 3.11, make and git are needed.
PYTHON ?= python3.11
VENV   := .venv
RUN    := $(VENV)/bin/python
PORT   ?= 8765
MODE   ?= socket
PLAY   ?= first-look
KILLS  ?= 100
SEED   ?= 20

.PHONY: help sandbox play test chaos check format bench lock docs clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.ready: requirements-dev.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; set PYTHON=... to a Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

sandbox: $(VENV)/.ready ## Start the pretend Slack, AWS and PagerDuty with the real bot (PORT=, MODE=socket|http, PLAY=none|NAME, STORM=1)
	@exec $(RUN) -m sandbox up --port $(PORT) --mode $(MODE) --play $(PLAY) $(if $(STORM),--storm)

play: $(VENV)/.ready ## Play a scenario in the running sandbox (NAME=ship-bad)
	@$(RUN) -m sandbox play $(NAME)

test: $(VENV)/.ready ## Run all tests
	$(RUN) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

chaos: $(VENV)/.ready ## Kill the bot a hundred times at random instants, and at every effect (KILLS=, SEED=)
	CHAOS_KILLS=$(KILLS) CHAOS_SEED=$(SEED) $(RUN) -m pytest -q -s tests/chaos

check: $(VENV)/.ready ## Format, lint, types, import contracts, docs in step with the code
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) -m bot check
	@$(RUN) -m bot commands | diff - docs/commands.md || { echo "docs/commands.md is out of step: run make docs"; exit 1; }

docs: $(VENV)/.ready ## Write docs/commands.md and the JSON Schemas from the code
	$(RUN) -m bot commands > docs/commands.md
	$(RUN) -m bot schema docs/schema

format: $(VENV)/.ready ## Format and fix what can be fixed
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.ready ## Run the benchmarks and write their results (some 50 minutes)
	$(RUN) -m benchmarks.ack
	$(RUN) -m benchmarks.grouping
	$(RUN) -m benchmarks.health
	$(RUN) -m benchmarks.intake
	$(RUN) -m benchmarks.logs
	$(RUN) -m benchmarks.plan
	$(RUN) -m benchmarks.storm
	$(RUN) -m benchmarks.verdict_delay
	$(RUN) -m benchmarks.wrong_verdicts

lock: ## Resolve the dependencies anew (needs pip-tools)
	pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --allow-unsafe -o requirements.lock pyproject.toml
	pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --allow-unsafe --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Remove what was made here
	rm -rf $(VENV) .sandbox .pytest_cache .mypy_cache .ruff_cache
