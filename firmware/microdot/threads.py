"""Threads for what blocks, on CPython only: functions that handle requests, files, and generators that make responses.

Each kind has threads of its own, so that slow generators do not delay handlers, and slow handlers do not delay files. A
pool belongs to its process: its threads start when they are first needed, also in a process that was forked, and do not
keep the process from ending.
"""

import os
import queue
import threading
from collections import deque
from typing import Callable


class Threads:
    """A pool of threads.

    :param size: the number of calls that run at the same time; others wait for one of them to end. It may be changed at
        any time; threads that are there already stay.
    :param name: the name of the threads.
    """

    def __init__(self, size: int, name: str):
        self.size = size
        self._name = name
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self):
        """Begin without threads: those of a parent process do not exist in its child."""
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()  # calls that wait for a thread
        self._handed: queue.SimpleQueue | None = None  # calls for idle threads
        self._count = 0
        self._idle = 0  # threads for which no call has been handed over

    def start(self, call: Callable[[], None]) -> None:
        """Run *call*, which must not raise, in a thread.

        :raises RuntimeError: if there is no thread and the system cannot start one.
        """
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._handed.put(call)
            elif self._count >= self.size or not self._add(call):
                self._waiting.append(call)

    def _add(self, call):
        """Start a thread with *call*; return whether that was possible."""
        if self._handed is None:  # not before: gevent may replace the class after the import
            self._handed = queue.SimpleQueue()
        try:
            threading.Thread(target=self._work, args=(call,), name=self._name, daemon=True).start()
        except RuntimeError:
            if not self._count:
                raise
            return False
        self._count += 1
        return True

    def _work(self, call):
        while True:
            call()
            call = None  # an idle thread holds nothing of its last call
            with self._lock:
                if self._waiting:
                    call = self._waiting.popleft()
                else:
                    self._idle += 1
            if call is None:
                call = self._handed.get()


#: For functions: handlers, hooks, error handlers, and whatever else an extension calls, such as a session's store.
handlers = Threads(40, "microdot-handler")
#: For the functions that open files: `microdot.static`.
files = Threads(8, "microdot-file")
#: For synchronous generators and iterators, each of which has a thread while it makes its next piece.
streams = Threads(100, "microdot-stream")
