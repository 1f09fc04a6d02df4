import io
import sys
from collections import OrderedDict, namedtuple

from memory_stream import exchange
from microdot import Microdot, Request, Response, abort, redirect
from microdot._response import make_response
from microdot.errors import HTTPException
from support import raises

MICROPYTHON = sys.implementation.name == "micropython"


async def read(response):
    """Return the body as a client gets it, and close it."""
    chunks = response.body_iter()
    parts = []
    async for chunk in chunks:
        parts.append(bytes(chunk))
    await chunks.aclose()
    return b"".join(parts)


def complete(*args, **kwargs):
    response = Response(*args, **kwargs)
    response.complete()
    return response


def test_text():
    response = complete("żółw")
    assert response.status_code == 200
    assert response.body == "żółw".encode()
    assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert response.headers["Content-Length"] == "7"


def test_bytes():
    for body in (b"\xff\x00", bytearray(b"\xff\x00"), memoryview(b"\xff\x00")):
        response = complete(body)
        assert response.body == b"\xff\x00"
        assert response.headers["Content-Length"] == "2"


def test_empty():
    response = complete()
    assert response.body == b""
    assert response.status_code == 200
    assert response.headers["Content-Length"] == "0"


def test_json():
    for body, text in (({"a": "ż"}, '{"a": "ż"}'), ([1, None, True], "[1, null, true]"), ({}, "{}"), ([], "[]")):
        response = complete(body)
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert response.body.decode() in (text, text.replace("ż", "\\u017c"))


def test_numbers_are_json():
    for body, text in ((True, "true"), (False, "false"), (0, "0"), (-7, "-7"), (404, "404"), (2.5, "2.5")):
        response = complete(body)
        assert (response.status_code, response.body.decode()) == (200, text)
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert complete(body, 202, {"X": "1"}).headers["Content-Type"] == "application/json; charset=UTF-8"


def test_json_has_no_nan_and_no_infinity():
    for number in (float("nan"), float("inf"), float("-inf")):
        for body in (number, {"t": number}, [1, [{"t": [number]}]], {"info": "nan", "t": (1, number)}):
            with raises(ValueError) as caught:
                Response(body)
            assert str(number) in str(caught.value) and "None" in str(caught.value), str(caught.value)
    with raises(ValueError) as caught:
        Response({"house": {"humidity": 40, "temperature": float("nan")}})
    assert "'temperature'" in str(caught.value)
    for body in ({"info": "nan inf <b>", "banana": [1.5, -0.0, 1e30, None, True, "inf"]}, ["<", ("nan",)]):
        assert b"nan" in Response(body).body


class Sensor:
    """Something that an application might return by mistake."""


class Shown(dict):
    """A dict whose text is not that of a dict."""

    def __repr__(self):
        return "5"


Pair = namedtuple("Pair", ("low", "high"))


def test_json_has_no_other_types():
    values = ({1}, set(), bytearray(b"x"), b"x", memoryview(b"x"), range(3), 1j, Sensor(), Sensor, len, iter([1]))
    for value in values + ({}.keys(), ValueError("x"), object(), ...):
        for body in ({"a": value}, [value], [1, {"a": [(value,)]}], {"a": "x", "b": {"c": {"d": value}}}, {1: value}):
            with raises(TypeError) as caught:
                Response(body)
            assert "JSON has no " + type(value).__name__ in str(caught.value), str(caught.value)
            assert len(str(caught.value)) < 200
    for value in ({float("nan")}, {"a": {float("inf")}}, [b"nan"]):
        with raises(TypeError):
            Response([value])


def test_keys_of_json():
    for key, text in ((None, b"null"), (True, b"true"), (False, b"false"), (7, b"7"), (1.5, b"1.5"), ("", b"")):
        assert Response({key: 1}).body == b'{"' + text + b'": 1}'
        assert Response([{key: (key,)}]).body.startswith(b'[{"' + text + b'": [')
    for key in ((1, 2), b"x", frozenset([1]), Sensor(), Sensor, 1j):
        for body in ({key: 1}, [{"a": {key: None}}]):
            with raises(TypeError):
                Response(body)
    for number in (float("nan"), float("inf")):
        with raises(ValueError):
            Response({"a": {number: 1}})


