"""UTF-8 as strict as RFC 3629 requires on every runtime, also for text that is still arriving."""

# Decoders differ: MicroPython's lets overlong forms, surrogates and code points above 10FFFF pass.
try:
    _STRICT = not str(b"\xed\xa0\x80", "utf-8")
except UnicodeError:
    _STRICT = True

# After these leading bytes only a part of the continuation bytes is allowed (RFC 3629, 4).
_SECOND = ((b"\xe0", 0xA0, 0xBF), (b"\xed", 0x80, 0x9F), (b"\xf0", 0x90, 0xBF), (b"\xf4", 0x80, 0x8F))


def decode(data: "bytes | bytearray") -> str:
    """Return the text whose UTF-8 form is *data*.

    :raises UnicodeError: if it is not valid UTF-8.
    """
    text = str(data, "utf-8")
    if not _STRICT and len(text) != len(data) and has_forbidden(data):
        raise UnicodeError
    return text


def check(data: "bytes | bytearray", start: int) -> int:
    """Check *data* from *start*, a character's first byte, as far as it can be judged before more arrives.

    :return: where the unfinished character at the end begins, to be the next *start*.
    :raises UnicodeError: at the first byte that cannot be right, whatever follows.
    """
    part = bytes(data[start:])
    tail = unfinished(part)
    end = len(part) - tail
    decode(part[:end])
    if tail and has_forbidden(part[end:]):
        raise UnicodeError
    return start + end


def unfinished(data: "bytes | bytearray") -> int:
    """Return how many bytes at the end of *data* (0 to 3) are the beginning of a longer character."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[len(data) - back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < size else 0
    return 0


def has_forbidden(data: "bytes | bytearray") -> bool:
    """Return whether *data*, not empty, has a byte or pair of bytes that UTF-8 forbids but a loose decoder accepts."""
    if max(data) > 0xF4 or data.find(b"\xc0") >= 0 or data.find(b"\xc1") >= 0:
        return True
    for lead, low, high in _SECOND:
        at = data.find(lead)
        while at >= 0:
            if at + 1 < len(data) and not low <= data[at + 1] <= high:
                return True
            at = data.find(lead, at + 1)
    return False
