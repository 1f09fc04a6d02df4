"""Measure this project side by side with its peers; write docs/benchmarks.csv, the charts and docs/benchmarks.md.

    python tools/bench [--quick] [--only asgi,wsgi,own,micropython,growth,memory] [--workloads hello,echo]
                       [--connections 1,16] [--rounds N] [--seconds N] [--print] [--draw]

Needs wrk and taskset; the peers come from PyPI into .cache/bench. The figures of a board are those of
tools/emulator/measure.mjs. Everything takes about an hour and a half, or twenty minutes with `--rounds 2 --seconds 1`.
What is measured again replaces its rows and tables; the others stay.
"""

import argparse

import environment
from report import HEADINGS, PARTS, TITLES, Document, machine, now, rate_cells, table

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

Bytes on a 64-bit machine, where a pointer is twice as large as on a board. Both frameworks are treated alike. The
figures of a board are those of `node tools/emulator/measure.mjs`.

Frozen into the interpreter, as into a board's firmware: code takes no heap.

%s
Compiled to files with `mpy-cross -O3`: all code takes heap, also the code of features that the other
framework does not have.

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
    parser.add_argument("--draw", action="store_true", help="measure nothing, write charts and page from the data")
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
    """Measure a family; yield (name, when and how, lines of cells) for each workload and number of connections."""
    from rounds import run_family

    for workload, count, rows in run_family(family, options):
        measured = f"{options.rounds} rounds of {options.seconds} s, {now()}"
        yield f"{family}/{workload.name}/{count}", measured, rate_cells(rows)


def _growth(options):
    from growth import connections_table, routes_table

    routes = routes_table(options.rounds)
    connections = connections_table(options.rounds, options.seconds)
    return f"{GROWTH}\n{routes}\n{CONNECTIONS}\n{connections}"


def _memory(_options):
    from memory import memory_tables

    return MEMORY % tuple(memory_tables())


def _measure(part, options, document):
    """Measure a part, print it, and put it into the document if there is one."""
    if part in TITLES:
        for name, measured, lines in _rates(part, options):
            print(f"{name}, {measured}\n\n{table(HEADINGS, lines)}", flush=True)
            if document:
                document.put_rates(name, measured, lines)
        return
    text = _growth(options) if part == "growth" else _memory(options)
    print(text, flush=True)
    if document:
        document.put(part, text)


def main():
    """Run what the command line asks for."""
    options = _options()
    if options.draw:
        Document().draw()
        return
    environment.prepare()
    document = None if options.quick or options.quiet else Document()
    for part in options.only:
        _measure(part, options, document)
    if document:
        document.put("machine", machine(environment.versions()))


main()
