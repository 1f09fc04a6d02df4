"""Targets made of what servers and middleware say about a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microdot._urls import unquote_to_bytes
from microdot.gateway.target import make_target

CAFE = "/café".encode()


@pytest.mark.parametrize(("raw", "root", "path", "target"), [
    (b"/x", b"", b"/x", "/x"),
    (b"", b"", b"", "/"),
    (b"/x%2Fy", b"", b"/x/y", "/x%2Fy"),
    (b"/caf%c3%a9", b"", CAFE, "/caf%c3%a9"),
    (b"/%2541", b"", b"/%41", "/%2541"),  # encoded twice: what it decodes to is decoded no further
    (b"/%41", b"", b"/A", "/%41"),
    (b"/%zz", b"", b"/%zz", "/%zz"),
    # The root is in the client's path, or a proxy has taken it off.
    (b"/api/x%2Fy", b"/api", b"/x/y", "/x%2Fy"),
    (b"/x%2Fy", b"/api", b"/x/y", "/x%2Fy"),
    (b"/a/b/x%2Fy", b"/a/b", b"/x/y", "/x%2Fy"),
    (b"/caf%c3%a9/x%2Fy", CAFE, b"/x/y", "/x%2Fy"),
    (b"/api", b"/api", b"", "/"),
    (b"/api/", b"/api", b"/", "/"),
    # The server tells no path of the client, or none that has only a path.
    (b"", b"", CAFE, "/caf%C3%A9"),
    (b"", b"", b"/%41", "/%2541"),
    (b"http://a/x%2Fy", b"", b"/x/y", "/x/y"),
    (b"*", b"", b"*", "*"),
    # Middleware has changed the path.
    (b"/private", b"", b"/public", "/public"),
    (b"/private", b"", b"/a b", "/a%20b"),
    (b"/api/x", b"/other", b"/y", "/y"),
    (b"/%70rivate", b"", b"/denied", "/denied"),
    (b"/%41", b"", b"/%41", "/%2541"),  # to something that looks encoded
    # Servers decode bytes that are not UTF-8 in two ways, and one leaves an encoded slash as it is.
    (b"/%ff", b"", b"/\xff", "/%ff"),
    (b"/%ff", b"", "/\ufffd".encode(), "/%ff"),
    (b"/x%2fy%2Fz/%41", b"", b"/x%2fy%2Fz/A", "/x%2fy%2Fz/%41"),
    # A client that does not encode.
    (CAFE, b"", CAFE, "/caf%C3%A9"),
])  # fmt: skip
def test_paths(raw, root, path, target):
    assert make_target(raw, root, path, b"") == target
    assert make_target(raw, root, path, b"a=%20&b") == target + "?a=%20&b"


def test_a_query_that_is_not_encoded():
    assert make_target(b"/", b"", b"/", "q=Küche&r=%20 +".encode()) == "/?q=K%C3%BCche&r=%20 +"


@given(st.binary(), st.binary(), st.binary())
def test_the_decoded_path_is_always_the_one_that_counts(raw, root, path):
    target = make_target(raw, root, path, b"")
    assert target.isascii()
    decoded = unquote_to_bytes(target.encode())
    assert path in (decoded, decoded.decode("utf-8", "replace").encode()) or not path or b"%2f" in raw.lower()
