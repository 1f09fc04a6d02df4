"""Checked input: what a JSON body, a form, a query string or a file of settings must hold, declared field by field.

A handler gets plain values that are as declared. A client whose input is not gets status 400, and JSON that says what
is wrong with each field:

>>> READING = Fields([Field("sensor", maximum=20), Field("value", float, minimum=-40, maximum=85)])
>>> READING.check({"sensor": "cellar", "value": 12})
{'sensor': 'cellar', 'value': 12.0}
"""

from ._compat import invoke_handler, wraps
from .errors import HTTPException

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable, Iterator

#: The default of a field that must be there.
REQUIRED = object()
_MAX_ERRORS = 16  # after so many errors the rest of a list is not read: it may be as long as a body
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_FLAGS = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}


class CheckError(ValueError):
    """Input that is not as declared; unless it is caught, the answer has status 400 and `reason` as JSON.

    :param errors: the name of each wrong field, such as `"networks[1].password"`, and what is wrong with it.
    """

    status_code = 400
    headers = None

    def __init__(self, errors: "dict[str, str]"):
        super().__init__(", ".join([(name + " " + errors[name]).strip() for name in errors]))
        self.errors = errors

    @property
    def reason(self) -> dict:
        """The body of the response."""
        return {"error": "Invalid input", "fields": self.errors}


class Field:
    """One named value.

    :param type: `str`, `int`, `float` or `bool`; `Fields` for a JSON object; for a JSON array a list of one item: any
        of these, or a `Field`, whose name does not matter, if the items have limits of their own.
    :param default: the value if the input has none; without a default the field is required. It is not checked.
    :param label: the field's name for people, for forms.
    :param minimum: the smallest number, or the least length of a text (in characters) or an array (in items).
    :param maximum: the largest number, or the greatest length.
    :param choices: all values that are allowed.
    :param secret: whether the value, such as a password, is never shown.
    :param rule: a function that gets the checked value and returns what is wrong with it, such as `"must be even"`, or
        None.
    :raises TypeError: for another type.
    """

    # The usual values are here once instead of in each instance, which saves memory on a board.
    minimum: "float | None" = None
    maximum: "float | None" = None
    choices: "list | tuple | None" = None
    secret = False
    rule: "Callable[[Any], str | None] | None" = None

    def __init__(
        self,
        name: str,
        type: "Any" = str,
        default: "Any" = REQUIRED,
        label: "str | None" = None,
        minimum: "float | None" = None,
        maximum: "float | None" = None,
        choices: "list | tuple | None" = None,
        secret: bool = False,
        rule: "Callable[[Any], str | None] | None" = None,
    ):
        if isinstance(type, list):
            (item,) = type
            type = [item if isinstance(item, Field) else Field(name, item)]
        elif type not in _NAMES and not isinstance(type, Fields):
            raise TypeError("a field's type must be str, int, float, bool, Fields or a list of one, not " + repr(type))
        self.name = name
        self.type = type
        self.default = default
        self.label = label or name
        if minimum is not None:
            self.minimum = minimum
        if maximum is not None:
            self.maximum = maximum
        if choices is not None:
            self.choices = choices
        if secret:
            self.secret = secret
        if rule:
            self.rule = rule

    def check(self, value: object, errors: "dict[str, str]", name: str, is_text: bool = False):
        """Return *value* as the field's type; what is wrong with it is added to *errors* under *name*."""
        known = len(errors)
        value = self._convert(value, errors, name, is_text)
        wrong = self.rule(value) if self.rule and len(errors) == known else None
        if wrong:
            errors[name] = wrong
        return value

    def _convert(self, value, errors, name, is_text):
        kind = self.type
        if isinstance(kind, Fields):
            return kind.collect(value, errors, name + ".", is_text)
        if isinstance(kind, list):
            if not isinstance(value, list):
                errors[name] = "must be a list"
                return None
            unit = " items"
            size = len(value)
        else:
            value = _read(value, kind) if is_text else value
            if kind is float and isinstance(value, int) and not isinstance(value, bool):
                value = _to_float(value)
            wrong = not isinstance(value, kind) or kind is int and isinstance(value, bool)
            if wrong or kind is float and value - value:  # NaN for NaN and infinity
                errors[name] = "must be " + _NAMES[kind]
                return None
            unit = " characters" if kind is str else ""
            size = len(value) if kind is str else value
        verb = "must have at " if unit else "must be at "
        if self.choices is not None and value not in self.choices:
            errors[name] = "must be one of: " + ", ".join([str(choice) for choice in self.choices])
        elif self.minimum is not None and size < self.minimum:
            errors[name] = verb + "least " + str(self.minimum) + unit
        elif self.maximum is not None and size > self.maximum:
            errors[name] = verb + "most " + str(self.maximum) + unit
        elif isinstance(kind, list):
            return self._check_items(value, errors, name, is_text)
        return value

    def _check_items(self, items, errors, name, is_text):
        checked = []
        for i, item in enumerate(items):
            if len(errors) > _MAX_ERRORS:
                break
            checked.append(self.type[0].check(item, errors, "%s[%d]" % (name, i), is_text))
        return checked


