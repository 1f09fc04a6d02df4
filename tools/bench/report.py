"""The tables, and the data file and the page that they go into."""

import csv
import datetime
import os
import pathlib
import platform
import re
from statistics import median

import charts
from workloads import WORKLOADS

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "benchmarks.md"
DATA = DOCS / "benchmarks.csv"
IMAGES = DOCS / "images"
SUMMARY = ("hello", "dynamic", "echo", "close", "file", "stream", "upload", "assets", "websocket")
SECTIONS = ("machine", "growth", "memory")
PARTS = ("machine", "asgi", "wsgi", "own", "micropython", "growth", "memory")
TITLES = {
    "asgi": "Under ASGI",
    "wsgi": "Under WSGI",
    "own": "Own server on CPython",
    "micropython": "Own server on MicroPython (unix port)",
}
HEADINGS = (
    "", "requests/s", "of bare", "spread", "of Microdot", "CPU µs", "of bare (CPU)", "of Microdot (CPU)",
    "p50 ms", "p90 ms", "p99 ms", "errors",
)  # fmt: skip
COLUMNS = ("family", "workload", "connections", "measured", "contestant", *HEADINGS[1:])

INTRODUCTION = """# Benchmarks

How fast is this framework beside others, and how much memory does it take? The charts show requests per second with 16
connections, in relation to a bare program that does the same work without a framework. The dashed line marks the
bare program. A longer bar is better.
"""

READING = """## What the charts say

- Under ASGI and WSGI the server does most of the work, and a framework can only add to it. Falcon and BlackSheep,
  which are partly compiled, are faster than this framework in several panels.
- On MicroPython the bare program reads line by line, as programs for boards usually do. This framework reads larger
  pieces, which is why some of its bars are longer than 1.
- Once it serves, this framework takes more memory than Microdot 2.7: see the [tables
  below](#memory-on-micropython-unix-port).

Each request is of one kind:

"""

NUMBERS = """## The numbers

[benchmarks.csv](benchmarks.csv) has everything that was measured: rates, processor time, latencies and errors, with 1,
16 and 256 connections. The tables here repeat the charts. The first number of a cell is the ratio of the rates. The
second is the ratio of the processor times for a request, which depend less on what else the machine does.
"""

METHOD = """## Method

- All contestants of a family run at the same time, each in a process of its own. In each round they are measured one
  after the other, so whatever disturbs the machine disturbs all of them.
- Servers are pinned to one core, and the load, `wrk` with one thread, to another. The application is the same for all:
  30 other routes come first, half of them with a variable. Every answer is compared with the expected one before the
  contestant is measured.
- *requests/s* is the median of the rounds. *of bare* is the median of the ratios to the bare program's rate in the
  same round, and *spread* the lowest and the highest of them. *of Microdot* is the same for Microdot 2.7.
- *CPU µs* is the processor time that the server used for a request, user and system, as the median of the rounds. *of
  bare (CPU)* and *of Microdot (CPU)* are the processor time of that program divided by this one.
- Latencies are medians of what `wrk` measured in each round. *errors* counts everything that `wrk` calls an error.
  That includes answers without a Content-Length, which end with the connection: Microdot 2.7 and phew send files and
  streams like that.
- ASGI applications are served by uvicorn with uvloop and httptools, WSGI applications by gunicorn with its synchronous
  worker. That worker closes each connection, as Microdot 2.7's own server does.
- Handlers are coroutine functions where a framework has them. Under WSGI this project is measured with both kinds.
  Streams are asynchronous generators, but synchronous ones under WSGI and on MicroPython.
- phew, on MicroPython, runs with empty modules in place of the board's and without its log file.

`python tools/bench` measures all this again, and writes the data, the charts and this page. `--help` tells how to
measure a part, and `--draw` draws the charts again from the data.
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


def rate_cells(rows):
    """Return the lines of cells for one workload, in the order of HEADINGS; the first row is the bare program."""
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
    return lines


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


def cells_of(rows, family, workload):
    """Return {contestant: its row} of what the charts and the summary show of a workload, without those that failed."""
    count = "1" if workload == "assets" else "16"
    return {
        row["contestant"]: row for row in rows
        if (row["family"], row["workload"], row["connections"]) == (family, workload, count) and row["of bare"]
    }


def summary(rows):
    """Return a table for each family: the ratios to the bare program, by rate and by processor time."""
    parts = []
    for family, title in TITLES.items():
        ratios = {}
        for workload in SUMMARY:
            for name, row in cells_of(rows, family, workload).items():
                ratios.setdefault(name, {})[workload] = f"{row['of bare']}, {row['of bare (CPU)']}"
        if ratios:
            lines = [[name, *(found.get(workload, "") for workload in SUMMARY)] for name, found in ratios.items()]
            parts.append(f"\n{table([title, *SUMMARY], lines)}")
    return "".join(parts)


class Document:
    """The data, the charts that are drawn from it, and the page that shows them.

    Each table is replaced when it is measured again. The page keeps the sections `machine`, `growth` and `memory`.
    """

    def __init__(self, page=PAGE, data=DATA, images=IMAGES):
        self.page = page
        self.data = data
        self.images = images

    def rows(self):
        """Return the data's rows, each a dict by column."""
        with self.data.open(newline="") as file:
            return list(csv.DictReader(file))

    def put_rates(self, name, measured, lines):
        """Replace the rows of *name*, a family, a workload and a number of connections, and draw everything again."""
        key = name.split("/")
        new = [dict(zip(COLUMNS, map(str, [*key, measured, *cells]), strict=True)) for cells in lines]
        kept = [row for row in self.rows() if [row[column] for column in COLUMNS[:3]] != key]
        order = [workload.name for workload in WORKLOADS]
        rows = sorted(kept + new, key=lambda row: (
            list(TITLES).index(row["family"]), order.index(row["workload"]), int(row["connections"])
        ))
        with self.data.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        self.draw()

    def put(self, name, text):
        """Replace a section of the page, and draw everything again."""
        self.draw({name: text.strip("\n") + "\n"})

    def draw(self, changed=None):
        """Write the charts and the page."""
        marks = r"<!-- begin (\S+) -->\n(.*?)<!-- end \1 -->\n"
        sections = {**dict(re.findall(marks, self.page.read_text(), re.S)), **(changed or {})}
        rows = self.rows()
        lines = [INTRODUCTION]
        for family, title in TITLES.items():
            panels = {workload: cells_of(rows, family, workload) for workload in SUMMARY}
            (self.images / f"benchmarks-{family}.svg").write_text(charts.chart(title, panels))
            lines.append(f"\n## {title}\n\n![{alternative(title, panels)}](images/benchmarks-{family}.svg)\n")
        kinds = "".join(f"- **{workload.name}**: {workload.what}\n" for workload in WORKLOADS)
        lines += ["\n", READING, kinds, "\n", NUMBERS, summary(rows)]
        lines += [f"\n<!-- begin {name} -->\n{sections[name]}<!-- end {name} -->\n" for name in SECTIONS]
        self.page.write_text("".join([*lines, "\n", METHOD]))


def alternative(title, panels):
    """Return a chart's text for those who do not see it."""
    names = {name for found in panels.values() for name in found if name.startswith("this project")}
    told = []
    for name in sorted(names, reverse=True):
        figures = [f"{workload} {found[name]['of bare']}" for workload, found in panels.items() if name in found]
        told.append(f"{name}: {', '.join(figures)}")
    return f"{title}, of the bare program's requests per second. {'. '.join(told)}. The tables below have the rest."


def now():
    """Return the present time as it stands in the document."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"
