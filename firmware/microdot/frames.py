"""WebSocket frames and messages (RFC 6455) without I/O: bytes in, events out, and the frames to send as bytes.

`FrameParser` reads what one peer sends, `encode` makes a frame, and `Connection` is one end of an open connection: it
answers pings, keeps the closing handshake and holds both sides to the protocol. Nothing here waits or opens sockets.
"""

import os

from . import utf8

CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
NO_STATUS = 1005
ABNORMAL = 1006
BAD_DATA = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011

_MASK_CHUNK = 512  # bytes masked at once; larger gains nothing on MicroPython and costs three times its size in heap


class FrameError(Exception):
    """The peer broke the protocol; the connection must be closed with *code* (RFC 6455, 7.4.1) and *reason*."""

    def __init__(self, code: int, reason: str):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def apply_mask(buffer: bytearray, mask: bytes) -> None:
    """Mask or unmask *buffer* in place with the 4 bytes of *mask* (RFC 6455, 5.3)."""
    length = len(buffer)
    step = min(_MASK_CHUNK, (length + 3) & ~3)
    key = int.from_bytes(mask * (step // 4), "little")
    for start in range(0, length, _MASK_CHUNK):
        size = min(step, length - start)
        if size < step:
            key &= (1 << (size * 8)) - 1
        chunk = int.from_bytes(buffer[start : start + size], "little") ^ key
        buffer[start : start + size] = chunk.to_bytes(size, "little")


def encode(
    opcode: int, payload: bytes = b"", fin: bool = True, mask: "bytes | None" = None, rsv1: bool = False
) -> bytes:
    """Return one frame (RFC 6455, 5.2). *mask* is the client's 4-byte masking key; *rsv1* marks compressed messages."""
    length = len(payload)
    first = opcode | (0x80 if fin else 0) | (0x40 if rsv1 else 0)
    masked = 0x80 if mask else 0
    if length < 126:
        head = bytes((first, masked | length))
    elif length < 65536:
        head = bytes((first, masked | 126, length >> 8, length & 255))
    else:
        head = bytes((first, masked | 127)) + length.to_bytes(8, "big")
    if not mask:
        return head + payload
    payload = bytearray(payload)
    apply_mask(payload, mask)
    return head + mask + payload


def is_close_code(code: int) -> bool:
    """Tell whether *code* may stand in a close frame (RFC 6455, 7.4 and the IANA registry)."""
    return 3000 <= code < 5000 or (1000 <= code <= 1014 and code not in (1004, NO_STATUS, ABNORMAL))


def encode_close(code: "int | None" = NORMAL, reason: str = "", mask: "bytes | None" = None) -> bytes:
    """Return a close frame; *code* None or 1005 sends none. The reason is cut to the 123 bytes that fit.

    Raises ValueError for a code that no endpoint may send.
    """
    if code is None or code == NO_STATUS:
        return encode(CLOSE, b"", mask=mask)
    if not is_close_code(code):
        raise ValueError("close code")
    text = reason.encode()
    if len(text) > 123:
        text = text[:123]
        text = text[: 123 - utf8.unfinished(text)]
    return encode(CLOSE, code.to_bytes(2, "big") + text, mask=mask)


def parse_close(payload: bytes) -> "tuple[int, str]":
    """Return the code and reason of a close frame's payload; the code is 1005 when there is none."""
    if not payload:
        return NO_STATUS, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not is_close_code(code):
        raise FrameError(PROTOCOL_ERROR, "close code")
    return code, _decode(payload[2:])


def _decode(data: bytes) -> str:
    try:
        return utf8.decode(data)
    except UnicodeError:
        raise FrameError(BAD_DATA, "not UTF-8") from None


class FrameParser:
    """Reads the frames of one peer, in whatever pieces they come.

    *client* is true at the client's end, where frames must not be masked. *max_message_length* is in bytes, 0 for no
    limit. *extension* is the negotiated permessage-deflate object, or None.
    """

    def __init__(self, client: bool = False, max_message_length: int = 0, extension=None):
        self._masked = not client
        self._limit = max_message_length
        self._extension = extension
        self._data = b""
        self._at = 0
        self._head = bytearray()
        self._left = -1  # payload bytes of the current frame still to come, -1 while its header is read
        self._mask = b""
        self._control = None  # the payload of the current control frame
        self._opcode = None  # of the current message; None between messages
        self._compressed = False
        self._message = bytearray()
        self._checked = 0  # so many bytes of a text message are known to be good

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer. The buffer must stay unchanged until `next_event()` has returned None."""
        if self._at < len(self._data):
            data = bytes(self._data[self._at :]) + data
        self._data = data
        self._at = 0

    def next_event(self) -> "tuple[int, object] | None":
        """Return the next (opcode, payload) or None when more data is needed; raises FrameError.

        TEXT comes with a str, BINARY, PING and PONG with bytes, CLOSE with (code, reason). Messages are whole; control
        frames that arrive between the fragments of a message come in their order.
        """
        while True:
            if self._left < 0 and not self._read_header():
                return None
            self._read_payload()
            if self._left:
                return None
            fin, opcode = self._head[0] & 0x80, self._head[0] & 15
            self._head = bytearray()
            self._left = -1
            if opcode >= CLOSE:
                payload = bytes(self._control)
                self._control = None
                return opcode, parse_close(payload) if opcode == CLOSE else payload
            if fin:
                return self._end_message()

    def _take(self, length: int) -> bytes:
        length = min(length, len(self._data) - self._at)  # an announced length may exceed what a slice can take
        data = self._data[self._at : self._at + length]
        self._at += length
        if self._at == len(self._data):
            self._data = b""
            self._at = 0
        return data

    def _read_header(self) -> bool:
        head = self._head
        while True:
            missing = _header_length(head) - len(head)
            if not missing:
                break
            data = self._take(missing)
            if not data:
                return False
            head.extend(data)
            if len(head) == 2:  # which says the most, so that a wrong frame is refused as early as possible
                self._check(head[0], head[1])
        length, at = _payload_length(head)
        self._mask = bytes(head[at:])
        if head[0] & 15 >= CLOSE:
            self._control = bytearray()
        else:
            self._begin_data(head[0], length)
        self._left = length
        return True

    def _check(self, first: int, second: int) -> None:
        """Refuse a frame whose first two bytes are wrong (RFC 6455, 5.2 to 5.5)."""
        opcode = first & 15
        if bool(second & 0x80) != self._masked:
            raise FrameError(PROTOCOL_ERROR, "not masked" if self._masked else "masked")
        if first & 0x30 or (first & 0x40 and (self._extension is None or opcode not in (TEXT, BINARY))):
            raise FrameError(PROTOCOL_ERROR, "reserved bit")
        if opcode > PONG or BINARY < opcode < CLOSE:
            raise FrameError(PROTOCOL_ERROR, "opcode")
        if opcode >= CLOSE:
            if second & 127 > 125 or not first & 0x80:
                raise FrameError(PROTOCOL_ERROR, "control frame")
        elif (opcode == CONTINUATION) != (self._opcode is not None):
            raise FrameError(PROTOCOL_ERROR, "fragmentation")

    def _begin_data(self, first: int, length: int) -> None:
        if first & 15 != CONTINUATION:
            self._opcode = first & 15
            self._compressed = bool(first & 0x40)
        if self._limit and not self._compressed and len(self._message) + length > self._limit:
            raise FrameError(TOO_BIG, "message too big")

    def _read_payload(self) -> None:
        data = bytearray(self._take(self._left)) if self._left else bytearray()
        if self._mask and data:
            apply_mask(data, self._mask)
            turn = len(data) & 3
            self._mask = self._mask[turn:] + self._mask[:turn]
        self._left -= len(data)
        if self._control is not None:
            self._control.extend(data)
            return
        if self._compressed:
            data = self._extension.inflate(data, self._room())
        self._append(data)
        if self._opcode == TEXT and (self._left or not self._head[0] & 0x80):
            try:
                self._checked = utf8.check(self._message, self._checked)
            except UnicodeError:
                raise FrameError(BAD_DATA, "not UTF-8") from None

    def _append(self, data: bytes) -> None:
        if self._message or not isinstance(data, bytearray):
            self._message.extend(data)
        else:
            self._message = data

    def _room(self) -> "int | None":
        return self._limit - len(self._message) if self._limit else None

    def _end_message(self) -> "tuple[int, object]":
        if self._compressed:
            self._append(self._extension.end_message(self._room()))
        opcode, message = self._opcode, self._message
        self._opcode = None
        self._message = bytearray()
        self._checked = 0
        return opcode, _decode(message) if opcode == TEXT else bytes(message)


def _header_length(head: bytes) -> int:
    if len(head) < 2:
        return 2
    length = head[1] & 127
    return 2 + (8 if length == 127 else 2 if length == 126 else 0) + (4 if head[1] & 0x80 else 0)


def _payload_length(head: bytes) -> "tuple[int, int]":
    """Return the payload's length and where the masking key begins; the length must have its shortest form."""
    length = head[1] & 127
    if length < 126:
        return length, 2
    at = 4 if length == 126 else 10
    length = int.from_bytes(head[2:at], "big")
    if length < (126 if at == 4 else 65536) or length >> 63:
        raise FrameError(PROTOCOL_ERROR, "length")
    return length, at


class Connection:
    """One end of an open connection. After each `next_event()` the bytes in `reply` have to be sent to the peer."""

    def __init__(self, client: bool = False, max_message_length: int = 0, extension=None):
        self._parser = FrameParser(client, max_message_length, extension)
        self._client = client
        self._extension = extension
        self.reply = b""
        self.error: FrameError | None = None  # what the peer did wrong
        self.close_sent = False
        self.close_received = False
        self.close_code: int | None = None  # None while open; 1005: closed without a code; 1006: lost without closing
        self.close_reason = ""

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer; empty data means that its stream has ended."""
        if data:
            self._parser.feed(data)
        elif not self.close_received and self.error is None:
            self.close_code = ABNORMAL
            self.close_received = self.close_sent = True

    def next_event(self) -> "tuple[int, object] | None":
        """Return what the peer sent, as `FrameParser.next_event()` does, or None when more data is needed.

        A pong or close frame that is due is then in `reply`. A peer that breaks the protocol is an event CLOSE with
        the code and reason that are sent to it; `error` tells the two apart. Nothing follows CLOSE.
        """
        self.reply = b""
        if self.close_received or self.error is not None:
            return None
        try:
            event = self._parser.next_event()
        except FrameError as error:
            return self.fail(error)
        if event is None:
            return None
        if event[0] == PING and not self.close_sent:
            self.reply = encode(PONG, event[1], mask=self._mask())
        elif event[0] == CLOSE:
            self.close_received = True
            self.close_code, self.close_reason = event[1]
            self.reply = self.close(self.close_code)
        return event

    def fail(self, error: FrameError) -> "tuple[int, tuple[int, str]]":
        """Give the connection up because of *error*: its close frame is in `reply`; return the event CLOSE."""
        self.error = error
        self.close_code, self.close_reason = error.code, error.reason
        self.reply = self.close(error.code, error.reason)
        return CLOSE, (error.code, error.reason)

    def message(self, data: "str | bytes", opcode: "int | None" = None) -> bytes:
        """Return the frame of a message: TEXT for str and BINARY for bytes unless *opcode* says otherwise."""
        if opcode is None:
            opcode = TEXT if isinstance(data, str) else BINARY
        payload = data.encode() if isinstance(data, str) else data
        packed = None
        if self._extension is not None and opcode < CLOSE:
            packed = self._extension.compress(payload)
        return encode(opcode, payload if packed is None else packed, True, self._mask(), packed is not None)

    def control(self, opcode: int, payload: bytes = b"") -> bytes:
        """Return the frame of a PING or PONG; raises ValueError for a payload of more than 125 bytes."""
        if len(payload) > 125:
            raise ValueError("ping or pong of more than 125 bytes")
        return encode(opcode, payload, mask=self._mask())

    def close(self, code: "int | None" = NORMAL, reason: str = "") -> bytes:
        """Begin the closing handshake: return the close frame, b'' when one has been sent already."""
        if self.close_sent:
            return b""
        frame = encode_close(code, reason, self._mask())
        self.close_sent = True
        return frame

    def _mask(self) -> "bytes | None":
        return os.urandom(4) if self._client else None
