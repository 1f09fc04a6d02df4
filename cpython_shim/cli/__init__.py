"""The command line: `microdot new`, `run` and `routes`; `setup`, `deploy` and `logs` for boards at a USB port.

Each failure is one line on the standard error and a status that is not 0: 2 for arguments that are wrong, 3 for an
application that raises an exception when it is imported or started, 1 for all else. After Ctrl-C it is 130.
"""

import argparse
import sys

import microdot

from . import create, deploying, listing, onboarding, serving, watching
from .console import CommandError, check_folder, discard_output, prepare_output

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser of arguments that says in one line what is wrong with them."""

    def error(self, message):
        """End the program with status 2 and a line on the standard error."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(prog="microdot", description="A web framework for MicroPython and CPython.")
    parser.add_argument("--version", action="version", version=microdot.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (create, serving, listing, onboarding, deploying, watching):
        module.add_command(commands)
    return parser


def main(arguments: "list[str] | None" = None) -> int:
    """Run a command and return the status for the shell.

    :param arguments: those after the program's name; None: those that the program was started with.
    """
    prepare_output()
    try:
        options = make_parser().parse_args(arguments)
        check_folder()
        status = options.command(options)
        sys.stdout.flush()
        return status
    except CommandError as error:
        print(f"microdot: {error}", file=sys.stderr)
        return error.status
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D where there was a question
        return INTERRUPTED
    except BrokenPipeError:  # what read the output, such as `head`, has seen enough
        discard_output()
        return 0
    except OSError as error:  # such as a full disk, which may be that of the output
        place = f"{error.filename}: " if error.filename else ""
        print(f"microdot: {place}{error.strerror or error}", file=sys.stderr)
        discard_output()
        return 1
