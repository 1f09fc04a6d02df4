"""WebSocket frames and messages (RFC 6455) without I/O: bytes in, events out, and the frames to send as bytes.

`FrameParser` reads what one peer sends, `encode` makes a frame, and `Connection` is one end of an open connection: it
answers pings, keeps the closing handshake and holds both sides to the protocol. Nothing here waits or opens sockets.
"""

import os

from .._utf8 import check, decode, unfinished

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
TOO_BIG = 1009
INTERNAL_ERROR = 1011
TRY_AGAIN = 1013

_MASK_CHUNK = 512  # bytes masked at once; larger gains nothing on MicroPython and costs three times its size in heap


class FrameError(Exception):
    """The peer broke the protocol; the connection must be closed with *code* (RFC 6455, 7.4.1) and *reason*."""

    def __init__(self, code: int, reason: str):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def apply_mask(data: bytes, mask: bytes) -> bytes:
    """Return *data* masked or unmasked with the 4 bytes of *mask* (RFC 6455, 5.3)."""
    length = len(data)
    if length > _MASK_CHUNK:
        parts = [apply_mask(data[at : at + _MASK_CHUNK], mask) for at in range(0, length, _MASK_CHUNK)]
        return b"".join(parts)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
    return (int.from_bytes(data, "little") ^ key).to_bytes(length, "little")


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
    return head + mask + apply_mask(payload, mask) if mask else head + payload


def is_close_code(code: int) -> bool:
    """Return whether *code* may be in a close frame (RFC 6455, 7.4 and the IANA registry)."""
    return 3000 <= code < 5000 or (1000 <= code <= 1014 and code not in (1004, NO_STATUS, ABNORMAL))


def encode_close(code: "int | None" = NORMAL, reason: str = "", mask: "bytes | None" = None) -> bytes:
    """Return a close frame, without a code if *code* is None or 1005. The reason is cut to the 123 bytes that fit.

    :raises ValueError: for a code that no endpoint may send.
    """
    if code is None or code == NO_STATUS:
        return encode(CLOSE, b"", mask=mask)
    if not is_close_code(code):
        raise ValueError("invalid close code %r: use 1000, or one from 3000 to 4999" % code)
    text = reason.encode()
    if len(text) > 123:
        text = text[:123]
        text = text[: 123 - unfinished(text)]
    return encode(CLOSE, code.to_bytes(2, "big") + text, mask=mask)


def parse_close(payload: bytes) -> "tuple[int, str]":
    """Return the code and reason of a close frame's payload; the code is 1005 when there is none.

    :raises FrameError: for an invalid code, or a reason that is not UTF-8.
    """
    if not payload:
        return NO_STATUS, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not is_close_code(code):
        raise FrameError(PROTOCOL_ERROR, "close code")
    return code, _decode(payload[2:])


def _decode(data: bytes) -> str:
    try:
        return decode(data)
    except UnicodeError:
        raise FrameError(BAD_DATA, "not UTF-8") from None


