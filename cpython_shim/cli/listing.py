"""`microdot routes`: the routes of an application, as a table."""

import functools
import inspect

from . import application
from .console import CYAN, DIM, GREEN, table


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "routes",
        help="show the routes of an application",
        description="Show the routes of an application in the order in which they are tried.",
    )
    application.add_argument(parser)
    parser.set_defaults(command=print_routes)


def print_routes(options) -> int:
    """Print the table of an application's routes; return the status for the shell."""
    app = application.load(options.application)
    rows = [describe(route) for route in app.url_map.routes]
    if rows:
        print(table(("METHODS", "PATTERN", "HANDLER", "NAME", "WHERE"), rows, (GREEN, CYAN, "", "", DIM)))
    else:
        print(f"{options.application} has no routes")
    return 0


def describe(route) -> "tuple[str, ...]":
    """Return the cells of a route: methods, pattern, handler, name for `url_for()`, file and line."""
    function = innermost(route.handler)
    handler = f"{function.__module__}.{function.__qualname__}"
    name = route.name or getattr(route.handler, "__name__", None) or "-"
    return ",".join(route.methods), route.url_pattern, handler, name, where(function)


def innermost(handler):
    """Return the function behind decorators, partial objects, methods, and objects that can be called."""
    while True:
        if isinstance(handler, functools.partial):
            handler = handler.func
        elif hasattr(handler, "__wrapped__"):
            handler = handler.__wrapped__
        elif inspect.ismethod(handler):
            handler = handler.__func__
        elif hasattr(handler, "__qualname__"):
            return handler
        else:
            handler = type(handler).__call__


def where(function) -> str:
    """Return file and line of a function or class, "-" if it is not written in Python."""
    try:
        file = inspect.getsourcefile(function)
        code = getattr(function, "__code__", None)
        line = code.co_firstlineno if code else inspect.getsourcelines(function)[1]
    except (OSError, TypeError):
        return "-"
    return f"{application.shorten(file)}:{line}" if file else "-"
