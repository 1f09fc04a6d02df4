"""`microdot run`: an application on the framework's own server, started again after changes if asked for."""

import argparse

from . import application, reloading


def add_command(commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "run",
        help="serve an application on the framework's own server",
        description="Serve an application on the framework's own server until Ctrl-C, after which running requests are"
        " finished. Each request is shown.",
    )
    application.add_argument(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1, for this computer only; 0.0.0.0 is for the network)",
    )
    parser.add_argument("--port", type=port_number, default=5000, help="port to listen on (default: 5000; 0: any)")
    parser.add_argument("--reload", action="store_true", help="start again when a .py or .html file changes")
    parser.add_argument("--quiet", action="store_true", help="do not show requests")
    parser.set_defaults(command=run)


def port_number(text: str) -> int:
    """Return the port that an argument names.

    :raises argparse.ArgumentTypeError: if it names none.
    """
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write a number from 0 to 65535")
    return int(text)


def run(options) -> int:
    """Serve an application until it is stopped; return the status for the shell."""
    if options.reload:
        arguments = ["run", options.application, "--host", options.host, "--port", str(options.port)]
        return reloading.serve_and_reload(arguments + ["--quiet"] * options.quiet)
    app = application.load(options.application)
    reloading.end_with_parent(app.shutdown)
    try:
        app.run(options.host, options.port, debug=not options.quiet)
    except Exception as error:
        failure = application.failed_to_start(options.application, error)
        if failure is None:
            raise
        raise failure from None
    return 0
