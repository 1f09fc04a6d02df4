"""The documentation: its code runs, its links lead somewhere, its tables say what the code says."""

import re

import pytest

from microdot import Microdot, Request, Response
from microdot.test_client import TestClient
from runtimes import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = ["README.md", "docs/application.md", "docs/deployment.md", "docs/input.md", "docs/server.md"]


def run_page(name):
    """Run the Python code of a page from top to bottom; return its global variables."""
    variables = {}
    text = (ROOT / name).read_text()
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
        exec(compile(code, f"{name}, block {number}", "exec"), variables)
    return variables


@pytest.fixture(autouse=True)
def limits():
    """Pages may set limits; other tests must not see that."""
    saved = Request.max_content_length
    yield
    Request.max_content_length = saved


@pytest.mark.parametrize("name", RUN)
def test_code_runs(name):
    assert isinstance(run_page(name)["app"], Microdot)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
            assert anchor in anchors, target


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    for page in PAGES[1:]:
        assert page.name == "index.md" or f"({page.name})" in index, page.name


def test_the_settings_are_those_of_the_code():
    text = (ROOT / "docs" / "server.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, re.MULTILINE))
    classes = {name: cls for cls in (Microdot, Request, Response) for name in vars(cls)}
    for name, default in rows.items():
        value = getattr(classes[name], name)
        varies = name == "types_map" or " on CPython" in default
        assert default.strip("`") == str(value) or varies, name
    assert "1000 on CPython" in rows["max_connections"] and Microdot.max_connections == 1000
    assert "1000 on CPython" in rows["max_fields"] and Request.max_fields == 1000
    documented = {name for name in vars(Microdot) if name.startswith(("max_", "min_")) or name.endswith("_timeout")}
    documented |= {name for name in vars(Request) if name.startswith("max_")}
    assert documented <= set(rows)


def test_the_program_for_wifi_is_the_example():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "wifi.md").read_text(), re.DOTALL)
    assert (ROOT / "examples" / "wifi" / "main.py").read_text().endswith('"""\n\n' + code)


async def test_readme():
    assert (await TestClient(run_page("README.md")["app"]).get("/")).text == "Hello, world!"


async def test_application_page():
    client = TestClient(run_page("docs/application.md")["app"])
    assert (await client.get("/users/3")).json == {"number": 3}
    response = await client.get("/users/0")
    assert (response.status_code, response.json) == (404, {"error": "not found"})
    response = await client.post("/users", body={"name": "Susan"})
    assert (response.status_code, response.json, response.headers["Location"]) == (201, {"name": "Susan"}, "/users/7")
    assert (await client.post("/users", body={})).json == {"error": "missing 'name'"}
    assert (await client.get("/colours/ff8000")).json == [255, 128, 0]
    response = await client.get("/api/status")
    assert (response.json, response.headers["X-Visitors"]) == ({"prefix": "/api"}, "1")
    assert "SameSite=Lax" in (await client.get("/login")).headers["Set-Cookie"][0]
