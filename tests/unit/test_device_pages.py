"""Who gets the pages of a board."""

from device_board import Wifi
from device_pages import SECRET, Served
from microdot.device._pages import Pages


async def test_the_page_needs_no_login_and_tells_nothing():
    with Served() as served:
        for path, kind in (("", "text/html"), ("/page.js", "text/javascript"), ("/style.css", "text/css")):
            # HEAD: a copy of the body would not fit into a small heap that is in pieces.
            response = await served.client.request("HEAD", "/_device" + path, {"Host": "192.168.1.7"})
            assert response.status_code == 200 and response.headers["Content-Type"].startswith(kind)
            assert response.headers["Content-Encoding"] == "gzip"
        assert "frame-ancestors 'none'" in (await served.get("")).headers["Content-Security-Policy"]


async def test_all_else_needs_a_login():
    with Served() as served:
        for path in ("/status", "/settings", "/log"):
            assert (await served.get(path)).status_code == 401
        for path in ("/settings", "/restart"):
            assert (await served.post(path, {})).status_code == 401
        response = await served.get("/status", Cookie="device=" + "0" * 64)
        assert response.status_code == 401
        assert served.board.hardware.events == []
        response = await served.log_in()
        (cookie,) = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/_device" in cookie
        response = await served.get("/status")
        assert response.json["name"] == "attic" and response.headers["Cache-Control"] == "no-store"
        assert SECRET not in response.text
        other = Pages(served.settings, served.board.log, Wifi(), served.board.hardware, served.runner)
        served.client.app = other.app  # the board has restarted
        assert (await served.get("/status")).status_code == 401


async def test_a_computer_answers_its_own_programs_only():
    with Served(is_board=False) as served:
        for address, status in (("127.0.0.1", 200), ("192.168.1.9", 403)):
            transport_address(served.client, address)
            assert (await served.get("")).status_code == status


def transport_address(client, address):
    """Let the requests of a test client come from an address."""
    make = client._make_request

    def make_request(*arguments):
        request = make(*arguments)
        request.client_addr = address, 5000
        return request

    client._make_request = make_request
