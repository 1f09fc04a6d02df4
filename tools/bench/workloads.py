"""The requests that the contestants have to serve, one entry each."""

from dataclasses import dataclass

from environment import ASSETS, LARGE_FILE

JSON = '{"name": "board", "on": true, "values": [1, 2, 3, 4, 5, 6, 7, 8], "text": "some text of a usual length"}'

#: More connections than these make no sense for a family: gunicorn's synchronous worker serves one at a time, and a
#: board has no more sockets.
MOST_CONNECTIONS = {"wsgi": 16, "micropython": 16}


@dataclass(frozen=True)
class Workload:
    """One kind of request.

    :param connections: connection counts to measure with.
    :param body: a text, or a number of bytes.
    :param expected: the answer's body, or its size.
    :param per: requests that count as one.
    :param close: whether a new connection is made for each request.
    """

    name: str
    what: str
    connections: tuple
    paths: tuple = ("/",)
    method: str = "GET"
    body: "str | int" = ""
    expected: "bytes | int | None" = None
    per: int = 1
    close: bool = False
    websocket: bool = False


WORKLOADS = (
    Workload("hello", "`GET /`, 13 bytes of text", (1, 16, 256), expected=b"Hello, world!"),
    Workload(
        "dynamic", "`GET /users/1234`, behind 30 other routes", (1, 16, 256), ("/users/1234",), expected=b"user 1234"
    ),
    Workload("echo", "`POST /echo`, 104 bytes of JSON parsed and sent back", (1, 16, 256), ("/echo",), "POST", JSON),
    Workload("close", "`GET /`, a new connection for each request", (16,), close=True, expected=b"Hello, world!"),
    Workload("file", "a static file of 100 KB", (1, 16), ("/files/" + LARGE_FILE,), expected=102400),
    Workload("stream", "a response streamed in 256 pieces of 4 KB", (1, 16), ("/stream",), expected=1048576),
    Workload("upload", "an upload of 100 KB, read as a stream", (1, 16), ("/upload",), "POST", 102400, b"102400"),
    Workload(
        "assets", "20 static files of 0.5 to 1.5 KB, one after the other over one connection", (1,),
        tuple("/files/" + name for name in ASSETS), per=len(ASSETS),
    ),
    Workload("websocket", "a text message of 64 bytes, echoed over a WebSocket", (1, 16), ("/ws",), websocket=True),
)  # fmt: skip
