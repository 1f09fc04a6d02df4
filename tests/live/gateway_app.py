"""One application for every server: `asgi` and `wsgi` are it with middleware around, `app` is it alone."""

import asyncio
import hashlib
import time

from microdot import Microdot, Request, redirect
from microdot.reverse import url_for
from microdot.sse import with_sse
from microdot.websocket import with_websocket

Request.max_content_length = None
app = Microdot()
events = []


@app.get("/")
async def index(request):
    return "hello"


@app.route("/seen/<path:rest>", methods=["GET", "POST"])
def seen(request, rest):
    return {
        "rest": rest, "path": request.path, "url": request.url, "args": dict(request.args), "method": request.method,
        "client": request.client_addr, "scheme": request.scheme, "version": request.http_version,
        "link": url_for(request, "seen", rest=rest),
    }  # fmt: skip


@app.get("/private")
def private(request):
    return "secret"


@app.get("/redirect")
async def to_the_cafe(request):
    return redirect(url_for(request, "seen", rest="café au lait") + "?to=ż")


@app.route("/body", methods=["GET", "POST"])
def body(request):
    events.append(f"body of {len(request.body)}")
    return {"size": len(request.body), "type": request.content_type, "text": request.body[:100].decode("latin-1")}


@app.post("/stream")
async def stream(request):
    size, digest = 0, hashlib.sha256()
    while data := await request.stream.read(65536):
        size += len(data)
        digest.update(data)
    events.append(f"stream of {size}")
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/count")
async def count(request):
    async def numbers():
        for number in range(5):
            await asyncio.sleep(0)
            yield str(number)

    return numbers()


@app.get("/download")
async def download(request):
    piece = bytes(range(256)) * 256
    if request.args.get("length"):
        return piece * 320

    def pieces():
        for _ in range(320):
            yield piece

    return pieces()


@app.get("/ticks/<kind>")
async def ticks(request, kind):
    def make():
        try:
            while True:
                time.sleep(0.02)
                yield "tick\n" * 100
        finally:
            events.append("ticks end")

    async def make_in_loop():
        try:
            while True:
                await asyncio.sleep(0.02)
                yield "tick\n" * 100
        finally:
            events.append("ticks end")

    return make() if kind == "def" else make_in_loop()


@app.get("/news")
@with_sse
async def news(request, sse):
    number = 0
    try:
        while True:
            await sse.send({"number": number}, event="news")
            number += 1
            await asyncio.sleep(0.02)
    finally:
        events.append("news end")


@app.get("/fail")
def fail(request):
    raise ValueError("private")


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


@app.get("/background")
async def background(request):
    async def work():
        print("work begins", flush=True)
        await asyncio.sleep(1)
        print("work ends", flush=True)

    request.background(work())
    return "started"


@app.get("/slow")
def slow(request):
    print("slow begins", flush=True)
    time.sleep(0.2)
    return "done"


@app.get("/events")
def get_events(request):
    return events


# The middleware: /mounted and /again serve the application below them, in the two ways of ASGI middleware; /rewritten
# is another path and query by the time that the application sees it; and nobody may see /private.


async def asgi(scope, receive, send):
    """Serve the application under an ASGI server."""
    path = scope.get("path", "")
    if path.startswith("/mounted/"):
        scope = dict(scope, root_path=scope.get("root_path", "") + "/mounted")
    elif path.startswith("/again/"):
        scope = dict(scope, root_path=scope.get("root_path", "") + "/again", path=path.removeprefix("/again"))
    elif path in ("/rewritten", "/private"):
        scope = dict(scope, path="/seen/by middleware/%41", query_string=b"by=middleware")
    await app(scope, receive, send)


def wsgi(environ, start_response):
    """Serve the application under a WSGI server."""
    path = environ["PATH_INFO"]
    for prefix in ("/mounted", "/again"):
        if path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"] += prefix
            environ["PATH_INFO"] = path.removeprefix(prefix)
    if path in ("/rewritten", "/private"):
        environ["PATH_INFO"], environ["QUERY_STRING"] = "/seen/by middleware/%41", "by=middleware"
    return app(environ, start_response)


if __name__ == "__main__":
    from wsgiref.simple_server import WSGIServer, make_server
    from wsgiref.validate import validator

    WSGIServer.request_queue_size = 64
    make_server("127.0.0.1", 0, validator(wsgi)).serve_forever()
