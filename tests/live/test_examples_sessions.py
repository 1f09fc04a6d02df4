"""The examples of sessions, logins, authentication and templates, on every server that they are for."""

import shutil

import pytest

from live.served import EVERYWHERE, serve_example
from live.utemplate_package import utemplate_folder
from redis_server import RedisServer
from runtimes import ROOT

LOGIN = {"name": "susan", "password": "open sesame"}


@pytest.fixture
def client(request, tmp_path):
    """A client of an example on a server; the example runs in a copy, because templates are compiled beside it."""
    example, server = request.param
    folder = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, folder)
    paths = [utemplate_folder()] if example == "utemplate" else []
    with (
        serve_example(server, folder, paths) as process,
        process.client(follow_redirects=True) as client,
    ):
        yield client
        assert "Traceback" not in process.log(), process.log()


def on(example, servers=EVERYWHERE):
    """Run a test with a client of *example* on each of *servers*."""
    return pytest.mark.parametrize("client", [(example, server) for server in servers], indirect=True, ids=servers)


@on("session")
def test_session(client):
    assert "Your name" in client.get("/").text
    page = client.post("/", data={"name": "<Susan>"})
    assert "Hello, &lt;Susan&gt;! Visit 1." in page.text and page.headers["Vary"] == "Cookie"
    assert "Visit 2." in client.get("/").text
    token = client.cookies["session"]
    other = client.build_request("GET", "/", headers={"Cookie": f"session={token[:-4]}AAAA"})
    assert "Your name" in client.send(other).text
    assert "Your name" in client.post("/forget").text and not client.cookies


@on("login")
def test_login(client):
    page = client.get("/settings")
    assert str(page.url).endswith("/login?next=/settings")
    assert client.post(page.url, data={**LOGIN, "password": "wrong"}).status_code == 403
    assert client.post(page.url, data={**LOGIN, "name": "nobody"}).status_code == 403
    page = client.post(page.url, data=LOGIN)
    assert "Only for users" in page.text and page.url.path == "/settings"
    assert "Hello, susan!" in client.get("/").text
    assert "Log in" in client.post("/logout").text
    assert "Log in" in client.get("/").text


@on("login")
def test_login_of_scripts(client):
    for path in "/", "/settings":
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers and "Location" not in answer.headers
    answer = client.get("/", headers={"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 401
    # another site's page cannot log the visitor out, nor in
    for path in "/logout", "/login":
        assert client.post(path, data=LOGIN, headers={"Origin": "http://evil.example"}).status_code == 403


@on("login", [server for server in EVERYWHERE if server != "gunicorn"])  # whose two workers count apart
def test_login_is_throttled(client):
    """Whoever guesses is stopped, before the password is looked at: the right one is refused too."""
    refused = [client.post("/login", data={**LOGIN, "password": "wrong"}) for _ in range(11)]
    assert [answer.status_code for answer in refused] == [403] * 10 + [429]
    answer = client.post("/login", data=LOGIN)
    assert answer.status_code == 429 and 0 < int(answer.headers["Retry-After"]) <= 120
    assert "Too many attempts" in answer.text and "Log in" in answer.text
    assert client.post("/login", data={**LOGIN, "name": "ann"}).status_code == 403


@on("login")
def test_login_remembered(client):
    page = client.post("/login?next=//evil.example/", data={**LOGIN, "remember": "on"})
    assert page.url.path == "/" and page.url.host == "127.0.0.1" and "Hello, susan!" in page.text
    client.cookies.delete("session")
    assert "Hello, susan!" in client.get("/").text
    assert client.get("/settings").url.path == "/login"
    client.post("/logout")
    assert client.get("/").url.path == "/login"


@on("auth")
def test_auth(client):
    answer = client.get("/")
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == 'Basic realm="Example", charset="UTF-8"'
    assert client.get("/", auth=("susan", "wrong")).status_code == 401
    assert client.get("/", auth=("nobody", "")).status_code == 401
    assert "<h1>Hello, susan!</h1>" in client.get("/", auth=("susan", "open sesame")).text
    assert client.get("/public").text == "Hello, stranger!\n"
    answer = client.get("/api/readings")
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    answer = client.get("/api/readings", headers={"Authorization": "Bearer 3sZk0pVx1mPqfL8hWn2uTg"})
    assert answer.json() == {"device": "thermometer", "readings": [20.5, 20.7]}


@pytest.fixture
def redis(monkeypatch):
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        yield server


@on("session_redis", ["python", "uvicorn", "gunicorn"])
def test_session_redis(redis, client):
    for visit in range(1, 41):
        answer = client.get("/visits", headers={"Connection": "close"}).json()
        assert answer["visits"] == visit and answer["size"] == visit * 3800
    assert len(client.cookies["session"]) < 200
    stolen = client.cookies["session"]
    assert client.delete("/visits").status_code == 204 and not client.cookies
    assert client.get("/visits", headers={"Cookie": f"session={stolen}"}).json()["visits"] == 1


def check_templates(client):
    page = client.get("/", params={"title": "<Hello>"})
    assert page.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "<h1>&lt;Hello&gt;</h1>" in page.text and "<li>&lt;two&gt;</li>" in page.text
    page = client.get("/stream")
    assert "<li>0</li>" in page.text and "<li>999</li>" in page.text and page.text.rstrip().endswith("</html>")
    assert "Content-Length" not in page.headers


@on("utemplate")
def test_utemplate(client):
    check_templates(client)


@on("jinja", ["python", "uvicorn", "gunicorn"])
def test_jinja(client):
    check_templates(client)
