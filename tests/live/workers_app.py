"""What the tests of many workers serve: what needs Redis, and what does not."""

import os
import time

from microdot import Microdot
from microdot.redis import RedisAttempts, RedisPubSub, RedisStore
from microdot.session import Session, with_session
from microdot.throttle import Throttle

app = Microdot()
store = RedisStore(os.environ["REDIS_URL"]) if os.environ["SESSIONS"] == "redis" else None
Session(app, secret_key="of the tests, and long enough", store=store)
hub = RedisPubSub(os.environ["REDIS_URL"])
throttle = Throttle(account=(5, 600), address=(1000000, 1), store=RedisAttempts(os.environ["REDIS_URL"]))


@app.get("/")
async def index(request):
    return str(os.getpid())


@app.get("/slow")
def slow(request):
    time.sleep(0.05)
    return str(os.getpid())


@app.post("/count")
@with_session
async def count(request, session):
    session["count"] = session.get("count", 0) + 1
    session.save()
    return {"count": session["count"], "process": os.getpid()}


@app.post("/publish")
async def publish(request):
    return {"processes": await hub.publish("news", "x")}


@app.post("/login/<name>")
async def log_in(request, name):
    await throttle.attempt(request, name)
    return "wrong password", 401
