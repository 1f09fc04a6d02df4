"""Differences from Microdot that docs/migration.md lists and that no other test shows."""

import pytest

from microdot import Microdot, URLPattern, send_file
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.microdot import urldecode, urlencode
from microdot.multipart import with_form_data
from microdot.session import Session
from microdot.sse import with_sse
from microdot.test_client import TestClient

FORM = b'--x\r\nContent-Disposition: form-data; name="t"\r\n\r\n%d\r\n'


async def test_hooks_do_not_see_the_automatic_answer_to_options():
    app = Microdot()
    app.get("/")(lambda request: "fine")
    seen = []
    app.before_request(lambda request: seen.append("before"))
    app.after_request(lambda request, response: seen.append("after"))
    app.after_error_request(lambda request, response: seen.append("after an error"))
    assert (await TestClient(app).request("OPTIONS", "/")).status_code == 200
    assert seen == []


async def test_the_first_value_of_a_field_in_a_form_with_files():
    app = Microdot()

    @app.post("/")
    @with_form_data
    async def values(request):
        return [request.form["t"], request.form.getlist("t")]

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await TestClient(app).post("/", headers=headers, body=FORM % 1 + FORM % 2 + b"--x--\r\n")
    assert response.json == ["1", ["1", "2"]]


async def test_a_field_without_a_value():
    app = Microdot()
    app.post("/")(lambda request: {name: request.form[name] for name in request.form})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await TestClient(app).post("/", headers=headers, body=b"a=1&c")).json == {"a": "1", "c": ""}


async def test_vary_without_the_fields_that_it_names():
    app = Microdot()
    app.post("/")(lambda request: "fine")
    app.get("/")(lambda request: "fine")
    CSRF(app, CORS(app, allowed_origins=["http://good.example"]))
    client = TestClient(app)
    assert (await client.get("/")).headers["Vary"] == "Origin"
    assert (await client.post("/")).headers["Vary"] == "Sec-Fetch-Site, Origin"


async def test_the_case_of_a_method_matters():
    app = Microdot()
    app.get("/")(lambda request: "fine")
    assert (await TestClient(app).request("get", "/")).status_code == 405


async def test_any_result_of_a_hook_but_none_is_the_response():
    for result, text in ("", ""), ({}, "{}"):
        app = Microdot()
        app.get("/")(lambda request: "of the route")
        app.before_request(lambda request, result=result: result)
        app.before_request(lambda request: "of another hook")
        response = await TestClient(app).get("/")
        assert (response.status_code, response.text) == (200, text)


async def test_a_value_that_cannot_be_converted():
    app = Microdot()
    app.get("/")(lambda request: [request.args.get("n", 7, type=int), request.args.getlist("n", type=int)])
    assert (await TestClient(app).get("/?n=x&n=2")).json == [7, [2]]


def test_percent_encoding():
    assert urldecode("50%") == "50%" and urldecode("%zz") == "%zz"
    assert urlencode("/ü +") == "%2F%C3%BC+%2B"


def test_the_type_of_a_file_with_an_extension_in_capitals(tmp_path):
    (tmp_path / "A.JPG").write_bytes(b"x")
    response = send_file(str(tmp_path / "A.JPG"))
    assert response.headers["Content-Type"] == "image/jpeg"
    response.body.close()


async def test_the_content_type_of_a_request_in_another_case():
    app = Microdot()
    app.post("/")(lambda request: request.json)
    response = await TestClient(app).post("/", headers={"Content-Type": "Application/JSON"}, body=b'{"a": 1}')
    assert response.json == {"a": 1}


def test_patterns_with_half_a_segment_or_a_name_twice():
    for pattern in "/a<x>", "/<x>b", "/<x>/<x>":
        with pytest.raises(ValueError, match="invalid URL pattern"):
            URLPattern(pattern)


def test_the_session_extension_is_found_without_a_private_name():
    app = Microdot()
    session = Session(app, "a key that is long enough for a test")
    assert app.extension(Session) is session


async def test_the_exception_of_a_handler_of_events():
    app = Microdot()

    @app.get("/")
    @with_sse
    async def events(request, sse):
        raise OSError("no sensor")

    assert (await TestClient(app).get("/")).status_code == 200
    with pytest.raises(OSError, match="no sensor"):
        await TestClient(app, raise_exceptions=True).get("/")
