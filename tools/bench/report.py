"""The tables, and the document that they go into."""

import datetime
import os
import pathlib
import platform
import re
from statistics import median

from workloads import WORKLOADS

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEADINGS = (
    "", "requests/s", "of bare", "spread", "of Microdot", "CPU µs", "of bare (CPU)", "of Microdot (CPU)",
    "p50 ms", "p90 ms", "p99 ms", "errors",
)  # fmt: skip

METHOD = """# Benchmarks

Written by `python tools/bench`, which measures all this again; `--help` tells how to measure a part.

## Method

- All contestants of a family run at the same time, each in its own process, and are asked in turn: one round
  measures each of them once, then the next round begins. What disturbs the machine disturbs all.
- Servers are pinned to one core and the load, `wrk` with one thread, to another. The application is the same for
  all: 30 other routes come first, half of them with a variable. Before a contestant is measured, its answer is
  compared with what it must be.
- *requests/s* is the median over the rounds. *of bare* is the median of the ratios to the bare program's rate in
  the same round, *spread* the lowest and the highest of them; *of Microdot* likewise.
- *CPU µs* is the processor time, user and system, that the server used for a request, median over the rounds; *of
  bare (CPU)* and *of Microdot (CPU)* are the bare program's and Microdot's processor time in relation to it. It
  depends far less than the rate on what else the machine does: on a busy machine, trust it more.
- Latencies are medians over the rounds of what `wrk` measured. *errors* counts all of `wrk`'s. It takes an answer
  without Content-Length, which ends with the connection, for an error: that is how Microdot 2.7 and phew send files
  and streams.
- The bare programs do the same work without a framework: they are what a framework under the same server can
  approach. ASGI is served by uvicorn with uvloop and httptools, WSGI by gunicorn with its synchronous worker, which
  closes each connection, as Microdot 2.7's own server does.
- Handlers are coroutine functions where a framework has them; under WSGI this project is measured with both kinds.
  Streams are asynchronous generators, under WSGI and on MicroPython synchronous ones.
- On MicroPython, phew runs with empty modules in place of the board's and without its log file.
"""


def table(headings, rows):
    """Return a Markdown table; the first column is text, the others are numbers."""
    lines = [headings, ["---"] + ["--:"] * (len(headings) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def _milliseconds(microseconds):
    return f"{microseconds / 1000:.3g}"


def _ratio(samples, others, figure, inverse=False):
    """Return the ratios, round by round, of a figure of two contestants."""
    pairs = [(getattr(a, figure), getattr(b, figure)) for a, b in zip(samples, others, strict=False)]
    return [b / a if inverse else a / b for a, b in pairs if a and b]


def _against(row, other):
    """Return the cells (rate ratio, spread, CPU ratio) of a row in relation to another one."""
    if other is None or not other.samples:
        return "", "", ""
    rates = _ratio(row.samples, other.samples, "rate")
    cpu = _ratio(row.samples, other.samples, "cpu", inverse=True)
    return (
        f"{median(rates):.2f}",
        f"{min(rates):.2f}-{max(rates):.2f}",
        f"{median(cpu):.2f}" if cpu else "",
    )


def rate_table(rows):
    """Return the table of one workload; the first row is the bare program."""
    bare = rows[0]
    microdot = next((row for row in rows if row.contestant.name.startswith("Microdot")), None)
    lines = []
    for row in rows:
        if row.fault is not None or not row.samples:
            reason = (row.fault or "not measured").splitlines()[0][:60]
            if reason != "-":
                lines.append([row.contestant.name, f"({reason})"] + [""] * (len(HEADINGS) - 2))
            continue
        of_bare, spread, cpu_of_bare = _against(row, bare)
        of_microdot, _, cpu_of_microdot = _against(row, microdot)
        lines.append(
            [
                row.contestant.name,
                f"{row.middle('rate'):.0f}",
                of_bare,
                spread,
                of_microdot,
                f"{row.middle('cpu'):.0f}",
                cpu_of_bare,
                cpu_of_microdot,
                *[_milliseconds(row.middle(name)) for name in ("p50", "p90", "p99")],
                row.errors,
            ]
        )
    return table(HEADINGS, lines)


def machine(versions):
    """Return the section that says where, when and with what it was measured."""
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    processor = model[1] if model else platform.machine()
    lines = [
        f"- {now()}; each table says when it was measured.",
        f"- {os.cpu_count()} cores, {processor}, {platform.system()} {platform.release()}.",
        f"- Load average at the end {load}; the benchmark itself makes about 2, the rest is other work on the machine.",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]
    return "## Machine and versions\n\n" + "\n".join(lines) + "\n"


def summary(sections):
    """Return the summary of the sections: the ratios with 16 connections, by rate and by processor time."""
    parts = [
        "## Summary\n\nOf the bare program, by rate and by processor time, with 16 connections (assets: one).\n"
    ]
    for family, title in TITLES.items():
        ratios = {}
        for workload in SUMMARY:
            count = 1 if workload == "assets" else 16
            for line in sections.get(f"{family}/{workload}/{count}", "").splitlines():
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if len(cells) == len(HEADINGS) and cells[1][:1].isdigit():
                    ratios.setdefault(cells[0], {})[workload] = f"{cells[2]}, {cells[6]}"
        if ratios:
            rows = [[name, *(found.get(workload, "") for workload in SUMMARY)] for name, found in ratios.items()]
            parts.append(f"\n{table([title.lstrip('# '), *SUMMARY], rows)}")
    return "".join(parts)


class Document:
    """The document: a section for each table, each replaced when it is measured again.

    A section's name is `machine`, `growth`, `memory`, or a family, a workload and a number of connections.
    """

    def __init__(self, path=DOCUMENT):
        self.path = path

    def _sections(self):
        marks = r"<!-- begin (\S+) -->\n(.*?)<!-- end \1 -->\n"
        return dict(re.findall(marks, self.path.read_text(), re.S)) if self.path.exists() else {}

    def put(self, name, text):
        """Replace a section and write the document."""
        sections = self._sections()
        sections[name] = text.strip("\n") + "\n"
        lines = [METHOD, "\n", summary(sections)]
        for part in PARTS:
            names = [part]
            if part in TITLES:
                lines.append(f"\n{TITLES[part]}\n")
                names = []
            for workload in WORKLOADS:
                names += [f"{part}/{workload.name}/{count}" for count in workload.connections]
            for name in names:
                if name in sections:
                    lines.append(f"\n<!-- begin {name} -->\n{sections[name]}<!-- end {name} -->\n")
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("".join(lines))


def now():
    """Return the present time as it stands in the document."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"


SUMMARY = ("hello", "dynamic", "echo", "close", "file", "stream", "upload", "assets", "websocket")
PARTS = ("machine", "asgi", "wsgi", "own", "micropython", "growth", "memory")
TITLES = {
    "asgi": "## Under ASGI",
    "wsgi": "## Under WSGI",
    "own": "## Own server on CPython",
    "micropython": "## Own server on MicroPython (unix port)",
}
