"""A folder of files for the browser, and a route beside it."""

import time

from microdot import Microdot
from microdot.static import mount_static

FOLDER = __file__.rsplit("app.", 1)[0] + "www"
STARTED = time.time()

app = Microdot()


@app.get("/api/time")
async def uptime(request):
    return {"uptime": int(time.time() - STARTED)}


# Routes that were added before come first. Browsers ask each time whether a file has changed; with an ETag that costs
# little. The style exists only as style.css.gz, which browsers unpack.
mount_static(app, "/", FOLDER)

if __name__ == "__main__":
    app.run(port=5000)
