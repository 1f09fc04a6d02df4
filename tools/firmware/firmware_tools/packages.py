"""Packages for mip: an index to serve from anywhere, and the package.json that a checkout has at its root."""

import hashlib
import json
import pathlib
import tempfile

from . import manifests
from .compiler import compile_file
from .paths import FIRMWARE, ROOT
from .release import version

# The version of the .mpy format, as sys.implementation._mpy & 0xff gives it: MicroPython 1.20 and newer.
MPY_VERSION = 6


def checkout_package():
    """Return the text of the checkout's package.json: all modules as source, addressed relative to that file."""
    package = manifests.lists()["PACKAGE"]
    files = [f"{package}/{name}.py" for name in manifests.modules("all")]
    lines = ",\n".join(f'        ["{file}", "{FIRMWARE.relative_to(ROOT).as_posix()}/{file}"]' for file in files)
    return f'{{\n    "urls": [\n{lines}\n    ],\n    "deps": [],\n    "version": "{version()}"\n}}\n'


def contents():
    """Return the packages: {name: (modules, names of packages it needs)}, one for the core and one for each set."""
    lists = manifests.lists()
    base = lists["PACKAGE"]
    found = {base: (list(lists["CORE"]), [])}
    for name, modules in lists["SETS"].items():
        if modules:
            found[f"{base}-{name}"] = (list(modules), [base])
    found[f"{base}-all"] = ([], [name for name in found if name != base])
    return found


def write_index(folder):
    """Write into *folder* an index that mip's `index=` takes, with each package as .mpy and as .py files."""
    number = version()
    with tempfile.TemporaryDirectory() as scratch:
        for flavour in (str(MPY_VERSION), "py"):
            for name, (modules, needs) in contents().items():
                hashes = [add_file(folder, pathlib.Path(scratch), module, flavour) for module in modules]
                described = {"v": 1, "version": number, "hashes": hashes, "deps": [[need, number] for need in needs]}
                for label in (number, "latest"):
                    path = folder / "package" / flavour / name / f"{label}.json"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(json.dumps(described))
    listing = [{"name": name, "version": number} for name in contents()]
    (folder / "index.json").write_text(json.dumps({"v": 2, "updated": 0, "packages": listing}))


def add_file(folder, scratch, module, flavour):
    """Store one module under the hash of its content; return [path on the board, short hash], as mip reads it."""
    name = f"{manifests.lists()['PACKAGE']}/{module}.py"
    if flavour == "py":
        target, data = name, (FIRMWARE / name).read_bytes()
    else:
        target = name[:-3] + ".mpy"
        compile_file(FIRMWARE / name, scratch / "module.mpy", name)
        data = (scratch / "module.mpy").read_bytes()
    short = hashlib.sha256(data).hexdigest()[:8]
    path = folder / "file" / short[:2] / short
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return [target, short]
