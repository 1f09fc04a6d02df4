"""URLs made from routes: the way back from a handler to the path that leads to it."""

from ._forms import urlencode
from ._routing import URLPattern, match
from ._urls import quote

_SEGMENT_SAFE = b":@!$&'()*+,;="


def url_for(source, endpoint, **values) -> str:
    """Return the URL of a route.

    :param source: the application, or the request being handled. Pass the request if a server or proxy serves the
        application under a path of its own, with which the URL then begins, or if a sub-application is mounted several
        times.
    :param endpoint: the route's name, its handler, or its handler's name. If several routes have it, as those of a
        sub-application mounted twice, the first one nearest to the request's mount is taken.
    :param values: the variables of the pattern. All others become the query string; a list becomes several parameters.
    :raises ValueError: if there is no such route, a variable is missing or has a value that its pattern refuses.
    """
    route = _find(source, endpoint)
    parts = []
    for segment in URLPattern(route.url_pattern).segments:
        if isinstance(segment, str):
            parts.append(quote(segment, _SEGMENT_SAFE))
            continue
        name, spans = segment[0], segment[3]
        if name not in values:
            raise ValueError("url_for() needs a value for " + name)
        value = str(values.pop(name))
        if value[:1] == "/" or match((segment,), "/" + value) is None:
            raise ValueError("url_for() got a value for " + name + " that does not match: " + repr(value)[:80])
        parts.append(quote(value, _SEGMENT_SAFE + b"/" if spans else _SEGMENT_SAFE))
    query = []
    for name in values:
        value = values[name]
        for item in value if isinstance(value, (list, tuple)) else (value,):
            query.append(urlencode(name) + "=" + urlencode(str(item)))
    url = getattr(source, "root_path", "") + "/" + "/".join(parts)
    return url + "?" + "&".join(query) if query else url


def _find(source, endpoint):
    """Return the route of an endpoint; the parameters are those of `url_for()`."""
    mount = getattr(source, "url_prefix", "").split("/")
    found = None
    nearest = -1
    for route in getattr(source, "app", source).url_map.routes:
        if endpoint in (route.name, route.handler) or endpoint == getattr(route.handler, "__name__", None):
            common = _count_common(mount, route.url_prefix.split("/"))
            if common > nearest:
                found = route
                nearest = common
    if not found:
        raise ValueError("url_for() found no route for " + repr(endpoint))
    return found


def _count_common(one, other):
    """Return how many items two lists have in common at their beginning."""
    for count, item in enumerate(one):
        if other[count : count + 1] != [item]:
            return count
    return len(one)
