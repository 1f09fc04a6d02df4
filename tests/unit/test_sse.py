import asyncio
import sys

from microdot import Microdot, Request
from microdot._compat import invoke_handler
from microdot._datastructures import NoCaseDict
from microdot._queues import QueueClosed
from microdot.sse import format_comment, format_event, sse_response, with_sse
from microdot.test_client import TestClient
from support import raises


def test_wire_format():
    assert format_event("hi") == b"data: hi\n\n"
    assert format_event("hi", "greeting", "7", 1.5) == b"retry: 1500\nevent: greeting\nid: 7\ndata: hi\n\n"
    assert format_event({"a": 1}) == b'data: {"a": 1}\n\n'
    assert format_event([1, 2]) == b"data: [1, 2]\n\n"
    assert format_event("gr\u00fcn") == format_event("gr\u00fcn".encode()) == b"data: gr\xc3\xbcn\n\n"
    assert format_event(5) == b"data: 5\n\n"
    assert format_event(bytearray(b"raw")) == b"data: raw\n\n"
    assert format_event("", event_id="") == b"id: \ndata: \n\n"
    assert format_comment("note") == b": note\n\n"


def test_lines_stay_in_their_field():
    for text in ("a\nb", "a\rb", "a\r\nb"):
        assert format_event(text) == b"data: a\ndata: b\n\n"
        assert format_comment(text) == b": a\n: b\n\n"
    assert format_event("a\n\nevent: x\n") == b"data: a\ndata: \ndata: event: x\ndata: \n\n"


def test_names_and_ids_are_one_line():
    for value in ("a\nb", "a\rb", "a\0b"):
        with raises(ValueError):
            format_event("x", value)
        with raises(ValueError):
            format_event("x", event_id=value)


def make_app(handler, **options):
    app = Microdot()
    app.get("/<name>")(with_sse(**options)(handler) if options else with_sse(handler))
    return app


async def test_events_until_the_handler_ends():
    async def handler(request, sse, name):
        await sse.send("hello " + name, event="greeting", event_id="1")
        await sse.send({"n": 2})
        await sse.send("left out", comment=True)

    response = await TestClient(make_app(handler)).get("/you")
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert [event["data"] for event in response.events] == [b"hello you", b'{"n": 2}']
    assert (response.events[0]["event"], response.events[0]["event_id"]) == ("greeting", "1")


async def test_last_event_id():
    async def handler(request, sse, name):
        await sse.send(repr(sse.last_event_id))

    client = TestClient(make_app(handler))
    assert (await client.get("/x")).events[0]["data"] == b"None"
    assert (await client.get("/x", headers={"Last-Event-ID": "41"})).events[0]["data"] == b"'41'"


def body_of(handler, transport=None, app=None, **options):
    """Return the body of the response that *handler* makes, to be read piece by piece."""
    request = Request(app or Microdot(), None, "GET", "/", "1.1", NoCaseDict({}), b"", transport=transport)
    return sse_response(request, handler, **options).body


async def test_the_first_piece_comes_at_once():
    async def handler(request, sse):
        await asyncio.sleep(60)

    body = body_of(handler)
    assert await body.__anext__() == b":\n\n"
    await body.aclose()


async def test_a_lost_client_cancels_the_handler():
    ended = asyncio.Event()

    async def handler(request, sse):
        try:
            await sse.send("first")
            await asyncio.sleep(60)
        finally:
            ended.set()

    body = body_of(handler)
    assert await body.__anext__() == b"data: first\n\n"
    await body.aclose()
    await asyncio.wait_for(ended.wait(), 5)


async def test_nothing_runs_if_the_body_is_not_read():
    async def handler(request, sse, name):
        raise AssertionError("HEAD must not run the handler")

    response = await TestClient(make_app(handler)).request("HEAD", "/x")
    assert response.headers["Content-Type"] == "text/event-stream" and not response.body


