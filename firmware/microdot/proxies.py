"""What a reverse proxy says about the client that it passes on (RFC 7239, and the X-Forwarded fields)."""

from ._urls import quote_url


class ProxyHeaders:
    """Takes the client's address, scheme and host from what trusted proxies say.

    `request.client_addr`, `request.scheme`, the Host field and `request.root_path` are then those that the client used.
    The fields of a client that does not come through a trusted proxy are ignored.

    :param trusted: addresses of the proxies, IPv4 networks such as `'10.0.0.0/8'`, `'unix'` for a Unix socket; `'*'`
        for whatever connects to the application, which is safe only if nothing but the proxy can. Proxies in front of
        that one must be named as well.
    :param forwarded: whether the proxies set Forwarded instead of the X-Forwarded fields. The fields of the other kind
        come from the client, and are ignored.
    :param host: whether the proxies set the host, too (X-Forwarded-Host, or `host=`), and drop what the client sends
        there.
    :param prefix: whether the proxies set X-Forwarded-Prefix, the path under which they serve the application. Each of
        several proxies adds its own part, the nearest one last.
    :raises ValueError: for a network that is not written as in `'10.0.0.0/8'`.
    """

    def __init__(
        self,
        app=None,
        trusted: "list[str] | tuple[str, ...]" = ("127.0.0.1", "::1"),
        forwarded: bool = False,
        host: bool = False,
        prefix: bool = False,
    ):
        trusted = (trusted,) if isinstance(trusted, str) else trusted
        self._addresses = [address for address in trusted if "/" not in address]
        self._networks = [_parse_network(network) for network in trusted if "/" in network]
        self.forwarded = forwarded
        self.host = host
        self.prefix = prefix
        if app is not None:
            self.initialize(app)

    def initialize(self, app) -> None:
        """Apply this to the requests for *app*, before anything else sees them."""
        app.extend(self, receive=self.apply)
        app.is_proxy = self.is_trusted

    def is_trusted(self, address: "str | None") -> bool:
        """Return whether an address is that of a proxy that may connect to the application."""
        return "*" in self._addresses or self._is_named(address)

    def _is_named(self, address):
        if address and address[:7] == "::ffff:":  # an IPv4 address at an IPv6 socket
            address = address[7:]
        if address in self._addresses:
            return True
        number = _parse_address(address) if self._networks else None
        if number is None:
            return False
        return any(number & mask == network for network, mask in self._networks)

    def apply(self, request) -> None:
        """Change a request to what the proxies in front of the application say about it."""
        address = request.client_addr
        if not self.is_trusted(address[0] if address else "unix"):
            return
        fields = self._read_forwarded(request) if self.forwarded else self._read_x_forwarded(request)
        clients = fields.get("for") or []
        # From the nearest proxy back to the first address that is not a proxy's. Anyone could have written the rest.
        depth = 1
        while depth < len(clients) and self._is_named(_split_port(clients[-depth])[0]):
            depth += 1
        if clients and clients[-depth]:
            request.client_addr = _split_port(clients[-depth])
        # Some proxies, such as Traefik, name the scheme of a WebSocket.
        proto = _pick(fields, "proto", depth).lower().replace("ws", "http")
        if proto in ("http", "https"):
            request.scheme = proto
        host = _pick(fields, "host", depth) if self.host else ""
        if host and not _has_forbidden(host):
            request.headers.pop("Host", None)
            request.headers["Host"] = host
        prefixes = _split_list(request.headers.get("X-Forwarded-Prefix") or "") if self.prefix else []
        prefix = "".join([part.rstrip("/") for part in prefixes[-depth:] if part[:1] == "/"])
        if prefix and prefix[1:2] not in ("/", "\\"):  # it would begin the name of a host
            request.root_path = quote_url(prefix)

    @staticmethod
    def _read_x_forwarded(request):
        fields = {}
        for name in ("for", "proto", "host"):
            value = request.headers.get("X-Forwarded-" + name)
            if value:
                fields[name] = _split_list(value)
        return fields

    @staticmethod
    def _read_forwarded(request):
        """Return the parameters of Forwarded (RFC 7239, section 4), each a list with an item for each proxy."""
        fields = {"for": [], "proto": [], "host": []}
        for element in (request.headers.get("Forwarded") or "").split(","):
            values = {}
            for pair in element.split(";"):
                name, _, value = pair.partition("=")
                values[name.strip().lower()] = value.strip().strip('"')
            for name in fields:
                fields[name].append(values.get(name, ""))
        return fields


def _split_list(value):
    """Return the items of a field's value, one for each proxy."""
    return [item.strip() for item in value.split(",")]


def _pick(fields, name, depth):
    """Return the value set by the proxy that the client connected to; a proxy may keep only its own value."""
    values = fields.get(name)
    return values[-min(depth, len(values))] if values else ""


def _split_port(text):
    """Return (address, port or 0) of an address with or without a port, an IPv6 one in brackets or not."""
    if text[:1] == "[":
        address, _, port = text[1:].partition("]")
        port = port[1:]
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    else:
        address, port = text, ""
    return address, int(port) if 0 < len(port) < 6 and not port.strip("0123456789") else 0


def _parse_address(address):
    """Return an IPv4 address as an int, None if *address* is not one."""
    parts = (address or "").split(".")
    if len(parts) != 4:
        return None
    number = 0
    for part in parts:
        if not part or part.strip("0123456789") or len(part) > 3 or int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number


def _parse_network(network):
    address, _, bits = network.partition("/")
    number = _parse_address(address)
    if number is None or not bits or bits.strip("0123456789") or int(bits) > 32:
        raise ValueError("invalid IPv4 network %r: write it as 10.0.0.0/8" % network)
    mask = 0xFFFFFFFF ^ (0xFFFFFFFF >> int(bits))
    return number & mask, mask


def _has_forbidden(host):
    return any(character <= " " or character in ',/@\\"<>\x7f' for character in host)
