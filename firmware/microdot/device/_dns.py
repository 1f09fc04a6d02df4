"""Answers to DNS queries (RFC 1035) that lead every name to the board; bytes in, bytes out."""

#: Size in bytes up to which a query is looked at (RFC 1035, section 4.2.1); questions are much smaller.
MAX_SIZE = 512
_HEAD = 12
_MAX_NAME = 255
_A, _ANY, _INTERNET = 1, 255, 1
_NO_ERROR, _MALFORMED, _NOT_IMPLEMENTED = 0, 1, 4
# The name is the question's, the type A, the class IN. A phone must not remember the answer in another network: for
# zero seconds.
_RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04"


def make_answer(query: bytes, address: bytes) -> "bytes | None":
    """Return the answer to a query; None if it is an answer itself, or has no whole head.

    The answer has the address for the types A and ANY, and none for others, so that nobody waits for IPv6. What follows
    the question, such as EDNS options, is left out.

    :param address: the four bytes of an IPv4 address.
    """
    if len(query) < _HEAD or query[2] & 0x80:
        return None
    if query[2] & 0x78:
        return _make_head(query, _NOT_IMPLEMENTED)
    end = _question_end(query)
    if not end:
        return _make_head(query, _MALFORMED)
    kind = query[end - 4] << 8 | query[end - 3]
    has_address = kind in (_A, _ANY) and query[end - 2] == 0 and query[end - 1] in (_INTERNET, _ANY)
    answer = _make_head(query, _NO_ERROR, 1, 1 if has_address else 0) + query[_HEAD:end]
    return answer + _RECORD + address if has_address else answer


def _make_head(query, code, questions=0, answers=0):
    """Return the head of an authoritative answer, with the query's number and its flag for recursion."""
    flags = bytes((0x84 | query[2] & 1, 0x80 | code))
    return query[:2] + flags + bytes((0, questions, 0, answers, 0, 0, 0, 0))


def _question_end(query):
    """Return where the only question ends; 0 if there is not exactly one, or it is malformed."""
    if query[4] or query[5] != 1:
        return 0
    at = _HEAD
    while at < len(query) and query[at]:
        if query[at] > 63:  # a pointer, to what could only be the name itself
            return 0
        at += query[at] + 1
        if at >= _HEAD + _MAX_NAME:
            return 0
    end = at + 5
    return end if end <= len(query) else 0
