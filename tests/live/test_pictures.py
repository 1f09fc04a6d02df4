"""The pictures of the documentation are screenshots made here, and the pages still look like that.

`PICTURES=docs/images python -m pytest tests/live/test_pictures.py` takes them again. Reduce them to 64 colours before
you commit them, for example with `pngquant 64 --ext .png --force docs/images/*.png`.
"""

import base64
import os
import pathlib
import re
import shutil
import struct

import pytest
from playwright.async_api import expect

from live.browser import DESKTOP, PHONE, ROOT, chromium, new_page
from live.served import Served

IMAGES = ROOT / "docs" / "images"
TARGET = os.environ.get("PICTURES")
#: The dashboard with measurements and events of the last minutes; its clock stands still.
DASHBOARD = """
import math
import types
import hardware
hardware.temperature = lambda: 22.4
import app as dashboard
app = dashboard.app
dashboard.time = types.SimpleNamespace(time=lambda: dashboard.started + 261)
dashboard.settings["interval"] = 60  # one measurement, at the start
dashboard.readings.extend([round(21.4 + 1.7 * math.sin(i / 13) + 0.4 * math.sin(i / 3.1), 1) for i in range(118)])
dashboard.log.extend([[94, "Pump switched on"], [131, "notes.txt received, 2048 bytes"], [187, "Pump switched off"]])
dashboard.settings["file"] = {"name": "notes.txt", "size": 2048}
"""
#: What a page of one line is pictured in.
SMALL = {"width": 390, "height": 170}
#: The width of a word is that of the fonts with which the pictures were taken.
WORD = """() => {
    const context = document.createElement("canvas").getContext("2d");
    return ["sans-serif", "serif", "monospace"].map(family => {
        context.font = `40px ${family}`;
        return Math.round(context.measureText("Greenhouse").width);
    });
}"""
WIDTHS = [242, 244, 241]
#: Returns how many squares of eight pixels differ visibly between two pictures.
DIFFERENCE = """async ([one, two]) => {
    const pixels = [];
    for (const source of [one, two]) {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width / 8, image.height / 8);
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        pixels.push(context.getImageData(0, 0, canvas.width, canvas.height).data);
    }
    let count = 0;
    for (let i = 0; i < pixels[0].length; i += 4)
        if ([0, 1, 2].some(channel => Math.abs(pixels[0][i + channel] - pixels[1][i + channel]) > 32)) count++;
    return count;
}"""


class Camera:
    """Takes pictures of pages, which have to look like those of the documentation."""

    def __init__(self, folder):
        self.folder = pathlib.Path(TARGET or folder)

    async def take(self, page, name):
        """Take the picture and close the page; where the fonts are those of the documentation's, compare the two."""
        path = self.folder / name
        browser = page.context.browser
        await page.mouse.click(1, 1)  # nothing has the focus
        await page.screenshot(path=path)
        await page.context.close()
        if TARGET:
            return
        assert dimensions(path) == dimensions(IMAGES / name)
        blank, _ = await new_page(browser)
        if await blank.evaluate(WORD) == WIDTHS:
            pictures = [encoded(path), encoded(IMAGES / name)]
            assert await blank.evaluate(DIFFERENCE, pictures) <= 2, f"{name} is of an older page: take it again"
        await blank.context.close()


@pytest.fixture
def camera(tmp_path):
    return Camera(tmp_path)


def dimensions(path):
    """Return the width and the height of a PNG file."""
    return struct.unpack(">II", path.read_bytes()[16:24])


def encoded(path):
    """Return a picture as a URL."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def saved(page, name, number=0):
    """Return the program that a page of the documentation tells to save under that name, the *number*-th one."""
    pattern = rf"[Ss]ave this as `[^`]*{re.escape(name)}`[^\n]*:\n\n```python\n(.*?)```"
    return re.findall(pattern, (ROOT / "docs" / page).read_text(), re.DOTALL)[number]


async def test_the_dashboard(camera, tmp_path):
    folder = shutil.copytree(ROOT / "examples" / "dashboard", tmp_path / "dashboard")
    (folder / "pictured.py").write_text(DASHBOARD)
    async with chromium() as browser:
        with Served("uvicorn", folder / "pictured.py") as server:
            for name, size, scheme, scale in (("phone", PHONE, "light", 2), ("desktop", DESKTOP, "dark", 1)):
                page, _ = await new_page(browser, size, color_scheme=scheme, device_scale_factor=scale)
                await page.goto(server.url)
                await expect(page.locator("#now")).to_have_text("22.4")
                if name == "phone":
                    await page.get_by_role("switch", name="LED").press("Space")
                await expect(page.get_by_role("switch", name="LED")).to_be_checked()
                await expect(page.locator("#log div").first).to_contain_text("LED switched on")
                await expect(page.locator("#connection")).to_have_text("Live, 1 viewer")
                await camera.take(page, f"dashboard-{name}.png")


async def test_the_light_of_the_tutorial_for_boards(camera):
    async with chromium() as browser:
        with Served("python", saved("tutorial-board.md", "app.py", 1)) as server:
            page, _ = await new_page(browser, SMALL, device_scale_factor=2)
            await page.goto(server.url)
            await page.get_by_role("button", name="Switch on").click()
            await expect(page.locator("h1")).to_have_text("The light is on")
            await camera.take(page, "light.png")


async def test_the_guestbook_of_the_tutorial_for_servers(camera):
    async with chromium() as browser:
        with Served("python", saved("tutorial-server.md", "app.py")) as server:
            page, _ = await new_page(browser, SMALL, device_scale_factor=2)
            await page.goto(server.url)
            for name in ("Susan", "Kim & Lee"):
                await page.get_by_label("Your name").fill(name)
                await page.get_by_role("button", name="Sign").click()
                await expect(page.locator("li").last).to_have_text(name)
            await camera.take(page, "guestbook.png")


def test_every_picture_is_taken_here_and_shown():
    text = pathlib.Path(__file__).read_text()
    taken = set(re.findall(r'camera\.take\(page, f?"([\w{}-]+\.png)"\)', text)) - {"dashboard-{name}.png"}
    taken |= {"dashboard-phone.png", "dashboard-desktop.png"}
    assert {path.name for path in IMAGES.glob("*.png")} == taken
    shown = set()
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        shown |= set(re.findall(r"images/([\w-]+\.png)", page.read_text()))
    assert shown == taken
