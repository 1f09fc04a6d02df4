from microdot._dates import format_date, parse_date


def test_format():
    assert format_date((1994, 11, 6, 8, 49, 37, 6, 310)) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_date((2024, 1, 1, 0, 0, 0, 0, 1)) == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert format_date((2024, 12, 31, 23, 59, 59, 1, 366)) == "Tue, 31 Dec 2024 23:59:59 GMT"


def test_every_month_and_day():
    for month, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1):
        text = format_date((2024, month, 2, 3, 4, 5, 0, 1))
        assert text == "Mon, 02 " + name + " 2024 03:04:05 GMT"
        assert parse_date(text) == (2024, month, 2, 3, 4, 5)
    for day, name in enumerate("Mon Tue Wed Thu Fri Sat Sun".split()):
        assert format_date((2024, 1, 2, 3, 4, 5, day, 1)).startswith(name + ", ")


def test_parse_and_compare():
    early = parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    assert early == (1994, 11, 6, 8, 49, 37)
    assert early < parse_date("Sun, 06 Nov 1994 08:49:38 GMT")
    assert early < parse_date("Mon, 07 Nov 1994 00:00:00 GMT")
    assert early < parse_date("Sat, 01 Jan 2000 00:00:00 GMT")


def test_parse_refuses_what_is_no_date():
    for text in (
        "",
        "x",
        "0",
        "GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Xxx 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "Sun, 06 N 1994 08:49:37 GMT",
        "Sun, xx Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov xxxx 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:xx GMT",
        "Sun, 06 Nov 1994 08:49:37:00 GMT",
    ):
        assert parse_date(text) is None, text
