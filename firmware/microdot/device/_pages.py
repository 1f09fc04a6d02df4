"""What a board answers at `/_device`, whatever its application does: status, log, settings, restart and updates.

`Runner.run()` serves these routes before the application sees the request. The module is imported with the first
request for one of them. The page itself contains no data of the board: it asks for JSON, and for that a browser has to
log in with the board's secret. A login lasts until the board restarts.
"""

import os
from binascii import hexlify

from .. import Microdot, Response
from .._digests import compare_digest, hmac_sha256, random_text
from .._routing import Route
from ..csrf import CSRF
from ..errors import abort
from ..throttle import MemoryAttempts, Throttle
from ._fields import device_fields
from ._page import respond_with_page, respond_with_script
from ._secret import secret
from ._status import make_status
from ._style import respond_with_style

PREFIX = "/_device"
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_FRESH = {"Cache-Control": "no-store"}
_TYPES = {str: "str", int: "int", float: "float", bool: "bool"}
_ROUTES = (  # the method, the path after the prefix, the method of `Pages`
    ("GET", "", "page"),
    ("GET", "/style.css", "style"),
    ("GET", "/page.js", "script"),
    ("POST", "/login", "login"),
    ("GET", "/update", "describe_update"),
    ("POST", "/update", "update"),
    ("GET", "/status", "status"),
    ("GET", "/log", "follow_log"),
    ("GET", "/settings", "show_settings"),
    ("POST", "/settings", "save_settings"),
    ("POST", "/restart", "restart"),
)
_OPEN = ("", "/style.css", "/page.js", "/login", "/update")  # these need no login


