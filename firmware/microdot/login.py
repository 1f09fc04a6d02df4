"""Logging users in and out, with a session and a cookie that remembers them."""

from ._compat import invoke_handler, wraps
from .response import Response
from .session import get_extension
from .tokens import unix_time
from .urls import quote

if False:  # for type checkers: MicroPython's compiler leaves this out
    from typing import Any, Callable

_REMEMBER = "_remember"
_DAY = 86400
_URL = b":/?#[]@!$&'()*+,;=%"


def is_local(url: str) -> bool:
    """Return whether browsers take *url* for a path of the same server.

    They read a backslash as a slash and leave tabs and line ends out, so that many spellings of `//host` exist.
    """
    if url[:1] != "/" or url[1:2] == "/" or "\\" in url:
        return False
    return min(url) >= " "


class Login:
    """The extension that logs users in. The application needs a `Session` too.

    As a decorator it admits only users to a route, and sends others to the login page:

    >>> login = Login()
    >>> @app.get('/')
    ... @login
    ... async def index(request):
    ...     return 'Hello, ' + request.g.current_user.name

    :param login_url: where users log in; the path that they came from is added to it as the argument `next`.
    """

    def __init__(self, login_url: str = "/login"):
        self.login_url = login_url
        self.user_loader_callback = None

    def user_loader(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Register `f(user_id)`, which returns the user with an id, or None if there is none any more."""
        self.user_loader_callback = f
        return f

    async def login_user(
        self, request, user, remember: "bool | int" = False, redirect_url: "str | None" = "/"
    ) -> Response:
        """Log a user in, and return the response that leads to the page asked for before, the argument `next`.

        :param user: an object with an attribute `id`, of type str or int.
        :param remember: for how many days the user stays logged in when the session is over; True for 30.
        :param redirect_url: where to go if `next` is absent or not a path of this server.
        :raises TypeError: if *remember* is no number, as a form's field is none.
        """
        if not isinstance(remember, (bool, int, float)) or remember < 0:
            raise TypeError("remember is a number of days, or True")
        session = await get_extension(request).load(request)
        self._enter(request, session, user, True)
        if remember:
            self._remember(request, user.id, 30 if remember is True else remember)
        url = request.args.get("next", "")
        return Response.redirect(quote(url, _URL) if is_local(url) else redirect_url or "/")

    @staticmethod
    def _enter(request, session, user, fresh):
        if session._saved == "":  # it was deleted
            session.clear()
        session["_user_id"] = user.id
        session["_fresh"] = fresh
        session.renew()
        session.save()
        request.g.current_user = user

    async def logout_user(self, request) -> None:
        """Log the user out; the rest of the session stays."""
        session = await get_extension(request).load(request)
        session.pop("_user_id", None)
        session.pop("_fresh", None)
        if session._saved != "":  # it was not deleted
            session.renew()
            session.save()
        self._remember(request, None, 0)
        request.g.current_user = None

    async def get_current_user(self, request):
        """Return the user who is logged in, None if nobody is; `request.g.current_user` from then on."""
        if not hasattr(request.g, "current_user"):
            request.g.current_user = None
            session = await get_extension(request).load(request)
            user_id = session.get("_user_id")
            if user_id is not None:
                request.g.current_user = await self._load_user(user_id)
            elif _REMEMBER in request.cookies:
                await self._recall(request, session)
        return request.g.current_user

    async def _load_user(self, user_id):
        if not self.user_loader_callback:
            raise RuntimeError("Login has no user_loader")
        return await invoke_handler(self.user_loader_callback, user_id) or None

    # The cookie that remembers

    async def _recall(self, request, session):
        """Log the remembered user in, and remember that user for as many days again."""
        token = get_extension(request).decode(request.cookies[_REMEMBER], purpose="remember")
        user = await self._load_user(token["user_id"]) if token else None
        if user is None:
            self._remember(request, None, 0)
        else:
            self._enter(request, session, user, False)
            self._remember(request, user.id, token["days"])

    @staticmethod
    def _remember(request, user_id, days):
        """Have the client remember a user, or nobody for None."""
        extension = get_extension(request)
        options = dict(extension.options(request), http_only=True)

        async def set_cookie(request, response):
            if user_id is None:
                response.delete_cookie(_REMEMBER, **options)
            else:
                token = {"user_id": user_id, "days": days, "exp": unix_time() + int(days * _DAY)}
                options["max_age"] = int(days * _DAY)
                response.set_cookie(_REMEMBER, extension.encode(token, purpose="remember"), **options)

        if user_id is not None or _REMEMBER in request.cookies:
            request.after_request(set_cookie)

    # Decorators of routes

    def __call__(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler so that only users who are logged in reach it."""
        return self._protect(f, False)

    def fresh(self, f: "Callable[..., Any]") -> "Callable[..., Any]":
        """Decorate a route's handler so that only users reach it who gave their password, not remembered ones."""
        return self._protect(f, True)

    def _protect(self, f, fresh):
        @wraps(f)
        async def handler(request, *args, **kwargs):
            user = await self.get_current_user(request)
            if user and (not fresh or (await get_extension(request).load(request)).get("_fresh")):
                return await invoke_handler(f, request, *args, **kwargs)
            separator = "&next=" if "?" in self.login_url else "?next="
            url = getattr(request, "root_path", "") + request.url
            return Response.redirect(self.login_url + separator + quote(url, b"/"))

        return handler