async def test_keep_alive_comments():
    async def handler(request, sse):
        await sse.send("first")
        await asyncio.sleep(60)

    body = body_of(handler, keep_alive=0.01)
    assert await body.__anext__() == b"data: first\n\n"
    assert await body.__anext__() == b":\n\n"
    assert await body.__anext__() == b":\n\n"
    await body.aclose()


class Clock:
    """A transport of which nothing is wanted but its clock."""

    has_body = False
    watch = None


async def test_keep_alive_comments_by_the_clock_of_the_server():
    async def handler(request, sse):
        await sse.send("first")
        await event.wait()
        await sse.send("second")
        await asyncio.sleep(60)

    event = asyncio.Event()
    clock = Clock()
    body = body_of(handler, clock, keep_alive=2)
    assert await body.__anext__() == b"data: first\n\n"
    assert clock.watch is body
    for _ in range(2):
        piece = asyncio.create_task(body.__anext__())
        for _ in range(7):
            await asyncio.sleep(0)
            assert not piece.done()
            clock.watch.look()
        await asyncio.sleep(0)
        assert not piece.done()
        clock.watch.look()  # the eighth quarter of a second
        assert await piece == b":\n\n"
    piece = asyncio.create_task(body.__anext__())
    await asyncio.sleep(0)
    for _ in range(7):
        clock.watch.look()
    event.set()
    assert await piece == b"data: second\n\n"
    piece = asyncio.create_task(body.__anext__())
    await asyncio.sleep(0)
    clock.watch.look()  # counts from that event on
    await asyncio.sleep(0)
    assert not piece.done()
    piece.cancel()
    await body.aclose()
    assert clock.watch is None


async def test_a_comment_comes_after_15_seconds():
    async def handler(request, sse):
        await sse.send("first")
        await asyncio.sleep(60)

    clock = Clock()
    request = Request(Microdot(), None, "GET", "/", "1.1", {}, transport=clock)
    for response in (sse_response(request, handler), await with_sse(handler)(request)):
        body = response.body
        assert await body.__anext__() == b"data: first\n\n"
        piece = asyncio.create_task(body.__anext__())
        await asyncio.sleep(0)
        for _ in range(59):  # quarters of a second
            clock.watch.look()
        await asyncio.sleep(0)
        assert not piece.done()
        clock.watch.look()
        assert await piece == b":\n\n"
        await body.aclose()


async def test_no_comment_follows_an_event_that_waits():
    async def handler(request, sse):
        await sse.send("first")
        await sse.send("second")

    clock = Clock()
    body = body_of(handler, clock, keep_alive=2)
    assert await body.__anext__() == b"data: first\n\n"
    for _ in range(20):
        clock.watch.look()
    assert await body.__anext__() == b"data: second\n\n"
    with raises(StopAsyncIteration):
        await body.__anext__()


async def test_no_keep_alive_comments():
    async def handler(request, sse):
        await sse.send("first")
        await asyncio.sleep(60)

    clock = Clock()
    body = body_of(handler, clock, keep_alive=None)
    assert await body.__anext__() == b"data: first\n\n"
    assert clock.watch is None
    await body.aclose()


async def test_slow_clients_hold_the_handler_up():
    sent = []

    async def handler(request, sse):
        for i in range(10):
            await sse.send(str(i))
            sent.append(i)

    body = body_of(handler, queue_size=2)
    assert await body.__anext__() == b"data: 0\n\n"
    await asyncio.sleep(0.01)
    assert len(sent) <= 3
    rest = b""
    async for piece in body:
        rest += piece
    assert rest.count(b"data") == 9


async def test_slow_clients_lose_the_oldest():
    dropped = []

    async def handler(request, sse):
        for i in range(10):
            await sse.send(str(i))
        dropped.append(sse.dropped)

    body = body_of(handler, queue_size=2, overflow="drop")
    assert await body.__anext__() == b"data: 8\n\n"
    assert await body.__anext__() == b"data: 9\n\n"
    with raises(StopAsyncIteration):
        await body.__anext__()
    assert dropped == [8]


