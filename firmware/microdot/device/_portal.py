"""The portal: while the board's own network is open, phones that join it are led to a page that sets Wi-Fi up.

A phone gets its address from MicroPython, which names the board as DNS server too. Every name leads to the board
(`_dns`), and every request for another host is redirected to the page. So a phone that tests whether it can reach the
internet finds the page, and opens it by itself. The application still answers under the board's own names.

The page is for those who have joined the board's own network, and thus know the passphrase. A client's address tells
which network it is in: the network that the station joins does not see the page.

`Station` opens and closes the portal. If nobody has asked for the page for three minutes, known networks are tried
again, even if the page is left open. When a network has been joined and somebody is on the page, the portal stays for
another minute, so that the result can be seen. It closes at once if that network uses the portal's own addresses: the
board could not tell whom it answers.

A form is tried whatever the station does meanwhile, also if it has just joined a network that it knows: the board
leaves that one, and comes back to it if the form's cannot be joined. Only after a form that has succeeded are others
ignored.
"""

import asyncio

from .. import Microdot, Response
from .._compat import log_error
from ..checks import CheckError
from ..csrf import CSRF
from . import _portal_page
from ._dns import MAX_SIZE, make_answer
from ._fields import DEFAULT_NAME, check_network, name_fields, network_name
from ._hosts import own_hosts
from ._secret import secret
from ._style import respond_with_style

#: Where the page is.
PATH = "/_wifi"
#: Seconds after which nobody is on the page, and for which the portal stays when a network has been joined.
PRESENCE = 180
STAY = 60
#: Seconds after which the page is loaded again while a network is tried.
REFRESH = 4
#: Number of networks of a scan that are kept.
MAX_NETWORKS = 64
#: Number of queries that are answered before other tasks get their turn.
MAX_QUERIES = 4
DNS_PORT = 53
_MAX_FORM = 1024
_EAGAIN = (11, 35)  # the second one is macOS's
_FIELDS = {
    "Content-Type": "text/html; charset=UTF-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
}


