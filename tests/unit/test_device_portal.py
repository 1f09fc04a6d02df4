"""The portal of a board's own network: who gets there, what a form does, and when it closes."""

import asyncio

from device_portal import NETWORKS, until
from microdot.device import _portal
from microdot.device._portal import PATH, PRESENCE, STAY
from microdot.device._portal_page import show_name, visible
from microdot.device._settings import Settings
from opened_portal import FILE, Opened

PROBES = {
    "connectivitycheck.gstatic.com": "/generate_204",
    "www.google.com": "/gen_204",
    "captive.apple.com": "/hotspot-detect.html",
    "www.msftconnecttest.com": "/connecttest.txt",
    "www.msftncsi.com": "/ncsi.txt",
    "detectportal.firefox.com": "/canonical.html",
    "nmcheck.gnome.org": "/check_network_status.txt",
}


async def test_the_network_has_the_name_and_the_passphrase_of_the_board():
    async with Opened() as board:
        assert board.hardware.open == ("attic", "on-the-label")
        assert board.log.lines == ["Wi-Fi: opened the network 'attic'; its page is http://127.0.0.1/_wifi"]
    assert board.hardware.open is None and board.log.lines[-1] == "Wi-Fi: closed the board's own network"
    async with Opened("{}") as board:
        name, secret = board.hardware.open
        assert name == "microdot-a1b2" and len(secret) == 10 and "a1b2" not in secret
        assert Settings(FILE).device["secret"] == secret
        assert secret not in "".join(board.log.lines)


async def test_phones_that_look_for_the_internet_find_the_page():
    async with Opened() as board:
        for host, path in PROBES.items():
            for method in ("GET", "HEAD"):
                status, headers, body = await board.ask(path, method, host=host)
                assert (status, headers["Location"], body) == (302, "http://127.0.0.1/_wifi", b""), host
                assert headers["Connection"] == "close" and headers["Cache-Control"] == "no-store"
        for host in ("", None, "x.example:80", "127.0.0.1.evil.example", "attic.local.evil.example"):
            status, headers, _ = await board.ask("/", host=host)
            assert (status, headers["Location"]) == (302, "http://127.0.0.1/_wifi"), host
            assert (await board.ask(PATH, host=host))[0] == 302
        assert not board.point.is_busy()


async def test_other_hosts_cannot_change_anything():
    async with Opened() as board:
        for path in (PATH, PATH + "/scan", "/"):
            status, _, body = await board.ask(path, form="network=686f6d65&password=12345678", host="evil.example")
            assert status == 400 and b"http://127.0.0.1/_wifi" in body
        assert not board.wifi.tries


async def test_other_sites_cannot_send_the_form():
    async with Opened() as board:
        form = "network=686f6d65&password=12345678"
        for fields in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await board.ask(form=form, **fields))[0] == 403
            assert (await board.ask(PATH + "/scan", form="", **fields))[0] == 403
        assert not board.wifi.tries and not board.point.is_busy()
        for fields in ({"Origin": "http://attic.local"}, {"Sec-Fetch-Site": "same-origin"}):
            assert (await board.ask(form=form, **fields))[0] == 303


async def test_the_application_answers_under_the_boards_own_names():
    async with Opened() as board:
        for host in ("attic", "attic.local", "127.0.0.1", "127.0.0.1:80"):
            assert (await board.ask("/", host=host))[2] == b"application"
            assert (await board.ask("/_wifix", host=host))[2] == b"path _wifix"
        assert (await board.ask("/?locked=1"))[0] == 401
        assert (await board.ask(PATH + "?locked=1"))[0] == 200  # its hooks are not the page's
        assert (await board.ask(PATH + "/nothing"))[0] == 404
    assert (await board.ask(PATH))[2] == b"path _wifi"
    assert (await board.ask("/", host="evil.example"))[2] == b"application"


async def test_only_guests_see_the_page():
    async with Opened() as board:
        for client in (("10.0.0.5", 1), ("127.0.10.5", 1), None):
            assert (await board.ask(PATH, client=client))[2] == b"path _wifi"
            assert (await board.ask("/generate_204", host="x.example", client=client))[2] == b"path generate_204"
        response = await board.app.dispatch_request(None)
        assert response.status_code == 400


