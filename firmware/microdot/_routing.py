"""Routes: URL patterns, and the map that finds the route of a request."""

import re
from collections import namedtuple

_SEGMENT = "[^/]+"
# type name -> (regular expression's text, parser) of the types that URLPattern.register_type() added
_types: "dict[str, tuple]" = {}


def _parse_int(value):
    # int() alone would take "+5" and "1_0"; it refuses a "-" that is not the first character
    return None if value.strip("-0123456789") else int(value)


class URLPattern:
    """The URL pattern of a route, such as `/users/<int:id>`.

    A segment in angle brackets is a variable: `<name>` or `<string:name>` matches one segment, `<int:name>` a decimal
    integer, `<path:name>` one or more segments with their slashes, and `<re:expression:name>` whatever the regular
    expression matches. `register_type()` adds types.

    Of several variables that may match a slash the first one matches as much as it can. There may be any number of
    `<path:...>`, but at most two such variables if one of them has a regular expression: with three, a client could
    choose a path that takes minutes to try.

    :raises ValueError: for a malformed pattern, an unknown type, or variables in the notation of other frameworks.
    """

    @classmethod
    def register_type(cls, type_name: str, pattern: str = _SEGMENT, parser=None) -> None:
        """Add a type of variable, or replace one.

        :param pattern: the regular expression that a value must match as a whole.
        :param parser: function that takes the matched text and returns the value given to the handler; the path does
            not match if it returns None or raises ValueError.
        """
        _types[type_name] = (pattern, parser)

    def __init__(self, url_pattern: str):
        self.url_pattern = url_pattern
        self.segments = self._compile()

    def _compile(self):
        """Return the segments: a str, or for a variable (name, parser, regex, whether it spans several segments)."""
        segments = []
        names = []
        for segment in self._split():
            if "<" in segment or ">" in segment:
                if len(segment) < 3 or segment[0] != "<" or segment[-1] != ">":
                    raise self._error("a variable must be a whole segment")
                segment = self._compile_variable(segment[1:-1])
                name = segment[0]
                if not name or name in names or "<" in name or ">" in name:
                    raise self._error("a variable needs a name of its own")
                names.append(name)
            else:
                self._check_literal(segment)
            segments.append(segment)
        spans = [segment for segment in segments if segment[3:] == (True,)]
        if len(spans) > 2 and [segment for segment in spans if segment[2]]:
            raise self._error("at most two variables may match a slash if one is a regular expression")
        return tuple(segments)

    def _check_literal(self, segment):
        """Refuse a variable in the notation of other frameworks: here it would be a path that no client asks for."""
        name = segment[1:]
        if segment in ("*", "**"):
            raise self._error("write the rest of a path as <path:name>")
        if segment[:1] == "{" and segment[-1:] == "}":
            name = segment[1:-1]
        elif segment[:1] != ":" or not name[:1].isalpha():
            return
        raise self._error("write a variable as <" + name + ">")

    def _split(self):
        """Split the pattern at its slashes, but not at those inside angle brackets."""
        segments = []
        begun = ""
        for part in self.url_pattern.lstrip("/").split("/"):
            part = begun + part
            if part.count("<") > part.count(">"):
                begun = part + "/"
            else:
                begun = ""
                segments.append(part)
        if begun:
            raise self._error("unbalanced angle brackets")
        return segments

    def _compile_variable(self, text):
        type_name, colon, name = text.partition(":")
        pattern, parser, spans = _SEGMENT, None, False
        if not colon:
            name = text
        elif type_name in _types:
            pattern, parser = _types[type_name]
        elif type_name == "int":
            parser = _parse_int
        elif type_name == "path":
            spans = True
        elif type_name == "re":
            colon = name.rfind(":")
            pattern, name = name[: max(colon, 0)], name[colon + 1 :]
        elif type_name != "string":
            raise self._error("unknown type " + type_name)
        if pattern == _SEGMENT:
            return name, parser, None, spans
        from ._spans import may_match_slash

        return name, parser, self._regex(pattern), may_match_slash(pattern)

    def _regex(self, pattern):
        if not pattern:
            raise self._error("no regular expression")
        try:
            return re.compile("(" + pattern + ")$")
        except Exception as error:  # re.error on CPython, ValueError on MicroPython
            raise self._error(str(error)) from None

    def _error(self, why):
        return ValueError("invalid URL pattern " + self.url_pattern + ": " + why)

    def match(self, path: str) -> "dict | None":
        """Return the values of the variables if *path* (percent-decoded) matches, else None."""
        return match(self.segments, path)

    def __repr__(self) -> str:
        return "URLPattern: " + self.url_pattern


