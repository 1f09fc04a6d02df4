"""Variables of a URL pattern that may match several segments of a path, in a time in proportion to the path."""

#: Limit of the places in one path at which two regular expressions are tried: 2 KB of path may have a thousand.
_MAX_TRIES = 32


def may_match_slash(pattern: str) -> bool:
    """Return whether a regular expression may match a slash; True if its text does not tell."""
    i = 0
    in_class = False
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 1
            if pattern[i : i + 1] in ("/", "D", "S", "W", "N", "U", "u", "x") or pattern[i : i + 1].isdigit():
                return True
        elif pattern[i : i + 2] == "[^":
            end = pattern.find("]", i + 3)
            if "/" not in pattern[i:end]:
                return True
            i = end
        elif char in "./" or char == "-" and in_class and pattern[i - 1] <= "/" <= pattern[i + 1 : i + 2]:
            return True
        elif char in "[]":
            in_class = char == "["
        i += 1
    return False


def _spans(segment):
    """Return whether a segment of a pattern is a variable that may match several segments of a path."""
    return segment[3:] == (True,)  # a str has no such item


def match_from_end(segments: tuple, rest: str, values: dict, parse) -> "dict | None":
    """Match segments, the first of which spans several, with *rest* of a path.

    Going backwards from the end, each group of segments between two spans is matched at the last possible place. So the
    first span matches as much as it can, and each place is tried once, however many spans there are. Only two spans
    with regular expressions may need several tries.

    :param segments: those of a `URLPattern`.
    :param values: the values of the variables before; those of *segments* are added.
    :param parse: `parse(variable, text, values)` adds the value that *text* stands for, and returns whether it does.
    :return: the values, or None.
    """
    index = len(segments)
    while not _spans(segments[index - 1]):
        index -= 1
    end = _match_backwards(segments[index:], rest, len(rest), values, parse)
    while index > 1:
        last = index - 1
        index = last
        while not _spans(segments[index - 1]):
            index -= 1
        cut = rest.rfind("/", 0, max(end - 1, 0))  # a span is not empty
        tries = _MAX_TRIES
        while cut > 0 and tries:
            begin = _match_backwards(segments[index:last], rest, cut, values, parse)
            if begin:
                if parse(segments[last], rest[cut + 1 : end], values):
                    if index > 1 or parse(segments[0], rest[:begin], values):
                        break
                tries -= 1
            cut = rest.rfind("/", 0, cut)
        else:
            return None
        end = begin
        if index == 1:
            return values
    return values if end and parse(segments[0], rest[:end], values) else None


def _match_backwards(segments, rest, end, values, parse):
    """Match *segments*, which do not span several, with what *rest* has before *end*; return where they begin, or 0."""
    for segment in reversed(segments):
        slash = rest.rfind("/", 0, end)
        if slash <= 0:
            return 0
        text = rest[slash + 1 : end]
        if text != segment if isinstance(segment, str) else not (text and parse(segment, text, values)):
            return 0
        end = slash
    return end
