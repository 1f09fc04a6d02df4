"""Applications served by real servers, and the clients that talk to them."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import textwrap

import httpx

from runtimes import micropython_binary
from wire.server import free_port, wait_until

ROOT = pathlib.Path(__file__).parent.parent.parent
RUN = "import {module}; {module}.app.run(host='127.0.0.1', port={port})"
#: Every way to serve an application; those with `unix` over a Unix socket.
KINDS = ("uvicorn", "uvicorn-unix", "gunicorn", "gunicorn-unix", "gthread", "python", "micropython")
OWN = ("python", "micropython")
CPYTHON = tuple(kind for kind in KINDS if kind != "micropython")


class Served:
    """A process that serves `app` of a Python file; use as a context manager.

    kind: one of KINDS
    program: the file, a path, or its text
    options: further command line options of uvicorn or gunicorn
    environment: further variables of the process's environment
    tls: a trustme certificate, whose authority the clients trust
    """

    def __init__(self, kind, program, *options, tls=None, **environment):
        self.kind = kind
        self.options = list(options)
        self.tls = tls
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="microdot-served-")))
        if isinstance(program, pathlib.Path):
            self.path = program
        else:
            self.path = self.folder / "test.py"
            self.path.write_text(textwrap.dedent(program))
        self.socket = str(self.folder / "socket") if kind.endswith("-unix") else None
        self.port = None if self.socket else free_port()
        self.environment = dict(
            os.environ,
            PYTHONUNBUFFERED="1",
            MICROPYPATH=f".frozen:{ROOT / 'firmware'}:{self.path.parent}",
            **environment,
        )

    def command(self):
        """Return the command line that serves the application."""
        module = self.path.stem
        name = self.kind.removesuffix("-unix")
        run = RUN.format(module=module, port=self.port)
        if name == "micropython":
            return [micropython_binary(), "-X", "heapsize=256k", "-c", run]
        python = [sys.executable, "-B"]
        if name == "python":
            return [*python, "-c", run]
        if name == "uvicorn":
            bind = [f"--uds={self.socket}"] if self.socket else ["--host=127.0.0.1", f"--port={self.port}"]
            return [*python, "-m", "uvicorn", f"{module}:app", *bind, *self._tls("--ssl-certfile", "--ssl-keyfile"),
                    *self.options]
        bind = f"unix:{self.socket}" if self.socket else f"127.0.0.1:{self.port}"
        threads = ["--worker-class=gthread", "--threads=8"] if name == "gthread" else []
        return [*python, "-m", "gunicorn", f"{module}:app", f"--bind={bind}", "--no-control-socket", *threads,
                *self._tls("--certfile", "--keyfile"), *self.options]

    def _tls(self, certificate_option, key_option):
        if self.tls is None:
            return []
        certificate = self.folder / "certificate.pem"
        key = self.folder / "key.pem"
        self.tls.cert_chain_pems[0].write_to_path(certificate)
        self.tls.private_key_pem.write_to_path(key)
        return [certificate_option, str(certificate), key_option, str(key)]

    def __enter__(self):
        self.output = self.stack.enter_context(tempfile.TemporaryFile())
        self.process = subprocess.Popen(
            self.command(), cwd=self.path.parent, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT
        )
        if not wait_until(lambda: self.process.poll() is not None or self.listens()) or not self.listens():
            log = self.log()
            self.__exit__()
            raise AssertionError(f"{self.kind} did not start:\n{log}")
        return self

    def __exit__(self, *exc_info):
        with self.stack:
            self.stop()

    def stop(self):
        """End the server in good order; return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.kind} did not stop:\n{self.log()}") from None

    def listens(self):
        """Return whether the server accepts connections."""
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self):
        """Return a new connection to the server."""
        if self.socket:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(20)
            try:
                sock.connect(self.socket)
            except OSError:
                sock.close()
                raise
            return sock
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def client(self, **options):
        """Return an httpx client for the server."""
        scheme = "https" if self.tls else "http"
        base = f"{scheme}://127.0.0.1:{self.port}" if self.port else "http://localhost"
        transport = httpx.HTTPTransport(uds=self.socket) if self.socket else None
        return httpx.Client(base_url=base, transport=transport, timeout=30, **options)

    def log(self):
        """Return what the server has printed so far."""
        return os.pread(self.output.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def exchange(self, data):
        """Send raw bytes on a connection of their own; return all that comes back until the server closes it."""
        with self.connect() as sock:
            sock.sendall(data)
            received = b""
            while True:
                try:
                    piece = sock.recv(65536)
                except ConnectionResetError:
                    return received
                if not piece:
                    return received
                received += piece
