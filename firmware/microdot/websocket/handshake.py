"""The opening handshake of WebSocket connections (RFC 6455, 4) without I/O, for both ends."""

import binascii
import hashlib
import os

from ..errors import HTTPException

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def accept_key(key: str) -> str:
    """Return the Sec-WebSocket-Accept value for a client's Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return _base64(hashlib.sha1(key.encode() + _GUID).digest())


def make_key() -> str:
    """Return a random Sec-WebSocket-Key."""
    return _base64(os.urandom(16))


def tokens(value: "str | None") -> "list[str]":
    """Return the members of a comma-separated header value, without empty ones."""
    return [token for token in (part.strip() for part in (value or "").split(",")) if token]


def check_request(method: str, http_version: str, header) -> str:
    """Check a client's request (RFC 6455, 4.2.1) and return its key.

    :param header: function that returns a header field's value, None if absent, by its name in lower-case bytes.
    :raises HTTPException: 400, or 426 for another version of the protocol than 13.
    """
    if method != "GET" or http_version == "1.0":
        raise HTTPException(400, "WebSocket needs GET and HTTP/1.1")
    if not _has_token(header(b"upgrade"), "websocket") or not _has_token(header(b"connection"), "upgrade"):
        raise HTTPException(400, "not a WebSocket request")
    if (header(b"sec-websocket-version") or "").strip() != "13":
        raise HTTPException(426, "WebSocket version 13 is required", {"Sec-WebSocket-Version": "13"})
    key = (header(b"sec-websocket-key") or "").strip()
    if not _is_key(key):
        raise HTTPException(400, "bad Sec-WebSocket-Key")
    return key


def check_origin(origin: "str | None", allowed) -> None:
    """Refuse with 403 an origin that *allowed* does not list; None in *allowed* admits clients that send no origin."""
    if isinstance(allowed, str):
        allowed = (allowed,)
    if allowed is None or "*" in allowed:
        return
    origin = origin.lower() if origin is not None else None
    for candidate in allowed:
        if origin == (candidate.lower() if candidate is not None else None):
            return
    raise HTTPException(403, "origin not allowed")


def select_subprotocol(requested: "list[str]", supported) -> "str | None":
    """Return the first of the client's subprotocols, in its order of preference, that the server supports, or None."""
    supported = (supported,) if isinstance(supported, str) else supported
    for name in requested:
        if name in supported:
            return name
    return None


def response_headers(key: str, subprotocol: "str | None" = None, extensions: "str | None" = None) -> "dict[str, str]":
    """Return the header fields of the 101 response that accepts a request (RFC 6455, 4.2.2)."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_key(key)}
    if subprotocol:
        headers["Sec-WebSocket-Protocol"] = subprotocol
    if extensions:
        headers["Sec-WebSocket-Extensions"] = extensions
    return headers


def request_headers(key: str, subprotocols=(), extensions: "str | None" = None) -> "dict[str, str]":
    """Return the header fields of a client's request (RFC 6455, 4.1)."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }
    if subprotocols:
        headers["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
    if extensions:
        headers["Sec-WebSocket-Extensions"] = extensions
    return headers


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data).strip().decode()


def _has_token(value: "str | None", wanted: str) -> bool:
    return wanted in [token.lower() for token in tokens(value)]


def _is_key(key: str) -> bool:
    """Return whether *key* is the base64 form of 16 bytes."""
    if len(key) != 24 or not key.endswith("=="):
        return False
    return all(character in _BASE64 for character in key[:22])
