"""Let each allocation of a MicroPython server fail in its turn, and check that the server goes on as before.

    python tools/robustness/alloc_faults [--every 1] [--counts 1,4,40] [--kinds KIND ...] [--micropython DIR]

For each kind of exchange with a client the first allocation fails, then the second, and so on to the last. After each
one the server must have all its places and sockets, its clock must run, and it must answer. All allocations on the heap
of the process count, those of asyncio and the interpreter included, from the moment when the handler of the request
that arms the fault returns. Needs Linux, and what building `UNIX` firmware needs.
"""

import argparse
import functools
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

ROOT = pathlib.Path(__file__).parent.parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools" / "firmware")]

from firmware_tools import boards, build  # noqa: E402
from server_process import ServerProcess, open_files, wait_until  # noqa: E402

FOLDER = pathlib.Path(__file__).parent
APP = FOLDER / "app.py"
# How many allocations fail in a row: one; as many as a handler of the error may need; practically all.
COUNTS = (1, 4, 40)
# Seconds that a client waits for an answer, which is longer than all deadlines of the server.
PATIENCE = 10


def request(line, *fields, body=b""):
    """Return a request as bytes."""
    head = [line + " HTTP/1.1", "Host: a", *fields]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


CLOSE = "Connection: close"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
PARTS = "Content-Type: multipart/form-data; boundary=b"
WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\n'
    b'Content-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\n' + b"x" * 3000 + b"\r\n--b--\r\n"
)
# A masked text message of three bytes, and a close frame.
FRAMES = b"\x81\x83\0\0\0\0abc" + b"\x88\x82\0\0\0\0\x03\xe8"

# For each kind of exchange what a client sends, in pieces; None: it leaves without reading.
KINDS = {
    "hello": [request("GET /", CLOSE)],
    "keep-alive": [request("GET /"), request("GET /user/1/a?x=1&x=%20", "Cookie: a=b; c=d"), request("GET /", CLOSE)],
    "pipelined": [request("GET /") + request("GET /user/2/b") + request("GET /", CLOSE)],
    "malformed": [request("GET /", "X : y")],
    "missing": [request("GET /missing", CLOSE)],
    "failing": [request("GET /fail", CLOSE)],
    "form": [request("POST /form", FORM, CLOSE, body=b"a=1&b=%20&c=ab")],
    "json": [request("POST /json", JSON, CLOSE, body=b'{"a": [1, 2, {"b": null}], "c": "d"}')],
    "body in pieces": [request("POST /json", JSON, CLOSE, "Content-Length: 5")[:-2] + b"\r\n[1", b",2]"],
    "parts": [request("POST /parts", PARTS, CLOSE, body=MULTIPART)],
    "upload": [request("POST /upload", CLOSE, body=b"x" * 20000)],
    "chunked": [request("POST /upload", CLOSE, "Transfer-Encoding: chunked"), b"5\r\nabcde\r\n", b"0\r\n\r\n"],
    "ignored body": [request("POST /missing", body=b"x" * 3000), request("GET /", CLOSE)],
    "file": [request("GET /file", CLOSE)],
    "generated": [request("GET /generated", CLOSE)],
    "large": [request("GET /large", CLOSE)],
    "events": [request("GET /events", CLOSE)],
    "websocket": [request("GET /echo", *WEBSOCKET), FRAMES],
    "left alone": [request("GET /late"), None],
    "left in a websocket": [request("GET /echo", *WEBSOCKET), None],
    "silent": [],
    "unfinished": [b"GET / HT"],
}  # fmt: skip


