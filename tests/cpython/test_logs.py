"""Logs: identifiers of requests, the access log's formats, and the configuration in one line."""

import asyncio
import io
import json
import logging
import re
import traceback

import httpx
import pytest

from microdot import Microdot, Request, Response, _compat
from microdot.asgi import Microdot as ASGIMicrodot
from microdot.logs import AccessLog, RequestID, configure_logs, request_id
from microdot.proxies import ProxyHeaders
from microdot.test_client import TestClient
from microdot.wsgi import Microdot as WSGIMicrodot

SECRET = "s3cret"


@pytest.fixture(autouse=True)
def loggers():
    """Leave `logging` as it was."""
    names = (None, "microdot.access", "microdot.error")
    kept = [(log, log.level, log.handlers[:], log.propagate) for log in map(logging.getLogger, names)]
    yield
    for log, level, handlers, propagate in kept:
        log.setLevel(level)
        log.handlers[:] = handlers
        log.propagate = propagate


def make(cls=Microdot, **options):
    """Return an application that logs, and the stream that it logs to."""
    app = cls()
    stream = io.StringIO()
    configure_logs(app, stream=stream, **options)

    @app.get("/users/<int:id>")
    async def user(request, id):
        logging.getLogger("shop").info("user %d of %s", id, request_id())
        return "user"

    @app.get("/def")
    def function(request):
        return request_id()

    @app.get("/items")
    async def items(request):
        def make():
            yield request_id()

        return make()

    @app.get("/work")
    async def work(request):
        async def later():
            logging.getLogger("shop").warning("later")

        request.background(later())
        return ""

    @app.get("/error/<name>")
    def error(request, name):
        raise ValueError("mine")

    return app, stream


def lines(stream):
    return stream.getvalue().splitlines()


def test_the_combined_format():
    app, stream = make()
    headers = {"User-Agent": 'evil" 200\n\\é', "Referer": f"https://example.com/page?token={SECRET}#x"}
    with TestClient(app) as client:
        client.get(f"/def?token={SECRET}", {name: value.replace("\n", "\t") for name, value in headers.items()})
    (line,) = lines(stream)
    assert re.fullmatch(
        r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /def HTTP/1\.1" 200 32 '
        r'"https://example\.com/page" "evil\\x22 200\\x09\\x5c\\xc3\\xa9"', line
    ), line
    assert SECRET not in line


def test_the_common_format_and_sizes():
    app, stream = make(access="common")
    with TestClient(app) as client:
        for path in ("/items", "/nothing"):
            client.get(path)
        client.head("/def")
    ends = [line.rpartition("]")[2] for line in lines(stream)]
    assert ends == [' "GET /items HTTP/1.1" 200 -', ' "GET /nothing HTTP/1.1" 404 9', ' "HEAD /def HTTP/1.1" 200 0']


def test_json():
    app, stream = make(access="json")
    with TestClient(app) as client:
        response = client.get("/users/7", {"User-Agent": "curl"})
        client.get(f"/error/x?token={SECRET}")
    message, access, error, failed = map(json.loads, lines(stream))
    identifier = response.headers["X-Request-ID"]
    assert (message["message"], message["request_id"]) == (f"user 7 of {identifier}", identifier)
    assert (message["logger"], message["level"], message["route"]) == ("shop", "INFO", "/users/<int:id>")
    assert access.pop("seconds") >= 0 and access.pop("time")
    assert access == {
        "level": "INFO", "logger": "microdot.access", "client": "127.0.0.1", "method": "GET", "path": "/users/7",
        "protocol": "HTTP/1.1", "route": "/users/<int:id>", "status": 200, "bytes": 4, "request_id": identifier,
        "referer": None, "user_agent": "curl",
    }
    assert (error["logger"], error["route"]) == ("microdot.error", "/error/<name>")
    assert "ValueError: mine" in error["exception"]
    assert failed["status"] == 500
    assert SECRET not in stream.getvalue()