def test_json_of_classes_made_of_those_that_it_has():
    class Row(dict):
        """A dict."""

    class Rows(list):
        """A list."""

    class Name(str):
        """A str."""

    class Celsius(float):
        """A float."""

    body = {"a": (1, (2,), ()), "b": Rows([Row(x=Name("y")), OrderedDict([("z", None)])]), "c": Celsius(1.5)}
    for key, text in (("a", "[1, [2], []]"), ("b", '[{"x": "y"}, {"z": null}]'), ("c", "1.5")):
        assert Response({key: body[key]}).body.decode() == '{"' + key + '": ' + text + "}"
    with raises(ValueError):
        Response([Celsius("nan")])
    # MicroPython would write the texts that these show of themselves.
    for value, text in ((Pair(1, 2), b"[[1, 2]]"), (Shown(x=1), b'[{"x": 1}]')):
        if MICROPYTHON:
            with raises(TypeError) as caught:
                Response([value])
            assert type(value).__name__ in str(caught.value)
        else:
            assert Response([value]).body == text


def test_json_of_another_type():
    response = complete({"a": 1}, headers={"content-type": "application/problem+json"})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert len(response.headers) == 2


def test_none():
    response = complete(None)
    assert response.status_code == 204
    assert response.body == b""
    assert "Content-Type" not in response.headers
    assert "Content-Length" not in response.headers
    assert complete(None, 202).status_code == 202


def test_status_without_body():
    for status_code in (204, 304):
        response = complete("x", status_code)
        assert not response.has_body
        assert "Content-Length" not in response.headers
    for status_code in (200, 201, 205, 206, 301, 400, 404, 500, 599):
        assert complete("x", status_code).has_body


def test_what_is_no_body():
    for body in (object(), {1, 2}, Response, 1j):
        with raises(TypeError) as caught:
            Response(body)
        assert type(body).__name__ in str(caught.value)


def test_status_codes_are_numbers():
    for make in (lambda status_code: Response("x", status_code), HTTPException, abort):
        for status_code in ("200", None, 200.0):
            with raises(TypeError):
                make(status_code)
        for status_code in (-1, 0, 99, 100, 101, 103, 199, 600, 999, 1000):
            with raises(ValueError):
                make(status_code)
        with raises((TypeError, ValueError)):  # MicroPython's bool is no int
            make(True)


def test_headers():
    response = complete("x", 201, {"X-One": "1", "content-type": "text/html", "Content-Length": "1"})
    assert response.status_code == 201
    assert response.headers["x-one"] == "1"
    assert response.headers["Content-Type"] == "text/html"
    assert response.content_type == "text/html"
    assert len(response.headers) == 3
    response.headers = {"X-Two": "2"}
    assert response.headers["x-two"] == "2"
    assert "X-One" not in response.headers


def test_the_given_headers_are_not_changed():
    headers = {"X-One": "1"}
    response = complete("x", 200, headers)
    response.set_cookie("a", "1")
    assert headers == {"X-One": "1"}


BAD_NAMES = (
    "", "X Y", " X", "X:", "X: Y", "X(Bad)", "X\r\nY", "X\n", "X\0", "X\x7f", "\u017bX", "X,Y", 'X"', "X/Y", "@X",
)
BAD_VALUES = (
    "a\r\nY: b", "a\nb", "a\rb", "a\0b", "x\x01", "\x1f", "a\x7fb", " a", "a ", "\ta", "a\t", " ", "a\ud83d", "\udc00",
)


