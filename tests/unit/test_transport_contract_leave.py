"""The contract of transports at the own server's door, for a client that is seen to leave by its socket."""

import asyncio

import transport_contract as contract
from test_server import Running, get


class OwnServerWithSockets:
    """The own server, and a client that leaves."""

    async def leave(self, app, path):
        async with Running(app) as running:
            reader, writer = await running.open(get(path))
            received = b""
            while b"one" not in received:
                data = await reader.read(100)
                assert data, received
                received += data
            writer.close()
            await writer.wait_closed()
            await contract.settled(app)


async def test_disconnect():
    await asyncio.wait_for(contract.check_disconnect(OwnServerWithSockets()), 20)
