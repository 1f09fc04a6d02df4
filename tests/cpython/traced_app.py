"""An application of all kinds of handlers, hooks and bodies; each part of it tells where it is."""

import asyncio

PATHS = ["/def", "/async", "/def-items", "/async-items", "/file"]


def make(cls, see, pieces):
    """Return an application that calls `see(place)` in each of its parts.

    The places are `'before'`, `'before async'`, `'handler'`, `'after async'`, `'after'`, `'body'` for each piece of a
    body, and `'work'` in the background.

    :param pieces: the number of pieces of a generated body.
    """
    app = cls()

    @app.before_request
    def before(request):
        see("before")

    @app.before_request
    async def before_async(request):
        see("before async")

    @app.after_request
    async def after_async(request, response):
        see("after async")

    @app.after_request
    def after(request, response):
        see("after")

    async def work():
        await asyncio.sleep(0)
        see("work")

    def handle(request):
        request.background(work())
        see("handler")

    @app.get("/def")
    def function(request):
        handle(request)
        return "x"

    @app.get("/async")
    async def coroutine(request):
        handle(request)
        await asyncio.sleep(0)
        return "x"

    @app.get("/def-items")
    def items(request):
        handle(request)

        def generate():
            for _ in range(pieces):
                see("body")
                yield "x"

        return generate()

    @app.get("/async-items")
    async def async_items(request):
        handle(request)

        async def generate():
            for _ in range(pieces):
                see("body")
                await asyncio.sleep(0)
                yield "x"

        return generate()

    @app.get("/file")
    def file(request):
        handle(request)
        return File(see)

    return app


class File:
    """Something to read that ends after two pieces; the third call of `read()` says so."""

    def __init__(self, see):
        self.see = see
        self.left = 3

    async def read(self, n):
        """Return the next piece."""
        self.see("body")
        self.left -= 1
        return b"x" * self.left