def test_an_exception_is_logged_once_with_its_route_and_request():
    app, stream = make(access=None)
    with TestClient(app) as client:
        identifier = client.get("/error/x").headers["X-Request-ID"]
    text = stream.getvalue()
    assert text.count("ValueError: mine") == 1
    assert f"ERROR microdot.error [{identifier}] Exception while handling GET /error/x (route /error/<name>)" in text


def test_a_second_configuration_replaces_the_first_one():
    app, first = make()
    second = io.StringIO()
    configure_logs(app, stream=second)
    with TestClient(app) as client:
        client.get("/users/7")
    assert lines(first) == [] and len(lines(second)) == 2


def test_levels():
    app, stream = make(level="ERROR")
    with TestClient(app) as client:
        client.get("/users/7")
    assert len(lines(stream)) == 1  # the access log's, which has a level of its own


@pytest.mark.parametrize("options, message", [
    ({"access": "short"}, "common, combined, json"), ({"level": "LOUD"}, "LOUD"),
])
def test_wrong_configurations(options, message):
    with pytest.raises(ValueError, match=message):
        configure_logs(Microdot(), **options)


@pytest.mark.parametrize("given, taken", [
    ("abc-1._Z", True), ("a" * 128, True),
    ("a" * 129, False), ("a b", False), ("ä", False), ('"x"', False), ("", False),
])
def test_identifiers_of_trusted_proxies(given, taken):
    app, stream = make(access=None)
    with TestClient(app) as client:
        response = client.get("/def", {"X-Request-ID": given})
    assert (response.text == given) is taken
    assert response.headers["X-Request-ID"] == response.text


@pytest.mark.parametrize("proxy_headers_first", [False, True])
def test_identifiers_of_clients_are_not_taken(proxy_headers_first):
    app = Microdot()
    if proxy_headers_first:
        ProxyHeaders(app)
    RequestID(app, trusted=["10.0.0.1"])
    if not proxy_headers_first:
        ProxyHeaders(app)
    app.get("/")(lambda request: request_id())
    with TestClient(app) as client:
        # The client at 127.0.0.1 is no trusted proxy here, whatever it forwards.
        headers = {"X-Request-ID": "mine", "X-Forwarded-For": "10.0.0.1"}
        assert client.get("/", headers).text != "mine"


def test_errors_before_the_route_have_an_identifier():
    app, stream = make(access=None)
    with TestClient(app) as client:
        assert len(client.get("/nothing").headers["X-Request-ID"]) == 32
        assert len(client.request("OPTIONS", "/def").headers["X-Request-ID"]) == 32


def test_the_access_log_of_a_malformed_request():
    stream = io.StringIO()
    configure_logs(None, stream=stream)
    log = AccessLog(Microdot(), "common")
    log.log(None, Response("Bad request", 400))
    assert lines(stream)[0].startswith("- - - [")
    assert lines(stream)[0].endswith('] "-" 400 11')


def test_an_access_log_that_was_there_goes_on():
    app = Microdot()
    seen = []
    app.access_log = lambda request, response: seen.append(response.status_code)
    configure_logs(app, stream=io.StringIO())
    with TestClient(app) as client:
        client.get("/")
    assert seen == [404]


PATHS = ["/def", "/items", "/work", "/users/1", "/error/x"]


async def ask_asgi(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return [await client.get(path) for path in PATHS]


def ask_wsgi(app):
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://x") as client:
        return [client.get(path) for path in PATHS]


@pytest.mark.parametrize("cls", [ASGIMicrodot, WSGIMicrodot])
def test_under_gateways(cls):
    app, stream = make(cls, access="json")
    responses = asyncio.run(ask_asgi(app)) if cls is ASGIMicrodot else ask_wsgi(app)
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 500]
    identifiers = [response.headers["X-Request-ID"] for response in responses]
    assert len(set(identifiers)) == len(PATHS)
    assert [response.text for response in responses[:2]] == identifiers[:2]
    logged = [json.loads(line) for line in lines(stream)]
    access = [line for line in logged if line["logger"] == "microdot.access"]
    assert [(line["path"], line["request_id"]) for line in access] == list(zip(PATHS, identifiers, strict=True))
    others = {line["logger"]: line["request_id"] for line in logged if "message" in line}
    assert others["microdot.error"] == identifiers[4]
    later = [line for line in logged if line.get("message") == "later"]
    assert [line["request_id"] for line in later] == [identifiers[2]] or cls is WSGIMicrodot