def ways(name, value):
    """Return, by its name, a function that makes a response with this header field, for each way to do so."""

    def change(change_headers):
        response = Response("x")
        change_headers(response)
        return response

    def change_in_place(response):
        response.headers |= {name: value}

    def change_variable(response):
        headers = response.headers
        headers |= {name: value}

    def abort_with_headers():
        error = HTTPException(400, "x", {name: value})
        return Response(error.reason, 400, error.headers)

    return {
        "dict": lambda: Response("x", 200, {name: value}),
        "pairs": lambda: Response("x", 200, [(name, value)]),
        "item": lambda: change(lambda response: response.headers.__setitem__(name, value)),
        "update": lambda: change(lambda response: response.headers.update({name: value})),
        "update with pairs": lambda: change(lambda response: response.headers.update([(name, value)])),
        "setdefault": lambda: change(lambda response: response.headers.setdefault(name, value)),
        "all": lambda: change(lambda response: setattr(response, "headers", {name: value})),
        "|=": lambda: change(change_in_place),
        "|": lambda: change(lambda response: setattr(response, "headers", response.headers | {name: value})),
        "tuple": lambda: make_response(("x", 200, {name: value}), ways),
        "pairs in a tuple": lambda: make_response(("x", 200, [(name, value)]), ways),
        "error": abort_with_headers,
        # MicroPython's `|=` of a dictionary in a variable cannot be caught before the response is checked
        "|= of a variable": lambda: change(change_variable).check(),
    }


def test_fields_that_http_forbids():
    for name, value in [(name, "a") for name in BAD_NAMES] + [("X", value) for value in BAD_VALUES]:
        for way, make in ways(name, value).items():
            with raises(ValueError) as caught:
                make()
            assert repr(value if name == "X" else name)[1:-1] in str(caught.value), (way, str(caught.value))
    for value in (["a", "b\r\n"], ["\x01"], ["a", ["b "]]):
        for make in ways("X", value).values():
            with raises(ValueError):
                make()


def test_fields_that_http_allows():
    for value in ("", "a", "a b\tc", "\x80", "\u017b\u00f3\u0142w", "\U0001f602", "\u00a0", "~!\"()[]{}<>?@\\|^`'"):
        for name in ("X", "x-One", "!#$%&'*+-.^_`|~09azAZ"):
            for way, make in ways(name, value).items():
                response = make()
                assert response is None or (name, value) in response.header_list(), (way, name, value)


def test_a_refused_field_leaves_the_others():
    response = Response("x", 200, {"X-One": "1"})
    for name, value in (("X-One", "a\n"), ("X Y", "a")):
        with raises(ValueError):
            response.headers[name] = value
    assert response.headers == {"X-One": "1"}


def test_fields_are_merged_without_regard_to_case():
    response = Response("x", 200, {"Content-Type": "text/plain", "X-One": "1"})
    response.headers |= {"content-type": "text/html", "x-one": "2", "X-Two": "3"}
    response.check()
    fields = dict(response.header_list())
    assert fields == {"Content-Type": "text/html", "X-One": "2", "X-Two": "3", "Content-Length": "1"}
    headers = response.headers
    headers |= {"CONTENT-TYPE": "text/css", "X-Three": "4"}
    response.check()
    assert response.headers["content-type"] == "text/css" and response.headers["x-three"] == "4"
    assert len(response.header_list()) == 5


def test_pairs_keep_what_comes_several_times():
    pairs = [("Set-Cookie", "a=1"), ("X-One", "1"), ("set-cookie", "b=2"), ("SET-COOKIE", "c=3")]
    response = Response("x", 200, pairs)
    assert response.headers["Set-Cookie"] == ["a=1", "b=2", "c=3"]
    assert response.headers["X-One"] == "1"
    assert make_response(("x", 200, pairs), ways).headers["Set-Cookie"] == ["a=1", "b=2", "c=3"]
    response.headers.update([("Set-Cookie", "d=4"), ("Set-Cookie", "e=5")])
    assert response.headers["Set-Cookie"] == ["d=4", "e=5"]
    response.set_cookie("f", "6")
    assert [value for name, value in response.header_list() if name == "Set-Cookie"] == ["d=4", "e=5", "f=6"]