class Portal:
    """Serves the page, and leads to it.

    :param app: the application on whose server it does so.
    :param wlan: the access point of the hardware.
    """

    #: The networks of the last scan, as `Station.scan()` returns them; None before it.
    networks = None
    #: The name of the network that is tried now, or was tried last, bytes.
    tried = None
    #: The outcome of that: as `Station.result`, `"not saved"`, or None while it is tried.
    result = None

    def __init__(self, app, settings, log, wifi, hardware, wlan):
        self._app = app
        self._settings = settings
        self._log = log
        self._wifi = wifi
        self._hardware = hardware
        self._wlan = wlan
        self._dispatch = app.dispatch_request
        self._pages = self._make_pages()
        self._absent = PRESENCE  # seconds since the page was asked for
        self._left = None  # seconds until the end, None while there is none
        self._task = None
        self._attempt = None  # the task that tries a network
        self._closed = None
        self.address = None
        self._addresses = None  # it, and the mask
        self._guests = None  # the beginning of their addresses
        self._hosts = None
        #: The name of the board, and of its network.
        self.name = settings.device["name"]
        self.ssid = self.name
        if self.name == DEFAULT_NAME:
            self.ssid += "-" + hardware.address_end(wlan)

    # Life

    def open(self, closed) -> None:
        """Open the network and serve the page; call *closed* at the end."""
        self._closed = closed
        self._task = asyncio.create_task(self._run())

    def stay(self) -> None:
        """Stay open, even after `leave()`: the board is in no network."""
        self._left = None
        if self.has_joined():
            self.result = None

    def leave(self) -> None:
        """Close in a minute; now if nobody is there, or if the network that has been joined has the same addresses."""
        shares = self._addresses and self._wifi.shares_network(self._addresses)
        if shares:
            self._log.write("Wi-Fi: that network uses the addresses of the board's own one")
        if self.is_trying() or self.is_busy() and not shares:
            self._left = STAY
        else:
            self.close()

    def is_busy(self) -> bool:
        """Return whether somebody is on the page, or a network is tried for them."""
        return self._absent < PRESENCE or self.is_trying()

    def is_trying(self) -> bool:
        """Return whether a network is tried."""
        return self._attempt is not None

    def has_joined(self) -> bool:
        """Return whether the network that was tried has been joined."""
        return self.result in ("joined", "not saved")

    def joined_network(self) -> "bytes | None":
        """Return the name of the network that the board is in, None without."""
        return self._wifi.network if self._wifi.state == "joined" or self.has_joined() else None

    def close(self) -> None:
        """Close the network."""
        if self._closed is None:
            return
        try:
            self._hardware.close_access_point(self._wlan)  # first: if there is no memory for it, this is tried again
        except (OSError, RuntimeError) as error:
            self._log.write("Wi-Fi: " + repr(error))
        closed, self._closed = self._closed, None
        self._app.dispatch_request = self._dispatch
        self.networks = self._pages = None  # MicroPython's event loop may keep the last task, and this object with it
        for task in (self._task, self._attempt):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        closed()
        self._log.write("Wi-Fi: closed the board's own network")

    async def _run(self):
        """Open the network, then answer DNS queries and count seconds."""
        try:
            await self.scan()  # before anybody is there: it takes the radio elsewhere
            self._hardware.open_access_point(self._wlan, self.ssid, secret(self._settings))
            self._addresses = self._wlan.ifconfig()[:2]
            self.address = self._addresses[0]
            sock = _open_socket(self.address, self._log)
        except Exception as error:
            log_error("Wi-Fi: cannot open the board's own network", error)
            self.close()
            return
        try:
            self._guests = self.address[: self.address.rfind(".") + 1]
            self._hosts = own_hosts(self._settings, self.address)
            self._app.dispatch_request = self.dispatch
            self._log.write("Wi-Fi: opened the network %s; its page is %s" % (repr(self.ssid), self.url()))
            await self._answer_names(sock)
        finally:
            if sock:
                sock.close()

    async def _answer_names(self, sock):
        address = bytes([int(part) for part in self.address.split(".")])
        left = 50  # of a second
        while self._closed:
            await _pause()
            left -= 1
            try:
                if left <= 0:
                    left = 50
                    self._count_second()
                if sock:
                    _answer_queries(sock, address)
            except MemoryError:
                pass  # it will not last, and nothing but this loop closes the portal

    def _count_second(self):
        if self._absent < PRESENCE:
            self._absent += 1
        if self._left is None:
            return
        self._left -= 1
        if self._wifi.state != "joined":  # it has lost the network, or leaves it for another one
            self.stay()
        elif self._left <= 0 and not self.is_trying():
            self.close()

    def url(self) -> str:
        """Return the address of the page."""
        port = self._app.server.port if self._app.server else 80
        return "http://" + self.address + ("" if port == 80 else ":%d" % port) + PATH

    def addresses(self) -> "tuple[str | None, str]":
        """Return the address of the board in the network that it has joined, and its name there."""
        return self._wifi.address, self.name + ".local"

    # Requests

    async def dispatch(self, request) -> Response:
        """Return the response to a request: the portal's for a guest of the board's own network, or the application's.

        This replaces the application's `dispatch_request()`, so its hooks do not apply to the page. The hooks
        of an extension could only refuse a request, and the application's own hooks would still see that.
        """
        client = request.client_addr if request else None
        if not client or not client[0].startswith(self._guests):
            return await self._dispatch(request)
        if not self._hosts.is_allowed(request.headers.get("Host") or ""):
            return self._lead(request)
        if request.path == PATH or request.path.startswith(PATH + "/"):
            return await self._pages.dispatch_request(request)
        return await self._dispatch(request)

    def _lead(self, request):
        """Return the answer to a request for another host, which leads to the page."""
        if request.method not in ("GET", "HEAD"):
            return Response("There is no internet here. The page of the board is " + self.url(), 400)
        # Phones ask several of their servers at once; a board has few connections.
        return Response("", 302, {"Location": self.url(), "Cache-Control": "no-store", "Connection": "close"})

    def _make_pages(self):
        pages = Microdot()
        CSRF(pages)

        @pages.get(PATH)
        async def show(request):
            self._absent = 0
            response = _respond(_portal_page.render(self))
            if self.is_trying():
                response.headers["Refresh"] = "%d;url=%s" % (REFRESH, PATH)  # works without JavaScript
            return response

        @pages.post(PATH, max_content_length=_MAX_FORM)
        async def join(request):
            self._absent = 0
            if self._is_idle():
                try:
                    network = self._read(request.form or {})
                except ValueError as error:
                    return _respond(_portal_page.render(self, str(error)), 400)
                self.tried = network_name(network)
                self.result = None
                self._attempt = asyncio.create_task(self._try(network))
            return _see_page()

        @pages.post(PATH + "/scan", max_content_length=_MAX_FORM)
        async def search(request):
            self._absent = 0
            if self._is_idle():
                await self.scan()
            return _see_page()

        @pages.get(PATH + "/style.css")
        async def style(request):
            return respond_with_style()

        return pages

    def _is_idle(self):
        """Return whether the page may try a network: the board does not leave one that it has joined for the page."""
        return not self.is_trying() and not self.has_joined()

    # Networks

    async def scan(self) -> None:
        """Look for networks; if that fails, keep those found before."""
        try:
            self.networks = (await self._wifi.scan())[:MAX_NETWORKS]
        except (OSError, RuntimeError) as error:
            self._log.write("Wi-Fi: cannot look for networks: " + repr(error))

    def _read(self, form):
        """Return the network of a form.

        :raises ValueError: if the form does not describe one; the page shows the message.
        """
        name = (form.get("other") or "").encode()
        password = form.get("password") or ""
        if not name:
            try:
                name = bytes([int(pair, 16) for pair in _pairs(form.get("network") or "")])
            except ValueError:
                name = b""
        if not name:
            raise ValueError("Choose a network, or type its name.")
        for known, _, is_protected in self.networks or ():
            if known == name and is_protected and not password:
                raise ValueError("This network needs a password.")
            if known == name and not is_protected and password:  # who has one to type expects another network
                raise ValueError("This network has no password. Leave the password empty, or choose another network.")
        try:
            return check_network(dict(name_fields(name), password=password))
        except CheckError:
            if len(name) > 32:
                raise ValueError("The name of a network has at most 32 bytes.") from None
            raise ValueError("A password has 8 to 63 characters.") from None

    async def _try(self, network):
        """Try a network for the page, and save it if it can be joined."""
        try:
            await asyncio.sleep(1)  # the answer must leave first: the radio may move to another channel
            result = await self._wifi.try_network(network)
            if result == "joined":
                result = self._save(network)
                self._wifi.retry()  # the station looks at once, and finds the network joined
            self.result = result
        except Exception as error:
            log_error("Wi-Fi: cannot try a network", error)
            self.result = "failed"
        finally:
            self._attempt = None
            self._absent = 0  # a phone that has lost the network has time to come back
            if self._left is not None:
                self._left = STAY

    def _save(self, network):
        try:
            self._settings.add_network(network)
        except OSError as error:
            self._log.write("Wi-Fi: the network is not saved: " + repr(error))
            return "not saved"
        return "joined"


