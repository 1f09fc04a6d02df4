"""Metrics, with the real prometheus-client."""

import asyncio
import os
import subprocess
import sys

import prometheus_client
import pytest

from microdot import Microdot
from microdot.metrics import Metrics
from microdot.test_client import TestClient
from microdot.websocket import with_websocket


@pytest.fixture
def app():
    app = Microdot()
    app.metrics = Metrics(app, registry=prometheus_client.CollectorRegistry())

    @app.get("/users/<int:id>")
    async def user(request, id):
        return str(id)

    @app.get("/in-flight")
    async def in_flight(request):
        return str(value(app, "microdot_requests_in_flight"))

    @app.get("/error")
    def error(request):
        raise ValueError("s3cret")

    @app.get("/wait")
    async def wait(request):
        await asyncio.Event().wait()

    @app.get("/ws")
    @with_websocket
    async def ws(request, ws):
        await ws.send("x")

    return app


def value(app, name, **labels):
    return app.metrics.registry.get_sample_value(name, labels)


def test_requests_are_counted_by_route(app):
    with TestClient(app) as client:
        for number in range(5):
            client.get(f"/users/{number}")
        client.post("/users/1")
        for path in ("/a", "/b", "/c?token=s3cret"):
            client.get(path)
        client.request("BREW", "/users/1")
    count = "microdot_requests_total"
    assert value(app, count, method="GET", route="/users/<int:id>", status="200") == 5
    assert value(app, count, method="POST", route="none", status="405") == 1
    assert value(app, count, method="GET", route="none", status="404") == 3
    assert value(app, count, method="other", route="none", status="405") == 1
    assert value(app, "microdot_request_seconds_count", method="GET", route="/users/<int:id>") == 5
    text = app.metrics.collect().decode()
    assert "s3cret" not in text and "BREW" not in text and "/a" not in text


def test_exceptions(app):
    with TestClient(app) as client:
        client.get("/error")
    assert value(app, "microdot_exceptions_total", route="/error", exception="ValueError") == 1
    assert value(app, "microdot_requests_total", method="GET", route="/error", status="500") == 1
    assert "s3cret" not in app.metrics.collect().decode()


def test_requests_in_flight(app):
    with TestClient(app) as client:
        assert client.get("/in-flight").text == "1.0"
        client.timeout = 0.05
        with pytest.raises(TimeoutError):
            client.get("/wait")
        client.timeout = 60
        client.get("/users/1")
    assert value(app, "microdot_requests_in_flight") == 0
    assert value(app, "microdot_requests_total", method="GET", route="/wait", status="none") == 1


def test_websockets(app):
    with TestClient(app) as client, client.websocket("/ws") as ws:
        assert ws.receive() == "x"
    assert value(app, "microdot_requests_total", method="GET", route="/ws", status="101") == 1
    assert value(app, "microdot_request_seconds_count", method="GET", route="/ws") is None


def test_an_application_is_counted_once(app):
    app.metrics.initialize(app)
    with TestClient(app) as client:
        client.get("/users/1")
        client.get("/error")
    assert app.extension(Metrics) is app.metrics
    assert value(app, "microdot_requests_total", method="GET", route="/users/<int:id>", status="200") == 1
    assert value(app, "microdot_exceptions_total", route="/error", exception="ValueError") == 1


def test_malformed_requests(app):
    asyncio.run(app.dispatch_request(None))
    assert value(app, "microdot_requests_total", method="none", route="none", status="400") == 1


def test_the_page():
    app = Microdot()
    Metrics(app, registry=prometheus_client.CollectorRegistry(), allowed=lambda request: request.args.get("key") == "k")
    with TestClient(app) as client:
        assert client.get("/metrics").status_code == 404
        response = client.get("/metrics?key=k")
    assert response.headers["Content-Type"] == prometheus_client.CONTENT_TYPE_LATEST
    assert 'route="/metrics",status="404"} 1.0' in response.text


PROCESS = """
from microdot import Microdot
from microdot.metrics import Metrics
from microdot.test_client import TestClient

app = Microdot()
metrics = Metrics(app)
app.get("/x")(lambda request: "")
with TestClient(app) as client:
    client.get("/x")
    print(client.get("/metrics").text)
"""


def test_several_processes(tmp_path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for number in (1, 2):
        printed = subprocess.check_output([sys.executable, "-c", PROCESS], env=environment, text=True)
        assert f'microdot_requests_total{{method="GET",route="/x",status="200"}} {number}.0' in printed
