"""Prints the microseconds of one dispatch with a number of routes: --routes N; on CPython and MicroPython.

Half of the routes have a variable. The last one with a variable and the last one without are requested.
"""

import asyncio
import time

from common import option

from microdot import Microdot, Request

REPEATS = 20
CALLS = 200
clock = time.ticks_us if hasattr(time, "ticks_us") else lambda: time.perf_counter_ns() // 1000

app = Microdot()
count = int(option("routes"))


def add(path):
    @app.get(path)
    async def handler(request, **values):
        return "found"


for number in range(count // 2):
    add("/page%d/about" % number)
    add("/things%d/<int:id>" % number)


async def measure(url):
    """Return the shortest time of a dispatch in several repeats."""
    best = None
    for _ in range(REPEATS):
        start = clock()
        for _ in range(CALLS):
            await app.dispatch_request(Request(app, None, "GET", url, "1.1", {}, b""))
        taken = clock() - start
        best = taken if best is None else min(best, taken)
    return best / CALLS


async def main():
    last = count // 2 - 1
    for url in ("/page%d/about" % last, "/things%d/7" % last):
        print("TIME", await measure(url))


asyncio.run(main())
