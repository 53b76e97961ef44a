# Zongji: two commands matter, `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PY := .venv/bin/python
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null && echo $$p && break; done)
DESK := agents/desk
APT := espeak-ng ffmpeg baresip-core mmdebstrap python3-venv
NEEDED := espeak-ng ffmpeg baresip mmdebstrap
# Only for `make test`; RUNLEVEL=1 keeps Debian from starting services nobody asked for.
TEST_APT := mosquitto postgresql chromium fonts-wqy-microhei sip-tester
# Tests beside each other: most of them wait for what callers hear. WORKERS=0 for a debugger.
WORKERS ?= 2
RUN := .run
LOGS := .pbx

# $(call apt,PACKAGES,LOG): install without a question; what went wrong is shown and where it stands.
apt = sudo=; [ $$(id -u) = 0 ] || sudo=sudo; mkdir -p $(LOGS); echo "  installing $(1) ..."; \
  { $$sudo apt-get update && $$sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $(1); } </dev/null >$(LOGS)/$(2) 2>&1 \
  || { tail -5 $(LOGS)/$(2); echo "zongji: packages could not be installed: see $(LOGS)/$(2)"; exit 2; }

.PHONY: menu help setup setup-tests run start stop call test check audit doctor hooks bench bench-pbx chaos soak plots screenshots lock diagrams

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/done $(DESK)/dist/done ## install what is missing: packages, .venv, the pages, Asterisk
	@missing=; for c in $(NEEDED); do command -v $$c >/dev/null || missing=yes; done; \
	[ -z "$$missing" ] || { $(call apt,$(APT),apt.log); }
	@$(PY) -m compileall -q cti ivr acd agents db
	@$(PY) asterisk-config/provide.py .pbx

.venv/done: requirements-dev.txt
	@python=$(PYTHON); [ -n "$$python" ] || { $(call apt,python3 python3-venv,apt-python.log); python=python3; }; \
	$$python -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' \
	  || { echo "zongji: Python 3.11 to 3.13 is needed, this is $$($$python -V): make setup PYTHON=/path/to/python"; exit 2; }; \
	echo "  making .venv with $$python ..."; mkdir -p $(LOGS); \
	$$python -m venv .venv >$(LOGS)/venv.log 2>&1 || { $(call apt,python3-venv,apt-python.log); $$python -m venv --clear .venv >$(LOGS)/venv.log 2>&1; } \
	  || { tail -5 $(LOGS)/venv.log; echo "zongji: no .venv could be made: see $(LOGS)/venv.log"; exit 2; }
	@begun=$$SECONDS; echo "  installing $$(grep -c == requirements-dev.txt) Python packages ..."; \
	.venv/bin/pip install --no-input --disable-pip-version-check --require-hashes -r requirements-dev.txt >$(LOGS)/pip.log 2>&1 </dev/null \
	  || { tail -5 $(LOGS)/pip.log; echo "zongji: Python packages could not be installed: see $(LOGS)/pip.log"; exit 2; }; \
	echo "  .venv ready after $$((SECONDS - begun)) s"
	@touch $@

