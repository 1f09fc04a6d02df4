"""A folder of files for the browser, and a route beside it."""

from microdot import Microdot
from microdot.static import mount_static

FOLDER = __file__.rsplit("/", 1)[0] + "/www" if "/" in __file__ else "www"

app = Microdot()


@app.get("/api/time")
async def uptime(request):
    return {"uptime": 42}


# Routes added before come first. Clients ask each time whether a file has changed; with an ETag that costs little.
mount_static(app, "/", FOLDER)

if __name__ == "__main__":
    app.run(port=5000)