async def test_the_page_lists_networks():
    async with Opened() as board:
        _, headers, _ = await board.ask()
        assert headers["Content-Type"] == "text/html; charset=UTF-8" and headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        text = await board.page()
        assert '<option value="686f6d65">home (strong)</option>' in text
        assert '<option value="636166c3a9">caf\u00e9 (good, open)</option>' in text
        assert '<option value="ff003c">\\xff\\x00&lt; (weak)</option>' in text
        assert "alert" not in text
        assert (await board.ask(PATH + "/style.css"))[1]["Content-Type"] == "text/css"
        NETWORKS.append((b"new", -81, True))
        try:
            assert (await board.ask(PATH + "/scan", form=""))[0] == 303
        finally:
            NETWORKS.pop()
        assert "new (very weak)" in await board.page()
        board.wifi.broken = OSError(5)
        assert (await board.ask(PATH + "/scan", form=""))[0] == 303
        assert "new (very weak)" in await board.page()
        assert "cannot look for networks" in board.log.lines[-1]


async def test_a_wrong_password_leaves_the_portal_open():
    async with Opened() as board:
        gate = board.wifi.gate = asyncio.Event()
        assert (await board.ask(form="network=686f6d65&password=12345678"))[0] == 303
        await until(lambda: board.wifi.tries)
        _, headers, text = await board.ask()
        assert headers["Refresh"] == "4;url=/_wifi" and b"Trying <b>home</b>" in text and b"form" not in text
        gate.set()
        await until(lambda: not board.point._portal.is_trying())
        _, headers, text = await board.ask()
        text = text.decode()
        assert "cannot join <b>home</b>. The password is wrong." in text and "Refresh" not in headers
        assert '<option value="686f6d65" selected>' in text
        assert board.hardware.open and not board.settings.device["networks"] and not board.wifi.retries


async def test_a_network_is_joined_saved_and_shown():
    async with Opened() as board:
        board.wifi.outcome = "joined"
        assert (await board.join("network=686f6d65&password=12345678"))[0] == 303
        assert board.wifi.retries == 1
        assert [(net["ssid"], net["password"]) for net in Settings(FILE).device["networks"]] == [("home", "12345678")]
        board.wifi.address = "192.0.2.7"
        board.point.close()  # as the station does
        text = await board.page()
        assert "has joined <b>home</b>" in text and "http://192.0.2.7/" in text and "http://attic.local/" in text
        assert "12345678" not in text and "form" not in text
        # What can be reached from that network now changes nothing any more.
        tries = len(board.wifi.tries)
        assert (await board.ask(form="network=686f6d65&password=87654321"))[0] == 303
        assert (await board.ask(PATH + "/scan", form=""))[0] == 303
        assert len(board.wifi.tries) == tries and not board.point._portal.is_trying()
        await board.seconds(STAY - 1)
        assert board.hardware.open
        await board.seconds(1)
        assert board.hardware.open is None and not board.point.is_busy()
        assert (await board.ask(PATH))[2] == b"path _wifi"


async def test_what_cannot_be_saved_is_told():
    async with Opened() as board:
        board.wifi.outcome = "joined"

        def full(network):
            raise OSError(28)

        board.settings.add_network = full
        await board.join("network=686f6d65&password=12345678")
        assert "no room to save" in await board.page()
        assert board.wifi.retries == 1


async def test_a_power_cut_while_saving_leaves_the_portal_for_the_next_start():
    from microdot.device import _settings

    async with Opened() as board:
        board.wifi.outcome = "joined"
        original = _settings._replace

        def cut(source, target):
            raise RuntimeError("the power is gone")

        _settings._replace = cut
        try:
            await board.join("network=686f6d65&password=12345678")
        finally:
            _settings._replace = original
        assert "did not answer in time" in await board.page()
        after = Settings(FILE)
        assert after.device["networks"] == () and after.device["secret"] == "on-the-label"


