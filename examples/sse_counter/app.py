"""A counter that all browsers see change at once. Runs on a board, as `python app.py` and with `uvicorn app:app`."""

import sys

from microdot import Microdot, send_file
from microdot.pubsub import PubSub
from microdot.sse import with_sse

app = Microdot()
hub = PubSub()
counter = {"value": 0}

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Counter</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Counter</h1>
<section>
<p class="value"><output id="value">...</output></p>
<button onclick="fetch('count', {method: 'POST'})">Count</button>
<p class="quiet">Open this page twice: both see each change at once.</p>
</section>
<script>
  const events = new EventSource("events");
  events.addEventListener("counter", event => {
    document.getElementById("value").textContent = JSON.parse(event.data).value;
  });
</script>
</main>
</body>
</html>
"""


@app.get("/")
async def index(request):
    return PAGE, HTML


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


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
