"""Run the test functions of the modules named on the command line; runs on MicroPython (a unix port or a board).

Prints `PASS name` or a traceback and `FAIL name` for each test, in the order of their names.
"""

import asyncio
import gc
import sys


def run_test(function):
    """Run one test, a coroutine function's to its end in a new event loop with a 60 s limit."""
    result = function()
    if result is not None:
        asyncio.new_event_loop()
        asyncio.run(asyncio.wait_for(result, 60))


def run_module(name):
    """Run the tests of one importable module; return how many failed."""
    module = __import__(name)
    failed = 0
    for test in sorted(dir(module)):
        if not test.startswith("test_") or not callable(getattr(module, test)):  # such as the module test_client
            continue
        gc.collect()
        try:
            run_test(getattr(module, test))
            print("PASS", test)
        except (Exception, asyncio.CancelledError) as error:
            sys.print_exception(error, sys.stdout)
            print("FAIL", test)
            failed += 1
    return failed


def main(names):
    """Run the named test modules; return how many tests failed."""
    return sum(run_module(name) for name in names)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
