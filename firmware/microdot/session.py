"""Sessions: a dictionary that a client's requests share, in a signed cookie or in a store on the server."""

from ._clock import seconds
from ._compat import MICROPYTHON, invoke_handler, wraps
from .jsondata import parse_json
from .tokens import RESERVED, decode_token, encode_token, random_text, to_json, unix_time

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable

_COOKIE = "session"
_NAME = RESERVED + "name"  # the purpose of the token that holds the name of a session in a store
_EMPTY = "{}"
_TWO_WEEKS = 14 * 86400


class SessionDict(dict):
    """A session, which a handler decorated with `with_session` gets.

    Changes reach the client, or the store, with `save()`.
    """

    def __init__(self, request, session_dict: dict):
        super().__init__()
        self.update(session_dict)
        self.request = request
        #: The name under which the session is in the store; None without a store, and before it is saved.
        self.id: str | None = None
        self._left: str | None = None
        self._saved: str | None = None

    @property
    def deleted(self) -> bool:
        """Whether the session was deleted, and not saved since."""
        return self._saved == ""

    def save(self) -> None:
        """Keep the session as it is now; an empty one is forgotten like a deleted one.

        :raises ValueError: if it is too large for a cookie, or contains NaN or infinity.
        :raises TypeError: if it contains an object of a type that JSON does not have.
        """
        get_extension(self.request).update(self.request, self)

    def delete(self) -> None:
        """Delete the session from the client, and from the store; its content stays until the request's end."""
        get_extension(self.request).delete(self.request)

    def renew(self) -> None:
        """Give the session a new name in the store when it is saved; the old name becomes invalid.

        Call this when the rights of a user change, so that a name that somebody else knows is useless. `Login` does it.
        """
        self._left = self._left or self.id
        self.id = None


