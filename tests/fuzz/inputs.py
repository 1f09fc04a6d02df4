"""Inputs for the fuzz target: the seeds, and the words that mutations are made of."""

import pathlib

from wire.corpus import VECTORS

KEPT = pathlib.Path(__file__).parent / "kept"

WORDS = [
    *(
        b"\r\n",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b":",
        b";",
        b",",
        b"=",
        b"/",
        b"*",
        b"\x7f",
        b"\x80",
        b"\xff",
    ),
    *(
        b"0",
        b"5",
        b"00",
        b"0x5",
        b"+5",
        b"-1",
        b"1_0",
        b"fffffffff",
        b"99999999999999999999",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b';a;b="c\\"d" ; e = f',
    ),
    *(
        b"GET ",
        b"POST ",
        b"OPTIONS * ",
        b"http://b/",
        b" HTTP/1.1",
        b" HTTP/1.0",
        b" HTTP/1.2",
        b" HTTP/2.0",
        b"CONNECT a:80 ",
        b"#",
        b"\xc3\xbc",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    *(
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"gzip, chunked",
    ),
    *(
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Expect: 100-continue\r\n",
        b"Cookie: a=b\r\n",
        b"Content-Type: a/b\r\n",
        b"X: y\r\n",
        b"X:\r\n y\r\n",
    ),
]


def seeds():
    """Return the bytes of all wire vectors of a moderate size, and the inputs kept because they found a fault."""
    vectors = [vector.data for vector in VECTORS if len(vector.data) <= 1200]
    return vectors + [path.read_bytes() for path in sorted(KEPT.glob("*.bin"))]
