"""The website of the documentation: it is built without warnings, needs no other site, and shows every public name."""

import html
import importlib
import json
import os
import re
import subprocess
import sys

import pytest

from runtimes import ROOT

sys.path.insert(0, str(ROOT / "tools" / "site"))
try:
    import names
finally:
    del sys.path[0]

MODULES = names.modules()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the website."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        tags = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", page.read_text())
        for tag in tags:
            assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", tag) or 'rel="canonical"' in tag, (page, tag)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text()), style


def test_the_reference_shows_every_public_name(site):
    for module, path in MODULES.items():
        text = (site / "reference" / f"{module}.html").read_text()
        headings = {html.unescape(anchor) for anchor in re.findall(r'<h[1-6] id="([^"]+)"', text)}
        for name in names.names(path):
            assert {f"{module}.{name}", name.lower()} & headings, f"{module}.{name}"


def test_the_public_names_are_those_of_the_modules():
    for module, path in MODULES.items():
        found = names.names(path)
        loaded = importlib.import_module(module)
        assert found or module == "microdot.__main__", module
        for name in found:
            assert hasattr(loaded, name), f"{module}.{name}"
        if hasattr(loaded, "__all__"):
            assert set(found) == set(loaded.__all__), module


def test_every_public_name_has_a_docstring(site):
    for module, path in MODULES.items():
        loaded = importlib.import_module(module)
        assert loaded.__doc__, module
        for name in names.names(path):
            value = getattr(loaded, name)
            if isinstance(value, type) or callable(value):
                assert value.__doc__, f"{module}.{name}"


def test_settings_are_explained_by_the_comments_above_them(site):
    text = (site / "reference" / "microdot.html").read_text()
    assert "max_connections" in text
    assert "takes the place of the longest idle one" in text


def test_the_index_names_every_public_module():
    index = (ROOT / "docs" / "index.md").read_text()
    for module in MODULES:
        assert f"`{module}`" in index, module


def test_titles_are_the_menu_entries():
    menu = re.findall(r"^ +- (.+): ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = {page: title for title, page in menu}
    files = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert files <= set(pages)
    for page in files:
        assert (ROOT / "docs" / page).read_text().startswith(f"# {pages[page]}\n"), page


def test_search_finds_the_pages(site):
    index = json.loads((site / "search" / "search_index.json").read_text())
    places = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {"index.html", "websocket.html", "reference/microdot.html"} <= places
