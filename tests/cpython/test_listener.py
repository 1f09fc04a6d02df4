"""The listening sockets of the own server: all addresses of a name, on one port."""

import asyncio
import errno
import socket

import pytest

from microdot import Microdot

IPV4, OTHER = (socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET, ("127.0.0.2", 0))
IPV6 = (socket.AF_INET6, ("::1", 0, 0, 0))
ABSENT = (socket.AF_INET, ("192.0.2.1", 0))


@pytest.fixture
def resolve(monkeypatch):
    """Have the name "several" resolve to the addresses that the test gives."""
    original = socket.getaddrinfo

    def set_addresses(*addresses):
        def getaddrinfo(host, port, *args, **kwargs):
            if host != "several":
                return original(host, port, *args, **kwargs)
            return [(family, socket.SOCK_STREAM, 6, "", (name, port, *rest)) for family, (name, _, *rest) in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return set_addresses


async def ask(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.rpartition(b"\r\n\r\n")[2]


async def serve(app, host, port=0):
    app.get("/")(lambda request: request.client_addr[0])
    return await app.start_server(host, port, start_serving=False)


@pytest.mark.parametrize("addresses", [(IPV4, OTHER), (IPV6, IPV4), (IPV4, IPV6), (IPV4, IPV4), (ABSENT, IPV4)])
async def test_all_addresses_of_a_name(resolve, addresses):
    resolve(*addresses)
    async with await serve(Microdot(), "several") as server:
        await server.start_serving()
        port = server.port
        present = {address[0] for _, address in addresses} - {"192.0.2.1"}
        assert {sock.getsockname()[0] for sock in server.sockets} == present
        assert {sock.getsockname()[1] for sock in server.sockets} == {port}
        for _ in range(3):
            for host in present:
                assert await ask(host, port)
        both = await asyncio.gather(*[ask(host, port) for host in present for _ in range(20)])
        assert all(both)
    assert server.sockets == []
    for host in present:
        with pytest.raises(OSError):
            await ask(host, port)


@pytest.mark.parametrize("host", ["", None, "0.0.0.0"])
async def test_no_host_is_all_ipv4_interfaces(host):
    async with await serve(Microdot(), host) as server:
        assert [sock.getsockname()[0] for sock in server.sockets] == ["0.0.0.0"]


async def test_all_interfaces_of_ipv6_take_ipv4_too():
    async with await serve(Microdot(), "::") as server:
        await server.start_serving()
        assert await ask("::1", server.port) == b"::1"
        assert await ask("127.0.0.1", server.port) == b"::ffff:127.0.0.1"


async def test_a_port_that_one_of_the_addresses_has_not(resolve):
    resolve(IPV4, OTHER)
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on several, port {port}: Address already in use") as raised:
            await serve(Microdot(), "several", port)
        assert raised.value.errno == errno.EADDRINUSE
        with socket.create_server(("127.0.0.1", port)):
            pass  # what was bound is free again


async def test_any_port_is_one_that_all_addresses_have(resolve, monkeypatch):
    resolve(IPV4, OTHER)
    taken = []
    original = socket.socket.bind

    def bind(self, address):
        original(self, address)
        if address == ("127.0.0.1", 0) and len(taken) < 3:  # another program is quicker
            taken.append(socket.create_server(("127.0.0.2", self.getsockname()[1])))

    monkeypatch.setattr(socket.socket, "bind", bind)
    async with await serve(Microdot(), "several") as server:
        assert len(taken) == 3
        assert server.port not in [sock.getsockname()[1] for sock in taken]
        names = [sock.getsockname() for sock in server.sockets]
        assert names == [("127.0.0.1", server.port), ("127.0.0.2", server.port)]
    for sock in taken:
        sock.close()


async def test_no_address_of_a_name_is_there(resolve):
    resolve(ABSENT, ABSENT)
    with pytest.raises(OSError, match="cannot listen on several, port 8000: Cannot assign requested address"):
        await serve(Microdot(), "several", 8000)


async def test_an_unknown_name():
    with pytest.raises(OSError, match="cannot listen on no-such-host.invalid, port 8000: "):
        await serve(Microdot(), "no-such-host.invalid", 8000)


async def test_a_response_of_several_writes_does_not_wait_for_the_client():
    """A client with a kept connection acknowledges late: 40 ms for each response, if TCP waits for that."""
    app = Microdot()
    options = []

    @app.get("/")
    async def index(request):
        sock = request.transport.writer.get_extra_info("socket")
        options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return "hello"

    async with await app.start_server("127.0.0.1", 0, start_serving=False) as server:
        await server.start_serving()
        assert await ask("127.0.0.1", server.port) == b"hello"
    assert options[0]
