"""Protection against cross-site request forgery: requests that a page of another site makes a browser send."""

from .errors import abort

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CSRF:
    """Refuses with 403 what a page of another site makes a browser send; forms need no changes.

    A browser says in Sec-Fetch-Site where a request comes from or, on plain http, in Origin, which is compared with
    Host. A request with neither does not come from a page in a browser and is let through. The handshake of a WebSocket
    is checked too: browsers send it, cookies included, for the pages of all sites.

    :param cors: the `CORS` object whose `allowed_origins`, if it is a list, may send requests too.
    :param protect_all: all routes but `exempt()` ones are protected, for methods other than GET, HEAD and OPTIONS and
        for WebSockets; False: only those with `protect()`.
    :param allow_subdomains: let through what comes from the same site, and from subdomains of allowed origins.
    """

    def __init__(self, app=None, cors=None, protect_all: bool = True, allow_subdomains: bool = False):
        self.cors = cors
        self.protect_all = protect_all
        self.allow_subdomains = allow_subdomains
        self._exempt = []
        self._protected = []
        if app is not None:
            self.initialize(app, cors)

    def initialize(self, app, cors=None) -> None:
        """Protect the routes of *app*."""
        self.cors = cors or self.cors
        app.extend(self, before_request=self.check)

    def exempt(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a handler so that its route is not protected; write this right below the route's decorator."""
        self._exempt.append(f)
        return f

    def protect(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a handler so that its route is protected for every method; write this right below the route's."""
        self._protected.append(f)
        return f

    async def check(self, request) -> None:
        """Refuse a request that comes from another site, if it is for a protected route.

        :raises HTTPException: 403.
        """
        protected = self.protect_all and request.route not in self._exempt and not _is_safe(request)
        if (protected or request.route in self._protected) and not self.is_allowed(request):
            abort(403, "Forbidden")

    def is_allowed(self, request) -> bool:
        """Return whether a request comes from the application's own pages, allowed ones, or no page at all."""
        request.vary("Sec-Fetch-Site")
        site = request.headers.get("Sec-Fetch-Site")
        if site in ("same-origin", "none") or site == "same-site" and self.allow_subdomains:
            return True
        request.vary("Origin")
        origin = request.headers.get("Origin")
        if not origin:
            return not site
        if not site and _is_own(origin, request):
            return True
        allowed = self.cors.allowed_origins if self.cors else None
        if not allowed or allowed == "*":
            return False
        return origin in allowed or self.allow_subdomains and any(_is_subdomain(origin, o) for o in allowed)


def _is_safe(request):
    """Return whether a request cannot change anything; the messages of a WebSocket are not checked one by one."""
    return request.method in _SAFE_METHODS and request._header(b"sec-websocket-version") is None


def _is_own(origin, request):
    """Return whether an origin is the request's own; https counts too, because a proxy may have ended TLS."""
    scheme, _, host = origin.lower().partition("://")
    own = (request.headers.get("Host") or "").lower()
    if not host or own != host and own != host + (":443" if scheme == "https" else ":80"):  # an origin leaves them out
        return False
    return scheme == request.scheme or scheme == "https"


def _is_subdomain(origin, allowed):
    scheme, _, host = origin.partition("://")
    allowed_scheme, _, allowed_host = allowed.partition("://")
    return scheme == allowed_scheme and host.endswith("." + allowed_host)
