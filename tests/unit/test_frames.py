from microdot.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameError,
    FrameParser,
    apply_mask,
    encode,
    encode_close,
    parse_close,
)
from support import raises

MASK = b"\x37\xfa\x21\x3d"


def client_frame(opcode, payload=b"", fin=True, rsv1=False):
    return encode(opcode, payload, fin, MASK, rsv1)


def parse(pieces, client=False, limit=0):
    """Feed the pieces one after the other; return the events, an error's code being the last."""
    parser = FrameParser(client, limit)
    events = []
    for piece in pieces:
        parser.feed(piece)
        try:
            event = parser.next_event()
            while event is not None:
                events.append(event)
                event = parser.next_event()
        except FrameError as error:
            events.append(error.code)
            break
    return events


def code_of(stream, client=False, limit=0):
    """Return the error code of a stream that must fail, alike in one piece and byte by byte."""
    whole = parse([stream], client, limit)[-1]
    assert parse([stream[i : i + 1] for i in range(len(stream))], client, limit)[-1] == whole
    return whole


def test_examples_of_the_rfc():
    """RFC 6455, 5.7."""
    assert encode(TEXT, b"Hello") == b"\x81\x05Hello"
    assert encode(TEXT, b"Hello", mask=MASK) == b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    assert encode(TEXT, b"Hel", fin=False) == b"\x01\x03Hel"
    assert encode(CONTINUATION, b"lo") == b"\x80\x02lo"
    assert encode(BINARY, bytes(256))[:4] == b"\x82\x7e\x01\x00"
    assert parse([b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"]) == [(TEXT, "Hello")]
    assert parse([b"\x01\x03Hel\x80\x02lo"], client=True) == [(TEXT, "Hello")]


def test_lengths():
    for length in (0, 1, 125, 126, 127, 511, 512, 513, 1027, 4096):
        payload = (b"0123456789abcdef!" * (length // 17 + 1))[:length]
        for piece in (length + 20, 1000):
            stream = client_frame(BINARY, payload)
            pieces = [stream[i : i + piece] for i in range(0, len(stream), piece)]
            assert parse(pieces) == [(BINARY, payload)]
        assert parse([encode(BINARY, payload)], client=True) == [(BINARY, payload)]


def test_mask_is_its_own_inverse():
    for length in list(range(20)) + [510, 511, 512, 513, 515, 516, 1024, 1025]:
        original = bytes((i * 7 + 3) & 255 for i in range(length))
        masked = apply_mask(original, MASK)
        assert masked == bytes(original[i] ^ MASK[i & 3] for i in range(length))
        assert apply_mask(masked, MASK) == original


def streams():
    yield client_frame(TEXT, b"Hello") + client_frame(BINARY, b"\x00\xff") + client_frame(TEXT)
    yield (
        client_frame(TEXT, "gr\u00fc".encode()[:3], fin=False)
        + client_frame(PING, b"now")
        + client_frame(CONTINUATION, b"", fin=False)
        + client_frame(PONG)
        + client_frame(CONTINUATION, "\u00fc\u20ac\U0001f600".encode()[1:])
        + client_frame(CLOSE, b"\x03\xe8bye")
    )
    yield client_frame(BINARY, bytes(range(130)), False) + client_frame(CONTINUATION) + client_frame(PING, b"x" * 125)


EXPECTED = (
    [(TEXT, "Hello"), (BINARY, b"\x00\xff"), (TEXT, "")],
    [(PING, b"now"), (PONG, b""), (TEXT, "gr\u00fc\u20ac\U0001f600"), (CLOSE, (1000, "bye"))],
    [(BINARY, bytes(range(130))), (PING, b"x" * 125)],
)


def test_every_split_in_two():
    for number, stream in enumerate(streams()):
        for cut in range(len(stream) + 1):
            assert parse([stream[:cut], stream[cut:]]) == EXPECTED[number], cut


def test_every_piece_size():
    for number, stream in enumerate(streams()):
        for size in range(1, len(stream)):
            assert parse([stream[i : i + size] for i in range(0, len(stream), size)]) == EXPECTED[number], size


def test_feeding_before_the_last_data_is_read():
    parser = FrameParser()
    stream = client_frame(TEXT, b"one") + client_frame(TEXT, b"two")
    for i in range(len(stream)):
        parser.feed(stream[i : i + 1])
    assert parser.next_event() == (TEXT, "one")
    parser.feed(client_frame(TEXT, b"three"))
    assert [parser.next_event() for _ in range(3)] == [(TEXT, "two"), (TEXT, "three"), None]


def test_masking_is_required_of_clients_only():
    assert code_of(encode(TEXT, b"Hello")) == 1002
    assert code_of(encode(PING)) == 1002
    assert code_of(client_frame(TEXT, b"Hello"), client=True) == 1002


def test_reserved_bits_and_opcodes():
    for bit in (0x40, 0x20, 0x10):
        assert code_of(bytes((0x81 | bit, 0x80)) + MASK) == 1002
        assert code_of(bytes((0x89 | bit, 0x80)) + MASK) == 1002
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        assert code_of(client_frame(opcode)) == 1002


def test_control_frames_are_short_and_whole():
    for opcode in (CLOSE, PING, PONG):
        assert code_of(client_frame(opcode, bytes(126))) == 1002
        assert code_of(client_frame(opcode, b"\x03\xe8", fin=False)) == 1002


def test_fragmentation_is_in_order():
    assert code_of(client_frame(CONTINUATION, b"x")) == 1002
    assert code_of(client_frame(TEXT, b"x", fin=False) + client_frame(TEXT, b"y")) == 1002
    assert code_of(client_frame(TEXT, b"x") + client_frame(CONTINUATION, b"y")) == 1002
    assert code_of(client_frame(TEXT, b"x", fin=False) + client_frame(PING) + client_frame(BINARY, b"y")) == 1002


def test_lengths_have_their_shortest_form():
    assert code_of(b"\x82\xfe\x00\x7d" + MASK) == 1002
    assert code_of(b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff" + MASK) == 1002
    assert code_of(b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00" + MASK) == 1002


def test_the_longest_and_shortest_length_of_each_form():
    for length, head in (
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65535, b"\x82\x7e\xff\xff"),
        (65536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ):
        assert encode(BINARY, bytes(length))[:10].startswith(head)
        assert parse([head + b"x"], client=True) == []  # no error: the rest is waited for


def test_message_limit():
    assert parse([client_frame(TEXT, b"12345678")], limit=8) == [(TEXT, "12345678")]
    assert code_of(client_frame(TEXT, b"123456789"), limit=8) == 1009
    assert code_of(client_frame(TEXT, b"12345", fin=False) + client_frame(CONTINUATION, b"6789"), limit=8) == 1009
    assert parse([client_frame(TEXT, b"1"), client_frame(BINARY, bytes(8))], limit=8)[-1] == (BINARY, bytes(8))
    # refused by its header alone, however large
    assert parse([b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + MASK], limit=8) == [1009]


def test_huge_announced_length_reserves_nothing():
    assert parse([b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + MASK + b"x" * 100]) == []


def test_close_payload():
    assert parse_close(b"") == (1005, "")
    assert parse([client_frame(CLOSE, b"\x0f\xa0" + "\u20ac".encode())]) == [(CLOSE, (4000, "\u20ac"))]
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        assert parse([client_frame(CLOSE, code.to_bytes(2, "big"))]) == [(CLOSE, (code, ""))]
        assert encode_close(code) == b"\x88\x02" + code.to_bytes(2, "big")
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        assert code_of(client_frame(CLOSE, code.to_bytes(2, "big"))) == 1002
        if code != 1005:
            with raises(ValueError):
                encode_close(code)
    assert code_of(client_frame(CLOSE, b"\x03")) == 1002
    assert code_of(client_frame(CLOSE, b"\x03\xe8\xff")) == 1007


def test_encoded_close_reason_fits_and_stays_utf8():
    assert encode_close(None) == encode_close(1005) == b"\x88\x00"
    for reason in ("x" * 124, "\u20ac" * 42, "\U0001f600" * 31, "x\u00fc" * 42):
        frame = encode_close(1000, reason)
        code, cut = parse_close(frame[2:])
        assert frame[1] <= 125 and len(frame) == frame[1] + 2
        assert code == 1000 and reason.startswith(cut) and len(cut.encode()) > 119
