"""The code in the documentation of forms, static files, security, background work and testing."""

import pathlib
import re

import pytest

from microdot.test_client import TestClient

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"


def run_document(document):
    """Run the Python code of a document from top to bottom; return its global variables."""
    variables = {}
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / document).read_text(), re.DOTALL)):
        exec(compile(code, f"{document}, block {number}", "exec"), variables)
    return variables


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_forms(folder):
    client = TestClient(run_document("forms.md")["app"])
    res = await client.post("/settings", form={"name": "Susan", "channel": [1, 2]})
    assert res.json == {"name": "Susan", "channels": [1, 2]}
    res = await client.post("/profile", form={"name": "Susan"}, files={"photo": ("a.png", b"x" * 5000, "image/png")})
    assert res.json == {"name": "Susan", "type": "image/png", "size": 5000}
    res = await client.post("/files", form={"a": "123"}, files={"f": b"x" * 500000})
    assert res.json == {"a": 3, "f": 500000} and (folder / "upload.bin").stat().st_size == 500000
    res = await client.put("/firmware", body=b"x" * 1000000)
    assert res.json == {"size": 1000000} and (folder / "firmware.bin").stat().st_size == 1000000
    assert sorted(path.name for path in folder.iterdir()) == ["firmware.bin", "upload.bin"]


def test_the_limits_in_the_documentation():
    from microdot import Request
    from microdot.multipart import FileUpload, FormDataIter

    text = (DOCS / "forms.md").read_text()
    assert Request.max_content_length == Request.max_body_length == FormDataIter.max_fields_size == 16 * 1024
    assert f"| `FormDataIter.max_files` | {FormDataIter.max_files} |" in text
    assert f"| `Request.max_fields` | 64 on a board, {Request.max_fields} on CPython |" in text
    assert f"`FileUpload.max_memory_size` ({FileUpload.max_memory_size} bytes)" in text
    assert f"`FormDataIter.buffer_size` ({FormDataIter.buffer_size} bytes)" in text


async def test_static(folder):
    for name in ("www", "logs"):
        (folder / name).mkdir()
    (folder / "www" / "index.html").write_text("index")
    (folder / "logs" / "today.txt").write_text("log")
    (folder / "secret.txt").write_text("secret")
    client = TestClient(run_document("static.md")["app"])
    assert (await client.get("/")).text == "index"
    assert (await client.get("/api/status")).json == {"status": "ok"}
    assert (await client.get("/../secret.txt")).status_code == 404
    # The route that the document adds last comes after the folder that it mounts at "/".
    from microdot import Microdot
    from microdot.static import send_from

    app = Microdot()
    app.get("/logs/<path:name>")(lambda request, name: send_from("logs", name, cache_control="no-store"))
    res = await TestClient(app).get("/logs/today.txt")
    assert (res.text, res.headers["Cache-Control"]) == ("log", "no-store")


async def test_security():
    app = run_document("security.md")["app"]
    client = TestClient(app, host="lamp.local")
    assert (await client.post("/lamp", {"Origin": "http://lamp.local"})).text == "switched"
    assert (await client.post("/lamp", {"Origin": "http://evil.example"})).status_code == 403
    assert (await client.post("/lamp", {"Origin": "https://dashboard.example"})).status_code == 403
    assert (await client.post("/hook", {"Origin": "http://evil.example", "X-Key": "a key of your own"})).text == "ok"
    res = await client.post("/hook", {"Origin": "https://dashboard.example", "X-Key": "a key of your own"})
    assert res.headers["Access-Control-Allow-Credentials"] == "true"
    assert (await TestClient(app, host="evil.example").post("/hook")).status_code == 400


async def test_background():
    variables = run_document("background.md")
    assert (await TestClient(variables["app"]).post("/measure")).status_code == 202
    assert variables["readings"] == [21.5] and variables["app"].shutdown_timeout == 5


async def test_testing():
    variables = run_document("testing.md")
    for name in ("test_hello", "test_cookies", "test_clock"):
        await variables[name]()
    await variables["send"](TestClient(variables["app"]))
