"""What an application may put into a response arrives unchanged on every server; what it may not is refused at once."""

import json
import pathlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from live.served import Served
from microdot._urls import quote_url
from microdot.errors import reason_phrase

APP = pathlib.Path(__file__).parent / "values_app.py"
SERVERS = {
    "python": ("python",),
    "micropython": ("micropython",),
    "uvicorn with h11": ("uvicorn", "--http=h11"),
    "uvicorn with httptools": ("uvicorn", "--http=httptools"),
    "gunicorn": ("gunicorn",),
    "gthread": ("gthread",),
}
EXAMPLES = 250
TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

every_text = st.text(st.characters(), max_size=12)  # lone surrogates included
plain_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
likely = "aZ 09;=,\"\t\r\n\x00\x01\x1f\x7f\x80\x85\xa0\xad\xff\u0105\u2028\ud83d\U0001f602"
likely_value = st.text(st.sampled_from(likely), max_size=6)
value = every_text | likely_value
likely_name = st.text(st.sampled_from(TOKEN), min_size=1, max_size=12)
name = every_text | likely_name | st.text(st.sampled_from("aZ09-_() :\r\n\x00\x7f\xe9"), max_size=6)


@pytest.fixture(scope="module", params=SERVERS)
def served(request):
    kind, *options = SERVERS[request.param]
    with Served(kind, APP, *options) as served:
        yield served


class Answer:
    """A response as its bytes say: status, reason, (lower-case name, value) pairs and body."""

    def __init__(self, data):
        head, end, self.body = data.partition(b"\r\n\r\n")
        assert end, data
        lines = head.split(b"\r\n")
        version, status, self.reason = lines[0].split(b" ", 2)
        assert version == b"HTTP/1.1"
        self.status = int(status)
        pairs = [line.partition(b":") for line in lines[1:]]
        self.fields = [(name.lower(), value.removeprefix(b" ")) for name, _, value in pairs]
        if (b"transfer-encoding", b"chunked") in self.fields:
            self.body = unchunk(self.body)

    def values(self, name):
        return [value for found, value in self.fields if found == name.encode().lower()]


def unchunk(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if not int(size, 16):
            assert data == b"\r\n"
            return body
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]


def make(served, kind, *arguments):
    """Have the server make a response; return how it arrives."""
    arguments = [list(map(ord, argument)) if isinstance(argument, str) else argument for argument in arguments]
    body = json.dumps([kind, *arguments]).encode()
    head = f"POST /make HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return Answer(served.exchange(head.encode() + b"Connection: close\r\n\r\n" + body))


def is_line(text):
    """Whether a field's value or a reason phrase may be this text: RFC 9110, section 5.5, and UTF-8."""
    controls = any(character < " " and character != "\t" or character == "\x7f" for character in text)
    surrogates = any("\ud800" <= character <= "\udfff" for character in text)
    return not controls and not surrogates and text.strip(" \t") == text


def was_refused(answer):
    return (answer.status, answer.body[:9]) == (422, b"refused: ")


def check(examples):
    """Return a decorator for a test whose arguments hypothesis makes."""
    suppressed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=suppressed)


@check(EXAMPLES)
@given(way=st.sampled_from(["item", "merged", "returned", "pairs"]), name=name, value=value)
@example(way="item", name="a", value="")
@example(way="item", name="a", value="caf\xe0")
@example(way="item", name="a", value="\xc5\xa0")
def test_fields(served, way, name, value):
    answer = make(served, way, "X" + name, value)
    if name.strip(TOKEN) or not is_line(value):
        assert was_refused(answer)
        return
    assert (answer.status, answer.body) == (200, b"x")
    assert answer.values("X" + name) == [value.encode()]
    if way == "pairs":
        assert answer.values("X-Two") == [b"a", b"b"]


@check(30)
@given(name=name)
def test_names(served, name):
    answer = make(served, "item", name, "a")
    if not name or name.strip(TOKEN):
        assert was_refused(answer)
    else:
        assert answer.values(name)[-1:] == [b"a"]


@check(EXAMPLES // 3)
@given(status=st.integers(-5, 1100))
@example(status=100)
@example(status=101)
@example(status=103)
@example(status=199)
@example(status=200)
@example(status=599)
@example(status=600)
@example(status=999)
@example(status=1000)
def test_statuses(served, status):
    answer = make(served, "status", status)
    assert was_refused(answer) if not 200 <= status <= 599 else answer.status == status
    answer = make(served, "returned number", status)
    if 200 <= status <= 599:
        assert answer.status == status
    elif 100 <= status <= 999:
        assert answer.status == 500
    else:
        assert (answer.status, answer.body) == (200, str(status).encode())


@check(EXAMPLES // 2)
@given(reason=value)
def test_reasons(served, reason):
    answer = make(served, "reason", reason)
    if not is_line(reason):
        assert was_refused(answer)
    elif served.kind == "uvicorn":  # ASGI transmits none
        assert (answer.status, answer.reason.decode()) == (200, reason_phrase(200))
    else:
        assert (answer.status, answer.reason.decode()) == (200, reason or answer.reason.decode())


@check(EXAMPLES)
@given(name=name, value=value)
def test_cookies(served, name, value):
    answer = make(served, "cookie", name, value)
    if is_line(name) and is_line(value) and name and "=" not in name and ";" not in name + value:
        assert answer.status == 200
        assert answer.values("Set-Cookie") == [f"{name}={value}".encode()]
    else:
        assert was_refused(answer)


@check(EXAMPLES)
@given(location=value)
def test_locations(served, location):
    answer = make(served, "location", location)
    if is_line(location):
        assert (answer.status, answer.values("Location")) == (302, [quote_url(location).encode()])
    else:
        assert was_refused(answer)


@check(EXAMPLES // 2)
@given(data=st.binary(max_size=300), text=plain_text)
@example(data=bytes(range(256)), text="\x00\r\n\r\n0\r\n\r\n")
def test_bodies(served, data, text):
    assert make(served, "bytes", list(data)).body == data
    assert make(served, "text", text).body == text.encode()
    assert make(served, "pieces", list(data[:20])).body == data[:20]


def get(served, path):
    return Answer(served.exchange(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()))


def test_values_of_one_request_do_not_reach_another(served):
    assert get(served, "/?user=ann").body == b"ann"
    assert get(served, "/header?user=ann").values("X-User") == [b"ann"]
    assert get(served, "/").body == b"nobody"
    assert get(served, "/header").values("X-User") == []


def test_what_cannot_be_sent_is_answered_with_an_error(served):
    for path in ("/nan", "/spoiled"):
        answer = get(served, path)
        assert (answer.status, answer.body) == (500, b"Internal server error")
        assert not answer.values("Set-Cookie") and not answer.values("X-Injected")