def _pairs(text):
    """Return pairs of hexadecimal digits.

    :raises ValueError: for other characters, which `int()` might take.
    """
    if len(text) % 2 or text.strip("0123456789abcdef"):
        raise ValueError("not hexadecimal")
    return [text[i : i + 2] for i in range(0, len(text), 2)]


def _respond(body, status_code=200):
    return Response(body, status_code, _FIELDS)


def _see_page():
    return Response("", 303, {"Location": PATH})


def _pause():
    """Wait for a fiftieth of a second, when awaited; on a board this allocates nothing."""
    return asyncio.sleep_ms(20) if hasattr(asyncio, "sleep_ms") else asyncio.sleep(0.02)


def _open_socket(address, log):
    """Return a socket for DNS queries; None if that fails: people then have to open the page by hand."""
    import socket

    sock = None
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(socket.getaddrinfo(address, DNS_PORT)[0][-1])
        sock.setblocking(False)
    except OSError as error:
        log.write("Wi-Fi: cannot answer DNS queries: " + repr(error))
        if sock:
            sock.close()
        return None
    return sock


def _answer_queries(sock, address):
    """Answer some of the queries that have come; a flood of them leaves time for other tasks."""
    for _ in range(MAX_QUERIES):
        try:
            query, sender = sock.recvfrom(MAX_SIZE)
            answer = make_answer(query, address)
            if answer:
                sock.sendto(answer, sender)
        except OSError as error:
            if error.errno in _EAGAIN:
                return
            # Otherwise the sender is gone, or there is no memory for an answer: a phone that needs it asks again.
