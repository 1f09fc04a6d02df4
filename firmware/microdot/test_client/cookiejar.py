"""The cookies of a test client: which response cookies it keeps, and which of them a request carries (RFC 6265)."""

import time

from .._dates import parse_date

_MAX_LIFETIME = 400 * 86400  # seconds; browsers shorten longer ones


class _Cookie:
    """A cookie and its limits.

    If `domain` is None the cookie is only for `host`, or for all hosts if that is None, too. If `expires` is None it
    does not expire.
    """

    def __init__(self, value, host, path):
        self.value = value
        self.host = host
        self.path = path
        self.shown = value
        self.domain = None
        self.expires = None

    def matches(self, host, path):
        """Return whether a request for *path* on *host* carries this cookie."""
        domain = self.domain
        if domain is None:
            if self.host not in (None, host):
                return False
        elif not _domain_matches(host, domain):
            return False
        return _path_matches(path, self.path)


def _domain_matches(host, domain):
    return host == domain or host.endswith("." + domain)


def _path_matches(path, prefix):
    return path == prefix or path.startswith(prefix if prefix[-1:] == "/" else prefix + "/")


def _default_path(path):
    """RFC 6265, section 5.1.4: the folder of the request's path."""
    return path[: path.rfind("/")] or "/"


class CookieJar:
    """What the client knows of its cookies beyond the dictionary that a test sees.

    That dictionary has a cookie's value under its name, or (value, path) for a cookie whose Path is not `/`. A test may
    change it: a cookie that it adds is sent to every host, one that it removes is forgotten.
    """

    def __init__(self):
        self._kept: "dict[str, list[_Cookie]]" = {}

    def store(self, cookies: dict, field: str, host: str, path: str, now: float) -> None:
        """Keep the cookie of a Set-Cookie field, or delete the one that it ends.

        :param now: the time in seconds, as `time.time()` returns it.
        """
        pair, *attributes = field.split(";")
        name, _, value = pair.partition("=")
        name = name.strip()
        cookie = _Cookie(value.strip(), host, _default_path(path))
        if not _apply(cookie, attributes, now):
            return
        kept = [c for c in self._find(cookies, name) if (c.path, c.domain) != (cookie.path, cookie.domain)]
        if cookie.expires is None or cookie.expires > _utc(now):
            kept.append(cookie)
        if kept:
            self._kept[name] = kept
            cookies[name] = kept[-1].shown
        elif name in cookies:
            del cookies[name]

    def _find(self, cookies, name):
        """Return the cookies kept under a name, or the one that a test has put there instead."""
        if name not in cookies:
            return []
        shown = cookies[name]
        kept = self._kept.get(name)
        if kept and kept[-1].shown == shown:
            return kept
        value, path = shown if isinstance(shown, tuple) else (shown, "/")
        cookie = _Cookie(value, None, path)
        cookie.shown = shown
        return [cookie]

    def field(self, cookies: dict, host: str, path: str, now: float) -> str:
        """Return the value of the Cookie field of a request, `''` if it carries none; forgets expired cookies."""
        time_now = _utc(now)
        sent = []
        for name in list(cookies):
            kept = self._kept[name] = [c for c in self._find(cookies, name) if not c.expires or c.expires > time_now]
            for cookie in kept:
                if cookie.matches(host, path):
                    sent.append((-len(cookie.path), name, cookie.value))
            if kept:
                cookies[name] = kept[-1].shown
            else:
                del cookies[name]
        return "; ".join([name + "=" + value for _, name, value in sorted(sent)])


def _apply(cookie, attributes, now):
    """Apply a Set-Cookie field's attributes; return whether the cookie may be kept."""
    max_age = None
    for attribute in attributes:
        key, _, value = attribute.strip().partition("=")
        key = key.lower()
        value = value.strip()
        if key == "path" and value[:1] == "/":
            cookie.path = value
            if value != "/":
                cookie.shown = (cookie.value, value)
        elif key == "domain" and value:
            cookie.domain = value.lower().lstrip(".")
        elif key == "expires":
            cookie.expires = parse_date(value)
        elif key == "max-age":
            try:
                max_age = int(value)
            except ValueError:
                continue
    if max_age is not None:  # RFC 6265, section 5.3: it overrides Expires
        cookie.expires = _utc(now + min(max_age, _MAX_LIFETIME)) if max_age > 0 else (0,)
    return cookie.domain is None or _domain_matches(cookie.host, cookie.domain)


def _utc(seconds):
    return tuple(time.gmtime(int(seconds)))[:6]
