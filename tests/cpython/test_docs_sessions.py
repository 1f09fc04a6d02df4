"""The code in the documentation of sessions, logins, authentication and templates."""

import pathlib
import re

import pytest

from live.utemplate_package import utemplate_folder
from microdot.jinja import Template as JinjaTemplate
from microdot.redis import RedisStore
from microdot.test_client import TestClient

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"


def blocks(document, language):
    """Return the blocks of code of a document."""
    text = (DOCS / document).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run_document(document):
    """Run the Python code of a document from top to bottom; return its global variables."""
    variables = {"package": lambda *args, **kwargs: None}  # what a firmware's manifest knows
    for number, code in enumerate(blocks(document, "python")):
        exec(compile(code, f"{document}, block {number}", "exec"), variables)
    return variables


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, and utemplate to import."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(utemplate_folder()))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(JinjaTemplate, "jinja_env", None)
    return tmp_path


async def test_sessions(folder):
    variables = run_document("sessions.md")
    app, extension = variables["app"], variables["extension"]
    client = TestClient(app)
    assert [(await client.get("/")).text for _ in range(2)] == ["Visit 1", "Visit 2"]
    await client.get("/forget")
    assert (await client.get("/")).text == "Visit 1"
    assert isinstance(extension, variables["Session"]) and RedisStore is variables["RedisStore"]

    variables["Session"](app, "a key", store=variables["FileStore"]())
    client = TestClient(app)
    assert [(await client.get("/")).text for _ in range(2)] == ["Visit 1", "Visit 2"]
    assert len(list(folder.glob("session-*"))) == 1
    await client.get("/forget")
    assert not list(folder.glob("session-*"))
    store = variables["FileStore"]()
    await store.save("old", "{}", -1)
    assert await store.load("old") is None
    for text in ("", "17", "17\n", "nonsense\n{}"):
        (folder / "session-cut").write_text(text)
        assert await store.load("cut") is None, text
    (folder / "session-folder").mkdir()
    for refused in store.load, store.delete:
        with pytest.raises(OSError):
            await refused("folder")


async def test_login():
    variables = run_document("login.md")
    await variables["example"]()
    stored = await variables["hash_password"]("open sesame", 10)
    variables["USERS"]["susan"] = variables["User"]("susan", "Susan", stored)
    client = TestClient(variables["app"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.get("/")).headers["Location"] == "/login?next=/"
    assert (await client.post("/login", form, "name=susan&password=x")).status_code == 403
    assert (await client.post("/login", form, "name=joe&password=x")).status_code == 403
    response = await client.post("/login?next=/password", form, "name=susan&password=open+sesame")
    assert response.headers["Location"] == "/password"
    assert (await client.get("/")).text == "Hello, Susan"
    assert (await client.get("/password")).status_code == 200
    await client.post("/logout")
    assert (await client.get("/")).status_code == 302
    await client.post("/login", form, "name=susan&password=open+sesame")
    variables["USERS"]["susan"].password = await variables["hash_password"]("another one", 10)
    assert (await client.get("/")).headers["Location"] == "/login?next=/"
    for n in range(9):
        assert (await client.post("/login", form, "name=susan&password=x")).status_code == 403, n
    response = await client.post("/login", form, "name=susan&password=another+one")
    assert response.status_code == 429 and response.headers["Retry-After"]
    assert isinstance(variables["make_throttle"]().store, variables["RedisAttempts"])


async def test_auth():
    client = TestClient(run_document("auth.md")["app"])
    assert (await client.get("/")).status_code == 401
    assert (await client.get("/public")).text == "Hello, stranger"
    good = {"Authorization": "Basic c3VzYW46b3BlbiBzZXNhbWU="}
    for _ in range(12):
        assert (await client.get("/", good)).text == (await client.get("/public", good)).text == "Hello, susan"
    bad = {"Authorization": "Basic c3VzYW46eA=="}
    assert [(await client.get("/", bad)).status_code for _ in range(11)] == [401] * 10 + [429]
    assert (await client.get("/api")).json == {"error": "a token, please"}
    token = {"Authorization": "Bearer 3sZk0pVx1mPqfL8hWn2uTg"}
    assert (await client.get("/api", token)).json == {"device": "thermometer"}


async def test_templates(folder):
    (folder / "templates").mkdir()
    (folder / "templates" / "list.html").write_text(blocks("templates.md", "html")[0])
    (folder / "templates" / "index.html").write_text("{% args name %}\nHello {{ name }}")
    (folder / "templates" / "shout.html").write_text("{{ name|shout }}")
    command = re.search(r'python3 -c "(.*)"', (DOCS / "templates.md").read_text())
    exec(command.group(1))  # compiles index.html
    assert (folder / "templates" / "index_html.py").exists()
    exec(command.group(1).replace("index", "list"))
    variables = run_document("templates.md")
    from microdot.utemplate import Template

    page = Template("list.html").render("<Susan>", ["&"])
    assert "<h1>&lt;Susan&gt;</h1>" in page and "<li>&amp;</li>" in page
    assert await JinjaTemplate("shout.html").render_async(name="<b>") == "&lt;B&gt;"
    variables["Template"] = Template
    for path in "/", "/stream":
        response = await TestClient(variables["app"]).get(path)
        assert response.text == "Hello Susan" and response.headers["Content-Type"] == "text/html"
