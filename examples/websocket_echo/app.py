"""A WebSocket that returns each message. Runs on a board, as `python app.py` and with `uvicorn app:app`."""

import sys

from microdot import Microdot
from microdot.websocket import with_websocket

app = Microdot()

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Echo</title>
<form id="form"><input id="message" autofocus autocomplete="off"><button>Send</button></form>
<pre id="log"></pre>
<script>
  const log = text => document.getElementById("log").textContent += text + "\\n";
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
</html>
"""


@app.get("/")
async def index(request):
    return PAGE, {"Content-Type": "text/html; charset=UTF-8"}


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    async for message in ws:
        await ws.send(message)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