def test_what_has_changed_is_checked_before_it_is_sent():
    request = Request(None, None, "GET", "/", "1.1", {})

    def add_to_list(response):
        response.headers["Set-Cookie"] = ["a=1"]
        response.headers["Set-Cookie"].append("b=2\r\nX: y")

    def change_status(response):
        response.status_code = 99

    def change_type(response):
        response.default_content_type = "text/html\n"

    for change in (add_to_list, change_status, change_type):
        response = Response("x")
        response.prepare(request)
        change(response)
        with raises(ValueError):
            response.prepare(request)
    for status_code in ("200", None, 201.5):
        response = Response("x")
        response.status_code = status_code
        with raises(TypeError):
            response.prepare(request)


def test_header_fields_are_text():
    for name, value in (("X", None), ("X", b"a"), (b"X", "a"), (1, "a"), (None, "a")):
        with raises(TypeError):
            Response("", 200, {name: value})
    with raises(TypeError):
        redirect(None)


def test_default_content_type():
    class HTML(Response):
        default_content_type = "text/html"

    response = HTML("x")
    response.complete()
    assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
    HTML.default_content_type = "text/html; charset=ISO-8859-1"
    assert HTML("x").content_type == "text/html; charset=ISO-8859-1"


def test_reason():
    assert Response().reason is None
    for reason in ("", "Fine", "Fine by me", "\u017b"):
        assert Response(reason=reason).reason == reason
    for reason in BAD_VALUES:
        with raises(ValueError):
            Response(reason=reason)
        response = Response(reason="Fine")
        with raises(ValueError):
            response.reason = reason
        assert response.reason == "Fine"


def test_cookies():
    response = Response()
    response.set_cookie("a", "1")
    assert response.headers["Set-Cookie"] == ["a=1"]
    response.set_cookie("b", "2", path="/", max_age=10, http_only=True, same_site="Lax")
    assert response.headers["set-cookie"][1] == "b=2; Path=/; Max-Age=10; HttpOnly; SameSite=Lax"
    response.delete_cookie("c", path="/x")
    deleted = response.headers["Set-Cookie"][2]
    assert deleted == "c=; Path=/x; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0"


def test_cookie_beside_one_in_the_headers():
    response = Response("", 200, {"Set-Cookie": "a=1"})
    response.set_cookie("b", "2")
    assert response.headers["Set-Cookie"] == ["a=1", "b=2"]


def test_cookie_injection():
    for bad in ("x;y",) + BAD_VALUES:
        response = Response()
        for arguments in ((bad, "1"), ("a", bad), ("a", "1", bad), ("a", "1", "/", bad)):
            with raises(ValueError):
                response.set_cookie(*arguments)
        with raises(ValueError):
            response.delete_cookie("a", path=bad)
        assert len(response.headers) == 0


def test_redirect():
    for function in (redirect, Response.redirect):
        response = function("/other?x=1")
        assert response.status_code == 302
        assert response.headers["Location"] == "/other?x=1"
        assert function("/other", 301).status_code == 301
        for location in BAD_VALUES:
            with raises(ValueError):
                function(location)


def test_a_location_goes_out_encoded():
    for location, expected in (
        ("/caf\u00e9 au lait?q=\u20ac#\U0001f602", "/caf%C3%A9%20au%20lait?q=%E2%82%AC#%F0%9F%98%82"),
        ("/caf%C3%A9%20", "/caf%C3%A9%20"),
        ("/50%", "/50%"),
        ("http://[::1]:80/a;b,c'(d)*e!f$g&h=i+j@k~l", "http://[::1]:80/a;b,c'(d)*e!f$g&h=i+j@k~l"),
        ("/\t/evil.example", "/%09/evil.example"),  # browsers drop a tab, and would leave for another site
        ("", ""),
    ):
        assert redirect(location).headers["Location"] == expected


def test_vary():
    response = Response()
    response.vary("Origin")
    assert response.headers["Vary"] == "Origin"
    response.vary("cookie")
    response.vary("ORIGIN")
    response.vary("Cookie")
    assert response.headers["Vary"] == "Origin, cookie"
    response = Response("", 200, {"Vary": ["Origin", "Accept"]})
    response.vary("Cookie")
    response.vary("origin")
    assert response.headers["Vary"] == "Origin, Accept, Cookie"
    response = Response("", 200, {"Vary": "*"})
    response.vary("Origin")
    assert response.headers["Vary"] == "*"


