"""What a board answers at `/_device`, whatever its application does: updates.

`Runner.run()` serves these routes before everything of the application. The module is imported with the first request
for one of them.
"""

from .. import Microdot
from ..errors import abort
from ..throttle import MemoryAttempts, Throttle
from ._hosts import own_hosts
from ._secret import secret
from ._update import Updates

PREFIX = "/_device"
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


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
        self._wifi = wifi
        self._hardware = hardware
        self._runner = runner
        self._throttle = Throttle(store=MemoryAttempts(16))
        self.updates = Updates(runner.versions, hardware, log, lambda: secret(settings))
        #: The application that answers.
        self.app = app = Microdot()
        app.extend(self, receive=self._receive)
        app.get(PREFIX + "/update")(self.describe_update)
        app.post(PREFIX + "/update", max_content_length=None)(self.update)

    def _receive(self, request):
        """Refuse what is for another host, or on a computer comes from another one; leave an update on its stream.

        An address as Host needs no look at the board's own ones: another site that resolves to the board has a name.
        """
        if not self._hardware.IS_BOARD and (request.client_addr or ("",))[0] not in _LOOPBACK:
            abort(403, "On a computer these pages are for its own programs only")
        host = request.headers.get("Host") or ""
        if host.strip("0123456789.:") and not own_hosts(self._settings, self._wifi.address).is_allowed(host):
            abort(400, "Unknown host: use the board's address or name")
        if request.path == PREFIX + "/update":
            request.max_body_length = 0

    async def describe_update(self, request):
        """Tell what a sender of updates has to know; who signs that with the secret also learns why the last failed."""
        versions = self._runner.versions
        known = {
            "nonce": self.updates.nonce,
            "possible": self._runner.can_update,
            "version": versions.name,
            "state": versions.state,
            "failed": versions.failed,
        }
        if self.updates.is_signed(request, b"why"):
            known["error"] = self._runner.update_error
        return known, 200, {"Cache-Control": "no-store"}

    async def update(self, request):
        """Receive a new version of the application, and restart the board with it."""
        if not self._runner.can_update:
            abort(409, "Only a board whose main.py calls device.run() without an application takes updates")
        name = await self.updates.receive(request, self._throttle)
        return self._runner.restart(after=({"version": name}, 200))
