"""Query strings and URL-encoded forms (WHATWG URL standard), and the dictionary of their fields."""

from .urls import decode, quote, unquote, unquote_to_bytes

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import Any, Callable


class MultiDict(dict):
    """A dictionary that keeps several values under a key; reading a key gives its first value.

    >>> d = MultiDict()
    >>> d['n'] = '1'
    >>> d['n'] = '2'
    >>> d['n'], d.getlist('n', type=int)
    ('1', [1, 2])
    """

    def __init__(self, initial_dict: "dict | None" = None):
        super().__init__()
        if initial_dict:
            for key in initial_dict:
                self[key] = initial_dict[key]

    def __setitem__(self, key, value):
        if key in self:
            super().__getitem__(key).append(value)
        else:
            super().__setitem__(key, [value])

    def __getitem__(self, key):
        return super().__getitem__(key)[0]

    def get(self, key: str, default: "Any" = None, type: "Callable[[str], Any] | None" = None) -> "Any":
        """Return the first value under *key*, converted by *type* if given.

        *default* is returned where the key is absent and where *type* refuses the value with a ValueError, so that
        `request.args.get('page', 1, type=int)` is safe with any query string.
        """
        if key not in self:
            return default
        value = self[key]
        if type is None:
            return value
        try:
            return type(value)
        except ValueError:
            return default

    def getlist(self, key: str, type: "Callable[[str], Any] | None" = None) -> "list[Any]":
        """Return all values under *key* in their order, converted by *type* if given; an empty list for none.

        Values that *type* refuses with a ValueError are left out.
        """
        values = super().__getitem__(key) if key in self else []
        if type is None:
            return list(values)
        converted = []
        for value in values:
            try:
                converted.append(type(value))
            except ValueError:
                continue
        return converted


def urlencode(text: str) -> str:
    """Encode *text* as a value of a query string or a form: a space becomes `+`."""
    return quote(text, b" ").replace(" ", "+")


def urldecode(data: "str | bytes") -> str:
    """Decode a name or value of a query string or a form; never raises."""
    if isinstance(data, str):
        return unquote(data.replace("+", " "))
    return decode(unquote_to_bytes(data.replace(b"+", b" ")))


def parse_form(encoded: "str | bytes") -> MultiDict:
    """Parse a query string or a body of type `application/x-www-form-urlencoded`."""
    if not isinstance(encoded, str):
        encoded = decode(encoded)
    values = MultiDict()
    for pair in encoded.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            values[urldecode(name)] = urldecode(value)
    return values
