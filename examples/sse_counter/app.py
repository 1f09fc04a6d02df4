"""A counter that all browsers see change at once. Runs on a board, as `python app.py` and with `uvicorn app:app`."""

import sys

from microdot import Microdot
from microdot.pubsub import PubSub
from microdot.sse import with_sse

app = Microdot()
hub = PubSub()
counter = {"value": 0}

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Counter</title>
<p>The counter is at <b id="value">...</b>.</p>
<button onclick="fetch('count', {method: 'POST'})">Count</button>
<script>
  const events = new EventSource("events");
  events.addEventListener("counter", event => {
    document.getElementById("value").textContent = JSON.parse(event.data).value;
  });
</script>
</html>
"""


@app.get("/")
async def index(request):
    return PAGE, {"Content-Type": "text/html; charset=UTF-8"}


@app.post("/count")
async def count(request):
    counter["value"] += 1
    await hub.publish("counter", counter["value"])
    return counter


@app.get("/events")
@with_sse
async def events(request, sse):
    async with hub.subscribe("counter") as values:
        await sse.send(counter, event="counter", event_id=str(counter["value"]))
        async for value in values:
            await sse.send({"value": value}, event="counter", event_id=str(value))


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
