"""The page of the benchmarks and its charts are what the data file gives; nothing is measured here."""

import shutil
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from runtimes import ROOT

sys.path.insert(0, str(ROOT / "tools" / "bench"))
try:
    import report
finally:
    del sys.path[0]

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def document(tmp_path):
    """A copy of the page and of the data, without charts."""
    for path in (report.PAGE, report.DATA):
        shutil.copy(path, tmp_path)
    (tmp_path / "images").mkdir()
    return report.Document(tmp_path / report.PAGE.name, tmp_path / report.DATA.name, tmp_path / "images")


def test_page_and_charts_are_up_to_date(document):
    document.draw()
    for path in (document.page, *document.images.iterdir()):
        committed = report.IMAGES / path.name if path.suffix == ".svg" else report.PAGE
        assert path.read_text() == committed.read_text(), "run `python tools/bench --draw` and commit what changes"


def test_a_chart_shows_every_contestant_of_each_workload(document):
    document.draw()
    for family in report.TITLES:
        root = ElementTree.parse(document.images / f"benchmarks-{family}.svg").getroot()
        panels = {group.find(f"{SVG}text").text: group for group in root.iter(f"{SVG}g")}
        for workload in report.SUMMARY:
            rows = report.cells_of(document.rows(), family, workload)
            if not rows:  # WSGI has no WebSocket
                assert workload not in panels
                continue
            texts = {text.text for text in panels[workload].iter(f"{SVG}text")}
            assert set(rows) <= texts
            bars = [float(bar.get("width")) for bar in panels[workload].iter(f"{SVG}rect")]
            ratios = [float(row["of bare"]) for row in rows.values()]
            for bar, ratio in zip(bars, ratios, strict=True):
                assert abs(bar / max(bars) - ratio / max(ratios)) < 0.01


def test_what_is_measured_again_replaces_its_rows(document):
    before = document.rows()
    lines = [["bare ASGI", 10, "1.00", "1.00-1.00", "", 1, "1.00", "", "1", "1", "1", 0],
             ["this project", 5, "0.50", "0.40-0.60", "", 2, "0.50", "", "2", "2", "2", 0]]
    document.put_rates("asgi/hello/16", "1 round", lines)
    rows = document.rows()
    replaced = [row for row in rows if row["measured"] == "1 round"]
    assert [row["of bare"] for row in replaced] == ["1.00", "0.50"]
    assert [row["contestant"] for row in replaced] == ["bare ASGI", "this project"]
    assert all((row["family"], row["workload"], row["connections"]) == ("asgi", "hello", "16") for row in replaced)
    others = [row for row in before if (row["family"], row["workload"], row["connections"]) != ("asgi", "hello", "16")]
    assert [row for row in rows if row["measured"] != "1 round"] == others
    assert "| this project | 0.50, 0.50 |" in document.page.read_text()


def test_a_contestant_that_failed_has_no_bar(document):
    lines = [["bare ASGI", 10, "1.00", "1.00-1.00", "", 1, "1.00", "", "1", "1", "1", 0],
             ["other", "(not measured)", *[""] * 10]]
    document.put_rates("asgi/hello/16", "1 round", lines)
    assert "other" not in (document.images / "benchmarks-asgi.svg").read_text()


def test_a_section_is_replaced_and_the_others_stay(document):
    before = document.page.read_text()
    document.put("memory", "## Memory\n\nnew\n")
    after = document.page.read_text()
    assert "<!-- begin memory -->\n## Memory\n\nnew\n<!-- end memory -->" in after
    assert after.split("<!-- begin memory -->")[0] == before.split("<!-- begin memory -->")[0]
