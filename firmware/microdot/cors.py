"""Cross-origin resource sharing (WHATWG Fetch, section 3.2): which other sites' pages may use the application."""

from ._compat import log_error
from ._datastructures import check_text


class CORS:
    """Adds the header fields of cross-origin resource sharing to responses.

    :param allowed_origins: list of origins such as `'https://example.com'`, or `'*'` for every one; None for none.
    :param allow_credentials: let those pages send cookies and Authorization. It has no effect with `'*'`, because every
        site could act with a visitor's login; the log says so.
    :param allowed_methods: list of methods; None for all.
    :param expose_headers: list of response header fields that those pages may read.
    :param allowed_headers: list of request header fields that those pages may send; None for all.
    :param max_age: seconds for which a browser may keep the answer to its preflight request.
    :param handle_cors: False: the application itself uses `get_cors_headers()`.
    """

    def __init__(
        self,
        app=None,
        allowed_origins: "list[str] | str | None" = None,
        allow_credentials: bool = False,
        allowed_methods: "list[str] | None" = None,
        expose_headers: "list[str] | None" = None,
        allowed_headers: "list[str] | None" = None,
        max_age: "int | None" = None,
        handle_cors: bool = True,
    ):
        if isinstance(allowed_origins, str) and allowed_origins != "*":
            allowed_origins = [allowed_origins]
        elif "*" in (allowed_origins or ()):
            if allow_credentials:  # no exception, which would keep a board from starting
                log_error("CORS: allow_credentials has no effect with allowed_origins='*': name the origins instead")
                allow_credentials = False
            allowed_origins = "*"
        self.allowed_origins = allowed_origins
        self.allow_credentials = allow_credentials
        self.allowed_methods = _convert(str.upper, allowed_methods)
        self.expose_headers = _convert(str, expose_headers)
        self.allowed_headers = _convert(str.lower, allowed_headers)
        self.max_age = max_age
        if app is not None:
            self.initialize(app, handle_cors)

    def initialize(self, app, handle_cors: bool = True) -> None:
        """Add the header fields to the responses of *app*, errors included, and answer preflight requests."""
        if handle_cors:
            add = self.after_request
            app.extend(self, after_request=add, after_error_request=add, answer_options=self.answer_options)

    def get_cors_headers(self, request) -> dict:
        """Return the header fields for the response to *request*."""
        headers = {}
        origin = _read(request, "Origin")
        if self.allowed_origins:
            if origin or self.allowed_origins != "*":
                request.vary("Origin")
            if self.allowed_origins == "*":
                headers["Access-Control-Allow-Origin"] = origin or "*"
            elif origin in self.allowed_origins:
                headers["Access-Control-Allow-Origin"] = origin
                if self.allow_credentials:
                    headers["Access-Control-Allow-Credentials"] = "true"
        if self.expose_headers:
            headers["Access-Control-Expose-Headers"] = ", ".join(self.expose_headers)
        if request.method == "OPTIONS":
            self._add_preflight(request, headers)
        return headers

    def _add_preflight(self, request, headers):
        if self.max_age is not None:
            headers["Access-Control-Max-Age"] = str(self.max_age)
        method = _read(request, "Access-Control-Request-Method").upper()
        if method and (self.allowed_methods is None or method in self.allowed_methods):
            headers["Access-Control-Allow-Methods"] = method
        names = _read(request, "Access-Control-Request-Headers")
        if names:
            if self.allowed_headers is not None:
                names = [name.strip() for name in names.split(",")]
                names = ", ".join([name for name in names if name.lower() in self.allowed_headers])
            headers["Access-Control-Allow-Headers"] = names

    def after_request(self, request, response) -> None:
        """Add the header fields to a response."""
        if request:
            response.headers.update(self.get_cors_headers(request))

    def answer_options(self, request, headers: dict) -> None:
        """Add the header fields to the answer to a preflight request."""
        headers.update(self.get_cors_headers(request))


def _read(request, name):
    """Return a header field of the request, `''` if there is none or a response must not contain its text.

    Some servers let control characters through.
    """
    try:
        return check_text(request.headers.get(name, ""), name)
    except ValueError:
        return ""


def _convert(function, values):
    if isinstance(values, str):
        values = [values]
    return None if values is None else [function(value) for value in values]
