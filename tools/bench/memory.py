"""Memory on MicroPython's unix port (64 bits: twice what pointers take on a board), both frameworks compiled alike.

The same on the emulated RP2040, which is what counts for a board, is measured by tools/emulator/measure.mjs.
"""

import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import time

import websocket_load
from contestants import Contestant
from environment import APPS, CACHE, MICRODOT, OURS, program, variables
from processes import Server
from report import table

MEMBERS = 20
REQUESTS = 10000
_REQUEST = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
_FRAMEWORKS = (("this project", OURS), ("Microdot 2.7", MICRODOT))


def compile_framework(folder):
    """Compile a framework's modules and the application with mpy-cross; return the folder of the result."""
    target = CACHE / (folder.name + "-mpy")
    shutil.rmtree(target, ignore_errors=True)
    sources = [(path, target / "microdot") for path in sorted((folder / "microdot").glob("*.py"))]
    sources += [(APPS / f"{name}.py", target) for name in ("common", "memory_own")]
    for source, place in sources:
        place.mkdir(parents=True, exist_ok=True)
        command = [program("mpy-cross"), "-O3", "-o", str(place / (source.stem + ".mpy")), str(source)]
        subprocess.run(command, capture_output=True)  # what only CPython can compile is not needed here
    return target


class Heap:
    """A server that reports on its heap."""

    def __init__(self, folder, heapsize="64m"):
        contestant = Contestant("", "micropython", "memory_own")
        self.log = pathlib.Path(CACHE / f"memory-{folder.name}.log")
        command = [part.replace("heapsize=64m", f"heapsize={heapsize}") for part in contestant.command("{port}")]
        environment = {**variables(), "MICROPYPATH": f"{folder}:.frozen"}
        self.server = Server(lambda port: [part.format(port=port) for part in command], environment, self.log)
        self.server.wait_until_ready()
        self.port = self.server.port
        self.sock = None

    def get(self, path):
        """Request *path* over a kept connection where the server keeps it; return the body."""
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


def _each(folder, open_one):
    """Return the heap that each of several connections made by *open_one* takes."""
    with contextlib.ExitStack() as stack:
        heap = Heap(folder)
        stack.callback(heap.stop)
        open_one(heap).close()  # what is imported or made once is not counted
        time.sleep(0.5)
        before = heap.number(b"/heap")
        for _ in range(MEMBERS):
            stack.callback(open_one(heap).close)
        time.sleep(0.5)  # by then the server has seen all of them
        return (heap.number(b"/heap") - before) // MEMBERS


def _allocated(folder):
    """Return the heap at import and once it serves, and what a request allocates while nothing is collected."""
    heap = Heap(folder)
    try:
        heap.get(b"/")
        serving = heap.number(b"/in-all")
        start = heap.number(b"/grow")
        for _ in range(200):
            heap.get(b"/")
        request = (heap.number(b"/grown") - start) // 201
        return {
            "after import": heap.number(b"/import"),
            "serving, with WebSocket and SSE": serving,
            "allocated for a request": request,
        }
    finally:
        heap.stop()


def _measure(folder):
    """Return the figures of one framework by name."""
    figures = _allocated(folder)
    figures.update({what: _each(folder, open_one) for what, open_one in _EACH.items()})
    figures.update(_after_many(folder))
    figures["smallest heap for 10,000 requests"] = _smallest(folder)
    return figures


def _after_many(folder):
    """Return how far 10,000 requests break a small heap up: its free memory, and the largest free block."""
    heap = Heap(folder, "200k")
    try:
        for _ in range(REQUESTS):
            heap.get(b"/")
        heap.get(b"/blocks")
    finally:
        heap.stop()
    found = re.search(r"free: (\d+).*?max free sz: (\d+)", heap.log.read_text(), re.S)
    return {"free of 200 KB after 10,000 requests": int(found[1]), "largest free block then": int(found[2]) * 32}


def _serves(folder, kilobytes):
    """Whether 10,000 requests succeed with a heap of this size."""
    try:
        heap = Heap(folder, f"{kilobytes}k")
    except RuntimeError:
        return False
    try:
        return all(heap.get(b"/") == b"Hello, world!" for _ in range(REQUESTS))
    except (OSError, AttributeError):  # no answer, or one without Content-Length
        return False
    finally:
        heap.stop()


def _smallest(folder):
    """Return the smallest heap in bytes, to 1 KB, that serves 10,000 requests."""
    low, high = 8, 256
    while high - low > 1:
        middle = (low + high) // 2
        if _serves(folder, middle):
            high = middle
        else:
            low = middle
    return high * 1024


def memory_table():
    """Return the table of what memory is used for, in bytes."""
    figures = {name: _measure(compile_framework(folder)) for name, folder in _FRAMEWORKS}
    ours, theirs = (figures[name] for name, _ in _FRAMEWORKS)
    rows = [[what, ours[what], theirs[what], f"{ours[what] / theirs[what]:.2f}"] for what in ours]
    return table(["bytes", *figures, "ratio"], rows)
