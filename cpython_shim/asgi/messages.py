"""What ASGI messages say, as requests, and responses as they say it."""

import functools

from microdot import Request
from microdot.urls import quote


def read_headers(scope):
    """Return the header fields of a scope as a dictionary of lower-case bytes to bytes."""
    pairs = scope["headers"]
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else _combine(pairs)


def make_request(app, scope, method, headers, transport):
    """Return the request of a scope."""
    target, version = _target(scope), scope.get("http_version", "1.1")  # which a WebSocket's scope need not have
    client = scope.get("client")
    client = tuple(client) if client else None
    scheme = scope.get("scheme")
    request = Request(app, client, method, target, version, headers, scheme=scheme, transport=transport)
    request.asgi_scope = scope
    if scope.get("root_path"):
        request.root_path = quote(scope["root_path"].rstrip("/"), b"/:@!$&'()*+,;=")
    return request


def _combine(pairs):
    """RFC 9110, section 5.3: repeated fields are one list, cookies one with semicolons."""
    headers = {}
    for name, value in pairs:
        if name in headers:
            value = headers[name] + (b"; " if name == b"cookie" else b", ") + value
        headers[name] = value
    return headers


def _target(scope):
    """Return path and query string as the client sent them, without the server's root path."""
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else quote(scope["path"], b"/:@!$&'()*+,;=")
    root = scope.get("root_path")
    if root:
        root = quote(root.rstrip("/"), b"/:@!$&'()*+,;=")
        if path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
            path = path[len(root) :] or "/"
    query = scope.get("query_string")
    return path + "?" + query.decode("latin-1") if query else path


@functools.lru_cache(256)
def _encode_name(name):
    return name.lower().encode()


def encode_headers(response, method):
    """Return the header fields of the response to a request with *method* as ASGI wants them."""
    return [(_encode_name(name), value.encode()) for name, value in response.header_list(method == "HEAD")]