async def test_bad_forms():
    async with Opened() as board:
        for form, message in (
            ("", "Choose a network"),
            ("network=&password=12345678", "Choose a network"),
            ("network=zz&password=12345678", "Choose a network"),
            ("network=686&password=12345678", "Choose a network"),
            ("network=%2b6%2b6&password=12345678", "Choose a network"),
            ("network=686f6d65&password=", "needs a password"),
            ("network=686f6d65&password=seven77", "8 to 63"),
            ("network=636166c3a9&password=12345678", "has no password"),
            ("other=x&password=seven77", "8 to 63"),
            ("other=x&password=" + "p" * 65, "8 to 63"),
            ("other=x&password=" + "p" * 64, "8 to 63"),
            ("other=" + "n" * 33 + "&password=12345678", "32 bytes"),
            ("other=" + "%c3%a9" * 17 + "&password=12345678", "32 bytes"),
            ("network=" + "61" * 33 + "&password=12345678", "32 bytes"),
        ):
            status, body = await board.join(form)
            assert status == 400 and message in body and "alert" in body, (form, body)
        assert not board.wifi.tries
        assert (await board.ask(form="other=" + "x" * 2000))[0] == 413
        assert (await board.ask(method="POST"))[0] == 400
        for password in ("eight888", "p" * 63, "0123456789abcdefABCD" + "f" * 44):
            assert (await board.join("other=x&password=" + password))[0] == 303
            assert board.wifi.tries[-1]["password"] == password
        assert (await board.join("other=x&password="))[0] == 303  # an open one that is hidden
        assert board.wifi.tries[-1]["password"] == ""


async def test_names_of_anything():
    async with Opened() as board:
        board.wifi.outcome = "joined"
        for name in (bytes(32), bytes(range(32)), bytes(range(224, 256)), b"\xf0\x9f\x8f\xa0" * 8, b"'\"\\&<>" * 5):
            text = "".join(["%02x" % byte for byte in name])
            assert (await board.join("network=%s&password=12345678" % text))[0] == 303
            network = Settings(FILE).device["networks"][0]
            assert _portal.network_name(network) == name
            page = await board.page()
            assert "\x00" not in page and "'\"" not in page
            board.wifi.state = "waiting"
            board.point.open()  # the network is lost, and the form is there again
        board.wifi.outcome = "not found"
        status, _ = await board.join("network=686f6d65&other=hidden%20one&password=12345678")
        assert status == 303 and board.wifi.tries[-1]["ssid"] == "hidden one"
        assert (await board.join("network=636166c3a9&password="))[0] == 303
        assert board.wifi.tries[-1]["password"] == ""  # an open network


def test_names_that_look_like_others_are_told_apart():
    for name, shown in (
        (b"home", "home"),
        ("\u202eemoh".encode(), "\\u202eemoh"),  # it reads "home", from right to left
        ("ho\u200bme\ufeff".encode(), "ho\\u200bme\\ufeff"),
        ("\u2066home\u061c".encode(), "\\u2066home\\u061c"),
        ("home\ufe0f\u034f\u3164\u2800".encode(), "home\\ufe0f\\u034f\\u3164\\u2800"),
        ("ho\u00a0me\u2003".encode(), "ho\\u00a0me\\u2003"),
        ("home\U000e0041".encode(), "home\\U000e0041"),
        (b"home ", "home\\x20"),
        (b"my  home", "my\\x20\\x20home"),
        (b"my home", "my home"),
        (b"home\n\x7f", "home\\x0a\\x7f"),
        (b"\\u202eemoh", "\\\\u202eemoh"),  # a backslash of its own
        (b"\\xff", "\\\\xff"),
        (b"\xff\\", "\\xff\\\\"),
        (b"", ""),
        ("gr\u00fcn \u05d1\u05d9\u05ea \U0001f3e0 \u4e2d".encode(), "gr\u00fcn \u05d1\u05d9\u05ea \U0001f3e0 \u4e2d"),
    ):
        assert visible(name) == shown, (name, visible(name))
    assert show_name(b"<b>&\"") == "&lt;b&gt;&amp;&quot;"


async def test_two_phones_at_once():
    async with Opened() as board:
        gate = board.wifi.gate = asyncio.Event()
        assert (await board.ask(form="network=686f6d65&password=12345678"))[0] == 303
        await until(lambda: board.wifi.tries)
        second = ("127.0.0.17", 40000)
        assert (await board.ask(form="other=mine&password=87654321", client=second))[0] == 303
        assert (await board.ask(PATH + "/scan", form="", client=second))[0] == 303
        assert "Trying <b>home</b>" in await board.page(client=second)
        gate.set()
        await until(lambda: not board.point._portal.is_trying())
        assert len(board.wifi.tries) == 1
        assert "cannot join <b>home</b>" in await board.page(client=second)
        # The second one knows better; the first one's old page is sent once more, and late.
        board.wifi.outcome = "joined"
        assert (await board.ask(form="other=mine&password=87654321", client=second))[0] == 303
        await until(lambda: not board.point._portal.is_trying())
        assert (await board.ask(form="network=686f6d65&password=12345678"))[0] == 303
        for client in (second, ("127.0.0.16", 40000)):
            assert "has joined <b>mine</b>" in await board.page(client=client)
        assert [network["ssid"] for network in board.wifi.tries] == ["home", "mine"]


