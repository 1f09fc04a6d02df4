"""The synchronous test client: `with TestClient(app) as client:` in tests that await nothing.

>>> from microdot.test_client import TestClient
>>> def test_index():
...     with TestClient(app) as client:
...         assert client.get('/').status_code == 200

The application runs in an event loop of its own, in a thread. It goes on while the test does something else.
"""

from .client import SyncTestClient
from .streams import SyncStreamedResponse
from .websockets import SyncWebSocket, WebSocketRefused

__all__ = ["SyncStreamedResponse", "SyncTestClient", "SyncWebSocket", "WebSocketRefused"]