class FaultyServer(ServerProcess):
    """A process of the application.

    :param binary: the MicroPython.
    :param folder: where it runs: what it writes is there.
    :param files: certificate and key for TLS, or none.
    """

    def __init__(self, binary, folder, *files):
        command = [str(binary), "-X", "heapsize=1m", str(APP), "0", *map(str, files)]
        super().__init__(command, folder, dict(os.environ, MICROPYPATH=".frozen"))
        self.tls = bool(files)

    def connect(self):
        """Return a new connection to the server."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        if not self.tls:
            return sock
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(sock)

    def ask(self, path):
        """Return the body of an answer.

        :raises OSError: if there is none.
        """
        with self.connect() as sock:
            sock.sendall(request("GET " + path, CLOSE))
            head, _, body = receive_all(sock).partition(b"\r\n\r\n")
        if b" 200 " not in head:
            raise ConnectionError(head)
        return body

    def state(self):
        """Disarm; return the allocations counted, the places taken and the clock. Tries again if it meets the fault."""
        for _ in range(100):
            with suppress(OSError):
                return [int(number) for number in self.ask("/state").strip(b"[]").split(b",")]
        raise AssertionError("the server does not answer any more")


def receive_all(sock):
    """Return what comes up to the end of the connection."""
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def converse(server, pieces):
    """Have one exchange with the server, whatever its outcome.

    :raises TimeoutError: if it leaves the client waiting.
    """
    try:
        with server.connect() as sock:
            for number, piece in enumerate(pieces):
                if piece is None:
                    return
                if number:
                    time.sleep(0.003)  # so that it comes by itself
                sock.sendall(piece)
            receive_all(sock)
    except TimeoutError:
        raise
    except OSError:
        return


def sockets(server):
    """Return how many sockets the server holds."""
    return sum(name.startswith("socket:") for name in open_files(server.process.pid))


def try_all(server, pieces, count, every=1):
    """Let *count* allocations fail, beginning with each in turn; return how many there are, and a list of faults."""
    faults = []
    server.ask(f"/arm/{1 << 29}/1")
    converse(server, pieces)
    total = server.state()[0]
    clock = 0
    for n in range(1, total + 1, every):
        with suppress(OSError):
            server.ask(f"/arm/{n}/{count}")
        try:
            converse(server, pieces)
        except TimeoutError:
            faults.append(f"allocation {n}: the client is left waiting")
        places = server.state()[1]
        if places and not wait_until_free(server):
            faults.append(f"allocation {n}: {places} places are lost")
            break
        if n % 50 == 0:
            if not wait_until(lambda clock=clock: server.state()[2] != clock):
                faults.append(f"allocation {n}: the clock stands")
                break
            clock = server.state()[2]
    return total, faults


def wait_until_free(server):
    """Wait until no connection but the one that asks has a place."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if server.state()[1] == 0:
            return True
        time.sleep(0.05)
    return False


def run(binary, kinds=tuple(KINDS), counts=COUNTS, every=1, report=print, files=()):
    """Try all allocations of all these kinds; return a list of faults."""
    faults = []
    with tempfile.TemporaryDirectory() as folder, FaultyServer(binary, folder, *files) as server:
        for name in kinds:
            for count in counts:
                before = sockets(server)
                begin = time.monotonic()
                total, found = try_all(server, KINDS[name], count, every)
                wait_until(lambda before=before: sockets(server) <= before)
                left = sockets(server) - before
                seconds = time.monotonic() - begin
                report(f"{name}: {total} allocations, {count} fail in a row, {seconds:.0f} s, {left} sockets left")
                faults += [f"{name}, {count} in a row: {fault}" for fault in found]
                if left > 0:
                    faults.append(f"{name}, {count} in a row: {left} sockets left")
        faults += [f"left behind: {path.name}" for path in pathlib.Path(folder).iterdir()]
        if server.process.poll() is not None:
            faults.append("the server has ended")
        log = server.log()
    if faults:
        report(log[-3000:])
    return faults


def certificate(folder):
    """Make a certificate and its key in *folder*; return their paths, in the form that MicroPython reads."""
    paths = [pathlib.Path(folder) / name for name in ("cert.der", "key.der")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "30", "-subj", "/CN=a", "-outform", "DER", "-out", paths[0],
               "-keyout", f"{folder}/key.pem"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["openssl", "ec", "-in", f"{folder}/key.pem", "-outform", "DER", "-out", paths[1]], check=True,
                   capture_output=True)  # fmt: skip
    return paths


def program(micropython=None):
    """Return the path of the MicroPython whose allocations can fail, built if it is not there yet."""
    return build.build(boards.Board(FOLDER / "UNIX_FAULTS"), micropython=micropython).image


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="try every N-th allocation")
    parser.add_argument("--counts", default=",".join(map(str, COUNTS)), help="how many fail in a row")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--micropython", help="a MicroPython checkout instead of Debian's source")
    options = parser.parse_args()
    binary = program(options.micropython)
    counts = [int(count) for count in options.counts.split(",")]
    report = functools.partial(print, flush=True)
    faults = run(binary, options.kinds, counts, options.every, report)
    if shutil.which("openssl"):
        with tempfile.TemporaryDirectory() as folder:
            print("with TLS:", flush=True)
            faults += run(binary, options.kinds, counts, options.every, report, certificate(folder))
    print("\n".join(faults) or "nothing wrong")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
