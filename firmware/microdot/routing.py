"""Routes: URL patterns, and the map that finds the route of a request."""

import re

_SEGMENT = "[^/]+"


def _parse_int(value):
    digits = value[1:] if value[:1] == "-" else value
    # int() alone would take "+5" and "1_0", isdigit() takes digits that int() refuses
    return int(value) if digits and not digits.strip("0123456789") else None


def _parse_segment(value):
    return value


class _Variable:
    """A variable part of a pattern: one segment, or for *spans* as many segments as it can take."""

    def __init__(self, name, parser, regex=None, spans=False):
        self.name = name
        self.parser = parser
        self.regex = regex
        self.spans = spans

    def parse(self, value):
        """Return the variable's value made of the text *value*, or None if the text does not match."""
        try:
            if self.regex:
                match = self.regex.match(value)
                if not match or match.group(0) != value:  # "$" matches before a newline at the end, too
                    return None
            return self.parser(value)
        except (ValueError, RuntimeError):  # RuntimeError: too long for the stack of MicroPython's re
            return None


class URLPattern:
    """The URL pattern of a route, such as `/users/<int:id>`.

    A segment in angle brackets is a variable: `<name>` or `<string:name>` matches one segment, `<int:name>` a decimal
    integer, `<path:name>` one or more segments with their slashes, and `<re:expression:name>` whatever the regular
    expression matches. `register_type()` adds types.

    :raises ValueError: for a malformed pattern or an unknown type.
    """

    # type name -> (regular expression's text, parser) of the types that register_type() added
    _types: "dict[str, tuple]" = {}

    @classmethod
    def register_type(cls, type_name: str, pattern: str = _SEGMENT, parser=None) -> None:
        """Add a type of variable, or replace one.

        :param pattern: the regular expression that a value must match as a whole.
        :param parser: function that takes the matched text and returns the value given to the handler; the path does not
            match where it returns None or raises ValueError.
        """
        cls._types[type_name] = (pattern, parser or _parse_segment)

    def __init__(self, url_pattern: str):
        self.url_pattern = url_pattern
        self.segments = self._compile()

    def _compile(self):
        segments = []
        names = []
        for segment in self._split():
            if "<" not in segment and ">" not in segment:
                segments.append(segment)
                continue
            if len(segment) < 3 or segment[0] != "<" or segment[-1] != ">":
                raise self._error("a variable must be a whole segment")
            variable = self._compile_variable(segment[1:-1])
            name = variable.name
            if not name or name in names or "<" in name or ">" in name:
                raise self._error("a variable needs a name of its own")
            names.append(variable.name)
            segments.append(variable)
        return segments

    def _split(self):
        """Split the pattern at its slashes, but not at those inside angle brackets."""
        segments = [""]
        depth = 0
        for character in self.url_pattern.lstrip("/"):
            if character == "/" and not depth:
                segments.append("")
                continue
            if character == "<":
                depth += 1
            elif character == ">":
                depth -= 1
            segments[-1] += character
        if depth:
            raise self._error("unbalanced angle brackets")
        return segments

    def _compile_variable(self, text):
        type_name, colon, name = text.partition(":")
        if not colon:
            return _Variable(text, _parse_segment)
        if type_name in self._types:
            pattern, parser = self._types[type_name]
            if pattern == _SEGMENT:
                return _Variable(name, parser)
            return _Variable(name, parser, self._regex(pattern), True)
        if type_name == "string":
            return _Variable(name, _parse_segment)
        if type_name == "int":
            return _Variable(name, _parse_int)
        if type_name == "path":
            return _Variable(name, _parse_segment, None, True)
        if type_name == "re":
            colon = name.rfind(":")
            return _Variable(name[colon + 1 :], _parse_segment, self._regex(name[: max(colon, 0)]), True)
        raise self._error("unknown type " + type_name)

    def _regex(self, pattern):
        if not pattern:
            raise self._error("no regular expression")
        try:
            return re.compile("(" + pattern + ")$")
        except Exception as error:  # re.error on CPython, ValueError on MicroPython
            raise self._error(str(error)) from None

    def _error(self, why):
        return ValueError("invalid URL pattern " + self.url_pattern + ": " + why)

    @property
    def literal(self) -> "str | None":
        """The only path that the pattern matches, or None for a pattern with variables."""
        for segment in self.segments:
            if not isinstance(segment, str):
                return None
        return "/" + "/".join(self.segments)

    @property
    def prefix(self) -> str:
        """What every path that the pattern matches begins with: its segments before the first variable."""
        prefix = "/"
        for segment in self.segments:
            if not isinstance(segment, str):
                break
            prefix += segment + "/"
        return prefix

    def match(self, path: str) -> "dict | None":
        """Return the values of the variables if *path* (percent-decoded) matches, else None."""
        values: "dict[str, object]" = {}
        return values if self._match(path, 1, 0, values) else None

    def _match(self, path, start, index, values):
        """Match *path* from *start* with the segments from *index*, gathering the values of variables."""
        last = len(self.segments) - 1
        while True:
            segment = self.segments[index]
            end = path.find("/", start)
            if end < 0:
                end = len(path)
            if isinstance(segment, str):
                if path[start:end] != segment:
                    return False
            elif segment.spans:
                return self._match_span(path, start, index, values)
            else:
                value = segment.parse(path[start:end]) if end > start else None
                if value is None:
                    return False
                values[segment.name] = value
            if index == last:
                return end == len(path)
            if end == len(path):
                return False
            start = end + 1
            index += 1

    def _match_span(self, path, start, index, values):
        """Try ever fewer segments for a variable that spans several, until the rest of the pattern matches too."""
        variable = self.segments[index]
        last = index == len(self.segments) - 1
        end = len(path)
        while end > start:
            if last or end < len(path):
                value = variable.parse(path[start:end])
                if value is not None and (last or self._match(path, end + 1, index + 1, values)):
                    values[variable.name] = value
                    return True
            if last:
                return False
            end = path.rfind("/", start, end)
        return False

    def __repr__(self) -> str:
        return "URLPattern: " + self.url_pattern


