#!/usr/bin/env python3
"""Install what tests need and pip does not have: programs, with apt-get if it may be used, and axe-core with npm.

What cannot be installed is printed; the tests that need it say so too.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

#: Program -> its Debian package.
PROGRAMS = {
    "chromium": "chromium",
    "curl": "curl",
    "nginx": "nginx",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "redis-server": "redis-server",
}
FIRMWARE = pathlib.Path(__file__).with_name("firmware")
#: The script that finds what makes a page hard to use; tests/live/browser.py runs it in the browser.
AXE_VERSION = "4.10.3"
AXE = pathlib.Path(__file__).parent.parent / ".cache" / "axe"


def missing():
    """Return the Debian packages of the programs that are not there."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def apt_get(*arguments):
    """Run apt-get without questions, and without output if all is well."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(["apt-get", "-qq", *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}apt-get {' '.join(arguments)} failed")


def install_axe():
    """Install axe-core in a folder that git ignores, unless this version is there."""
    package = AXE / "node_modules" / "axe-core" / "package.json"
    if package.exists() and json.loads(package.read_text())["version"] == AXE_VERSION:
        return
    npm = shutil.which("npm")
    if npm is None:
        print("not installed here: axe-core, which needs npm")
        return
    print("installing axe-core", flush=True)
    AXE.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run([*command, f"--prefix={AXE}", f"axe-core@{AXE_VERSION}"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}npm install axe-core failed")


def install_programs():
    """Install what is missing, also for firmware builds; return the exit status."""
    packages = missing()
    if shutil.which("apt-get") is None or os.geteuid():
        print("not installed here:", " ".join(packages) or "nothing is missing")
        return 0
    if packages:
        print("installing", " ".join(packages), flush=True)
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *packages)
    return subprocess.run([sys.executable, str(FIRMWARE), "deps"]).returncode


def main():
    """Install the programs first: npm is one of them."""
    status = install_programs()
    install_axe()
    sys.exit(status)


if __name__ == "__main__":
    main()
