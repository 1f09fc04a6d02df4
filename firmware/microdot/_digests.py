"""Comparing secrets, random texts, and HMAC-SHA256 (RFC 2104).

These functions are in a module of their own because a board's pages need them, and need none of the rest of `tokens`.
"""

import os
from binascii import b2a_base64
from hashlib import sha256

_SALT = os.urandom(16)


def random_text(size: int = 16) -> str:
    """Return *size* random bytes in URL-safe base64."""
    return base64url(os.urandom(size)).decode()


def to_bytes(value: "str | bytes") -> bytes:
    """Return a str as UTF-8, bytes as they are."""
    return value.encode() if isinstance(value, str) else value


def compare_digest(a: "str | bytes", b: "str | bytes") -> bool:
    """Return whether two secrets are the same, in a time that does not tell how much of them is.

    This compares hashes with a random part, whose first difference says nothing about that of *a* and *b*.
    """
    return sha256(_SALT + to_bytes(a)).digest() == sha256(_SALT + to_bytes(b)).digest()


def hmac_pads(key: bytes) -> "tuple[bytes, bytes]":
    """Return the inner and the outer block that HMAC-SHA256 makes of a key (RFC 2104)."""
    if len(key) > 64:
        key = sha256(key).digest()
    key = key + bytes(64 - len(key))
    return bytes([byte ^ 0x36 for byte in key]), bytes([byte ^ 0x5C for byte in key])


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256 of a message (RFC 2104), 32 bytes."""
    inner, outer = hmac_pads(key)
    return sha256(outer + sha256(inner + message).digest()).digest()


def base64url(data: bytes) -> bytes:
    """Return bytes in URL-safe base64, without padding."""
    return b2a_base64(data).strip().rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")