class Route:
    """A handler with the methods and URL pattern that lead to it.

    :param apps: the locally mounted applications around the handler, the outermost first.
    :param options: (name, limit of the body's size in bytes), each of them or None.
    """

    def __init__(self, methods, pattern, handler, url_prefix="", subapp=None, apps=(), options=(None, None)):
        self.methods = methods
        self.pattern = pattern
        self.handler = handler
        self.url_prefix = url_prefix
        self.subapp = subapp
        self.apps = apps
        self.name, self.max_content_length = options
        self.order = 0
        self.static = False

    def mounted(self, url_prefix, subapp, local):
        """Return this route of *subapp* as it is under *url_prefix* of the application that mounts it."""
        return Route(
            self.methods,
            URLPattern(url_prefix + self.pattern.url_pattern),
            self.handler,
            url_prefix + self.url_prefix,
            self.subapp or subapp,
            (subapp,) + self.apps if local else self.apps,
            (self.name, self.max_content_length),
        )


class URLMap:
    """The routes of an application, found by path without trying each of them; the first one added wins.

    A route without variables is found by its path; the others by the segments before their first variable, so that the
    cost of a look-up grows with the number of segments and not with the number of routes.
    """

    def __init__(self):
        self.routes: "list[Route]" = []
        self._by_path: "dict[str, list[Route]]" = {}
        self._by_prefix: "dict[str, list[Route]]" = {}

    def __iter__(self):
        return iter(self.routes)

    def __len__(self):
        return len(self.routes)

    def add(self, route: Route) -> None:
        """Add a route after all others."""
        route.order = len(self.routes)
        self.routes.append(route)
        literal = route.pattern.literal
        if literal is not None:
            route.static = True
            self._by_path.setdefault(literal, []).append(route)
        else:
            self._by_prefix.setdefault(route.pattern.prefix, []).append(route)

    def _candidates(self, path):
        """Return the routes that may match, in the order in which they were added."""
        found = self._by_path.get(path)
        slash = 0
        while slash >= 0 and self._by_prefix:
            more = self._by_prefix.get(path[: slash + 1])
            if more:
                found = found + more if found else more
            slash = path.find("/", slash + 1)
        return sorted(found, key=_order) if found and len(found) > 1 else found or ()

    def find(self, method: str, path: str) -> "tuple[Route | None, dict | None]":
        """Return the route for *method* and *path* (percent-decoded) and the values of its variables.

        HEAD finds the routes of GET too. Without a route the answer is (None, None).
        """
        for route in self._candidates(path):
            if method in route.methods or method == "HEAD" and "GET" in route.methods:
                values = {} if route.static else route.pattern.match(path)
                if values is not None:
                    return route, values
        return None, None

    def allowed(self, path: str) -> "list[str]":
        """Return the methods that some route serves at *path* (RFC 9110, section 10.2.1); an empty list for none."""
        methods: "list[str]" = []
        for route in self._candidates(path):
            if route.static or route.pattern.match(path) is not None:
                for method in route.methods:
                    if method not in methods:
                        methods.append(method)
        if methods:
            if "GET" in methods and "HEAD" not in methods:
                methods.append("HEAD")
            if "OPTIONS" not in methods:
                methods.append("OPTIONS")
        return methods


def _order(route):
    return route.order
