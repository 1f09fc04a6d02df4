"""The WebSocket frame parser beside wsproto's, on generated and corrupted streams in any pieces."""

import os

import wsproto.connection
import wsproto.events
import wsproto.extensions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from microdot.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Connection,
    FrameError,
    FrameParser,
    encode,
)
from microdot.websocket.permessage_deflate import Deflate

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))

payloads = st.one_of(st.binary(max_size=140), st.text(max_size=60).map(str.encode), st.just(b"y" * 70000))
close_payloads = st.builds(
    lambda code, reason: code.to_bytes(2, "big") + reason,
    st.one_of(st.integers(0, 5100), st.integers(0, 65535)),
    st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=10)),
)
masks = st.binary(min_size=4, max_size=4).filter(any)


@st.composite
def frames(draw):
    """One frame, most often a right one."""
    opcode = draw(st.sampled_from([TEXT, BINARY, CONTINUATION, CONTINUATION, PING, PONG, CLOSE, 3, 11]))
    payload = draw(close_payloads if opcode == CLOSE else payloads)
    if opcode >= CLOSE and draw(st.integers(0, 9)):
        payload = payload[:125]
    fin = draw(st.booleans()) if opcode < CLOSE else draw(st.integers(0, 19)) > 0
    mask = draw(masks) if draw(st.integers(0, 19)) else None
    return encode(opcode, payload, fin, mask, rsv1=draw(st.integers(0, 29)) == 0)


@st.composite
def pieces(draw, streams):
    """A stream cut at any places, sometimes with wrong bytes."""
    stream = bytearray(draw(streams))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        if stream:
            stream[draw(st.integers(0, min(len(stream), 400) - 1))] = draw(st.integers(0, 255))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [bytes(stream[a:b]) for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def ours(parts):
    """Return the events of our parser, a violation being ("error", code)."""
    parser = FrameParser()
    events = []
    try:
        for part in parts:
            parser.feed(part)
            while (event := parser.next_event()) is not None:
                events.append(event)
                if event[0] == CLOSE:
                    return events
    except FrameError as error:
        events.append(("error", error.code))
    return events


def theirs(parts):
    """Return the same from wsproto."""
    peer = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
    events, message = [], []
    for part in parts:
        if not part:
            continue
        peer.receive_data(part)
        for event in peer.events():
            if isinstance(event, wsproto.events.CloseConnection):
                failed = peer.state is not wsproto.connection.ConnectionState.REMOTE_CLOSING
                events.append(("error", int(event.code)) if failed else (CLOSE, (int(event.code), event.reason or "")))
                return events
            if isinstance(event, wsproto.events.Ping | wsproto.events.Pong):
                opcode = PING if isinstance(event, wsproto.events.Ping) else PONG
                events.append((opcode, bytes(event.payload)))
                continue
            message.append(event.data)
            if event.message_finished:
                text = isinstance(event, wsproto.events.TextMessage)
                events.append((TEXT, "".join(message)) if text else (BINARY, b"".join(message)))
                message = []
    return events


def agree(first, second):
    """Whether two parsers say the same of a stream; at its end one may see a violation that one more byte shows."""
    if len(first) > len(second) and first[-1][0] == "error":
        return first[:-1] == second
    if len(second) > len(first) and second[-1][0] == "error":
        return second[:-1] == first
    return first == second


@settings(max_examples=EXAMPLES, deadline=None)
@given(pieces(st.lists(frames(), max_size=8).map(b"".join)))
@example([b"\x81\x85", b"\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"])
def test_streams_mean_the_same_to_wsproto(parts):
    assert agree(ours(parts), theirs(parts))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_never_raises_anything_else(parts):
    ours(parts)


@settings(max_examples=EXAMPLES, deadline=None)
@given(pieces(st.lists(frames(), max_size=8).map(b"".join)))
def test_pieces_do_not_matter(parts):
    assert ours(parts) == ours([b"".join(parts)])


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=400), st.binary(max_size=400), st.just("long" * 30000)), max_size=6),
    st.integers(9, 15), st.booleans(), st.integers(1, 3000),
)
def test_compressed_messages_arrive(messages, bits, reset, size):
    sender = Connection(True, 0, Deflate(bits, reset))
    stream = b"".join(sender.message(message) for message in messages)
    receiver = FrameParser(False, 0, Deflate(9, False, bits, reset))
    received = []
    for start in range(0, len(stream), size):
        receiver.feed(stream[start : start + size])
        while (event := receiver.next_event()) is not None:
            received.append(event[1])
    assert received == messages


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=5), st.integers(9, 15), st.booleans())
def test_wsproto_reads_our_compressed_messages(messages, bits, reset):
    extension = wsproto.extensions.PerMessageDeflate(server_max_window_bits=bits, server_no_context_takeover=reset)
    extension._enabled = True
    peer = wsproto.connection.Connection(wsproto.connection.ConnectionType.CLIENT, [extension])
    server = Connection(False, 0, Deflate(bits, reset))
    received, text = [], ""
    for message in messages:
        peer.receive_data(server.message(message))
        for event in peer.events():
            text += event.data
            if event.message_finished:
                received.append(text)
                text = ""
    assert received == messages
