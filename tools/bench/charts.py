"""Bar charts as SVG files, readable in light and dark surroundings: each has its own background."""

from xml.sax.saxutils import escape

COLUMNS = 3  # of panels
WIDTH, NAMES, NUMBERS = 324, 142, 38  # of a panel, of the names and the numbers in it
LINE, TITLE, GAP = 17, 26, 14
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222; stroke: #fff; stroke-width: 3px; paint-order: stroke }
.title { font-weight: bold; font-size: 13px }
.ground { fill: #fff }
.bar { fill: #9fb0c3 }
.own { fill: #3949ab }
.line { stroke: #666; stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6e6e6; stroke: #1d2027 }
.ground { fill: #1d2027 }
.bar { fill: #5f6d7e }
.own { fill: #8c9eff }
.line { stroke: #aaa }
}
"""


def chart(title, panels):
    """Return an SVG document: a panel for each workload, in it a bar for each contestant.

    :param panels: {workload: {contestant: a row of the data}}; empty ones are left out.
    """
    panels = {name: rows for name, rows in panels.items() if rows}
    tallest = max(len(rows) for rows in panels.values())
    height = TITLE + tallest * LINE + GAP
    lines = -(-len(panels) // COLUMNS)
    parts = []
    for number, (name, rows) in enumerate(panels.items()):
        x, y = GAP + number % COLUMNS * (WIDTH + GAP), GAP + number // COLUMNS * height
        parts.append(f'<g transform="translate({x} {y})">\n{panel(name, rows)}</g>\n')
    size = GAP + COLUMNS * (WIDTH + GAP), GAP + lines * height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img">\n'
        f"<title>{escape(title)}: requests per second, in relation to the bare program</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect class="ground" width="{size[0]}" height="{size[1]}" rx="6"/>\n{"".join(parts)}</svg>\n'
    )


def panel(title, rows):
    """Return a panel's elements: bars from 0, with a line where the bare program's ends."""
    ratios = {name: float(row["of bare"]) for name, row in rows.items()}
    room = WIDTH - NAMES - NUMBERS
    scale = room / max(1, *ratios.values())
    x = round(NAMES + scale, 1)
    parts = [
        f'<text class="title" x="0" y="13">{escape(title)}</text>\n'
        f'<path class="line" d="M{x} {TITLE - 4}V{TITLE + len(ratios) * LINE}"/>\n'
    ]
    for number, (name, ratio) in enumerate(ratios.items()):
        y = TITLE + number * LINE
        kind = "own" if name.startswith("this project") else "bar"
        width = round(ratio * scale, 1)
        parts.append(
            f'<text x="{NAMES - 6}" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{NAMES}" y="{y}" width="{width}" height="12" rx="1"/>'
            f'<text x="{NAMES + width + 5}" y="{y + 10}">{ratio:.2f}</text>\n'
        )
    return "".join(parts)
