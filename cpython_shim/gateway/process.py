"""The process that an application under an ASGI or WSGI server runs in."""

import os
import signal


class HostProcess:
    """Takes the place of the server of an application under an ASGI or WSGI server: it is the process."""

    cancelled = False

    def end(self, error):
        """Raise *error*, a SystemExit or KeyboardInterrupt, for the server that owns the process."""
        raise error

    def close(self):
        """Ask the process to finish its work and end."""
        os.kill(os.getpid(), signal.SIGTERM)