async def test_slow_clients_are_given_up():
    failed = []

    async def handler(request, sse):
        try:
            for i in range(10):
                await sse.send(str(i))
        except QueueClosed:
            failed.append(i)
            raise

    pieces = []
    async for piece in body_of(handler, queue_size=2, overflow="close"):
        pieces.append(piece)
    assert failed == [2] and len(pieces) == 2


async def test_exception_ends_the_events():
    async def handler(request, sse, name):
        await sse.send("before")
        raise RuntimeError("of the handler")

    response = await TestClient(make_app(handler)).get("/x")
    assert [event["data"] for event in response.events] == [b"before"]


class Reports:
    """An application, and a server, that keep what they are told of."""

    cancelled = False

    def __init__(self):
        self.reported = []
        self.ended = []
        self.app = Microdot()
        self.app.server = self
        self.app.report_exception = lambda request, error, handled=False: self.reported.append(error)

    def end(self, error):
        self.ended.append(error)


async def test_what_becomes_of_an_exception():
    errors = [ValueError("of the handler"), MemoryError(), KeyboardInterrupt()]
    if sys.implementation.name == "micropython" or hasattr(asyncio.current_task(), "cancelling"):
        errors.append(asyncio.CancelledError())  # of something that the handler waited for; Python 3.10 cannot tell
    for error in errors:

        async def handler(request, sse, error=error):
            await sse.send("before")
            raise error

        reports = Reports()
        pieces = []
        async for piece in body_of(handler, app=reports.app):
            pieces.append(piece)
        assert pieces == [b"data: before\n\n"]
        interrupted = isinstance(error, KeyboardInterrupt)
        assert reports.reported == ([] if interrupted else [error])
        assert reports.ended == ([error] if interrupted else [])


async def test_what_ends_the_program_passes_where_another_server_serves():
    """Only the framework's own server can end in order: elsewhere the exception goes on to the event loop."""
    errors = [KeyboardInterrupt()]
    if sys.implementation.name == "micropython":
        errors.append(SystemExit())  # a soft reset; on CPython one of the application is an error
    for error in errors:

        async def handler(request, sse, error=error):
            raise error

        reports = Reports()
        reports.app.server = None
        caught = None
        try:
            await body_of(handler, app=reports.app)._run()  # in no task, with which the event loop would end
        except BaseException as passed:
            caught = passed
        assert caught is error
        assert (reports.reported, reports.ended) == ([], [])


async def test_a_server_that_stops_ends_a_handler_without_a_word():
    tasks = []

    async def handler(request, sse):
        tasks.append(asyncio.current_task())
        await sse.send("before")
        await asyncio.sleep(60)

    reports = Reports()
    body = body_of(handler, app=reports.app)
    assert await body.__anext__() == b"data: before\n\n"
    reports.cancelled = True
    tasks[0].cancel()
    with raises(StopAsyncIteration):
        await body.__anext__()
    assert (reports.reported, reports.ended) == ([], [])


async def test_what_a_handler_raises_when_its_client_has_gone():
    for error in (None, ValueError("of the handler")):
        ended = asyncio.Event()

        async def handler(request, sse, error=error, ended=ended):
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
                if error:
                    raise error

        reports = Reports()
        body = body_of(handler, app=reports.app)
        await body.__anext__()
        await body.aclose()
        await asyncio.wait_for(ended.wait(), 10)
        await asyncio.sleep(0)
        assert reports.reported == ([error] if error else [])


async def test_handlers_keep_their_name():
    @with_sse
    async def counter(request, sse):
        pass

    assert await invoke_handler(counter, Request(Microdot(), None, "GET", "/", "1.1", NoCaseDict({}), b"")) is not None
    if hasattr(counter, "__wrapped__"):
        assert counter.__name__ == "counter"


def test_json_has_no_nan():
    for number in (float("nan"), float("-inf")):
        for data in ({"t": number}, [number]):
            with raises(ValueError) as caught:
                format_event(data)
            assert str(number) in str(caught.value)
