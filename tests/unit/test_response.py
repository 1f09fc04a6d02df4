import io

from microdot import Response, redirect
from support import raises


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
    for status_code in (101, 204, 304):
        response = complete("x", status_code)
        assert not response.has_body
        assert "Content-Length" not in response.headers
    for status_code in (200, 201, 205, 206, 301, 400, 404, 500, 999):
        assert complete("x", status_code).has_body


def test_what_is_no_body():
    for body in (1.5, object(), {1, 2}, True, Response):
        with raises(TypeError) as caught:
            Response(body)
        assert type(body).__name__ in str(caught.value)


def test_status_codes_are_numbers():
    for status_code in ("200", None, 200.0):
        with raises(TypeError):
            Response("x", status_code)
    for status_code in (-1, 0, 99, 100, 103, 1000):
        with raises(ValueError):
            Response("x", status_code)


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


def test_header_injection():
    for name, value in (
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X", ["a", "b\r\n"]),
        ("X\r\nY", "a"),
        ("X\n", "a"),
        ("X\0", "a"),
        ("X: Y", "a"),
        ("X Y", "a"),
        ("", "a"),
    ):
        with raises(ValueError):
            Response("", 200, {name: value})
        response = Response()
        with raises(ValueError):
            response.headers[name] = value
        with raises(ValueError):
            response.headers.update({name: value})
        with raises(ValueError):
            response.headers.setdefault(name, value)
        assert len(response.headers) == 0


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
    assert Response(reason="Fine").reason == "Fine"
    assert Response().reason is None


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
    for bad in ("x\r\ny", "x;y"):
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
        for location in ("/a\r\nSet-Cookie: b=1", "/a\nb", "/a\rb"):
            with raises(ValueError):
                function(location)


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
