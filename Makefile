# What needs no more than git, make and Python 3.10 or newer with venv.
PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
PYTEST ?=
OPTIONS ?=

.PHONY: help run environment machine test matrix unit check coverage docs docs-serve firmware style sizes bench \
	bench-pages chip power-cuts soak fairness faults mutants conformance dist clean

help:
	@echo "make run               serve examples/dashboard under uvicorn and under MicroPython"
	@echo "make test              install what the tests need, and run every test"
	@echo "make environment       make the virtual environment .venv with what the tests import"
	@echo "make machine           install programs that tests need, such as a browser, and axe-core"
	@echo "make matrix            every server of docs/deployment.md in every test of servers, not only a sample"
	@echo "make unit              run the unit tests, on CPython and on MicroPython"
	@echo "make check             ruff, mypy and the coverage of the package"
	@echo "make coverage          the coverage of the package alone"
	@echo "make docs              build the documentation as a website into build/site"
	@echo "make docs-serve        show it at http://127.0.0.1:8000, and build it anew when a page changes"
	@echo "make firmware BOARD=x  build a board's firmware with the framework in it; more in OPTIONS='--micropython DIR'"
	@echo "make style             compress examples/shared/style.css into the module that a board's pages use"
	@echo "make sizes             measure flash and heap on the RP2040, and rewrite the table of sizes"
	@echo "make bench             measure speed side by side with other frameworks, and rewrite docs/benchmarks.md"
	@echo "make bench-pages       measure how long a page with 40 images takes in Chromium, beside Microdot"
	@echo "make chip              measure time and memory on an emulated RP2040, beside Microdot"
	@echo "make power-cuts        take the power of an emulated board away in each flash operation of an update"
	@echo "make soak              load a server on MicroPython with 200,000 requests of all kinds"
	@echo "make fairness          measure how soon one client is answered while another takes what it can get"
	@echo "make faults            let each allocation of a server on MicroPython fail in its turn"
	@echo "make mutants MODULE=x  show changes in a module that no unit test notices"
	@echo "make conformance WSTEST=x  run the Autobahn suite's program against the WebSockets of the server"
	@echo "make dist              build a release into dist/; more in OPTIONS='--micropython DIR'"
	@echo "make clean             remove what was installed and built here"
	@echo
	@echo "PYTEST='-k name' chooses tests for test, unit and coverage. OPTIONS='--help' shows what else a tool can do."

run:
	@$(PYTHON) tools/run.py

# The project's own virtual environment, with everything that the tests import.
environment:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'

# Programs that are no Python packages: where apt and the right to use it are there, they are installed.
machine: environment
	$(BIN)/python tools/setup_machine.py

# In two processes, a file at a time and in the order of the files, which leaves short ones for the end.
test: machine
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

matrix: environment
	$(BIN)/python -m pytest -n 2 --dist loadfile --matrix $(PYTEST) tests/live/test_gateways.py \
		tests/live/test_gateway_sockets.py tests/live/test_lifespan.py tests/live/test_isolation.py tests/live/test_endings.py

unit: environment
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit $(PYTEST)

check: machine
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/firmware/check_ports.py
	$(MAKE) coverage

# Of the package on CPython, servers in other processes included. MicroPython cannot measure its own.
coverage:
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest --cpython-only -q -k "not micropython" $(PYTEST) tests/unit tests/cpython tests/live tests/wire
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95

# Warnings are errors. The variable leaves out an advertisement for another program.
docs: environment
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

docs-serve: environment
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

style: environment
	$(BIN)/python tools/device_style.py
	$(BIN)/python tools/device_page.py

# All of the RP2040's figures; the flash of images and the heap of a board that serves.
sizes: environment
	$(BIN)/python tools/firmware size --firmware --update $(OPTIONS)
	$(BIN)/python tools/bench/chip.py --alone --update
	$(BIN)/python tools/bench/chip.py --alone --installed mpy --update

bench: environment
	$(BIN)/python tools/bench $(OPTIONS)

bench-pages: machine
	$(BIN)/python tools/bench/pages.py $(OPTIONS)

chip: environment
	$(BIN)/python tools/bench/chip.py $(OPTIONS)

power-cuts: environment
	$(BIN)/python tools/robustness/power_cuts.py $(OPTIONS)

soak: environment
	$(BIN)/python tools/robustness/soak.py $(OPTIONS)

fairness: environment
	$(BIN)/python tools/robustness/fairness.py $(OPTIONS)

faults: environment
	$(BIN)/python tools/robustness/alloc_faults $(OPTIONS)

conformance: environment
	@test -n "$(WSTEST)" || { echo "usage: make conformance WSTEST=x, with the path of Autobahn's program wstest"; exit 2; }
	$(BIN)/python tools/robustness/websocket_conformance.py $(OPTIONS) $(WSTEST)

mutants: environment
	@test -n "$(MODULE)" || { echo "usage: make mutants MODULE=x, such as sse.py"; exit 2; }
	$(BIN)/python tools/robustness/mutation $(MODULE) $(OPTIONS)

firmware: environment
	@test -n "$(BOARD)" || { echo "usage: make firmware BOARD=x, with one of:"; $(BIN)/python tools/firmware boards; exit 2; }
	$(BIN)/python tools/firmware build $(BOARD) $(OPTIONS)

dist: environment
	$(BIN)/python tools/release $(OPTIONS)

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