class Session:
    """The extension that gives an application sessions.

    :param app: the application; or call `initialize()` later.
    :param secret_key: str or bytes that only the server knows; or a list of them: the first signs, all are accepted.
    :param cookie_options: options of `Response.set_cookie()`. Without them the cookie is for all paths and hidden from
        scripts, requests from other sites carry it only if a link causes them (`SameSite=Lax`), and a cookie that is
        set under https is sent under https only.
    :param store: where sessions are kept; the cookie then only holds a session's name. An object with `async load(name)
        -> str | None`, `async save(name, text, lifetime)` (in seconds) and `async delete(name)`, such as a
        `MemoryStore`. None: in the cookie.
    :param lifetime: seconds from its last `save()` for which a session is valid. None: no limit in a cookie, two weeks
        in a store.
    """

    secret_key: "str | bytes | list | tuple | None" = None
    #: Limit of a token's size in bytes. Browsers take cookies of 4096 bytes, names and attributes included. On the
    #: framework's own server `Request.max_readline` limits the field in which the cookie comes back, too.
    max_token_length = 2000 if MICROPYTHON else 4000

    def __init__(
        self,
        app=None,
        secret_key: "str | bytes | list | tuple | None" = None,
        cookie_options: "dict | None" = None,
        store=None,
        lifetime: "int | None" = None,
    ):
        self.cookie_options: dict = {}
        self.store = store
        self.lifetime = lifetime
        if app is not None:
            self.initialize(app, secret_key, cookie_options)
        else:
            self._configure(secret_key, cookie_options)

    def initialize(
        self, app, secret_key: "str | bytes | list | tuple | None" = None, cookie_options: "dict | None" = None
    ) -> None:
        """Give *app* sessions; a parameter that is None changes nothing."""
        self._configure(secret_key, cookie_options)
        app.extend(self)

    def _configure(self, secret_key, cookie_options):
        if secret_key is not None:
            self.secret_key = secret_key
        if cookie_options is not None or not self.cookie_options:
            options = self.cookie_options = dict(cookie_options or {})
            options.setdefault("path", "/")
            options.setdefault("http_only", True)
            options.setdefault("same_site", "Lax")

    # A request's session

    def get(self, request) -> SessionDict:
        """Return the request's session, an empty one if it has none that is valid.

        :raises RuntimeError: if it has to be fetched from a store with `load()`.
        """
        session = self._opened(request)
        if session is None:
            if self.store:
                raise RuntimeError("this session is in a store: use `await load(request)` instead of get()")
            session = self._open(request, self._read(request, ""))
        return session

    async def load(self, request) -> SessionDict:
        """Return the request's session, from the store if there is one."""
        if not self.store:
            return self.get(request)
        session = self._opened(request)
        if session is None:
            name = self._read(request, _NAME).get("name")
            text = await self.store.load(name) if name else None
            session = self._open(request, _parse(text) if text else {})
            session.id = name if text else None
        return session

    def _opened(self, request):
        request.vary("Cookie")
        return getattr(request.g, "_session", None)

    @staticmethod
    def _open(request, content):
        request.g._session = session = SessionDict(request, content)
        return session

    def _read(self, request, purpose):
        keys = self.signing_keys()
        token = request.cookies.get(_COOKIE, "")
        if len(token) > self.max_token_length:
            return {}
        lifetime = self._signed_lifetime()
        payload = decode_token(token, keys, purpose, lifetime) or {}
        if lifetime:
            payload.pop("exp", None)  # not a part of the session itself
        return payload

    def _signed_lifetime(self):
        """Return the seconds for which a cookie is valid, None without a limit: a store keeps its own."""
        return None if self.store else self.lifetime or None

    def update(self, request, session: dict) -> None:
        """Make *session* the request's session and keep it.

        :raises ValueError, TypeError: as `SessionDict.save()` does.
        """
        current = self.get(request)
        if session is not current:
            current.clear()
            current.update(session)
        content = dict(current.items())
        text = _EMPTY
        if content:
            text = to_json(content) if self.store else self._sign(request, content, "")
        self._keep(request, current, text)

    def delete(self, request) -> None:
        """Delete the request's session from the client, and from the store."""
        session = self.get(request)
        session.renew()
        self._keep(request, session, "")

    def _sign(self, request, payload, purpose):
        lifetime = self._signed_lifetime()
        if lifetime:
            payload["exp"] = unix_time() + lifetime
        token = encode_token(payload, self.signing_keys()[0], purpose)
        # The client will send "Cookie: session=" and the token in one line.
        line = request.transport.max_line if request.transport else None
        if len(token) > (self.max_token_length if line is None else min(self.max_token_length, line - 16)):
            raise ValueError("session too large for a cookie (Session.max_token_length, Request.max_readline)")
        return token

    def _keep(self, request, session, text):
        if session._saved is None:
            request.after_request(self._respond)
        session._saved = text

    async def _respond(self, request, response):
        """Write the session to the store, and its cookie to the response."""
        session = request.g._session
        token = session._saved
        if token == _EMPTY:
            if _COOKIE not in request.cookies:
                return  # there is nothing to forget, and an empty session needs no place in the store
            session.renew()
            token = ""
        if self.store:
            if token:
                if session.id and await self.store.load(session.id) is None:
                    return  # another request has deleted it meanwhile, and the client may have a new one already
                session.id = session.id or random_text()
                await self.store.save(session.id, token, self.lifetime or _TWO_WEEKS)
                token = self._sign(request, {"name": session.id}, _NAME)
            if session._left:  # only now: if the store refuses the new one, the client keeps the old one
                await self.store.delete(session._left)
        options = self.options(request)
        if token:
            response.set_cookie(_COOKIE, token, **options)
        else:
            response.delete_cookie(_COOKIE, **options)

    def options(self, request) -> dict:
        """Return the options with which cookies are set in the response to *request*."""
        options = dict(self.cookie_options)
        options.setdefault("secure", request.scheme == "https")
        return options

    # Tokens

    def signing_keys(self, secret_key: "str | bytes | list | tuple | None" = None) -> "list | tuple":
        """Return the keys that are accepted, of which the first signs: those given, or else the sessions' own.

        :raises ValueError: without any, or if one is empty.
        """
        keys = secret_key or self.secret_key
        if not isinstance(keys, (list, tuple)):
            keys = (keys,)
        if not keys or not all(keys):  # anybody could sign with an empty one
            raise ValueError("a secret key is missing or empty: pass secret_key to Session")
        return keys

    def encode(
        self,
        payload: dict,
        secret_key: "str | bytes | list | tuple | None" = None,
        purpose: str = "",
        lifetime: "int | None" = None,
    ) -> str:
        """Return a signed token, a JSON Web Token with the algorithm HS256; whoever has it can read its content.

        :param secret_key: the key or keys; None: those of the sessions.
        :param purpose: what the token is for. A token with a purpose is not a session, nor valid for another purpose.
        :param lifetime: seconds for which the token is valid; None: as the payload's own `exp` says, or for ever.
        :raises ValueError: for a purpose that begins with `microdot:`, and for NaN or infinity in the payload.
        :raises TypeError: for an object of a type that JSON does not have.
        """
        if lifetime is not None:
            payload = dict(payload, exp=unix_time() + lifetime)
        return encode_token(payload, self.signing_keys(secret_key)[0], _own(purpose))

    def decode(
        self,
        token: "str | bytes",
        secret_key: "str | bytes | list | tuple | None" = None,
        purpose: str = "",
        lifetime: "int | None" = None,
    ) -> dict:
        """Return the payload of a token; an empty dict for one that is forged, expired or for another purpose.

        :param lifetime: seconds for which such tokens are made. One that would be valid for longer is not accepted, so
            that no expired token becomes valid again when the clock goes back. None: no limit.
        :raises ValueError: for a purpose that begins with `microdot:`.
        """
        return decode_token(token, self.signing_keys(secret_key), _own(purpose), lifetime) or {}


