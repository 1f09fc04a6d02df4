"""The contract of transports at the test client's two doors, for HTTP and for WebSocket."""

import asyncio

import transport_contract as contract
from microdot import test_client
from microdot.test_client import TestClient


class ClientOfTests:
    """A `TestClient`."""

    async def observed(self, app, coroutine):
        """Wait for *coroutine*, while the transport notes what it has sent."""
        send_response = test_client.TestTransport.send_response

        async def observe(transport, request, response):
            await send_response(transport, request, response)
            app.events.append("sent")

        test_client.TestTransport.send_response = observe
        try:
            return await coroutine
        finally:
            test_client.TestTransport.send_response = send_response

    async def http(self, app, method, path, body=b""):
        answer = await self.observed(app, TestClient(app).request(method, path, body=body))
        return answer.status_code, answer.body or b""

    async def leave(self, app, path):
        async with await TestClient(app).stream("GET", path) as response:
            async for piece in response:
                assert piece == b"one"
                break

    async def websocket(self, app, path, messages):
        received = []

        def client():
            for message in messages or ():
                received.append((yield message))
            while messages is None:
                received.append((yield))

        answer = await self.observed(app, TestClient(app).websocket(path, client))
        return answer.status_code, [message for message in received if message is not None]


async def test_invoke():
    await contract.check_invoke(ClientOfTests())


async def test_body():
    await contract.check_body(ClientOfTests())


async def test_order():
    await contract.check_order(ClientOfTests())


async def test_a_body_that_cannot_be_closed():
    await contract.check_failing_close(ClientOfTests())


async def test_disconnect():
    await asyncio.wait_for(contract.check_disconnect(ClientOfTests()), 20)


async def test_upgrade():
    await contract.check_upgrade(ClientOfTests())


async def test_tick():
    await asyncio.wait_for(contract.check_tick(ClientOfTests()), 20)
