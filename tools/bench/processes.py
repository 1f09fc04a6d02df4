"""Servers as child processes on a core of their own, and the processor time that they use."""

import os
import pathlib
import signal
import socket
import subprocess
import time
from contextlib import suppress

SERVER_CORE = "0"
CLIENT_CORE = "1"
_TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    """Return a TCP port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A server process with its children, pinned to one core.

    :param command: function that returns the command for a port.
    """

    def __init__(self, command, environment, log):
        self.port = free_port()
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", SERVER_CORE, *command(self.port)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_ready(self, timeout=30):
        """Wait until the port accepts connections.

        :raises RuntimeError: if it never does.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"did not start: {pathlib.Path(self.log).read_text(errors='replace')[-2000:]}")

    def _processes(self):
        pids = [self.process.pid]
        for pid in pids:
            with suppress(OSError):
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
        return pids

    def cpu_seconds(self):
        """Return the processor time used so far by the server and its children."""
        ticks = 0
        for pid in self._processes():
            with suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICK

    def resident_kilobytes(self):
        """Return the resident memory of the server and its children."""
        total = 0
        for pid in self._processes():
            with suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("VmRSS:"):
                        total += int(line.split()[1])
        return total

    def stop(self):
        """End the server and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
