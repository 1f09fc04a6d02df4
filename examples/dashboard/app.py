"""A live dashboard: a temperature, switches, a log, settings and a file, the same for everybody who looks at it.

Runs on a board, as `python app.py`, with `uvicorn app:app` and with `gunicorn --threads 16 app:app`. One process serves
all viewers, because what they see is in its memory. `hardware.py` has the sensor and the switches.
"""

import asyncio
import json
import os
import time

from hardware import SWITCHES, temperature

from microdot import Microdot, abort, send_file
from microdot.checks import Field, Fields, with_form
from microdot.csrf import CSRF
from microdot.pubsub import PubSub
from microdot.sse import with_sse
from microdot.static import mount_static
from microdot.uploads import save_body

VIEWERS = 4  # with live events: each takes a socket of the board, or a thread of gunicorn; others ask from time to time
READINGS = 120
LINES = 40
FILE_SIZE = 256 * 1024
FOLDER = __file__.rsplit("app.", 1)[0]  # app.mpy in an image
SETTINGS_FILE = "dashboard.json"  # in the current folder, like the uploaded file
FILE = "dashboard.bin"
NO_SPACE = 28  # errno.ENOSPC
SWITCH = Fields([Field("on", bool)])
SETTINGS = Fields([
    Field("name", minimum=1, maximum=40),
    Field("interval", int, minimum=1, maximum=60),
    Field("limit", int, minimum=-40, maximum=85),
])

app = Microdot()
CSRF(app)
# A viewer who falls behind loses the connection, comes back, and gets the whole state again.
hub = PubSub(overflow="close")
settings = {"name": "Greenhouse", "interval": 2, "limit": 24, "file": None}
readings = []
log = [[0, "Started"]]
started = time.time()
uploads = []  # the one that is running


def keep(items, item, most):
    """Append an item to a list that holds the last *most* ones."""
    items.append(item)
    if len(items) > most:
        del items[0]


async def publish(event, value):
    """Tell all viewers."""
    await hub.publish("events", (event, json.dumps(value)))


async def write_log(text):
    line = [int(time.time() - started), text]
    keep(log, line, LINES)
    await publish("log", line)


@app.task
async def measure():
    """Measure for as long as the server runs; starts again after an error of the sensor."""
    too_warm = False
    while True:
        value = round(temperature(), 1)
        keep(readings, value, READINGS)
        await publish("reading", value)
        if (value > settings["limit"]) != too_warm:
            too_warm = not too_warm
            await write_log("%.1f °C: %s the limit" % (value, "over" if too_warm else "back under"))
        seconds = 0
        while seconds < settings["interval"]:  # it may change meanwhile
            await asyncio.sleep(1)
            seconds += 1


def load_settings():
    try:
        with open(SETTINGS_FILE) as file:
            settings.update(json.load(file))
    except (OSError, ValueError):
        pass  # the first start


def save_settings():
    """Write the settings so that a power cut leaves the old ones or the new ones."""
    with open(SETTINGS_FILE + ".new", "w") as file:
        json.dump(settings, file)
    getattr(os, "replace", os.rename)(SETTINGS_FILE + ".new", SETTINGS_FILE)


@app.get("/state")
async def state(request):
    return {
        "settings": settings,
        "readings": readings,
        "switches": [[switch.label, switch.on] for switch in SWITCHES],
        "log": log,
        "viewers": hub.subscribers("events"),
    }


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("events") as news:
        if hub.subscribers("events") > VIEWERS:
            await sse.send("", event="full")
            return
        await sse.send(await state(request), event="state")
        await publish("viewers", hub.subscribers("events"))
        try:
            async for event, text in news:
                await sse.send(text, event=event)
        finally:
            await publish("viewers", hub.subscribers("events") - 1)


@app.post("/switches/<int:number>")
@with_form(SWITCH)
async def turn(request, values, number):
    if number >= len(SWITCHES):
        abort(404, "There is no switch %d" % number)
    switch = SWITCHES[number]
    switch.turn(values["on"])
    await publish("switch", [number, switch.on])
    await write_log("%s switched %s" % (switch.label, "on" if switch.on else "off"))
    return "", 204


@app.post("/settings")
@with_form(SETTINGS)
async def change_settings(request, values):
    settings.update(values)
    save_settings()
    await publish("settings", settings)
    await write_log("Settings saved")
    return "", 204


@app.put("/file", max_content_length=FILE_SIZE)
async def upload(request):
    """Save the body piece by piece; the previous file stays until all of it has come."""
    name = request.args["name"][:80]
    if uploads:
        abort(409, "Another upload is running")
    uploads.append(name)
    try:
        size = await save_body(request, FILE)
    except OSError as error:
        if error.errno != NO_SPACE:
            raise
        abort(507, "There is no room for the file")
    finally:
        uploads.clear()
    settings["file"] = {"name": name, "size": size}
    save_settings()
    await publish("settings", settings)
    await write_log("%s received, %d bytes" % (name, size))
    return "", 204


@app.get("/file")
def download(request):
    if settings["file"] is None:
        abort(404, "There is no file")
    response = send_file(FILE, content_type="application/octet-stream")  # never shown as a page of this site
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Cache-Control"] = "no-store"
    return response


mount_static(app, "/", FOLDER + "www")  # index.html, its script, and the style, compressed
load_settings()

if __name__ == "__main__":
    app.run(port=5000)
