"""Check the hardware calls of `microdot.device` against the type stubs of each port.

    python tools/firmware/check_ports.py

The stubs of two ports overwrite each other's modules, so each lives in a folder of its own below `build/stubs`. There
pip installs them when they are first needed.
"""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULES = ["firmware/microdot/device/_board.py"]
STUBS = {
    "rp2": "micropython-rp2-rpi-pico-w-stubs",
    "esp32": "micropython-esp32-esp32-generic-stubs",
}


def install_stubs(port):
    """Return the folder with the stubs of a port, made if need be."""
    folder = ROOT / "build" / "stubs" / port
    if not (folder / "machine.pyi").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--target", folder, STUBS[port]], check=True)
    return folder


def check(port, modules, folder):
    """Check modules, paths from the repository's root, with the stubs of a port; return pyright's lines of errors.

    :param folder: where to write the configuration.
    """
    stubs = install_stubs(port)
    paths = [os.path.relpath(ROOT / module, folder) for module in modules]  # pyright takes no absolute ones
    configuration = {"include": paths, "stubPath": str(stubs), "reportMissingModuleSource": False}
    (folder / "pyrightconfig.json").write_text(json.dumps(configuration))
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "pyright", "-p", folder], capture_output=True, text=True
    )
    if done.returncode not in (0, 1) or "No source files" in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    return [line.strip() for line in done.stdout.splitlines() if " - error: " in line]


def main():
    """Check every port; return the exit status."""
    failed = False
    for port in STUBS:
        folder = ROOT / "build" / "stubs" / f"{port}-check"
        folder.mkdir(parents=True, exist_ok=True)
        for line in check(port, MODULES, folder):
            print(f"{port}: {line}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
