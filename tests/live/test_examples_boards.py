"""The examples with an LED and with a sensor, which run on computers too: every viewer sees each change."""

import json
import shutil

import pytest

from live.browser import ROOT
from live.served import Served

SERVERS = ("micropython", "python", "uvicorn", "gthread")
#: Example -> a form that switches, what viewers see then; wrong ones; settings; wrong settings with the field's name.
EXAMPLES = {
    "led": (
        "/mode", {"mode": "blink"}, lambda state: state["mode"] == "blink", {"mode": "bright"},
        {"name": "Küche", "speed": "100"}, lambda state: (state["name"], state["speed"]) == ("Küche", 100),
        {"name": "x", "speed": "99"}, "speed",
    ),
    "weather": (
        "/led", {"on": "true"}, lambda state: state["state"] == {"led": True, "error": ""}, {"on": "maybe"},
        {"place": "Küche", "interval": "2"}, lambda state: state["settings"] == {"place": "Küche", "interval": 2},
        {"place": "x", "interval": "1"}, "interval",
    ),
}  # fmt: skip


def until(lines, condition):
    """Read a viewer's events until one fulfils the condition; the stream's end fails."""
    for line in lines:
        if line.startswith("data: ") and condition(json.loads(line[6:])):
            return
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_viewers_see_each_change(example, kind, tmp_path):
    path, switching, is_switched, wrong, settings, are_set, wrong_settings, field = EXAMPLES[example]
    folder = shutil.copytree(ROOT / "examples" / example, tmp_path / example)
    with Served(kind, folder / "app.py") as server, server.client() as client:
        with client.stream("GET", "/events") as one, client.stream("GET", "/events") as two:
            viewers = [one.iter_lines(), two.iter_lines()]
            assert client.post(path, data=switching).status_code == 204
            for lines in viewers:
                until(lines, is_switched)
            assert client.post("/settings", data=settings).status_code == 204
            for lines in viewers:
                until(lines, are_set)
            if example == "weather":
                until(viewers[0], lambda state: len(state["readings"]) > 1)
        assert client.post(path, data=wrong).status_code == 400
        assert client.post(path, data=switching, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        answer = client.post("/settings", data=wrong_settings)
        assert answer.status_code == 400 and field in answer.json()["fields"]
        assert "Traceback" not in server.log(), server.log()
    with (
        Served(kind, folder / "app.py") as again,  # has kept its settings
        again.client() as client,
        client.stream("GET", "/events") as response,
    ):
        until(response.iter_lines(), are_set)
