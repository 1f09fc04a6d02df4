"""Switch an LED from a phone, or let it blink; everybody who has the page open sees it change.

Wiring: none on a Pico W, which has an LED. For another LED connect its long leg to GP15 through a resistor of 330 ohms,
its short leg to GND, and set `LED = 15`. An ESP32 board often has an LED at pin 2. On a computer the LED is simulated.
"""

import asyncio
import sys

from microdot import Microdot, device, send_file
from microdot.checks import Field, Fields, with_form
from microdot.csrf import CSRF
from microdot.pubsub import PubSub
from microdot.sse import with_sse

try:
    from machine import Pin
except ImportError:
    Pin = None  # no board

LED = 2 if sys.platform == "esp32" else "LED"
MODES = ["off", "on", "blink"]
FOLDER = __file__.rsplit("app.", 1)[0]

app = Microdot()
CSRF(app)
hub = PubSub(overflow="close")
pin = None if Pin is None else Pin(LED, Pin.OUT, value=0)
state = {"mode": "off"}
device.settings.declare([
    Field("name", default="LED", label="Name", minimum=1, maximum=30),
    Field("speed", int, default=500, label="Milliseconds between changes", minimum=100, maximum=5000),
])
FORM = Fields([Field("mode", choices=MODES)])


def shown():
    """Return what the page shows."""
    settings = device.settings
    return {"mode": state["mode"], "name": settings["name"], "speed": settings["speed"]}


@app.task
async def light():
    """Make the LED follow its mode for as long as the server runs."""
    lit = False
    while True:
        lit = state["mode"] == "on" or state["mode"] == "blink" and not lit
        if pin is not None:
            pin.value(lit)
        await asyncio.sleep(device.settings["speed"] / 1000 if state["mode"] == "blink" else 0.1)


@app.get("/")
async def index(request):
    return send_file(FOLDER + "index.html")


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("led") as changes:
        await sse.send(shown())
        async for _ in changes:
            await sse.send(shown())


@app.post("/mode")
@with_form(FORM)
async def change_mode(request, values):
    state["mode"] = values["mode"]
    device.log.write("LED: " + state["mode"])
    await hub.publish("led", "mode")
    return "", 204


@app.post("/settings")
@with_form(device.settings.fields)
async def change_settings(request, values):
    device.settings.save(app=values)
    await hub.publish("led", "settings")
    return "", 204


if __name__ == "__main__":
    app.run(port=5000)
