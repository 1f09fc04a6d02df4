"""A page with many assets in real browsers, each of which opens six connections, on a server with few places."""

import os
import pathlib
import shutil

import pytest
from playwright.async_api import async_playwright

from runtimes import micropython_binary
from wire.server import Server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
APP = pathlib.Path(__file__).parent / "page_app.py"
SETTLED = "document.images.length === 40 && [...document.images].every(image => image.complete)"
LOADED = "[...document.images].filter(image => image.complete && image.naturalWidth).length"


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
@pytest.mark.parametrize(
    ("places", "browsers", "query"),
    [(4, 1, ""), (5, 2, ""), (8, 2, ""), (8, 3, ""), (5, 1, "?events&socket"), (8, 2, "?events")],
)
async def test_a_page_loads(runtime, places, browsers, query):
    assert CHROMIUM, "this test needs a browser: apt-get install chromium, or set CHROMIUM"
    binary = micropython_binary() if runtime == "micropython" else runtime
    with Server(binary, places, app=APP, heap=256) as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            contexts = [await browser.new_context() for _ in range(browsers)]  # each with connections of its own
            pages = [await context.new_page() for context in contexts]
            for page in pages:  # not one after the other: they do not wait for the images
                await page.goto(f"http://127.0.0.1:{server.port}/{query}", wait_until="commit")
            for page in pages:
                await page.wait_for_function(SETTLED)
                assert await page.evaluate(LOADED) == 40, server.log()[-1000:]
            await browser.close()


# What the page's scripts see of their event streams: how often each opened and failed, and whether one has given up.
WATCHED = """
window.watch = url => {
  const source = new EventSource(url), state = {opened: 0, failed: 0, gaveUp: false};
  source.onopen = () => state.opened++;
  source.onerror = () => { state.failed++; state.gaveUp ||= source.readyState === EventSource.CLOSED; };
  seen.push(state);
};
window.join = () => new Promise(done => {
  const socket = new WebSocket("ws://" + location.host + "/socket");
  socket.onopen = () => done(socket);
});
window.seen = [];
"""


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
async def test_an_event_source_comes_back(runtime):
    """One for which there is no room, or that makes room for a newer one, tries again: Chromium does not give it up."""
    assert CHROMIUM, "this test needs a browser: apt-get install chromium, or set CHROMIUM"
    binary = micropython_binary() if runtime == "micropython" else runtime
    with Server(binary, 4, app=APP, heap=256) as server:  # two streams and WebSockets
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{server.port}/image/0")
            await page.evaluate(WATCHED)
            await page.evaluate("async () => { window.sockets = [await join(), await join()]; watch('/events'); }")
            await page.wait_for_function("seen[0].failed")
            assert not await page.evaluate("seen[0].opened || seen[0].gaveUp")
            await page.evaluate("sockets.forEach(socket => socket.close())")
            await page.wait_for_function("seen[0].opened")
            await page.evaluate("watch('/events')")
            await page.wait_for_function("seen[1].opened")
            await page.evaluate("watch('/events')")
            await page.wait_for_function("seen[2].opened && seen[0].failed > 1")
            await page.wait_for_function("seen[0].opened > 1")
            assert not await page.evaluate("seen.some(state => state.gaveUp)")
            await browser.close()
