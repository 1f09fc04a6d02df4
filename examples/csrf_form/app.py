"""A form that no other site's page can send for the visitor, on a device that answers under its own names only."""

from microdot import Microdot, redirect
from microdot.csrf import CSRF
from microdot.hosts import AllowedHosts

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Lamp</title>
<p>The lamp is %s.</p>
<form method="post" action="/lamp"><button name="on" value="%s">Switch</button></form>
"""

app = Microdot()
AllowedHosts(app, ["lamp.local", "192.168.4.1", "localhost", "127.0.0.1"])
csrf = CSRF(app)
state = {"on": False}


@app.get("/")
async def index(request):
    on = state["on"]
    return PAGE % ("on" if on else "off", "" if on else "1"), {"Content-Type": "text/html; charset=utf-8"}


@app.post("/lamp")
async def lamp(request):
    state["on"] = bool((request.form or {}).get("on"))
    return redirect("/")


@app.post("/hook")
@csrf.exempt
async def hook(request):
    """For a service that has a secret of its own instead of a browser."""
    if request.headers.get("X-Key") != "change me":
        return "Wrong key", 403
    state["on"] = True
    return "ok"


if __name__ == "__main__":
    app.run(port=5000)