def test_text_of_an_exception_begins_no_entry():
    app, stream = make()

    @app.get("/refuse")
    async def refuse(request):
        raise ValueError(request.args["why"])

    with TestClient(app) as client:
        assert client.get("/refuse?why=a%0AFAKE%0DFAKE").status_code == 500
    log = stream.getvalue()
    assert "ValueError: a\n" in log and log.splitlines()[-2].strip() == r"FAKE\rFAKE"
    assert not any(line.startswith("FAKE") for line in log.splitlines())


#: What could begin a line, change a terminal, or turn the direction of text.
CONTROLS = "\n\r\x00\x0b\x1b\x7f\x85\x9b\u2028\u2029\u200e\u202e\u2066\u2069"


def is_harmless(log):
    """Return whether no entry holds a control character; line ends and the traceback's own indentation aside."""
    return all(line.isprintable() for line in log.split("\n"))


@pytest.mark.parametrize("access", ["common", "combined", "json"])
def test_no_control_character_of_a_client(access):
    app, stream = make(access=access)

    @app.get("/refuse")
    async def refuse(request):
        logging.getLogger("shop").warning("refused %s", request.args["why"])
        raise ValueError(request.args["why"]) from RuntimeError(request.args["why"])

    why = f"a{CONTROLS}FAKE"
    with TestClient(app) as client:
        assert client.get("/refuse?" + httpx.QueryParams(why=why).__str__()).status_code == 500
    assert is_harmless(stream.getvalue())
    assert not any(line.startswith("FAKE") for line in lines(stream))


@pytest.mark.parametrize("access", ["common", "combined", "json"])
def test_no_control_character_in_the_access_log(access):
    app, stream = make(access=access)
    request = Request(app, (f"1.2.3.4 - - {CONTROLS}", 1), f"G{CONTROLS}ET", f"/{CONTROLS}", f"1.{CONTROLS}", {
        b"user-agent": CONTROLS.encode(), b"referer": CONTROLS.encode(),
    })  # fmt: skip
    AccessLog(format=access).log(request, Response("no", 400))
    assert is_harmless(stream.getvalue()) and len(lines(stream)) == 1
    if access != "json":
        assert len(stream.getvalue().partition(" - - [")[0].split()) == 1


def test_no_control_character_without_a_configuration():
    app = Microdot()
    app.debug = True
    stream = io.StringIO()
    for name in ("microdot.error", "microdot.access"):
        logging.getLogger(name).addHandler(logging.StreamHandler(stream))
    logging.getLogger("microdot.access").setLevel("INFO")

    @app.get("/refuse")
    async def refuse(request):
        raise ValueError(f"a{CONTROLS}FAKE")

    with TestClient(app) as client:
        assert client.get("/refuse").status_code == 500
    app.log_access(Request(app, None, f"G{CONTROLS}", f"/{CONTROLS}", "1.1", {}), Response("", 400))
    log = stream.getvalue()
    assert is_harmless(log) and "\n    " + r"\r\x00" in log


def test_an_ordinary_traceback_is_as_python_makes_it():
    stream = io.StringIO()
    log = logging.getLogger("microdot.error")
    log.addHandler(logging.StreamHandler(stream))
    try:
        try:
            raise KeyError("café")
        except KeyError as first:
            raise ValueError("mine") from first
    except ValueError as error:
        _compat.log_error("Exception\there", error)
        assert stream.getvalue() == "Exception\there\n" + "".join(traceback.format_exception(error))
