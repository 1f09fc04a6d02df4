"""Dates of HTTP (RFC 9110, section 5.6.7)."""

#: From this year on the clock has been set: a board without a battery starts at its epoch, 1970, 2000 or 2021.
CLOCK_SET = 2024
_DAYS = "MonTueWedThuFriSatSun"
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def format_date(t: "tuple") -> str:
    """Return the HTTP date of a UTC time, a tuple as `time.gmtime()` makes it."""
    return "%s, %02d %s %04d %02d:%02d:%02d GMT" % (
        _DAYS[t[6] * 3 : t[6] * 3 + 3],
        t[2],
        _MONTHS[t[1] * 3 - 3 : t[1] * 3],
        t[0],
        t[3],
        t[4],
        t[5],
    )


def parse_date(text: str) -> "tuple | None":
    """Return (year, month, day, hour, minute, second) of an IMF-fixdate, or `None`; tuples compare as dates do."""
    parts = text.split()
    if len(parts) != 6 or parts[5] != "GMT" or len(parts[2]) != 3 or _MONTHS.find(parts[2]) % 3:
        return None
    try:
        hour, minute, second = parts[4].split(":")
        month = _MONTHS.find(parts[2]) // 3 + 1
        return (int(parts[3]), month, int(parts[1]), int(hour), int(minute), int(second))
    except ValueError:
        return None
