"""A form that pages of other sites cannot send for the visitor, on a device that answers to its own names only."""

from microdot import Microdot, redirect, send_file
from microdot.csrf import CSRF
from microdot.hosts import AllowedHosts

FOLDER = __file__.rsplit("app.", 1)[0]
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lamp</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Lamp</h1>
<section>
<p>The lamp is %s.</p>
<form method="post" action="/lamp"><button name="on" value="%s">%s</button></form>
</section>
</main>
</body>
</html>
"""

app = Microdot()
AllowedHosts(app, ["lamp.local", "192.168.4.1", "localhost", "127.0.0.1"])
csrf = CSRF(app)
state = {"on": False}


@app.get("/")
async def index(request):
    values = ("on", "", "Switch off") if state["on"] else ("off", "1", "Switch on")
    return PAGE % values, {"Content-Type": "text/html; charset=utf-8"}


@app.post("/lamp")
async def lamp(request):
    state["on"] = bool((request.form or {}).get("on"))
    return redirect("/", 303)


@app.post("/hook")
@csrf.exempt
async def hook(request):
    """For a service, which has a secret of its own and no browser."""
    if request.headers.get("X-Key") != "change me":
        return "Wrong key", 403
    state["on"] = True
    return "ok"


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
