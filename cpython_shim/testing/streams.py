"""A response whose body is read as the application makes it, by functions that await nothing."""

from collections.abc import Callable, Iterator
from typing import Any

from microdot.test_client import StreamedResponse


class SyncStreamedResponse:
    """A response before its body: `for chunk in response`, or `for event in response.events()`.

    Use it as `with`, or call `close()`: the application sees then that the client leaves.
    """

    def __init__(self, response: StreamedResponse, run: "Callable[[Any], Any]"):
        self._response = response
        self._run = run
        self.status_code = response.status_code
        self.reason = response.reason
        self.headers = response.headers

    @property
    def complete(self) -> bool:
        """Whether the body has been read to its end."""
        return self._response.complete

    def __iter__(self) -> "Iterator[bytes]":
        return self._items(self._response)

    def events(self) -> "Iterator[dict[str, Any]]":
        """Return an iterator of the events of an event stream, dicts as in `TestResponse.events`."""
        return self._items(self._response.events())

    def _items(self, iterator):
        while True:
            item = self._run(_next(iterator))
            if item is None:
                return
            yield item

    def __enter__(self) -> "SyncStreamedResponse":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading: the application sees that its client is gone."""
        self._run(self._response.aclose())


async def _next(iterator):
    """Return the next item, None at the end."""
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return None
