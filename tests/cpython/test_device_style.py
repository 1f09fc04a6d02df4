"""The style of the board's pages is that of the examples."""

import gzip
import importlib.util

from microdot.device import _style
from runtimes import ROOT

SPEC = importlib.util.spec_from_file_location("device_style", ROOT / "tools" / "device_style.py")
device_style = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(device_style)


def test_the_module_holds_the_examples_style():
    style = device_style.minify(device_style.SOURCE.read_text())
    response = _style.respond_with_style()
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.body).decode() == style, "run tools/device_style.py"


def test_every_byte_survives_in_the_source():
    data = bytes(range(256)) * 2
    assert eval("(" + "\n".join(device_style.literals(data)) + ")") == data


def test_minifying_keeps_what_has_a_meaning():
    css = "/* a */\na > b , c:not(.d) { margin: 0 1px;\n  width: calc(1px + 2px); }"
    css += "\n@media (min-width: 5rem) { x { y: z } }"
    assert device_style.minify(css) == (
        "a>b,c:not(.d){margin:0 1px;width:calc(1px + 2px)}@media (min-width:5rem){x{y:z}}"
    )
