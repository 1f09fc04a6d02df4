"""The dashboard example: one application on every server, and its page in a real browser."""

import json
import pathlib
import shutil
import socket

import pytest
from playwright.async_api import expect

from live.browser import DESKTOP, PHONE, ROOT, chromium, new_page, overflow, violations
from live.served import Served
from server_process import PATIENCE, wait_until

FOLDER = ROOT / "examples" / "dashboard"
SERVERS = ("micropython", "python", "uvicorn", "gthread")
BROWSED = ("micropython", "uvicorn")


@pytest.fixture
def folder(tmp_path):
    """A copy of the example: its files are written to the current folder."""
    return pathlib.Path(shutil.copytree(FOLDER, tmp_path / "dashboard"))


@pytest.fixture(params=SERVERS)
def server(request, folder):
    with Served(request.param, folder / "app.py") as server:
        yield server
        assert "Traceback" not in server.log(), server.log()


@pytest.fixture(params=BROWSED)
def browsed(request, folder):
    with Served(request.param, folder / "app.py") as server:
        yield server
        assert "Traceback" not in server.log(), server.log()


def next_event(lines, wanted):
    """Read events until the one of that name; return its data."""
    name = None
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: ") and name == wanted:
            return json.loads(line[6:] or "null") if line[6:] else ""
    raise AssertionError(f"the stream ended without {wanted!r}")


def test_all_viewers_see_what_one_does(server):
    with server.client() as client, client.stream("GET", "/events") as one, client.stream("GET", "/events") as two:
        viewers = [one.iter_lines(), two.iter_lines()]
        states = [next_event(lines, "state") for lines in viewers]
        assert states[0]["switches"] == [["LED", False], ["Pump", False]]
        assert client.post("/switches/1", data={"on": "1"}).status_code == 204
        assert [next_event(lines, "switch") for lines in viewers] == [[1, True]] * 2
        assert [next_event(lines, "log")[1] for lines in viewers] == ["Pump switched on"] * 2
        assert client.get("/state").json()["switches"] == [["LED", False], ["Pump", True]]
        assert [type(next_event(lines, "reading")) for lines in viewers] == [float] * 2


def test_settings_are_checked_and_kept(server, folder):
    with server.client() as client:
        right = {"name": "Cellar €", "interval": "1", "limit": "-3"}
        assert client.post("/settings", data=right).status_code == 204
        wrong = {"name": ("", "x" * 41), "interval": ("0", "61", "x", ""), "limit": ("86", "1.5")}
        for name, values in wrong.items():
            for value in values:
                answer = client.post("/settings", data={**right, name: value})
                assert answer.status_code == 400 and name in answer.text, (name, value, answer.text)
        assert client.post("/settings", data={"name": "x"}).status_code == 400
        saved = {"name": "Cellar €", "interval": 1, "limit": -3, "file": None}
        assert client.get("/state").json()["settings"] == saved
    assert json.loads((folder / "dashboard.json").read_text()) == saved
    with Served(server.kind, folder / "app.py") as again, again.client() as client:
        assert client.get("/state").json()["settings"] == saved


def test_a_file_goes_up_and_down(server, folder):
    content = bytes(range(256)) * 1024
    with server.client() as client:
        assert client.get("/file").status_code == 404
        name = "grün <b>.html"
        assert client.put("/file", params={"name": name}, content=content).status_code == 204
        assert client.get("/state").json()["settings"]["file"] == {"name": name, "size": len(content)}
        answer = client.get("/file")
        assert (answer.content, answer.headers["Content-Type"]) == (content, "application/octet-stream")
        with server.client() as other:  # its connection may be closed after what has not been read
            assert other.put("/file", params={"name": "b"}, content=content + b"x").status_code == 413
        assert client.put("/file", content=b"").status_code == 400
        assert client.get("/file").content == content
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(b"PUT /file?name=a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000)
            assert wait_until(lambda: list(folder.glob("*.part")))
            assert client.put("/file", params={"name": "b"}, content=b"b").status_code == 409
        assert wait_until(lambda: not list(folder.glob("*.part")))
        assert client.get("/file").content == content
        assert client.put("/file", params={"name": "b"}, content=b"b").status_code == 204
        assert client.get("/file").content == b"b"


def test_what_other_sites_and_mistakes_get(server):
    with server.client() as client:
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert client.post("/switches/0", data={"on": "1"}, headers=foreign).status_code == 403
        assert client.put("/file?name=a", content=b"a", headers=foreign).status_code == 403
        assert client.post("/switches/2", data={"on": "1"}).status_code == 404
        assert client.post("/switches/0", data={"on": "maybe"}).status_code == 400
        assert client.post("/switches/0", json={"on": 1}).status_code == 415
        assert client.get("/hardware.py").status_code == 404
        assert client.get("/state").json()["switches"][0] == ["LED", False]


def test_lost_viewers_give_their_places_back(server):
    """Viewers over the limit are told so; those that have gone make room for others."""
    with server.client() as client:
        for _ in range(2):
            sockets = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(4)]
            for sock in sockets:
                sock.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                with sock.makefile("rb", 0) as file:
                    while b"event: state" not in file.readline():
                        pass
            with client.stream("GET", "/events") as response:
                assert next_event(response.iter_lines(), "full") == ""
            assert client.get("/state").json()["viewers"] == 4
            for sock in sockets:
                sock.close()
            assert wait_until(lambda: client.get("/state").json()["viewers"] == 0)


