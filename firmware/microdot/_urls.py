"""Percent-encoding (RFC 3986)."""

from ._compat import MICROPYTHON

_UNRESERVED = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
_HEX = b"0123456789abcdefABCDEF"


def decode(data: bytes) -> str:
    """Return *data* as text: decoded as UTF-8 if it is valid UTF-8, else a character for each byte (ISO 8859-1)."""
    try:
        text = str(data, "utf-8")
        if MICROPYTHON and len(text) != len(data):  # only if it is needed: most text is ASCII
            from ._utf8 import decode as decode_strictly

            text = decode_strictly(data)
        return text
    except ValueError:  # MicroPython's UnicodeError and CPython's UnicodeDecodeError are both ValueErrors
        return "".join([chr(byte) for byte in data])


def unquote_to_bytes(data: bytes) -> bytes:
    """Decode the percent-encoding of *data*; a `%` that two hexadecimal digits do not follow stays as it is."""
    n = start = data.find(b"%")
    if start < 0:
        return data
    # In place, because the result is never longer: an object for each byte of a form would be too much for a board.
    decoded = bytearray(data)
    while start >= 0:
        digits = data[start + 1 : start + 3]
        if len(digits) == 2 and not digits.strip(_HEX):
            decoded[n] = int(digits, 16)
            start += 3
        else:
            decoded[n] = 37
            start += 1
        n += 1
        percent = data.find(b"%", start)
        end = percent if percent >= 0 else len(data)
        decoded[n : n + end - start] = data[start:end]
        n += end - start
        start = percent
    return bytes(decoded[:n])


def unquote(text: str) -> str:
    """Decode the percent-encoding of a URL's path; never raises."""
    if "%" not in text:
        return text
    return decode(unquote_to_bytes(text.encode()))


def quote(text: str, safe: bytes = b"") -> str:
    """Percent-encode *text* as UTF-8, all but unreserved characters (RFC 3986, section 2.3) and those in *safe*."""
    data = text.encode()
    keep = _UNRESERVED + safe
    if not data.strip(keep):
        return text
    return "".join([chr(byte) if byte in keep else "%%%02X" % byte for byte in data])


def quote_url(url: str) -> str:
    """Percent-encode what a URL never contains: blanks, which browsers drop, and characters beyond ASCII.

    What is encoded already stays.
    """
    data = url.encode()
    if len(data) == len(url) and b" " not in data and b"\t" not in data:
        return url
    return "".join(["%%%02X" % byte if byte > 127 or byte <= 32 else chr(byte) for byte in data])
