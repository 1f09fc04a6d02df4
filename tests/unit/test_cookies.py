from microdot._cookies import format_cookie, parse_cookies
from support import raises


def test_parse():
    for field, expected in (
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        (" a = 1 ; b = 2 ", {"a": "1", "b": "2"}),
        ("a=", {"a": ""}),
        ("a=b=c==", {"a": "b=c=="}),
        ('a="quoted"', {"a": "quoted"}),
        ('a="', {"a": '"'}),
        ('a=""', {"a": ""}),
        ('a="half', {"a": '"half'}),
        ("a=1; a=2", {"a": "1"}),
        ("novalue", {}),
        ("novalue; a=1", {"a": "1"}),
        (";;; a=1 ;", {"a": "1"}),
        ("A=1; a=2", {"A": "1", "a": "2"}),
        ("a=%20", {"a": "%20"}),
        ("a=1,b=2", {"a": "1,b=2"}),
    ):
        assert parse_cookies(field) == expected, field


def test_only_spaces_and_tabs_are_blanks():
    """A page of a subdomain may set a cookie with another blank before `__Host-`; browsers would not let it without."""
    for blank in "\xa0", "\x85", "\u2000", "\u2028", "\u3000":
        field = "%s__Host-id%s=%s1%s; __Host-id=2" % (blank, blank, blank, blank)
        expected = {blank + "__Host-id" + blank: blank + "1" + blank, "__Host-id": "2"}
        assert parse_cookies(field.encode()) == parse_cookies(field) == expected, repr(blank)
    assert parse_cookies("\t__Host-id \t=\t1 ") == {"__Host-id": "1"}


def test_parse_bytes():
    assert parse_cookies(b"a=1; b=2") == {"a": "1", "b": "2"}
    assert parse_cookies("a=1; b=2; c=3", 2) == {"a": "1", "b": "2"}
    assert len(parse_cookies(";".join(["c%d=" % i for i in range(1200)]))) in (64, 1000)
    assert parse_cookies("a=ż".encode()) == {"a": "ż"}
    assert parse_cookies(b"a=\xff") == {"a": "\xff"}


def test_format():
    assert format_cookie("a", "1") == "a=1"
    assert format_cookie("a", 1) == "a=1"
    assert format_cookie("a", "") == "a="
    assert format_cookie("a", "1", path="/") == "a=1; Path=/"
    assert format_cookie("a", "1", domain="example.com") == "a=1; Domain=example.com"
    assert format_cookie("a", "1", max_age=0) == "a=1; Max-Age=0"
    assert format_cookie("a", "1", max_age=10.5) == "a=1; Max-Age=10"
    assert format_cookie("a", "1", secure=True) == "a=1; Secure"
    assert format_cookie("a", "1", http_only=True) == "a=1; HttpOnly"
    assert format_cookie("a", "1", same_site="Lax") == "a=1; SameSite=Lax"
    assert format_cookie("a", "1", expires="Tue, 05 Nov 2024 02:23:54 GMT") == (
        "a=1; Expires=Tue, 05 Nov 2024 02:23:54 GMT"
    )


def test_a_partitioned_cookie_is_secure():
    assert format_cookie("a", "1", partitioned=True) == "a=1; Secure; Partitioned"
    assert format_cookie("a", "1", partitioned=True, secure=True) == "a=1; Secure; Partitioned"


def test_format_with_everything():
    date = "Tue, 05 Nov 2024 02:23:54 GMT"
    cookie = format_cookie("a", "1", "/x", "example.com", date, 3, True, True, True, "Strict")
    attributes = cookie.split("; ")
    assert attributes[0] == "a=1"
    assert sorted(attributes[1:]) == [
        "Domain=example.com",
        "Expires=Tue, 05 Nov 2024 02:23:54 GMT",
        "HttpOnly",
        "Max-Age=3",
        "Partitioned",
        "Path=/x",
        "SameSite=Strict",
        "Secure",
    ]


class Moment:
    """What a datetime has that the cookie needs."""

    def timetuple(self):
        return (2019, 11, 5, 2, 23, 54, 1, 309)


def test_format_with_a_datetime():
    assert format_cookie("a", "1", expires=Moment()) == "a=1; Expires=Tue, 05 Nov 2019 02:23:54 GMT"


def test_format_refuses_what_would_be_another_attribute_or_field():
    for bad in ("x;y", "x\ry", "x\ny", "x\0y", "x\x01y", "x\x7f", " x", "x\t", "x\ud83d"):
        for arguments in (
            {"name": bad},
            {"value": bad},
            {"path": bad},
            {"domain": bad},
            {"expires": bad},
            {"same_site": bad},
        ):
            given = {"name": "a", "value": "1"}
            given.update(arguments)
            with raises(ValueError):
                format_cookie(**given)


def test_format_refuses_an_ambiguous_name():
    for name in ("", "a=b", "="):
        with raises(ValueError):
            format_cookie(name, "1")


def test_what_is_formatted_can_be_parsed():
    for value in ("", "1", "a=b", "a b", "%20", "ż"):
        assert parse_cookies(format_cookie("name", value)) == {"name": value}
