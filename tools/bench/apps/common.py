"""What every application of the benchmark has in common; runs on CPython and MicroPython."""

import sys

HELLO = "Hello, world!"
#: The streamed response: this piece, this many times.
PIECE = b"0123456789abcdef" * 256
PIECES = 256
#: Routes before those that are requested: half of them without a variable, half with one.
STATIC_OTHERS = ["/page%d/about" % n for n in range(15)]
DYNAMIC_OTHERS = ["/things%d" % n for n in range(15)]


def option(name):
    """Return the value after `--name` on the command line, or in the environment for servers that use that line."""
    if "--" + name in sys.argv:
        return sys.argv[sys.argv.index("--" + name) + 1]
    import os

    return os.getenv("BENCH_" + name.upper())


#: The folder with the static files.
FILES = option("files")
