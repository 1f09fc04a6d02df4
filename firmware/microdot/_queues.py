"""A bounded queue between the tasks of one event loop; MicroPython's asyncio has none."""

import asyncio

if -0:  # for type checkers: MicroPython's compiler leaves this out, and Pyright reads it, unlike "if False"
    from typing import Any

#: What happens to an item for which a full queue has no place.
WAIT = "wait"  # its sender waits until the receiver has taken one
DROP = "drop"  # the oldest item is thrown away
CLOSE = "close"  # the queue is closed: its receiver is too slow


class QueueClosed(Exception):
    """The queue takes no more items, or has none left and will get none."""


class BoundedQueue:
    """A queue of at most *size* items.

    :param overflow: `'wait'`, `'drop'` (the oldest item) or `'close'`.
    :raises ValueError: for another policy, or a size below 1.
    """

    # The usual values are here once instead of in each instance, which saves memory on a board.
    _size = 8
    _overflow = WAIT
    #: How many items the policy has thrown away.
    dropped = 0
    # Made by the first task that waits:
    _filled = None  # an Event, set while there is an item, or never will be one
    _open = None  # an Event, set while there is a place, or the queue is closed

    items: "list[Any]"  #: what waits for the receiver, oldest first

    def __init__(self, size: int, overflow: str = WAIT):
        if size < 1 or overflow not in (WAIT, DROP, CLOSE):
            raise ValueError("invalid queue: size %r, overflow %r" % (size, overflow))
        if size != self._size:
            self._size = size
        if overflow != self._overflow:
            self._overflow = overflow
        self.items = []
        self.closed = False  # in each instance, so that `close()` need not allocate room for it

    @property
    def empty(self) -> bool:
        """Whether a receiver would have to wait: there is no item, and there may be one yet."""
        return not self.items and not self.closed

    def offer(self, item) -> bool:
        """Put *item* in without waiting; return False if its sender has to wait for a place.

        :raises QueueClosed: if the queue is closed, or its policy closes it now.
        """
        if self.closed:
            raise QueueClosed
        if len(self.items) >= self._size:
            if self._overflow == WAIT:
                return False
            self.dropped += 1
            if self._overflow == CLOSE:
                self.close()
                raise QueueClosed
            self.items.pop(0)
        self.items.append(item)
        if self._filled:
            self._filled.set()
        if self._open and len(self.items) >= self._size:
            self._open.clear()
        return True

    async def put(self, item) -> None:
        """Put *item* in, waiting for a place if that is the policy.

        :raises QueueClosed: if the queue is closed.
        """
        while not self.offer(item):
            if not self._open:
                self._open = asyncio.Event()
            await self._open.wait()

    async def get(self, timeout: "float | None" = None, closed: "type[Exception]" = QueueClosed):
        """Take the oldest item out.

        :param timeout: seconds to wait for an item; None for no limit.
        :param closed: what to raise if there is none and the queue is closed.
        :raises asyncio.TimeoutError: if none comes in time.
        """
        while not self.items:
            if self.closed:
                raise closed
            if not self._filled:
                self._filled = asyncio.Event()
            if timeout is None:
                await self._filled.wait()
            else:
                await asyncio.wait_for(self._filled.wait(), timeout)
        item = self.items.pop(0)  # nothing is awaited from here on, so that no item is lost by a timeout
        if not self.closed:
            if self._open:
                self._open.set()
            if self._filled and not self.items:
                self._filled.clear()
        return item

    def close(self) -> None:
        """Take no more items; those that are in can still be taken out.

        Allocates nothing: if memory ran out here, tasks that wait would wait for ever.
        """
        self.closed = True
        if self._filled:
            self._filled.set()
        if self._open:
            self._open.set()
