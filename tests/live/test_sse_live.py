"""Server-sent events over real connections: the counter example under each server."""

import http.client
import json

import pytest

from live.servers import ALL, EXAMPLES, serve
from wire.server import reset, wait_until


@pytest.fixture(scope="module", params=ALL)
def counter(request):
    with serve(request.param, EXAMPLES / "sse_counter" / "app.py") as running:
        yield running
        assert not running.complaints(), running.log()[-2000:]


class EventSource:
    """A client of an event stream."""

    def __init__(self, port, path="/events", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", path, headers=headers or {})
        self.sock = self.connection.sock
        self.response = self.connection.getresponse()
        self.headers = self.response.headers

    def event(self):
        """Return the next event as a dict of its fields; comments are left out."""
        fields = {}
        while True:
            line = self.response.readline().decode()
            assert line, "the stream has ended"
            line = line.rstrip("\n")
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            if name and name != ":":
                fields[name] = value

    def close(self):
        self.response.close()
        self.connection.close()


def value(event):
    assert event["event"] == "counter"
    data = json.loads(event["data"])["value"]
    assert event["id"] == str(data)
    return data


def test_events_reach_all_clients(counter):
    clients = [EventSource(counter.port) for _ in range(3)]
    for client in clients:
        assert client.response.status == 200
        assert client.headers["content-type"] == "text/event-stream"
        assert client.headers["cache-control"] == "no-cache"
        assert client.headers["x-accel-buffering"] == "no"
    start = {value(client.event()) for client in clients}.pop()
    for number in range(start + 1, start + 4):
        assert json.loads(counter.get("/count", "POST").body) == {"value": number}
        assert [value(client.event()) for client in clients] == [number] * 3
    for client in clients:
        client.close()


def test_lost_clients_are_noticed(counter):
    client = EventSource(counter.port)
    client.event()
    client.close()
    assert wait_until(lambda: counter.get("/").status == 200)
    before = counter.sockets()
    for abort in (False, True):
        clients = [EventSource(counter.port) for _ in range(5)]
        for client in clients:
            client.event()
        assert counter.sockets() > before
        for client in clients:
            if abort:
                reset(client.sock)
            client.close()
        assert wait_until(lambda: counter.sockets() <= before), counter.open_files()


def test_the_stream_begins_at_once(counter):
    client = EventSource(counter.port, headers={"Last-Event-ID": "1"})
    assert client.response.status == 200  # though nobody counts
    client.close()


def test_head(counter):
    response = counter.get("/events", "HEAD")
    assert response.status == 200 and response.headers["content-type"] == "text/event-stream"
