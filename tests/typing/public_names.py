"""A program that uses the public names that `program.py` does not; strict checkers find nothing wrong with it."""

import datetime
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import microdot.asgi
import microdot.jinja
import microdot.server
import microdot.utemplate
import microdot.wsgi
from microdot import Microdot, Request, Response, device, errors, passwords, redis, threads, tokens
from microdot.auth import compare_digest
from microdot.checks import REQUIRED, CheckError, Field, Fields, json_errors, with_form, with_json, with_query
from microdot.defaults import HTMLPages, json_type
from microdot.health import Health
from microdot.hosts import AllowedHosts
from microdot.jsondata import dump_json, parse_json
from microdot.login import Login, is_local, wants_page
from microdot.logs import ACCESS_FORMATS, AccessLog, RequestID, configure_logs, request_id
from microdot.metrics import Metrics
from microdot.microdot import (
    MUTED_SOCKET_ERRORS,
    HTTPException,
    MultiDict,
    NoCaseDict,
    invoke_handler,
    mro,
    print_exception,
    urldecode,
    urlencode,
)
from microdot.multipart import FileUpload, FormDict
from microdot.proxies import ProxyHeaders
from microdot.pubsub import PubSub, PubSubError, Subscription
from microdot.reverse import url_for
from microdot.secure import HTTPSRedirect, SecurityHeaders
from microdot.session import get_extension
from microdot.sse import SSE, format_comment, format_event, sse_response
from microdot.test_client import StreamedResponse, TestClient, encode_multipart
from microdot.test_client.transport import TestTransport
from microdot.testing import SyncStreamedResponse, SyncTestClient, SyncWebSocket, WebSocketRefused
from microdot.throttle import network
from microdot.uploads import save_body, save_stream
from microdot.websocket import PING_SECONDS, WebSocket, websocket_upgrade


class Middleware:
    """WSGI middleware."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body: Iterable[bytes] = self.app(environ, start_response)
        return body


class ASGIMiddleware:
    """ASGI middleware."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


wsgi_app = microdot.wsgi.Microdot()
wsgi_app.wsgi_app = Middleware(wsgi_app.wsgi_app)
asgi_app = microdot.asgi.Microdot()
asgi_app.asgi_app = ASGIMiddleware(asgi_app.asgi_app)
app = Microdot()
login = Login()
hub: PubSub = redis.RedisPubSub("redis://localhost")
AllowedHosts(app, hosts=["example.com"])
proxies = ProxyHeaders(app, trusted=["10.0.0.0/8"], host=True)
json_errors(app)
fields = Fields([Field("name", str, REQUIRED), Field("age", int, None)])


@app.get("/user")
async def user(request: Request) -> str:
    user = await login.get_current_user(request)
    return str(user) if wants_page(request) and is_local(request.path) else ""


@app.after_request
def headers(request: Request, response: Response) -> None:
    response.headers.update({"X-Frame-Options": "DENY"})
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("X-Powered-By", None)
    if "Server" in response.headers:
        del response.headers["Server"]
    response.headers["X-User"] = "susan"


@app.post("/json")
@with_json(fields)
async def checked_json(request: Request, data: dict[str, Any]) -> str:
    return str(data["name"])


@app.post("/form")
@with_form(fields)
async def checked_form(request: Request, data: dict[str, Any]) -> str:
    raise CheckError({"name": "is taken"})


@app.get("/query")
@with_query(fields)
async def checked_query(request: Request, data: dict[str, Any]) -> str:
    return url_for(request, "user", tab=1) + network("10.0.0.1")


@app.get("/error")
async def error(request: Request) -> Response:
    try:
        raise HTTPException(409, "taken", {"Retry-After": "1"})
    except errors.HTTPException as error:
        assert errors.is_http_error(error)
        print_exception(error)
        errors.check_status(error.status_code)
        return Response(errors.error_text(409) + errors.reason_phrase(409), 409)


@app.errorhandler(errors.MalformedJSON)
async def malformed(request: Request, error: errors.MalformedJSON) -> str:
    return str(error.reason)


@app.errorhandler(errors.MissingField)
async def missing(request: Request, error: errors.MissingField) -> str | None:
    return error.reason


@app.get("/page")
async def page(request: Request) -> str:
    microdot.jinja.Template.initialize("templates", enable_async=True)
    one = microdot.jinja.Template("page.html").render(name="susan")
    return one + microdot.utemplate.Template("page.html").render(microdot.utemplate.escape("<susan>"))


@app.get("/pieces")
async def pieces(request: Request) -> Iterator[str]:
    return microdot.utemplate.Template("page.html").generate("susan")