class Recorder(io.BytesIO):
    """A file that tells whether it was closed, and gives little at a time."""

    closed_times = 0
    limit = 3

    def read(self, n=-1):
        return super().read(min(n, self.limit) if n > 0 else n)

    def close(self):
        self.closed_times += 1


async def test_file_is_read_to_its_end_and_closed():
    file = Recorder(b"0123456789" * 100)
    response = complete(file)
    assert "Content-Length" not in response.headers
    assert await read(response) == b"0123456789" * 100
    assert file.closed_times == 1


async def test_text_file():
    class Text:
        parts = ["ż", "ó"]

        def read(self, n):
            return self.parts.pop(0) if self.parts else ""

    assert await read(Response(Text())) == "żó".encode()


async def test_file_that_is_read_with_await():
    class File:
        parts = [b"one", b"two"]
        closed = False

        async def read(self, n):
            return self.parts.pop(0) if self.parts else b""

        async def close(self):
            self.closed = True

    file = File()
    assert await read(Response(file)) == b"onetwo"
    assert file.closed


async def test_generator():
    closed = []

    def body():
        try:
            yield "ż"
            yield b""
            yield ""
            yield b"\xff"
            yield bytearray(b"a")
        finally:
            closed.append(1)

    assert await read(Response(body())) == "ż".encode() + b"\xffa"
    assert closed == [1]


async def test_generator_that_is_not_read_to_its_end():
    closed = []

    def body():
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(1)

    chunks = Response(body()).body_iter()
    assert bytes(await chunks.__anext__()) == b"one"
    await chunks.aclose()
    assert closed == [1]


async def test_pieces_that_are_no_text():
    def body():
        yield "a"
        yield 5

    for pieces in (body(), iter(["a", ["b"]])):
        with raises(TypeError):
            await read(Response(pieces))


async def test_iterator():
    assert await read(Response(iter(["a", b"b", "c"]))) == b"abc"


class Numbers:
    """A class-based asynchronous iterator."""

    closed = False
    n = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.n += 1
        if self.n > 3:
            raise StopAsyncIteration
        return str(self.n) if self.n % 2 else b""

    async def aclose(self):
        self.closed = True


async def test_asynchronous_iterator():
    numbers = Numbers()
    assert await read(Response(numbers)) == b"13"
    assert numbers.closed


async def test_asynchronous_iterable():
    class Iterable:
        def __aiter__(self):
            return Numbers()

    assert await read(Response(Iterable())) == b"13"


async def test_bytes_as_an_iterator():
    assert await read(Response(b"abc")) == b"abc"
    assert await read(Response(b"")) == b""


async def test_a_status_without_a_body_sends_none():
    closed = []

    def pieces():
        try:
            yield "HTTP/1.1 200 OK\r\n\r\n"
        finally:
            closed.append("generator")

    class Asynchronous(Numbers):
        async def aclose(self):
            closed.append("iterator")

    app = Microdot()
    bodies = {"generator": pieces, "iterator": Asynchronous, "file": lambda: Recorder(b"x"), "bytes": lambda: b"body"}

    @app.get("/<int:status_code>/<kind>")
    def index(request, status_code, kind):
        return bodies[kind](), status_code

    for status_code in (204, 304):
        for kind in bodies:
            request = "GET /%d/%s HTTP/1.1\r\nHost: a\r\n\r\n" % (status_code, kind)
            answers = await exchange(app, request.encode() + b"GET /200/bytes HTTP/1.1\r\nHost: a\r\n\r\n")
            assert [answer.status for answer in answers] == [status_code, 200], kind
            assert answers[1].body == b"body"
            for name in ("content-length", "content-type", "transfer-encoding"):
                assert answers[0].field(name) is None, (kind, name)
    assert closed.count("iterator") == 2
