"""What a board needs around an application: settings, a log."""

from ._log import Log
from ._settings import Settings

#: The settings in the file `settings.json`.
settings = Settings()
#: The last lines of the log.
log = Log()


def secret() -> str:
    """Return the passphrase of this board, which opens its own network and its pages; made when first asked for."""
    return settings.secret()
