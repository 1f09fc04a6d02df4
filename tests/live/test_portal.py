"""The portal of a board's own network, on this computer: queries, probes, the form, and the page in a real browser."""

import concurrent.futures
import contextlib
import json
import os
import socket

import httpx
import pytest
from playwright.async_api import expect

from live.browser import DESKTOP, PHONE, chromium, new_page, overflow, violations
from live.served import OWN, ROOT, Served
from server_process import PATIENCE, wait_until

APP = ROOT / "tests" / "live" / "portal_app.py"
PASSWORD = "correct horse"
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01"
PROBE = "http://connectivitycheck.gstatic.com/generate_204"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Portal(Served):
    """A board with an open portal."""

    def __init__(self, kind, folder, stay="3600", **device):
        self.settings = folder / "settings.json"
        self.dns_port = free_port()
        self.settings.write_text(json.dumps({"device": device}))
        variables = {"PORTAL_SETTINGS": str(self.settings), "PORTAL_DNS_PORT": str(self.dns_port), "PORTAL_STAY": stay}
        super().__init__(kind, APP, heap=288, **variables)  # the modules alone take most of 256 KB on 64 bits

    def __enter__(self):
        super().__enter__()
        assert wait_until(lambda: "Wi-Fi: opened" in self.log()), self.log()
        return self

    def networks(self):
        return json.loads(self.settings.read_text())["device"].get("networks", [])


@pytest.fixture(params=OWN)
def portal(request, tmp_path):
    with Portal(request.param, tmp_path, name="attic") as portal:
        yield portal
        assert "Traceback" not in portal.log(), portal.log()


def ask_name(port, query):
    """Return the answer to a query; sends it again as long as none comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        sock.connect(("127.0.0.1", port))

        def answer():
            with contextlib.suppress(OSError):
                sock.send(query)
                return sock.recv(600)

        return wait_until(answer)


@pytest.mark.parametrize("kind", OWN)
def test_from_the_first_start_to_the_network(kind, tmp_path):
    with Portal(kind, tmp_path, stay="2", name="attic", fallback_after=1) as portal:
        follow(portal)
        follow_again(portal)
        assert "Traceback" not in portal.log(), portal.log()


def follow(portal):
    secret = json.loads(portal.settings.read_text())["device"]["secret"]
    assert len(secret) == 10 and f"The passphrase of this board: {secret}" in portal.log()
    assert f"OPEN attic {secret}" in portal.log()
    with portal.client() as client:
        answer = client.get("/generate_204", headers={"Host": "connectivitycheck.gstatic.com"})
        assert (answer.status_code, answer.headers["Connection"]) == (302, "close")
        assert answer.headers["Location"].endswith("/_wifi")
        assert client.get("/").text == "the application, no networks"
        page = client.get("/_wifi")
        assert page.text.count("<option") == 60 and "&lt;script&gt;" in page.text and "<script" not in page.text
        assert page.text.index(">home (strong)<") < page.text.index("network 0 ") < page.text.index("network 49 ")
        assert client.get("/_wifi/style.css").text.startswith(":root{")

        assert client.post("/_wifi", data={"network": b"home".hex(), "password": "wrong horse"}).status_code == 303
        assert "Trying <b>home</b>" in client.get("/_wifi").text
        assert wait_until(lambda: "The password is wrong" in client.get("/_wifi").text)
        assert not portal.networks() and "cannot join 'home': wrong password" in portal.log()

        assert client.post("/_wifi", data={"network": b"home".hex(), "password": PASSWORD}).status_code == 303
        assert wait_until(lambda: "has joined <b>home</b>" in client.get("/_wifi").text)
        assert [(network["ssid"], network["password"]) for network in portal.networks()] == [("home", PASSWORD)]
        assert wait_until(lambda: "CLOSED" in portal.log())
        assert client.get("/_wifi").status_code == 404
        assert client.get("/", headers={"Host": "evil.example"}).text == "the application, joined"


def follow_again(portal):
    """The network is lost: the portal, whose modules have been forgotten, opens once more."""
    with portal.client() as client:
        client.post("/near?near=no")
        assert wait_until(lambda: portal.log().count("Wi-Fi: opened") == 2), portal.log()
        assert ">home (strong)<" in client.get("/_wifi").text
        client.post("/near?near=yes")
        assert client.post("/_wifi", data={"network": b"home".hex(), "password": PASSWORD}).status_code == 303
        assert wait_until(lambda: portal.log().count("CLOSED") == 2), portal.log()
        assert client.get("/_wifi").status_code == 404


def test_floods_leave_time_for_others(portal):
    assert ask_name(portal.dns_port, QUERY).endswith(b"\x04\x7f\x00\x00\x01")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, portal.client() as client:
        sock.connect(("127.0.0.1", portal.dns_port))
        for junk in (b"", b"x", QUERY[:20], os.urandom(600), b"\xff" * 40):
            for _ in range(200):
                with contextlib.suppress(OSError):  # its buffer is full
                    sock.send(junk)
        assert client.get("/_wifi").status_code == 200

    def probe(_):
        with portal.client() as client:
            return client.get(PROBE.partition(".com")[2], headers={"Host": "connectivitycheck.gstatic.com"}).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert set(pool.map(probe, range(120))) <= {302, 503}
    with portal.client() as client:
        assert client.get("/_wifi").status_code == 200
    assert ask_name(portal.dns_port, QUERY).endswith(b"\x04\x7f\x00\x00\x01")


async def test_the_page_by_keyboard(portal):
    async with chromium() as browser:
        page, errors = await new_page(browser, PHONE, java_script_enabled=False)
        await page.goto(f"{portal.url}/_wifi")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("combobox")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Password")).to_be_focused()
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Trying home")).to_be_visible()
        joined = page.get_by_role("heading", name="The board has joined home")
        await expect(joined).to_be_visible(timeout=PATIENCE * 1000)
        assert errors == []


async def test_axe_finds_nothing_and_nothing_sticks_out(tmp_path):
    async with chromium() as browser:
        with Portal("micropython", tmp_path, name="attic") as portal:
            with httpx.Client(base_url=portal.url) as client:
                client.post("/_wifi", data={"network": b"home".hex(), "password": "wrong horse"})
                assert wait_until(lambda: "is wrong" in client.get("/_wifi").text)
            for scheme in ("light", "dark"):
                for size in (PHONE, DESKTOP, {"width": 320, "height": 600}):
                    page, errors = await new_page(browser, size, color_scheme=scheme)
                    await page.goto(f"{portal.url}/_wifi")
                    assert await overflow(page) <= 0
                    assert await violations(page) == []
                    assert errors == []
                    await page.context.close()
            page, errors = await new_page(browser, PHONE)
            await page.goto(f"{portal.url}/_wifi")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Connect").click()
            await expect(page.get_by_role("heading", name="Trying home")).to_be_visible()
            assert await violations(page) == []
            joined = page.get_by_role("heading", name="The board has joined home")
            await expect(joined).to_be_visible(timeout=PATIENCE * 1000)
            assert await violations(page) == []
            assert await overflow(page) <= 0
            assert errors == []