# The pages: their parts by the lock file, then the build; each anew only when what it is made of has changed.
NODE = command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null
DESK_SOURCES := $(shell find $(DESK)/src $(DESK)/public -type f) $(wildcard $(DESK)/*.html $(DESK)/*.ts $(DESK)/*.json)

$(DESK)/node_modules/done: $(DESK)/package.json $(DESK)/package-lock.json $(DESK)/.npmrc
	@$(NODE) || { $(call apt,nodejs npm,apt-node.log); }; $(NODE) || { echo "zongji: Node 18 or newer is needed for the pages, this is $$(node -v 2>&1)"; exit 2; }; \
	mkdir -p $(LOGS); begun=$$SECONDS; echo "  installing the parts of the pages ..."; \
	(cd $(DESK) && npm ci --no-progress) >$(LOGS)/npm.log 2>&1 </dev/null \
	  || { tail -5 $(LOGS)/npm.log; echo "zongji: the parts of the pages could not be installed: see $(LOGS)/npm.log"; exit 2; }; \
	echo "  parts of the pages ready after $$((SECONDS - begun)) s"
	@touch $@

$(DESK)/dist/done: $(DESK)/node_modules/done $(DESK_SOURCES)
	@mkdir -p $(LOGS); begun=$$SECONDS; echo "  building the pages ..."; \
	(cd $(DESK) && npm run build) >$(LOGS)/desk.log 2>&1 </dev/null \
	  || { tail -20 $(LOGS)/desk.log; echo "zongji: the pages could not be built: see $(LOGS)/desk.log"; exit 2; }; \
	echo "  pages ready after $$((SECONDS - begun)) s"
	@touch $@

run: setup ## everything in the foreground, Ctrl-C ends it
	@exec $(PY) -m cti up

start: setup ## everything in the background
	@mkdir -p -m 700 $(RUN); : >$(RUN)/up.log; setsid $(PY) -m cti up >>$(RUN)/up.log 2>&1 </dev/null & \
	while ! grep -q '^ready' $(RUN)/up.log 2>/dev/null && kill -0 $$! 2>/dev/null; do sleep 0.1; done; \
	cat $(RUN)/up.log; grep -q '^ready' $(RUN)/up.log || exit 2

stop: ## end what start (or run) started
	@if [ -x $(PY) ]; then $(PY) -m cti stop; else echo "nothing was running"; fi

menu: .venv/done ## play a menu in the terminal; NAME=callback for another than the one that answers
	@$(PY) -m cti menu $(NAME)

call: ## place a real SIP call through the running house and tell its story
	@$(PY) -m cti call

setup-tests: setup ## what the tests need besides: a broker, a database, a browser
	@missing=; for p in $(TEST_APT); do [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || { $(call apt,$$missing,apt-tests.log); }

test: setup-tests ## pure tests, then the live ones on a real Asterisk
	@$(PY) -m pytest -q -n $(WORKERS) --maxschedchunk 1 $(TESTS)

check: .venv/done $(DESK)/node_modules/done ## style, types, words, import contracts, menu
	@cd $(DESK) && said=$$(npm run -s check 2>&1) || { echo "$$said"; exit 1; }
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && .venv/bin/mypy && .venv/bin/lint-imports && $(PY) -m cti check && $(PY) -m tests.audit

audit: .venv/done $(DESK)/node_modules/done ## whether what we are built of is pinned, sealed, and not known to be unsafe
	@$(PY) -m tests.audit

doctor: ## what is missing, and the cure
	@if [ -e .venv/done ]; then $(PY) -m cti doctor; else echo "  missing  .venv        make setup"; exit 2; fi

hooks: .venv/done ## let git run make check before each commit
	@.venv/bin/pre-commit install

diagrams: .venv/done ## the state diagrams of ARCHITECTURE.md, made from the tables
	@$(PY) -c 'from cti import call_states; from acd import agent_states; print(call_states.diagram()); print(agent_states.diagram())'

bench: setup-tests ## measure, print a table, write .run/bench.json; ONLY=acd for a part
	@$(PY) -m tests.bench $(ONLY)

bench-pbx: setup-tests ## the same callers through Asterisk's own Queue() and through us; .run/bench-pbx.json
	@$(PY) -m tests.load.pbx $(ARGS)

chaos: setup-tests ## kill, cut, freeze what a full house stands on, and hold both books against each other; ARGS="--seed 1 --only kill"
	@$(PY) -m tests.load.chaos $(ARGS)

soak: setup-tests ## callers with audio for half an hour: nothing lost, nothing leaks; ARGS="--minutes 5 --rate 20"
	@$(PY) -m tests.load.soak $(ARGS)

plots: .venv/done ## the pictures of ARCHITECTURE.md that come from simulation
	@$(PY) -m tests.simulation.plots

screenshots: setup-tests ## every page in both languages and themes, into .run/screenshots
	@$(PY) -m tests.browser.pictures .run/screenshots $(ONLY)

lock: ## compile the requirement files anew
	@.venv/bin/pip install -q uv
	@.venv/bin/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
