"""The MicroPython that tests run on."""

import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).parent.parent


def micropython_binary():
    """Return the path of the MicroPython to test with: that in `MICROPYTHON`, else the installed one; None without."""
    beside = pathlib.Path(sys.executable).parent / "micropython"
    return os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))