@app.get("/events")
async def events(request: Request) -> Response:
    async def send(request: Request, sse: SSE) -> None:
        await sse.send(format_comment("x") + format_event({"n": 1}, event="n", event_id="1", retry=2))
        async with hub.subscribe("news") as subscription:
            await subscription.send_to(sse)

    return sse_response(request, send)


@app.get("/socket")
async def socket(request: Request) -> Response:
    ws: WebSocket = await websocket_upgrade(request)
    await ws.send(str(PING_SECONDS))
    return Response.already_handled


@app.get("/news")
async def news(request: Request) -> str:
    try:
        await hub.publish("news", "text")
        subscription: Subscription
        async with hub.subscribe("news") as subscription:
            message = await subscription.get(timeout=1)
            return str(message) + str(subscription.dropped)
    except redis.RedisUnavailable:
        return "later"
    except PubSubError as error:
        return str(error)


@app.put("/upload")
async def upload(request: Request) -> dict[str, int]:
    size: int = await save_body(request, "file")
    return {"size": size + await save_stream(request.stream.read, "other")}


@app.post("/form-data")
async def form_data(request: Request) -> str:
    form = request.form
    assert isinstance(form, (FormDict, MultiDict))
    for file in request.files.values() if request.files else []:
        if isinstance(file, FileUpload):
            await file.save("file")
    name: str = form["name"]
    return name


async def keep_password(password: str) -> bool:
    stored: str = await passwords.hash_password(password, iterations=passwords.ITERATIONS)
    key: bytes = await passwords.pbkdf2(password, "salt", 1000)
    return await passwords.verify_password(password, stored) and bool(key)


def sign(payload: dict[str, Any]) -> dict[str, Any] | None:
    token: str = tokens.encode_token(payload, "key", "purpose")
    assert compare_digest("a", "a") and tokens.compare_digest(b"a", tokens.to_bytes("a"))
    assert tokens.is_within(tokens.unix_time() + 5, 10)
    text: str = tokens.random_text() + tokens.keyed_hash("text", "key", "purpose") + tokens.to_json(payload)
    digest: bytes = tokens.hmac_sha256(b"key", text.encode()) + tokens.hmac_pads(b"key")[0]
    assert digest and not payload.get(tokens.RESERVED)
    return tokens.decode_token(token, ["key"], "purpose")


async def serve() -> None:
    server: microdot.server.Server = await app.start_server(start_serving=False)
    async with server:
        await server.serve_forever()
    assert microdot.server.TICK_MS


async def test() -> None:
    async with TestClient(app) as client:
        response: StreamedResponse = await client.stream("GET", "/events")
        async with response:
            async for chunk in response:
                print(chunk)
    content_type, body = encode_multipart({"name": "susan"}, {"file": b"content"})
    transport = TestTransport(body)
    headers = NoCaseDict({"Content-Type": content_type}) | {"Host": "example.com"}
    request = Request(app, ("127.0.0.1", 1), "POST", "/" + urlencode("a b"), "1.1", headers, transport=transport)
    await app.serve_request(request)
    await invoke_handler(user, request)
    print(transport.response, mro(Response), urldecode("a=b"), MUTED_SOCKET_ERRORS, parse_json(dump_json({})))
    print(get_extension(request))


def test_without_await() -> None:
    client: SyncTestClient
    with TestClient(app) as client:
        text: str | None = client.get("/", follow_redirects=True).text
        stream: SyncStreamedResponse
        with client.stream("GET", "/events") as stream:
            print(text, next(stream.events()), list(stream))
        socket: SyncWebSocket
        try:
            with client.websocket("/socket", subprotocols=["chat"]) as socket:
                socket.send("x")
                message: str | bytes = socket.receive()
                print(message, socket.close_code)
        except WebSocketRefused as refused:
            print(refused.response.status_code)


def observe() -> None:
    configure_logs(app, access="json", level="DEBUG")
    RequestID(app, header="X-Request-ID", trusted=["10.0.0.0/8"])
    AccessLog(app, format=list(ACCESS_FORMATS)[0])
    identifier: str | None = request_id()
    figures: bytes = Metrics(app, allowed=lambda request: bool(identifier)).collect()
    print(figures)
    HTTPSRedirect(app, exempt=["/health"])
    SecurityHeaders(app, hsts=60, frames=None)
    HTMLPages(app)
    json_type(datetime.date, lambda value: str(value))


health = Health(app, timeout=2.5)


@health.check
async def database() -> bool:
    return True


def run_on_a_board() -> None:
    device.settings.save({"name": "kitchen"})
    print(device.wifi, device.start_error(), device.status(), device.clock_is_set(), device.secret(), device.log)
    device.restart()
    device.run(app)


threads.handlers.size = threads.streams.size = threads.files.size = 20
pool = threads.Threads(4, "mine")
microdot.asgi.serve(app, {}, None, None)
microdot.wsgi.serve(app, {}, print)
