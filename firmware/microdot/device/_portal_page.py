"""The page of the portal: HTML that works without JavaScript, on the smallest phone."""

from .. import _utf8

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Wi-Fi of %s</title><link rel="stylesheet" href="/_wifi/style.css"></head>
<body><main class="narrow"><h1>Wi-Fi of %s</h1>
"""
_TRYING = """<section aria-live="polite"><h2>Trying %s &hellip;</h2>
<p>This takes up to half a minute. If your phone loses the network %s, join it again: this page keeps the result.</p>
<p><a href="/_wifi">Look now</a></p></section>
"""
_JOINED = """<section role="status"><h2>The board has joined %s</h2>
<p>Join it with your phone too. There you find the board at %s</p>
<p>Its own network %s closes in a minute.</p>%s</section>
"""
_FORM = """<section>%s<h2>Connect the board to your network</h2><form method="post" action="/_wifi">
<label>Network <select name="network">
"""
_FORM_REST = """</select></label>
<label>Another name, if the network is hidden <input name="other" maxlength="32" autocapitalize="none"
autocomplete="off" spellcheck="false"></label>
<label>Password <input name="password" type="password" maxlength="64" autocomplete="off"></label>
<p><small>The board has only one radio. Your phone may lose the network %s while the board tries yours. Join it again to
see the result.</small></p>
<button>Connect</button></form></section>
<section><form method="post" action="/_wifi/scan"><p>Is your network missing? The board uses 2.4 GHz only.</p>
<button>Search again</button></form></section>
<section><p><a href="/">Open the application</a></p></section>
"""
_REASONS = {
    "wrong password": "The password is wrong.",
    "not found": "It is out of reach, or it has no password.",
    "failed": "The network did not answer in time. Try again, nearer to the router.",
}
_OPTIONS_AT_ONCE = 8
# First and last code points of what cannot be seen: controls, other spaces, fillers, joiners, marks of direction, tags.
_SHAPELESS = (
    0, 0x1F, 0x7F, 0xA0, 0xAD, 0xAD, 0x34F, 0x34F, 0x61C, 0x61C, 0x115F, 0x1160, 0x1680, 0x1680, 0x17B4, 0x17B5,
    0x180B, 0x180F, 0x2000, 0x200F, 0x2028, 0x202F, 0x205F, 0x206F, 0x2800, 0x2800, 0x3000, 0x3000, 0x3164, 0x3164,
    0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFFB, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A,
    0xE0000, 0x10FFFF,
)  # fmt: skip


def escape(text: str) -> str:
    """Return a text for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def visible(name: bytes) -> str:
    """Return a network's name as text in which everything can be seen, whatever bytes it is.

    A backslash begins a code: for control characters, for those that have no shape or turn the text round, for spaces
    that look like one or like none, and for each byte that is not ASCII if the name is not UTF-8.
    """
    try:
        text = _utf8.decode(name)
    except UnicodeError:
        text = None
    if text is None:
        characters = [_shape(chr(byte)) if byte < 127 else "\\x%02x" % byte for byte in name]
    else:
        characters = [_shape(character) for character in text]
    text = "".join(characters)
    return text.replace(" ", "\\x20") if text.strip(" ") != text or "  " in text else text


def _shape(character):
    code = ord(character)
    if character == "\\":
        return "\\\\"
    for i in range(0, len(_SHAPELESS), 2):
        if code <= _SHAPELESS[i + 1]:
            if code < _SHAPELESS[i]:
                break
            return ("\\x%02x" if code < 128 else "\\u%04x" if code < 0x10000 else "\\U%08x") % code
    return character


def show_name(name: bytes) -> str:
    """Return a network's name for HTML, whatever bytes it is."""
    return escape(visible(name))


def render(portal, error: "str | None" = None):
    """Return a generator of the page's pieces.

    :param portal: the `Portal`, which has the networks and the outcome of the last attempt.
    :param error: what is wrong with the form that has been sent.
    """
    name = escape(portal.name)
    yield _HEAD % (name, name)
    ssid = "<b>" + escape(portal.ssid) + "</b>"
    joined = portal.joined_network()
    if portal.is_trying():
        yield _TRYING % (_bold(portal.tried), ssid)
    elif joined:
        yield _JOINED % (_bold(joined), _links(portal), ssid, _saved(portal))
    else:
        yield _FORM % _message(portal, error)
        yield from _options(portal)
        yield _FORM_REST % ssid
    yield "</main></body></html>\n"


def _bold(name):
    return "<b>" + show_name(name) + "</b>"


def _links(portal):
    names = [escape(host) for host in portal.addresses() if host]
    return " or ".join(['<a href="http://%s/">http://%s/</a>' % (host, host) for host in names]) + "."


def _saved(portal):
    if portal.result != "not saved":
        return ""
    return '<p role="alert">There is no room to save this: after a restart the board will not know the network.</p>'


def _message(portal, error):
    """Return what went wrong, as HTML."""
    if error:
        text = escape(error)
    elif portal.result:
        text = "The board cannot join %s. %s" % (_bold(portal.tried), _REASONS.get(portal.result, ""))
    else:
        return ""
    return '<p role="alert">%s</p>' % text


def _options(portal):
    """Return a generator of the networks, several in each piece: each piece is sent by itself."""
    networks = portal.networks or ()
    if not networks:
        yield '<option value="">No network found</option>'
    piece = []
    for name, signal, is_protected in networks:
        value = "".join(["%02x" % byte for byte in name])
        chosen = " selected" if name == portal.tried else ""
        kind = _strength(signal) if is_protected else _strength(signal) + ", open"
        piece.append('<option value="%s"%s>%s (%s)</option>' % (value, chosen, show_name(name), kind))
        if len(piece) == _OPTIONS_AT_ONCE:
            yield "\n".join(piece)
            piece = []
    yield "\n".join(piece)


def _strength(signal):
    """Return a word for a signal in dBm."""
    if signal >= -60:
        return "strong"
    if signal >= -70:
        return "good"
    return "weak" if signal >= -80 else "very weak"
