"""The unit tests as files for a board's filesystem, what runs them there, and which have failed."""

import re

from firmware_tools import compiler, manifests
from firmware_tools.paths import FIRMWARE, ROOT

UNIT = ROOT / "tests" / "unit"
NAMES = sorted(path.stem for path in UNIT.glob("test_*.py"))
PACKAGE = FIRMWARE / "microdot"
# The modules that tests on a board import, but that are never frozen.
NOT_FROZEN = [name for name in manifests.source_modules() if name.startswith("test_client/")]

# A frozen package looks for its modules in the firmware only. Its path is changed while those are imported that are not
# frozen, when what they import is there already.
IMPORT_NOT_FROZEN = """
import microdot
for name in {frozen}:
    __import__(name)
microdot.__path__, path = "{place}/microdot", microdot.__path__
for name in {others}:
    __import__(name)
microdot.__path__ = path
"""


def compile_files(folder):
    """Put the compiled tests, assertions included, their runner and the modules of NOT_FROZEN into *folder*."""
    for path in [*UNIT.glob("*.py"), ROOT / "tests" / "micropython" / "runner.py"]:
        compiler.compile_file(path, folder / f"{path.stem}.mpy", path.name, optimisation=0)
    for name in NOT_FROZEN:
        compiler.compile_file(PACKAGE / f"{name}.py", folder / "microdot" / f"{name}.mpy", f"microdot/{name}.py")


def program(name, place):
    """Return what runs one file of unit tests on a board that has the files in the folder *place*."""
    run = f"import sys\nsys.path.append('{place}')\nimport runner\nrunner.main(['{name}'])\n"
    if not uses_test_client(name):
        return run
    imported = set().union(*(manifests.imports(module) for module in NOT_FROZEN))
    frozen = [manifests.import_name(module) for module in sorted(imported - set(NOT_FROZEN))]
    others = [manifests.import_name(module) for module in NOT_FROZEN]
    return IMPORT_NOT_FROZEN.format(place=place, frozen=frozen, others=others) + run


def uses_test_client(name):
    """Return whether a file of unit tests uses the test client, itself or through a module beside it."""
    text = (UNIT / f"{name}.py").read_text()
    paths = [UNIT / f"{module}.py" for module in re.findall(r"^from (\w+) import", text, re.MULTILINE)]
    return "test_client" in text or any("test_client" in path.read_text() for path in paths if path.exists())


def failures(name, printed):
    """Return the names of the tests of one file that have not passed, after what the runner has printed."""
    tests = re.findall(r"^(?:async )?def (test_\w+)", (UNIT / f"{name}.py").read_text(), re.MULTILINE)
    return set(tests) - set(re.findall(r"^PASS (\w+)", printed, re.MULTILINE))
