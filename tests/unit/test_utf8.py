from microdot import _utf8 as utf8
from microdot.websocket.frames import CONTINUATION, TEXT, FrameError, FrameParser, encode
from support import raises

GOOD = (
    b"", b"\x00", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xec\xbf\xbf", b"\xed\x80\x80", b"\xed\x9f\xbf",
    b"\xee\x80\x80", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf3\xbf\xbf\xbf", b"\xf4\x80\x80\x80",
    b"\xf4\x8f\xbf\xbf",
)
# wrong sequences, and how many of their bytes can be right before the fault must have been seen
BAD = (
    (b"\x80", 0), (b"\xbf", 0), (b"\xc0\x80", 0), (b"\xc1\xbf", 0), (b"\xc2\x20", 1), (b"\xc2\xc2", 1),
    (b"\xe0\x80\x80", 1), (b"\xe0\x9f\xbf", 1), (b"\xe1\x80\x20", 2), (b"\xed\xa0\x80", 1), (b"\xed\xbf\xbf", 1),
    (b"\xf0\x80\x80\x80", 1), (b"\xf0\x8f\xbf\xbf", 1), (b"\xf1\x80\x80\xc0", 3), (b"\xf4\x90\x80\x80", 1),
    (b"\xf5\x80\x80\x80", 0), (b"\xf8\x88\x80\x80\x80", 0), (b"\xfe", 0), (b"\xff", 0),
)
UNFINISHED = (b"\xc2", b"\xe1", b"\xe1\x80", b"\xed\x9f", b"\xf0\x90", b"\xf1\x80\x80", b"\xf4\x8f\xbf")


def fails_after(data):
    """Return how many bytes of *data* could be fed one by one before the checker refused, -1 if it took all."""
    buffer = bytearray()
    start = 0
    for count in range(len(data)):
        buffer.append(data[count])
        try:
            start = utf8.check(buffer, start)
        except UnicodeError:
            return count
    return -1


def test_good_sequences():
    for data in GOOD:
        for text in (data, b"a" + data, data + b"z", data * 3, "\u20ac".encode() + data):
            assert utf8.decode(text).encode() == text
            assert fails_after(text) == -1
            assert utf8.check(bytearray(text), 0) == len(text)


def test_bad_sequences_are_refused():
    for data, _ in BAD:
        for text in (data, b"abc" + data, data + b"abc", "\u20ac".encode() + data):
            with raises(UnicodeError):
                utf8.decode(text)


def test_bad_sequences_are_refused_at_their_first_wrong_byte():
    for data, good in BAD:
        for before in (b"", b"abc", "\u00fc\u20ac\U0001f600".encode()):
            assert fails_after(before + data) == len(before) + good, data


def test_unfinished_sequences_wait_for_more():
    for data in UNFINISHED:
        assert fails_after(data) == -1
        assert utf8.check(bytearray(b"ab" + data), 0) == 2
        with raises(UnicodeError):
            utf8.decode(data)


def test_all_two_byte_starts_agree_with_the_table():
    """Every lead byte with every second byte: allowed exactly as RFC 3629's table says."""
    for lead in range(0x80, 0x100):
        low, high = 0x80, 0xBF
        if lead == 0xE0:
            low = 0xA0
        elif lead == 0xED:
            high = 0x9F
        elif lead == 0xF0:
            low = 0x90
        elif lead == 0xF4:
            high = 0x8F
        good_lead = 0xC2 <= lead <= 0xF4
        for second in range(0, 0x100, 1 if lead in (0xE0, 0xED, 0xF0, 0xF4) else 15):
            expected = -1 if good_lead and low <= second <= high else 1 if good_lead else 0
            assert fails_after(bytes((lead, second))) == expected, (lead, second)


def feed(parser, data):
    parser.feed(data)
    return parser.next_event()


def test_error_is_found_within_a_frame():
    frame = encode(TEXT, b"good \xf4\x90\x80\x80 and much more", mask=b"abcd")
    parser = FrameParser()
    assert feed(parser, frame[: 6 + 6]) is None
    with raises(FrameError) as caught:
        feed(parser, frame[12:13])
    assert caught.value.code == 1007


def test_error_is_found_in_the_first_fragments():
    parser = FrameParser(client=True)
    assert feed(parser, encode(TEXT, b"\xe2\x82", fin=False)) is None
    with raises(FrameError) as caught:
        feed(parser, encode(CONTINUATION, b"x", fin=False))
    assert caught.value.code == 1007


def test_unfinished_at_the_end_of_the_message():
    parser = FrameParser(client=True)
    assert feed(parser, encode(TEXT, b"\xe2\x82", fin=False)) is None
    with raises(FrameError):
        feed(parser, encode(CONTINUATION, b""))


def test_binary_is_not_checked():
    parser = FrameParser(client=True)
    assert feed(parser, encode(2, b"\xff\xfe", fin=False)) is None
    assert feed(parser, encode(CONTINUATION, b"\xff")) == (2, b"\xff\xfe\xff")
