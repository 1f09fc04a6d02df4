"""The page of a board is made of the files in tools/device_pages."""

import importlib.util
import sys

from microdot.device import _page
from runtimes import ROOT

sys.path.insert(0, str(ROOT / "tools"))
SPEC = importlib.util.spec_from_file_location("device_page", ROOT / "tools" / "device_page.py")
device_page = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(device_page)


def test_the_module_holds_the_page_and_the_script():
    made = {}
    source = device_page.make(
        (device_page.SOURCE / "page.html").read_text(), (device_page.SOURCE / "page.js").read_text()
    )
    exec(source.replace("from .. import Response", "Response = None"), made)
    # Two versions of zlib may pack the same text in two ways, of the same content.
    unpack = device_page.gzip.decompress
    assert unpack(made["_PAGE"]) == unpack(_page._PAGE), "run make style"
    assert unpack(made["_SCRIPT"]) == unpack(_page._SCRIPT), "run make style"
    assert _page.respond_with_page().headers["Content-Encoding"] == "gzip"


def test_minifying_keeps_what_has_a_meaning():
    assert device_page.minify("  // a comment\n\n  a = 'http://b'; // c\n") == "a = 'http://b'; // c"
