"""What the end of a run says: measurements, and what was not run and why.

Workers of pytest-xdist write down their own, and hand them over when they end.
"""

#: {title: text}
NOTES = {}
#: Each says what is missing, or what would run the tests.
NOT_RUN = set()


def handed_over():
    """Return both as what a worker can send."""
    return {"notes": NOTES, "not_run": sorted(NOT_RUN)}


def take(handed):
    """Add what a worker handed over."""
    NOTES.update(handed["notes"])
    NOT_RUN.update(handed["not_run"])


def show(terminalreporter):
    """Write both into the summary of the run."""
    if NOTES:
        terminalreporter.section("measured")
        for title, text in sorted(NOTES.items()):
            terminalreporter.line(f"{title}: {text}")
    if NOT_RUN:
        terminalreporter.section("tests were skipped", sep="!", red=True)
        for text in sorted(NOT_RUN):
            terminalreporter.line(text)
