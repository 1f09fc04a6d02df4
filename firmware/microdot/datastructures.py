"""Dictionaries for header fields (names without case) and form fields (several values a name)."""

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import Any, Callable


_ABSENT = object()


class NoCaseDict(dict):
    """A dictionary of header fields: names are str, compared without case; the first spelling of a name is kept.

    A value is a str or, for a field sent several times (`Set-Cookie`), a list of str.
    """

    def __init__(self, initial_dict: "dict | None" = None):
        super().__init__()
        # lower-case name -> name as stored, only for names that are not stored in lower case
        self._spelling: "dict[str, str]" = {}
        if initial_dict:
            self.update(initial_dict)

    def _stored(self, name):
        name = name.lower()
        return self._spelling.get(name, name)

    def __setitem__(self, name, value):
        lower = name.lower()
        stored = self._spelling.get(lower)
        if stored is None:
            stored = lower
            if lower != name and super().get(lower, _ABSENT) is _ABSENT:
                stored = self._spelling[lower] = name
        super().__setitem__(stored, value)

    def __getitem__(self, name):
        return super().__getitem__(self._stored(name))

    def __delitem__(self, name):
        super().__delitem__(self._stored(name))
        self._spelling.pop(name.lower(), None)

    def __contains__(self, name):
        return super().get(self._stored(name), _ABSENT) is not _ABSENT  # MicroPython has no super().__contains__

    def get(self, name: str, default: "Any" = None) -> "Any":
        return super().get(self._stored(name), default)

    def pop(self, name, *default):
        value = super().pop(self._stored(name), *default)
        self._spelling.pop(name.lower(), None)
        return value

    def setdefault(self, name, default=None):
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, other):
        for name in other:
            self[name] = other[name]


class MultiDict(dict):
    """A dictionary that keeps several values under a key; reading a key gives its first value.

    >>> d = MultiDict()
    >>> d['n'] = '1'
    >>> d['n'] = '2'
    >>> d['n'], d.getlist('n', type=int)
    ('1', [1, 2])
    """

    def __init__(self, initial_dict: "dict | None" = None):
        super().__init__()
        if initial_dict:
            for key in initial_dict:
                self[key] = initial_dict[key]

    def __setitem__(self, key, value):
        if key in self:
            super().__getitem__(key).append(value)
        else:
            super().__setitem__(key, [value])

    def __getitem__(self, key):
        return super().__getitem__(key)[0]

    def get(self, key: str, default: "Any" = None, type: "Callable[[str], Any] | None" = None) -> "Any":
        """Return the first value under *key*, converted by *type* if given.

        *default* is returned where the key is absent and where *type* refuses the value with a ValueError, so that
        `request.args.get('page', 1, type=int)` is safe with any query string.
        """
        if key not in self:
            return default
        value = self[key]
        if type is None:
            return value
        try:
            return type(value)
        except ValueError:
            return default

    def getlist(self, key: str, type: "Callable[[str], Any] | None" = None) -> "list[Any]":
        """Return all values under *key* in their order, converted by *type* if given; an empty list for none.

        Values that *type* refuses with a ValueError are left out.
        """
        values = super().__getitem__(key) if key in self else []
        if type is None:
            return list(values)
        converted = []
        for value in values:
            try:
                converted.append(type(value))
            except ValueError:
                continue
        return converted
