"""The contestants, one line each; what a family has in common, above all its server, is written once."""

from dataclasses import dataclass

from environment import BOARD_PEERS, FILES, MICRODOT, OURS, program


@dataclass(frozen=True)
class Contestant:
    """A framework, or a bare program, under one server.

    :param family: a key of `SERVERS`.
    :param module: the module in `apps`.
    :param paths: folders that are searched before the environment's packages.
    :param lacks: workloads that it does not support.
    """

    name: str
    family: str
    module: str
    paths: tuple = ()
    arguments: tuple = ()
    lacks: tuple = ()

    def command(self, port):
        """Return the command that serves on *port*."""
        return [part.format(module=self.module, port=port, files=FILES) for part in SERVERS[self.family]] + [
            *self.arguments
        ]


_SCRIPT = ("--port", "{port}", "--files", "{files}")
SERVERS = {
    "asgi": (
        program("uvicorn"), "{module}:app", "--host", "127.0.0.1", "--port", "{port}", "--loop", "uvloop",
        "--http", "httptools", "--ws", "websockets", "--log-level", "warning", "--no-access-log", "--backlog", "4096",
    ),
    "wsgi": (
        program("gunicorn"), "{module}:app", "--bind", "127.0.0.1:{port}", "--workers", "1", "--log-level", "warning",
        "--backlog", "4096",
    ),
    "own": (program("python"), "-m", "{module}", *_SCRIPT),
    "micropython": (program("micropython"), "-X", "heapsize=64m", "-m", "{module}", *_SCRIPT),
}  # fmt: skip

#: The first of each family is the bare program that the ratios refer to.
CONTESTANTS = (
    Contestant("bare ASGI", "asgi", "bare_asgi"),
    Contestant("this project", "asgi", "microdot_asgi", (OURS,)),
    Contestant("Microdot 2.7", "asgi", "microdot_asgi", (MICRODOT,)),
    Contestant("Starlette", "asgi", "starlette_asgi"),
    Contestant("Falcon", "asgi", "falcon_asgi"),
    Contestant("Quart", "asgi", "quart_asgi"),
    Contestant("Litestar", "asgi", "litestar_asgi"),
    Contestant("BlackSheep", "asgi", "blacksheep_asgi"),
    Contestant("bare WSGI", "wsgi", "bare_wsgi", lacks=("websocket",)),
    Contestant("this project, def", "wsgi", "microdot_wsgi", (OURS,), lacks=("upload", "websocket")),
    Contestant("this project, async def", "wsgi", "microdot_wsgi_async", (OURS,), lacks=("websocket",)),
    Contestant("Microdot 2.7", "wsgi", "microdot_wsgi_async", (MICRODOT,), lacks=("websocket",)),
    Contestant("Flask", "wsgi", "flask_wsgi", lacks=("websocket",)),
    Contestant("Bottle", "wsgi", "bottle_wsgi", lacks=("websocket",)),
    Contestant("Falcon", "wsgi", "falcon_wsgi", lacks=("websocket",)),
    Contestant("bare stream loop", "own", "bare_own"),
    Contestant("this project", "own", "microdot_own", (OURS,)),
    Contestant("Microdot 2.7", "own", "microdot_own", (MICRODOT,)),
    Contestant("bare loop, readline", "micropython", "bare_own", (), ("--read", "line")),
    Contestant("bare loop, chunks", "micropython", "bare_own"),
    Contestant("this project", "micropython", "microdot_own", (OURS,)),
    Contestant("Microdot 2.7", "micropython", "microdot_own", (MICRODOT,)),
    Contestant("phew", "micropython", "phew_own", (BOARD_PEERS,), lacks=("upload", "websocket")),
    Contestant("ChuMicro", "micropython", "chumicro_own", (BOARD_PEERS,), lacks=("upload", "websocket")),
)
