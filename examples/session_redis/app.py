"""Sessions in Redis, shared by all processes that serve the application; CPython only."""

import os

from microdot import Microdot
from microdot.redis import RedisStore
from microdot.session import Session, with_session

app = Microdot()
store = RedisStore(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
# Use a random text of your own and keep it secret: anyone who has it can make names of sessions.
Session(app, secret_key="change this, and do not tell anybody what it is", store=store, lifetime=3600)


@app.get("/")
@with_session
async def index(request, session):
    session["visits"] = session.get("visits", 0) + 1
    session["notes"] = session.get("notes", "") + "a session may be larger than a cookie " * 100
    session.save()
    return {"visits": session["visits"], "size": len(session["notes"])}


@app.delete("/")
@with_session
async def delete(request, session):
    session.delete()


if __name__ == "__main__":
    app.run(port=5000)
