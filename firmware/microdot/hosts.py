"""A list of the names under which the application answers: protection against DNS rebinding and forged links."""

from .errors import abort

# The characters of a name. A forged host may have others, which would end the host in a link.
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-._"


class AllowedHosts:
    """Refuses requests for other hosts than the application's own, with status 400.

    Another site can let its own name resolve to a device in the visitor's network, and its page can then use the device
    as if it were that site. But the browser still sends the site's name as Host. The check also keeps a forged Host out
    of links that the application makes.

    :param hosts: list of host names or addresses, without ports; `'.example.com'` is that name and all below it.
    """

    def __init__(self, app=None, hosts: "list[str] | tuple[str, ...]" = ()):
        self.hosts = [host.lower() for host in ((hosts,) if isinstance(hosts, str) else hosts)]
        if app is not None:
            self.initialize(app)

    def initialize(self, app) -> None:
        """Check the requests for the routes of *app*, before all other hooks."""
        app.extend(self, first=True, before_request=self.check)

    async def check(self, request) -> None:
        """Refuse a request for another host.

        :raises HTTPException: 400.
        """
        if not self.is_allowed(request.headers.get("Host") or ""):
            abort(400, "Unknown host")

    def is_allowed(self, host: str) -> bool:
        """Return whether the value of a Host field names one of the hosts."""
        host = host.lower()
        port = host.rfind(":")
        if port > host.rfind("]"):  # an IPv6 address is in brackets
            if host[port + 1 :].strip("0123456789"):
                return False
            host = host[:port]
        for allowed in self.hosts:
            if host == allowed:
                return True
            if allowed[:1] == "." and (host == allowed[1:] or host.endswith(allowed) and not host.strip(_NAME)):
                return True
        return False