async def test_a_driver_that_fails():
    async with Opened() as board:
        board.wifi.outcome = ValueError("driver")
        await board.join("network=686f6d65&password=12345678")
        assert "Try again" in await board.page() and not board.point._portal.is_trying()
        board.hardware.close_access_point = lambda wlan: int("driver") if wlan is None else _raise(OSError(5))
    assert board.log.lines[-1] == "Wi-Fi: closed the board's own network"
    board = Opened()
    board.hardware.broken = OSError(5)
    async with board:
        assert not board.point.is_busy()
        assert (await board.ask(PATH))[2] == b"path _wifi"
        board.hardware.broken = None
        board.point.open()  # the station asks for it again
        await until(lambda: board.hardware.open)


async def test_a_lack_of_memory_does_not_keep_the_portal_open():
    class Socket:
        closed = False

        def close(self):
            self.closed = True

    board = Opened()
    board.sock = Socket()
    queries = []

    def answer(sock, address):
        assert sock is board.sock and address == bytes((127, 0, 0, 1))
        queries.append(1)
        raise MemoryError

    async with board:
        _portal._answer_queries = answer
        await until(lambda: len(queries) > 5)
        await board.page()
        board.point.close()
        assert board.hardware.open
        close = board.hardware.close_access_point
        failures = []

        def fail_once(wlan):
            if not failures:
                failures.append(wlan)
                raise MemoryError
            close(wlan)

        board.hardware.close_access_point = fail_once
        board.wifi.state = "joined"
        board.point._portal._left = 1
        await until(lambda: board.hardware.open is None)
        assert failures and not board.point.is_busy()
        await until(lambda: board.sock.closed)


def _raise(error):
    raise error


async def test_presence():
    async with Opened() as board:
        assert not board.point.is_busy()
        await board.ask("/generate_204", host="connectivitycheck.gstatic.com")
        await board.ask("/")
        assert not board.point.is_busy()  # a phone asks such things all day
        await board.page()
        assert board.point.is_busy()
        await board.seconds(PRESENCE - 1)
        assert board.point.is_busy()
        await board.seconds(1)
        assert not board.point.is_busy()
        # A page that has been left open for a day still works.
        await board.seconds(86400)
        assert (await board.join("network=686f6d65&password=12345678"))[0] == 303
        assert len(board.wifi.tries) == 1 and board.point.is_busy()


async def test_the_end_when_the_station_has_joined():
    async with Opened() as board:
        board.point.close()  # nobody is there
        assert board.hardware.open is None
        board.point.open()
        await until(lambda: board.hardware.open)
        board.wifi.outcome = "joined"
        await board.join("network=686f6d65&password=12345678")
        board.point.close()
        assert board.hardware.open and "has joined" in await board.page()
        board.wifi.state = "waiting"  # the network has gone again before the minute is over
        await board.seconds(2 * STAY)
        assert board.hardware.open and "<form" in await board.page()
    board.point.end()  # once is enough
    assert board.hardware.closed == 2


async def test_a_board_without_an_access_point():
    board = Opened()
    board.hardware.missing = True
    board.point.announce()
    board.point.open()
    board.point.close()
    board.point.end()
    assert not board.point.is_busy() and board.hardware.open is None


async def test_a_network_with_the_addresses_of_the_boards_own():
    async with Opened() as board:
        board.wifi.outcome, board.wifi.shares = "joined", True
        await board.join("network=686f6d65&password=12345678")
        assert board.point.is_busy()
        board.point.close()
        assert board.hardware.open is None and "uses the addresses" in board.log.lines[-2]
        assert Settings(FILE).device["networks"][0]["ssid"] == "home"
        assert (await board.ask(PATH))[2] == b"path _wifi"
