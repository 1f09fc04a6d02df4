from microdot._forms import parse_form, urldecode, urlencode
from microdot._urls import decode, quote, unquote, unquote_to_bytes
from microdot.errors import HTTPException
from support import raises


def test_decode_takes_utf_8_and_else_one_character_a_byte():
    assert decode(b"plain") == "plain"
    assert decode("zażółć".encode()) == "zażółć"
    assert decode(b"\xff\xe9") == "\xff\xe9"
    assert decode(b"") == ""


def test_unquote():
    for text, expected in (
        ("", ""),
        ("plain", "plain"),
        ("a%20b", "a b"),
        ("%41%42", "AB"),
        ("%c3%a9", "é"),
        ("%C3%A9", "é"),
        ("caf%C3%A9%2F", "café/"),
        ("a+b", "a+b"),
        ("é%20é", "é é"),
        ("%F0%9F%98%80", "😀"),
    ):
        assert unquote(text) == expected, text


def test_unquote_keeps_what_is_no_percent_encoding():
    for text in ("%", "%%", "%1", "%zz", "%-1", "%+1", "% 1", "%1_", "100%", "a%2", "%é1", "%x4"):
        assert unquote(text) == text, text
    assert unquote("%%41") == "%A"
    assert unquote("%4%41") == "%4A"


def test_unquote_of_bytes_that_are_no_utf_8():
    assert unquote("%ff") == "\xff"
    assert unquote("%c3") == "\xc3"
    assert unquote_to_bytes(b"%00%ff") == b"\x00\xff"


def test_unquote_is_not_recursive():
    assert unquote("%2541") == "%41"
    assert unquote("%252e%252e") == "%2e%2e"


def test_unquote_every_byte():
    for byte in range(256):
        assert unquote_to_bytes(b"%%%02x" % byte) == bytes([byte])
        assert unquote_to_bytes(b"%%%02X" % byte) == bytes([byte])


def test_long_text_needs_no_stack():
    assert unquote("%41" * 2000) == "A" * 2000
    assert urlencode("+" * 2000) == "%2B" * 2000
    assert len(parse_form("a=1&" * 500, 501).getlist("a")) == 500


def test_quote():
    assert quote("a b/c?d") == "a%20b%2Fc%3Fd"
    assert quote("a b/c", b"/") == "a%20b/c"
    assert quote("é") == "%C3%A9"
    assert quote("~-._aZ9") == "~-._aZ9"
    assert quote("") == ""


def test_urlencode_encodes_once():
    assert urlencode("a+b") == "a%2Bb"
    assert urlencode("a b") == "a+b"
    assert urlencode("a%b") == "a%25b"
    assert urlencode("a&b=c;d") == "a%26b%3Dc%3Bd"
    assert urlencode("ż") == "%C5%BC"
    assert urlencode("/?#[]@!$'()*,:") == "%2F%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3A"


def test_urldecode():
    assert urldecode("a+b") == "a b"
    assert urldecode("a%2Bb") == "a+b"
    assert urldecode(b"a%2Bb+c") == "a+b c"
    assert urldecode(b"%zz") == "%zz"
    assert urldecode("%") == "%"


def test_urldecode_reverses_urlencode():
    for text in ("", " ", "+", "a+b c%20d", "100% żółć 😀", "a=b&c", "\r\n\t\0", "%41"):
        assert urldecode(urlencode(text)) == text, text
        assert urldecode(urlencode(text).encode()) == text, text


def test_parse_form():
    form = parse_form("a=1&b=2&a=3", 3)
    assert form["a"] == "1"
    assert form.getlist("a") == ["1", "3"]
    assert form["b"] == "2"
    assert len(form) == 2


def test_parse_form_has_a_limit():
    for text in ("a=1&b=2&c=3", b"a=1&b=2&c=3", "&&", "a&a&a"):
        assert len(parse_form(text, 3)) <= 3
        for status_code in (400, 413):
            with raises(HTTPException) as caught:
                parse_form(text, 2, status_code)
            assert caught.value.status_code == status_code
            assert "2" in caught.value.reason


def test_only_utf8_that_rfc_3629_allows_is_text():
    # a loose decoder makes "/" of an overlong form, and a character that cannot be sent of half a surrogate pair
    for data, expected in (
        (b"%C0%AF", "\xc0\xaf"),
        (b"%ED%A0%BD", "\xed\xa0\xbd"),
        (b"%F4%90%80%80", "\xf4\x90\x80\x80"),
        (b"%F0%9F%98%82", "\U0001f602"),
    ):
        assert unquote(data.decode()) == expected
        assert urldecode(data) == expected
        assert decode(unquote_to_bytes(data)) == expected
        assert decode(bytearray(unquote_to_bytes(data))) == expected


def test_parse_form_takes_anything():
    for text, expected in (
        ("", {}),
        ("&", {}),
        ("&&a=1&&", {"a": "1"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=b", {"": "b"}),
        ("=", {"": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a%3D=b", {"a=": "b"}),
        ("a+b=c+d", {"a b": "c d"}),
        ("a;b=c", {"a;b": "c"}),
        ("%C5%BC=%zz", {"ż": "%zz"}),
        (b"a=%C5%BC", {"a": "ż"}),
        (b"a=\xff", {"a": "\xff"}),
        (b"a=\xc5\xbc", {"a": "ż"}),
    ):
        form = parse_form(text, 10)
        assert {name: form[name] for name in form} == expected, text
