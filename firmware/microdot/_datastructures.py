"""The dictionaries of header fields, and what a line of a response's head can carry."""

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any


_ABSENT = object()
# Both begin with the most frequent characters, because MicroPython's strip() searches them from the first one on.
_TOKEN = "etaoinsrhldcumfpgwybvkxjqz-ACEHUORTDLSXIFKWBGJMNPQVYZ_0123456789!#$%&'*+.^`|~"
_VISIBLE = "etaoinsrhldcumfpgwybvkxjqz -/;=.0123456789:,ACEHUORTDLSXIFKWBGJMNPQVYZ_!#$%&'*+^`|~\"()<>?@[\\]{}"


def check_text(text: str, what: str) -> str:
    """Return *text*, the value of a header field or a reason phrase (RFC 9110, section 5.5; RFC 9112, section 4).

    :param what: named in the error.
    :raises ValueError: for a control character other than a tab, a blank at an end, or a lone surrogate.
    """
    if text.strip(_VISIBLE):  # there is more than visible ASCII in it
        for character in text:
            if character < " " and character != "\t" or character == "\x7f" or 0xD800 <= ord(character) <= 0xDFFF:
                raise ValueError("invalid character " + repr(character) + " in " + what + ": " + repr(text)[:80])
    if text and (text[0] in " \t" or text[-1] in " \t"):
        raise ValueError("strip the blanks around " + what + ": " + repr(text)[:80])
    return text


def check_field(name: str, value: object) -> None:
    """Check a header field's name (RFC 9110, section 5.1) and value; a list is checked item by item.

    :raises TypeError: for a name that is not a str, and for None or bytes as the value.
    :raises ValueError: for what `check_text()` refuses, and for a name with other characters than those of a token.
    """
    if not isinstance(name, str) or value is None or isinstance(value, bytes):
        raise TypeError("the name and value of a header field must be str, not " + repr(name) + ": " + repr(value))
    if not name or name.strip(_TOKEN):
        raise ValueError("invalid header field name " + repr(name)[:80])
    if isinstance(value, str):
        check_text(value, name)
    elif isinstance(value, list):
        for item in value:
            check_field(name, item)
    else:
        check_text(str(value), name)


class NoCaseDict(dict):
    """A dictionary of header fields: names are str, compared without case; the first spelling of a name is kept.

    A value is a str or, for a field sent several times (`Set-Cookie`), a list of str.
    """

    def __init__(self, initial_dict: "dict | list | None" = None):
        super().__init__()
        # lower-case name -> name as stored, only for names that are not stored in lower case
        self._spelling: "dict[str, str]" = {}
        if initial_dict:
            self.update(initial_dict)

    def _stored(self, name):
        name = name.lower()
        return self._spelling.get(name, name)

    def __setitem__(self, name: str, value: "Any") -> None:
        lower = name.lower()
        stored = self._spelling.get(lower)
        if stored is None:
            stored = lower
            if lower != name and super().get(lower, _ABSENT) is _ABSENT:
                stored = self._spelling[lower] = name
        super().__setitem__(stored, value)

    def __getitem__(self, name: str) -> "Any":
        return super().__getitem__(self._stored(name))

    def __delitem__(self, name: str) -> None:
        super().__delitem__(self._stored(name))
        self._spelling.pop(name.lower(), None)

    def __contains__(self, name: object) -> bool:
        return super().get(self._stored(name), _ABSENT) is not _ABSENT  # MicroPython has no super().__contains__

    def get(self, name: str, default: "Any" = None) -> "Any":
        """Return a field's value, or *default*."""
        return super().get(self._stored(name), default)

    def pop(self, name: str, *default: "Any") -> "Any":
        """Remove a field and return its value, or *default*.

        :raises KeyError: if there is neither.
        """
        value = super().pop(self._stored(name), *default)
        self._spelling.pop(name.lower(), None)
        return value

    def setdefault(self, name: str, default: "Any" = None) -> "Any":
        """Return a field's value, which becomes *default* if there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, other: "Any") -> None:
        """Set the fields of a dictionary, or of pairs of name and value, in which a name may come several times."""
        if hasattr(other, "keys"):
            for name in other:
                self[name] = other[name]
            return
        seen = []
        for name, value in other:
            if str(name).lower() in seen:
                present = self[name]
                value = (present if isinstance(present, list) else [present]) + [value]
            seen.append(str(name).lower())
            self[name] = value

    def take_over(self) -> None:
        """Learn the spelling of the names that `|=` has added on MicroPython, where it is the `|=` of dict."""
        for name in list(self):
            if self._stored(name) != name:
                self[name] = super().pop(name)

    def __or__(self, other: "Any") -> "NoCaseDict":
        merged = type(self)(self)
        merged.update(other)
        return merged

    def __ior__(self, other: "Any") -> "NoCaseDict":
        self.update(other)
        return self


class ResponseHeaders(NoCaseDict):
    """Header fields of a response.

    A name or value that HTTP forbids raises ValueError, None or bytes raise TypeError.
    """

    def __setitem__(self, name: str, value: "Any") -> None:
        check_field(name, value)
        super().__setitem__(name, value)

    def check(self):
        """Check the fields once more: a list may have changed, and MicroPython's `|=` checks nothing.

        :raises ValueError, TypeError: as when a field is set.
        """
        self.take_over()
        for name, value in self.items():
            check_field(name, value)
