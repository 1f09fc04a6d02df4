"""A headless browser for the tests of pages, and what a page is checked for."""

import contextlib
import os
import pathlib
import shutil

from playwright.async_api import async_playwright, expect

from server_process import PATIENCE

ROOT = pathlib.Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
]
AXE = ROOT / ".cache" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}

expect.set_options(timeout=PATIENCE * 1000)


@contextlib.asynccontextmanager
async def chromium():
    """Start the browser; ends it."""
    assert CHROMIUM, "this test needs a browser: apt-get install chromium, or set CHROMIUM"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


async def new_page(browser, size=DESKTOP, **options):
    """Return a page with connections and cookies of its own, and the list of its errors, which grows."""
    context = await browser.new_context(viewport=size, **options)
    page = await context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    return page, errors


async def violations(page):
    """Return what axe-core finds wrong with a page: the rules and the elements."""
    assert AXE.exists(), "this test needs axe-core: make machine"
    await page.evaluate(AXE.read_text())
    result = await page.evaluate("axe.run()")
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in result["violations"]]


async def overflow(page):
    """Return by how many pixels the page is wider than the window."""
    return await page.evaluate("document.documentElement.scrollWidth - innerWidth")
