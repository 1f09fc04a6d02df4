"""A page that greets its visitor by name and counts the visits, in a session."""

from microdot import Microdot, redirect
from microdot.session import Session, with_session
from microdot.utemplate import escape

app = Microdot()
# Use a random text of your own and keep it secret: who knows it can make sessions.
Session(app, secret_key="change this, and do not tell anybody what it is")

FORM = """<!doctype html>
<form method="post">
<label>Your name: <input name="name" required></label>
<button>Send</button>
</form>
"""
HTML = {"Content-Type": "text/html; charset=UTF-8"}


@app.get("/")
@with_session
async def index(request, session):
    name = session.get("name")
    if name is None:
        return FORM, HTML
    session["visits"] += 1
    session.save()
    page = "<p>Hello, " + escape(name) + "! Visit " + str(session["visits"]) + '.</p><a href="/forget">Forget me</a>\n'
    return page, HTML


@app.post("/")
@with_session
async def set_name(request, session):
    session["name"] = (request.form or {}).get("name", "nobody")
    session["visits"] = 0
    session.save()
    return redirect("/", 303)


@app.get("/forget")
@with_session
async def forget(request, session):
    session.delete()
    return redirect("/")


if __name__ == "__main__":
    app.run(port=5000)
