"""A page that asks for a name and a password, and an interface that asks for a token."""

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth, compare_digest

PASSWORDS = {"susan": "open sesame"}
TOKENS = {"3sZk0pVx1mPqfL8hWn2uTg": "thermometer"}

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
    return "Hello, " + request.g.current_user + "!\n"


@app.get("/public")
@basic.optional
async def public(request):
    return "Hello, " + (request.g.current_user or "stranger") + "!\n"


@app.get("/api/readings")
@bearer
async def readings(request):
    return {"device": request.g.current_user, "readings": [20.5, 20.7]}


if __name__ == "__main__":
    app.run(port=5000)
