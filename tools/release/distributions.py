"""The wheel and the source distribution, whose bytes depend on the sources and on setuptools alone."""

import gzip
import importlib.util
import io
import pathlib
import shutil
import sys
import tarfile
import tempfile

from firmware_tools.console import MissingError, capture
from firmware_tools.paths import ROOT
from firmware_tools.release import epoch


def make(folder):
    """Write both into *folder*; return their paths."""
    if importlib.util.find_spec("build") is None:
        raise MissingError("build is not installed: pip install build")
    with tempfile.TemporaryDirectory() as scratch:
        source, made = pathlib.Path(scratch) / "source", pathlib.Path(scratch) / "made"
        copy_tracked(source)
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", made, source]
        capture(command, what="building the wheel")
        (sdist,) = made.glob("*.tar.gz")
        (wheel,) = made.glob("*.whl")
        (folder / sdist.name).write_bytes(repacked(sdist))
        shutil.copyfile(wheel, folder / wheel.name)
    return [folder / wheel.name, folder / sdist.name]


def git(*words):
    """Return what a git command prints in the checkout."""
    return capture(["git", *words], cwd=ROOT, what="git")


def changed():
    """Return whether the files that git tracks differ from the commit."""
    return bool(git("status", "--porcelain", "--untracked-files=no"))


def copy_tracked(target):
    """Copy the files that git tracks, as they are now, to the folder *target*, all with the same mode."""
    for name in git("ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, path)


def repacked(path):
    """Return a .tar.gz file's bytes with the members in order, and with their times and owners made the same.

    setuptools writes the time of day and the user's name into it; a wheel has neither.
    """
    packed = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch(), 0, 0, "", ""
            member.mode = 0o755 if member.isdir() else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=epoch())
