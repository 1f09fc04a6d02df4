from microdot.websocket.frames import BINARY, CLOSE, PING, PONG, TEXT, Connection, encode, encode_close
from support import raises

MASK = b"\x01\x02\x03\x04"


def events(connection, data=b""):
    """Feed data; return the events and all replies they caused."""
    if data:
        connection.feed(data)
    found, replies = [], b""
    while True:
        event = connection.next_event()
        replies += connection.reply
        if event is None:
            return found, replies
        found.append(event)


def test_two_connections_talk():
    client, server = Connection(client=True), Connection()
    assert events(server, client.message("gr\u00fcn")) == ([(TEXT, "gr\u00fcn")], b"")
    assert events(server, client.message(b"")) == ([(BINARY, b"")], b"")
    assert events(server, client.message("")) == ([(TEXT, "")], b"")
    assert events(client, server.message(bytearray(b"\x00\x01"))) == ([(BINARY, b"\x00\x01")], b"")
    assert events(client, server.message(b"text", TEXT)) == ([(TEXT, "text")], b"")
    assert events(server, client.message("bytes", BINARY)) == ([(BINARY, b"bytes")], b"")


def test_client_masks_with_changing_keys():
    client = Connection(client=True)
    assert client.message("Hello")[1] & 0x80
    assert len({client.message("Hello") for _ in range(8)}) > 1


def test_pings_are_answered_in_order():
    client, server = Connection(client=True), Connection()
    found, replies = events(server, client.control(PING, b"1") + client.control(PING) + client.message("x"))
    assert found == [(PING, b"1"), (PING, b""), (TEXT, "x")]
    assert replies == b"\x8a\x011\x8a\x00"
    assert events(client, replies) == ([(PONG, b"1"), (PONG, b"")], b"")


def test_control_frames_hold_125_bytes():
    client, server = Connection(client=True), Connection()
    payload = b"x" * 125
    assert events(server, client.control(PING, payload)) == ([(PING, payload)], b"\x8a\x7d" + payload)
    with raises(ValueError):
        server.control(PING, payload + b"x")


def test_peer_closes():
    client, server = Connection(client=True), Connection()
    found, replies = events(server, client.close(4001, "done") + client.message("after"))
    assert found == [(CLOSE, (4001, "done"))]
    assert replies == b"\x88\x02\x0f\xa1"
    assert server.close_sent and server.close_received and server.error is None
    assert (server.close_code, server.close_reason) == (4001, "done")
    assert events(client, replies) == ([(CLOSE, (4001, ""))], b"")
    assert client.close_received


def test_peer_closes_without_a_code():
    server = Connection()
    found, replies = events(server, encode_close(None, mask=MASK))
    assert found == [(CLOSE, (1005, ""))] and replies == b"\x88\x00"
    assert server.close_code == 1005


def test_own_close_is_sent_once_and_answered():
    client, server = Connection(client=True), Connection()
    frame = server.close(1001, "restart")
    assert server.close() == b""
    assert server.close_code is None and not server.close_received
    # what is on its way meanwhile still arrives, and a ping is not answered any more
    found, replies = events(server, client.message("late") + client.control(PING))
    assert found == [(TEXT, "late"), (PING, b"")] and replies == b""
    found, replies = events(client, frame)
    assert found == [(CLOSE, (1001, "restart"))]
    assert events(server, replies) == ([(CLOSE, (1001, ""))], b"")
    assert server.close_received


def test_bad_close_codes_cannot_be_sent():
    server = Connection()
    for code in (0, 999, 1006, 1015, 2999, 5000):
        with raises(ValueError):
            server.close(code)
    assert not server.close_sent
    assert server.close(1000) == b"\x88\x02\x03\xe8"


def test_protocol_error_closes_with_its_code():
    for stream, code in (
        (encode(TEXT, b"not masked"), 1002),
        (encode(TEXT, b"\xff", mask=MASK), 1007),
        (encode(BINARY, bytes(101), mask=MASK), 1009),
        (encode(CLOSE, b"\x03\xed", mask=MASK), 1002),
    ):
        server = Connection(max_message_length=100)
        found, replies = events(server, stream + encode(TEXT, b"after", mask=MASK))
        assert len(found) == 1 and found[0][0] == CLOSE and found[0][1][0] == code
        assert server.error is not None and server.error.code == code
        assert server.close_code == code and not server.close_received
        assert replies[2:4] == code.to_bytes(2, "big")
        assert events(server, encode(TEXT, b"ignored", mask=MASK)) == ([], b"")


def test_protocol_error_after_own_close_sends_nothing():
    server = Connection()
    server.close()
    found, replies = events(server, encode(TEXT, b"not masked"))
    assert found[0][0] == CLOSE and replies == b""


def test_end_of_stream():
    server = Connection()
    server.feed(encode(TEXT, b"cut off", mask=MASK)[:5])
    assert server.next_event() is None
    server.feed(b"")
    assert server.next_event() is None
    assert server.close_code == 1006 and server.close_sent
    assert server.close() == b""


def test_end_of_stream_after_a_close_keeps_its_code():
    server = Connection()
    events(server, encode_close(1001, mask=MASK))
    server.feed(b"")
    assert server.close_code == 1001
