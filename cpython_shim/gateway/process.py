"""The process that an application under an ASGI or WSGI server runs in."""

import os
import signal


class HostProcess:
    """What an application under an ASGI or WSGI server has for a server: the process that it runs in."""

    cancelled = False

    def end(self, error):
        """Leave SystemExit or KeyboardInterrupt to the server that has the process: raises *error*."""
        raise error

    def close(self):
        """Ask the process to end in good order."""
        os.kill(os.getpid(), signal.SIGTERM)
