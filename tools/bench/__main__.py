"""Measure this project side by side with its peers, and write docs/benchmarks.md.

    python tools/bench [--quick] [--only asgi,wsgi,own,micropython,growth,memory] [--workloads hello,echo]
                       [--connections 1,16] [--rounds N] [--seconds N] [--print]

Needs wrk and taskset; the peers come from PyPI into .cache/bench. The figures of a board are those of
tools/emulator/measure.mjs. All takes about an hour and a half, with `--rounds 2 --seconds 1` twenty minutes; what is
measured again replaces its table in the document, the others stay.
"""

import argparse

import environment
from report import PARTS, TITLES, Document, machine, now, rate_table

QUICK = {
    "only": list(TITLES),
    "workloads": ["hello", "dynamic", "echo", "close"],
    "connections": [16],
    "rounds": 2,
    "seconds": 1,
}

GROWTH = """## Growth of costs

One dispatch in memory, without a server, by the number of routes; the least of all rounds.
"""
CONNECTIONS = """Own server on CPython: `GET /` over 16 connections while others are open and idle; processor time
for a request, and resident memory for each idle connection.
"""
MEMORY = """## Memory on MicroPython (unix port)

Bytes on a 64-bit machine, where a pointer takes twice what it takes on a board, both frameworks treated alike. The
figures of a board are those of `node tools/emulator/measure.mjs`.

Frozen into the interpreter, as into a board's firmware: code takes no heap.

%s
Compiled to files with `mpy-cross -O3`: all code takes heap, also that for which the other framework has no counterpart.

%s"""


def _options():
    parser = argparse.ArgumentParser(
        prog="tools/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [name for name in PARTS if name != "machine"]
    parser.add_argument("--quick", action="store_true", help="a short form, which writes no document")
    parser.add_argument("--only", type=lambda text: text.split(","), help="the parts to measure")
    parser.add_argument("--workloads", type=lambda text: text.split(","), help="the workloads to measure")
    parser.add_argument("--connections", type=lambda text: [int(n) for n in text.split(",")], help="connection counts")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, help="length of one measurement")
    parser.add_argument("--print", action="store_true", dest="quiet", help="print only, write no document")
    options = parser.parse_args()
    for name, short in QUICK.items():
        if getattr(options, name) is None and options.quick:
            setattr(options, name, short)
    options.only = options.only or names
    for name in set(options.only) - set(names):
        parser.error(f"no part {name}: {', '.join(names)}")
    options.rounds = options.rounds or 5
    options.seconds = options.seconds or 2
    return options


def _rates(family, options):
    """Measure a family; yield (section's name, its text) for each table."""
    from rounds import run_family

    for workload, count, rows in run_family(family, options):
        title = f"### {workload.name}, {count} connection{'s' if count > 1 else ''}"
        what = f"{workload.what}. {options.rounds} rounds of {options.seconds} s, {now()}."
        yield f"{family}/{workload.name}/{count}", f"{title}\n\n{what[0].upper()}{what[1:]}\n\n{rate_table(rows)}"


def _growth(options):
    from growth import connections_table, routes_table

    routes = routes_table(options.rounds)
    connections = connections_table(options.rounds, options.seconds)
    return f"{GROWTH}\n{routes}\n{CONNECTIONS}\n{connections}"


def _memory(_options):
    from memory import memory_tables

    return MEMORY % tuple(memory_tables())


def _sections(options):
    """Measure; yield (section's name, its text)."""
    for part in options.only:
        if part in TITLES:
            yield from _rates(part, options)
        else:
            yield part, _growth(options) if part == "growth" else _memory(options)


def main():
    """Run what the command line asks for."""
    options = _options()
    environment.prepare()
    document = None if options.quick or options.quiet else Document()
    for name, text in _sections(options):
        print(f"{name}\n\n{text}", flush=True)
        if document:
            document.put(name, text)
    if document:
        document.put("machine", machine(environment.versions()))


main()
