"""Compression of WebSocket messages, the extension permessage-deflate (RFC 7692).

CPython compresses and decompresses. MicroPython decompresses what its clients send, and only when a client agrees to a
window small enough for a board; it sends messages as they are, which the extension allows. A board that does without
this module never negotiates the extension.
"""

import io

from .frames import BAD_DATA, TOO_BIG, FrameError

try:
    from zlib import DEFLATED, Z_DEFAULT_COMPRESSION, Z_SYNC_FLUSH, compressobj, decompressobj, error

    BOARD = False
except ImportError:
    from deflate import RAW, DeflateIO

    BOARD = True

BOARD_WINDOW_BITS = 10  # decompressing a message takes 1 KiB for the window beside what is read and delivered

_TAIL = b"\x00\x00\xff\xff"  # ends each message and is not sent (RFC 7692, 7.2.1)
_FINAL_BLOCK = b"\x03\x00"
_READ_SIZE = 512


class Deflate:
    """The compression state of one connection.

    :param send_bits: log2 of the window for compressing, 9 to 15.
    :param send_reset: compress each message on its own ("no context takeover").
    :param receive_bits: log2 of the window for decompressing.
    :param receive_reset: the peer compresses each message on its own.
    """

    def __init__(
        self, send_bits: int = 15, send_reset: bool = False, receive_bits: int = 15, receive_reset: bool = False
    ):
        self._send_bits = send_bits
        self._send_reset = send_reset
        self._receive_bits = receive_bits
        self._receive_reset = receive_reset
        self._compressor = None
        self._decompressor = None
        self._received = bytearray()

    def compress(self, payload: bytes) -> "bytes | None":
        """Return a message's payload compressed; None when this runtime sends it as it is."""
        if BOARD:
            return None
        if self._compressor is None or self._send_reset:
            self._compressor = compressobj(Z_DEFAULT_COMPRESSION, DEFLATED, -self._send_bits)
        packed = self._compressor.compress(payload) + self._compressor.flush(Z_SYNC_FLUSH)
        return packed[:-4]

    def inflate(self, data: bytes, room: "int | None") -> bytes:
        """Take a part of a compressed message and return what can be decompressed so far.

        :param room: how many bytes the message may still have; None for no limit.
        :raises FrameError: 1007 for data that is not compressed, 1009 for a message too big.
        """
        if BOARD:
            return self._gather(data, room)
        if self._decompressor is None:
            self._decompressor = decompressobj(-self._receive_bits)
        result = b""
        while data:
            result += self._inflate(data, None if room is None else room - len(result))
            data = b""
            if self._decompressor.eof:  # a final block: what follows it in the message begins anew (RFC 7692, 7.2.3.5)
                data = self._decompressor.unused_data
                self._decompressor = decompressobj(-self._receive_bits)
        return result

    def end_message(self, room: "int | None") -> bytes:
        """Return the rest of a compressed message when `inflate()` has taken all of it.

        :param room: how many bytes the message may still have; None for no limit.
        :raises FrameError: as `inflate()` does.
        """
        if BOARD:
            return self._inflate_all(room)
        result = self.inflate(_TAIL, room)
        if self._receive_reset:
            self._decompressor = None
        return result

    def _inflate(self, data, room):
        try:
            result = self._decompressor.decompress(data, 0 if room is None else room + 1)
        except error:
            raise FrameError(BAD_DATA, "compressed data") from None
        if room is not None and len(result) > room:
            raise FrameError(TOO_BIG, "message too big")
        return result

    def _gather(self, data, room):
        self._received.extend(data)
        # The largest honest encoding stores the bytes as they are, in blocks with a head of 5 bytes.
        if room is not None and len(self._received) > room + room // 8 + 64:
            raise FrameError(TOO_BIG, "message too big")
        return b""

    def _inflate_all(self, room):
        self._received.extend(_TAIL + _FINAL_BLOCK)
        stream = DeflateIO(io.BytesIO(self._received), RAW, self._receive_bits)
        self._received = bytearray()
        result = bytearray()
        try:
            while True:
                part = stream.read(_READ_SIZE)
                if not part:
                    return result
                result.extend(part)
                if room is not None and len(result) > room:
                    raise FrameError(TOO_BIG, "message too big")
        except (OSError, EOFError):
            raise FrameError(BAD_DATA, "compressed data") from None


def negotiate(header: "str | None") -> "tuple[str, Deflate] | None":
    """Answer a client's Sec-WebSocket-Extensions: return the response's value and the connection's `Deflate`.

    The first acceptable offer of permessage-deflate wins (RFC 7692, 5 and 7.1); None when there is none.
    """
    for offer in (header or "").split(","):
        parameters = _parse(offer)
        answer = None if parameters is None else _answer(parameters)
        if answer is not None:
            return answer
    return None


def _parse(offer: str) -> "dict[str, int | None] | None":
    """Return the parameters of an offer of permessage-deflate, None for an unknown extension or a wrong parameter."""
    parts = [part.strip() for part in offer.split(";")]
    if parts[0].lower() != "permessage-deflate":
        return None
    parameters: dict[str, int | None] = {}
    for part in parts[1:]:
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name in parameters:
            return None
        if name in ("server_no_context_takeover", "client_no_context_takeover"):
            if "=" in part:
                return None
            parameters[name] = None
        elif name == "server_max_window_bits" or (name == "client_max_window_bits" and "=" in part):
            if value not in ("8", "9", "10", "11", "12", "13", "14", "15"):
                return None
            parameters[name] = int(value)
        elif name == "client_max_window_bits":
            parameters[name] = None
        else:
            return None
    return parameters


def _answer(parameters: "dict[str, int | None]") -> "tuple[str, Deflate] | None":
    if BOARD:
        return _answer_on_board(parameters)
    answer = "permessage-deflate"
    send_reset = "server_no_context_takeover" in parameters
    receive_reset = "client_no_context_takeover" in parameters
    send_bits = parameters.get("server_max_window_bits", 15)
    if send_bits == 8:  # zlib cannot keep to a window of 256 bytes
        return None
    if send_reset:
        answer += "; server_no_context_takeover"
    if receive_reset:
        answer += "; client_no_context_takeover"
    if "server_max_window_bits" in parameters:  # the answer must repeat it (RFC 7692, 7.1.2.1)
        answer += "; server_max_window_bits=" + str(send_bits)
    return answer, Deflate(send_bits, send_reset, 15, receive_reset)


def _answer_on_board(parameters: "dict[str, int | None]") -> "tuple[str, Deflate] | None":
    if "client_max_window_bits" not in parameters:
        return None
    bits = min(parameters["client_max_window_bits"] or 15, BOARD_WINDOW_BITS)
    answer = "permessage-deflate; client_no_context_takeover; client_max_window_bits=" + str(bits)
    if "server_no_context_takeover" in parameters:
        answer += "; server_no_context_takeover"
    if "server_max_window_bits" in parameters:  # nothing is compressed, so any window is kept
        answer += "; server_max_window_bits=" + str(parameters["server_max_window_bits"])
    return answer, Deflate(0, True, bits, True)
