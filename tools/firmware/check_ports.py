"""Check what boards run against the type stubs of each port, and of MicroPython's own library.

    python tools/firmware/check_ports.py

A module, function, class or parameter that a port does not have is an error. Other complaints of Pyright are left to
the checks of the package's types. The stubs of two ports overwrite each other's modules, so each port has a folder of
its own below `build/stubs`, into which pip installs them when they are first needed.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from firmware_tools import manifests
from firmware_tools.paths import FIRMWARE, ROOT

STUBS = {
    "rp2": "micropython-rp2-rpi-pico-w-stubs",
    "esp32": "micropython-esp32-esp32-generic-stubs",
}
# Examples for computers only.
COMPUTERS = ("jinja", "session_redis")
# What boards have although the stubs do not know it, and what is used only if it exists.
KNOWN = (
    '"core" is not a known attribute of module "asyncio"',  # its queue of tasks
    '"sockaddr" is not a known attribute of module "socket"',  # of the Unix port
    '"inet_ntop" is not a known attribute of module "socket"',  # of the Unix port
    '"pbkdf2_hmac" is not a known attribute of module "hashlib"',  # CPython's
    '"scrypt" is not a known attribute of module "hashlib"',  # CPython's
    '"path" is not a known attribute of module "os"',  # CPython's
    'Import "utemplate.recompile" could not be resolved',  # installed by those who want it
    'Cannot access attribute "seek" for class "DeflateIO"',  # a file in its place has one
    '"Request" is unknown import symbol',  # the package loads it at its first use
    'Import "esp32" could not be resolved',  # imported on an ESP32 only
    '"mcu_temperature" is not a known attribute of module "esp32"',  # of the newer chips
)
_RULES = ("reportAttributeAccessIssue", "reportCallIssue", "reportMissingImports")
_ERROR = re.compile(
    r" - error: (.* of module |Import |.* unknown import symbol|No parameter named |Cannot access attribute .* class)"
)


def modules():
    """Return the files that boards run: all modules that can be frozen, and the examples."""
    package = FIRMWARE / manifests.lists()["PACKAGE"]
    frozen = [package / f"{name}.py" for name in manifests.modules("all")]
    examples = [path for path in (ROOT / "examples").glob("*/*.py") if path.parent.name not in COMPUTERS]
    return sorted(frozen + examples)


def install_stubs(port):
    """Return the folder with the stubs of a port, made if need be."""
    folder = ROOT / "build" / "stubs" / port
    if not (folder / "stdlib" / "VERSIONS").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade"]
        subprocess.run([*command, "--target", folder, STUBS[port]], check=True)
    return folder


def check(port, files, folder):
    """Check files with the stubs of a port; return the lines of errors.

    :param folder: where to write the configuration.
    """
    stubs = install_stubs(port)
    configuration = {
        "include": [os.path.relpath(path, folder) for path in files],  # Pyright does not take absolute ones
        # An example imports the modules beside it.
        "extraPaths": [os.path.relpath(path, folder) for path in [FIRMWARE, *{path.parent for path in files}]],
        "stubPath": str(stubs),
        "typeshedPath": str(stubs),
        "typeCheckingMode": "off",
        "defineConstant": {"MICROPYTHON": True},
        **dict.fromkeys(_RULES, "error"),
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(configuration))
    pyright = pathlib.Path(sys.executable).with_name("pyright")
    done = subprocess.run([pyright, "-p", folder], capture_output=True, text=True)
    if done.returncode not in (0, 1) or "No source files" in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    own = declared(stubs)
    return [line.strip() for line in done.stdout.splitlines() if concerns(line, own)]


def declared(stubs):
    """Return the names of the classes of a port's own modules."""
    return {name for path in stubs.glob("*.pyi") for name in re.findall(r"^class (\w+)", path.read_text(), re.M)}


def concerns(line, own):
    """Return whether a line of Pyright's is an error about what the port has.

    :param own: the names of the port's classes; what Pyright says about others is not about the port.
    """
    if not _ERROR.search(line) or any(known in line for known in KNOWN):
        return False
    of_class = re.search(r'for class "(?:type\[)?(\w+)', line)
    return not of_class or of_class[1] in own


def main():
    """Check every port; return the exit status."""
    failed = False
    for port in STUBS:
        folder = ROOT / "build" / "stubs" / f"{port}-check"
        folder.mkdir(parents=True, exist_ok=True)
        for line in check(port, modules(), folder):
            print(f"{port}: {line}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
