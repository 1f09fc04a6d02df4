"""JSON (RFC 8259), read and written with the same result on both Pythons."""

import json

from ._compat import MICROPYTHON, const, encode_compact_json, encode_json
from .errors import MalformedJSON

_BOM = const(b"\xef\xbb\xbf")
_HEX = const(b"0123456789abcdefABCDEF")
#: `_utf8.has_forbidden()`, once a text has needed it.
_has_forbidden = None

try:
    json.loads("[")
    _LACKS_END = True  # MicroPython 1.25 takes an object or array without its end for a whole one
except ValueError:
    _LACKS_END = False

if not MICROPYTHON:
    from ._utf8 import decode

    def _refuse_constant(name):
        raise ValueError(name + " is not JSON")

    _decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_json(data: "bytes | str"):
    """Return the value whose JSON text is *data*, a str or UTF-8 in bytes.

    A byte order mark at the beginning is skipped. The two escapes of a surrogate pair become one character; one alone
    is an error, because a text that contains it cannot be sent. MicroPython's parser is lenient where it does no harm:
    it reads `[1 2]` as a list.

    :raises MalformedJSON: if it is not JSON.
    """
    try:
        if isinstance(data, str):
            data = data.encode()
        if data[:3] == _BOM:
            data = data[3:]
        if b"\\u" in data:
            data = _join_surrogates(data)
        return _parse(data)
    except (ValueError, RuntimeError) as error:  # RuntimeError, RecursionError: nested too deep
        raise MalformedJSON(str(error)) from None


def _parse(data):
    if not MICROPYTHON:
        return _decoder.decode(decode(data))
    text = data.strip()
    if text[:1] in (b"{", b"["):
        if text[-1] != text[0] + 2:  # the codes of `}` and `]`
            raise ValueError("incomplete")
        if _LACKS_END and text.count(b"{") + text.count(b"[") > 1:
            json.loads(b"[" + text)  # fails if there is more than this one end missing
    # The bytes are checked, because a str made for that would take as much memory again.
    if text and max(text) > 127:
        global _has_forbidden
        if not _has_forbidden:
            from ._utf8 import has_forbidden as _has_forbidden
        if _has_forbidden(text):
            raise ValueError("malformed UTF-8")
    return json.loads(data)


def _join_surrogates(data):
    """Replace the escapes of each surrogate pair by their character: MicroPython's parser would make two characters.

    :raises ValueError: for half a pair.
    """
    joined = bytearray()
    start = 0
    at = data.find(b"\\")
    while at >= 0:
        end = at + 2
        high = _surrogate(data, at)
        if high:
            low = _surrogate(data, at + 6)
            if high >= 0xDC00 or low < 0xDC00:
                raise ValueError("half a surrogate pair")
            joined.extend(data[start:at])
            joined.extend(chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode())
            start = end = at + 12
        at = data.find(b"\\", end)
    if not start:
        return data
    joined.extend(data[start:])
    return joined


def _surrogate(data, at):
    """Return the surrogate whose escape, such as `\\ud83d`, is at a place in *data*; 0 if there is none."""
    digits = data[at + 2 : at + 6]
    if digits[:1] not in (b"d", b"D") or data[at : at + 2] != b"\\u" or len(digits) < 4 or digits.strip(_HEX):
        return 0
    code = int(digits, 16)
    return code if code >= 0xD800 else 0


def dump_json(value, compact: bool = False) -> str:
    """Return *value* as JSON.

    :param compact: leave the blanks out.
    :raises ValueError: for NaN and infinity; the message names the value and its key.
    :raises TypeError: for an object of a type that JSON does not have.
    """
    try:
        text = encode_compact_json(value) if compact else encode_json(value)
    except ValueError:  # CPython's does not say where the number is
        _check(value)
        raise
    if MICROPYTHON and not _is_plain(value):
        _check(value)
    return text


def _is_plain(value, str=str, int=int, float=float) -> bool:
    """Return whether all in *value* is of the built-in types that JSON has, without NaN and infinity.

    This runs for all JSON that a board sends. So it calls nothing for a number or text: it asks for the class as an
    attribute, and finds the names of the types sooner as parameters. `dumps()` has shown that the value is finite.
    """
    containers = [value]
    for value in containers:
        if value.__class__ is dict:
            for name in value:
                if name.__class__ is str or name.__class__ is int:
                    item = value[name]
                    kind = item.__class__
                    if kind is int or kind is str:
                        continue
                    if kind is float:
                        if item - item:  # NaN for NaN and infinity
                            return False
                    elif kind is not bool and item is not None:
                        containers.append(item)
                else:
                    return False
        elif value.__class__ is list or value.__class__ is tuple:
            for item in value:
                kind = item.__class__
                if kind is int or kind is str:
                    continue
                if kind is float:
                    if item - item:
                        return False
                elif kind is not bool and item is not None:
                    containers.append(item)
        else:
            return False
    return True


def _check(value, key="") -> None:
    """Check that JSON can hold *value*, also one of a class made of a built-in one.

    :param key: the key of *value*, for the message.
    :raises ValueError, TypeError: as `dump_json()`.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return
    foreign = False
    if isinstance(value, dict):
        for name in value:
            if isinstance(name, (dict, list, tuple)):
                raise TypeError("JSON has no " + type(name).__name__ + " as a key: " + repr(name)[:80])
            _check(name)
            _check(value[name], name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check(item, key)
    elif isinstance(value, float):
        if repr(value)[-3:] in ("nan", "inf"):  # MicroPython cannot calculate with instances of a subclass of float
            place = "" if key == "" else " of " + repr(key)[:80]
            raise ValueError("JSON has no %s: send None for the value%s" % (value, place))
    else:
        foreign = not isinstance(value, (str, int))
    if MICROPYTHON and kind is not dict and kind is not list and kind is not tuple:
        # dumps() writes the repr() of a named tuple, and of a class with its own.
        foreign = foreign or hasattr(value, "__repr__") or isinstance(value, tuple) and repr(value)[:1] != "("
    if foreign:
        raise TypeError("JSON has no " + kind.__name__ + ": make a str, number, list or dict of " + repr(value)[:80])
