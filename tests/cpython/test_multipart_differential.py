"""The multipart parser compared with python-multipart's, on forms as clients send them and on damaged ones."""

import itertools
import logging
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser as Peer
from python_multipart.multipart import parse_options_header

from microdot.errors import HTTPException
from microdot.multipart.parser import MultipartParser, parse_options

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

BOUNDARIES = [
    b"----WebKitFormBoundary7MA4YWxkTrZu0gW",
    b"-----------------------------9051914041544843365972754266",
    b"x",
    b"'()+_,-./:=?",
    b"-",
    b"0" * 70,
]


class Refused(Exception):
    """A parser has refused a body."""


def parse(boundary, pieces):
    """Parse with the parser under test; return [(name, file name, type, data)]."""
    parser = MultipartParser(boundary)
    pieces = itertools.chain(pieces, itertools.repeat(b""))
    parts = []
    try:
        while (part := _next(parser.next_part, parser, pieces)) != ():
            data = bytearray()
            while piece := _next(lambda: parser.read_data(1 << 20), parser, pieces):
                data += piece
            parts.append((*part, bytes(data)))
    except HTTPException as error:
        raise Refused from error
    return parts


def _next(call, parser, pieces):
    while (result := call()) is None:
        parser.receive(next(pieces))
    return result


