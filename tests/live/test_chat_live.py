"""The chat example under each server: with a library's client, and its page in a real browser."""

import json
import os
import shutil

import pytest
import websockets
from playwright.async_api import async_playwright, expect

from live.raw_websocket import RawClient, frame
from live.servers import ALL, EXAMPLES, serve
from microdot.websocket.frames import CONTINUATION, TEXT

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


@pytest.fixture(scope="module", params=ALL)
def chat(request):
    with serve(request.param, EXAMPLES / "chat" / "app.py") as running:
        yield running
        assert not running.complaints(), running.log()[-2000:]


async def heard(client, count):
    """Return the next messages that a client hears, as (name, text)."""
    messages = [json.loads(await client.recv()) for _ in range(count)]
    return [(message["name"], message["text"]) for message in messages]


async def test_everybody_hears_everybody(chat):
    uri = f"ws://127.0.0.1:{chat.port}/chat?name="
    async with websockets.connect(uri + "Ann") as ann:
        assert await heard(ann, 1) == [("Ann", "has joined")]
        async with websockets.connect(uri + "Bob") as bob:
            assert await heard(ann, 1) == await heard(bob, 1) == [("Bob", "has joined")]
            await bob.send("hello")
            assert await heard(ann, 1) == await heard(bob, 1) == [("Bob", "hello")]
            await ann.send("gr\u00fc\u00df dich \U0001f600")
            assert await heard(ann, 1) == await heard(bob, 1) == [("Ann", "gr\u00fc\u00df dich \U0001f600")]
        assert await heard(ann, 1) == [("Bob", "has left")]
        bob = await websockets.connect(uri)
        assert await heard(ann, 1) == [("somebody", "has joined")]
        bob.transport.abort()
        assert await heard(ann, 1) == [("somebody", "has left")]


def test_a_message_cut_at_every_byte(chat):
    message = frame(TEXT, "gr\u00fc\u00df".encode()[:3], fin=False) + frame(CONTINUATION, "gr\u00fc\u00df".encode()[3:])
    with RawClient(chat.port, "/chat?name=Raw") as client:
        client.event()
        for cut in range(1, len(message)):
            client.send(message[:cut])
            client.send(message[cut:])
            opcode, payload = client.event()
            assert opcode == TEXT and json.loads(payload) == {"name": "Raw", "text": "gr\u00fc\u00df"}


async def open_page(browser, url, name):
    page = await browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(url)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join").click()
    await expect(page.locator("#state")).to_have_text(f"Connected as {name}.")
    return page, errors


async def test_the_page_in_a_browser(chat):
    assert CHROMIUM, "this test needs a browser: apt-get install chromium, or set CHROMIUM"
    url = f"http://127.0.0.1:{chat.port}/"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        ann, ann_errors = await open_page(browser, url, "Ann")
        bob, bob_errors = await open_page(browser, url, "Bob")
        await bob.get_by_label("Message").fill("<b>hello</b> & welcome")
        await bob.get_by_role("button", name="Send").click()
        await ann.get_by_label("Message").fill("hi Bob")
        await ann.get_by_label("Message").press("Enter")
        for page, lines in (
            (ann, ["Annhas joined", "Bobhas joined", "Bob<b>hello</b> & welcome", "Annhi Bob"]),
            (bob, ["Bobhas joined", "Bob<b>hello</b> & welcome", "Annhi Bob"]),
        ):
            await expect(page.locator("#messages div")).to_have_count(len(lines))
            assert sorted(await page.locator("#messages div").all_text_contents()) == sorted(lines)
        await bob.close()
        await expect(ann.locator("#messages div").last).to_have_text("Bobhas left")
        assert ann_errors == bob_errors == []
        await browser.close()
