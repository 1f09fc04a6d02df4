"""The default type of one application's pages, and JSON of an application's own classes."""

import collections
import datetime
import decimal
import enum
import uuid

import pytest

from microdot import Microdot, Response, abort
from microdot._compat import json_types
from microdot.defaults import HTMLPages, json_type
from microdot.sse import format_event
from microdot.test_client import TestClient


@pytest.fixture(autouse=True)
def registered():
    """Forget what a test registers."""
    kept = dict(json_types)
    yield
    json_types.clear()
    json_types.update(kept)


def test_pages():
    app, other = Microdot(), Microdot()
    HTMLPages(app)

    @app.get("/page")
    def page(request):
        return "<h1>x</h1>"

    @app.get("/json")
    async def json(request):
        return {"a": 1}

    @app.get("/text")
    async def text(request):
        return Response("x", headers={"Content-Type": "text/plain"})

    @app.get("/abort")
    async def stop(request):
        abort(400, "<script>")

    @app.get("/typed")
    async def typed(request):
        response = Response("x")
        response.default_content_type = "text/csv"
        return response

    other.get("/page")(page)
    with TestClient(app) as client:
        types = [client.get(path).headers["Content-Type"].partition(";")[0] for path in
                 ("/page", "/json", "/text", "/abort", "/typed", "/nothing")]
    assert types == ["text/html", "application/json", "text/plain", "text/html", "text/csv", "text/html"]
    with TestClient(other) as client:
        assert client.get("/page").headers["Content-Type"] == "text/plain; charset=UTF-8"


def test_pages_of_errors():
    app = Microdot()
    HTMLPages(app)

    @app.get("/client")
    async def client_text(request):
        abort(400, "no <script> & such")

    @app.get("/fails")
    def fails(request):
        raise OSError("s3cret")

    @app.errorhandler(404)
    async def missing(request):
        if request.args.get("again"):
            abort(404, request.args["again"])
        return "<h1>Not here</h1>", 404

    @app.errorhandler(ValueError)
    async def as_json(request, error):
        return {"error": str(error)}, 400

    @app.errorhandler(418)
    async def as_text(request):
        return "<b>", 418, {"Content-Type": "text/plain"}

    @app.get("/value")
    async def value(request):
        raise ValueError("x")

    @app.get("/gone")
    async def gone(request):
        abort(410)

    @app.get("/fields")
    async def fields(request):
        abort(400, {"name": "is required"})

    @app.get("/tea")
    async def tea(request):
        abort(418)

    def ask(method, path):
        response = client.request(method, path)
        return response.status_code, response.headers["Content-Type"].partition(";")[0], response.text

    with TestClient(app) as client:
        page = '<!doctype html>\n<html lang="en">\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n'
        assert ask("GET", "/client") == (400, "text/html", page + "<p>no &lt;script&gt; &amp; such</p>\n")
        status, type, text = ask("GET", "/fails")
        assert (status, type) == (500, "text/html") and "<h1>Internal Server Error</h1>" in text
        assert "s3cret" not in text and "<p>" not in text
        assert ask("GET", "/nothing") == (404, "text/html", "<h1>Not here</h1>")
        assert ask("GET", "/nothing?again=%3Cb%3E")[2].endswith("<p>&lt;b&gt;</p>\n")
        assert ask("GET", "/value") == (400, "application/json", '{"error": "x"}')
        assert ask("GET", "/gone")[2].endswith("<h1>Gone</h1>\n")
        assert ask("GET", "/fields") == (400, "application/json", '{"name": "is required"}')
        assert ask("GET", "/tea") == (418, "text/plain", "<b>")
        response = client.post("/value")
        assert "<h1>Method Not Allowed</h1>" in response.text and response.headers["Allow"] == "GET, HEAD, OPTIONS"


class Colour(enum.Enum):
    RED = "red"


class Money:
    def __init__(self, amount):
        self.amount = decimal.Decimal(amount)


def test_own_classes():
    json_type(datetime.date, lambda value: value.isoformat())
    json_type(uuid.UUID, str)
    json_type(enum.Enum, lambda value: value.value)
    json_type(decimal.Decimal, str)
    json_type(Money, lambda value: {"amount": value.amount})
    value = {"day": datetime.date(2024, 2, 29), "time": datetime.datetime(2024, 2, 29, 12), "id": uuid.UUID(int=1),
             "colour": Colour.RED, "money": [Money("1.10")]}
    expected = (b'{"day": "2024-02-29", "time": "2024-02-29T12:00:00", "id": "00000000-0000-0000-0000-000000000001", '
                b'"colour": "red", "money": [{"amount": "1.10"}]}')
    assert Response(value).body == expected
    assert expected in format_event(value)


def test_the_most_derived_class_counts():
    json_type(datetime.date, lambda value: "date")
    json_type(datetime.datetime, lambda value: "datetime")
    assert Response([datetime.date.min, datetime.datetime.min]).body == b'["date", "datetime"]'


def test_other_classes_are_refused():
    with pytest.raises(TypeError, match="JSON has no Money"):
        Response({"money": Money(1)})
    with pytest.raises(TypeError, match="needs a class, not 'str'"):
        json_type("str", str)
    with pytest.raises(TypeError, match="needs a function for Money, not 'str'"):
        json_type(Money, "str")


@pytest.mark.parametrize("cls, kind", [
    (str, "str"), (bool, "int"), (type(None), "NoneType"), (collections.OrderedDict, "dict"),
    (collections.namedtuple("Point", "x y"), "tuple"), (enum.Enum("Name", "A", type=str), "str"), (enum.IntEnum, "int"),
])
def test_classes_that_json_has_already_are_refused(cls, kind):
    """Their objects would be sent without a call of the function."""
    with pytest.raises(TypeError, match=f"cannot change {cls.__name__}: JSON has it already, as a {kind}"):
        json_type(cls, str)


def test_numbers_that_json_has_not():
    json_type(decimal.Decimal, float)
    with pytest.raises((TypeError, ValueError)):
        Response([decimal.Decimal("nan")])
