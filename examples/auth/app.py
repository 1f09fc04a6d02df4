"""A page that asks for a name and a password, and an interface that asks for a token."""

from microdot import Microdot, send_file
from microdot.auth import BasicAuth, TokenAuth, compare_digest
from microdot.utemplate import escape

PASSWORDS = {"susan": "open sesame"}
TOKENS = {"3sZk0pVx1mPqfL8hWn2uTg": "thermometer"}
FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Authentication</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Hello, %s!</h1>
<section>
<p>Your browser sends your name and password with each request to this site.</p>
<p><a href="public">A page for everybody</a> knows your name too.</p>
</section>
</main>
</body>
</html>
"""

app = Microdot()
basic = BasicAuth(realm="Example")
bearer = TokenAuth()


@basic.authenticate
async def check_password(request, username, password):
    return username if compare_digest(password, PASSWORDS.get(username, "")) and password else None


@bearer.authenticate
async def check_token(request, token):
    for known in TOKENS:
        if compare_digest(token, known):
            return TOKENS[known]
    return None


@app.get("/")
@basic
async def index(request):
    return PAGE % escape(request.g.current_user), HTML


@app.get("/public")
@basic.optional
async def public(request):
    return "Hello, " + (request.g.current_user or "stranger") + "!\n"


@app.get("/api/readings")
@bearer
async def readings(request):
    return {"device": request.g.current_user, "readings": [20.5, 20.7]}


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
