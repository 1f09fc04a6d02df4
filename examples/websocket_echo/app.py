"""A WebSocket that returns each message. Runs on a board, as `python app.py` and with `uvicorn app:app`."""

import sys

from microdot import Microdot, send_file
from microdot.websocket import with_websocket

app = Microdot()

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Echo</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Echo</h1>
<section>
<form id="form" class="row">
<label>Message <input id="message" autofocus autocomplete="off" required></label>
<button>Send</button>
</form>
</section>
<section><pre id="log" class="log" role="log" aria-label="Messages sent and received" tabindex="0"></pre></section>
<script>
  const log = text => document.getElementById("log").append(text + "\\n");
  const socket = new WebSocket(location.href.replace("http", "ws") + "echo");
  socket.onopen = () => log("connected");
  socket.onmessage = event => log("< " + event.data);
  socket.onclose = event => log("closed with code " + event.code);
  document.getElementById("form").onsubmit = event => {
    event.preventDefault();
    const input = document.getElementById("message");
    log("> " + input.value);
    socket.send(input.value);
    input.value = "";
  };
</script>
</main>
</body>
</html>
"""


@app.get("/")
async def index(request):
    return PAGE, HTML


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
