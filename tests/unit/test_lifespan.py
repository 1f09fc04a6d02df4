"""What runs beside the server."""

import asyncio

from microdot import Microdot, _lifespan
from microdot.test_client import TestClient
from support import raises


def make(order):
    """Return an application that writes into a list what happens to it."""
    app = Microdot()

    @app.on_startup
    async def first():
        await asyncio.sleep(0)
        order.append("first")

    @app.on_startup
    def second():
        order.append("second")

    @app.task
    async def work():
        order.append("task")
        try:
            await asyncio.sleep(60)
        finally:
            order.append("cancelled")

    @app.on_shutdown
    async def last():
        order.append("last")

    @app.on_shutdown
    def before_the_last():
        order.append("before")

    @app.get("/")
    async def index(request):
        return "hello"

    return app


ORDER = ["first", "second", "task", "cancelled", "before", "last"]


async def test_the_client_runs_it():
    order = []
    app = make(order)
    async with TestClient(app) as client:
        assert order[:2] == ["first", "second"]
        await asyncio.sleep(0.01)
        assert order == ORDER[:3]
        assert (await client.get("/")).text == "hello"
    assert order == ORDER
    assert (await TestClient(app).get("/")).text == "hello"
    assert order == ORDER
    async with TestClient(app):
        await asyncio.sleep(0.01)
    assert order == ORDER * 2


async def test_nothing_to_run():
    app = Microdot()
    async with TestClient(app):
        assert app.lifespan is None


async def test_own_server_runs_it():
    order = []
    app = make(order)
    server = asyncio.create_task(app.start_server("127.0.0.1", 0))
    while "task" not in order:
        await asyncio.sleep(0.01)
    app.shutdown()
    await server
    assert order == ORDER


async def test_two_servers_share_it():
    order = []
    app = make(order)
    tasks = [asyncio.create_task(app.start_server("127.0.0.1", 0)) for _ in range(2)]
    while "task" not in order or len(app.servers) < 2:
        await asyncio.sleep(0.01)
    app.servers[0].close()
    while len(app.servers) > 1:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert order == ORDER[:3]
    app.shutdown()
    for task in tasks:
        await task
    assert order == ORDER


async def test_an_exception_at_the_start_stops_the_server():
    app = Microdot()
    seen = []

    @app.on_startup
    async def fail():
        raise ValueError("no sensor")

    @app.task
    async def work():
        seen.append("task")

    @app.on_shutdown
    async def end():
        seen.append("end")

    with raises(ValueError):
        await app.start_server("127.0.0.1", 0)
    assert app.servers == [] and seen == []
    with raises(ValueError):
        async with TestClient(app):
            seen.append("client")
    assert seen == []


async def test_a_task_that_fails_starts_again():
    app = Microdot()
    runs = []
    pauses = _lifespan.FIRST_PAUSE
    _lifespan.FIRST_PAUSE = 0.01

    @app.task
    async def work():
        runs.append(len(runs))
        if len(runs) == 1:
            raise ValueError("of a task")
        if len(runs) == 2:
            raise MemoryError("of a task")
        if len(runs) == 3:
            raise asyncio.CancelledError  # of something that it waited for

    try:
        async with TestClient(app):
            while len(runs) < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
    finally:
        _lifespan.FIRST_PAUSE = pauses
    assert runs[:3] == [0, 1, 2]
    assert len(runs) <= 4  # one that returns has ended


class Clock:
    """A clock whose first times do not fit into memory."""

    def __init__(self, failures):
        self.failures = failures

    def time(self):
        if self.failures:
            self.failures -= 1
            raise MemoryError("no room for the time")
        return 0


async def test_a_task_survives_times_without_memory():
    for fails in (False, True):  # the task itself, too
        app = Microdot()
        runs = []
        pauses, clock = _lifespan.FIRST_PAUSE, _lifespan.time
        _lifespan.FIRST_PAUSE = 0.01

        @app.task
        async def work(fails=fails, runs=runs):
            runs.append(len(runs))
            if fails and len(runs) == 1:
                _lifespan.time.failures = 3
                raise MemoryError("of a task")

        _lifespan.time = Clock(0 if fails else 3)
        try:
            async with TestClient(app):
                for _ in range(1000):
                    if len(runs) > fails:
                        break
                    await asyncio.sleep(0.01)
        finally:
            _lifespan.FIRST_PAUSE, _lifespan.time = pauses, clock
        assert runs == list(range(1 + fails))


async def test_a_task_added_later():
    app = Microdot()
    seen = []

    @app.task
    async def first():
        seen.append("first")

        @app.task
        async def second():
            seen.append("second")

    async with TestClient(app):
        while len(seen) < 2:
            await asyncio.sleep(0)
    assert seen == ["first", "second"]


async def test_a_task_that_does_not_end_is_left():
    app = Microdot()
    app.shutdown_timeout = 0.1
    seen = []
    stop = asyncio.Event()

    @app.task
    async def stubborn():
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                seen.append("cancelled")

    @app.on_shutdown
    def end():
        seen.append("end")
        raise ValueError("for the log")

    async with TestClient(app):
        await asyncio.sleep(0.01)
    assert seen == ["cancelled", "end"]
    stop.set()
    await asyncio.sleep(0.01)


async def test_a_task_that_has_not_begun_is_cancelled():
    app = Microdot()
    app.shutdown_timeout = 30
    seen = []

    @app.task
    async def work():
        seen.append("task")

    async def run():
        async with TestClient(app):
            pass

    await asyncio.wait_for(run(), 10)


async def test_mounted_applications():
    order = []
    app = Microdot()
    part = make(order)
    app.mount(part, "/a")
    app.mount(part, "/b", local=True)
    async with TestClient(app):
        await asyncio.sleep(0.01)
    assert order == ORDER


async def test_the_first_requests_wait_for_one_start():
    order = []
    lifespan = make(order).lifespan
    for task in [asyncio.create_task(lifespan.start_once()) for _ in range(3)]:
        await task
    await asyncio.sleep(0.01)
    assert order == ORDER[:3]
    await lifespan.stop()
    assert order == ORDER


async def test_a_start_that_failed_is_tried_again():
    app = Microdot()
    seen = []

    @app.on_startup
    async def start():
        seen.append("start")
        if len(seen) == 1:
            raise ValueError("once")

    with raises(ValueError):
        await app.lifespan.start_once()
    await app.lifespan.start_once()
    assert seen == ["start", "start"]
