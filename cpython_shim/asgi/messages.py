"""The translation between ASGI messages and requests and responses."""

from microdot import Request
from microdot.gateway.target import make_target, quote_path


def read_headers(scope):
    """Return the header fields of a scope as a dictionary of lower-case bytes to bytes."""
    pairs = scope["headers"]
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else _combine(pairs)


def make_request(app, scope, method, headers, transport):
    """Return the request of a scope."""
    root, path = b"", scope["path"]
    path = path.encode() if path.isascii() else path.encode("utf-8", "surrogateescape")  # the former is quicker
    if scope.get("root_path"):
        root, path = _split_path(scope["root_path"], path)
    target = make_target(scope.get("raw_path") or b"", root, path, scope.get("query_string") or b"")
    version = scope.get("http_version", "1.1")  # optional in the scope of a WebSocket
    client = scope.get("client")
    if client:  # granian gives the port as a str, and an empty address for a Unix socket
        host, port = client
        client = (host, port if isinstance(port, int) else int(port or 0)) if host else None
    scheme = scope.get("scheme")
    request = Request(app, client, method, target, version, headers, scheme=scheme, transport=transport)
    request.asgi_scope = scope
    if root:
        request.root_path = quote_path(root)
    return request


def _split_path(root, path):
    """Return the path under which the application is served and what follows it, both as bytes and decoded.

    A scope's path contains the root path; some servers and older middleware leave it out.
    """
    root = root.rstrip("/").encode("utf-8", "surrogateescape")
    if path.startswith(root) and path[len(root) : len(root) + 1] in (b"", b"/"):
        path = path[len(root) :]
    return root, path


def _combine(pairs):
    """Join repeated fields with commas (RFC 9110, section 5.3), cookies with semicolons."""
    headers = {}
    for name, value in pairs:
        if name in headers:
            value = headers[name] + (b"; " if name == b"cookie" else b", ") + value
        headers[name] = value
    return headers


class _Names(dict):
    """Name of a header field -> the same as ASGI wants it. A dictionary answers sooner than a cached function."""

    def __missing__(self, name):
        encoded = name.lower().encode()
        if len(self) < 256:
            self[name] = encoded
        return encoded


_names = _Names()


def encode_headers(response, method):
    """Return the header fields of the response to a request with *method* as ASGI wants them."""
    return [(_names[name], value.encode()) for name, value in response.header_list(method == "HEAD")]
