"""The unit tests on every Python and MicroPython that the framework supports, and what of them is missing here.

CPython from 3.10 on comes from this machine. The newest one is fetched from Debian's unstable release where this
machine has none. MicroPythons beside the one that all unit tests run on are named in `MICROPYTHONS`, as paths with
colons between them.
"""

import os
import pathlib
import platform
import shutil
import subprocess
import sys

import pytest

import notes
from runtimes import ROOT, micropython_binary

sys.path.append(str(ROOT / "tools" / "firmware"))

from firmware_tools.console import FirmwareError  # noqa: E402
from firmware_tools.debian import PrivateApt  # noqa: E402
from firmware_tools.paths import locked  # noqa: E402

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
NEWEST = "3.14"
OLDEST_MICROPYTHON = (1, 24)
OTHER_MICROPYTHONS = [path for path in os.environ.get("MICROPYTHONS", "").split(":") if path]
# Debian's packages of an interpreter that uses nothing of this machine, not even its C library.
PACKAGES = (
    "python{0}-minimal libpython{0}-minimal libpython{0}-stdlib libc6 libgcc-s1 libbz2-1.0 libexpat1 libffi8 liblzma5"
    " libsqlite3-0 libssl3t64 libuuid1 libzstd1 zlib1g"
)
WRAPPER = """#!/bin/sh
PYTHONHOME={0}/usr
export PYTHONHOME
exec {0}/usr/lib64/ld-linux-x86-64.so.2 --library-path {0}/usr/lib/x86_64-linux-gnu --argv0 "$0" \\
    {0}/usr/bin/python{1} "$@"
"""


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


def fetched(version):
    """Return the path of an interpreter of Debian's unstable release, fetched and unpacked once.

    :raises FirmwareError: if it cannot be had here.
    """
    if platform.machine() != "x86_64" or not shutil.which("dpkg"):
        raise FirmwareError("Debian's packages are fetched on Debian for x86-64 only")
    folder = ROOT / ".cache" / "interpreters" / version
    program = folder / f"python{version}"
    with locked(f"python{version}"):
        if not program.exists():
            shutil.rmtree(folder, ignore_errors=True)
            apt = PrivateApt(folder / "apt", "sid")
            apt.update()
            apt.download(folder / "packages", [], PACKAGES.format(version).split())
            for package in (folder / "packages").glob("*.deb"):
                run("dpkg", "-x", package, folder / "root")
            program.write_text(WRAPPER.format(folder / "root", version))
            program.chmod(0o755)
    return program


FOUND = {version: path for version in VERSIONS if (path := interpreter(version))}


def run(*command, **options):
    """Run a command to its end; return what it printed, or fail with it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def source(folder):
    """Return a copy of what an installation needs.

    An editable installation would write files for another interpreter than that which runs these tests.
    """
    copy = folder / "source"
    shutil.copytree(ROOT / "firmware", copy / "firmware")
    shutil.copytree(ROOT / "cpython_shim", copy / "cpython_shim")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    return copy


def run_unit_tests(python, **environment):
    """Run the unit tests on an interpreter that has pytest and the framework."""
    arguments = ["--cpython-only", "-q", "-p", "no:cacheprovider", "-W", "error::DeprecationWarning"]
    command = [python, "-B", "-m", "pytest", *arguments, ROOT / "tests" / "unit"]
    printed = run(*command, cwd=ROOT, env=dict(os.environ, **environment))
    assert " passed" in printed and "0 ran on MicroPython" in printed


@pytest.mark.parametrize("version", FOUND)
def test_unit_tests(version, tmp_path):
    folder = tmp_path / "venv"
    run(FOUND[version], "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", source(tmp_path), "pytest")
    run_unit_tests(python)


def test_unit_tests_on_the_newest_python(tmp_path):
    python = interpreter(NEWEST)
    try:
        python = python or fetched(NEWEST)
    except FirmwareError as error:
        notes.NOT_RUN.add(f"Python {NEWEST} is not here: {error}")
        pytest.skip(f"no Python {NEWEST}")
    assert run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip() == NEWEST
    # Debian's has no pip; this Python's installs for it what is the same for both.
    library = tmp_path / "library"
    run(sys.executable, "-m", "pip", "install", "-q", "--target", library, source(tmp_path), "pytest")
    run_unit_tests(python, PYTHONPATH=str(library))


@pytest.mark.parametrize("path", OTHER_MICROPYTHONS)
def test_unit_tests_on_another_micropython(path):
    has_sha1 = run(path, "-c", "import hashlib; print(hasattr(hashlib, 'sha1'))").strip() == "True"
    assert has_sha1, f"{path} has no hashlib.sha1, which WebSockets need: build MicroPython with TLS"
    arguments = ["-q", "-p", "no:cacheprovider", "-k", "micropython"]
    command = [sys.executable, "-m", "pytest", *arguments, ROOT / "tests" / "unit"]
    environment = dict(os.environ, MICROPYTHON=path)
    # What a program has frozen in decides how many names the heap has to hold. Their table doubles when it is full:
    # the one of 1,280 names takes 14 KB in one piece, and the tests of the pages of a board are near to it.
    environment.setdefault("MICROPYTHON_HEAP", "288k")
    assert "0 on CPython" in run(*command, cwd=ROOT, env=environment)


def test_what_is_missing_is_said():
    assert FOUND, f"none of Python {', '.join(VERSIONS)} found"
    for version in VERSIONS:
        if version not in FOUND:
            notes.NOT_RUN.add(f"Python {version} is not installed here")
    code = "import sys; print('%d.%d' % sys.implementation.version[:2])"
    here = [run(path, "-c", code).strip() for path in (micropython_binary(), *OTHER_MICROPYTHONS)]
    if not any(tuple(map(int, version.split("."))) == OLDEST_MICROPYTHON for version in here):
        oldest = "%d.%d" % OLDEST_MICROPYTHON
        notes.NOT_RUN.add(f"MicroPython {oldest}, the oldest: name one in MICROPYTHONS; ran on {', '.join(here)}")
