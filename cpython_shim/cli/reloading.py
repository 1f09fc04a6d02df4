"""Starting an application again when its files change: one process watches the files, its child serves.

A pipe from parent to child is the child's lifeline: the child finishes its requests and ends when the pipe is closed,
by the parent for a restart, or by the system however the parent ends. A signal would not do: Ctrl-C in a terminal
reaches both processes, and the parent's signal would be the child's second one, which ends it without its requests.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from .application import FAILED_IMPORT
from .console import DIM, paint

#: Endings of the names of files that are watched: what is imported, and pages.
SUFFIXES = (".py", ".html")
#: Folders without files of the application, beside those whose names begin with a dot.
OTHER_FOLDERS = ("__pycache__", "build", "dist", "node_modules", "venv")
#: Seconds between two looks at the files.
INTERVAL = 0.3
#: Seconds for a child to finish its requests; the server's own limit is 5 unless the application sets another.
PATIENCE = 10
_LIFELINE = "MICRODOT_LIFELINE"  # the environment variable with the number of the pipe's end


class Child:
    """A process of this program that serves, to be stopped with `stop()`.

    :param arguments: those of the command line.
    """

    def __init__(self, arguments: "list[str]"):
        reading, self._lifeline = os.pipe()
        # Windows has no other way to give a pipe to a child.
        as_input = os.name == "nt"
        options = {"stdin": reading} if as_input else {"pass_fds": (reading,)}
        environment = {**os.environ, _LIFELINE: "0" if as_input else str(reading)}
        try:
            self._process = subprocess.Popen([sys.executable, "-m", "microdot", *arguments], env=environment, **options)
        finally:
            os.close(reading)

    def status(self) -> "int | None":
        """Return the status with which the child has ended, None while it runs."""
        status = self._process.poll()
        return 128 - status if status is not None and status < 0 else status

    def stop(self) -> None:
        """Let the child finish its requests, and wait for its end."""
        os.close(self._lifeline)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:  # even after a second Ctrl-C, which does not wait for requests
            self._process.kill()
            self._process.wait()


def end_with_parent(stop: "Callable[[], None]") -> None:
    """Call *stop* when the parent ends or wants this process to end, if it is the child of `serve_and_reload()`."""
    number = os.environ.pop(_LIFELINE, None)
    if number:
        threading.Thread(target=_wait_for_end, args=(int(number), stop), daemon=True).start()


def _wait_for_end(lifeline, stop):
    while os.read(lifeline, 1):
        pass
    while True:  # the first call may come before the server listens, and have no effect
        stop()
        time.sleep(INTERVAL)


def serve_and_reload(arguments: "list[str]") -> int:
    """Run a child, and another one whenever files in the current folder change; return the last one's status.

    :param arguments: the command line of the child.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    may_wait = False
    try:
        while True:
            files = watched_files()
            child = Child(arguments)
            try:
                changed = _wait_for_change(files, child, may_wait)
            finally:
                child.stop()
            if not changed:
                return child.status()
            may_wait = True
            print(paint(f"{changed} has changed: starting again", DIM), flush=True)
    except KeyboardInterrupt:
        return 0


def _wait_for_change(files, child, may_wait):
    """Return the name of a file that has changed, or None if the child has ended and no change can be expected.

    :param may_wait: a child served before, so that a mistake in a change is what ended this one.
    """
    told = False
    while not (changed := changed_file(files, watched_files())):
        status = child.status()
        if status is not None and not told:
            if status != FAILED_IMPORT and not (may_wait and status):
                return None
            told = True
            print(paint("waiting for a change", DIM), flush=True)
        time.sleep(INTERVAL)
    return changed


def changed_file(before: "dict[str, tuple]", after: "dict[str, tuple]") -> "str | None":
    """Return the name of a file that differs between two results of `watched_files()`, None if there is none."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return names[0] if names else None


def watched_files(folder: str = ".") -> "dict[str, tuple]":
    """Return the files in a folder, and those in the folders below, that are watched: {name: time, size and inode}."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in OTHER_FOLDERS]
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                file = os.path.join(path, name)
                try:
                    status = os.stat(file)
                except OSError:  # it has been removed since the folder was read
                    continue
                found[os.path.relpath(file, folder)] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
