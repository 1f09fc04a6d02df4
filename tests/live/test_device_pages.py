"""The pages of a board in a real browser, on a computer that pretends to be a board."""

import asyncio
import os

import pytest

from live.browser import DESKTOP, PHONE, chromium, new_page, overflow, violations
from runtimes import micropython_binary
from server_process import wait_until
from wire.board import SECRET, Board, source

PATIENCE = 60000  # milliseconds
SIGHTS = [(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark")]


@pytest.fixture
def board(tmp_path):
    folder = tmp_path / "board"
    folder.mkdir()
    with Board(micropython_binary(), folder) as board:
        yield board


async def open_pages(browser, board, size=DESKTOP, check=None, **options):
    """Return a page that has logged in, and the errors of its script.

    :param check: `async check(page)` looks at the page before that.
    """
    page, errors = await new_page(browser, size, **options)
    page.set_default_timeout(PATIENCE)
    await page.goto(f"http://{board.address}/_device")
    form = page.locator("#login form")
    await form.locator("input").fill("wrong")
    await form.locator("button").click()
    await form.get_by_text("The passphrase is wrong").wait_for()
    if check:
        await check(page)
    await form.locator("input").fill(SECRET)
    await page.keyboard.press("Enter")
    await page.locator("#status tr").first.wait_for()
    await page.locator("#settings label").first.wait_for()
    await page.locator("#log").get_by_text("Ready").wait_for()
    return page, [error for error in errors if "status of 40" not in error]


async def test_how_the_pages_look(board, tmp_path):
    async def check(page):
        assert await violations(page) == []
        assert await overflow(page) <= 0

    async with chromium() as browser:
        for number, (size, scheme) in enumerate(SIGHTS):
            page, errors = await open_pages(browser, board, size, check, color_scheme=scheme)
            await check(page)
            folder = os.environ.get("PICTURES") or tmp_path
            await page.screenshot(path=f"{folder}/device-{number}.png", full_page=True)
            assert errors == []
            await page.context.close()


async def test_a_board_that_is_busy_at_first(board):
    requests = []

    async def refuse(route):
        requests.append(route.request)
        if len(requests) == 1:  # before the login
            await route.fulfill(status=503)
        elif len(requests) == 3:  # after it
            await route.abort()
        else:
            await route.continue_()

    async with chromium() as browser:
        page, _ = await new_page(browser, PHONE)
        page.set_default_timeout(PATIENCE)
        await page.route("**/_device/status", refuse)
        await page.goto(f"http://{board.address}/_device")
        await page.get_by_role("heading", name="The board does not answer yet.").wait_for()
        await page.locator("#login form input").fill(SECRET)
        assert await page.get_by_role("heading", name="Board", exact=True).is_visible()
        await page.keyboard.press("Enter")
        await page.locator("#settings label").first.wait_for()
        await page.locator("#log").get_by_text("Ready").wait_for()
        await page.get_by_role("heading", name="microdot", exact=True).wait_for()


async def test_settings_and_restart(board):
    async with chromium() as browser:
        page, errors = await open_pages(browser, board)
        name = page.get_by_label("Name", exact=True)
        await name.fill("Not a name")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("device.name must consist").or_(page.get_by_text("name must consist")).first.wait_for()
        await name.fill("attic")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved.").wait_for()
        assert '"attic"' in (board.folder / "settings.json").read_text()
        await page.get_by_role("button", name="Restart").click()
        await page.locator("#login form input").wait_for()
        assert board.starts == 2 and errors == []


async def test_names_of_networks(board):
    wifi = {"state": "joined", "address": "192.0.2.7", "signal": -50}

    async def answer(route):
        await route.fulfill(json={**await (await route.fetch()).json(), "wifi": wifi})

    async with chromium() as browser:
        page, _ = await open_pages(browser, board)
        await page.route("**/_device/status", answer)
        for name, shown in (
            ("\u202eemoh\u200b", "\\u{202e}emoh\\u{200b}"),
            ("my\u00a0home\\", "my\\u{a0}home\\u{5c}"),
            ("grün 🏠", "grün 🏠"),
            (None, "ff00"),
        ):
            wifi.update({"ssid": name} if name else {"ssid": None, "ssid_hex": "ff00"})
            await page.reload()
            await page.get_by_text(f"joined, {shown}, 192.0.2.7, -50 dBm", exact=True).wait_for()


async def test_an_update(board, tmp_path):
    folder = tmp_path / "application"
    (folder / "static").mkdir(parents=True)
    (folder / "app.py").write_text(source("return open('static/text').read()"))
    (folder / "static" / "text").write_text("new" * 3000)
    methods = []

    async def answer(route):
        methods.append(route.request.method)
        if methods[-2:] == ["POST", "GET"] and methods.count("POST") == 2:
            return  # as if the board restarted before it has answered
        await route.continue_()

    async with chromium() as browser:
        page, errors = await open_pages(browser, board)
        await page.route("**/_device/update", answer)
        form = page.locator("#update")
        await form.locator("[type=file]").set_input_files(folder)
        await form.locator("[type=password]").fill("wrong")
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The signature is wrong").wait_for()
        await form.locator("[type=password]").fill(SECRET)
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The board runs version").wait_for()
        assert board.get() == "new" * 3000
        (folder / "app.py").write_text("import nothing_of_that")
        await form.locator("[type=file]").set_input_files(folder)
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The new version failed, and the board runs the one before: ImportError").wait_for()
        assert board.get() == "new" * 3000 and errors == []


async def test_a_connection_that_breaks_during_an_update(board, tmp_path):
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "app.py").write_text(source("return 'new'"))
    arrives = False

    async def lose(route):
        if route.request.method != "POST":
            return await route.continue_()
        if arrives:
            await route.fetch()
        return await route.abort("connectionreset")

    async with chromium() as browser:
        page, _ = await open_pages(browser, board)
        await page.route("**/_device/update", lose)
        form = page.locator("#update")
        await form.locator("[type=file]").set_input_files(folder)
        await form.locator("[type=password]").fill(SECRET)
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The connection broke. The board keeps its version.").wait_for()
        assert board.get() == "first"
        arrives = True
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The board runs version").wait_for()
        assert board.get() == "new"


async def test_an_update_of_too_many_files(board, tmp_path):
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "app.py").write_text(source("return 'new'"))
    for number in range(999):
        (folder / f"module_{number}.py").write_text("")
    async with chromium() as browser:
        page, errors = await open_pages(browser, board)
        form = page.locator("#update")
        await form.locator("[type=file]").set_input_files(folder)
        await form.locator("[type=password]").fill(SECRET)
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The update has too many files").wait_for()
        text = await form.locator("[role=alert]").inner_text()
        assert "at most 8192 bytes" in text and "90 files" in text
        assert board.get() == "first"


async def test_a_browser_that_leaves_in_the_middle(board, tmp_path):
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "app.py").write_text(source("return 'new'"))
    (folder / "large").write_bytes(bytes(4_000_000))
    async with chromium() as browser:
        other, _ = await open_pages(browser, board)
        page, _ = await open_pages(browser, board)
        session = await page.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
        await session.send("Network.emulateNetworkConditions", slow)
        form = page.locator("#update")
        await form.locator("[type=file]").set_input_files(folder)
        await form.locator("[type=password]").fill(SECRET)
        await form.get_by_role("button", name="Send").click()
        assert await asyncio.to_thread(wait_until, (board.folder / "versions" / "a" / "large").exists)
        form = other.locator("#update")
        (folder / "large").unlink()
        await form.locator("[type=file]").set_input_files(folder)
        await form.locator("[type=password]").fill(SECRET)
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("Another update is under way").wait_for()
        await page.goto("about:blank")  # closed, it would no longer be slow, and could send the rest before it ends
        assert await asyncio.to_thread(wait_until, lambda: not (board.folder / "versions" / "a").exists())
        assert board.get() == "first"
        await form.get_by_role("button", name="Send").click()
        await form.get_by_text("The board runs version").wait_for()
        assert board.get() == "new"
