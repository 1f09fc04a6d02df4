"""The chunked coding: sizes, extensions, terminators, trailers."""

from wire.vector import CLOSED, EITHER, OPEN, Reply, Vector, echoed, request

POST = b"POST /echo HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
NEXT = request()
NEXT_REPLY = Reply(200, body=echoed(b"", b"GET"))
HELLO = Reply(200, body=echoed(b"hello"))


def good(name, rfc, body, content=b"hello"):
    """A valid body; the request after it must be understood too."""
    return Vector(
        "chunk: " + name,
        rfc,
        request(POST, CHUNKED, body=body + NEXT),
        [Reply(200, body=echoed(content)), NEXT_REPLY],
        OPEN,
    )


def bad(name, rfc, body, statuses=400):
    return Vector("chunk: " + name, rfc, request(POST, CHUNKED, body=body), [statuses], CLOSED)


def lenient(name, rfc, body):
    """A body that a server may accept or refuse, but that does not swallow the next request."""
    return Vector("chunk: " + name, rfc, request(POST, CHUNKED, body=body), [(200, 400, 413)], EITHER)


GOOD = [
    good("one", "9112 7.1", b"5\r\nhello\r\n0\r\n\r\n"),
    good("none", "9112 7.1", b"0\r\n\r\n", b""),
    good("several", "9112 7.1", b"2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n"),
    good("hexadecimal in lower case", "9112 7.1", b"1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26),
    good("hexadecimal in upper case", "9112 7.1", b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26),
    good("leading zeros", "9112 7.1", b"0005\r\nhello\r\n000\r\n\r\n"),
    good("CR and LF as data", "9112 7.1", b"2\r\n\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n\r\n"),
    good("data that looks like the last chunk", "9112 7.1", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    good("hundreds of one byte", "9112 7.1", b"1\r\nx\r\n" * 300 + b"0\r\n\r\n", b"x" * 300),
    good("extension without value", "9112 7.1.1", b"5;a\r\nhello\r\n0\r\n\r\n"),
    good("extension with value", "9112 7.1.1", b"5;a=b\r\nhello\r\n0;c=d\r\n\r\n"),
    good("two extensions", "9112 7.1.1", b"5;a=b;c=d\r\nhello\r\n0\r\n\r\n"),
    good("quoted extension", "9112 7.1.1", b'5;a="b c"\r\nhello\r\n0\r\n\r\n'),
    good("extensions of every form", "9112 7.1.1", b'5;a;b=c;d="";e="x \\" \\\\;y"\r\nhello\r\n0;f\r\n\r\n'),
    good("blanks around an extension's parts", "9112 7.1.1", b"5 \t; a =\tb ;c\r\nhello\r\n0\r\n\r\n"),
    good("bytes above 127 in a quoted extension", "9112 7.1.1", b'5;a="\xc3\xbc"\r\nhello\r\n0\r\n\r\n'),
    good("trailer", "9112 7.1.2", b"5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n"),
    good("two trailers", "9112 7.1.2", b"5\r\nhello\r\n0\r\nX-Trailer: a\r\nX-Other:\r\n\r\n"),
    good("Content-Length in the trailer", "9110 6.5.1", b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"),
    lenient("space before an extension", "9112 7.1.1", b"5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    lenient("space after the size", "9112 7.1", b"5 \r\nhello\r\n0\r\n\r\n"),
    lenient("tab after the size", "9112 7.1", b"5\t\r\nhello\r\n0\r\n\r\n"),
    lenient("Transfer-Encoding in the trailer", "9110 6.5.1", b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
]

SIZES = [
    *[
        bad(f"size {text.decode('latin-1')!r}", "9112 7.1", text + b"\r\nhello\r\n0\r\n\r\n")
        for text in (
            b"",
            b" ",
            b" 5",
            b"\t5",
            b"0x5",
            b"0X5",
            b"x5",
            b"+5",
            b"-5",
            b"-0",
            b"1_0",
            b"5_",
            b"_5",
            b"5x",
            b"5h",
            b"g",
            b"5.0",
            b"5,5",
            b"5 5",
            b";a",
            b"=5",
            b'"5"',
            b"5\0",
            b"\x005",
            b"5\x0b",
            b"\x0b5",
            b"\xb5",
            b"\xef\xbc\x95",
            b"5\r",
            b"\r5",
            b"5\n",
        )
    ],
    bad("size of 9 digits", "9112 7.1", b"fffffffff\r\nhello", (400, 413)),
    bad("size of 2**32 + 5", "9112 7.1", b"100000005\r\nhello\r\n0\r\n\r\n", (400, 413)),
    bad("size of 2**64 + 5", "9112 7.1", b"10000000000000005\r\nhello\r\n0\r\n\r\n", (400, 413)),
    bad("size of 300 digits", "9112 7.1", b"f" * 300 + b"\r\nhello", (400, 413, 431)),
    bad("size that is all zeros and never ends", "9112 7.1", b"0" * 8000, (400, 413, 431)),
    bad("second size", "9112 7.1", b"5\r\nhello\r\n+0\r\n\r\n"),
    bad("negative second size", "9112 7.1", b"5\r\nhello\r\n-5\r\n\r\n"),
]

ENDS = [
    bad("LF after the size", "9112 7.1", b"5\nhello\r\n0\r\n\r\n"),
    bad("CR after the size", "9112 7.1", b"5\rhello\r\n0\r\n\r\n"),
    bad("data longer than the size", "9112 7.1", b"5\r\nhello!\r\n0\r\n\r\n"),
    bad("data shorter than the size", "9112 7.1", b"5\r\nhell\r\n0\r\n\r\n"),
    bad("no CRLF after the data", "9112 7.1", b"5\r\nhello0\r\n\r\n"),
    bad("LF after the data", "9112 7.1", b"5\r\nhello\n0\r\n\r\n"),
    bad("CR after the data", "9112 7.1", b"5\r\nhello\r0\r\n\r\n"),
    bad("CR CR LF after the data", "9112 7.1", b"5\r\nhello\r\r\n0\r\n\r\n"),
    bad("CR CR LF after the last size", "9112 7.1", b"5\r\nhello\r\n0\r\r\n\r\n"),
    bad("CR CR LF for the end of the body", "9112 7.1", b"5\r\nhello\r\n0\r\n\r\r\n"),
    bad("LF CR after the data", "9112 7.1", b"5\r\nhello\n\r0\r\n\r\n"),
    bad("two bytes that are not CRLF", "9112 7.1", b"5\r\nhelloXX0\r\n\r\n"),
    bad("CRLF twice after the data", "9112 7.1", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    bad("LF after the last size", "9112 7.1", b"5\r\nhello\r\n0\n\r\n"),
    bad("LF for the end of the body", "9112 7.1", b"5\r\nhello\r\n0\r\n\n"),
    bad("CR for the end of the body", "9112 7.1", b"5\r\nhello\r\n0\r\n\rX\r\n\r\n"),
]

EXTENSIONS = [
    *[
        bad("extension " + text.decode("latin-1"), "9112 7.1.1", b"5" + text + b"\r\nhello\r\n0\r\n\r\n")
        for text in (
            b";",
            b" ;",
            b";;a",
            b";a;",
            b";a ",
            b";a=",
            b";a=;b",
            b";=b",
            b';"a"',
            b';a="b',
            b';a="b\\"',
            b';a="b"c',
            b';a=b"c"',
            b";bad[=x",
            b";a b",
            b";a=b c",
            b";a==b",
            b";a,b",
            b";\xc3\xbc",
            b" a",
            b"=a",
        )
    ],
    bad("LF in an extension", "9112 7.1.1", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    bad("CR in an extension", "9112 7.1.1", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    bad("LF ends an extension", "9112 7.1.1", b"5;a\nhello\r\n0\r\n\r\n"),
    bad("CR LF in a quoted extension", "9112 7.1.1", b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n'),
    bad("NUL in an extension", "9112 7.1.1", b"5;a=\0\r\nhello\r\n0\r\n\r\n"),
    bad("extension that never ends", "9112 7.1.1", b"5;" + b"a" * 8000, (400, 413, 431)),
    lenient("far more extensions than data", "9112 7.1.1", (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 100 + b"0\r\n\r\n"),
]

TRAILERS = [
    bad("trailer without a colon", "9112 7.1.2", b"0\r\nX-Trailer\r\n\r\n"),
    bad("trailer with an empty name", "9112 7.1.2", b"0\r\n: a\r\n\r\n"),
    bad("trailer with space before the colon", "9112 5.1", b"0\r\nX-Trailer : a\r\n\r\n"),
    bad("folded trailer", "9112 5.2", b"0\r\nX-Trailer: a\r\n b\r\n\r\n"),
    bad("trailer that starts with a space", "9112 5.2", b"0\r\n X-Trailer: a\r\n\r\n"),
    bad("trailer with NUL", "9110 5.5", b"0\r\nX-Trailer: \0\r\n\r\n"),
    bad("trailer with a bare CR", "9112 2.2", b"0\r\nX-Trailer: a\rb\r\n\r\n"),
    bad("trailer name with an invalid character", "9110 5.6.2", b"0\r\nX@Trailer: a\r\n\r\n"),
    bad("a request for a trailer", "9112 7.1.2", b"0\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("trailer that never ends", "9112 7.1.2", b"0\r\nX-Trailer: " + b"a" * 8000, (400, 413, 431)),
    bad("too many trailers", "9112 7.1.2", b"0\r\n" + b"X-Trailer: a\r\n" * 1000, (400, 413, 431)),
]

VECTORS = GOOD + SIZES + ENDS + EXTENSIONS + TRAILERS
