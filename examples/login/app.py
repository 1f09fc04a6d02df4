"""A page for users only: they log in with a password, and may stay logged in for a week."""

from microdot import Microdot, redirect
from microdot.login import Login
from microdot.passwords import verify_password
from microdot.session import Session
from microdot.utemplate import escape

app = Microdot()
# Use a random text of your own and keep it secret: who knows it can make sessions.
Session(app, secret_key="change this, and do not tell anybody what it is")
login = Login()

HTML = {"Content-Type": "text/html; charset=UTF-8"}
FORM = """<!doctype html>
<form method="post">
<p>%s</p>
<label>User: <input name="name" required autocomplete="username"></label>
<label>Password: <input name="password" type="password" required autocomplete="current-password"></label>
<label><input name="remember" type="checkbox"> Remember me for a week</label>
<button>Log in</button>
</form>
"""


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


@app.get("/login")
async def show_form(request):
    return FORM % "", HTML


@app.post("/login")
async def log_in(request):
    form = request.form or {}
    for user in USERS.values():
        if user.name == form.get("name"):
            break
    else:
        user = None
    # Takes as long for a user who does not exist, so that nobody learns who does.
    if not await verify_password(form.get("password", ""), user.password if user else None):
        return FORM % "Wrong user or password", 403, HTML
    return await login.login_user(request, user, remember=7 if form.get("remember") else False)


@app.post("/logout")
async def log_out(request):
    await login.logout_user(request)
    return redirect("/", 303)


@app.get("/")
@login
async def index(request):
    name = escape(request.g.current_user.name)
    return "<p>Hello, " + name + '!</p><form method="post" action="/logout"><button>Log out</button></form>\n', HTML


@app.get("/settings")
@login.fresh
async def settings(request):
    return "Only for users who gave their password in this session\n"


if __name__ == "__main__":
    app.run(port=5000)
