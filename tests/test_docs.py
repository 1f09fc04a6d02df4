"""The documentation: its code runs, its links lead somewhere, its tables say what the code says."""

import csv
import json
import re

import pytest

from microdot import Microdot, Request, Response
from microdot.test_client import TestClient
from runtimes import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = [
    "README.md", "docs/application.md", "docs/architecture.md", "docs/concurrency.md", "docs/deployment.md",
    "docs/input.md", "docs/server.md",
]


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
    for page in (ROOT / "docs").glob("*.md"):
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


def test_the_figures_of_the_readme_were_measured():
    """Sizes may differ by as much as the size table lets them grow; ratios and times are those of the benchmarks."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| \[(?:the size|bench)", (ROOT / "README.md").read_text(), re.MULTILINE)
    figures = dict(rows)
    sizes = json.loads((ROOT / "tests" / "firmware" / "sizes.json").read_text())
    for row, table, key in (
        ("Flash on an RP2040, core", "rp2040_flash", "core"),
        ("Flash on an RP2040, everything", "rp2040_flash", "all"),
        ("Heap after `import`, frozen into an RP2040's firmware", "rp2040_heap", "import"),
        ("Heap for an open connection without a request, RP2040", "rp2040_heap", "kept_connection"),
    ):
        number, unit = figures.pop(row).split()
        written = float(number) * {"KB": 1024, "bytes": 1}[unit]
        assert abs(written - sizes[table][key]) <= 0.02 * sizes[table][key], row
    with (ROOT / "docs" / "benchmarks.csv").open(newline="") as file:
        measured = {(row["family"], row["contestant"]): row for row in csv.DictReader(file)
                    if (row["workload"], row["connections"]) == ("hello", "16")}
    for row, family, contestant, column in (
        ("Response time for `GET /`, MicroPython on Linux, 16 connections", "micropython", "this project", "p50 ms"),
        ("Requests per second, own server on MicroPython", "micropython", "this project", "of Microdot"),
        ("Requests per second, under uvicorn", "asgi", "this project", "of Microdot"),
        ("Requests per second, under gunicorn, `def` handler", "wsgi", "this project, def", "of Microdot"),
    ):
        assert figures.pop(row).split()[0] == measured[family, contestant][column], row
    assert not figures


def test_the_server_of_the_architecture_page_serves():
    page = run_page("docs/architecture.md")

    def serve(method, path, body=b"", content_type=""):
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": content_type}
        head, _, content = page["serve"](page["app"], environ, body).partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0], content

    assert serve("POST", "/greeting", b'{"name": "you"}', "application/json") == (b"Status: 200", b"Hello, you")
    assert serve("GET", "/count") == (b"Status: 200", b"012")
    assert serve("HEAD", "/count") == (b"Status: 200", b"")
    assert serve("GET", "/elsewhere") == (b"Status: 404", b"Not found")


def test_the_files_that_contributors_are_sent_to_are_there():
    for page in ("docs/architecture.md", "CONTRIBUTING.md"):
        named = re.findall(r"`((?:firmware|cpython_shim|tests|tools|boards)/[\w./-]+)`", (ROOT / page).read_text())
        assert len(named) > 8
        for name in named:
            assert (ROOT / name).exists(), name


def test_the_tests_that_contributors_are_told_to_run_are_there():
    commands = re.findall(r"-m pytest (tests.*)", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(commands) > 4
    for command in commands:
        paths = re.findall(r"tests/[\w/.]+", command)
        tests = "".join([(ROOT / path).read_text() for path in paths])
        for name in re.findall(r"(?:and|not) (\w+)", command):
            assert re.search(rf"def test_\w*{name.removeprefix('test_')}", tests), command


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
    assert (await client.get("/pages/1")).json == {"next": "/pages/2?tab=new"}
    assert (await client.get("/colours/ff8000")).json == [255, 128, 0]
    response = await client.get("/api/status")
    assert (response.json, response.headers["X-Visitors"]) == ({"prefix": "/api"}, "1")
    assert "SameSite=Lax" in (await client.get("/login")).headers["Set-Cookie"][0]
