"""The names and addresses under which a board answers."""

from ..hosts import AllowedHosts

_LOCAL = ["localhost", "127.0.0.1", "[::1]"]  # a tunnel or a forwarded port; no other site can have these names


def own_hosts(settings, *addresses: "str | None") -> AllowedHosts:
    """Return a list of the board's own names and addresses, for `is_allowed(Host)` or `check(request)`.

    It protects pages against DNS rebinding: the page of another site can have its own name resolve to the board, but
    the browser still sends that name as Host.

    :param settings: the `Settings`, which have the name of the board.
    :param addresses: its addresses; those that are None are left out.
    """
    name = settings.device["name"]
    return AllowedHosts(hosts=_LOCAL + [name, name + ".local"] + [address for address in addresses if address])
