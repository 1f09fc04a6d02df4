"""Event streams that say nothing for long. Runs on every server."""

import asyncio
import sys

from microdot import Microdot
from microdot.sse import with_sse

app = Microdot()
count = {"ended": 0}


@app.get("/")
async def index(request):
    return "hello"


@app.get("/ended")
async def ended(request):
    return count


async def wait(request, sse):
    try:
        await sse.send("here")
        await asyncio.sleep(3600)
    finally:
        count["ended"] += 1


app.get("/silent")(with_sse(keep_alive=None)(wait))
app.get("/comments")(with_sse(keep_alive=0.5)(wait))

if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
