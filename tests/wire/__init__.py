"""Raw bytes against the running server, on CPython and MicroPython: vectors, deadlines, memory, shutdown, TLS.

Nothing here knows how the server is made: a test connects, sends bytes and judges what comes back with a reader that
accepts nothing RFC 9112 does not allow a server to send.
"""
