from microdot import Microdot, Request
from microdot.errors import MalformedJSON
from microdot.jsondata import parse_json
from microdot.test_client import TestClient
from support import raises

EMOJI = "\U0001f602"


def test_values():
    for text, value in (
        (b"null", None),
        (b"true", True),
        (b"-1.5e1", -15.0),
        (b'""', ""),
        (b"[]", []),
        (b' {"a": [1, {"b": null}]} ', {"a": [1, {"b": None}]}),
        ('{"\u017c": "\u017c"}'.encode(), {"\u017c": "\u017c"}),
        (b'"' + EMOJI.encode() + b'"', EMOJI),
    ):
        assert parse_json(text) == value, text
        assert parse_json(str(text, "utf-8")) == value, text


def test_white_space_around():
    for text in (b'{"a": 1}\n', b'\r\n{"a": 1}\r\n', b'\t {"a": 1} ', b'{"a": 1}\t'):
        assert parse_json(text) == {"a": 1}, text
    assert parse_json(b"[1]\n") == [1]
    assert parse_json(b"1\n") == 1
    assert parse_json(b'"{"\n') == "{"


def test_surrogate_pairs_are_one_character():
    for text, value in (
        (b'"\\ud83d\\ude02"', EMOJI),
        (b'"\\uD83D\\uDE02"', EMOJI),
        (b'"\\uD83d\\ude02"', EMOJI),
        (b'"a\\ud83d\\ude02b\\n\\ud83d\\ude02"', "a" + EMOJI + "b\n" + EMOJI),
        (b'"\\ud800\\udc00\\udbff\\udfff"', "\U00010000\U0010ffff"),
        (b'{"\\ud83d\\ude02": ["\\ud83d\\ude02"]}', {EMOJI: [EMOJI]}),
        (b'"\\\\ud83d\\\\ude02"', "\\ud83d\\ude02"),  # an escaped backslash, and letters
        (b'"\\\\\\ud83d\\ude02"', "\\" + EMOJI),
        (b'"\\u00e9\\ud7ff\\ue000"', "\u00e9\ud7ff\ue000"),
    ):
        found = parse_json(text)
        assert found == value, text
        assert parse_json(str(text, "utf-8")) == value, text
        if isinstance(found, str):
            assert found.encode().decode() == value, text


def test_what_no_text_can_carry():
    for text in (
        b'"\\ud83d"',
        b'"\\ude02"',
        b'"\\ude02\\ud83d"',
        b'"\\udc00\\udc00"',
        b'"\\udc00\\udc01"',
        b'"\\ud83d\\ud83d\\ude02"',
        b'"\\ud83dx\\ude02"',
        b'"\\ud83d\\\\ude02"',
        b'"\xed\xa0\xbd"',
        b'"\xed\xa0\xbd\xed\xb8\x82"',
        b'"\xc0\xaf"',
        b'"\xff"',
    ):
        with raises(MalformedJSON):
            parse_json(text)


def test_a_byte_order_mark_is_skipped():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert parse_json('\ufeff{"a": 1}') == {"a": 1}
    for text in (b'{"a": 1}\xef\xbb\xbf', b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf1", '{"a": 1}'.encode("utf-16")
                 if hasattr(str, "casefold") else b"\xff\xfe{\0}\0"):
        with raises(MalformedJSON):
            parse_json(text)


def test_malformed():
    for text in (
        b"", b" ", b"{", b'{"a": 1', b"[1", b"[1 ", b"[[1]", b'{"a": {}', b"x", b"tru",
        b"{'a': 1}", b'{"a": 1} x', b'"a',
        b'"\\u12"', b'"\\ud8', b'"\\ud83d\\u', b"NaN", b"Infinity", b"-Infinity", b"[" * 500, b"\0",
    ):
        with raises(MalformedJSON) as caught:
            parse_json(text)
        error = caught.value
        assert (error.status_code, error.reason, error.headers) == (400, "Malformed JSON", None)


def request_of(body):
    return Request(Microdot(), None, "POST", "/", "1.1", {"Content-Type": "application/json"}, body)


def test_an_application_catches_a_value_error():
    request = request_of(b"{")
    for _ in range(2):  # and it is no None at the second time
        try:
            request.json  # noqa: B018
        except ValueError:
            continue
        raise AssertionError("no ValueError")
    assert request_of(b'\xef\xbb\xbf{"a": "\\ud83d\\ude02"}\n').json == {"a": EMOJI}


async def test_an_emoji_goes_through():
    app = Microdot()

    @app.post("/")
    async def echo(request):
        return {"text": request.json["text"]}

    res = await TestClient(app).post("/", {"Content-Type": "application/json"}, b'{"text": "\\ud83d\\ude02"}')
    assert res.json == {"text": EMOJI}
    assert res.status_code == 200
