"""What a request gives to an application is the same on every server: bodies within limits, JSON, and fields."""

import json

import pytest

from live.served import KINDS, Served

PROGRAM = """
from microdot import Microdot

app = Microdot()

async def echo(request):
    if request.json is not None:
        return {'json': request.json}
    if request.form is not None:
        return {'form': len(request.form['a'])}
    size = 0
    while True:
        data = await request.stream.read(1000)
        if not data:
            return {'body': len(request.body), 'stream': size}
        size += len(data)

app.post('/')(echo)
app.post('/large', max_content_length=20000)(echo)
app.post('/any', max_content_length=None)(echo)

@app.post('/caught')
async def caught(request):
    try:
        return {'json': request.json}
    except ValueError:
        return 'not JSON', 422

@app.get('/page')
def page(request):
    return request.args['page']
"""
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module", params=KINDS)
def client(request):
    # A body of 20 KB is there three times at once: as sent, as text, and as the answer.
    with Served(request.param, PROGRAM, heap=384) as served, served.client() as client:
        yield client


def whole(content):
    return content


def pieces(content):
    """Return the same without a length."""
    return iter([content[:9000], content[9000:]])


@pytest.mark.parametrize("make", [whole, pieces])
def test_the_limit_of_a_route(client, make):
    text = "x" * 19998
    response = client.post("/large", content=make(json.dumps(text).encode()), headers=JSON)
    assert (response.status_code, response.json()) == (200, {"json": text})
    response = client.post("/large", content=make(b"a=" + text.encode()), headers=FORM)
    assert (response.status_code, response.json()) == (200, {"form": 19998})
    response = client.post("/large", content=make(text.encode()), headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()) == (200, {"body": 0, "stream": 19998})
    for headers in (JSON, FORM, {}):
        assert client.post("/large", content=make(b"a=" + text.encode() + b"y"), headers=headers).status_code == 413
        assert client.post("/", content=make(b"a=" + text.encode()), headers=headers).status_code == 413


@pytest.mark.parametrize("make", [whole, pieces])
def test_no_limit(client, make):
    response = client.post("/any", content=make(b"x" * 200000), headers={"Content-Type": "application/octet-stream"})
    assert (response.status_code, response.json()) == (200, {"body": 0, "stream": 200000})
    response = client.post("/any", content=make(b"a=" + b"x" * 20000), headers=FORM)
    assert (response.status_code, response.json()) == (200, {"form": 20000})


def test_json(client):
    for content in (b'"\\ud83d\\ude02"', '"\U0001f602"'.encode(), b'\xef\xbb\xbf"\\ud83d\\ude02"\r\n'):
        assert client.post("/", content=content, headers=JSON).json() == {"json": "\U0001f602"}
    for content in (b"{", b'"\\ud83d"', b"\xff", b"NaN", b""):
        response = client.post("/", content=content, headers=JSON)
        assert (response.status_code, response.text) == (400, "Malformed JSON"), content
        response = client.post("/caught", content=content, headers=JSON)
        assert (response.status_code, response.text) == (422, "not JSON"), content


def test_a_missing_field(client):
    response = client.get("/page?pages=2")
    assert (response.status_code, response.text) == (400, "Missing field: page")
    response = client.post("/", content=b"b=1", headers=FORM)
    assert (response.status_code, response.text) == (400, "Missing field: a")
    assert client.get("/page?page=2").text == "2"


def test_many_fields(client):
    fields = "&".join(f"f{n}" for n in range(1001))
    assert client.get("/page?" + fields + "&page=1").status_code in (400, 414)
    response = client.post("/", content=fields + "&a=1", headers=FORM)
    assert (response.status_code, response.text[:15]) == (413, "Too many fields")
