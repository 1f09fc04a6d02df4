"""The unit tests on every CPython from 3.10 to 3.13 that this machine has, each in an environment of its own."""

import os
import pathlib
import shutil
import subprocess

import pytest

from runtimes import ROOT

VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def candidates(version):
    """Return the paths at which an interpreter of a version may be."""
    paths = [shutil.which(f"python{version}")]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    paths += sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    return [str(path) for path in paths if path]


def interpreter(version):
    """Return the path of an interpreter that works, or None."""
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for path in candidates(version):
        done = subprocess.run([path, "-c", code], capture_output=True, text=True)
        if done.stdout.strip() == version:
            return path
    return None


FOUND = {version: path for version in VERSIONS if (path := interpreter(version))}


def run(*command, **options):
    """Run a command to its end; return what it printed, or fail with it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("version", FOUND)
def test_unit_tests(version, tmp_path):
    folder = tmp_path / "venv"
    run(FOUND[version], "-m", "venv", folder)
    python = folder / "bin" / "python"
    # Not editable: the files that an editable installation writes are those of another interpreter running these tests.
    source = tmp_path / "source"
    shutil.copytree(ROOT / "firmware", source / "firmware")
    shutil.copytree(ROOT / "cpython_shim", source / "cpython_shim")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(python, "-m", "pip", "install", "-q", source, "pytest")
    arguments = ["--cpython-only", "-q", "-p", "no:cacheprovider", "-W", "error::DeprecationWarning"]
    printed = run(python, "-B", "-m", "pytest", *arguments, ROOT / "tests" / "unit", cwd=ROOT)
    assert " passed" in printed and "0 ran on MicroPython" in printed


def test_an_interpreter_was_found():
    assert FOUND, f"none of Python {', '.join(VERSIONS)} found"
