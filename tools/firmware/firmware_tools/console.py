"""Progress lines, subprocesses with a log, and the one exception that the command line turns into one line."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time

# Not an option such as -Werror, and not a file whose name has the word in it.
_ERROR = re.compile(r"(?<![-\w/])[Ee]rror\b|[A-Z]\w*Error\b|^E: ")


class FirmwareError(Exception):
    """Something the user can act on; the text is the one line to print."""


class MissingError(FirmwareError):
    """A program, package or source is not on this machine and cannot be fetched."""


class step:
    """Context manager: print *title* and, when the block ends, the seconds it took.

    On a terminal the seconds count up while the step runs.
    """

    def __init__(self, title):
        self.title = title
        self.ended = threading.Event()

    def __enter__(self):
        self.started = time.monotonic()
        self.live = sys.stderr.isatty()
        print(f"== {self.title}", file=sys.stderr, end="" if self.live else "\n", flush=True)
        if self.live:
            self.ticker = threading.Thread(target=self._tick, daemon=True)
            self.ticker.start()
        return self

    def _tick(self):
        while not self.ended.wait(1):
            print(f"\r== {self.title}  {time.monotonic() - self.started:.0f} s", file=sys.stderr, end="", flush=True)

    def __exit__(self, exc_type, exc, traceback):
        self.ended.set()
        if self.live:
            self.ticker.join()
        seconds = time.monotonic() - self.started
        verdict = "failed after" if exc_type else "done in"
        lead = f"\r== {self.title}  " if self.live else "   "
        print(f"{lead}{verdict} {seconds:.1f} s", file=sys.stderr, flush=True)


def run(command, *, log, env=None, cwd=None, what=None):
    """Run *command* with its output in the file *log*.

    :raises FirmwareError: with the first error line of the log, if the command fails.
    :raises MissingError: if there is no such command.
    """
    command = [str(part) for part in command]
    what = what or command[0]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        out.write("$ " + " ".join(command) + "\n")
        out.flush()
        environment = {**os.environ, **(env or {})}
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env=environment
            )
        except FileNotFoundError:
            raise MissingError(f"{command[0]} is not installed") from None
    if done.returncode:
        raise FirmwareError(f"{what} failed: {first_error(log)} (whole output: {log})")


def capture(command, *, what=None, env=None, cwd=None):
    """Run *command* and return what it printed.

    :raises FirmwareError: with its last line, if it fails.
    """
    command = [str(part) for part in command]
    environment = {**os.environ, **(env or {})}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, env=environment
        )
    except FileNotFoundError:
        raise MissingError(f"{command[0]} is not installed") from None
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise FirmwareError(f"{what or command[0]} failed: {lines[-1].strip()}")
    return done.stdout


def first_error(log):
    """Return the first line of *log* that names an error, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return next((line for line in lines[1:] if _ERROR.search(line)), lines[-1])


def beside_python(program):
    """Return the path of *program* from this Python's own environment or from PATH, or None."""
    own = os.path.join(os.path.dirname(sys.executable), program)
    return own if os.access(own, os.X_OK) else shutil.which(program)
