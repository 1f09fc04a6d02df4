"""The layers of the package: imports point down. The contracts are in pyproject.toml."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from runtimes import ROOT

LINT = pathlib.Path(sys.executable).with_name("lint-imports")


def lint(folder, package):
    """Check the contracts with the package in a folder; return the exit status and what was printed."""
    command = [str(LINT), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = dict(os.environ, PYTHONPATH=str(package))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path):
    """The folder of a copy of the package as it is installed."""
    package = tmp_path / "package" / "microdot"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "firmware" / "microdot", package, ignore=ignore)
    shutil.copytree(ROOT / "cpython_shim", package, ignore=ignore, dirs_exist_ok=True)
    return package


def test_imports_point_down(copy, tmp_path):
    status, output = lint(tmp_path, copy.parent)
    assert not status, output


@pytest.mark.parametrize(("module", "line", "contract"), [
    ("_urls", "from ._app import Microdot", "Imports point down"),
    ("_app", "from .websocket import WebSocket", "Imports point down"),
    ("_datastructures", "from ._urls import quote", "Imports point down"),
    ("_response", "from ._request import Request", "Imports point down"),
    ("new", "x = 1", "Imports point down"),
    ("sse", "from .server import Server", "Imports point down"),
    ("wsgi/loop", "import microdot.server.connection", "Imports point down"),
    ("wsgi/transport", "from microdot.server.http11 import format_head", "Imports point down"),
    ("websocket/frames", "from .connection import Channel", "Inside a folder imports point down too"),
    ("server/http11", "from .network import Listener", "Inside a folder imports point down too"),
    ("server/http11", "import asyncio", "Parsers and the application do no input or output"),
    ("_app", "from ._cpython import Listener", "One module knows which Python it runs on"),
])
def test_a_violation_is_caught(copy, tmp_path, module, line, contract):
    with open(copy / f"{module}.py", "a") as file:
        file.write(f"\n{line}\n")
    status, output = lint(tmp_path, copy.parent)
    assert status == 1, output
    assert f"{contract} BROKEN" in output or module in output and "exhaustive" in output.lower(), output