def peer_parse(boundary, pieces):
    """Parse with python-multipart; return the same, and whether the final boundary came."""
    parts, state = [], {"ended": False}

    def begin():
        state.update(headers={}, field=b"", value=b"", data=bytearray())

    def add(key):
        def callback(data, start, end):
            state[key] += data[start:end]

        return callback

    def header_end():
        state["headers"][state["field"].lower()] = state["value"]
        state["field"] = state["value"] = b""

    def part_end():
        kind, options = parse_options_header(state["headers"].get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise Refused
        filename = options.get(b"filename")
        content_type = state["headers"].get(b"content-type")
        parts.append(
            (
                text(options[b"name"]),
                None if filename is None else text(filename),
                None if content_type is None else text(content_type.strip()),
                bytes(state["data"]),
            )
        )

    callbacks = {
        "on_part_begin": begin,
        "on_header_field": add("field"),
        "on_header_value": add("value"),
        "on_header_end": header_end,
        "on_part_data": add("data"),
        "on_part_end": part_end,
        "on_end": lambda: state.update(ended=True),
    }
    parser = Peer(boundary, callbacks)
    try:
        for piece in pieces:
            parser.write(piece)
        parser.finalize()
    except MultipartParseError as error:
        raise Refused from error
    if not state["ended"]:
        raise Refused
    return parts


def text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def make(boundary, parts, preamble=b"", epilogue=b""):
    """Return the body of a form."""
    body = bytearray(preamble)
    for name, filename, content_type, data in parts:
        body += b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        if filename is not None:
            body += b'; filename="' + filename.encode() + b'"'
        if content_type is not None:
            body += b"\r\nContent-Type: " + content_type.encode()
        body += b"\r\n\r\n" + data + b"\r\n"
    return bytes(body + b"--" + boundary + b"--\r\n" + epilogue)


def cut(data, sizes):
    """Cut data into pieces of the given sizes in turn."""
    position, pieces = 0, []
    for size in itertools.cycle(sizes):
        if position >= len(data):
            return pieces
        pieces.append(data[position : position + size])
        position += size
    return pieces


def near(boundary):
    """Return bytes that look like the boundary for as long as they can."""
    return b"\r\n--" + boundary[:-1] + b"\r\r\n-\r\n--" + boundary[:-1] + b"~\n--\0"


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_size(boundary):
    content = (near(boundary) * 200)[:4096]
    generator = random.Random(len(boundary))
    for size in range(4097):
        parts = [("f", "name.bin", "application/octet-stream", content[:size]), ("a", None, None, b"1")]
        body = make(boundary, parts)
        pieces = cut(body, [generator.randint(1, 700) for _ in range(5)])
        assert parse(boundary, pieces) == parts, size
        if size % 16 == 0 or size < 200:  # the peer takes its time
            assert peer_parse(boundary, pieces) == parts, size


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_chunking_in_up_to_three_pieces(boundary):
    """Whether pieces are cut here or there matters only for the bytes around them: three pieces are every case."""
    parts = [("f", "x", "text/plain", near(boundary)[:90]), ("a", None, None, b"")]
    body = make(boundary, parts)
    assert peer_parse(boundary, [body]) == parts
    step = max(len(body) // 80, 1)
    for first in range(len(body)):
        for second in range(first, len(body), step):
            assert parse(boundary, [p for p in (body[:first], body[first:second], body[second:]) if p]) == parts


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_size_of_pieces(boundary):
    parts = [("f", "x", "text/plain", near(boundary) * 2), ("a", None, None, b"")]
    body = make(boundary, parts)
    for size in range(1, len(body) + 1):
        pieces = cut(body, [size])
        assert parse(boundary, pieces) == peer_parse(boundary, pieces) == parts, size


boundaries = st.sampled_from(BOUNDARIES)
# No control characters and nothing that the two escape differently; test_names() has those.
letters = st.characters(min_codepoint=32, exclude_characters='"\\\x7f', exclude_categories=["Cs", "Cc"])
names = st.text(letters, max_size=20)
sizes = st.lists(st.integers(1, 80), min_size=1, max_size=6)


@st.composite
def forms(draw, names=names):
    """A boundary, parts whose data is full of what looks like it, and the body."""
    boundary = draw(boundaries)
    ends = [b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--"]
    token = st.sampled_from([*ends, b"--" + boundary, boundary[:-1], b"\0\xff", b"x"])
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        data = b"".join(draw(st.lists(token, max_size=12)))
        while b"\r\n--" + boundary in data:  # what is left may be one again
            data = data.replace(b"\r\n--" + boundary, b"")
        if data.startswith(b"--" + boundary):  # the line end of the header makes a boundary of it
            data = b"." + data
        content_type = draw(st.sampled_from([None, "text/plain", "a/b; charset=c"]))
        parts.append((draw(names), draw(st.none() | names), content_type, data))
    return boundary, parts, make(boundary, parts)


damage = st.sampled_from([b"", b"\r", b"\n", b"-", b"\r\n", b'"', b";", b":", b"\0"])


def outcome(parser, boundary, pieces):
    """Return what a parser makes of a body, None if it refuses it."""
    try:
        return parser(boundary, pieces)
    except Refused:
        return None


@settings(max_examples=300, deadline=None)
@given(forms(), sizes)
def test_forms(form, sizes):
    boundary, parts, body = form
    pieces = cut(body, sizes)
    assert parse(boundary, pieces) == parts
    if parts:  # the peer wants one at least
        assert outcome(peer_parse, boundary, pieces) == parts


@settings(max_examples=300, deadline=None)
@given(forms(st.sampled_from(["", "a", "b c", "d.txt"])), sizes, sizes, st.data())
def test_damaged_forms(form, sizes, others, data):
    """Cut into pieces anyhow a body gives the same; and what this parser accepts the peer reads the same way."""
    boundary, _, body = form
    first = len(boundary) + 4  # before it the peer takes a lone CR or LF for a line's end
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(first, len(body)))
        end = data.draw(st.integers(start, min(start + 10, len(body))))
        body = body[:start] + data.draw(damage) + body[end:]
    result = outcome(parse, boundary, cut(body, sizes))
    assert result == outcome(parse, boundary, cut(body, others)) == outcome(parse, boundary, [body])
    if result:
        theirs = outcome(peer_parse, boundary, cut(body, sizes))
        if theirs is not None:
            assert result == theirs


def test_names():
    for raw in ('"a b"', "a", '"a;b"', '"a\\"b"', '"gr\u00fcn"', '""', '"a=b"'):
        field = f"form-data; name={raw}; filename={raw}"
        kind, theirs = parse_options_header(field)
        assert parse_options(field) == (text(kind), {text(name): text(value) for name, value in theirs.items()}), raw
