"""Each transport is one by its type: mypy checks them all against the interface."""

from microdot._transport import (
    AsyncTransport,
    Endpoint,
    MessageTransport,
    Ticking,
    Transport,
    Upgradable,
    Watcher,
    Writing,
)
from microdot.asgi.application import HTTPTransport
from microdot.asgi.websocket import MessageConnection, WebSocketTransport
from microdot.server.connection import Connection
from microdot.sse import _Events
from microdot.test_client.transport import TestTransport
from microdot.test_client.websocket import WebSocketClient
from microdot.websocket.connection import Channel
from microdot.websocket.frames import Connection as Frames
from microdot.wsgi.transport import SocketTransport, WSGITransport


def own_server(transport: Connection) -> tuple[AsyncTransport, Writing]:
    return transport, transport


def asgi(transport: HTTPTransport) -> AsyncTransport:
    return transport


def asgi_websocket(transport: WebSocketTransport) -> tuple[AsyncTransport, MessageTransport]:
    return transport, transport


def wsgi(transport: WSGITransport) -> Transport:
    return transport


def wsgi_with_a_socket(transport: SocketTransport) -> Upgradable:
    return transport


def test_client(transport: TestTransport) -> AsyncTransport:
    return transport


def test_client_websocket(transport: WebSocketClient) -> tuple[AsyncTransport, Upgradable]:
    return transport, transport


def watch(transport: Ticking, channel: Channel, events: _Events) -> None:
    watchers: list[Watcher] = [channel, events]
    for watcher in watchers:
        transport.watch = watcher


def endpoints(frames: Frames, messages: MessageConnection) -> list[Endpoint]:
    return [frames, messages]
