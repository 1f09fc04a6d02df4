from microdot.websocket.frames import CONTINUATION, PING, TEXT, Connection, FrameError, FrameParser, encode
from microdot.websocket.permessage_deflate import BOARD, Deflate, negotiate
from support import raises

HELLO = b"\xf2\x48\xcd\xc9\xc9\x07\x00"  # RFC 7692, 7.2.3.1
ZEROS_1000 = b"\x62\x60\x18\x05\xa3\x60\x14\x0c\x77\x00\x00"  # 1,000 bytes of zeros


def inflate(data, room=None, extension=None):
    extension = extension or Deflate(receive_bits=10)
    return bytes(extension.inflate(data, room)) + bytes(extension.end_message(room))


def test_examples_of_the_rfc():
    """RFC 7692, 7.2.3: fixed codes, no compression, a final block, two blocks."""
    assert inflate(HELLO) == b"Hello"
    assert inflate(b"\x00\x05\x00\xfa\xffHello\x00") == b"Hello"
    assert inflate(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00") == b"Hello"
    assert inflate(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00") == b"Hello"
    assert inflate(b"\x00") == b""


def test_messages_one_after_the_other():
    extension = Deflate(receive_bits=10)
    for _ in range(3):
        assert inflate(HELLO, 5, extension) == b"Hello"


def test_wrong_data():
    for data in (b"\xff\xff\xff", b"\xf2\x48\xcd", b"\x07", b"\x00\x05\x00\xfa\xfeHello\x00"):
        extension = Deflate(receive_bits=10)
        try:
            result = inflate(data, None, extension)
        except FrameError as error:
            assert error.code == 1007
        else:
            assert result != b"Hello", data


def test_limit_holds_for_the_decompressed_message():
    assert inflate(ZEROS_1000, 1000) == bytes(1000)
    for room in (999, 10, 0):
        with raises(FrameError) as caught:
            inflate(ZEROS_1000, room)
        assert caught.value.code == 1009


def test_limit_holds_for_what_is_gathered():
    with raises(FrameError) as caught:
        parser_events(encode(TEXT, b"\x00\x01\x00\xfe\xffx" * 1000 + b"\x00", rsv1=True), 64, 100)
    assert caught.value.code == 1009


def test_limit_does_not_hold_for_the_compressed_form():
    stored = b"\x00\x05\x00\xfa\xffHello\x00"
    assert parser_events(encode(TEXT, stored, rsv1=True), 100, 5) == [(TEXT, "Hello")]
    pieces = encode(TEXT, stored[:1], fin=False, rsv1=True) + encode(CONTINUATION, stored[1:])
    assert parser_events(pieces, 100, 5) == [(TEXT, "Hello")]


def parser_events(stream, size, limit=0):
    parser = FrameParser(True, limit, Deflate(receive_bits=10))
    found = []
    for i in range(0, len(stream), size):
        parser.feed(stream[i : i + size])
        event = parser.next_event()
        while event is not None:
            found.append(event)
            event = parser.next_event()
    return found


def test_compressed_messages_in_fragments():
    stream = (
        encode(TEXT, HELLO[:3], fin=False, rsv1=True)
        + encode(PING, b"p")
        + encode(CONTINUATION, HELLO[3:])
        + encode(TEXT, b"plain")
        + encode(TEXT, HELLO, rsv1=True)
    )
    for size in range(1, len(stream) + 1):
        assert parser_events(stream, size) == [(PING, b"p"), (TEXT, "Hello"), (TEXT, "plain"), (TEXT, "Hello")]


def test_reserved_bit_only_begins_messages():
    for stream in (
        encode(PING, b"", rsv1=True),
        encode(TEXT, HELLO[:3], fin=False, rsv1=True) + encode(CONTINUATION, HELLO[3:], rsv1=True),
    ):
        with raises(FrameError) as caught:
            parser_events(stream, 1)
        assert caught.value.code == 1002


def test_text_is_checked_after_decompression():
    bad = b"\x00\x02\x00\xfd\xff\xff\xfe\x00"
    with raises(FrameError) as caught:
        parser_events(encode(TEXT, bad, rsv1=True), 100)
    assert caught.value.code == 1007


def test_offers_that_are_not_accepted():
    for header in (
        None, "", "x-webkit-deflate-frame", "permessage-deflate; unknown; client_max_window_bits",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_max_window_bits=010",
        "permessage-deflate; server_no_context_takeover=1; client_max_window_bits",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
    ):
        assert negotiate(header) is None, header


def test_accepted_offers():
    browser = "permessage-deflate; client_max_window_bits"
    if BOARD:
        bounded = "permessage-deflate; client_no_context_takeover; client_max_window_bits="
        assert negotiate("permessage-deflate") is None
        assert negotiate("permessage-deflate, " + browser)[0] == bounded + "10"
        assert negotiate(browser + "=9")[0] == bounded + "9"
        assert negotiate(browser + "=15; server_no_context_takeover; server_max_window_bits=8")[0] == (
            bounded + "10; server_no_context_takeover; server_max_window_bits=8"
        )
    else:
        assert negotiate(browser)[0] == "permessage-deflate"
        assert negotiate('other, permessage-deflate; server_max_window_bits="10"')[0] == (
            "permessage-deflate; server_max_window_bits=10"
        )
        assert negotiate("permessage-deflate; server_max_window_bits=8, permessage-deflate")[0] == "permessage-deflate"
        assert negotiate("permessage-deflate; client_no_context_takeover; server_no_context_takeover")[0] == (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        )


def test_the_answer_has_all_parameters_that_the_client_demands():
    """RFC 7692, 7.1.1.1 and 7.1.2.1: a client ends the connection without them, even if they are the defaults."""
    for takeover in "", "; server_no_context_takeover":
        for bits in range(8 if BOARD else 9, 16):
            demanded = takeover + "; server_max_window_bits=" + str(bits)
            answer, _ = negotiate("permessage-deflate; client_max_window_bits" + demanded)
            for parameter in demanded[2:].split("; "):
                assert parameter in answer.split("; "), answer


def test_connection_sends_what_the_other_end_reads():
    sender, receiver = Connection(False, 0, Deflate(10)), Connection(True, 0, Deflate())
    for message in ("Hello" * 50, "Hello" * 50, "", b"\x00" * 300):
        receiver.feed(sender.message(message))
        assert receiver.next_event()[1] == message
    assert bool(sender.message("x")[0] & 0x40) != BOARD