def match(segments: tuple, path: str) -> "dict | None":
    """Return the values of the variables if *path* (percent-decoded) matches the *segments* of a pattern, else None."""
    count = len(segments)
    parts = path.split("/", count)  # the last one is all that is left
    if len(parts) <= count or parts[0]:
        return None
    values: "dict" = {}
    index = 0
    for segment in segments:
        index += 1
        text = parts[index]
        if isinstance(segment, str):
            if text != segment:
                return None
            continue
        name, parser, regex, spans = segment
        if spans and index < count:
            from ._spans import match_from_end

            return match_from_end(segments[index - 1 :], "/".join(parts[index:]), values, _parse)
        if not text or "/" in text and not spans:
            return None
        if not parser and not regex:
            values[name] = text
        elif not _parse(segment, text, values):
            return None
    return values


def _parse(variable, text, values):
    """Put the value that *text* stands for into *values*; return False if the text does not match."""
    name, parser, regex, _ = variable
    try:
        if regex:
            found = regex.match(text)
            if not found or found.group(0) != text:  # "$" matches before a newline at the end, too
                return False
        if parser:
            text = parser(text)
    except (ValueError, RuntimeError):  # RuntimeError: too long for the stack of MicroPython's re
        return False
    values[name] = text
    return text is not None


#: A handler with the methods and URL pattern that lead to it; a tuple saves memory on a board with many routes.
#: `order` is its place among all routes, `segments` is None for a pattern without variables, `apps` are the locally
#: mounted applications around the handler, the outermost first, `limit` is that of the body's size in bytes, None for
#: no limit and -1 for that of `Request`.
Route = namedtuple(
    "Route", ("order", "methods", "url_pattern", "segments", "handler", "url_prefix", "subapp", "apps", "name", "limit")
)


