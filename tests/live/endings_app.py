"""An application that ends in every way in which application code can end; runs on CPython and MicroPython.

The path says where, how and in which kind of function: `/handler/ValueError/def`. What is raised says the path.
"""

import asyncio

from microdot import Microdot
from microdot.errors import HTTPException

KINDS = {
    "ValueError": ValueError,
    "HTTPException": lambda message: HTTPException(409, message),
    "StopIteration": StopIteration,
    "StopAsyncIteration": StopAsyncIteration,
    "CancelledError": asyncio.CancelledError,
    "GeneratorExit": GeneratorExit,
    "MemoryError": MemoryError,
    "SystemExit": SystemExit,
    "KeyboardInterrupt": KeyboardInterrupt,
}
RESULTS = {
    "str": "x", "bytes": b"x", "dict": {"a": 1}, "list": [1], "true": True, "float": 3.5, "none": None,
    "object": object(),
}

app = Microdot()


class First(Exception):
    """What an error handler is for."""


def fail(request, where):
    """Raise what the path says, if it says that it is to be raised here."""
    place, kind = request.path.split("/")[1:3]
    if place == where:
        raise KINDS[kind](request.path)


def add(decorator, where):
    """Add a function or coroutine function that fails; each request is for one of them."""

    @decorator
    def function(request, *args):
        if request.path.endswith("/def"):
            fail(request, where)

    @decorator
    async def coroutine(request, *args):
        if request.path.endswith("/async"):
            fail(request, where)


add(app.before_request, "before")
add(app.after_request, "after")
add(app.after_error_request, "after_error")


@app.errorhandler(First)
async def handle(request, error):
    if request.path.endswith("/async"):
        fail(request, "error_handler")
    elif request.path.endswith("/def"):
        handle_in_function(request)
    return "handled", 418


def handle_in_function(request):
    fail(request, "error_handler")


class Items:
    """An iterator that is no generator."""

    def __init__(self, request):
        self.request = request
        self.left = 2

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 2:
            fail(self.request, "first_piece")
        self.left -= 1
        if self.left < 0:
            fail(self.request, "end")
            raise StopIteration
        if not self.left:
            fail(self.request, "next_piece")
        return "piece"


class AsyncItems:
    def __init__(self, request):
        self.items = Items(request)

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        try:
            return self.items.__next__()
        except StopIteration as stop:
            if stop.args:
                raise
            raise StopAsyncIteration from None


def generate(request):
    fail(request, "first_piece")
    yield "piece"
    fail(request, "next_piece")
    yield "piece"
    fail(request, "end")


async def generate_async(request):
    fail(request, "first_piece")
    yield "piece"
    await asyncio.sleep(0)
    fail(request, "next_piece")
    yield "piece"
    fail(request, "end")


@app.get("/return/<name>")
async def result(request, name):
    return RESULTS[name]


@app.get("/handler/<kind>/def")
def function(request, kind):
    fail(request, "handler")


@app.get("/<where>/<kind>/<how>")
async def coroutine(request, where, kind, how):
    if where in ("first_piece", "next_piece", "end"):
        return {"def": generate, "async": generate_async, "items": Items, "async-items": AsyncItems}[how](request)
    if where == "handler":
        fail(request, "handler")
    if where in ("error_handler", "after_error"):
        raise First
    return "fine"
