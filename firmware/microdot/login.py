"""Logging users in and out, with a session and a cookie that remembers them."""

from ._compat import invoke_handler, wraps
from ._response import Response
from ._urls import quote
from .errors import HTTPException, error_text
from .session import get_extension
from .tokens import RESERVED, decode_token, encode_token, is_within, keyed_hash, unix_time

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any, Callable

_REMEMBER = "_remember"
_REMEMBERED = RESERVED + "remember"  # the purpose of that cookie's token
_VERSION = RESERVED + "version"  # the purpose of the hash of a user's version
_DAY = 86400
_URL = b":/?#[]@!$&'()*+,;=%"
# RFC 9110, section 15.5.2, demands a challenge; browsers do not know this one, and so do not ask for a password.
_CHALLENGE = 'Cookie realm="login"'
# The keys of a session that belong to the login.
_KEYS = ("_user_id", "_fresh", "_version", "_remembered")


def is_local(url: str) -> bool:
    """Return whether browsers take *url* for a path of the same server.

    They read a backslash as a slash and leave tabs and line ends out, so that many spellings of `//host` exist.
    """
    if url[:1] != "/" or url[1:2] == "/" or "\\" in url:
        return False
    return min(url) >= " "


def wants_page(request) -> bool:
    """Return whether a browser wants to show the response to *request*, so that a redirect to a form is useful.

    A request of a script, or for JSON, events or a WebSocket, does not want a page. A program that says nothing about
    itself is taken for a browser.
    """
    headers = request.headers
    if headers.get("Sec-WebSocket-Version"):
        return False
    mode = headers.get("Sec-Fetch-Mode")
    if mode:
        return mode == "navigate"
    if (request.content_type or "").lower().startswith("application/json"):
        return False
    accept = (headers.get("Accept") or "text/html").lower()
    if "text/html" in accept:
        return True
    # On plain http browsers leave Sec-Fetch-Mode out. A script there accepts everything, and its page is the Referer.
    return "*/*" in accept and not (headers.get("Referer") or headers.get("Origin"))


