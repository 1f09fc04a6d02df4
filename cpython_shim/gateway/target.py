"""The target of a request, made of what a server says about its path.

A server decodes the path and names the part of it under which it has the application, the root. Most servers also tell
the path as the client sent it, and only that one tells `%2F` from a slash. But middleware changes the decoded path and
seldom the other, and an access rule in front of the application has seen the decoded one. So the decoded path is the
path. The client's spelling of it counts where it means the same.
"""

from urllib.parse import quote_from_bytes

from microdot._urls import unquote_to_bytes

_PERCENT = ord("%")  # a number is found in bytes sooner than bytes are
# What a path may contain besides unreserved characters (RFC 3986, section 3.3).
_PATH_SAFE = "/:@!$&'()*+,;="
# All of ASCII: the query is encoded already.
_ASCII = bytes(range(128)).decode()


def make_target(raw: bytes, root: bytes, path: bytes, query: bytes) -> str:
    """Return path and query string of a request, percent-encoded.

    :param raw: the path as the client sent it, with the root or without, or `b''` if the server does not give it.
    :param root: the path under which the server has the application, decoded, without a slash at its end.
    :param path: the path below the root, decoded.
    :param query: the query string.
    """
    if raw != path or _PERCENT in raw or not raw.isascii():
        raw = _find_spelling(raw, root, path)
    target = raw.decode() or "/"
    if not query:
        return target
    return target + "?" + (query.decode() if query.isascii() else quote_from_bytes(query, _ASCII))


def quote_path(path: bytes) -> str:
    """Return a decoded path percent-encoded."""
    return quote_from_bytes(path, _PATH_SAFE)


def _find_spelling(raw, root, path):
    """Return *path* percent-encoded, as the client wrote it if the client's path means the same."""
    below_root = raw.split(b"/", root.count(b"/") + 1)[-1:] if root else []
    for spelling in [raw, *[b"/" + rest for rest in below_root]]:
        if spelling.isascii() and _decodes_to(spelling, path):
            return spelling
    return quote_path(path).encode()


def _decodes_to(spelling, path):
    """Return whether a percent-encoded path is *path*, as one of the servers decodes it."""
    decoded = unquote_to_bytes(spelling)
    if decoded == path or decoded.decode("utf-8", "replace").encode() == path:
        return True
    # Cheroot leaves an encoded slash as it is.
    return unquote_to_bytes(spelling.replace(b"%2F", b"%252F").replace(b"%2f", b"%252f")) == path
