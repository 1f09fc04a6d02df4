"""Measure how soon a small request is answered while another client takes what it can get.

    python tools/robustness/fairness.py [--tries 100] [--places 8] [--kinds KIND ...] [--runtimes cpython PATH]

The honest client opens a connection, asks for a small page and closes, time and again. Beside it, one kind at a time:

- `pipelines`: a client sends requests one behind the other, without waiting for answers;
- `uploads`: a client sends a large body as slowly as the server lets it;
- `reads`: a client asks for a large answer, and takes a little of it now and then;
- `floods`: twenty connections a second come, say nothing, and stay until the server ends them;
- `nothing`: nobody else is there, for comparison.

All come from one address. Prints for each kind the median and the longest time to the whole answer, and how many tries
were answered within a second. Exits with 1 if those are fewer than 99 of 100.
"""

import argparse
import pathlib
import shutil
import socket
import statistics
import sys
import threading
import time
from contextlib import closing, suppress

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from wire.reader import EndOfStream, Fault  # noqa: E402
from wire.server import Server  # noqa: E402
from wire.vector import request  # noqa: E402

APP = pathlib.Path(__file__).with_name("fairness_app.py")
PLACES = 8
HEAP = 256  # KB, for MicroPython
SLOWEST = 1200  # bytes a second: a little more than `Microdot.min_body_rate`
SOON = 1.0  # seconds


def pipelines(server, ended):
    """Send requests without end; read answers only to throw them away."""
    crowd = request(b"GET / HTTP/1.1") * 50
    while not ended.is_set():
        with suppress(OSError), closing(server.connect()) as sock:
            reader = threading.Thread(target=_throw_away, args=(sock,))
            reader.start()
            with suppress(OSError):
                while not ended.is_set():
                    sock.sendall(crowd)
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            reader.join()


def _throw_away(sock):
    with suppress(OSError):
        while sock.recv(65536):
            pass


def uploads(server, ended):
    """Send a large body at the lowest rate that the server takes."""
    head = request(b"POST /upload HTTP/1.1", b"Content-Length: 1000000")
    while not ended.is_set():
        with suppress(OSError), closing(server.connect()) as sock:
            sock.sendall(head)
            while not ended.wait(0.2):
                sock.sendall(bytes(SLOWEST // 5))


def reads(server, ended):
    """Ask for a large answer, and take a little of it now and then."""
    while not ended.is_set():
        with suppress(OSError), closing(server.connect()) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(request(b"GET /large HTTP/1.1"))
            while not ended.wait(0.1) and sock.recv(512):
                pass


def floods(server, ended):
    """Open twenty connections a second and say nothing."""
    socks = []
    while not ended.wait(0.05):
        with suppress(OSError):
            socks.append(server.connect())
    for sock in socks:
        sock.close()


def nothing(server, ended):
    """Do nothing."""


KINDS = {kind.__name__: kind for kind in (nothing, pipelines, uploads, reads, floods)}


def measure(server, kind, tries):
    """Return for each try the seconds to the whole answer, None if there was none."""
    ended = threading.Event()
    trouble = threading.Thread(target=KINDS[kind], args=(server, ended))
    trouble.start()
    times = []
    try:
        time.sleep(0.5)
        for _ in range(tries):
            begin = time.monotonic()
            times.append(time.monotonic() - begin if _is_answered(server) else None)
            time.sleep(0.02)
    finally:
        ended.set()
        trouble.join()
    return times


def _is_answered(server):
    try:
        return server.get("/").body == b"hello"
    except (OSError, EndOfStream, Fault):
        return False


def report(name, times):
    """Print a line; return whether 99 of 100 tries were answered soon."""
    answered = [seconds for seconds in times if seconds is not None]
    soon = sum(seconds <= SOON for seconds in answered)
    middle, longest = (1000 * f(answered or [float("nan")]) for f in (statistics.median, max))
    print(f"{name}: median {middle:.0f} ms, longest {longest:.0f} ms, {soon} of {len(times)} within a second")
    return soon >= 0.99 * len(times)


def main():
    beside = pathlib.Path(sys.executable).parent / "micropython"
    micropython = str(beside) if beside.exists() else shutil.which("micropython")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--places", type=int, default=PLACES)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--runtimes", nargs="*", default=["cpython", *([micropython] if micropython else [])])
    options = parser.parse_args()
    fair = True
    for runtime in options.runtimes:
        with Server(runtime, options.places, app=APP, heap=HEAP) as server:
            for kind in options.kinds:
                name = f"{pathlib.Path(runtime).name}, {kind}"
                fair = report(name, measure(server, kind, options.tries)) and fair
    return not fair


if __name__ == "__main__":
    sys.exit(main())
