# Zongji: two commands matter, `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PY := .venv/bin/python
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null && echo $$p && break; done)
APT := espeak-ng ffmpeg baresip-core mmdebstrap python3-venv
NEEDED := espeak-ng ffmpeg baresip mmdebstrap
# Only for `make test`; RUNLEVEL=1 keeps Debian from starting a broker nobody asked for.
TEST_APT := mosquitto chromium fonts-wqy-microhei
TEST_NEEDED := mosquitto chromium
RUN := .run

.PHONY: help setup setup-tests run start stop call test check doctor lock diagrams

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/done ## install what is missing: packages, .venv, Asterisk
	@missing=; for c in $(NEEDED); do command -v $$c >/dev/null || missing=yes; done; \
	if [ -n "$$missing" ]; then echo "  installing $(APT) ..."; sudo=; [ $$(id -u) = 0 ] || sudo=sudo; mkdir -p .pbx; \
	  { $$sudo apt-get update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(APT); } >.pbx/apt.log 2>&1 \
	  || { tail -5 .pbx/apt.log; echo "zongji: packages could not be installed: see .pbx/apt.log"; exit 2; }; fi
	@$(PY) asterisk-config/provide.py .pbx

.venv/done: requirements-dev.txt
	@[ -n "$(PYTHON)" ] || { echo "zongji: Python 3.11 to 3.13 is needed: apt-get install python3 python3-venv"; exit 2; }
	@echo "  making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv 2>/dev/null || { sudo=; [ $$(id -u) = 0 ] || sudo=sudo; $$sudo apt-get install -y python3-venv >/dev/null; $(PYTHON) -m venv .venv; }
	@.venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: setup ## everything in the foreground, Ctrl-C ends it
	@exec $(PY) -m cti up

start: setup ## everything in the background
	@mkdir -p $(RUN); : >$(RUN)/up.log; setsid $(PY) -m cti up >$(RUN)/up.log 2>&1 </dev/null & \
	for i in $$(seq 1 600); do grep -q '^ready' $(RUN)/up.log 2>/dev/null && break; kill -0 $$! 2>/dev/null || break; sleep 0.1; done; \
	cat $(RUN)/up.log; grep -q '^ready' $(RUN)/up.log || exit 2

stop: ## end what start (or run) started
	@[ ! -x $(PY) ] || $(PY) -m cti stop

call: ## place a real SIP call through the running house and tell its story
	@$(PY) -m cti call

setup-tests: setup
	@missing=; for c in $(TEST_NEEDED); do PATH=$$PATH:/usr/sbin command -v $$c >/dev/null || missing=yes; done; \
	if [ -n "$$missing" ]; then echo "  installing $(TEST_APT) ..."; sudo=; [ $$(id -u) = 0 ] || sudo=sudo; mkdir -p .pbx; \
	  $$sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(TEST_APT) >.pbx/apt-tests.log 2>&1 \
	  || { tail -5 .pbx/apt-tests.log; echo "zongji: packages could not be installed: see .pbx/apt-tests.log"; exit 2; }; fi

test: setup-tests ## pure tests, then the live ones on a real Asterisk
	@$(PY) -m pytest -q $(TESTS)

check: .venv/done ## style, types, import contracts, menu
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && .venv/bin/mypy && .venv/bin/lint-imports && $(PY) -m cti check

doctor: ## what is missing, and the cure
	@for c in $(NEEDED); do command -v $$c >/dev/null && echo "  good     $$c" || echo "  missing  $$c: make setup"; done
	@[ -f .pbx/asterisk.json ] && echo "  good     asterisk" || echo "  missing  asterisk: make setup"
	@[ ! -x $(PY) ] || $(PY) -m cti check

diagrams: .venv/done ## the state diagrams of ARCHITECTURE.md, made from the tables
	@$(PY) -c 'from cti import call_states; from acd import agent_states; print(call_states.diagram()); print(agent_states.diagram())'

lock: ## compile the requirement files anew
	@.venv/bin/pip install -q uv
	@.venv/bin/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