class FrameParser:
    """Reads the frames of one peer, in whatever pieces they come.

    :param client: whether this is the client's end, where frames must not be masked.
    :param max_message_length: in bytes; 0 for no limit.
    :param extension: the negotiated `Deflate`, or None.
    """

    # The initial values are here once instead of in each instance, which saves memory on a board.
    #: Whether the same message gives the same frame on other connections: there is no mask and no compression.
    shares_frames = True
    _masked = True
    _limit = 0
    _extension = None
    _data = b""  # from the peer, used up to _at
    _at = 0
    _first = 0  # the first byte of the data frame whose payload is being read
    _left = -1  # bytes of that payload still to come, -1 between frames
    _mask = b""
    _opcode = None  # of the message that is being read; None between messages
    _compressed = False
    _message = b""
    _checked = 0  # bytes of a text message that are known to be UTF-8

    def __init__(self, client: bool = False, max_message_length: int = 0, extension=None):
        if client or extension is not None:
            self.shares_frames = False
        if client:
            self._masked = False
        if max_message_length:
            self._limit = max_message_length
        if extension is not None:
            self._extension = extension

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    @property
    def pending(self) -> int:
        """The size in bytes of a message of which a part has come; if there is a limit, with the bytes announced."""
        return len(self._message) + (self._left if self._limit and self._left > 0 else 0)

    def next_event(self) -> "tuple[int, object] | None":
        """Return the next (opcode, payload) or None when more data is needed.

        TEXT comes with a str, BINARY, PING and PONG with bytes, CLOSE with (code, reason). Messages are whole; control
        frames that arrive between the fragments of a message come in their order.

        :raises FrameError: if the peer broke the protocol.
        """
        while True:
            if self._left < 0:
                event = self._read_frame()
                if self._left < 0:
                    return event
            self._read_payload()
            if self._left:
                return None
            self._left = -1
            if self._first & 0x80:
                return self._end_message()

    def _read_frame(self) -> "tuple[int, object] | None":
        """Read a whole frame, or the header of a data frame; `_left` is then the size of its payload."""
        data, at = self._data, self._at + 2
        if len(data) < at:
            return None
        first, length = data[at - 2], data[at - 1]
        self._check(first, length)
        length &= 127
        if length > 125:
            size = 2 if length == 126 else 8
            at += size
            if len(data) < at:
                return None
            length = int.from_bytes(data[at - size : at], "big")
            if length < (126 if size == 2 else 65536) or length >> 63:  # it must have its shortest form
                raise FrameError(PROTOCOL_ERROR, "length")
        if self._masked:
            at += 4
        if len(data) < at:
            return None
        opcode = first & 15
        end = at + length
        whole = len(data) >= end
        if opcode < CLOSE:
            if self._limit and not (first & 0x40 or self._compressed) and len(self._message) + length > self._limit:
                raise FrameError(TOO_BIG, "message too big")
            whole = whole and opcode and first & 0xC0 == 0x80
            if not whole:
                self._begin_payload(first, at, length)
        if not whole:  # a control frame is short: it waits here until it is whole
            return None
        payload = data[at:end]
        if self._masked and length:
            payload = apply_mask(payload, data[at - 4 : at])
        self._skip(end)
        if opcode == TEXT:
            return opcode, _decode(payload)
        return opcode, parse_close(payload) if opcode == CLOSE else payload

    def _check(self, first: int, second: int) -> None:
        """Refuse a frame whose first two bytes are wrong (RFC 6455, 5.2 to 5.5)."""
        opcode = first & 15
        if (second > 127) != self._masked:
            raise FrameError(PROTOCOL_ERROR, "not masked" if self._masked else "masked")
        if first & 0x70 and (first & 0x30 or self._extension is None or opcode not in (TEXT, BINARY)):
            raise FrameError(PROTOCOL_ERROR, "reserved bit")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise FrameError(PROTOCOL_ERROR, "opcode")
            if second & 127 > 125 or first < 0x80:
                raise FrameError(PROTOCOL_ERROR, "control frame")
        elif opcode > BINARY:
            raise FrameError(PROTOCOL_ERROR, "opcode")
        elif (opcode == CONTINUATION) != (self._opcode is not None):
            raise FrameError(PROTOCOL_ERROR, "fragmentation")

    def _skip(self, end: int) -> None:
        if end == len(self._data):
            self._data = b""
            end = 0
        self._at = end

    def _begin_payload(self, first: int, at: int, length: int) -> None:
        """Read the payload of a data frame as it comes."""
        self._first = first
        self._left = length
        self._mask = self._data[at - 4 : at] if self._masked else b""
        self._skip(at)
        if first & 15:
            self._opcode = first & 15
            self._compressed = bool(first & 0x40)
            self._message = bytearray()

    def _read_payload(self) -> None:
        end = min(self._at + self._left, len(self._data))  # an announced length may exceed what a slice can take
        data = self._data[self._at : end]
        self._skip(end)
        if self._mask and data:
            data = apply_mask(data, self._mask)
            turn = len(data) & 3
            self._mask = self._mask[turn:] + self._mask[:turn]
        self._left -= len(data)
        if self._compressed:
            data = self._extension.inflate(data, self._room())
        self._message.extend(data)
        if self._opcode == TEXT and (self._left or self._first < 0x80):
            try:
                self._checked = check(self._message, self._checked)
            except UnicodeError:
                raise FrameError(BAD_DATA, "not UTF-8") from None

    def _room(self) -> "int | None":
        return self._limit - len(self._message) if self._limit else None

    def _end_message(self) -> "tuple[int, object]":
        opcode, message = self._opcode, self._message
        if self._compressed:
            message.extend(self._extension.end_message(self._room()))
            self._compressed = False
        self._opcode = None
        self._message = b""
        self._checked = 0
        return opcode, _decode(message) if opcode == TEXT else bytes(message)


class Connection(FrameParser):
    """One end of an open connection. After each `next_event()` the bytes in `reply` have to be sent to the peer."""

    #: The number of bytes that are still read from the peer after its error.
    linger = 65536
    reply = b""
    #: What the peer did wrong.
    error: "FrameError | None" = None
    close_sent = False
    close_received = False
    #: None while open; 1005: closed without a code; 1006: lost without closing.
    close_code: "int | None" = None
    close_reason = ""

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer; empty data means that its stream has ended."""
        if data:
            FrameParser.feed(self, data)
        elif not self.close_received and self.error is None:
            self.close_code = ABNORMAL
            self.close_received = self.close_sent = True

    def next_event(self) -> "tuple[int, object] | None":
        """Return what the peer sent, as `FrameParser.next_event()` does, or None when more data is needed.

        A pong or close frame that is due is then in `reply`. If the peer breaks the protocol, the event is CLOSE with
        the code and reason that are sent to the peer, and `error` is set. Nothing follows CLOSE.
        """
        if self.reply:
            self.reply = b""
        if not self._data or self.close_received or self.error is not None:
            return None
        try:
            event = FrameParser.next_event(self)
        except FrameError as error:
            return self.fail(error)
        if event is not None and event[0] >= CLOSE:
            if event[0] == PING and not self.close_sent:
                self.reply = encode(PONG, event[1], mask=self._key())
            elif event[0] == CLOSE:
                self.close_received = True
                self.close_code, self.close_reason = event[1]
                self.reply = self.close(self.close_code)
        return event

    def fail(self, error: FrameError) -> "tuple[int, tuple[int, str]]":
        """Give the connection up because of *error*: its close frame is in `reply`; return the event CLOSE."""
        self.error = error
        self._data = self._message = b""  # their size may be the cause
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
        return encode(opcode, payload if packed is None else packed, True, self._key(), packed is not None)

    def control(self, opcode: int, payload: bytes = b"") -> bytes:
        """Return the frame of a PING or PONG.

        :raises ValueError: for a payload of more than 125 bytes.
        """
        if len(payload) > 125:
            raise ValueError("ping or pong of more than 125 bytes")
        return encode(opcode, payload, mask=self._key())

    def close(self, code: "int | None" = NORMAL, reason: str = "") -> bytes:
        """Begin the closing handshake: return the close frame, b'' when one has been sent already.

        :raises ValueError: for a code that no endpoint may send.
        """
        if self.close_sent:
            return b""
        frame = encode_close(code, reason, self._key())
        self.close_sent = True
        return frame

    def _key(self) -> "bytes | None":
        return None if self._masked else os.urandom(4)