async def test_the_page_by_keyboard(browsed, tmp_path):
    """Everything can be done without a mouse, and a second viewer sees it."""
    upload = tmp_path / "notes.txt"
    upload.write_text("x" * 100_000)
    async with chromium() as browser:
        one, one_errors = await new_page(browser, PHONE)
        two, two_errors = await new_page(browser, color_scheme="dark")
        for page in (one, two):
            await page.goto(browsed.url)
        await expect(one.locator("#connection")).to_have_text("Live, 2 viewers")
        await one.keyboard.press("Tab")
        await expect(one.get_by_role("switch", name="LED")).to_be_focused()
        await one.keyboard.press("Space")
        await expect(two.get_by_role("switch", name="LED")).to_be_checked()
        await expect(one.get_by_role("switch", name="LED")).to_be_checked()
        await expect(two.locator("#log div").first).to_contain_text("LED switched on")
        await one.keyboard.press("Tab")
        await one.keyboard.press("Tab")
        await expect(one.get_by_role("log")).to_be_focused()
        await one.keyboard.press("Tab")
        await expect(one.get_by_label("A file of up to 256 KB")).to_be_focused()
        await one.get_by_label("A file of up to 256 KB").set_input_files(upload)
        await one.keyboard.press("Tab")
        await one.keyboard.press("Enter")
        await expect(one.locator("#upload-message")).to_have_text("Uploaded.")
        await expect(two.locator("#file")).to_have_text("notes.txt, 100,000 bytes")
        await one.get_by_label("Name").focus()
        await one.keyboard.press("Control+A")
        await one.keyboard.type("<b>Cellar</b>")
        await one.keyboard.press("Enter")
        await expect(one.locator("#settings-message")).to_have_text("Saved.")
        await expect(two.locator("h1")).to_have_text("<b>Cellar</b>")
        limit = two.get_by_label("Limit in °C", exact=True)
        await limit.evaluate("input => { input.removeAttribute('max'); input.value = 99; }")
        await two.get_by_role("button", name="Save").click()
        await expect(two.locator("#settings-message")).to_contain_text("limit must be at most 85")
        assert one_errors == []
        assert all("400" in error for error in two_errors), two_errors
        await one.context.close()
        await expect(two.locator("#connection")).to_have_text("Live, 1 viewer")


async def test_the_page_says_what_happens_to_the_connection(folder):
    """A viewer without a place asks from time to time; the page outlives its server."""
    async with chromium() as browser:
        with Served("micropython", folder / "app.py") as server:
            pages = [(await new_page(browser))[0] for _ in range(5)]
            for page in pages[:4]:
                await page.goto(server.url)
                await expect(page.locator("#connection")).to_contain_text("Live")
            await pages[4].goto(server.url)
            await expect(pages[4].locator("#connection")).to_contain_text("Updated every 5 seconds")
            await expect(pages[4].locator("#now")).not_to_have_text("–")
            await pages[0].context.close()
            await expect(pages[4].locator("#connection")).to_have_text("Live, 4 viewers", timeout=PATIENCE * 1000)
        await expect(pages[4].locator("#connection")).to_contain_text("Connection lost")


async def test_axe_finds_nothing_and_nothing_sticks_out(browsed):
    async with chromium() as browser:
        for scheme in ("light", "dark"):
            for size in (PHONE, DESKTOP, {"width": 320, "height": 600}):
                page, errors = await new_page(browser, size, color_scheme=scheme)
                await page.goto(browsed.url)
                await expect(page.locator("#now")).not_to_have_text("–")
                assert await violations(page) == []
                assert await overflow(page) <= 0
                assert errors == []
                await page.context.close()


async def test_the_budget(browsed):
    """The page, its script, the style and the events: four requests, and no more bytes than a slow link carries."""
    async with chromium() as browser:
        page, _ = await new_page(browser)
        sizes = {}
        page.on("response", lambda response: sizes.update({response.url.rpartition("/")[2]: response}))
        await page.goto(browsed.url)
        await expect(page.locator("#connection")).to_contain_text("Live")
        assert set(sizes) == {"", "style.css", "dashboard.js", "events"}
        assert await sizes["style.css"].header_value("Content-Encoding") == "gzip"
        lengths = [int(await sizes[name].header_value("Content-Length")) for name in ("", "style.css", "dashboard.js")]
        assert sum(lengths) < 12 * 1024
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 20 * 1024
