"""Debian's packages: sources of a pinned suite through a private apt state, and the packages a build needs.

Nothing of this machine's own apt configuration is changed. The mirror is the one the machine uses; apt verifies the
index's signature and every file's checksum.
"""

import os
import platform
import shutil
import subprocess

from .console import FirmwareError, MissingError, capture, run

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

APT_CONF = """\
Dir::Etc::SourceList "{0}/sources.list";
Dir::Etc::SourceParts "{0}/parts";
Dir::State::Lists "{0}/lists";
Dir::Cache "{0}/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
"""


def mirror():
    """Return the URI of the Debian archive in this machine's apt configuration.

    :raises MissingError: if there is none.
    """
    if not shutil.which("apt-get"):
        raise MissingError("no apt-get here to fetch MicroPython with: pass --micropython DIR, a full checkout")
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    listing = capture(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)", "Created-By: Packages"]
    )
    for line in listing.splitlines():
        origin, name, uri = line.split("|", 2)
        if origin == "Debian" and name == codename:
            return uri
    raise MissingError(
        "apt knows no Debian archive: run `apt-get update` on Debian, or pass --micropython DIR, a full checkout"
    )


class PrivateApt:
    """An apt state of its own in *folder*, which knows the archive's *suite* only."""

    def __init__(self, folder, suite=SUITE):
        self.folder = folder
        self.suite = suite
        self.env = {"APT_CONFIG": str(folder / "apt.conf")}

    def update(self):
        """Write the configuration and fetch the suite's index."""
        if not os.path.exists(KEYRING):
            raise MissingError("Debian's archive keys are missing: apt-get install debian-archive-keyring")
        uri = mirror()
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        lines = [f"{kind} [signed-by={KEYRING}] {uri} {self.suite} main\n" for kind in ("deb", "deb-src")]
        (self.folder / "sources.list").write_text("".join(lines))
        (self.folder / "apt.conf").write_text(APT_CONF.format(self.folder))
        self._fetch(["update", "-qq"], "update")

    def download(self, folder, sources, packages):
        """Download upstream tarballs of *sources* and the .deb files of *packages*; apt checks their checksums."""
        folder.mkdir(parents=True, exist_ok=True)
        # The upstream tarballs are all that is needed; asking for no more also spares the archive's other files.
        if sources:
            self._fetch(["source", "-qq", "--download-only", "--tar-only", *sources], "source", folder)
        self._fetch(["download", "-qq", *packages], "download", folder)

    def _fetch(self, words, name, folder=None):
        try:
            run(["apt-get", *words], log=self.folder / f"{name}.log", env=self.env, cwd=folder, what=f"apt-get {name}")
        except FirmwareError as error:
            raise MissingError(str(error)) from None


def missing(packages):
    """Return those of *packages* that are not installed here, on a machine with dpkg; else an empty list."""
    if not shutil.which("dpkg-query"):
        return []
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages], capture_output=True, text=True
    )
    installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in installed]


def require(packages, purpose):
    """Raise MissingError with the command to type when one of *packages* is missing."""
    absent = missing(packages)
    if absent:
        raise MissingError(f"{purpose} needs Debian packages: apt-get install {' '.join(absent)}")


def install(packages, log):
    """Install those of *packages* that are missing; needs root."""
    absent = missing(packages)
    if not absent:
        return
    if os.geteuid():
        raise FirmwareError(f"run as root, or: sudo apt-get install {' '.join(absent)}")
    run(["apt-get", "update", "-qq"], log=log, what="apt-get update")
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *absent]
    run(command, log=log, env={"DEBIAN_FRONTEND": "noninteractive"}, what="apt-get install")
