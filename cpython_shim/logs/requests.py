"""The request that is being served: its identifier, its route, and the time at which it came."""

import contextvars
import string
import time
import uuid
from typing import Any

from microdot.proxies import ProxyHeaders

_CHARACTERS = string.ascii_letters + string.digits + "._-"
_MAX_LENGTH = 128


class Call:
    """A request with what the logs say of it.

    :param identifier: the request's identifier, None without `RequestID`.
    """

    def __init__(self, request: Any, identifier: "str | None" = None):
        self.request = request
        self.identifier = identifier
        self.begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The time since the request came."""
        return time.perf_counter() - self.begun


#: The call that this context belongs to; each request has a context of its own.
current: "contextvars.ContextVar[Call | None]" = contextvars.ContextVar("microdot.call", default=None)


def begin(request: Any) -> Call:
    """Return the call of a request, which begins here if no other extension has begun it."""
    call = current.get()
    if call is None or call.request is not request:
        call = Call(request)
        current.set(call)
    return call


def request_id() -> "str | None":
    """Return the identifier of the request that is being served, None outside of one; see `RequestID`."""
    call = current.get()
    return call.identifier if call else None


def route_pattern(request: Any) -> "str | None":
    """Return the URL pattern of a request's route, None if it has none."""
    if request is None or request.route is None:
        return None
    route = request.app.url_map.find(request.method, request.path)[0]
    return route.url_pattern if route else None


class RequestID:
    """Gives each request an identifier, which is in the logs and in the response.

    The identifier of a trusted proxy is used if it has at most 128 letters, digits, dots, underscores and hyphens.

    :param header: the header field that has it, in requests of proxies and in responses.
    :param trusted: the proxies, as for `ProxyHeaders`. A client's own identifier is not taken.
    """

    def __init__(
        self,
        app: Any = None,
        header: str = "X-Request-ID",
        trusted: "list[str] | tuple[str, ...]" = ("127.0.0.1", "::1", "unix"),
    ):
        self.header = header
        self._proxies = ProxyHeaders(None, trusted)
        if app is not None:
            self.initialize(app)

    def initialize(self, app: Any) -> None:
        """Number the requests for *app*, before `ProxyHeaders` puts the client in the place of the proxy."""
        app.extend(
            self,
            first=True,
            receive=self.receive,
            after_request=self.tell,
            after_error_request=self.tell,
            answer_options=self.add_to,
        )

    def receive(self, request: Any) -> None:
        """Find or make the identifier of a request."""
        given = request.headers.get(self.header)
        address = request.client_addr[0] if request.client_addr else "unix"
        if not (given and _is_identifier(given) and self._proxies.is_trusted(address)):
            given = uuid.uuid4().hex
        begin(request).identifier = given

    async def tell(self, request: Any, response: Any) -> None:
        """Add the identifier to the response."""
        self.add_to(request, response.headers)

    def add_to(self, request: Any, headers: "dict[str, Any]") -> None:
        """Add the identifier to the header fields of a response."""
        call = current.get()
        if request is not None and call and call.request is request and call.identifier:
            headers[self.header] = call.identifier


def _is_identifier(text):
    return len(text) <= _MAX_LENGTH and not text.strip(_CHARACTERS)
