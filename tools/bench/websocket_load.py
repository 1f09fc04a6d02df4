"""Echoes over WebSocket connections, one message in flight on each; prints a line as load.lua does.

    python websocket_load.py PORT PATH CONNECTIONS SECONDS
"""

import selectors
import socket
import sys
import time

MESSAGE = b"a WebSocket message of a usual length, echoed as it was received"
_MASK = b"\x01\x02\x03\x04"
_FRAME = bytes((0x81, 0x80 | len(MESSAGE))) + _MASK + bytes(b ^ _MASK[i & 3] for i, b in enumerate(MESSAGE))
_REPLY = bytes((0x81, len(MESSAGE))) + MESSAGE


def connect(port, path):
    """Open a WebSocket connection and return its socket."""
    sock = socket.create_connection(("127.0.0.1", port), 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = sock.recv(1)
        if not data:
            break
        head += data
    if not head.startswith(b"HTTP/1.1 101"):
        raise OSError(f"no WebSocket: {head[:100]}")
    return sock


def echo(sock):
    """Send one message and receive its echo; return whether that worked."""
    sock.sendall(_FRAME)
    reply = b""
    while len(reply) < len(_REPLY):
        data = sock.recv(4096)
        if not data:
            return False
        reply += data
    return reply == _REPLY


def run(sockets, seconds):
    """Echo until the time is over; return the times of all echoes in seconds, and the number of errors."""
    selector = selectors.EpollSelector()
    pending, sent, times, errors = {}, {}, [], 0
    end = time.perf_counter() + seconds
    for sock in sockets:
        selector.register(sock, selectors.EVENT_READ)
        pending[sock] = b""
        sent[sock] = time.perf_counter()
        sock.sendall(_FRAME)
    while pending and time.perf_counter() < end:
        for key, _ in selector.select(1):
            sock = key.fileobj
            data = sock.recv(4096)
            reply = pending[sock] + data
            if len(reply) < len(_REPLY) and data:
                pending[sock] = reply
                continue
            now = time.perf_counter()
            if reply != _REPLY:
                errors += 1
                selector.unregister(sock)
                del pending[sock]
                continue
            times.append(now - sent[sock])
            pending[sock] = b""
            sent[sock] = now
            sock.sendall(_FRAME)
    return times, errors


def main():
    port, path, connections, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    sockets = [connect(port, path) for _ in range(connections)]
    start = time.perf_counter()
    times, errors = run(sockets, seconds)
    duration = time.perf_counter() - start
    times.sort()
    percentiles = [times[min(int(len(times) * p), len(times) - 1)] if times else 0 for p in (0.5, 0.9, 0.99, 1)]
    figures = [len(times), duration * 1e6, 0, errors, 0, 0, 0, 0, *[t * 1e6 for t in percentiles]]
    print("RESULT", *map(int, figures))


if __name__ == "__main__":
    main()
