"""Signed tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA256, the algorithm HS256 of RFC 7518, section 3.2."""

import time
from binascii import a2b_base64

from ._digests import base64url, compare_digest, hmac_pads, hmac_sha256, random_text, to_bytes
from .jsondata import dump_json, parse_json

__all__ = [
    "RESERVED", "compare_digest", "decode_token", "encode_token", "hmac_pads", "hmac_sha256", "is_within", "keyed_hash",
    "random_text", "to_bytes", "to_json", "unix_time",
]  # fmt: skip

#: Purposes that begin with this are the framework's. An application cannot make or read such tokens with a `Session`.
RESERVED = "microdot:"
# Seconds by which clocks may differ: those of two computers, or of one before and after its clock is corrected.
_LEEWAY = 300
_HEADER = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  # {"alg":"HS256","typ":"JWT"}
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0  # some boards count from the year 2000


def unix_time() -> int:
    """Return the seconds since 1970, as far as the clock has been set."""
    return int(time.time()) + _EPOCH


def _load(part):
    part = part.replace(b"-", b"+").replace(b"_", b"/")
    return parse_json(a2b_base64(part + b"=" * (-len(part) % 4)))


def _sign(message, key, purpose):
    key = to_bytes(key)
    # Each purpose has a key of its own, so that a token of one is unknown to all others (RFC 8725, section 3.12).
    return base64url(hmac_sha256(hmac_sha256(key, to_bytes(purpose)) if purpose else key, message))


def keyed_hash(text: str, key: "str | bytes", purpose: str) -> str:
    """Return a hash of a text, 22 characters, which tells nothing about the text to those without the key."""
    return _sign(text.encode(), key, purpose)[:22].decode()


def to_json(value) -> str:
    """Return *value* as JSON text.

    :raises ValueError, TypeError: for what JSON cannot hold.
    """
    return dump_json(value, compact=True)


def encode_token(payload: dict, key: "str | bytes", purpose: str = "") -> str:
    """Return a token; without a purpose, one that every implementation of JSON Web Tokens reads with the same key.

    :param payload: what JSON can hold; `nbf` and `exp` are the times, in seconds since 1970, from which and until which
        the token is valid.
    :raises ValueError, TypeError: as `to_json()` does.
    """
    message = _HEADER + b"." + base64url(to_json(payload).encode())
    return (message + b"." + _sign(message, key, purpose)).decode()


def is_within(end, lifetime: "int | float") -> bool:
    """Return whether a time in seconds since 1970 has not come yet, and is no further away than *lifetime* seconds.

    A time further away was set before the clock went back. Otherwise a board whose clock has lost the date, for
    instance, would accept everything that has expired.
    """
    now = unix_time()
    return now < int(end) <= now + int(lifetime) + _LEEWAY


def decode_token(
    token: "str | bytes", keys: "list | tuple", purpose: str = "", lifetime: "int | None" = None
) -> "dict | None":
    """Return the payload of a token, or None unless it was made with one of *keys* for *purpose* and is valid now.

    :param lifetime: seconds for which such a token is made. One without `exp`, or whose `exp` is further away, is not
        valid. None: a token needs no `exp`.
    """
    try:
        message, _, signature = to_bytes(token).rpartition(b".")
        # No part of a token is parsed before its signature is known to be good.
        for key in keys:
            if compare_digest(_sign(message, key, purpose), signature):
                break
        else:
            return None
        head, _, payload = message.partition(b".")
        if head != _HEADER:
            head = _load(head)
            if head.get("alg") != "HS256" or "crit" in head:
                return None
        payload = _load(payload)
        now = unix_time()
        if int(payload.get("exp", now + 1)) <= now or int(payload.get("nbf", now)) > now:
            return None
        if lifetime is not None and not is_within(payload.get("exp", 0), lifetime):
            return None
        return payload
    except (ValueError, TypeError, AttributeError, OverflowError, RuntimeError):  # RuntimeError: nested too deep
        return None
