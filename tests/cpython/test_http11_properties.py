"""The HTTP parser keeps its rules for every vector in every split, for generated requests, and for damaged ones."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import inputs, oracle
from wire.corpus import VECTORS

SHORT = [vector for vector in VECTORS if len(vector.data) <= 600]
LONG = [vector for vector in VECTORS if len(vector.data) > 600]
RUN = settings(
    max_examples=250, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

TOKEN = st.text("abcdefXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12).map(str.encode)
VALUE = st.text("abc XYZ\t:;,\"'()=@/\\\xe4", max_size=20).map(lambda text: text.strip(" \t").encode())
PATH = st.text("abc/._-%20~!$&'()*+,;=:@?", max_size=30).map(lambda text: b"/" + text.encode())
BODY = st.binary(max_size=100) | st.sampled_from(inputs.WORDS).map(lambda word: word * 3)
FRAMING = {b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"}


@st.composite
def chunked(draw, body):
    """The body in the chunked coding, cut anywhere, with extensions and trailers."""
    cuts = sorted(draw(st.sets(st.integers(1, len(body) - 1), max_size=4))) if len(body) > 1 else []
    coded = b""
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        if piece := body[start:end]:
            size = draw(st.sampled_from([b"%x", b"%X", b"00%x"])) % len(piece)
            coded += size + draw(st.sampled_from([b"", b";a", b";a=b", b';a="b c";d=e'])) + b"\r\n" + piece + b"\r\n"
    return coded + b"0\r\n" + draw(st.sampled_from([b"", b"X-Trailer: a\r\n", b"a:\r\nb: c\r\n"])) + b"\r\n"


@st.composite
def requests(draw):
    """A valid request: (its bytes, method, target, fields in lower case, body)."""
    method, target, body = draw(TOKEN), draw(PATH), draw(BODY)
    names = draw(st.lists(TOKEN.filter(lambda name: name.lower() not in FRAMING), max_size=5, unique_by=bytes.lower))
    fields = [(b"Host", b"a"), *((name, draw(VALUE)) for name in names)]
    if draw(st.booleans()):
        fields.append((b"Transfer-Encoding", b"chunked"))
        coded = draw(chunked(body))
    else:
        fields.append((b"Content-Length", b"%d" % len(body)))
        coded = body
    fields = draw(st.permutations(fields))
    space = draw(st.sampled_from([b"", b" ", b"\t", b"  "]))
    lines = b"".join(name + b":" + space + value + space + b"\r\n" for name, value in fields)
    data = draw(st.sampled_from([b"", b"\r\n"])) + method + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n" + coded
    return data, method.decode(), target.decode(), {name.lower(): value for name, value in fields}, body


@st.composite
def damaged(draw):
    """The bytes of one or two seeds, damaged in a few places with what damages HTTP."""
    data = b"".join(draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        data = data[:start] + draw(st.sampled_from(inputs.WORDS) | st.binary(max_size=3)) + data[end:]
    return data


SEEDS = inputs.seeds()
SPLITS = st.sets(st.integers(1, 300), max_size=8)


@pytest.mark.parametrize("vector", SHORT, ids=lambda vector: vector.name)
def test_vector_in_every_split(vector):
    oracle.check(vector.data, range(len(vector.data)))


@pytest.mark.parametrize("vector", LONG, ids=lambda vector: vector.name)
def test_long_vector_in_many_splits(vector):
    oracle.check(vector.data, range(1, len(vector.data), len(vector.data) // 40))


@pytest.mark.parametrize("path", sorted(inputs.KEPT.glob("*.bin")), ids=lambda path: path.stem)
def test_kept_input(path):
    data = path.read_bytes()
    oracle.check(data, range(len(data)))


@RUN
@given(st.lists(requests(), min_size=1, max_size=3), SPLITS)
def test_valid_requests_are_understood(expected, splits):
    data = b"".join(request[0] for request in expected)
    messages, status = oracle.check(data, splits)
    assert status is None
    assert [message.meaning for message in messages] == [
        (method, target, "1.1", fields, body) for _, method, target, fields, body in expected
    ]


@RUN
@given(damaged(), SPLITS)
def test_damaged_requests_keep_the_rules(data, splits):
    oracle.check(data, splits)


@RUN
@given(st.binary(max_size=200), SPLITS)
def test_any_bytes_keep_the_rules(data, splits):
    oracle.check(data, splits)


@pytest.mark.parametrize("host", [b"a b", b"a#b", b"u@a", b"a\\b", b"a:b", b"<a>", b'a"b', b"a:1:2"])
def test_an_absolute_target_needs_a_valid_host(host):
    messages, status = oracle.parse([b"GET http://" + host + b"/ HTTP/1.1\r\nHost: a\r\n\r\n"])
    assert (messages, status) == ([], 400)
