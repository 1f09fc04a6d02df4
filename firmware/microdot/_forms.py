"""Query strings and URL-encoded forms (WHATWG URL standard), and the dictionary of their fields."""

from ._urls import decode, quote, unquote, unquote_to_bytes
from .errors import HTTPException, MissingField

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable


class MultiDict(dict):
    """A dictionary that keeps several values under a key; reading a key gives its first value.

    Reading an absent key raises `MissingField`, a KeyError; unless it is caught, the answer has status 400.

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

    def __setitem__(self, key: str, value: "Any") -> None:
        if key in self:
            super().__getitem__(key).append(value)
        else:
            super().__setitem__(key, [value])

    def __getitem__(self, key: str) -> "Any":
        try:
            return super().__getitem__(key)[0]
        except KeyError:
            raise MissingField(key) from None

    def get(self, key: str, default: "Any" = None, type: "Callable[[str], Any] | None" = None) -> "Any":
        """Return the first value under *key*, converted by *type* if given.

        If the key is absent, or *type* raises ValueError for the value, return *default*: so
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

        Values for which *type* raises ValueError are left out.
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


def too_many_fields(max_fields: int, status_code: int = 413) -> HTTPException:
    """Return the error for a form, or a query string, over the limit of fields."""
    return HTTPException(status_code, "Too many fields: at most %d are allowed" % max_fields)


def parse_form(encoded: "str | bytes", max_fields: int, status_code: int = 413) -> MultiDict:
    """Parse a query string or a body of type `application/x-www-form-urlencoded`.

    :param max_fields: limit of the number of fields, empty ones included. A client may choose names that a dictionary
        is slow to find, and each field takes many times its size in memory.
    :param status_code: the status of a request over the limit.
    :raises HTTPException: if there are more.
    """
    if encoded.count("&" if isinstance(encoded, str) else b"&") >= max_fields:
        raise too_many_fields(max_fields, status_code)
    if not isinstance(encoded, str):
        encoded = decode(encoded)
    values = MultiDict()
    for pair in encoded.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            values[urldecode(name)] = urldecode(value)
    return values
