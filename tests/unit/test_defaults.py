"""What stands on a class belongs to all its instances, and so to all requests: nothing there may change."""

import gc
import os

import microdot
from microdot import Microdot, Request, Response
from microdot.test_client import TestClient

# An application adds its own media types to it, as Microdot's documentation says; they are meant for all responses.
REGISTRIES = ("Response.types_map",)
MUTABLE = (bytearray, dict, list, set)


def module_names(folder, package):
    """Yield the names of the modules in a folder and those below it."""
    for name in sorted(os.listdir(folder)):
        stem, _, ending = name.rpartition(".")
        if ending in ("py", "mpy"):
            yield package if stem == "__init__" else package + "." + stem
        elif not name.startswith("_") and "." not in name:
            yield from module_names(folder + "/" + name, package + "." + name)


def classes():
    """Yield the classes of all modules of the package that can be imported here; of as many as a small heap takes."""
    path = microdot.__path__
    for name in module_names(path if isinstance(path, str) else path[0], "microdot"):
        gc.collect()
        if hasattr(gc, "mem_free") and gc.mem_free() < 64 * 1024:
            return
        try:
            module = __import__(name, None, None, ("*",))
        except ImportError:  # of the other runtime, or of a package that is not installed
            continue
        for value in list(module.__dict__.values()):
            if isinstance(value, type):
                yield value


def test_no_class_has_a_default_that_can_change():
    checked = found = 0
    for cls in classes():
        for name in getattr(cls, "__dict__", ()):  # MicroPython's own types have none
            full_name = cls.__name__ + "." + name
            if full_name in REGISTRIES:
                found += 1
            elif not name.startswith("__") and not name.startswith("_field"):  # those of named tuples
                assert not isinstance(getattr(cls, name), MUTABLE), full_name
        checked += 1
    assert checked > 30 and found, (checked, found)


def make_app():
    """Return an application in which one visitor's values could reach another one."""
    app = Microdot()

    @app.before_request
    def remember(request):
        if "user" in request.args:
            request.url_args["user"] = request.args["user"]

    @app.after_error_request
    def mark(request, response):
        if "user" in request.args:
            request.url_args["user"] = request.args["user"]
            response.headers["X-User"] = request.args["user"]

    @app.get("/")
    def index(request, user="nobody"):
        return user

    @app.get("/header")
    def header(request, user="nobody"):
        response = Response("")
        if user != "nobody":
            response.headers["X-User"] = user
        return response

    return app


async def test_values_of_one_request_do_not_reach_another():
    client = TestClient(make_app())
    for path in ("/", "/header", "/nowhere"):
        await client.get(path + "?user=ann")
        assert (await client.get("/")).text == "nobody"
        for other in ("/", "/header", "/nowhere"):
            assert "X-User" not in (await client.get(other)).headers
    assert not hasattr(Request, "url_args")


def test_a_response_without_fields_shares_none():
    assert Response("x").fields is None
    response = Response("x")
    response.headers["X-User"] = "ann"
    assert response.fields["x-user"] == "ann"
    assert Response("x").fields is None and not Response("x").headers
