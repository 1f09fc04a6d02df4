"""The pages of the examples in a real browser: on a phone and a desktop, light and dark."""

import contextlib
import gzip
import shutil

import pytest

from live.browser import DESKTOP, PHONE, ROOT, chromium, new_page, overflow, violations
from live.served import Served
from live.utemplate_package import utemplate_folder
from redis_server import RedisServer

EXAMPLES = ROOT / "examples"
#: Example -> its pages; the dashboard has tests of its own.
PAGES = {
    "auth": ["/"],
    "background_work": ["/"],
    "chat": ["/"],
    "cors": ["/"],
    "csrf_form": ["/"],
    "jinja": ["/"],
    "led": ["/"],
    "login": ["/login"],
    "one_app": ["/"],
    "session": ["/"],
    "session_redis": ["/"],
    "sse_counter": ["/"],
    "static_files": ["/"],
    "upload": ["/"],
    "utemplate": ["/"],
    "weather": ["/"],
    "websocket_echo": ["/"],
}
STYLES = sorted(EXAMPLES.glob("*/**/style.css.gz"))


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.parent.name)
def test_the_style_is_the_shared_one(path):
    """Each folder has a copy, so that it can be taken as it is."""
    command = f"gzip -9nc examples/shared/style.css > {path.relative_to(ROOT)}"
    assert gzip.decompress(path.read_bytes()) == (EXAMPLES / "shared" / "style.css").read_bytes(), command
    assert path.stat().st_size < 2048


@pytest.mark.parametrize("kind", ["micropython", "uvicorn"])
@pytest.mark.parametrize("example", PAGES)
async def test_the_pages_are_good_to_look_at(example, kind, tmp_path):
    """No error, nothing that axe-core finds, nothing wider than the window; four requests at most."""
    if example in ("jinja", "session_redis") and kind == "micropython":
        kind = "python"  # for CPython only
    folder = shutil.copytree(EXAMPLES / example, tmp_path / example)
    paths = [utemplate_folder()] if example == "utemplate" else []
    options = {"http_credentials": {"username": "susan", "password": "open sesame"}} if example == "auth" else {}
    async with chromium() as browser:
        with contextlib.ExitStack() as stack:
            environment = {}
            if example == "session_redis":
                environment["REDIS_URL"] = stack.enter_context(RedisServer()).url
            server = stack.enter_context(Served(kind, folder / "app.py", paths=paths, **environment))
            for path in PAGES[example]:
                for scheme, size in (("light", PHONE), ("dark", DESKTOP)):
                    page, errors = await new_page(browser, size, color_scheme=scheme, **options)
                    urls = []
                    page.on("request", lambda request, urls=urls: urls.append(request.url))
                    await page.goto(server.url + path)
                    await page.wait_for_load_state("load")
                    assert await violations(page) == [], path
                    assert await overflow(page) <= 0, path
                    assert errors == [], path
                    assert len({url for url in urls if url.startswith("http")}) <= 4, urls
                    await page.screenshot(path=tmp_path / f"{example}-{scheme}-{len(path)}.png", full_page=True)
                    await page.context.close()
            assert "Traceback" not in server.log(), server.log()