class Login:
    """The extension that logs users in. The application needs a `Session` too.

    As a decorator it admits only users to a route, and sends others to the login page:

    >>> login = Login()
    >>> @app.get('/')
    ... @login
    ... async def index(request):
    ...     return 'Hello, ' + request.g.current_user.name

    :param login_url: where users log in; the path that they came from is added to it as the argument `next`.
    :param max_remember_days: for how many days after a login with the password the cookie that remembers a user can be
        renewed; a larger `login_user(remember=...)` counts instead.
    """

    def __init__(self, login_url: str = "/login", max_remember_days: "int | float" = 180):
        self.login_url = login_url
        self.max_remember_days = max_remember_days
        self.user_loader_callback = None
        self.user_version_callback = None
        self.error_callback = None

    def user_loader(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register `f(user_id)`, which returns the user with an id, or None if that user no longer exists."""
        self.user_loader_callback = f
        return f

    def user_version(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register `f(user)`, which returns a str that changes when all logins of the user must end.

        The hash of the user's password is such a str: a new password then ends the sessions and remembered logins that
        were made with the old one. Clients only get a keyed hash of it.
        """
        self.user_version_callback = f
        return f

    def errorhandler(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register `f(request)`, which returns the response to a client who is not admitted.

        If it returns None the response is the usual one: a redirect to the login page for browsers, 401 for others.
        """
        self.error_callback = f
        return f

    async def login_user(
        self, request, user, remember: "bool | int" = False, redirect_url: "str | None" = "/"
    ) -> Response:
        """Log a user in, and return a redirect to the page that was asked for before, the argument `next`.

        :param user: an object with an attribute `id`, of type str or int.
        :param remember: for how many days the user stays logged in when the session is over; True for 30.
        :param redirect_url: where to go if `next` is absent or not a path of this server.
        :raises TypeError: if *remember* is not a number of days, such as the text of a form's field.
        """
        if not isinstance(remember, (bool, int, float)) or remember < 0:
            raise TypeError("remember is %r: pass a number of days, or True" % (remember,))
        session = await get_extension(request).load(request)
        version = (await self._versions(request, user))[0]
        self._enter(request, session, user, version)
        if remember:
            self._remember(request, user, version, unix_time(), 30 if remember is True else remember)
        url = request.args.get("next", "")
        return Response.redirect(quote(url, _URL) if is_local(url) else redirect_url or "/")

    @staticmethod
    def _enter(request, session, user, version, remembered=None):
        """Make *session* that of a user who gave the password, or was *remembered* (since when, for how many days)."""
        if session.deleted:
            session.clear()
        _forget(session)
        session["_user_id"] = user.id
        session["_fresh"] = remembered is None
        if version:
            session["_version"] = version
        if remembered:
            session["_remembered"] = remembered
        session.renew()
        session.save()
        request.g.current_user = user

    async def logout_user(self, request) -> None:
        """Log the user out; the rest of the session stays."""
        session = await get_extension(request).load(request)
        _forget(session)
        if not session.deleted:
            session.renew()
            session.save()
        self._forget_cookie(request)
        request.g.current_user = None

    async def get_current_user(self, request: "Any") -> "Any":
        """Return the user who is logged in, None if nobody is; from then on `request.g.current_user` is that user."""
        if not hasattr(request.g, "current_user"):
            request.g.current_user = None
            session = await get_extension(request).load(request)
            request.g.current_user = await self._session_user(request, session)
            if not request.g.current_user and _REMEMBER in request.cookies:
                await self._recall(request, session)
        return request.g.current_user

    async def _session_user(self, request, session):
        """Return the user of a session, None if it has none or the login is over."""
        user_id = session.get("_user_id")
        remembered = session.get("_remembered")
        if user_id is None or remembered and not self._lasts(*remembered):
            return None
        return await self._load_user(request, user_id, session.get("_version"))

    async def _load_user(self, request, user_id, version):
        """Return the user with an id; None if there is none, or if *version* is not the user's any more."""
        if not self.user_loader_callback:
            raise RuntimeError("Login cannot find users: decorate a function with user_loader")
        user = await invoke_handler(self.user_loader_callback, user_id)
        return user if user and version in await self._versions(request, user) else None

    async def _versions(self, request, user):
        """Return the hashes of a user's version, one for each key; the key that signs comes first."""
        if not self.user_version_callback:
            return (None,)
        version = str(await invoke_handler(self.user_version_callback, user))
        return [keyed_hash(version, key, _VERSION) for key in get_extension(request).signing_keys()]

    # The cookie that remembers

    def _limit(self, days):
        """Return for how many seconds after a login it is remembered, however often the cookie is renewed."""
        return int(max(days, self.max_remember_days) * _DAY)

    def _lasts(self, since, days):
        """Return whether a login at the time *since*, remembered for *days*, still lasts."""
        limit = self._limit(days)
        return is_within(since + limit, limit)

    async def _recall(self, request, session):
        """Log the remembered user in, and remember that user for as many days again, up to the limit."""
        token = decode_token(request.cookies[_REMEMBER], get_extension(request).signing_keys(), _REMEMBERED)
        user = None
        if token:
            if not (is_within(token["exp"], token["days"] * _DAY) and self._lasts(token["since"], token["days"])):
                return  # the clock has gone back: the cookie may be valid again when the clock is right
            user = await self._load_user(request, token["user_id"], token.get("version"))
        if user is None:
            self._forget_cookie(request)
            return
        version = (await self._versions(request, user))[0]
        self._enter(request, session, user, version, (token["since"], token["days"]))
        self._remember(request, user, version, token["since"], token["days"])

    def _remember(self, request, user, version, since, days):
        """Let the client remember a user who logged in at the time *since*."""
        now = unix_time()
        end = min(now + int(days * _DAY), since + self._limit(days))
        token = {"user_id": user.id, "since": since, "days": days, "exp": end}
        if version:
            token["version"] = version
        text = encode_token(token, get_extension(request).signing_keys()[0], _REMEMBERED)
        _after(request, lambda response, options: response.set_cookie(_REMEMBER, text, max_age=end - now, **options))

    @staticmethod
    def _forget_cookie(request):
        """Let the client forget the user that it remembers, if there is one."""
        if _REMEMBER in request.cookies:
            _after(request, lambda response, options: response.delete_cookie(_REMEMBER, **options))

    # Decorators of routes

    def __call__(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler so that only users who are logged in reach it."""
        return self._protect(f, False)

    def fresh(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler so that only users who gave their password reach it, not remembered ones."""
        return self._protect(f, True)

    def _protect(self, f, fresh):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            user = await self.get_current_user(request)
            if user and (not fresh or (await get_extension(request).load(request)).get("_fresh")):
                return await invoke_handler(f, request, *args, **kwargs)
            return await self._refuse(request)

        return handler

    async def _refuse(self, request):
        """Return the response to a client who is not admitted.

        :raises HTTPException: 401 if the client does not want a page.
        """
        if self.error_callback:
            response = await invoke_handler(self.error_callback, request)
            if response is not None:
                return response
        if not wants_page(request):
            raise HTTPException(401, error_text(401), {"WWW-Authenticate": _CHALLENGE})
        location = self.login_url
        # After the login a browser sends a GET, which the URL that a form is sent to may not serve.
        if request.method in ("GET", "HEAD") or "GET" in request.app.url_map.allowed(request.path):
            url = request.root_path + request.url
            location += ("&next=" if "?" in location else "?next=") + quote(url, b"/")
        return Response.redirect(location)


def _after(request, change):
    """Change the response to a request, given the options of its cookies."""
    options = dict(get_extension(request).options(request), http_only=True)

    async def change_response(request, response):
        change(response, options)

    request.after_request(change_response)


def _forget(session):
    for key in _KEYS:
        session.pop(key, None)
