"""Bodies: too large, unread, expected, streamed; and responses that have none."""

from wire.vector import CLOSED, CONTINUE, EITHER, OPEN, Reply, Vector, echoed, request

POST = b"POST /echo HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
EXPECT = b"Expect: 100-continue"
NEXT = request()
NEXT_REPLY = Reply(200, body=echoed(b"", b"GET"))
HELLO = Reply(200, body=echoed(b"hello"))


# As many bytes as the strict profile allows.
CHUNKS = request(b"POST /stream HTTP/1.1", CHUNKED) + (b"fa\r\n" + b"x" * 250 + b"\r\n") * 16


def body(name, rfc, sent, replies, then):
    return Vector("body: " + name, rfc, sent, replies, then)


def sized(line, size, *fields):
    return request(line, b"Content-Length: %d" % size, *fields, body=b"x" * size)


TOO_LARGE = [
    body(
        "far too large, announced and not sent",
        "9110 15.5.14",
        request(POST, b"Content-Length: 999999999"),
        [413],
        CLOSED,
    ),
    body("too large", "9110 15.5.14", sized(POST, 4001), [413], EITHER),
    body("far too large", "9110 15.5.14", sized(POST, 40000), [413], CLOSED),
    body("too large on an unknown path", "9110 15.5.14", sized(b"POST /nowhere HTTP/1.1", 4001), [413], EITHER),
    body("far too large, then another request", "9110 15.5.14", sized(POST, 40000) + NEXT, [413], CLOSED),
    body("chunks that become too large", "9110 15.5.14", CHUNKS + b"1\r\nx\r\n", [413], CLOSED),
    body(
        "chunks that become too large, far more behind",
        "9110 15.5.14",
        CHUNKS + (b"100\r\n" + b"x" * 256 + b"\r\n") * 100,
        [413],
        CLOSED,
    ),
    body(
        "chunk that is too large",
        "9110 15.5.14",
        request(b"POST /stream HTTP/1.1", CHUNKED, body=b"fa1\r\n" + b"x" * 4001),
        [413],
        CLOSED,
    ),
    body(
        "HTTP/1.0 and too large",
        "9110 15.5.14",
        request(b"POST /echo HTTP/1.0", b"Content-Length: 4001"),
        [Reply(413, version="1.0")],
        CLOSED,
    ),
    body(
        "of the largest size", "9110 15.5.14", sized(b"POST /stream HTTP/1.1", 4000), [Reply(200, body=b"4000 0")], OPEN
    ),
    body("of the largest size, in chunks", "9110 15.5.14", CHUNKS + b"0\r\n\r\n", [Reply(200, body=b"4000 0")], OPEN),
]

