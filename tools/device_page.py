"""Make firmware/microdot/device/_page.py from the page and the script in tools/device_pages."""

import gzip
import re

from device_style import ROOT, literals

SOURCE = ROOT / "tools" / "device_pages"
TARGET = ROOT / "firmware" / "microdot" / "device" / "_page.py"
MODULE = '''"""The page of the board and its script. tools/device_page.py makes this module of tools/device_pages."""

from .. import Response

_PAGE = (  # gzipped, and in flash when the module is frozen
{page}
)
_SCRIPT = (
{script}
)


def respond_with_page() -> Response:
    """Return the response with the page."""
    policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
    return _respond(_PAGE, "text/html; charset=UTF-8", {{"Content-Security-Policy": policy}})


def respond_with_script() -> Response:
    """Return the response with the script."""
    return _respond(_SCRIPT, "text/javascript; charset=UTF-8", {{}})


def _respond(data, content_type, fields):
    fields.update({{"Content-Type": content_type, "Content-Encoding": "gzip", "Cache-Control": "no-cache"}})
    return Response(data, 200, fields)
'''


def minify(text: str) -> str:
    """Return a page or a script without the blanks around its lines, and without comment lines."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not re.match("// ", line))


def make(page: str, script: str) -> str:
    """Return the module's source."""
    packed = [gzip.compress(minify(text).encode(), 9, mtime=0) for text in (page, script)]
    page, script = ["\n".join(literals(data)) for data in packed]
    return MODULE.format(page=page, script=script)


if __name__ == "__main__":
    TARGET.write_text(make((SOURCE / "page.html").read_text(), (SOURCE / "page.js").read_text()))
