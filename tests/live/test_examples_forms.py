"""The examples of uploads, static files, CORS, CSRF and background work, on every server that they are for."""

import shutil
import socket

import pytest

from live.served import EVERYWHERE, serve_example
from runtimes import ROOT
from server_process import wait_until


@pytest.fixture
def server(request, tmp_path):
    """An example on a server, in a copy of its folder: it may write files there."""
    example, kind = request.param
    folder = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, folder)
    with serve_example(kind, folder) as process:
        yield process
        assert "Traceback" not in process.log(), process.log()


@pytest.fixture
def client(server):
    """A client of the server."""
    with server.client() as client:
        yield client


def on(example, servers=EVERYWHERE):
    """Run a test with *example* on each of *servers*."""
    return pytest.mark.parametrize("server", [(example, kind) for kind in servers], indirect=True, ids=servers)


@on("upload")
def test_upload(server, client):
    assert 'enctype="multipart/form-data"' in client.get("/").text
    big = bytes(range(256)) * 2000
    files = [("file", ("../../gr\u00fcn.bin", big)), ("file", ("small.txt", b"\r\n--")), ("file", ("", b""))]
    res = client.post("/files", files=files)
    assert (res.status_code, res.json()) == (200, {"gr\u00fcn.bin": len(big), "small.txt": 4})
    assert (server.folder / "uploads" / "gr\u00fcn.bin").read_bytes() == big
    assert (server.folder / "uploads" / "small.txt").read_bytes() == b"\r\n--"
    photo = b"\x89PNG" * 600
    res = client.post("/profile", data={"name": "Sus\u00e4n"}, files={"photo": ("p.png", photo, "image/png")})
    assert res.json() == {"name": "Sus\u00e4n", "photo": len(photo)}
    res = client.put("/firmware", content=big)
    assert (res.status_code, res.json()) == (200, {"size": len(big)})
    assert (server.folder / "uploads" / "firmware.bin").read_bytes() == big
    res = client.put("/firmware", content=iter([big, big]))  # chunked
    assert res.json() == {"size": 2 * len(big)}
    assert client.post("/profile", data={"name": "x"}).status_code == 400
    assert client.post("/profile", content=b"x" * 20000).status_code == 413
    res = client.post("/files", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert res.status_code == 400
    files = [path for path in server.folder.rglob("*") if path.is_file()]
    left = {path.name for path in files if path.suffix not in (".py", ".pyc", ".gz")}
    assert left == {"gr\u00fcn.bin", "small.txt", "firmware.bin"}


@on("upload")
def test_upload_that_breaks_off(server, client):
    """A client that goes leaves neither its file nor a part of it, and the file before as it was."""
    client.put("/firmware", content=b"old")
    head = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n'
    for path, method, body in (
        ("/firmware", b"PUT", b"new" * 70000),
        ("/files", b"POST", head % b"file" + b"x" * 200000),
        ("/profile", b"POST", head % b"photo" + b"x" * 10000),
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            fields = b"Host: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n"
            sock.sendall(method + b" " + path.encode() + b" HTTP/1.1\r\n" + fields % (len(body) + 1000) + body)
            if path != "/profile":
                assert wait_until(lambda: written(server)), path
        assert wait_until(lambda: not written(server)), path
        assert client.get("/").status_code == 200
    assert (server.folder / "uploads" / "firmware.bin").read_bytes() == b"old"


def written(server):
    """Return the half-written and temporary files."""
    return [path for path in server.folder.rglob("*") if path.suffix in (".part", ".tmp")]


@on("static_files")
def test_static_files(client):
    page = client.get("/")
    assert page.headers["Content-Type"].startswith("text/html") and "app.js" in page.text
    assert client.get("/style.css").headers["Content-Type"].startswith("text/css")
    script = client.get("/app.js")
    assert script.headers["Cache-Control"] == "no-cache"
    again = client.get("/app.js", headers={"If-None-Match": script.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/app.js", headers={"Range": "bytes=0-4"}).text == script.text[:5]
    assert client.head("/app.js").headers["Content-Length"] == str(len(script.content))
    uptime = client.get("/api/time").json()["uptime"]
    assert type(uptime) is int and 0 <= uptime < 3600


@on("static_files")
def test_static_files_only(server):
    """Requests as no client library sends them: what a client may not clean up is the server's to refuse."""
    for path in (b"../app.py", b"%2e%2e/app.py", b"..%2fapp.py", b"..%5capp.py", b"/../app.py", b"%2e%2e%2fapp.py"):
        target = b"/" + path
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := sock.recv(4096):
                answer += data
        assert answer.split(b" ")[1] in (b"404", b"400") and b"mount_static" not in answer, (target, answer)


@on("cors")
def test_cors(client):
    origin = {"Origin": "https://dashboard.example"}
    res = client.get("/temperature", headers=origin)
    assert res.json() == {"celsius": 21.5} and res.headers["Vary"] == "Origin"
    assert res.headers["Access-Control-Allow-Origin"] == origin["Origin"]
    assert res.headers["Access-Control-Allow-Credentials"] == "true"
    ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    res = client.options("/heating", headers={**origin, **ask})
    assert res.headers["Access-Control-Allow-Methods"] == "PUT" and res.headers["Access-Control-Max-Age"] == "600"
    assert res.headers["Access-Control-Allow-Headers"] == "content-type"
    assert client.put("/heating", headers=origin, json={"on": True}).json() == {"heating": True}
    res = client.get("/temperature", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in res.headers


@on("csrf_form")
def test_csrf_form(server, client):
    assert "The lamp is off." in client.get("/").text
    own = f"http://127.0.0.1:{server.port}"
    res = client.post("/lamp", data={"on": "1"}, headers={"Origin": own})
    assert (res.status_code, res.headers["Location"]) == (303, "/")
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert client.post("/lamp", data={"on": ""}, headers=headers).status_code == 403
    res = client.post("/hook", headers={"Origin": "http://evil.example", "X-Key": "change me"})
    assert res.text == "ok"
    assert client.post("/hook").status_code == 403
    assert client.get("/", headers={"Host": "rebound.evil.example"}).status_code == 400


@on("background_work", ["micropython", "python", "uvicorn"])  # it keeps its jobs in one process
def test_background_work(client):
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    res = client.post("/jobs", headers=headers)
    assert (res.status_code, res.json(), res.headers["Location"]) == (202, {"client": "203.0.113.9"}, "/jobs/1")
    assert client.get("/jobs/1").text in ("running", "done")
    assert wait_until(lambda: client.get("/jobs/1").text == "done")
    assert client.get("/jobs/2").text == "unknown"
