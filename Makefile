# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
# `make` alone lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help demo packages test test-quick test-all all check format schema lab lab-report wheel bench

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable .
	@touch $@

$(VENV)/tools: $(VENV)/installed
	$(PIP) install --group check --group test
	@touch $@

demo: $(VENV)/installed ## install into .venv and scan this machine; the report lands in out/
	@mkdir -p out
	@$(BIN)/hardening scan local -o html=out/gap.html -o json=out/gap.json; status=$$?; \
	case $$status in \
	0|3|10) printf '\nScan ended with status %s. Open the report: out/gap.html\n' $$status ;; \
	*) exit $$status ;; \
	esac

check: $(VENV)/tools ## lint, types, import contracts, content and its samples, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hardening checks lint
	$(BIN)/hardening checks test
	$(BIN)/python -m hardening.app.schema --check

test-quick: $(VENV)/tools ## the offline tests, on all cores
	$(BIN)/pytest -n auto -m 'not lab and not slow'

packages: $(VENV)/tools ## install the Debian packages that tests need (root)
	$(BIN)/python -m tests.lab install

test: packages test-quick ## quick suite, then the lab of real servers (root; installs Debian packages)
	$(BIN)/pytest -n 2 --dist loadfile -m 'lab and not slow'

test-all: test ## everything, also what is marked slow
	$(BIN)/pytest -n 2 --dist loadfile -m 'slow and not lab'
	$(BIN)/pytest -n 2 --dist loadfile -m 'slow and lab'

wheel: $(VENV)/tools ## build the wheel, install it elsewhere and use it there
	$(BIN)/pytest -m slow tests/install

all: check test wheel ## what must be green before a change lands

format: $(VENV)/tools ## let the formatter decide on layout
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/tools ## write schemas/ and docs/reference/ again from the code
	$(BIN)/python -m hardening.app.schema

lab: $(VENV)/tools ## start the lab hosts for use by hand (root)
	$(BIN)/python -m tests.lab up

lab-report: $(VENV)/tools ## scan a Linux pair and a Samba domain of the lab; summary PDF, actions HTML, evidence JSON in out/ (root)
	@mkdir -p out
	$(BIN)/python -m tests.lab.report out

bench: $(VENV)/tools ## measure one host against its own script and against peers (root)
	$(PIP) install --group bench
	$(BIN)/python benchmarks/one_host.py
