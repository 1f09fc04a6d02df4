"""What the pages of a board do: settings, log, restart; updates where they are not possible."""

from device_pages import Served
from support import folder


async def test_settings():
    with Served() as served:
        await served.log_in()
        fields = (await served.get("/settings")).json
        app = {field["name"]: field for field in fields["app"]}
        assert [field["name"] for field in fields["app"]] == ["interval", "token", "mode"]
        assert app["interval"]["value"] == 60
        assert app["interval"]["label"] == "Seconds" and app["interval"]["type"] == "int"
        assert app["mode"]["choices"] == ["slow", "fast"] and app["token"]["value"] is False
        device = {field["name"]: field["value"] for field in fields["device"]}
        assert device["name"] == "attic" and device["secret"] is True and "networks" not in device
        response = await served.post("/settings", {"app": {"interval": 5, "token": "t"}, "device": {"name": "roof"}})
        assert response.status_code == 200
        assert served.settings["interval"] == 5 and served.settings.device["name"] == "roof"
        assert served.settings["token"] == "t" and served.settings["mode"] == "slow"
        response = await served.post("/settings", {"app": {"interval": 0}})
        assert response.status_code == 400 and "interval" in response.json["fields"]
        for body in ({"app": 5}, {"device": []}):
            assert (await served.post("/settings", body)).status_code == 400
        served.settings.path = folder() + "/no such folder/x"
        response = await served.post("/settings", {"app": {"interval": 7}})
        assert response.status_code == 507 and "cannot be saved" in response.text


async def test_the_log():
    with Served() as served:
        await served.log_in()
        log = served.board.log
        log.keep("one\ntwo")
        fields = {"Host": "192.168.1.7"}
        async with await served.client.stream("GET", "/_device/log", headers=fields) as response:
            received = b""
            async for chunk in response:
                received += chunk
                if b"data: two" in received and b"three" not in received:
                    log.keep("three")
                if b"three" in received:
                    break
        assert b"data: one" in received and b"id: 3" in received
        fields["Last-Event-ID"] = "2"
        async with await served.client.stream("GET", "/_device/log", headers=fields) as response:
            async for chunk in response:
                assert b"three" in chunk and b"two" not in chunk
                break


async def test_restart():
    with Served() as served:
        await served.log_in()
        assert (await served.post("/restart", {})).json == {}
        assert served.runner._restarting


async def test_updates_where_they_are_not_possible():
    with Served() as served:
        described = (await served.get("/update")).json
        assert described["possible"] is False and len(described["nonce"]) == 22 and "error" not in described
        response = await served.post("/update", b"x")
        assert response.status_code == 409 and "device.run() without an application" in response.text
