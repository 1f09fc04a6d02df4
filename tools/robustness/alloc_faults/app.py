"""The application whose allocations fail, on the MicroPython of the tool: `app.py PORT [CERT KEY]`."""

import asyncio
import sys

import faults

from microdot import Microdot, send_file
from microdot.multipart import with_form_data
from microdot.sse import with_sse
from microdot.websocket import with_websocket

app = Microdot()
app.debug = True  # each response writes a line
app.max_connections = 6
app.place_timeout = 0.5
app.head_timeout = app.body_timeout = app.idle_timeout = app.write_timeout = 0.25


@app.get("/")
async def hello(request):
    return "hello"


@app.get("/arm/<int:n>/<int:count>")
async def arm(request, n, count):
    faults.arm(n, count)
    return "armed"


@app.get("/state")
async def state(request):
    """The allocations since /arm, the places taken besides this connection's, and the server's clock."""
    counted = faults.disarm()
    server = request.app.server
    return [counted, len([c for c in server.connections if c is not request.transport]), server.clock]


@app.get("/user/<int:number>/<name>")
async def user(request, number, name):
    return {"number": number, "name": name, "args": request.args.getlist("x"), "cookies": request.cookies}


@app.post("/form")
async def form(request):
    return "|".join([key + "=" + request.form[key] for key in sorted(request.form)])


@app.post("/json")
async def json(request):
    return {"got": request.json}


@app.post("/parts")
@with_form_data
async def parts(request):
    return [len(request.form), len(request.files)]


@app.post("/upload")
async def upload(request):
    size = 0
    while True:
        piece = await request.stream.read(512)
        if not piece:
            return str(size)
        size += len(piece)


@app.get("/file")
async def file(request):
    return send_file(__file__)


@app.get("/generated")
async def generated(request):
    return ("line %d\n" % number for number in range(5))


@app.get("/large")
async def large(request):
    return b"x" * 100000


@app.get("/fail")
async def fail(request):
    raise ValueError("the handler's")


@app.get("/late")
async def late(request):
    """Answer when the client has left, and leave work behind."""
    request.background(asyncio.sleep(0))
    await asyncio.sleep(0.05)
    return "late"


@app.get("/events")
@with_sse
async def events(request, sse):
    for number in range(3):
        await sse.send({"number": number}, event="tick")
        await asyncio.sleep(0.01)


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


def main(port, certificate=None, key=None):
    context = None
    if key:
        import tls

        context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
        with open(certificate, "rb") as certificate, open(key, "rb") as key:
            context.load_cert_chain(certificate.read(), key.read())
    app.run("127.0.0.1", int(port), debug=True, ssl=context)


main(*sys.argv[1:])
