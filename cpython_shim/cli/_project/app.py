"""A light and its switch, on a page: the board's own LED, or on a computer one that is only on the page."""

from microdot import Microdot
from microdot.static import mount_static

try:
    from machine import Pin

    led = Pin("LED", Pin.OUT)
except (ImportError, TypeError, ValueError):  # no board, or one that has no LED of that name
    led = None

app = Microdot()
light = {"on": False}


@app.get("/api/light")
async def show_light(request):
    return light


@app.post("/api/light")
async def switch_light(request):
    wanted = request.json
    if not isinstance(wanted, dict) or not isinstance(wanted.get("on"), bool):
        return {"error": 'send {"on": true} or {"on": false}'}, 400
    light["on"] = wanted["on"]
    if led:
        led.value(light["on"])
    return light


mount_static(app, "/", "static")

if __name__ == "__main__":
    app.run(port=5000)
