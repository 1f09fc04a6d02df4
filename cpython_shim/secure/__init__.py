"""HTTPS only, and header fields that make browsers careful.

>>> from microdot.secure import HTTPSRedirect, SecurityHeaders
>>> HTTPSRedirect(app)
>>> SecurityHeaders(app, hsts=31536000)
"""

from typing import Any

from microdot import Response
from microdot.errors import HTTPException

__all__ = ["HTTPSRedirect", "SecurityHeaders"]

#: What browsers know as `X-Frame-Options`; they ignore any other value.
_FRAMES = ("DENY", "SAMEORIGIN")


class HTTPSRedirect:
    """Redirects requests from `http` to `https`, with the same host and path; WebSockets get status 403.

    Behind a proxy `ProxyHeaders` has to tell the scheme, whichever of the two is added first. The host is that of the
    request: use `AllowedHosts` where clients other than a trusted proxy can choose it.

    :param port: the port of `https`.
    :param exempt: paths that are served over `http` too, such as that of a health check.
    """

    def __init__(self, app: Any = None, port: int = 443, exempt: "list[str] | tuple[str, ...]" = ()):
        self.port = port
        self.exempt = (exempt,) if isinstance(exempt, str) else tuple(exempt)
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Redirect the requests for the routes of *app*, once `AllowedHosts` has let them through."""
        app.extend(self, before_request=self.redirect)

    async def redirect(self, request: Any) -> "Response | None":
        """Return the redirect of a request that came over `http`, None for another one.

        :raises HTTPException: 403 for a WebSocket, 400 without a host to go to.
        """
        if request.scheme == "https" or request.path in self.exempt:
            return None
        if request.headers.get("Sec-WebSocket-Version"):
            raise HTTPException(403, "Use wss: this WebSocket needs TLS")
        host = _strip_port(request.headers.get("Host") or "")
        if not host or set(host) & set(',/@\\"<>?# ') or not host.isprintable():
            raise HTTPException(400, "Missing or invalid Host field")
        port = "" if self.port == 443 else f":{self.port}"
        return Response.redirect(f"https://{host}{port}{request.root_path}{request.url}", 308)


def _strip_port(host):
    """Return a Host field without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


class SecurityHeaders:
    """Adds header fields to all responses, unless a response has the field already.

    :param content_security_policy: what pages may load and run; the default admits what the application serves itself.
    :param hsts: seconds for which browsers ask for nothing but `https` (RFC 6797); 0 for not at all. It is sent over
        `https` only, and cannot be taken back before the time is over.
    :param hsts_subdomains: HSTS applies to all subdomains of the host too.
    :param frames: which sites may show pages in a frame: `'DENY'`, `'SAMEORIGIN'`, or None for all.
    :param referrer_policy: how much of a page's address its links send to other sites.
    :param more: further fields, name to value; a value of None leaves out a field of the above.
    :raises ValueError: for a value that no header field can carry or that browsers would ignore.
    :raises TypeError: for a value of another type.
    """

    def __init__(
        self,
        app: Any = None,
        content_security_policy: "str | None" = "default-src 'self'; object-src 'none'; base-uri 'self'",
        hsts: int = 0,
        hsts_subdomains: bool = False,
        frames: "str | None" = "DENY",
        referrer_policy: "str | None" = "strict-origin-when-cross-origin",
        more: "dict[str, str | None] | None" = None,
    ):
        if frames is not None and str(frames).upper() not in _FRAMES:
            raise ValueError(f"frames must be 'DENY', 'SAMEORIGIN' or None, not {frames!r}")
        fields = Response().headers  # these compare names without case, and refuse what HTTP forbids
        for name, value in {
            "Content-Security-Policy": content_security_policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": referrer_policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": frames,
            **(more or {}),
        }.items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        self.fields = dict(fields)
        self.hsts = _hsts(hsts) + ("; includeSubDomains" if hsts_subdomains else "") if hsts else None
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Add the fields to the responses of *app*, including those to OPTIONS and to malformed requests."""
        app.extend(self, after_request=self.add, after_error_request=self.add, answer_options=self.add_to)

    async def add(self, request: Any, response: Any) -> None:
        """Add the fields to a response."""
        self.add_to(request, response.headers)

    def add_to(self, request: Any, headers: "dict[str, Any]") -> None:
        """Add the fields to those of a response."""
        for name, value in self.fields.items():
            headers.setdefault(name, value)
        if self.hsts and request is not None and request.scheme == "https":
            headers.setdefault("Strict-Transport-Security", self.hsts)


def _hsts(seconds):
    """Return the directive with the time.

    :raises ValueError: if it is not one.
    """
    if isinstance(seconds, bool) or not str(seconds).isdecimal():
        raise ValueError(f"hsts is a time in whole seconds, such as 31536000, not {seconds!r}")
    return f"max-age={int(seconds)}"
