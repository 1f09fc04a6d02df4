"""The smallest application, whose memory is measured on MicroPython; `/import` and its kin report on the process."""

import gc

gc.collect()
before_import = gc.mem_alloc()
from microdot import Microdot  # noqa: E402

gc.collect()
import_heap = gc.mem_alloc() - before_import

from common import HELLO, option  # noqa: E402

import micropython  # noqa: E402

app = Microdot()


@app.get("/")
async def hello(request):
    return HELLO


@app.get("/import")
async def imported(request):
    return str(import_heap)


@app.get("/in-all")
async def in_all(request):
    """What the framework and this application take by now: some modules are imported when they are first used."""
    gc.collect()
    return str(gc.mem_alloc() - before_import)


@app.get("/grow")
async def grow(request):
    """Collect, and from then on let garbage stay, so that what requests allocate can be counted."""
    gc.collect()
    gc.disable()
    return str(gc.mem_alloc())


@app.get("/grown")
async def grown(request):
    allocated = gc.mem_alloc()
    gc.enable()
    return str(allocated)


@app.get("/blocks")
async def blocks(request):
    gc.collect()
    micropython.mem_info()
    return "on the console"


def run():
    """Serve on the port that the command line names."""
    app.run(host="127.0.0.1", port=int(option("port")))


if __name__ == "__main__":
    run()
