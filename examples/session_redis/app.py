"""Sessions in Redis, shared by all processes that serve the application; CPython only."""

import os

from microdot import Microdot, send_file
from microdot.redis import RedisStore
from microdot.session import Session, with_session

app = Microdot()
store = RedisStore(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
# Use a random text of your own and keep it secret: anyone who has it can make names of sessions.
Session(app, secret_key="change this, and do not tell anybody what it is", store=store, lifetime=3600)

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sessions in Redis</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Sessions in Redis</h1>
<section>
<p>This is your visit number <output id="visits">...</output>.
The session holds <output id="size">...</output> bytes, more than a cookie may.</p>
<button id="forget">Forget me</button>
</section>
<script>
async function visit() {
  const session = await (await fetch("visits")).json();
  for (const name in session) document.getElementById(name).textContent = session[name];
}
document.getElementById("forget").onclick = async () => {
  await fetch("visits", {method: "DELETE"});
  await visit();
};
visit();
</script>
</main>
</body>
</html>
"""


@app.get("/")
async def index(request):
    return PAGE, HTML


@app.get("/visits")
@with_session
async def visits(request, session):
    session["visits"] = session.get("visits", 0) + 1
    session["notes"] = session.get("notes", "") + "a session may be larger than a cookie " * 100
    session.save()
    return {"visits": session["visits"], "size": len(session["notes"])}


@app.delete("/visits")
@with_session
async def delete(request, session):
    session.delete()


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