def _to_float(number):
    """Return a whole number as a float, None if it is larger than a float can be; MicroPython makes infinity of it."""
    try:
        return float(number)
    except OverflowError:
        return None


def _read(text, kind):
    """Return the value that a text of a form stands for, None if it stands for none of this type."""
    if kind is str:
        return text
    text = text.strip(" \t\r\n")
    if kind is bool:
        return _FLAGS.get(text.lower())
    try:
        # Python also reads 1_000 and digits of other scripts, which are not numbers in a form. 24 digits are plenty.
        # MicroPython reads a text without digits, such as "e5", as 0.
        if len(text) <= 24 and not text.strip("0123456789.eE+-") and text.lstrip("+-.")[:1].isdigit():
            return kind(text)
    except ValueError:
        pass
    return None


class Fields:
    """The fields of an input, in their order; iterating over them gives them in that order.

    :raises ValueError: if two of them have the same name.
    """

    def __init__(self, fields: "list[Field]"):
        names = [field.name for field in fields]
        if len(set(names)) < len(names):
            raise ValueError("two fields have the same name, among " + ", ".join(names))
        self._fields = fields

    def __iter__(self) -> "Iterator[Field]":
        return iter(self._fields)

    def check(self, values: "dict[str, Any]", is_text: bool = False) -> "dict[str, Any]":
        """Return the declared values that *values* holds, with defaults for absent ones; others are left out.

        :param is_text: whether *values* is a form or a query: all values are text, an empty one counts as absent, an
            array is a name that comes several times, and an absent bool is False unless it has a default.
        :raises CheckError: if a value is missing or wrong; it names all of them.
        """
        errors = {}
        checked = self.collect(values, errors, "", is_text)
        if errors:
            raise CheckError(errors)
        return checked

    def collect(self, values: object, errors: "dict[str, str]", prefix: str, is_text: bool = False) -> dict:
        """Return what `check()` returns; add what is wrong to *errors*, each name with *prefix* before it."""
        checked = {}
        if not isinstance(values, dict):
            errors[prefix[:-1] or "input"] = "must be an object"
            return checked
        for field in self._fields:
            name = field.name
            value = values.get(name)
            if is_text:
                if isinstance(field.type, list) and name in values:
                    value = values.getlist(name)
                elif value == "":
                    value = None
                if value is None and field.type is bool and field.default is REQUIRED:
                    value = "0"
            if value is not None:
                checked[name] = field.check(value, errors, prefix + name, is_text)
            elif field.default is REQUIRED:
                errors[prefix + name] = "is required"
            else:
                checked[name] = field.default
        return checked


def with_json(fields: Fields) -> "Callable[..., Any]":
    """Return a decorator for a route's handler: `handler(request, values, **variables of the pattern)`.

    The values are those of the JSON object in the body, as `Fields.check()` returns them. The answer to a body of
    another type has status 415, and that to one that is not as declared 400.
    """
    return _with(fields, _json, False)


def with_form(fields: Fields) -> "Callable[..., Any]":
    """Return a decorator like that of `with_json()`, for forms.

    For forms of type `multipart/form-data` write `with_form_data` of `microdot.multipart` above it.
    """
    return _with(fields, _form, True)


def with_query(fields: Fields) -> "Callable[..., Any]":
    """Return a decorator like that of `with_json()`, for the query string."""
    return _with(fields, _query, True)


def _json(request):
    value = request.json
    if value is None and not (request.content_type or "").startswith("application/json"):
        raise HTTPException(415, "The body must be application/json")
    return value


def _form(request):
    if request.form is None:
        raise HTTPException(415, "The body must be a form")
    return request.form


def _query(request):
    return request.args


def _with(fields, read, is_text):
    def decorator(f):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            return await invoke_handler(f, request, fields.check(read(request), is_text), *args, **kwargs)

        return handler

    return decorator


def json_errors(app: "Any") -> None:
    """Answer errors of an application with JSON, `{"error": text, "status": code}`, unless they name a content type.

    For a part of an application only, pass its sub-application, mounted with `local=True`. The error of a path that no
    route matches does not belong to that part.
    """
    app.after_error_request(_to_json)


def _to_json(request, response):
    """Make JSON of an error's text, unless an error handler has set a content type."""
    fields = response.fields
    if not isinstance(response.body, bytes) or fields and "Content-Type" in fields:
        return None
    if response.default_content_type.startswith("application/json"):
        return None
    status_code = response.status_code
    return {"error": response.body.decode(), "status": status_code}, status_code, fields
