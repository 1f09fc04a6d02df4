"""Change a module in many small ways, and show which changes no unit test notices.

    python tools/robustness/mutation websocket/frames.py --sample 100

Each change is tried on CPython first. What survives there is tried on MicroPython too. The working tree is not touched:
the tests run on a copy of the package.
"""

import argparse
import concurrent.futures
import pathlib
import queue
import random
import sys
import tempfile
import time

from mutants import mutants
from sandbox import PACKAGE, Sandbox, related_tests


def arguments(argv):
    """Parse the command line."""
    parser = argparse.ArgumentParser("mutation", description=__doc__.splitlines()[0])
    parser.add_argument("module", help="a module of firmware/microdot, such as websocket/frames.py")
    parser.add_argument("--tests", nargs="+", help="unit tests to run, such as frames; otherwise those that name it")
    parser.add_argument("--sample", type=int, default=0, help="how many changes to try; otherwise all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample")
    parser.add_argument("--jobs", type=int, default=1, help="how many to try at a time")
    parser.add_argument("--lines", help="only changes in these lines, such as 90-120")
    return parser.parse_args(argv)


def chosen(source, options):
    """Return the mutants to try, in the order of their lines."""
    found = list(mutants(source))
    if options.lines:
        first, _, last = options.lines.partition("-")
        found = [mutant for mutant in found if int(first) <= mutant.line <= int(last or first)]
    if 0 < options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)
    return sorted(found, key=lambda mutant: mutant.line)


def survivors(found, sandboxes, module, tests):
    """Try all mutants; yield each that no test kills."""
    free = queue.Queue()
    for sandbox in sandboxes:
        free.put(sandbox)

    def survives(mutant):
        sandbox = free.get()
        try:
            return sandbox.survives(module, mutant.source, tests)
        finally:
            free.put(sandbox)

    with concurrent.futures.ThreadPoolExecutor(len(sandboxes)) as pool:
        for mutant, alive in zip(found, pool.map(survives, found), strict=True):
            if alive:
                yield mutant


def main(argv=None):
    """Run the tool; return the exit status, which is 1 if the tests fail without any change."""
    options = arguments(argv)
    module = pathlib.PurePosixPath(options.module).with_suffix(".py")
    source = (PACKAGE / module).read_text()
    tests = [f"test_{name}" for name in options.tests] if options.tests else related_tests(module)
    if not tests:
        print(f"no unit test names {module}: name some with --tests")
        return 1
    found = chosen(source, options)
    print(f"{module}: {len(found)} changes, tests: {' '.join(tests)}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        sandboxes = [Sandbox(pathlib.Path(folder) / str(number)) for number in range(options.jobs)]
        for sandbox in sandboxes:
            if not sandbox.measure(module, source, tests):
                print("the tests fail without any change:", sandbox.output[-3000:], sep="\n")
                return 1
        alive = 0
        for mutant in survivors(found, sandboxes, module, tests):
            alive += 1
            print(f"{module}:{mutant}", flush=True)
    killed, took = len(found) - alive, time.monotonic() - started
    print(f"{killed} of {len(found)} killed, {100 * killed / max(len(found), 1):.1f} %, in {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
