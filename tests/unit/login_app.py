"""An application with users, for the tests of the login extension."""

from microdot import Microdot
from microdot.login import Login
from microdot.session import Session, with_session

KEY = "a secret key of the tests, 32 bytes or more"


class User:
    def __init__(self, id):
        self.id = id


def make_app(store=None, login_url="/login"):
    app = Microdot()
    Session(app, KEY, store=store)
    login = Login(login_url)

    @login.user_loader
    async def load_user(user_id):
        return User(user_id) if user_id != "gone" else None

    @app.post("/login/<user_id>")
    async def log_in(request, user_id):
        remember = request.args.get("remember", 0, type=float)
        return await login.login_user(request, User(user_id), remember=True if remember == 1 else remember)

    @app.post("/home/<user_id>")
    async def home(request, user_id):
        return await login.login_user(request, User(user_id), redirect_url="https://home.example/")

    @app.post("/logout")
    async def log_out(request):
        await login.logout_user(request)
        return "bye"

    @app.get("/set/<value>")
    @with_session
    async def set_value(request, session, value):
        session["value"] = value
        session.save()
        return "x"

    @app.get("/session")
    @with_session
    async def show(request, session):
        return dict(session.items())

    @app.route("/private", methods=["GET", "POST"])
    @login
    async def private(request):
        return "hello " + request.g.current_user.id

    @app.get("/fresh/<name>")
    @login.fresh
    def fresh(request, name):
        return name + " " + request.g.current_user.id

    @app.get("/who")
    async def who(request):
        user = await login.get_current_user(request)
        assert request.g.current_user is user is await login.get_current_user(request)
        return user.id if user else "nobody"

    return app, login


def location(response):
    assert response.status_code == 302
    return response.headers["Location"]
