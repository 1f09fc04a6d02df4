"""OpenTelemetry's own middleware: its spans are those in which all code of the application for a request runs."""

import asyncio
import threading

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as ASGIMiddleware
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware as WSGIMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import microdot.asgi
import microdot.wsgi

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
PATHS = ["/def", "/async", "/def-items", "/async-items"]
PLACES = ["before", "handler", "after", "work"]
BODIES = {"/def-items": ["body", "body"], "/async-items": ["body", "body"]}


@pytest.fixture
def tracing():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def make(cls):
    """Return an application that remembers in which trace each part of it ran."""
    app = cls()
    app.seen, app.worked = [], threading.Event()

    def see(place):
        app.seen.append((place, format(trace.get_current_span().get_span_context().trace_id, "032x")))

    app.before_request(lambda request: see("before"))
    app.after_request(lambda request, response: see("after"))

    async def work():
        await asyncio.sleep(0)
        see("work")
        app.worked.set()

    def handle(request):
        see("handler")
        request.background(work())

    @app.get("/def")
    def function(request):
        handle(request)
        return "x"

    @app.get("/async")
    async def coroutine(request):
        handle(request)
        return "x"

    @app.get("/def-items")
    def items(request):
        handle(request)

        def make():
            for _ in range(2):
                see("body")
                yield "x"

        return make()

    @app.get("/async-items")
    async def async_items(request):
        handle(request)

        async def make():
            for _ in range(2):
                see("body")
                yield "x"

        return make()

    return app


async def ask_asgi(app, path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        response = await client.get(path, headers=HEADERS)
        while not app.worked.is_set():
            await asyncio.sleep(0.01)
    return response


def ask_wsgi(app, path):
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://x") as client:
        response = client.get(path, headers=HEADERS)
    assert app.worked.wait(30)
    return response


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("gateway", ["asgi", "wsgi"])
def test_all_of_a_request_is_in_its_trace(tracing, gateway, path):
    provider, exporter = tracing
    if gateway == "asgi":
        app = make(microdot.asgi.Microdot)
        app.asgi_app = ASGIMiddleware(app.asgi_app, tracer_provider=provider)
        response = asyncio.run(asyncio.wait_for(ask_asgi(app, path), 30))
    else:
        app = make(microdot.wsgi.Microdot)
        app.wsgi_app = WSGIMiddleware(app.wsgi_app, tracer_provider=provider)
        response = ask_wsgi(app, path)
    assert response.status_code == 200
    assert sorted(app.seen) == sorted((place, TRACE) for place in PLACES + BODIES.get(path, []))
    spans = [span for span in exporter.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    assert [format(span.context.trace_id, "032x") for span in spans] == [TRACE]
