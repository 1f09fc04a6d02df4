"""What strangers cannot do with the pages of a board: try passphrases without a limit, or use an owner's browser."""

from device_pages import SECRET, Served
from microdot.device._update import sign
from microdot.throttle import Throttle


async def test_wrong_passphrases_are_counted():
    with Served() as served:
        served.pages._throttle = Throttle(account=(2, 60), address=(100, 1))
        for secret, status in (("abcdefghik", 403), (5, 403), (SECRET, 429), (None, 429)):
            assert (await served.post("/login", {"secret": secret})).status_code == status
        for body in ("[]", "x", None):
            response = await served.post("/login", body, **{"Content-Type": "application/json"})
            assert response.status_code == 400


async def test_wrong_signatures_are_counted_where_nothing_is_sent():
    with Served() as served:
        served.pages._throttle = Throttle(account=(2, 60), address=(100, 1))
        nonce = (await served.get("/update")).json["nonce"]
        for secret, status in ((SECRET, 200), (SECRET, 200), ("wrong", 200), ("wrong", 200), (SECRET, 429)):
            response = await served.get("/update", **{"Update-Signature": sign(secret, nonce, b"why")})
            assert response.status_code == status
            assert status == 429 or ("error" in response.json) == (secret == SECRET)
        assert (await served.get("/update")).status_code == 200


async def test_other_sites_are_refused():
    with Served() as served:
        await served.log_in()
        for fields in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            assert (await served.post("/restart", {}, **fields)).status_code == 403
        assert served.runner._restarting is False
        for host in ("evil.example", "attic.example", "192.168.1.7.evil.example"):
            for path in ("", "/status", "/update"):
                assert (await served.get(path, host=host)).status_code == 400, host
        for host in ("attic", "attic.local:80", "localhost:8000", "10.0.0.9:8080"):
            assert (await served.get("", host=host)).status_code == 200, host
