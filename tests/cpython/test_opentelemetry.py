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
from cpython.traced_app import PATHS, make

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
PLACES = ["before", "before async", "handler", "after async", "after", "work"]
PIECES = {"/def-items": 2, "/async-items": 2, "/file": 3}


@pytest.fixture
def tracing():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


class Seen(list):
    """The places that the application has seen, each with its trace; `worked` when its background work has ended."""

    def __init__(self):
        self.worked = threading.Event()

    def see(self, place):
        """Remember in which trace a part of the application runs."""
        self.append((place, format(trace.get_current_span().get_span_context().trace_id, "032x")))
        if place == "work":
            self.worked.set()


async def ask_asgi(app, path, worked):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        response = await client.get(path, headers=HEADERS)
        while not worked.is_set():
            await asyncio.sleep(0.01)
    return response


def ask_wsgi(app, path, worked):
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://x") as client:
        response = client.get(path, headers=HEADERS)
    assert worked.wait(30)
    return response


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("gateway", ["asgi", "wsgi"])
def test_all_of_a_request_is_in_its_trace(tracing, gateway, path):
    provider, exporter = tracing
    seen = Seen()
    if gateway == "asgi":
        app = make(microdot.asgi.Microdot, seen.see, 2)
        app.asgi_app = ASGIMiddleware(app.asgi_app, tracer_provider=provider)
        response = asyncio.run(asyncio.wait_for(ask_asgi(app, path, seen.worked), 30))
    else:
        app = make(microdot.wsgi.Microdot, seen.see, 2)
        app.wsgi_app = WSGIMiddleware(app.wsgi_app, tracer_provider=provider)
        response = ask_wsgi(app, path, seen.worked)
    assert response.status_code == 200
    places = PLACES + ["body"] * PIECES.get(path, 0)
    assert sorted(seen) == sorted((place, TRACE) for place in places)
    spans = [span for span in exporter.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    assert [format(span.context.trace_id, "032x") for span in spans] == [TRACE]
