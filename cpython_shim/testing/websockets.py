"""The client's end of a WebSocket, for functions that await nothing."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from microdot.test_client import TestClient, TestResponse
from microdot.test_client.websocket import WebSocketPeer
from microdot.websocket import WebSocketError


class WebSocketRefused(Exception):
    """The application has answered a request for a WebSocket with a response of another status than 101."""

    def __init__(self, response: TestResponse):
        super().__init__(f"the WebSocket was refused with status {response.status_code}: {response.text}")
        #: The response.
        self.response = response


class _Peer(WebSocketPeer):
    """The client's end in the event loop; it keeps the messages until the test wants them."""

    def __init__(self, send_response):
        super().__init__(send_response)
        self.messages = asyncio.Queue()  # None: there will be no more
        self.answered = asyncio.Event()

    async def began(self):
        self.answered.set()

    async def received(self, message):
        self.messages.put_nowait(message)

    async def ended(self):
        self.messages.put_nowait(None)
        self.answered.set()


class SyncWebSocket:
    """A WebSocket to the application: `with client.websocket('/chat') as ws:`.

    `for message in ws` gives the messages until the application closes the connection.
    """

    def __init__(self, client: TestClient, path: str, headers: "dict", run: "Callable[[Any], Any]"):
        self._request = client, path, headers
        self._run = run
        self._peer: Any = None
        self._serving: Any = None

    def __enter__(self) -> "SyncWebSocket":
        """Open the connection.

        :raises WebSocketRefused: if the application does not accept it.
        """
        self._run(self._open())
        return self

    def __exit__(self, exc_type: object, *exc_info: object) -> None:
        """Close the connection and wait for the end of the handler; the client may raise its exception."""
        self.close()

    async def _open(self):
        client, path, headers = self._request

        def make_peer(send_response):
            self._peer = _Peer(send_response)
            return self._peer

        self._serving = asyncio.ensure_future(client.open_websocket(path, make_peer, headers))
        await asyncio.sleep(0)  # the task makes the peer
        waiting = asyncio.ensure_future(self._peer.answered.wait())
        await asyncio.wait([self._serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not self._peer.upgraded:
            raise WebSocketRefused(await self._serving)
        self._serving.add_done_callback(lambda serving: self._peer.messages.put_nowait(None))

    @property
    def headers(self) -> "dict[str, str]":
        """The header fields of the response that accepted the connection."""
        return self._peer.accepted

    @property
    def subprotocol(self) -> "str | None":
        """The subprotocol that the application has chosen, or None."""
        return self._peer.accepted.get("Sec-WebSocket-Protocol")

    @property
    def close_code(self) -> "int | None":
        """The code with which the application closed the connection, None before that."""
        return self._peer.close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with the code."""
        return self._peer.close_reason

    def send(self, message: "str | bytes") -> None:
        """Send a message, str as text and bytes as binary."""
        self._run(self._say(message))

    async def _say(self, message):
        self._peer.say(message)

    def receive(self) -> "str | bytes":
        """Return the next message.

        :raises WebSocketError: if the application has closed the connection.
        :raises TimeoutError: if none comes within the client's `timeout`.
        """
        return self._run(self._receive())

    async def _receive(self):
        message = await self._peer.messages.get()
        if message is None:
            self._peer.messages.put_nowait(None)  # for the next call
            raise WebSocketError(f"the application has closed the WebSocket with code {self.close_code}")
        return message

    def __iter__(self) -> "Iterator[str | bytes]":
        while True:
            try:
                yield self.receive()
            except WebSocketError:
                return

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection and wait for the end of the handler."""
        self._run(self._hang_up(code, reason))

    async def _hang_up(self, code, reason):
        self._peer.hang_up(code, reason)
        await self._serving
