"""HTTPS only, and header fields that make browsers careful.

>>> from microdot.secure import HTTPSRedirect, SecurityHeaders
>>> HTTPSRedirect(app)
>>> SecurityHeaders(app, hsts=31536000)
"""

from typing import Any

from microdot import Response
from microdot.errors import HTTPException

__all__ = ["HTTPSRedirect", "SecurityHeaders"]


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
        if request.scheme in ("https", "wss") or request.path in self.exempt:
            return None
        if request.headers.get("Sec-WebSocket-Version"):
            raise HTTPException(403, "Use wss: this WebSocket needs TLS")
        host = _strip_port(request.headers.get("Host") or "")
        if not host or set(host) & set(',/@\\"<>?# '):
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
        fields = {
            "Content-Security-Policy": content_security_policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": referrer_policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": frames,
            **(more or {}),
        }
        self.fields = {name: value for name, value in fields.items() if value is not None}
        self.hsts = f"max-age={int(hsts)}" + ("; includeSubDomains" if hsts_subdomains else "") if hsts else None
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Add the fields to the responses of *app*, including those to malformed requests."""
        app.extend(self, after_request=self.add, after_error_request=self.add)

    async def add(self, request: Any, response: Any) -> None:
        """Add the fields to a response."""
        headers = response.headers
        for name, value in self.fields.items():
            headers.setdefault(name, value)
        if self.hsts and request is not None and request.scheme in ("https", "wss"):
            headers.setdefault("Strict-Transport-Security", self.hsts)
