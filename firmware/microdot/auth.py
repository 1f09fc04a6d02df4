"""HTTP authentication: Basic (RFC 7617) and Bearer tokens (RFC 6750)."""

from binascii import a2b_base64, b2a_base64

from ._compat import const, invoke_handler, wraps
from ._datastructures import check_text
from ._digests import compare_digest
from ._response import Response
from ._utf8 import decode
from .errors import HTTPException, error_text

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable

_BLANKS = const(" \t")

__all__ = ["BasicAuth", "TokenAuth", "compare_digest"]


class _Auth:
    def __init__(self) -> None:
        self.auth_callback = None
        self.error_callback = self.authentication_error

    def authenticate(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register the function that returns the user for the client's credentials, or None if they are wrong."""
        self.auth_callback = f
        return f

    def _get_auth(self, request):
        """Return the credentials as a tuple of arguments for the callback, or None."""

    def authentication_error(self, request: "Any") -> "Any":
        """Return the response to a client without good credentials."""

    def _credentials(self, request, header, scheme):
        value = request.headers.get(header)
        if value is None:
            return None
        value = value.strip(_BLANKS)
        if scheme:
            name, _, value = value.partition(" ")
            if name.lower() != scheme.lower():
                return None
        return value.strip(_BLANKS) or None

    async def _identify(self, request):
        if not self.auth_callback:
            raise RuntimeError("register a function with authenticate() first")
        credentials = self._get_auth(request)
        user = await invoke_handler(self.auth_callback, request, *credentials) if credentials else None
        request.g.current_user = user or None
        return user

    def __call__(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler so that only clients with good credentials reach it: `request.g.current_user`."""

        @wraps(f)
        async def handler(request, *args, **kwargs):
            if not await self._identify(request):
                return await invoke_handler(self.error_callback, request)
            return await invoke_handler(f, request, *args, **kwargs)

        return handler

    def optional(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler that serves others too: `request.g.current_user` is None for them."""

        @wraps(f)
        async def handler(request, *args, **kwargs):
            await self._identify(request)
            return await invoke_handler(f, request, *args, **kwargs)

        return handler


class BasicAuth(_Auth):
    """Authentication with a user's name and password (RFC 7617), to be used under https.

    The function registered with `authenticate` is called as `f(request, username, password)`. It should compare secrets
    with `compare_digest()`, or with `verify_password()` of `microdot.passwords`.

    :param realm: the text that browsers show when they ask for the password.
    :param charset: the character encoding that browsers are told to use; only UTF-8 is understood.
    :param scheme: the authentication scheme that the response names. Browsers ask for a password only if they know it.
        Clients may send it, or `Basic`.
    :param error_status: status of the response to clients without good credentials.
    :raises ValueError: for a realm that no header field can carry.
    """

    def __init__(
        self, realm: str = "Please login", charset: str = "UTF-8", scheme: str = "Basic", error_status: int = 401
    ):
        super().__init__()
        check_text('"' + realm + '"', "the realm")
        self.realm = realm
        self.charset = charset
        self.scheme = scheme
        self.error_status = error_status

    def _get_auth(self, request):
        value = self._credentials(request, "Authorization", self.scheme)
        if value is None:
            value = self._credentials(request, "Authorization", "Basic")
        if value is None:
            return None
        try:
            data = a2b_base64(value)
            name, colon, password = decode(data).partition(":")
        except ValueError:
            return None
        # The decoder skips what is not base64.
        return (name, password) if colon and b2a_base64(data).strip() == value.encode() else None

    async def authentication_error(self, request: "Any") -> "Any":
        """Return the response to a client without good credentials; browsers ask for a password then."""
        realm = self.realm.replace("\\", "\\\\").replace('"', '\\"')
        challenge = self.scheme + ' realm="' + realm + '", charset="' + self.charset + '"'
        return Response("", self.error_status, {"WWW-Authenticate": challenge})


class TokenAuth(_Auth):
    """Authentication with a token (RFC 6750), to be used under https.

    The function registered with `authenticate` is called as `f(request, token)`. It should compare tokens with
    `compare_digest()`.

    :param header: the name of the header field with the token; fields other than `Authorization` hold only the token.
    :param scheme: the authentication scheme before the token in `Authorization`; empty for none.
    :param error_status: status of the response to clients without a good token.
    """

    def __init__(self, header: str = "Authorization", scheme: str = "Bearer", error_status: int = 401):
        super().__init__()
        self.header = header
        self.scheme = scheme if header.lower() == "authorization" else ""
        self.error_status = error_status

    def errorhandler(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register `f(request)`, which returns the response to a client without a good token."""
        self.error_callback = f
        return f

    def _get_auth(self, request):
        value = self._credentials(request, self.header, self.scheme)
        return value and (value,)

    async def authentication_error(self, request: "Any") -> "Any":
        """Refuse a client without a good token; the application's error handler for the status makes the response.

        :raises HTTPException: always.
        """
        headers = None
        if self.error_status == 401 and self.scheme:
            challenge = self.scheme
            if self._get_auth(request):
                challenge += ' error="invalid_token"'
            headers = {"WWW-Authenticate": challenge}
        raise HTTPException(self.error_status, error_text(self.error_status), headers)
