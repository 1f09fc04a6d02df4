"""A WebSocket client that sends what it is told to, byte for byte."""

import socket

from microdot.websocket.frames import CLOSE, Connection, encode
from microdot.websocket.handshake import request_headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x11\x22\x33\x44"


def frame(opcode, payload=b"", fin=True, mask=MASK, rsv1=False):
    """Return one frame of a client."""
    return encode(opcode, payload, fin, mask, rsv1)


class RawClient:
    """One connection; use as a context manager. `status` is that of the handshake, `body` what refused it."""

    def __init__(self, port, path="/echo", **fields):
        self.connection = Connection(client=True)
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Host": "localhost", **request_headers(KEY)}
        headers.update({name.replace("_", "-"): value for name, value in fields.items()})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.sock.sendall("\r\n".join(lines).encode())
        head, rest = self._read_head()
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:]}
        self.body = rest
        if self.status == 101 and rest:
            self.connection.feed(rest)

    def _read_head(self):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(4096)
            assert more, f"the server closed the connection in the handshake after {data!r}"
            data += more
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.sock.close()

    def send(self, data, piece=None):
        """Send bytes, in pieces of *piece* bytes if given; a server that has closed already ends the sending."""
        try:
            for start in range(0, len(data), piece or len(data) or 1):
                self.sock.sendall(data[start : start + (piece or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            return

    def event(self):
        """Return the next (opcode, payload) of the server; (None, None) at the end of the connection."""
        while True:
            event = self.connection.next_event()
            assert self.connection.error is None, f"the server broke the protocol: {self.connection.error}"
            if event is not None:
                return event
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None, None
            self.connection.feed(data)

    def close_code(self):
        """Return the code of the server's close frame, None if it ended the connection without one."""
        while True:
            opcode, payload = self.event()
            if opcode == CLOSE:
                return payload[0]
            if opcode is None:
                return None

    def at_end(self):
        """Whether the server has closed the connection, waiting for it."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return True
