"""A page that greets its visitor by name and counts the visits, in a session."""

from microdot import Microdot, redirect, send_file
from microdot.session import Session, with_session
from microdot.utemplate import escape

app = Microdot()
# Use a random text of your own and keep it secret: anyone who has it can make sessions.
Session(app, secret_key="change this, and do not tell anybody what it is")

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Session</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Session</h1>
<section>
%s
</section>
</main>
</body>
</html>
"""
FORM = """<form method="post">
<label>Your name <input name="name" required maxlength="50"></label>
<button>Send</button>
</form>"""
GREETING = """<p>Hello, %s! Visit %d.</p>
<form method="post" action="/forget"><button>Forget me</button></form>"""


@app.get("/")
@with_session
async def index(request, session):
    name = session.get("name")
    if name is None:
        return PAGE % FORM, HTML
    session["visits"] += 1
    session.save()
    return PAGE % (GREETING % (escape(name), session["visits"])), HTML


@app.post("/")
@with_session
async def set_name(request, session):
    session["name"] = (request.form or {}).get("name", "nobody")[:50]
    session["visits"] = 0
    session.save()
    return redirect("/", 303)


@app.post("/forget")
@with_session
async def forget(request, session):
    session.delete()
    return redirect("/", 303)


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
