"""A program that uses the public API as applications do; mypy --strict and pyright must find nothing wrong with it."""

from collections.abc import AsyncIterator, Callable, Iterator

import microdot.asgi
import microdot.microdot
import microdot.wsgi
from microdot import (
    AsyncBytesIO,
    Microdot,
    Request,
    Response,
    URLPattern,
    abort,
    iscoroutine,
    redirect,
    send_file,
)
from microdot.auth import BasicAuth, TokenAuth
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.helpers import wraps
from microdot.login import Login
from microdot.multipart import FormDataIter, with_form_data
from microdot.pubsub import PubSub
from microdot.redis import RedisAttempts, RedisStore
from microdot.session import MemoryStore, Session, SessionDict, with_session
from microdot.sse import SSE, with_sse
from microdot.static import mount_static, send_from
from microdot.test_client import TestClient, TestResponse
from microdot.throttle import MemoryAttempts, Throttle
from microdot.websocket import WebSocket, WebSocketError, with_websocket

app = Microdot()
Request.max_content_length = 1024 * 1024
Request.max_content_length = None
app.head_timeout = app.body_timeout = app.write_timeout = app.idle_timeout = app.shutdown_timeout = 0.5
app.access_log = lambda request, response: print(request, response.status_code)
Response.default_content_type = "text/html"


@app.route("/", methods=["GET", "POST"])
def index(request: Request) -> str:
    name: str | None = request.args.get("name")
    page: int | None = request.args.get("page", 1, type=int)
    agent: str | None = request.headers.get("User-Agent")
    cookie: str | None = request.cookies.get("cookie")
    return f"{name} {page} {agent} {cookie} {request.path} {request.query_string}"


@app.get("/users/<int:number>")
async def user(request: Request, number: int) -> tuple[dict[str, int], int]:
    if number < 0:
        abort(404, "no such user")
    return {"number": number}, 200


@app.post("/json")
async def json(request: Request) -> Response:
    if request.json is None or request.form:
        return redirect("/")
    response = Response({"you sent": request.json}, 201, {"X-Header": "value"})
    response.set_cookie("name", "value", path="/", max_age=60, http_only=True, same_site="Lax")
    response.delete_cookie("other", path="/")
    return response


@app.put("/body")
async def body(request: Request) -> bytes:
    data: bytes = await request.stream.read(100)
    return data + request.body


@app.delete("/stream")
def stream(request: Request) -> Iterator[str]:
    yield "one"


@app.patch("/stream")
async def numbers(request: Request) -> AsyncIterator[bytes]:
    async def generate() -> AsyncIterator[bytes]:
        yield b"one"

    return generate()


@app.query("/file")
def file(request: Request) -> Response:
    return send_from("files", request.path, max_age=60) or send_file("file.txt", max_age=60)


@app.before_request
async def before(request: Request) -> None:
    request.g.user = "susan"


@app.after_request
def after(request: Request, response: Response) -> Response:
    response.headers["X-User"] = request.g.user
    return response


@app.after_error_request
def after_error(request: Request | None, response: Response) -> None:
    response.vary("Origin")


@app.errorhandler(404)
def not_found(request: Request) -> tuple[str, int]:
    return "not found", 404


@app.errorhandler(ValueError)
async def value_error(request: Request, error: ValueError) -> tuple[str, int]:
    return str(error), 400


async def startup(scope: dict[str, object]) -> None:
    print(scope)


asgi_app = microdot.asgi.Microdot(lifespan_startup=startup)
wsgi_app = microdot.wsgi.Microdot()
app.mount(asgi_app, url_prefix="/asgi", local=True)
app.mount(wsgi_app, "/wsgi")

mount_static(app, "/static", "public", max_age=3600)

URLPattern.register_type("hex", "[0-9a-f]+", parser=lambda value: int(value, 16))
assert URLPattern("/<hex:n>").match("/ff") == {"n": 255}
assert not iscoroutine(1)
assert AsyncBytesIO(b"x")

auth = BasicAuth(realm="Please login")
token_auth = TokenAuth()
session = Session(app, secret_key="secret")
login = Login(max_remember_days=30)
throttle = Throttle(account=(5, 60))
shared = Throttle(store=RedisAttempts("redis://localhost"))
broker = PubSub()
cors = CORS(app, allowed_origins=["https://example.com"])
csrf = CSRF(app, cors)


@app.get("/private")
@auth
async def private(request: Request) -> str:
    return str(request.g.current_user)


@auth.authenticate
async def check(request: Request, username: str, password: str) -> str | None:
    return username if password == "secret" else None


@token_auth.authenticate
def check_token(request: Request, token: str) -> str | None:
    return "user" if token == "secret" else None


@app.get("/session")
@with_session
async def visits(request: Request, session: SessionDict) -> str:
    session["visits"] = session.get("visits", 0) + 1
    session.save()
    return str(session["visits"])


@login.user_loader
async def load(user_id: str) -> object:
    return user_id


@login.user_version
async def version(user: object) -> str:
    return str(user)


@login.errorhandler
def not_admitted(request: Request) -> tuple[str, int] | None:
    return ("log in", 401) if request.path.startswith("/api/") else None


@app.post("/login")
async def log_in(request: Request) -> Response:
    name: str | None = request.form.get("name") if request.form else None
    await throttle.attempt(request, name)
    await throttle.succeed(request)
    return await login.login_user(request, object(), remember=7)


@app.post("/confirm")
async def confirm(request: Request) -> dict[str, object]:
    token: str = session.encode({"user": 7}, purpose="confirm", lifetime=3600)
    return session.decode(token, purpose="confirm", lifetime=3600)


stores = [Session(app, "secret", store=store, lifetime=60) for store in (MemoryStore(10), RedisStore())]
attempts = MemoryAttempts(size=64)


@app.get("/secret")
@login.fresh
@csrf.protect
async def secret(request: Request) -> str:
    return "secret"


@app.post("/hook")
@csrf.exempt
@token_auth.optional
def hook(request: Request) -> str:
    return str(request.g.current_user)


@app.get("/account")
@login
async def account(request: Request) -> str:
    return str(request.g.current_user)


@app.post("/upload")
@with_form_data
async def upload(request: Request) -> str:
    return str(request.files)


@app.post("/parts")
async def parts(request: Request) -> str:
    names = [name async for name, value in FormDataIter(request)]
    return ", ".join(names)


@app.get("/echo")
@with_websocket
async def echo(request: Request, ws: WebSocket) -> None:
    while True:
        await ws.send(await ws.receive())


@app.get("/chat")
@with_websocket(subprotocols=["chat"], allowed_origins=["https://example.com", None], ping_interval=20.5)
async def chat(request: Request, ws: WebSocket) -> None:
    ws.close_timeout = 0.5
    try:
        message: str | bytes = await ws.receive()
        await ws.send(message)
    except WebSocketError:
        print(ws.close_code, ws.close_reason)


@app.get("/news")
@with_sse(queue_size=2, overflow="drop", keep_alive=2.5)
async def news(request: Request, sse: SSE) -> None:
    async for item in broker.subscribe("news"):
        await sse.send(item)


@app.get("/events")
@with_sse
async def events(request: Request, sse: SSE) -> None:
    await sse.send({"n": 1}, event="number")


async def test() -> TestResponse:
    client = TestClient(app)
    return await client.post("/json", body={"a": 1})


def decorator(f: Callable[[Request], str]) -> Callable[[Request], str]:
    @wraps(f)
    def wrapper(request: Request) -> str:
        return f(request).upper()

    return wrapper


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=5000, debug=True)
