"""The synchronous test client, as functions of plain pytest use it."""

import asyncio
import contextvars
import threading

import pytest

from microdot import Microdot, Response, redirect
from microdot.sse import with_sse
from microdot.test_client import TestClient
from microdot.testing import WebSocketRefused
from microdot.websocket import WebSocketError, with_websocket

variable = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def app():
    app = Microdot()
    app.log = []

    @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"])
    def echo(request):
        return {"method": request.method, "body": request.body.decode(), "form": dict(request.form or {}),
                "host": request.headers["Host"], "scheme": request.scheme, "variable": variable.get(),
                "authorization": request.headers.get("Authorization"), "type": request.content_type}

    @app.route("/redirect/<int:status>", methods=["GET", "POST"])
    async def lead_on(request, status):
        return redirect(request.args.get("to", "/echo"), status)

    @app.get("/loop")
    async def loop(request):
        return redirect("/loop")

    @app.get("/cookie")
    def cookie(request):
        response = Response(str(int(request.cookies.get("n", 0)) + 1))
        response.set_cookie("n", response.body.decode())
        return response

    @app.get("/error")
    def error(request):
        raise ValueError("mine")

    @app.get("/wait")
    async def wait(request):
        await asyncio.Event().wait()

    @app.get("/events")
    @with_sse
    async def events(request, sse):
        try:
            number = 0
            while True:
                await sse.send({"n": number}, event="number")
                number += 1
        finally:
            app.log.append("events ended")

    @app.get("/pieces")
    async def pieces(request):
        def make():
            yield "one"
            yield "two"

        return make()

    @app.get("/ws")
    @with_websocket(subprotocols=["chat"])
    async def ws(request, ws):
        try:
            async for message in ws:
                if message == "close":
                    return await ws.close(4000, "enough")
                if message == "fail":
                    raise ValueError("mine")
                await ws.send(message)
        finally:
            app.log.append("ws ended")

    return app


def test_requests(app):
    with TestClient(app) as client:
        assert client.get("/echo").json["method"] == "GET"
        assert client.head("/echo").body is None
        assert "POST" in client.options("/echo").headers["Allow"]
        assert client.post("/echo", body={"a": 1}).json["body"] == '{"a": 1}'
        assert client.post("/echo", form={"a": "b"}).json["form"] == {"a": ["b"]}
        for method in ("put", "patch", "query"):
            assert getattr(client, method)("/echo", body=b"x").json["body"] == "x"
        assert client.delete("/echo", {"Authorization": "me"}).json["authorization"] == "me"
        assert client.get("/nothing").status_code == 404


def test_the_application_is_started_and_stopped(app):
    @app.on_startup
    async def start():
        app.log.append("start")

    @app.on_shutdown
    def stop():
        app.log.append("stop")

    running = threading.Event()

    @app.task
    async def work():
        await asyncio.sleep(0.01)
        running.set()
        await asyncio.Event().wait()

    with TestClient(app):
        assert app.log == ["start"]
        assert running.wait(30)  # between the requests, too
    assert app.log == ["start", "stop"]
    assert "microdot-test-client" not in {thread.name for thread in threading.enumerate()}


def test_a_start_that_fails(app):
    @app.on_startup
    async def start():
        raise ValueError("no database")

    with pytest.raises(ValueError, match="no database"):
        TestClient(app).__enter__()
    assert "microdot-test-client" not in {thread.name for thread in threading.enumerate()}


def test_cookies(app):
    with TestClient(app, cookies={"n": "5"}) as client:
        assert client.get("/cookie").text == "6"
        assert client.get("/cookie").text == "7"
        assert client.cookies == {"n": "7"}


def test_exceptions(app):
    with TestClient(app) as client:
        assert client.get("/error").status_code == 500
    with TestClient(app, raise_exceptions=True) as client, pytest.raises(ValueError, match="mine"):
        client.get("/error")