class Pages:
    """The routes at `/_device`.

    :param settings: the `Settings`.
    :param log: the `Log`.
    :param wifi: the `Station`.
    :param hardware: the module `_hardware`, or what has its functions.
    :param runner: the `Runner`.
    """

    def __init__(self, settings, log, wifi, hardware, runner):
        self._settings = settings
        self._log = log
        self._wifi = wifi
        self._hardware = hardware
        self._runner = runner
        self._salt = os.urandom(16)
        self._throttle = Throttle(store=MemoryAttempts(16))
        self._nonce = random_text()  # of the first update
        self._updates = None
        #: The application that answers.
        self.app = app = Microdot()
        app.url_map = _Routes(self)
        app.extend(self, receive=self._receive, before_request=self._check_login)
        CSRF(app)

    # Who may ask

    def _receive(self, request):
        """Refuse requests for another host and, on a computer, from another one; do not load the body of an update.

        A Host that is an address is not compared with the board's own ones: a site that lets its own name lead to the
        board (DNS rebinding) sends that name.
        """
        if not self._hardware.IS_BOARD and (request.client_addr or ("",))[0] not in _LOOPBACK:
            abort(403, "Only programs on the same computer can open these pages")
        host = request.headers.get("Host") or ""
        if host.strip("0123456789.:"):
            from ._hosts import own_hosts  # an address does not need it, nor its memory

            if not own_hosts(self._settings, self._wifi.address).is_allowed(host):
                abort(400, "Unknown host: use the board's address or name")
        if request.path == PREFIX + "/update":
            request.max_body_length = 0

    async def _check_login(self, request):
        if request.path[len(PREFIX) :] in _OPEN:
            return
        if not compare_digest(request.cookies.get("device", ""), self._cookie()):
            abort(401, "Log in with the passphrase of the board")

    def _cookie(self):
        """Return the value of the cookie that a login sets, which changes with each start."""
        return hexlify(hmac_sha256(secret(self._settings).encode(), b"microdot pages " + self._salt)).decode()

    async def login(self, request):
        """Log in a browser that sends the secret."""
        given = _object(request.json).get("secret")
        await self._throttle.attempt(request, "device")
        if not isinstance(given, str) or not compare_digest(given, secret(self._settings)):
            abort(403, "The passphrase is wrong")
        await self._throttle.succeed(request)
        response = Response({})
        response.set_cookie("device", self._cookie(), path=PREFIX, http_only=True, same_site="Strict")
        return response

    # The page

    async def page(self, request):
        """Return the page, which is the same for all boards."""
        return respond_with_page()

    async def script(self, request):
        """Return the page's script."""
        return respond_with_script()

    async def style(self, request):
        """Return the page's style."""
        return respond_with_style()

    async def status(self, request):
        """Return the state of the board."""
        return make_status(self._settings, self._wifi, self._hardware, self._runner), 200, _FRESH

    async def follow_log(self, request):
        """Send the lines of the log, and new ones as they come; a browser that connects again gets what it missed."""
        from ._log_events import respond_with_log

        return respond_with_log(self._log, request.headers.get("Last-Event-ID", ""))

    async def show_settings(self, request):
        """Return the settings that have a single value, as fields of a form."""
        settings = self._settings
        values = settings.shown()
        sections = {"app": settings.fields, "device": device_fields()}
        return {name: _describe(sections[name], values[name]) for name in sections}, 200, _FRESH

    async def save_settings(self, request):
        """Save the settings that have been changed."""
        sections = _object(request.json)
        try:
            self._settings.save(app=_object(sections.get("app", {})), device=_object(sections.get("device", {})))
        except OSError as error:
            abort(507, "The settings cannot be saved: %r" % error)
        return {}

    async def restart(self, request):
        """Restart the board."""
        return self._runner.restart(after={})

    # Updates

    def load_updates(self):
        """Return the `Updates`. They are loaded for the first update, and take memory from then on.

        :raises MemoryError: if there is no room for them.
        """
        if self._updates is None:
            from ._update import Updates

            self._updates = Updates(
                self._runner.versions, self._hardware, self._log, lambda: secret(self._settings), self._nonce
            )
        return self._updates

    async def describe_update(self, request):
        """Tell what the sender of an update has to know; if the request is signed, also why the last update failed."""
        versions = self._runner.versions
        updates = self._updates
        known = {
            "nonce": updates.nonce if updates else self._nonce,
            "possible": self._runner.can_update,
            "version": versions.name,
            "state": versions.state,
            "failed": versions.failed,
            "progress": updates.progress if updates else None,
        }
        if request.headers.get("Update-Signature"):
            await self._throttle.attempt(request, "device")  # the answer tells whether the secret was right
            if self.load_updates().is_signed(request, b"why"):
                await self._throttle.succeed(request)
                known["error"] = self._runner.update_error
        return known, 200, _FRESH

    async def update(self, request):
        """Receive a new version of the application, and restart the board with it."""
        if not self._runner.can_update:
            abort(409, "Only a board whose main.py calls device.run() without an application takes updates")
        name = await self.load_updates().receive(request, self._throttle)
        return self._runner.restart(after=({"version": name}, 200))


class _Routes:
    """The routes of the pages, in place of a `URLMap`. Each is made when it is needed: all of them take 2 KB."""

    def __init__(self, pages):
        self._pages = pages

    def find(self, method, path):
        """Return the route, or None and one for other methods; see `URLMap.find()`."""
        if method == "HEAD":
            method = "GET"
        other = None
        for known, end, name in _ROUTES:
            if path == PREFIX + end:
                handler = getattr(self._pages, name)
                limit = None if name == "update" else -1
                route = Route(0, (known,), path, (), handler, "", None, (), None, limit)
                if known == method:
                    return route, None
                other = other or route
        return None, other

    def allowed(self, path):
        """Return the methods that are allowed for a path."""
        methods = [known for known, end, _ in _ROUTES if path == PREFIX + end]
        if "GET" in methods:
            methods.append("HEAD")
        return methods + ["OPTIONS"] if methods else methods


def _object(value):
    if not isinstance(value, dict):
        abort(400, "The body must be a JSON object, with objects in it")
    return value


def _describe(fields, values):
    """Return what a form has to know about fields; those with several values are left out."""
    described = []
    for field in fields:
        if isinstance(field.type, list) or field.type not in _TYPES:
            continue
        known = {"name": field.name, "label": field.label, "type": _TYPES[field.type], "value": values[field.name]}
        for name in ("choices", "secret", "minimum", "maximum"):
            value = getattr(field, name)
            if value is not None and value is not False:
                known[name] = value
        described.append(known)
    return described
