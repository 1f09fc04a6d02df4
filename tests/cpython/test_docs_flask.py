"""The page for those who come from Flask: its application works, and what it says of differences is so."""

import pytest
from test_docs_forms import run_document

from microdot import Microdot
from microdot.multipart import with_form_data
from microdot.reverse import url_for
from microdot.test_client import TestClient


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page's global variables; the current folder has its templates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "index.html").write_text("{{ user }}: {{ notes[0].text }}")
    (tmp_path / "templates" / "login.html").write_text("<form method=post>")
    (tmp_path / "templates" / "notes.html").write_text("{{ notes | length }} {{ messages }}")
    return run_document("flask.md")


async def test_the_application(page):
    client = TestClient(page["app"])
    response = await client.get("/")
    assert (response.status_code, response.headers["Location"]) == (302, "/login")
    assert (await client.get("/login")).headers["Content-Type"] == "text/html; charset=UTF-8"
    assert (await client.post("/login", form={"name": "susan", "password": "open barley"})).status_code == 403
    assert (await client.post("/login", form={"name": "nobody", "password": "open sesame"})).status_code == 403
    assert (await client.post("/login", form={"name": "susan"})).status_code == 400
    assert (await client.post("/login", body={"name": "susan"})).status_code == 415
    response = await client.post("/login", form={"name": "susan", "password": "open sesame"})
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert (await client.get("/")).text == "susan: Water the plants"
    assert (await client.get("/api/notes/1")).json == {"id": 1, "text": "Water the plants"}
    assert (await client.get("/api/notes/2")).status_code == 404


async def test_messages_for_the_next_page(page):
    client, other = TestClient(page["app"]), TestClient(page["app"])
    response = await client.post("/notes", form={"text": "Feed the cat"})
    assert (response.status_code, response.headers["Location"]) == (303, "/notes")
    assert (await other.get("/notes")).text == "2 []"
    assert (await client.get("/notes")).text == "2 [&#39;Your note is saved.&#39;]"
    response = await client.get("/notes")
    assert (response.text, "Set-Cookie" in response.headers) == ("2 []", False)
    session = {}
    for message in ("one", "two"):
        page["flash"](session, message)
    assert session == {"messages": ["one", "two"]}


async def test_hooks_after_errors():
    app = Microdot()
    app.get("/")(lambda request: "fine")
    app.after_request(lambda request, response: response.headers.update({"X-After": "1"}))
    app.after_error_request(lambda request, response: response.headers.update({"X-Error": "1"}))
    client = TestClient(app)
    fine, error = (await client.get("/")).headers, (await client.get("/nothing")).headers
    assert ("X-After" in fine, "X-Error" in fine) == (True, False)
    assert ("X-After" in error, "X-Error" in error) == (False, True)
    options = (await client.request("OPTIONS", "/")).headers
    assert ("X-After" in options, "X-Error" in options) == (False, False)


async def test_paths_without_a_route():
    app = Microdot()
    app.get("/notes/")(lambda request: "fine")
    called = []
    app.before_request(lambda request: called.append(request.path))
    client = TestClient(app)
    assert (await client.get("/notes")).status_code == 404
    assert called == []
    assert (await client.get("/notes/")).status_code == 200
    assert called == ["/notes/"]


async def test_urls_in_templates(page, tmp_path):
    (tmp_path / "templates" / "about.html").write_text('{{ url_for(request, "static", path="css/style.css") }}')
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "style.css").write_text("body {}")
    client = TestClient(page["app"])
    url = (await client.get("/about")).text
    assert (url, (await client.get(url)).text) == ("/static/css/style.css", "body {}")
    assert (await client.get("/static/css/nothing.css")).status_code == 404


async def test_a_form_without_files():
    app = Microdot()
    app.post("/")(with_form_data(lambda request: {"files": request.files, "name": request.form["name"]}))
    assert (await TestClient(app).post("/", form={"name": "susan"})).json == {"files": None, "name": "susan"}


@pytest.mark.parametrize("local", [True, False])
async def test_hooks_of_a_blueprint(local):
    app, blueprint = Microdot(), Microdot()
    app.get("/")(lambda request: "outside")
    blueprint.get("/", name="blueprint.index")(lambda request: url_for(request, "blueprint.index"))
    blueprint.before_request(lambda request: None if request.headers.get("X-Key") else ("no key", 401))
    app.mount(blueprint, url_prefix="/inside", local=local)
    client = TestClient(app)
    assert (await client.get("/inside/")).status_code == 401
    assert (await client.get("/inside/", {"X-Key": "1"})).text == "/inside/"
    assert (await client.get("/")).status_code == (200 if local else 401)
