"""Where things are: the checkout, its boards, and the cache that downloads and builds go to."""

import contextlib
import fcntl
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BOARDS = ROOT / "boards"
MANIFEST = ROOT / "manifest.py"
FIRMWARE = ROOT / "firmware"


def cache():
    """Return the folder for downloads and builds: MICRODOT_CACHE, else the checkout's .cache/firmware."""
    folder = pathlib.Path(os.environ.get("MICRODOT_CACHE") or ROOT / ".cache" / "firmware").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(name):
    """Hold the cache's lock *name*, so that two builds at the same time do not write the same folder."""
    with (cache() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
