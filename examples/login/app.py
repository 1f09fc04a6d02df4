"""A page for users only: they log in with a password, and may stay logged in for a week."""

from microdot import Microdot, redirect, send_file
from microdot.csrf import CSRF
from microdot.login import Login
from microdot.passwords import verify_password
from microdot.session import Session
from microdot.throttle import Throttle
from microdot.utemplate import escape

app = Microdot()
# Use a random text of your own and keep it secret: anyone who has it can log in as any user.
Session(app, secret_key="change this, and do not tell anybody what it is")
CSRF(app)
login = Login()
throttle = Throttle()

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>%s</h1>
<section>
%s
</section>
</main>
</body>
</html>
"""
FORM = """<p role="alert">%s</p>
<form method="post">
<label>User <input name="name" required autocomplete="username" autocapitalize="none"></label>
<label>Password <input name="password" type="password" required autocomplete="current-password"></label>
<label><input name="remember" type="checkbox"> Remember me for a week</label>
<button>Log in</button>
</form>"""
HOME = """<p>Hello, %s!</p>
<p><a href="/settings">Settings</a></p>
<form method="post" action="/logout"><button>Log out</button></form>"""


class User:
    def __init__(self, id, name, password):
        self.id = id
        self.name = name
        self.password = password


# The password of susan is "open sesame"; its hash was made with `await hash_password("open sesame", iterations=10000)`.
USERS = {
    1: User(1, "susan", "pbkdf2:sha256:10000$tN41M2Ui8ByvpKuc$"
            "5e04b6bf5c84005775976703a6c98933504c3407fc61bac48e6b7c4a470d68c4"),
}


@login.user_loader
async def load_user(user_id):
    return USERS.get(user_id)


@login.user_version
async def user_version(user):
    return user.password  # a new password ends all logins that were made with the old one


def find_user(name):
    for user in USERS.values():
        if user.name == name:
            return user
    return None


def page(title, content):
    return PAGE % (title, title, content)


@app.get("/login")
async def show_form(request):
    return page("Log in", FORM % ""), HTML


@app.post("/login")
async def log_in(request):
    form = request.form or {}
    name = form.get("name", "")
    await throttle.attempt(request, name)  # status 429 after too many attempts
    user = find_user(name)
    # Takes as long for a user who does not exist, so that nobody learns who does.
    if not await verify_password(form.get("password", ""), user.password if user else None, 10000):
        return page("Log in", FORM % "Wrong user or password."), 403, HTML
    await throttle.succeed(request)
    return await login.login_user(request, user, remember=7 if form.get("remember") else False)


@app.errorhandler(429)
async def too_many(request):
    return page("Log in", FORM % "Too many attempts. Wait a few minutes."), 429, HTML


@app.post("/logout")
async def log_out(request):
    await login.logout_user(request)
    return redirect("/", 303)


@app.get("/")
@login
async def index(request):
    return page("Home", HOME % escape(request.g.current_user.name)), HTML


@app.get("/settings")
@login.fresh
async def settings(request):
    return page("Settings", "<p>Only for users who gave their password in this session.</p>"), HTML


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
