"""Cookies (RFC 6265): the request's `Cookie` field parsed, the response's `Set-Cookie` values made."""

from ._compat import MAX_FIELDS, const
from ._datastructures import check_text
from ._dates import format_date
from ._urls import decode

_BLANKS = const(" \t")


def parse_cookies(field: "str | bytes", max_cookies: int = MAX_FIELDS) -> "dict[str, str]":
    """Parse the value of a `Cookie` field; of several cookies with one name the first, the most specific one, counts.

    :param max_cookies: the number of cookies that are read; those after them, which are less specific, are ignored.
    """
    if not isinstance(field, str):
        field = decode(field)
    cookies: "dict[str, str]" = {}
    for pair in field.split(";", max_cookies)[:max_cookies]:
        name, equals, value = pair.partition("=")
        # Only these blanks: CPython strips others too, with which a page of a subdomain could forge the name of a
        # cookie that browsers protect, such as `__Host-id`.
        name = name.strip(_BLANKS)
        if equals and name not in cookies:
            value = value.strip(_BLANKS)
            if len(value) > 1 and value[0] == '"' == value[-1]:
                value = value[1:-1]
            cookies[name] = value
    return cookies


def _check(part, text):
    if ";" in text:
        raise ValueError("';' in the " + part + " of a cookie: " + repr(text)[:80])
    return check_text(text, "the " + part + " of a cookie")


def format_cookie(
    name: str,
    value: object,
    path: "str | None" = None,
    domain: "str | None" = None,
    expires: "object" = None,
    max_age: "int | None" = None,
    secure: bool = False,
    http_only: bool = False,
    partitioned: bool = False,
    same_site: "str | None" = None,
) -> str:
    """Return the value of a `Set-Cookie` field.

    :param expires: a str in HTTP date format, or a datetime (in UTC if it is naive).
    :param max_age: lifetime in seconds.
    :raises ValueError: for `;`, a control character, or a blank at an end in any part; for an empty name, and for `=`
        in it.
    """
    _check("name", name)
    if not name or "=" in name:
        raise ValueError("invalid name of a cookie: " + repr(name)[:80])
    cookie = name + "=" + _check("value", str(value))
    if path:
        cookie += "; Path=" + _check("path", path)
    if domain:
        cookie += "; Domain=" + _check("domain", domain)
    if expires:
        if not isinstance(expires, str):
            # MicroPython's datetime has no utctimetuple()
            expires = format_date(getattr(expires, "utctimetuple", expires.timetuple)())
        cookie += "; Expires=" + _check("expires", expires)
    if max_age is not None:
        cookie += "; Max-Age=" + str(int(max_age))
    if secure or partitioned:  # a partitioned cookie is refused by browsers unless it is secure
        cookie += "; Secure"
    if http_only:
        cookie += "; HttpOnly"
    if same_site:
        cookie += "; SameSite=" + _check("same_site", same_site)
    if partitioned:
        cookie += "; Partitioned"
    return cookie