def _own(purpose):
    """Return a purpose if it is an application's own: a token for one of the framework's could log a user in."""
    if purpose.startswith(RESERVED):
        raise ValueError("the purpose %r is the framework's own: choose another beginning" % purpose)
    return purpose


def _parse(text):
    """Return the dictionary that a store's text holds; an empty one if the text is damaged."""
    try:
        content = parse_json(text)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


class MemoryStore:
    """Sessions in memory, lost when the program ends and not shared between processes.

    Lifetimes do not depend on the clock that tells the date, so that setting it ends no session.

    :param max_sessions: how many are kept; one more replaces the one saved longest ago. 50 on a board, else 1000.
    """

    def __init__(self, max_sessions: int = 50 if MICROPYTHON else 1000):
        self.max_sessions = max_sessions
        self._sessions: dict[str, tuple[int, int, str]] = {}
        self._order = 0

    async def load(self, name: str) -> "str | None":
        """Return the text saved under *name*, None if there is none or its lifetime is over."""
        _, end, text = self._sessions.get(name, (0, 0, None))
        return text if end > seconds() else None

    async def save(self, name: str, text: str, lifetime: int) -> None:
        """Keep *text* under *name* for *lifetime* seconds."""
        sessions = self._sessions
        if name not in sessions and len(sessions) >= self.max_sessions:
            del sessions[min(sessions, key=lambda name: sessions[name][0])]
        self._order += 1
        sessions[name] = (self._order, seconds() + lifetime, text)

    async def delete(self, name: str) -> None:
        """Forget what is under *name*, if anything."""
        self._sessions.pop(name, None)


def get_extension(request) -> Session:
    """Return the `Session` of the request's application.

    :raises RuntimeError: if it has none.
    """
    extension = request.app.extension(Session)
    if extension is None:
        raise RuntimeError("the application has no sessions: call Session(app, secret_key=...) where it is made")
    return extension


def with_session(f: "Callable[..., Any]") -> "Callable[..., Any]":
    """Decorate a route's handler so that it gets the session: `handler(request, session, **url_args)`."""

    @wraps(f)
    async def handler(request, *args, **kwargs):
        session = await get_extension(request).load(request)
        return await invoke_handler(f, request, session, *args, **kwargs)

    return handler
