import asyncio

from microdot import Microdot, Request, abort
from microdot.test_client import TestClient


async def test_runs_after_the_response():
    app = Microdot()
    order = []

    async def work(name):
        await asyncio.sleep(0)
        order.append(name)

    async def fail():
        raise ValueError("of the background work")

    @app.get("/")
    async def index(request):
        request.background(work("first"))
        request.background(fail())
        request.background(work("second"))
        order.append("handler")
        return body()

    def body():
        yield "a"
        order.append("body")

    @app.get("/abort")
    async def stop(request):
        request.background(work("after an error"))
        abort(409)

    client = TestClient(app)
    assert (await client.get("/")).text == "a"
    assert order == ["handler", "body", "first", "second"]
    assert (await client.get("/abort")).status_code == 409
    assert order[-1] == "after an error"


async def test_tasks_are_known_until_they_end():
    app = Microdot()
    assert app.background_tasks == []
    go = asyncio.Event()

    async def work():
        await go.wait()

    request = Request(app, None, "GET", "/", "1.1", {})
    request.background(work())
    request.background(work())
    request.start_background()
    request.start_background()
    tasks = app.background_tasks
    assert len(tasks) == 2
    await asyncio.sleep(0)
    go.set()
    while app.background_tasks:
        await asyncio.sleep(0)
    assert Microdot().background_tasks is not app.background_tasks


async def test_a_cancelled_task_is_forgotten():
    app = Microdot()

    async def work():
        await asyncio.sleep(100)

    request = Request(app, None, "GET", "/", "1.1", {})
    request.background(work())
    request.start_background()
    await asyncio.sleep(0)
    app.background_tasks[0].cancel()
    while app.background_tasks:
        await asyncio.sleep(0)


async def test_body_limit_of_a_route():
    app = Microdot()

    async def size(request):
        total = 0
        while True:
            data = await request.stream.read(200)
            if not data:
                return str(total)
            total += len(data)

    app.post("/usual")(size)
    app.post("/less", max_content_length=10)(size)
    app.route("/more", ["POST", "PUT"], max_content_length=900)(size)
    app.add_route("/added", size, ["POST"], max_content_length=10)
    sub = Microdot()
    sub.post("/more", max_content_length=900)(size)
    app.mount(sub, "/sub")
    client = TestClient(app)
    Request.max_content_length = 300
    Request.max_body_length = 100
    try:
        for path, limit in (("/usual", 300), ("/less", 10), ("/more", 900), ("/added", 10), ("/sub/more", 900)):
            assert (await client.post(path, body=b"x" * limit)).text == str(limit), path
            assert (await client.post(path, body=b"x" * (limit + 1))).status_code == 413, path
            # what announces no length, or a wrong one, is counted
            res = await client.post(path, {"Content-Length": "0"}, b"x" * (limit + 1))
            assert res.status_code == 413, path
        assert (await client.put("/more", body=b"x" * 900)).text == "900"
    finally:
        Request.max_content_length = 16 * 1024
        Request.max_body_length = 16 * 1024
