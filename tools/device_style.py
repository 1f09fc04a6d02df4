"""Make firmware/microdot/device/_style.py from examples/shared/style.css: a board's pages look like the examples."""

import gzip
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "examples" / "shared" / "style.css"
TARGET = ROOT / "firmware" / "microdot" / "device" / "_style.py"
MODULE = '''"""The style of a board's pages. tools/device_style.py makes this module from examples/shared/style.css."""

from .. import Response

_GZIPPED = (  # in flash when the module is frozen
{lines}
)


def respond_with_style() -> Response:
    """Return the response with the style."""
    fields = {{"Content-Type": "text/css", "Content-Encoding": "gzip", "Cache-Control": "max-age=3600"}}
    return Response(_GZIPPED, 200, fields)
'''


def minify(css: str) -> str:
    """Return a style without its comments and unnecessary blanks."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css)
    return re.sub(r":\s+", ":", css).replace(";}", "}").strip()


def literals(data: bytes) -> "list[str]":
    """Return lines of source, each with a bytes literal of at most 118 characters, which together make *data*."""
    lines = []
    begin = 0
    while begin < len(data):
        end = min(len(data), begin + 116)
        while len(text := quoted(data[begin:end])) > 114:
            end -= 1
        lines.append("    " + text)
        begin = end
    return lines


def quoted(data: bytes) -> str:
    """Return a bytes literal in double quotes."""
    return 'b"' + "".join('\\"' if byte == 34 else repr(bytes([byte]))[2:-1].replace("\\'", "'") for byte in data) + '"'


def make(css: str) -> str:
    """Return the module's source."""
    return MODULE.format(lines="\n".join(literals(gzip.compress(minify(css).encode(), 9, mtime=0))))


if __name__ == "__main__":
    TARGET.write_text(make(SOURCE.read_text()))