def test_an_answer_that_does_not_come(app):
    with TestClient(app) as client:
        client.timeout = 0.05
        with pytest.raises(TimeoutError, match="0.05 seconds"):
            client.get("/wait")
        client.timeout = 60
        assert client.get("/echo").status_code == 200


def test_context_variables_and_running_loops(app):
    async def use_it_in_a_coroutine():
        variable.set("mine")
        with TestClient(app) as client:
            return client.get("/echo").json["variable"]

    assert asyncio.run(use_it_in_a_coroutine()) == "mine"


def test_redirects_are_followed_on_request(app):
    with TestClient(app) as client:
        response = client.get("/redirect/302")
        assert (response.status_code, response.history) == (302, ())
        response = client.get("/redirect/301?to=/redirect/302", follow_redirects=True)
        assert response.json["method"] == "GET"
        assert [step.status_code for step in response.history] == [301, 302]


@pytest.mark.parametrize("status, method, body, media_type", [
    (301, "GET", "", None), (302, "GET", "", None), (303, "GET", "", None),
    (307, "POST", '{"a": 1}', "application/json"), (308, "POST", '{"a": 1}', "application/json"),
])
def test_what_a_redirect_makes_of_a_post(app, status, method, body, media_type):
    with TestClient(app) as client:
        answer = client.post(f"/redirect/{status}", body={"a": 1}, follow_redirects=True).json
        assert (answer["method"], answer["body"], answer["type"]) == (method, body, media_type)


def test_redirects_to_another_host(app):
    with TestClient(app) as client:
        path = "/redirect/302?to=https://other.example/echo"
        answer = client.get(path, {"Authorization": "me"}, follow_redirects=True).json
        assert (answer["host"], answer["scheme"], answer["authorization"]) == ("other.example", "https", None)
        assert client.get("/echo").json["scheme"] == "http"
        same = client.get("/redirect/302", {"Authorization": "me"}, follow_redirects=True).json
        assert (same["host"], same["authorization"]) == ("example.com:1234", "me")


def test_redirects_without_an_end(app):
    with TestClient(app) as client, pytest.raises(RuntimeError, match="more than 20 redirects"):
        client.get("/loop", follow_redirects=True)


def test_streams(app):
    with TestClient(app) as client:
        with client.stream("GET", "/pieces") as response:
            assert list(response) == [b"one", b"two"]
            assert response.complete
        with client.stream("GET", "/events") as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            events = response.events()
            assert [next(events)["data_json"] for _ in range(3)] == [{"n": 0}, {"n": 1}, {"n": 2}]
            assert not response.complete
        assert app.log == ["events ended"]


def test_websockets(app):
    with TestClient(app) as client:
        with client.websocket("/ws", subprotocols=["other", "chat"]) as ws:
            assert ws.subprotocol == "chat"
            for message in ("one", b"two"):  # before an answer is read
                ws.send(message)
            assert [ws.receive(), ws.receive()] == ["one", b"two"]
            assert ws.close_code is None
        assert app.log == ["ws ended"]


def test_a_websocket_that_the_application_closes(app):
    with TestClient(app) as client, client.websocket("/ws") as ws:
        ws.send("one")
        ws.send("close")
        assert list(ws) == ["one"]
        assert (ws.close_code, ws.close_reason) == (4000, "enough")
        for _ in range(2):
            with pytest.raises(WebSocketError, match="4000"):
                ws.receive()
        ws.send("into the void")


def test_a_websocket_that_is_refused(app):
    with TestClient(app) as client, pytest.raises(WebSocketRefused, match="404") as refused:
        client.websocket("/nothing").__enter__()
    assert refused.value.response.status_code == 404


def test_an_exception_of_a_websocket(app):
    with TestClient(app) as client, client.websocket("/ws") as ws:
        ws.send("fail")
        assert list(ws) == []
        assert ws.close_code == 1011
    with (
        TestClient(app, raise_exceptions=True) as client,
        pytest.raises(ValueError, match="mine"),
        client.websocket("/ws") as ws,
    ):
        ws.send("fail")
        assert list(ws) == []
