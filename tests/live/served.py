"""Applications served by real servers, and the clients that talk to them."""

import contextlib
import os
import pathlib
import socket
import sys
import tempfile
import textwrap

import httpx

from runtimes import compiled_framework, micropython_binary
from server_process import PATIENCE, ServerProcess

ROOT = pathlib.Path(__file__).parent.parent.parent
RUN = "import {module}; {module}.app.run(host='127.0.0.1', port=0)"
#: Every way to serve an application but for gunicorn's worker class "gevent"; those with `unix` over a Unix socket.
KINDS = ("uvicorn", "uvicorn-unix", "gunicorn", "gunicorn-unix", "gthread", "python", "micropython")
OWN = ("python", "micropython")
CPYTHON = tuple(kind for kind in KINDS if kind != "micropython")
#: What the examples are served with.
EVERYWHERE = ("micropython", "python", "uvicorn", "gunicorn")


class Served(ServerProcess):
    """A process that serves `app` of a Python file; use as a context manager.

    kind: one of KINDS, or "gevent"
    program: the file, a path, or its text
    options: further command line options of uvicorn or gunicorn
    paths: more folders to import from
    environment: further variables of the process's environment
    tls: a trustme certificate, whose authority the clients trust
    heap: MicroPython's heap in KB; a value takes about twice as much of it here as on a board of 32 bits
    """

    def __init__(self, kind, program, *options, tls=None, paths=(), heap=256, **environment):
        self.kind = kind
        self.options = list(options)
        self.tls = tls
        self.heap = heap
        self.stack = contextlib.ExitStack()
        self.own_folder = pathlib.Path(
            self.stack.enter_context(tempfile.TemporaryDirectory(prefix="microdot-served-"))
        )
        if isinstance(program, pathlib.Path):
            path = program
        else:
            path = self.own_folder / "test.py"
            path.write_text(textwrap.dedent(program))
        self.socket = str(self.own_folder / "socket") if kind.endswith("-unix") else None
        paths = [str(folder) for folder in (path.parent, *paths)]
        variables = dict(
            os.environ,
            PYTHONUNBUFFERED="1",
            PYTHONPATH=os.pathsep.join(paths),
            MICROPYPATH=":".join([".frozen", str(compiled_framework(os.environ["TEST_FOLDER"])), *paths]),
            **environment,
        )
        super().__init__(self._command(path.stem), path.parent, variables)

    def _command(self, module):
        """Return the command line that serves the application."""
        name = self.kind.removesuffix("-unix")
        run = RUN.format(module=module)
        if name == "micropython":
            return [micropython_binary(), "-X", f"heapsize={self.heap}k", "-c", run]
        python = [sys.executable, "-B"]
        if name == "python":
            return [*python, "-c", run]
        if name == "uvicorn":
            bind = [f"--uds={self.socket}"] if self.socket else ["--host=127.0.0.1", "--port=0"]
            return [*python, "-m", "uvicorn", f"{module}:app", *bind, *self._tls("--ssl-certfile", "--ssl-keyfile"),
                    *self.options]
        bind = f"unix:{self.socket}" if self.socket else "127.0.0.1:0"
        workers = {"gthread": ["--worker-class=gthread", "--threads=8"], "gevent": ["--worker-class=gevent"]}
        return [*python, "-m", "gunicorn", f"{module}:app", f"--bind={bind}", "--no-control-socket",
                *workers.get(name, []), *self._tls("--certfile", "--keyfile"), *self.options]

    def _tls(self, certificate_option, key_option):
        if self.tls is None:
            return []
        certificate = self.own_folder / "certificate.pem"
        key = self.own_folder / "key.pem"
        self.tls.cert_chain_pems[0].write_to_path(certificate)
        self.tls.private_key_pem.write_to_path(key)
        return [certificate_option, str(certificate), key_option, str(key)]

    def __exit__(self, *exc_info):
        with self.stack:
            try:
                self.stop()
            finally:
                super().__exit__()

    def listens(self):
        """Return whether the server accepts connections."""
        if not self.socket:
            return super().listens()
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self):
        """Return a new connection to the server."""
        if self.socket:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE)
            try:
                sock.connect(self.socket)
            except OSError:
                sock.close()
                raise
            return sock
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    @property
    def url(self):
        """The address of the application, without a slash at the end."""
        if self.socket:
            return "http://localhost"
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def client(self, **options):
        """Return an httpx client for the server."""
        transport = httpx.HTTPTransport(uds=self.socket) if self.socket else None
        return httpx.Client(base_url=self.url, transport=transport, timeout=PATIENCE, trust_env=False, **options)

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


def serve_example(kind, folder, paths=()):
    """Return a server for the example in *folder*, gunicorn with two processes."""
    return Served(kind, folder / "app.py", *(["--workers=2"] if kind == "gunicorn" else []), paths=paths)
