"""A weather station: temperature and humidity of a DHT22 as live charts, with settings and an LED to switch.

Wiring: the sensor's VCC to 3V3, GND to GND, DATA to GP16, and a resistor of 10 kilohms from DATA to VCC unless the
sensor is on a small board that has one. The LED is that of a Pico W; an ESP32 board often has one at pin 2. On a
computer the sensor and the LED are simulated.
"""

import asyncio
import json
import math
import sys
import time

from microdot import Microdot, device, send_file
from microdot.checks import Field, Fields, with_form
from microdot.csrf import CSRF
from microdot.pubsub import PubSub
from microdot.sse import with_sse

try:
    from dht import DHT22
    from machine import Pin
except ImportError:
    DHT22 = Pin = None  # no board

DATA = 16
LED = 2 if sys.platform == "esp32" else "LED"
READINGS = 96
FOLDER = __file__.rsplit("app.", 1)[0]

app = Microdot()
CSRF(app)
hub = PubSub(overflow="close")
sensor = None if Pin is None else DHT22(Pin(DATA))
led = None if Pin is None else Pin(LED, Pin.OUT, value=0)
readings = []  # the last ones, [degrees Celsius, percent] each
state = {"led": False, "error": ""}
device.settings.declare([
    Field("place", default="Balcony", label="Place", minimum=1, maximum=30),
    Field("interval", int, default=2, label="Seconds between measurements", minimum=2, maximum=3600),
])
FORM = Fields([Field("on", bool)])


def read():
    """Return temperature and humidity.

    :raises OSError: if the sensor does not answer.
    """
    if sensor is None:
        angle = time.time() % 600 * math.pi / 300
        return [round(18 + 4 * math.sin(angle), 1), round(55 - 12 * math.sin(angle + 0.5), 1)]
    sensor.measure()
    return [sensor.temperature(), sensor.humidity()]


@app.task
async def measure():
    """Measure for as long as the server runs."""
    while True:
        error = ""
        try:
            readings.append(read())
            if len(readings) > READINGS:
                del readings[0]
        except OSError:
            error = "The sensor does not answer: look at its wires"
        if error != state["error"]:
            state["error"] = error
            device.log.write(error or "The sensor answers")
        await tell()
        seconds = 0
        while seconds < device.settings["interval"]:  # it may change meanwhile
            await asyncio.sleep(1)
            seconds += 1


def shown():
    """Return what the page shows."""
    settings = {"place": device.settings["place"], "interval": device.settings["interval"]}
    return json.dumps({"readings": readings, "state": state, "settings": settings})


async def tell():
    """Send the state to all viewers; the text is made once."""
    if hub.subscribers("weather"):
        await hub.publish("weather", shown())


@app.get("/")
async def index(request):
    return send_file(FOLDER + "index.html")


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("weather") as changes:
        await sse.send(shown())
        await changes.send_to(sse)


@app.post("/led")
@with_form(FORM)
async def switch(request, values):
    state["led"] = values["on"]
    if led is not None:
        led.value(values["on"])
    await tell()
    return "", 204


@app.post("/settings")
@with_form(device.settings.fields)
async def change_settings(request, values):
    device.settings.save(app=values)
    await tell()
    return "", 204


if __name__ == "__main__":
    app.run(port=5000)
