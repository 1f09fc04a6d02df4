"""The DNS of the board's own network: one address for every name, and no surprise for it."""

from microdot.device._dns import make_answer

ADDRESS = bytes((192, 168, 4, 1))
HEAD = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
NAME = b"\x03www\x07example\x03com\x00"
A = b"\x00\x01\x00\x01"
RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\xc0\xa8\x04\x01"


def code(query):
    """Return the code of an answer that has nothing but a head."""
    answer = make_answer(query, ADDRESS)
    assert len(answer) == 12 and answer[:2] == query[:2] and answer[2] & 0x80 and answer[4:] == bytes(8), answer
    return answer[3] & 15


def test_every_name_is_the_board():
    for name in (NAME, b"\x01a\x00", b"\x00", b"\x3f" + b"x" * 63 + b"\x00", b"\x04\x00\xff\xc0.\x00"):
        answer = make_answer(HEAD + name + A, ADDRESS)
        assert answer == b"\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00" + name + A + RECORD
    answer = make_answer(b"\x12\x34\x00\x00" + HEAD[4:] + NAME + b"\x00\xff\x00\x01", ADDRESS)
    assert answer[2:8] == b"\x84\x80\x00\x01\x00\x01" and answer.endswith(RECORD)


def test_other_types_have_no_answer_but_no_error():
    for kind in (b"\x00\x1c\x00\x01", b"\x00A\x00\x01", b"\x00\x0c\x00\x01", b"\x01\x01\x00\x01", b"\x00\x01\x00\x03"):
        question = NAME + kind
        assert make_answer(HEAD + question, ADDRESS) == b"\x12\x34\x85\x80\x00\x01\x00\x00\x00\x00\x00\x00" + question


def test_what_follows_the_question_is_left_out():
    options = b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"
    answer = make_answer(HEAD[:-1] + b"\x01" + NAME + A + options, ADDRESS)
    assert answer[4:12] == b"\x00\x01\x00\x01\x00\x00\x00\x00" and answer.endswith(RECORD)


def test_answers_are_not_answered():
    for query in (b"", HEAD[:11], b"\x12\x34\x81\x80" + HEAD[4:] + NAME + A, b"\x12\x34\xff\xff" + HEAD[4:]):
        assert make_answer(query, ADDRESS) is None


def test_other_requests_than_queries():
    for opcode in range(1, 16):
        assert code(b"\x12\x34" + bytes((opcode << 3, 0)) + HEAD[4:] + NAME + A) == 4


def test_malformed_queries():
    whole = HEAD + NAME + A
    for size in range(12, len(whole)):
        assert code(whole[:size]) == 1, size
    for count in (b"\x00\x00", b"\x00\x02", b"\x01\x01", b"\xff\xff"):
        assert code(HEAD[:4] + count + HEAD[6:] + NAME + A) == 1
    for name in (
        b"\xc0\x0c", b"\x03www\xc0\x0c", b"\x40" + b"x" * 64 + b"\x00", b"\x80\x00",
        b"\x3f" + b"x" * 63, (b"\x3f" + b"x" * 63) * 4 + b"\x00", b"\x01a" * 127 + b"\x02bc\x00",
    ):  # fmt: skip
        assert code(HEAD + name + A) == 1, name
    longest = b"\x01a" * 127 + b"\x00"
    assert make_answer(HEAD + longest + A, ADDRESS).endswith(RECORD)


def test_any_bytes():
    """Whatever comes, there is an answer, none, or a code; and no answer is larger than twice the query."""
    state = 1
    for size in range(300):
        query = bytearray(HEAD)
        for _ in range(size):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            query.append(state >> 16 & 255)
        for at in (2, 4, 5, 12):
            if at < len(query):
                query[at] = state >> (at & 7) & 255
        answer = make_answer(bytes(query), ADDRESS)
        assert answer is None or answer[2] & 0x80 and len(answer) <= len(query) + 16
