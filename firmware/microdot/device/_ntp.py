"""The time from a server on the network (RFC 4330)."""

import asyncio
import os

_TO_1970 = 2208988800  # seconds from 1900
_ERA = 1 << 32  # seconds after which the server's number wraps around, in 2036
_PORT = 123


async def ask_time(server: str) -> int:
    """Ask a server for the time; return the seconds since 1970.

    :param server: its name or address; while MicroPython looks a name up nothing else runs.
    :raises OSError: if the server is unknown, or does not answer within two seconds.
    :raises ValueError: if it does not know the time itself.
    """
    import socket  # a board without a network has no such module

    address = socket.getaddrinfo(server, _PORT, 0, socket.SOCK_DGRAM)[0][-1]
    mark = os.urandom(8)  # comes back in the answer, so that nobody else can answer
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.sendto(b"\x23" + bytes(39) + mark, address)
        for _ in range(20):
            await asyncio.sleep(0.1)
            try:
                answer = sock.recv(48)
            except OSError as error:
                if error.errno == 11:  # EAGAIN
                    continue
                raise
            if len(answer) == 48 and answer[24:32] == mark:
                return read_time(answer)
    finally:
        sock.close()
    raise OSError(110, "no answer")  # ETIMEDOUT


def read_time(answer: bytes) -> int:
    """Return the seconds since 1970 in a server's answer.

    :raises ValueError: if it is not the answer of a server that knows the time.
    """
    if answer[0] & 7 != 4 or answer[0] >> 6 == 3 or not 1 <= answer[1] <= 15:
        raise ValueError("no time")
    seconds = int.from_bytes(answer[40:44], "big")
    return seconds - _TO_1970 if seconds >= _TO_1970 else seconds + _ERA - _TO_1970
