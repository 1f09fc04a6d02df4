"""Start the tool for firmware: `python tools/firmware COMMAND`."""

import sys

from firmware_tools.command_line import main

if __name__ == "__main__":
    sys.exit(main())
