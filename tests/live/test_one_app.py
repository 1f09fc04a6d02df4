"""One application, unmodified, answers alike on every server."""

import httpx
import pytest

from live.served import KINDS, ROOT, Served

APP = ROOT / "examples" / "one_app" / "app.py"
TEXT = "text/plain; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
JSON = "application/json; charset=UTF-8"


@pytest.fixture(scope="module", params=KINDS)
def client(request):
    with Served(request.param, APP) as server, server.client() as client:
        yield client


def answer(response):
    return response.status_code, response.headers.get("Content-Type"), response.text


def test_index(client):
    status_code, content_type, text = answer(client.get("/"))
    assert (status_code, content_type) == (200, HTML)
    assert "<h1>Hello from Microdot!</h1>" in text and "grüß dich" in text


def test_dynamic_route(client):
    assert answer(client.get("/hello/susan")) == (200, TEXT, "Hello, susan!")


def test_percent_encoded_path(client):
    assert answer(client.get("/hello/caf%C3%A9%20%E2%82%AC%2Fx")) == (404, TEXT, "Not found")
    assert answer(client.get("/hello/caf%C3%A9%20%E2%82%AC")) == (200, TEXT, "Hello, café €!")
    assert answer(client.get("/hello/a+b%2Bc")) == (200, TEXT, "Hello, a+b+c!")


def test_json(client):
    response = client.post("/echo", json={"n": [1, None, "ż"]})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON
    assert response.json() == {"you sent": {"n": [1, None, "ż"]}}


def test_json_that_is_none(client):
    assert client.post("/echo", content="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post("/echo", content="{}").status_code == 415


def test_cookie(client):
    client.cookies.clear()
    for visit in (1, 2, 3):
        response = client.get("/visits")
        assert response.text == f"Visit {visit}"
        assert response.headers.get_list("Set-Cookie") == [f"visits={visit}; Path=/"]
    client.cookies.clear()
    for value in ("x", "", "1.5", "\xb2".encode("latin-1"), "9" * 300):
        value = value if isinstance(value, bytes) else value.encode()
        response = client.get("/visits", headers={b"Cookie": b"visits=" + value})
        assert response.status_code == 200, value


def test_not_found(client):
    assert answer(client.get("/nowhere")) == (404, TEXT, "Not found")


def test_method_not_allowed(client):
    for method in ("DELETE", "PROPFIND"):
        response = client.request(method, "/echo")
        assert answer(response) == (405, TEXT, "Method not allowed")
        assert sorted(response.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]


def test_redirect(client):
    response = client.get("/old")
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_stream(client):
    with client.stream("GET", "/count") as response:
        assert response.status_code == 200
        assert "Content-Length" not in response.headers
        assert list(response.iter_lines()) == ["1", "2", "3", "4", "5"]


def test_head(client):
    page = client.get("/").content
    for path, status_code, length in (("/", 200, str(len(page))), ("/nowhere", 404, "9")):
        response = client.head(path)
        assert (response.status_code, response.content) == (status_code, b"")
        assert response.headers["Content-Length"] == length
    response = client.head("/count")
    assert (response.status_code, response.content) == (200, b"")


def test_options(client):
    response = client.options("/echo")
    assert sorted(response.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
    assert response.content == b""


def test_too_large(client):
    try:
        assert client.post("/echo", content=b"x" * 20000).status_code == 413
    except httpx.WriteError:  # the server need not read it
        pytest.fail("the answer was lost")