class URLMap:
    """The routes of an application, found by path without trying each of them; the first one added wins.

    A route without variables is found by its path; the others by the segments before their first variable, so that the
    cost of a look-up grows with the number of segments and not with the number of routes.

    Most routes are plain: they have no variable, or only one, which is the last segment. As long as all routes are
    plain, those before the last slash of a path are the only ones with a variable that can match it.
    """

    def __init__(self):
        self.routes: "list[Route]" = []
        # A value is a route or, where others may match the same path, a list of routes.
        self._by_path: "dict[str, Route | list[Route]]" = {}
        self._by_prefix: "dict[str, Route | list[Route]]" = {}
        self._longest = 0  # the number of characters in the longest prefix
        self._plain = 0  # the number of routes before the first one that is not plain

    # The routes as Microdot's applications know them: a list of tuples

    def __len__(self):
        return len(self.routes)

    def __getitem__(self, index):
        """Return a route, or those of a slice, as (methods, `URLPattern`, handler, URL prefix, sub-application).

        This and the length are what iteration and `reversed()` need.
        """
        found = self.routes[index]
        return [_as_entry(route) for route in found] if isinstance(index, slice) else _as_entry(found)

    def append(self, entry: tuple) -> None:
        """Add a route after all others, given as a tuple like those of `self[index]`."""
        methods, pattern, handler, url_prefix, subapp = entry
        self.add(tuple(methods), getattr(pattern, "url_pattern", pattern), handler, url_prefix, subapp)

    def add(self, methods, url_pattern, handler, url_prefix="", subapp=None, apps=(), name=None, limit=-1) -> None:
        """Add a route after all others; the parameters are the fields of `Route`.

        :raises ValueError: if the pattern is malformed.
        """
        segments = URLPattern(url_pattern).segments
        variables = [i for i, segment in enumerate(segments) if not isinstance(segment, str)]
        key = "".join(["/" + segment for segment in (segments[: variables[0]] if variables else segments)])
        plain = not variables or variables[0] == len(segments) - 1 and not segments[-1][3]
        if plain and self._plain == len(self.routes):
            self._plain += 1
        if variables:
            self._longest = max(self._longest, len(key))
        table = self._by_prefix if variables else self._by_path
        others = table.get(key)
        if not variables:
            segments = None
            if not others and [other for other in self._candidates(key) if other.segments]:
                others = table[key] = []
        route = Route(len(self.routes), methods, url_pattern, segments, handler, url_prefix, subapp, apps, name, limit)
        self.routes.append(route)
        if isinstance(others, list):
            others.append(route)
        else:
            table[key] = [others, route] if others else route

    def mount(self, routes: "URLMap", url_prefix: str, subapp, local: bool) -> None:
        """Add the *routes* of *subapp* under *url_prefix*; a slash at its end is the one that the routes begin with."""
        url_prefix = url_prefix.rstrip("/")
        for route in list(routes.routes):  # an application may be mounted in itself
            self.add(
                route.methods,
                url_prefix + route.url_pattern,
                route.handler,
                url_prefix + route.url_prefix,
                route.subapp or subapp,
                (subapp,) + route.apps if local else route.apps,
                route.name,
                route.limit,
            )

    def _candidates(self, path):
        """Return the routes that may match, in the order in which they were added."""
        found = self._by_path.get(path)
        table = self._by_prefix
        if table:
            slash = 0
            longest = self._longest
            while 0 <= slash <= longest:  # a path may have many more segments
                more = table.get(path[:slash])
                if more:
                    # A new list where there are several: that of the table is in order, and threads share it.
                    found = sorted(_as_list(found) + _as_list(more), key=_order) if found else more
                slash = path.find("/", slash + 1)
        return _as_list(found) if found else ()

    def find(self, method: str, path: str) -> "tuple[Route | None, dict | Route | None]":
        """Return the route for *method* and *path* (percent-decoded) and the values of its variables, None without any.

        HEAD finds the routes of GET too. If there is no route, return None and the first route that matches the path
        with other methods, or None.
        """
        route = self._by_path.get(path)
        if route is None:
            plain = self._find_plain(method, path)
            if plain:
                return plain
        elif isinstance(route, Route) and method in route.methods:
            return route, None
        other = None
        for route in self._candidates(path):
            values = match(route.segments, path) if route.segments else None
            if values is not None or not route.segments:
                if _serves(route, method):
                    return route, values
                other = other or route
        return None, other

    def _find_plain(self, method, path):
        """Return the plain route with a variable for *method* and *path*, and the variable's value in a dictionary.

        Return None if another route may come first, or if there is none.
        """
        prefix, slash, text = path.rpartition("/")
        routes = self._by_prefix.get(prefix) if slash and text else None
        if isinstance(routes, Route):
            routes = (routes,)
        for route in routes or ():
            if route.order >= self._plain:
                break
            if method in route.methods or _serves(route, method):  # the usual case costs no call
                values: "dict" = {}
                if _parse(route.segments[-1], text, values):
                    return route, values
        return None

    def allowed(self, path: str) -> "list[str]":
        """Return the methods that some route serves at *path* (RFC 9110, section 10.2.1); an empty list for none."""
        methods: "list[str]" = []
        for route in self._candidates(path):
            if not route.segments or match(route.segments, path) is not None:
                methods.extend([method for method in route.methods if method not in methods])
        for implied, by in (("HEAD", "GET" in methods), ("OPTIONS", methods)):
            if by and implied not in methods:
                methods.append(implied)
        return methods


def _serves(route, method):
    """Return whether a route is for *method*; HEAD is served by the routes of GET too."""
    return method in route.methods or method == "HEAD" and "GET" in route.methods


def _as_entry(route):
    return list(route.methods), URLPattern(route.url_pattern), route.handler, route.url_prefix, route.subapp


def _as_list(routes):
    return routes if isinstance(routes, list) else [routes]


def _order(route):
    return route.order
