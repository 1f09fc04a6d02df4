"""The dictionary of header fields."""

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import Any


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
        """Return a field's value, or *default*."""
        return super().get(self._stored(name), default)

    def pop(self, name, *default):
        """Remove a field and return its value, or *default*.

        :raises KeyError: if there is neither.
        """
        value = super().pop(self._stored(name), *default)
        self._spelling.pop(name.lower(), None)
        return value

    def setdefault(self, name, default=None):
        """Return a field's value, which becomes *default* if there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, other):
        """Set the fields of another dictionary."""
        for name in other:
            self[name] = other[name]
