#!/usr/bin/env python3
"""Install the programs that tests run and that are no Python packages, where this machine has apt-get and allows it.

Elsewhere it prints what is missing; the tests that need it say so too.
"""

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
FIRMWARE = pathlib.Path(__file__).with_name("firmware.py")


def missing():
    """Return the Debian packages of the programs that are not there."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def apt_get(*arguments):
    """Run apt-get without questions and without output where all is well."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(["apt-get", "-qq", *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}apt-get {' '.join(arguments)} failed")


def main():
    """Install what is missing, also for firmware builds."""
    packages = missing()
    if shutil.which("apt-get") is None or os.geteuid():
        print("not installed here:", " ".join(packages) or "nothing is missing")
        return
    if packages:
        print("installing", " ".join(packages), flush=True)
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *packages)
    sys.exit(subprocess.run([sys.executable, str(FIRMWARE), "deps"]).returncode)


if __name__ == "__main__":
    main()