STREAMED = [
    body("streamed", "9112 6.3", sized(b"POST /stream HTTP/1.1", 5), [Reply(200, body=b"5 0")], OPEN),
    body("streamed, empty", "9112 6.3", request(b"POST /stream HTTP/1.1"), [Reply(200, body=b"0 0")], OPEN),
    body(
        "streamed, larger than what is loaded",
        "9112 6.3",
        sized(b"POST /stream HTTP/1.1", 2500) + NEXT,
        [Reply(200, body=b"2500 0"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "streamed from chunks",
        "9112 7.1",
        request(b"POST /stream HTTP/1.1", CHUNKED, body=b"5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n" + NEXT),
        [Reply(200, body=b"8 0"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "streamed from chunks, larger than what is loaded",
        "9112 7.1",
        request(b"POST /stream HTTP/1.1", CHUNKED, body=(b"fa\r\n" + b"x" * 250 + b"\r\n") * 10 + b"0\r\n\r\n" + NEXT),
        [Reply(200, body=b"2500 0"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "streamed from bad chunks",
        "9112 7.1",
        request(b"POST /stream HTTP/1.1", CHUNKED, body=(b"fa\r\n" + b"x" * 250 + b"\r\n") * 10 + b"x\r\n\r\n"),
        [400],
        CLOSED,
    ),
    body(
        "unread, small",
        "9112 9.3",
        sized(b"POST /ignore HTTP/1.1", 500) + NEXT,
        [Reply(200, body=b"ignored"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "unread, larger than what is loaded",
        "9112 9.3",
        sized(b"POST /ignore HTTP/1.1", 3000),
        [Reply(200, body=b"ignored")],
        EITHER,
    ),
    body(
        "unread, in chunks",
        "9112 9.3",
        request(b"POST /ignore HTTP/1.1", CHUNKED, body=(b"fa\r\n" + b"x" * 250 + b"\r\n") * 10 + b"0\r\n\r\n"),
        [Reply(200, body=b"ignored")],
        EITHER,
    ),
    body("half read", "9112 9.3", sized(b"POST /first HTTP/1.1", 3000), [Reply(200, body=b"xxxxx")], EITHER),
    body(
        "half read, in chunks",
        "9112 9.3",
        request(b"POST /first HTTP/1.1", CHUNKED, body=(b"fa\r\n" + b"x" * 250 + b"\r\n") * 10 + b"0\r\n\r\n"),
        [Reply(200, body=b"xxxxx")],
        EITHER,
    ),
    body("of a request to nowhere", "9112 9.3", sized(b"POST /nowhere HTTP/1.1", 3000), [404], EITHER),
    body("of a method not allowed", "9112 9.3", sized(b"DELETE /echo HTTP/1.1", 3000), [405], EITHER),
    body("of HEAD", "9110 9.3.2", sized(b"HEAD /echo HTTP/1.1", 5) + NEXT, [Reply(200, to="HEAD"), NEXT_REPLY], OPEN),
]

EXPECTED = [
    body("expected", "9110 10.1.1", [request(POST, b"Content-Length: 5", EXPECT), CONTINUE, b"hello"], [HELLO], OPEN),
    body(
        "expected in other case",
        "9110 10.1.1",
        [request(POST, b"Content-Length: 5", b"expect: 100-CONTINUE"), CONTINUE, b"hello"],
        [HELLO],
        OPEN,
    ),
    body(
        "expected, in chunks",
        "9110 10.1.1",
        [request(POST, CHUNKED, EXPECT), CONTINUE, b"5\r\nhello\r\n0\r\n\r\n"],
        [HELLO],
        OPEN,
    ),
    body(
        "expected and sent at once",
        "9110 10.1.1",
        request(POST, b"Content-Length: 5", EXPECT, body=b"hello") + NEXT,
        [HELLO, NEXT_REPLY],
        OPEN,
    ),
    body(
        "expected by a handler that streams",
        "9110 10.1.1",
        [request(b"POST /stream HTTP/1.1", b"Content-Length: 2500", EXPECT), CONTINUE, b"x" * 2500],
        [Reply(200, body=b"2500 0")],
        OPEN,
    ),
    body(
        "expected and none",
        "9110 10.1.1",
        request(POST, b"Content-Length: 0", EXPECT),
        [Reply(200, body=echoed())],
        OPEN,
    ),
    body("expected of GET without a body", "9110 10.1.1", request(b"GET /echo HTTP/1.1", EXPECT), [NEXT_REPLY], OPEN),
    body(
        "expected in HTTP/1.0",
        "9110 10.1.1",
        request(b"POST /echo HTTP/1.0", b"Content-Length: 5", EXPECT, body=b"hello"),
        [Reply(200, version="1.0", body=echoed(b"hello"))],
        CLOSED,
    ),
    body(
        "unknown expectation",
        "9110 10.1.1",
        request(POST, b"Content-Length: 5", b"Expect: more", body=b"hello"),
        [417],
        CLOSED,
    ),
]

# The client waits for the word to go on and must get a final answer instead.
UNEXPECTED = [
    body("expected and too large", "9110 10.1.1", request(POST, b"Content-Length: 4001", EXPECT), [413], CLOSED),
    body("expected and far too large", "9110 10.1.1", request(POST, b"Content-Length: 40000", EXPECT), [413], CLOSED),
    body(
        "expected by nobody, larger than what is loaded",
        "9110 10.1.1",
        request(b"POST /ignore HTTP/1.1", b"Content-Length: 3000", EXPECT),
        [Reply(200, body=b"ignored")],
        CLOSED,
    ),
    body("expected in a bad request", "9110 10.1.1", request(POST, b"Content-Length: x", EXPECT), [400], CLOSED),
]

NONE = [
    body(
        "none for HEAD",
        "9110 9.3.2",
        request(b"HEAD /echo HTTP/1.1") + NEXT,
        [Reply(200, to="HEAD", headers={"content-length": "13"}), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for HEAD of a stream",
        "9110 9.3.2",
        request(b"HEAD /countdown/3 HTTP/1.1") + NEXT,
        [Reply(200, to="HEAD"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for HEAD of a generator",
        "9110 9.3.2",
        request(b"HEAD /sync HTTP/1.1") + NEXT,
        [Reply(200, to="HEAD"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for HEAD of a large body",
        "9110 9.3.2",
        request(b"HEAD /large/100000 HTTP/1.1") + NEXT,
        [Reply(200, to="HEAD", headers={"content-length": "100000"}), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for HEAD of a file",
        "9110 9.3.2",
        request(b"HEAD /file HTTP/1.1") + NEXT,
        [Reply(200, to="HEAD"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for HEAD of an unknown path",
        "9110 9.3.2",
        request(b"HEAD /unknown HTTP/1.1") + NEXT,
        [Reply(404, to="HEAD"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "none for a refused HEAD",
        "9110 9.3.2",
        request(b"HEAD /echo HTTP/1.1", host=None),
        [Reply(400, to="HEAD")],
        CLOSED,
    ),
    body(
        "none for HEAD in HTTP/1.0",
        "9110 9.3.2",
        request(b"HEAD /echo HTTP/1.0"),
        [Reply(200, to="HEAD", version="1.0")],
        CLOSED,
    ),
    body("none for 204", "9110 15.3.5", request(b"GET /nothing HTTP/1.1") + NEXT, [204, NEXT_REPLY], OPEN),
    body("none for 304", "9110 15.4.5", request(b"GET /unchanged HTTP/1.1") + NEXT, [304, NEXT_REPLY], OPEN),
    body(
        "none for OPTIONS",
        "9110 9.3.7",
        request(b"OPTIONS /echo HTTP/1.1") + NEXT,
        [Reply((200, 204), to="OPTIONS"), NEXT_REPLY],
        OPEN,
    ),
]

LENGTHS = [
    body(
        "of a generator",
        "9112 7.1",
        request(b"GET /sync HTTP/1.1") + NEXT,
        [Reply(200, body=b"one two three"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "of a generator, HTTP/1.0",
        "9112 6.3",
        request(b"GET /sync HTTP/1.0"),
        [Reply(200, version="1.0", body=b"one two three")],
        CLOSED,
    ),
    body(
        "of a generator, HTTP/1.0 with keep-alive",
        "9112 6.3",
        request(b"GET /sync HTTP/1.0", b"Connection: keep-alive"),
        [Reply(200, version="1.0", body=b"one two three")],
        CLOSED,
    ),
    body(
        "of an asynchronous iterator",
        "9112 7.1",
        request(b"GET /countdown/3 HTTP/1.1") + NEXT,
        [Reply(200, body=b"2\n1\n0\n"), NEXT_REPLY],
        OPEN,
    ),
    body(
        "of an empty iterator",
        "9112 7.1",
        request(b"GET /countdown/0 HTTP/1.1") + NEXT,
        [Reply(200, body=b""), NEXT_REPLY],
        OPEN,
    ),
    body(
        "of known length from a generator",
        "9112 6.2",
        request(b"GET /large/20000 HTTP/1.1") + NEXT,
        [Reply(200, body=b"x" * 20000, headers={"content-length": "20000"}), NEXT_REPLY],
        OPEN,
    ),
    body(
        "of a file that reads short",
        "pitfall 7",
        request(b"GET /short HTTP/1.1") + NEXT,
        [Reply(200, body=b"0123456789" * 10), NEXT_REPLY],
        OPEN,
    ),
]

VECTORS = TOO_LARGE + STREAMED + EXPECTED + UNEXPECTED + NONE + LENGTHS
