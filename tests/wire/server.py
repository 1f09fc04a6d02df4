"""Start a test application on a runtime and look at it from outside."""

import os
import pathlib
import socket
import subprocess
import sys
import time

from server_process import PATIENCE, ServerProcess, children, open_files, wait_until
from wire.reader import EndOfStream, Reader

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.append(str(ROOT / "tools" / "firmware"))

from firmware_tools import manifests  # noqa: E402
from firmware_tools.compiler import compile_file  # noqa: E402

APP = pathlib.Path(__file__).parent / "app.py"
FROZEN = 43  # KB of heap that the core takes on a 64-bit machine where it is frozen in


def prepare(micropython, heap, app, folder):
    """Compile an application for a small heap, and the framework unless that MicroPython has it frozen in.

    Compiled code takes heap, frozen code does not: what it takes is added.
    Returns (heap size in KB, folder) for `Server`.
    """
    compile_file(app, folder / f"{app.stem}.mpy", app.name)
    if has_framework(micropython):
        return heap, folder
    names = manifests.modules("core")
    for name in names:
        path = ROOT / "firmware" / "microdot" / f"{name}.py"
        compile_file(path, folder / "microdot" / f"{name}.mpy", f"microdot/{name}.py")
    return heap + heap_of(micropython, names, folder) - FROZEN, folder


def heap_of(micropython, names, folder):
    """Return how many KB of heap these modules of the framework take, compiled in a folder."""
    imports = [f"import microdot.{name}".replace("/", ".").removesuffix(".__init__") for name in names]
    script = "\n".join(["import gc", "gc.collect()", "before = gc.mem_alloc()", *imports, "gc.collect()",
                        "print(gc.mem_alloc() - before)"])  # fmt: skip
    environment = dict(os.environ, MICROPYPATH=f".frozen:{folder}")
    return int(subprocess.check_output([micropython, "-c", script], env=environment)) // 1024


def has_framework(micropython):
    """Whether the framework is frozen into this MicroPython, as `python tools/firmware build UNIX` does it."""
    environment = dict(os.environ, MICROPYPATH=".frozen")
    return not subprocess.run([micropython, "-c", "import microdot"], env=environment, capture_output=True).returncode


class Server(ServerProcess):
    """A process that runs an application and listens on `port`; use as a context manager.

    runtime: "cpython", or the path of a MicroPython
    arguments: given to the application after its port
    app: path of the application
    heap: MicroPython's heap size in KB
    compiled: folder with the application as .mpy file, as `prepare()` makes it
    """

    def __init__(self, runtime, *arguments, app=APP, heap=1024, compiled=None):
        paths = [str(ROOT / "firmware"), str(app.parent)]
        if runtime == "cpython":
            command = [sys.executable, "-B", "-W", "always::ResourceWarning", str(app)]
            paths = {"PYTHONPATH": os.pathsep.join(paths)}
        elif compiled:
            command = [runtime, "-X", f"heapsize={heap}k", "-m", app.stem]
            paths = {"MICROPYPATH": f".frozen:{compiled}"}
        else:
            command = [runtime, "-X", f"heapsize={heap}k", str(app)]
            paths = {"MICROPYPATH": ":".join([".frozen", *paths])}
        super().__init__([*command, "0", *map(str, arguments)], ROOT, dict(os.environ, **paths))

    def complaints(self):
        """Return signs in the log of something that the framework should have handled or cleaned up."""
        signs = ("Traceback", "ResourceWarning", "never awaited", "never retrieved", "was destroyed")
        return [sign for sign in signs if sign in self.log()]

    def sockets(self):
        """Return how many sockets the server holds, the listening one and those of its event loop included."""
        return sum(name.startswith("socket:") for name in self.open_files())

    def open_files(self):
        """Return what the file descriptors of the server and its workers refer to."""
        pids = [self.process.pid, *children(self.process.pid)]
        return [name for pid in pids for name in open_files(pid)]

    def connect(self, address="127.0.0.1"):
        """Return a new connection to the server, from one of this machine's addresses."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (address, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def get(self, path, method="GET", body=b"", fields=()):
        """Send one request on a connection of its own; return the Response."""
        with self.connect() as sock:
            head = [f"{method} {path} HTTP/1.1", "Host: a", "Connection: close", *fields]
            if body:
                head.append(f"Content-Length: {len(body)}")
            sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
            reader = Reader(sock)
            response = reader.response(method)
            sock.shutdown(socket.SHUT_WR)
            reader.end()
            return response

    def assert_alive(self):
        """The server must answer an ordinary request on a new connection, at the latest when attackers' have ended."""
        if not wait_until(self.answers):
            raise AssertionError(f"no answer after the attack: {self.log()[-1500:]}")

    def answers(self):
        """Whether an ordinary request is answered now; False where the server says that it has no room."""
        try:
            response = self.get("/")
        except (OSError, EndOfStream):
            return False
        if response.status == 503:
            return False
        assert (response.status, response.body) == (200, b"hello"), response
        return True


def send_all(sock, data, piece=None):
    """Send in pieces of `piece` bytes, or at once; a server that has closed already ends the sending."""
    try:
        if piece is None:
            sock.sendall(data)
            return
        for start in range(0, len(data), piece):
            sock.sendall(data[start : start + piece])
            time.sleep(0.0001)
    except (BrokenPipeError, ConnectionResetError):
        return


def reset(sock):
    """Close with a TCP reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
